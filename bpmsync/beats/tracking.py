"""Where the beats are, near a known tempo.

Two hypotheses: beats that may drift (a path), and one perfectly regular grid. Most recorded
music since the click track is regular, and then the regular grid is far more exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from bpmsync.beats.kernels import best_rigid, best_steady_path
from bpmsync.timeline.grid import FASTEST_BPM, SLOWEST_BPM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength

__all__ = ["Pulse", "track_pulse"]

_RANGE = (0.84, 1.19)
# A tempo change of one per cent from beat to beat costs as much as a missed beat is worth.
_STIFFNESS = 100.0
_FLOOR = 0.06
_RIGID_RANGE = 0.012
_RIGID_ACCEPTED = 0.9
_CLEAR = 1.5  # a beat that is this strong is no stronger evidence when it is stronger still
_FEWEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """Beats in frames, not yet fitted.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        In frames, increasing.
    rigid : bool
        Whether one regular grid explains the onsets as well as beats that may drift.
    rigidity : float
        Mean strength on the regular grid over that on the path.
    """

    beats: NDArray[np.float64]
    rigid: bool
    rigidity: float


def track_pulse(onsets: OnsetStrength, bpm: float, *, width: float | None = None) -> Pulse:
    """Return the beats near a tempo.

    Parameters
    ----------
    onsets : OnsetStrength
        Of the whole track.
    bpm : float
        The tempo, to about one per cent.
    width : float, optional
        How far beats may leave it (0.04: 4 %); by default as far as living music does.
    """
    strength = _tracked(onsets)
    low, high = _RANGE if width is None else (1 / (1 + width), 1 / (1 - width))
    path = _path(strength, 60.0 / bpm / onsets.frame_s, low, high, onsets.frame_s)
    if len(path) < _FEWEST:
        return Pulse(path, rigid=False, rigidity=0.0)
    return _or_rigid(strength, path)


def _tracked(onsets: OnsetStrength) -> Floats:
    mixed = 0.7 * onsets.strength + 0.3 * onsets.low
    return np.minimum(mixed, 3).astype(np.float32)


def _path(strength: Floats, period: float, low: float, high: float, frame_s: float) -> NDArray[np.float64]:
    """Return the beats of the best path in frames, tracked at half frames."""
    ticks = np.interp(np.arange(0, len(strength) - 0.5, 0.5), np.arange(len(strength)), strength).astype(
        np.float32
    )
    usual = uniform_filter1d(ticks, 1600, mode="nearest") + 0.02
    gain = np.log((ticks / usual + _FLOOR) / (1 + _FLOOR)).astype(np.float32)
    shortest = max(int(np.ceil(2 * period * low)), int(np.ceil(120 / FASTEST_BPM / frame_s)))
    longest = min(int(2 * period * high), int(120 / SLOWEST_BPM / frame_s))
    if longest < shortest or len(ticks) < 2 * longest:
        return np.empty(0)
    found = best_steady_path(gain, shortest, longest, _STIFFNESS)
    return found / 2.0


def _or_rigid(strength: Floats, path: NDArray[np.float64]) -> Pulse:
    """Return the regular grid where it is as good as the path."""
    near = np.minimum(maximum_filter1d(strength, 3), _CLEAR).astype(np.float32)
    period = float(np.median(np.diff(path)))
    span = (path[-1] - path[0]) / max(round((path[-1] - path[0]) / period), 1)
    if abs(span / period - 1) < _RIGID_RANGE:
        period = span  # the mean interval is finer than the median of whole ticks
    beat_count = len(strength) / period
    # Fine enough that the last beat moves by less than two frames from one period to the next.
    steps = int(np.clip(np.ceil(beat_count * period * _RIGID_RANGE), 8, 4000))
    periods = period * np.linspace(1 - _RIGID_RANGE, 1 + _RIGID_RANGE, 2 * steps + 1)
    coarse, _, _ = best_rigid(near, periods, 2.0)
    fine = coarse + period * _RIGID_RANGE / steps * np.linspace(-1, 1, 9)
    found, phase, mean = best_rigid(near, fine, 0.5)
    on_path = float(np.interp(path, np.arange(len(near)), near).mean())
    rigidity = mean / on_path if on_path > 0 else 0.0
    if rigidity < _RIGID_ACCEPTED:
        return Pulse(path, rigid=False, rigidity=rigidity)
    return Pulse(np.arange(phase, len(strength) - 1, found), rigid=True, rigidity=rigidity)
