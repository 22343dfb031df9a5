"""From beats found to a grid that audio can be locked to: as straight as the music is.

Every beat is looked up among the onsets, then a smooth curve is laid through them. How stiff it
is, from a line to one that follows each beat, and whether it starts from regular beats or from
beats that may drift, is a question of evidence: a curve that bends more must explain more.
Positions are in frames until the last step.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.kernels import robust_curve
from bpmsync.beats.pieces import SHORTEST_PIECE, straight_pieces
from bpmsync.beats.smoothing import gaussian
from bpmsync.beats.spectrum import ATTACKS
from bpmsync.beats.tracking import log_gain
from bpmsync.timeline.grid import FASTEST_BPM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength
    from bpmsync.beats.spectrum import Features

__all__ = ["Curve", "attack_lag_s", "choose_curve", "fit_curve"]

_REACH = 4  # frames on either side in which a beat's attack is looked for
# From a straight line down; each is ten times looser than the one before.
_STIFFNESSES = (np.inf, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1)
_SPREAD = 0.8  # frames: how far attacks lie from the beat that they mean (8 ms)
_OUTLIERS = 0.05  # how much of that is believed of attacks that lie anywhere
_ROUNDS = 6
# What one more degree of freedom must gain, in log strength of a beat.
_PRICE_OF_FREEDOM = 1.75
# What a curve must gain over a line beyond that: attacks stray together where patterns repeat.
_PRICE_OF_BENDING = 16.0
# A line of its own has two, where it begins one more; the rest is what jumps must be clearer than
# the drift that musicians have.
_FREEDOM_OF_A_PIECE = 8.0
_LOOSE = 1e2  # a stiffness that follows any jump within a bar
_LEAST_FREEDOM = 3.0  # below it a curve is a line in all but name
_ATTACK_REACH_S = 0.05
# Where the sound rises fastest lies this much before where people put the beat (measured on
# music with exact truth: clicks and recordings differ by less than 2 ms).
_ATTACK_LEAD_S = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Beats on a curve.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        In frames, increasing.
    straight : bool
        Whether the curve is a line: a constant tempo.
    freedom : float
        Its degrees of freedom, 2 for a line.
    """

    beats: NDArray[np.float64]
    straight: bool
    freedom: float


def choose_curve(onsets: OnsetStrength, candidates: Iterable[NDArray[np.float64]]) -> Curve:
    """Return the curve that the onsets bear out best, of those through each candidate's beats.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    candidates : iterable of numpy.ndarray of float64, shape (n,)
        Beats in frames, at least 4 of each.
    """
    curves = [fit_curve(onsets, beats) for beats in candidates]
    return max(curves, key=lambda curve: _evidence(onsets, curve))


def fit_curve(onsets: OnsetStrength, beats: NDArray[np.float64]) -> Curve:
    """Return the curve through the attacks at some beats, of the stiffness that they ask for.

    Whittaker's smoother (1923; Eilers, 2003), its stiffness by Schwarz's criterion (BIC).

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        In frames, n >= 4.
    """
    attack, weight = _attacks(onsets.strength, beats)
    weight = np.clip(weight, 0.02, 1.5)
    weight /= np.median(weight)
    best, least = Curve(beats, straight=False, freedom=len(beats)), np.inf
    bending = (2 - 2 * np.cos(np.pi * np.arange(len(beats)) / len(beats))) ** 2
    for stiffness in _STIFFNESSES:
        smooth, trust = _robust(attack, weight, stiffness)
        freedom = _freedom(bending, float(trust.mean()), stiffness)
        if np.isfinite(stiffness) and freedom < _LEAST_FREEDOM:
            continue
        cost = _surprise(attack - smooth, weight) + 0.5 * np.log(len(beats)) * freedom
        cost += _PRICE_OF_BENDING if np.isfinite(stiffness) else 0.0
        if cost < least:
            best, least = Curve(smooth, not np.isfinite(stiffness), freedom), cost
    if best.straight or len(beats) < 2 * SHORTEST_PIECE:
        return best
    pieces = _in_pieces(onsets, attack, weight)
    cost = _surprise(attack - pieces.beats, weight) + 0.5 * np.log(len(beats)) * pieces.freedom
    return pieces if cost + _PRICE_OF_BENDING < least else best


