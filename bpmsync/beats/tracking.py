"""Where the beats are, near a known tempo.

Two hypotheses: beats that may drift (a path), and one perfectly regular grid. Most recorded
music since the click track is regular, and then the regular grid is far more exact. Which of
them the music bears out is decided in `fitting`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.kernels import best_rigid, best_steady_path, fold_beats
from bpmsync.beats.smoothing import running_max, running_mean
from bpmsync.timeline.grid import FASTEST_BPM, SLOWEST_BPM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength

__all__ = ["log_gain", "track_path", "track_rigid"]

_RANGE = (0.84, 1.19)
# A tempo change of one per cent from beat to beat costs as much as a missed beat is worth.
_STIFFNESS = 100.0
_FLOOR = 0.06
_NEIGHBOURHOOD = 800  # frames: a beat is judged against what is usual within eight seconds
_RIGID_RANGE = 0.012
# Periods looked at around the best of a fold, in steps of the fold: its beats are a frame off at most.
_NEAR_COARSE = np.linspace(-4, 4, 17)
_CLEAR = 1.5  # a beat that is this strong is no stronger evidence when it is stronger still
_CLEAREST_GAIN = np.log(2.5)


def track_path(onsets: OnsetStrength, bpm: float, *, width: float | None = None) -> NDArray[np.float64]:
    """Return the beats near a tempo that follow the onsets best, in frames; none if too short.

    The best path of a beat pointer through the onsets, found by dynamic programming (after
    Krebs, Boeck and Widmer's state space, 2015), which pays for every change of tempo.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    bpm : float
        The tempo, to about one per cent.
    width : float, optional
        How far beats may leave it (0.04: 4 %); by default as far as living music does.
    """
    low, high = _RANGE if width is None else (1 / (1 + width), 1 / (1 - width))
    ticks_per_s = 2 / onsets.frame_s
    gain = _in_ticks(_gain(onsets.pulse))
    period = 60.0 / bpm * ticks_per_s
    shortest = max(int(np.ceil(period * low)), int(np.ceil(60 / FASTEST_BPM * ticks_per_s)))
    longest = min(int(period * high), int(60 / SLOWEST_BPM * ticks_per_s))
    if longest < shortest or len(gain) < 2 * longest:
        return np.empty(0)
    return best_steady_path(gain, shortest, longest, _STIFFNESS) / 2.0


def track_rigid(onsets: OnsetStrength, path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the perfectly regular beats that follow the onsets best, in frames.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    path : numpy.ndarray of float64, shape (n,)
        Beats that may drift; the period is looked for within 1.2 % of theirs, n >= 4.
    """
    near = np.minimum(running_max(onsets.pulse, 3), _CLEAR).astype(np.float32)
    period = float(np.median(np.diff(path)))
    span = (path[-1] - path[0]) / max(round((path[-1] - path[0]) / period), 1)
    if abs(span / period - 1) < _RIGID_RANGE:
        period = span  # the mean interval is finer than the median of whole ticks
    coarse, step = _best_folded(near, period)
    found, phase, _ = best_rigid(near, coarse + step * _NEAR_COARSE, 0.5)
    return np.arange(phase, len(near) - 1, found)


def _best_folded(strength: Floats, near: float) -> tuple[float, float]:
    """Return the best period of regular beats near another, and how finely it was looked for."""
    best, period, step = -1.0, near, 0.0
    for length in range(int(near * (1 - _RIGID_RANGE)), int(near * (1 + _RIGID_RANGE)) + 1):
        sums = fold_beats(strength, length).max(axis=1)
        drifts = np.arange(len(sums)) / (len(sums) - 1)
        periods = length**2 / (length - drifts)
        # More of the shorter rows are summed.
        means = np.where(abs(periods / near - 1) <= _RIGID_RANGE, sums * length, -1)
        top = int(np.argmax(means))
        if means[top] > best:
            best, period, step = means[top], periods[top], 1 / (len(sums) - 1)
    return period, step


def log_gain(onsets: OnsetStrength, beats: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the onsets say for each beat: log of strength over usual, about -2.8 to 0.9.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        In frames.
    """
    gain = np.minimum(_gain(running_max(onsets.pulse, 3), onsets.pulse), _CLEAREST_GAIN)
    return np.interp(beats, np.arange(len(gain)), gain)


def _gain(strength: Floats, usual_of: Floats | None = None) -> Floats:
    """Return the log of the strength over what is usual around it."""
    usual = running_mean(strength if usual_of is None else usual_of, _NEIGHBOURHOOD) + 0.02
    gain: Floats = np.log((strength / usual + _FLOOR) / (1 + _FLOOR)).astype(np.float32)
    return gain


def _in_ticks(frames: Floats) -> Floats:
    """Return values at half frames: tempo is followed in steps of about a per cent."""
    where = np.arange(0, len(frames) - 0.5, 0.5)
    ticks: Floats = np.interp(where, np.arange(len(frames)), frames).astype(np.float32)
    return ticks
