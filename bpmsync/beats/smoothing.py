"""Running means, maxima and Gaussian means, in numpy alone.

They equal `scipy.ndimage`'s filters of one dimension with ``mode="nearest"``: beyond both ends
the outermost value goes on. A window of an even size reaches one value further back than ahead.
Importing `scipy.ndimage` would cost a worker as much as tracking six songs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["gaussian", "running_max", "running_mean"]

_Float = TypeVar("_Float", bound=np.floating[Any])
_REACH = 4.0  # standard deviations after which a Gaussian is nothing


def running_mean(values: NDArray[_Float], size: int, axis: int = 0) -> NDArray[_Float]:
    """Return the mean over `size` values around each, summed in float64.

    Parameters
    ----------
    values : numpy.ndarray of float
        Any shape; may be empty.
    size : int
        Width of the window, 1 or more; may be wider than the array.
    axis : int
        The axis to run along.
    """
    moved = np.moveaxis(values, axis, 0)
    if size == 1 or not len(moved):
        return values.copy()
    padded = _padded(moved, size // 2, size - size // 2 - 1)
    sums = np.empty((len(padded) + 1, *padded.shape[1:]), np.float64)
    sums[0] = 0
    np.cumsum(padded, axis=0, dtype=np.float64, out=sums[1:])
    means = (sums[size:] - sums[:-size]) / size
    return np.moveaxis(means, 0, axis).astype(values.dtype)


def running_max(values: NDArray[_Float], size: int) -> NDArray[_Float]:
    """Return the largest of `size` values around each.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n, ...)
        Run along its first axis; may be empty.
    size : int
        Width of the window, 1 or more.
    """
    if size == 1 or not len(values):
        return values.copy()
    tops = _padded(values, size // 2, size - size // 2 - 1)
    width = 1
    while 2 * width <= size:  # the largest of two neighbouring windows is that of the joined one
        tops = np.maximum(tops[:-width], tops[width:])
        width *= 2
    rest = size - width
    largest: NDArray[_Float] = np.maximum(tops[: len(tops) - rest], tops[rest:])
    return largest


def gaussian(values: NDArray[_Float], sigma: float) -> NDArray[_Float]:
    """Return the mean around each value, weighted by a Gaussian.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (n,)
        May be empty.
    sigma : float
        Its standard deviation in samples, above 0.
    """
    if not len(values):
        return values.copy()
    reach = int(_REACH * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    padded = _padded(values.astype(np.float64), reach, reach)
    means = np.convolve(padded, weights / weights.sum(), mode="valid")
    return means.astype(values.dtype)


def _padded(values: NDArray[_Float], before: int, after: int) -> NDArray[_Float]:
    """Return the values with the first and the last one going on beyond the ends."""
    padded = np.empty((before + len(values) + after, *values.shape[1:]), values.dtype)
    padded[:before] = values[0]
    padded[before : before + len(values)] = values
    padded[before + len(values) :] = values[-1]
    return padded
