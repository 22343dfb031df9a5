"""How loud a track is, where its beat is clear, and how it feels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.smoothing import running_max, running_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength

__all__ = ["SILENCE_DB", "beat_salience", "energy_of", "level_db", "usable_ranges"]

SILENCE_DB = -120.0
_SOFT_DB = 25.0  # this far under the loud parts nobody hears a beat on the road
_USUAL_HALF = 0.45  # onset strength: about half a usual onset
_WINDOW_BEATS = 16
_AROUND_S = 2.0
_CLEAR_SHARE = 0.3
_SHORTEST_BEATS = 8


def level_db(power: Floats, block_s: float, ranges: tuple[tuple[float, float], ...]) -> float:
    """Return the RMS level over the ranges (over all where there are none), dB re full scale.

    Parameters
    ----------
    power : numpy.ndarray of float32, shape (m,)
        Mean square of each block of the sound, full scale at 1.
    block_s : float
        Seconds from one block to the next.
    ranges : tuple of (float, float)
        In seconds.
    """
    spans = [power[round(a / block_s) : round(b / block_s)] for a, b in ranges]
    heard = np.concatenate(spans) if sum(map(len, spans)) else power
    mean = float(heard.mean(dtype=np.float64)) if len(heard) else 0.0
    if mean <= 10 ** (SILENCE_DB / 10):
        return SILENCE_DB
    return round(10 * float(np.log10(mean)), 3)


def usable_ranges(
    onsets: OnsetStrength, beats_s: NDArray[np.float64], power: Floats, block_s: float
) -> tuple[tuple[float, float], ...]:
    """Return the stretches [start, end] in seconds in which the beat is clear.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    beats_s : numpy.ndarray of float64, shape (n,)
        In file seconds.
    power : numpy.ndarray of float32, shape (m,)
        Mean square of each block of the sound.
    block_s : float
        Seconds from one block to the next.
    """
    if len(beats_s) < _SHORTEST_BEATS:
        return ()
    hit = (_strength_at(onsets, beats_s, 7) > _USUAL_HALF).astype(np.float64)
    share = running_mean(hit, min(_WINDOW_BEATS, len(beats_s)))
    around = running_mean(power.astype(np.float64), round(_AROUND_S / block_s))
    at = np.clip((beats_s / block_s).astype(np.int64), 0, len(around) - 1)
    levels = 10 * np.log10(around[at] + 1e-12)
    clear = (share >= _CLEAR_SHARE) & (levels > np.percentile(levels, 95) - _SOFT_DB)
    return tuple(
        (float(max(beats_s[a], 0.0)), float(beats_s[b]))
        for a, b in _runs(clear, bridge=_WINDOW_BEATS)
        if b - a >= min(_SHORTEST_BEATS, len(beats_s) - 1)
    )


def beat_salience(onsets: OnsetStrength, beats_s: NDArray[np.float64]) -> float:
    """Return how far beats stand out of what sounds between them: 0 not at all to 1 alone.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    beats_s : numpy.ndarray of float64, shape (n,)
        In file seconds, n >= 2.
    """
    on = float(_strength_at(onsets, beats_s, 5).mean())
    places = (
        beats_s[:-1, None] + np.diff(beats_s)[:, None] * np.array([0.25, 1 / 3, 0.5, 2 / 3, 0.75])
    ).ravel()
    between = float(_strength_at(onsets, places, 5).mean())
    return round(float(np.clip((on - between) / (on + between + 1e-9), 0, 1)), 4)


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


def _strength_at(onsets: OnsetStrength, seconds: NDArray[np.float64], width: int) -> Floats:
    """Return the strongest onset within some frames around each second."""
    near = running_max(onsets.strength, width)
    strength: Floats = near[np.clip(np.rint(seconds / onsets.frame_s).astype(np.int64), 0, len(near) - 1)]
    return strength


def _runs(flags: NDArray[np.bool_], *, bridge: int) -> list[tuple[int, int]]:
    """Return first and last index of each run of true flags, short interruptions bridged."""
    true = np.flatnonzero(flags)
    if not len(true):
        return []
    cuts = np.flatnonzero(np.diff(true) > bridge)
    firsts = [true[0], *true[cuts + 1]]
    lasts = [*true[cuts], true[-1]]
    return [(int(a), int(b)) for a, b in zip(firsts, lasts, strict=True)]
