"""How far a grid can be trusted, where in the track, and how the track feels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength

__all__ = ["SILENCE_DB", "energy_of", "level_db", "rate_confidence", "usable_ranges"]

SILENCE_DB = -120.0
_SOFT_DB = 25.0  # this far under the loud parts nobody hears a beat on the road
_USUAL_HALF = 0.45  # onset strength: about half a usual onset
_WINDOW_BEATS = 16
_CLEAR_SHARE = 0.3
_SHORTEST_BEATS = 8


def rate_confidence(*, salience: float, rigidity: float, agreement: float) -> float:
    """Return 0 to 1: how sure it is that a runner can step to these beats.

    Parameters
    ----------
    salience : float
        Of the tempo's comb, in units of correlation.
    rigidity : float
        Strength on a regular grid over strength on free beats.
    agreement : float
        Share of beats with an attack where they say it is.
    """
    steady = np.clip((rigidity - 0.7) / 0.25, 0, 1)
    repeats = np.clip((salience - 0.08) / 0.3, 0, 1)
    lands = np.clip((agreement - 0.35) / 0.45, 0, 1)
    evidence = 0.5 * steady + 0.25 * repeats + 0.25 * lands
    # A regular grid lies through noise as well as a path does: it needs a witness.
    return round(float(evidence * (0.4 + 0.6 * max(repeats, lands))), 4)


def usable_ranges(
    onsets: OnsetStrength, beats: NDArray[np.float64], samples: Floats, sample_rate: int
) -> tuple[tuple[float, float], ...]:
    """Return the stretches [start, end] in seconds in which the beat is clear."""
    if len(beats) < _SHORTEST_BEATS:
        return ()
    near = maximum_filter1d(onsets.strength, 7)
    frames = np.clip(np.rint(beats / onsets.frame_s).astype(np.int64), 0, len(near) - 1)
    hit = (near[frames] > _USUAL_HALF).astype(np.float64)
    share = uniform_filter1d(hit, min(_WINDOW_BEATS, len(beats)), mode="nearest")
    levels = _levels_at(beats, samples, sample_rate)
    audible = levels > np.percentile(levels, 95) - _SOFT_DB
    clear = (share >= _CLEAR_SHARE) & audible
    return tuple(
        (float(max(beats[a], 0.0)), float(beats[b]))
        for a, b in _runs(clear, bridge=_WINDOW_BEATS)
        if b - a >= min(_SHORTEST_BEATS, len(beats) - 1)
    )


def level_db(samples: Floats, sample_rate: int, ranges: tuple[tuple[float, float], ...]) -> float:
    """Return the RMS level over the ranges (over all where there are none), dB re full scale."""
    spans = [samples[int(a * sample_rate) : int(b * sample_rate)] for a, b in ranges] or [samples]
    power = sum(float(np.dot(part, part)) for part in spans)
    count = sum(map(len, spans))
    if not count or power / count <= 10 ** (SILENCE_DB / 10):
        return SILENCE_DB
    return round(10 * float(np.log10(power / count)), 3)


def energy_of(onsets: OnsetStrength, level: float, tempo_bpm: float) -> float:
    """Return 0 calm to 1 driving, from loudness, density of onsets and tempo."""
    strength = onsets.strength
    middle = strength[1:-1]
    peaks = (middle > strength[:-2]) & (middle >= strength[2:]) & (middle > _USUAL_HALF)
    per_s = float(peaks.sum()) / max(len(strength) * onsets.frame_s, 1.0)
    loud = np.clip((level + 35) / 27, 0, 1)
    dense = np.clip(per_s / 8, 0, 1)
    fast = np.clip((tempo_bpm - 60) / 130, 0, 1)
    return round(float(0.45 * loud + 0.4 * dense + 0.15 * fast), 4)


def _levels_at(beats: NDArray[np.float64], samples: Floats, sample_rate: int) -> NDArray[np.float64]:
    """Return the level in dB in the two seconds around each beat."""
    block = max(sample_rate // 10, 1)
    whole = samples[: len(samples) // block * block].reshape(-1, block)
    power = np.einsum("ij,ij->i", whole, whole, dtype=np.float64) / block
    smooth = uniform_filter1d(power, 20, mode="nearest")
    where = np.clip((beats * sample_rate / block).astype(np.int64), 0, len(smooth) - 1)
    levels: NDArray[np.float64] = 10 * np.log10(smooth[where] + 1e-12)
    return levels


def _runs(flags: NDArray[np.bool_], *, bridge: int) -> list[tuple[int, int]]:
    """Return first and last index of each run of true flags, short interruptions bridged."""
    true = np.flatnonzero(flags)
    if not len(true):
        return []
    cuts = np.flatnonzero(np.diff(true) > bridge)
    firsts = [true[0], *true[cuts + 1]]
    lasts = [*true[cuts], true[-1]]
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
