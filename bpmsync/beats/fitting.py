"""From beats found to a grid that audio can be locked to: exact, smooth, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solveh_banded
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength
    from bpmsync.beats.tracking import Pulse

__all__ = ["Fit", "fit_grid", "smooth_beats"]

# What beats come out late on real music, less what they come out early on bare clicks: where
# an attack "is" differs by that much, and half the way lies within 5 ms of both.
_BIAS_S = -0.0015
_REACH = 4  # frames on either side in which a beat's attack is looked for
_SMOOTHING = 100.0
_ROUNDS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Beats in seconds on whole microseconds, and how near the attacks lie.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        File seconds.
    agreement : float
        Share of beats with a clear attack within 25 ms, 0 to 1.
    """

    beats: NDArray[np.float64]
    agreement: float


def fit_grid(onsets: OnsetStrength, pulse: Pulse) -> Fit:
    """Return the beats moved onto the attacks as a whole: a line, or a smooth curve.

    Parameters
    ----------
    onsets : OnsetStrength
        What the beats were found in.
    pulse : Pulse
        At least 4 beats.
    """
    attack, weight = _attacks(onsets.strength, pulse.beats)
    if pulse.rigid:
        fitted = _line(pulse.beats, attack, weight)
        attack, weight = _attacks(onsets.strength, fitted)
        fitted = _line(fitted, attack, weight)
    else:
        fitted = smooth_beats(attack, np.maximum(weight, 0.05), _SMOOTHING)
    off_s = np.abs(attack - fitted) * onsets.frame_s
    clear = (weight > 0.25) & (off_s < 0.025)  # noqa: PLR2004 - a quarter of a usual onset
    seconds = np.round((fitted * onsets.frame_s - _BIAS_S) * 1e6) / 1e6
    return Fit(seconds, float(clear.mean()))


def smooth_beats(
    beats: NDArray[np.float64], weight: NDArray[np.float64], stiffness: float
) -> NDArray[np.float64]:
    """Return the curve near the beats whose tempo changes least (a Whittaker smoother).

    Parameters
    ----------
    beats, weight : numpy.ndarray of float64, shape (n,)
        Observed positions and how much each is to be believed, weights > 0.
    stiffness : float
        Worth of small second differences against closeness; a straight line is never bent.
    """
    n = len(beats)
    if n < 3:  # noqa: PLR2004 - two points are a line already
        return beats.copy()
    bands = np.zeros((3, n))
    for offset, product in enumerate(([1, 4, 1], [-2, -2], [1])):
        for start, value in enumerate(product):
            stop = n - 2 + start
            bands[offset, start:stop] += stiffness * value
    bands[0] += weight
    # Only the deviation from a line is solved for: regular beats come out as they went in.
    line = np.linspace(beats[0], beats[-1], n)
    smooth: NDArray[np.float64] = line + solveh_banded(bands, weight * (beats - line), lower=True)
    return smooth


def _line(
    grid: NDArray[np.float64], attack: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the straight grid through most attacks; those off it lose their say."""
    numbers = np.arange(len(grid), dtype=np.float64)
    slope, start = np.polyfit(numbers, grid, 1)
    for _ in range(_ROUNDS if weight.sum() > 0 else 0):
        off = attack - (start + slope * numbers)
        spread = max(1.5 * float(np.median(np.abs(off[weight > 0]))), 0.3)
        trust = weight / (1 + (off / spread) ** 2) ** 2
        slope, start = np.polyfit(numbers, attack, 1, w=np.sqrt(trust + 1e-9))
    line: NDArray[np.float64] = start + slope * numbers
    return line


def _attacks(strength: Floats, beats: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the position of the strongest onset near each beat, between frames, and its strength."""
    smooth = gaussian_filter1d(strength.astype(np.float64), 0.7)
    last = len(smooth) - 2
    centre = np.clip(np.rint(beats).astype(np.int64), 1, max(last, 1))
    offsets = np.arange(-_REACH, _REACH + 1)
    near = np.clip(centre[:, None] + offsets, 1, max(last, 1))
    # A nearer onset wins against a slightly stronger one further off.
    closeness = np.exp(-0.5 * ((near - beats[:, None]) / (_REACH * 0.75)) ** 2)
    peak = near[np.arange(len(beats)), np.argmax(smooth[near] * closeness, axis=1)]
    left, top, right = smooth[peak - 1], smooth[peak], smooth[peak + 1]
    curve = left - 2 * top + right
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(curve < 0, 0.5 * (left - right) / curve, 0.0)
    is_peak = (top >= left) & (top >= right) & (top > 0)
    attack = np.where(is_peak, peak + np.clip(shift, -0.5, 0.5), beats)
    return attack, np.where(is_peak, np.minimum(top, 2.0), 0.0)
