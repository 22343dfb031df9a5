"""Checked, read-only arrays for the values of this package.

Times are float64 seconds, one-dimensional and increasing; indices are int64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]

__all__ = ["FloatArray", "IntArray", "frozen_floats", "frozen_ints", "interpolate"]


def frozen_floats(values: ArrayLike, name: str) -> FloatArray:
    """Return a read-only float64 copy of a finite one-dimensional sequence.

    Raises
    ------
    ParameterError
        If it is not one-dimensional or holds a value that is not finite.
    """
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        msg = f"{name} must be a flat sequence of finite numbers, got shape {array.shape}"
        raise ParameterError(msg)
    array.setflags(write=False)
    return array


def frozen_ints(values: Sequence[int] | IntArray, name: str) -> IntArray:
    """Return a read-only int64 copy of a flat sequence of whole numbers."""
    given = np.asarray(values)
    # An empty sequence comes as floats; a fraction would otherwise be cut off without a word.
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        msg = f"{name} must be a flat sequence of whole numbers, got {given.dtype} of shape {given.shape}"
        raise ParameterError(msg)
    array = np.array(given, dtype=np.int64)
    array.setflags(write=False)
    return array


def interpolate(x: ArrayLike, xs: FloatArray, ys: FloatArray) -> FloatArray:
    """Return the piecewise linear map through (xs, ys) at x, straight on beyond both ends.

    Parameters
    ----------
    x : array_like
        Where to evaluate.
    xs, ys : numpy.ndarray, shape (n,), n >= 2
        Knots; xs is strictly increasing.

    Returns
    -------
    numpy.ndarray
        Same shape as x. A knot gives its own value exactly.
    """
    x = np.asarray(x, dtype=np.float64)
    left = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    slope = (ys[left + 1] - ys[left]) / (xs[left + 1] - xs[left])
    inside = ys[left] + (x - xs[left]) * slope
    # The last knot is reached from its left neighbour: rounding must not move it.
    return np.where(x == xs[-1], ys[-1], inside)