def attack_lag_s(features: Features, beats_s: NDArray[np.float64]) -> float:
    """Return how many seconds after the beats the sound begins, on average of all of them.

    Spectral frames are 46 ms long: soft attacks come out late in them, clicks early. The
    waveform's own rise tells the place to a few milliseconds.

    Parameters
    ----------
    features : Features
        Of the whole track.
    beats_s : numpy.ndarray of float64, shape (n,)
        In file seconds; with fewer than 4 inside the track the answer is 0.
    """
    step_s = features.frame_s / ATTACKS
    level = np.log(features.attack + 1e-7 * features.attack.max() + 1e-12)
    reach, rise = round(_ATTACK_REACH_S / step_s), 4
    around = np.arange(-reach - rise, reach + rise)
    at = np.rint(beats_s / step_s).astype(np.int64)
    at = at[(at + around[0] >= 0) & (at + around[-1] < len(level))]
    if len(at) < 4:  # noqa: PLR2004 - no average to speak of
        return 0.0
    mean = level[at[:, None] + around].mean(axis=0)
    sums = np.concatenate([[0.0], np.cumsum(mean)])
    border = np.arange(rise, len(mean) - rise + 1)  # between value border - 1 and value border
    rises = sums[border + rise] - 2 * sums[border] + sums[border - rise]
    lag_s = (border + around[0]) * step_s
    rises *= np.exp(-0.5 * (lag_s / 0.015) ** 2)  # a nearer attack is more likely the beat's
    top = int(np.argmax(rises))
    if not 0 < top < len(rises) - 1:
        return 0.0
    return float(lag_s[top] + step_s * _vertex(*rises[top - 1 : top + 2])) + _ATTACK_LEAD_S


def _evidence(onsets: OnsetStrength, curve: Curve) -> float:
    return float(log_gain(onsets, curve.beats).sum()) - _PRICE_OF_FREEDOM * curve.freedom


def _surprise(off: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return how unlikely attacks are that lie so far off, as a negative log likelihood."""
    likely = (1 - _OUTLIERS) * np.exp(-0.5 * (off / _SPREAD) ** 2) + _OUTLIERS
    return -float(np.minimum(weight, 1.5) @ np.log(likely))


def _in_pieces(onsets: OnsetStrength, attack: NDArray[np.float64], weight: NDArray[np.float64]) -> Curve:
    """Return the attacks in as many straight pieces as pay for themselves, looked up anew on them."""
    _, trust = _robust(attack, weight, _LOOSE)
    price = _PRICE_OF_BENDING + 0.5 * np.log(len(attack)) * _FREEDOM_OF_A_PIECE
    cut = straight_pieces(attack, trust, spread=_SPREAD, price=price)
    beats = cut.beats
    again, strength = _attacks(onsets.strength, beats)
    strength = np.clip(strength, 0.02, 1.5)
    for start, end in pairwise((*cut.starts, len(attack))):
        beats[start:end], _ = _robust(again[start:end], strength[start:end], np.inf)
    if (np.diff(beats) * onsets.frame_s < 60 / FASTEST_BPM).any():
        beats = attack  # two pieces that run into each other are none
        return Curve(beats, straight=False, freedom=len(beats))
    return Curve(beats, straight=False, freedom=2 + _FREEDOM_OF_A_PIECE * (len(cut.starts) - 1))


def _robust(
    attack: NDArray[np.float64], weight: NDArray[np.float64], stiffness: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the curve through most attacks, and what say each kept; those off it lose theirs."""
    return robust_curve(attack, weight, stiffness, 2 * _SPREAD, _ROUNDS)


def _freedom(bending: NDArray[np.float64], weight: float, stiffness: float) -> float:
    """Return the degrees of freedom of a Whittaker curve (the trace of its smoother, nearly).

    `bending` holds the squares of the second differences of waves of unit height, the longest first.
    """
    if not np.isfinite(stiffness):
        return 2.0
    return float((1 / (1 + stiffness / max(weight, 1e-3) * bending)).sum())


def _attacks(strength: Floats, beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the position of the strongest onset near each beat, between frames, and its strength."""
    smooth = gaussian(strength.astype(np.float64), 0.7)
    last = len(smooth) - 2
    centre = np.clip(np.rint(beats).astype(np.int64), 1, max(last, 1))
    offsets = np.arange(-_REACH, _REACH + 1)
    near = np.clip(centre[:, None] + offsets, 1, max(last, 1))
    # A nearer onset wins against a slightly stronger one further off.
    closeness = np.exp(-0.5 * ((near - beats[:, None]) / (_REACH * 0.75)) ** 2)
    peak = near[np.arange(len(beats)), np.argmax(smooth[near] * closeness, axis=1)]
    left, top, right = smooth[peak - 1], smooth[peak], smooth[peak + 1]
    is_peak = (top >= left) & (top >= right) & (top > 0)
    attack = np.where(is_peak, peak + _vertex(left, top, right), beats)
    return attack, np.where(is_peak, np.minimum(top, 2.0), 0.0)


def _vertex(
    left: NDArray[np.float64], top: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where between its neighbours a peak is, -0.5 to 0.5, by the parabola through them."""
    curve = np.minimum(left - 2 * top + right, -1e-12)
    vertex: NDArray[np.float64] = np.clip(0.5 * (left - right) / curve, -0.5, 0.5)
    return vertex
