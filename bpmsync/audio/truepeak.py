"""True peaks: how high the sound goes between its samples.

Read at four times the rate as ITU-R BS.1770-4, Annex 2, has it, with a longer filter: three
polyphase branches of 32 taps (a Kaiser-windowed sinc) give the points at 1/4, 1/2 and 3/4 of the
way to the next frame; the frames themselves are the fourth. The halves alone can miss 3 dB of what
lies between their points, and the quarters 0.7 dB: where a reading is within that of mattering,
the next finer points are read, too. Many frames times one small matrix is the quickest way to
filter in numpy, and most frames need no filtering at all: the sum of the taps' sizes bounds how far
a point between frames can stand above the frames around it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

if TYPE_CHECKING:
    from bpmsync.audio.frames import Samples

_Cells: TypeAlias = NDArray[np.intp]

__all__ = ["CELL", "REACH", "true_peaks"]

REACH: Final = 16
"""Frames before and after a point that decide it."""
CELL: Final = 32
"""Frames that are filtered, or passed over, together."""
# The points of each reading, and the least that it finds of a sine at any place
_READINGS: Final = (
    ((1 / 2,), math.cos(math.pi / 4)),
    ((1 / 4, 3 / 4), math.cos(math.pi / 8)),
    ((1 / 8, 3 / 8, 5 / 8, 7 / 8), math.cos(math.pi / 16)),
)
_KAISER_BETA: Final = 6.0


def _branches(points: tuple[float, ...]) -> Samples:
    """Return the taps of each point between two frames, shape (points, 2 REACH)."""
    offset = np.arange(1 - REACH, REACH + 1) - np.array(points)[:, None]
    taps = np.sinc(offset) * np.i0(_KAISER_BETA * np.sqrt(1 - (offset / REACH) ** 2))
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


def _matrix(branches: Samples) -> Samples:
    """Return what makes the points of one cell from its frames and those around it."""
    matrix = np.zeros((CELL + 2 * REACH - 1, len(branches), CELL), np.float32)
    for frame in range(CELL):
        matrix[frame : frame + 2 * REACH, :, frame] = branches.T
    return matrix.reshape(len(matrix), -1)


_MATRICES: Final = tuple((_matrix(_branches(points)), found) for points, found in _READINGS)
_POINTS: Final = tuple(point for points, _ in _READINGS for point in points)
_BOUND: Final = float(np.abs(_branches(_POINTS)).sum(axis=1).max()) * (1 + 1e-5)


def true_peaks(sound: Samples, *, above: float) -> Samples:
    """Return the highest value at each frame or between it and the next, over all channels.

    Parameters
    ----------
    sound : numpy.ndarray of float32, shape (channels, frames)
        With `REACH` frames more before the first frame of interest and after the last; between
        them a multiple of `CELL`.
    above : float
        What is below this need not be told exactly: where no true peak can be above it, the
        highest sample is told instead.

    Returns
    -------
    numpy.ndarray of float32, shape (frames - 2 REACH,)
        Not below 0.
    """
    size = np.abs(sound).max(axis=0) if len(sound) > 1 else np.abs(sound[0])
    peaks = np.array(size[REACH:-REACH])
    cells = _loud_cells(size, above / _BOUND)
    by_cell = peaks.reshape(-1, CELL)
    for matrix, found in _MATRICES:
        if not len(cells):
            break
        by_cell[cells] = np.maximum(by_cell[cells], _between(sound, cells, matrix))
        cells = cells[by_cell[cells].max(axis=1) > above * found]
    return peaks


def _loud_cells(size: Samples, least: float) -> _Cells:
    """Return the cells where a frame that has a say is above `least`."""
    half = size.reshape(-1, REACH).max(axis=1)  # a cell is two of these, and one more on either side
    around = np.maximum(half[:-1], half[1:])
    return np.flatnonzero(np.maximum(around[:-2:2], around[2::2]) > least)


def _between(sound: Samples, cells: _Cells, matrix: Samples) -> Samples:
    """Return the highest point after each frame of these cells, shape (cells, CELL)."""
    highest = np.zeros((len(cells), CELL), np.float32)
    for channel in sound:
        windows = sliding_window_view(channel[1:], len(matrix))[::CELL]
        points = windows[cells] @ matrix
        np.abs(points, out=points)
        by_point = points.reshape(len(cells), matrix.shape[1] // CELL, CELL)
        np.maximum(highest, by_point.max(axis=1), out=highest)
    return highest
