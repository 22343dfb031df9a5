"""True peaks: how high the sound goes between its samples, read at four times its rate.

As ITU-R BS.1770-4, Annex 2, has it, with a longer filter: three polyphase branches of 32 taps
(a Kaiser-windowed sinc) give the points at 1/4, 1/2 and 3/4 of the way to the next frame; the
frames themselves are the fourth. Many frames times one small matrix is the quickest way to
filter in numpy, and most frames need no filtering at all: the sum of the taps' sizes bounds how
far a point between frames can stand above the frames around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from bpmsync.audio.frames import Samples

__all__ = ["CELL", "REACH", "true_peaks"]

REACH: Final = 16
"""Frames before and after a point that decide it."""
CELL: Final = 32
"""Frames that are filtered, or passed over, together."""
_BETWEEN: Final = (0.25, 0.5, 0.75)
_KAISER_BETA: Final = 6.0


def _branches() -> Samples:
    """Return the taps of each point between two frames, shape (3, 2 REACH)."""
    offset = np.arange(1 - REACH, REACH + 1) - np.array(_BETWEEN)[:, None]
    taps = np.sinc(offset) * np.i0(_KAISER_BETA * np.sqrt(1 - (offset / REACH) ** 2))
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


def _matrix(branches: Samples) -> Samples:
    """Return what makes the points of one cell from its frames and those around it."""
    matrix = np.zeros((CELL + 2 * REACH - 1, len(branches), CELL), np.float32)
    for frame in range(CELL):
        matrix[frame : frame + 2 * REACH, :, frame] = branches.T
    return matrix.reshape(len(matrix), -1)


_MATRIX: Final = _matrix(_branches())
_WINDOW: Final = len(_MATRIX)
_BOUND: Final = float(np.abs(_branches()).sum(axis=1).max()) * (1 + 1e-5)


def true_peaks(sound: Samples, *, above: float) -> Samples:
    """Return the highest value at each frame or between it and the next, over all channels.

    Parameters
    ----------
    sound : numpy.ndarray of float32, shape (channels, frames)
        With `REACH` frames more before the first frame of interest and after the last; between
        them a multiple of `CELL`.
    above : float
        Where no true peak can be above this, the highest sample is told instead.

    Returns
    -------
    numpy.ndarray of float32, shape (frames - 2 REACH,)
        Not below 0.
    """
    size = np.abs(sound).max(axis=0) if len(sound) > 1 else np.abs(sound[0])
    peaks = np.array(size[REACH:-REACH])
    cells = _loud_cells(size, above / _BOUND)
    if len(cells):
        by_cell = peaks.reshape(-1, CELL)
        by_cell[cells] = np.maximum(by_cell[cells], _between(sound, cells))
    return peaks


def _loud_cells(size: Samples, least: float) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return the cells where a frame that has a say is above `least`."""
    half = size.reshape(-1, REACH).max(axis=1)  # a cell is two of these, and one more on either side
    around = np.maximum(half[:-1], half[1:])
    return np.flatnonzero(np.maximum(around[:-2:2], around[2::2]) > least)


def _between(sound: Samples, cells: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Samples:
    """Return the highest point after each frame of these cells, shape (cells, CELL)."""
    highest = np.zeros((len(cells), CELL), np.float32)
    for channel in sound:
        windows = sliding_window_view(channel[1:], _WINDOW)[::CELL]
        points = windows[cells] @ _MATRIX
        np.abs(points, out=points)
        np.maximum(highest, points.reshape(len(cells), -1, CELL).max(axis=1), out=highest)
    return highest
