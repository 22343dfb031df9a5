"""Extremes of any stretch of a row of values by two look-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bpmsync.timeline.arrays import FloatArray

__all__ = ["extreme_ahead", "range_table"]


def range_table(values: FloatArray, worse: np.ufunc) -> FloatArray:
    """Return a table of which row k holds the extreme of the 2^k values from each on.

    Parameters
    ----------
    values : numpy.ndarray, shape (n,)
        The row.
    worse : numpy.ufunc
        `numpy.minimum` or `numpy.maximum`.

    Notes
    -----
    The extreme of any n values is that of two entries of the last row with 2^k <= n: the ones
    that begin with the first value and end with the last (a sparse table).
    """
    rows = [values]
    reach = 1
    while 2 * reach <= len(values):
        row = rows[-1].copy()
        row[:-reach] = worse(rows[-1][:-reach], rows[-1][reach:])
        rows.append(row)
        reach *= 2
    return np.array(rows)


def extreme_ahead(values: FloatArray, count: int, worse: np.ufunc) -> FloatArray:
    """Return the extreme of so many values from each on, or of all that are left."""
    found, reach = values.copy(), 1
    while reach < min(count, len(values)):
        step = min(reach, count - reach, len(values) - 1)
        found[:-step] = worse(found[:-step], found[step:])
        reach += step
    return found
