"""Classes of songs by level and energy, and what neighbours of two classes cost at least."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bpmsync.planner.ways import Joins
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["classes_of"]

_LEVEL_BIN_DB = 1.5
_ENERGY_BIN = 0.08
_MOST_BINS = 24


def classes_of(joins: Joins) -> tuple[IntArray, tuple[FloatArray, FloatArray]]:
    """Return classes of items by level and energy, and what neighbours of two classes cost at least."""
    level, by_level = _binned(joins.level_db, _LEVEL_BIN_DB, joins.level_free_db, joins.level_price)
    energy, by_energy = _binned(joins.energy, _ENERGY_BIN, joins.energy_free, joins.energy_price)
    return level * len(by_energy) + energy, (by_level, by_energy)


def _binned(values: FloatArray, width: float, free: float, price: float) -> tuple[IntArray, FloatArray]:
    """Return the bin of each value, and what a difference between two bins costs at least."""
    known = np.isfinite(values)
    if price <= 0 or not known.any():
        return np.zeros(len(values), dtype=np.int64), np.zeros((1, 1))
    bins = np.floor((np.where(known, values, values[known].min()) - values[known].min()) / width)
    found = np.minimum(bins.astype(np.int64), _MOST_BINS - 1)
    count = int(found.max()) + 1
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    # The last bin holds all that is beyond it, too: only its distance to others is known
    cost = price * np.maximum(np.maximum(apart - 1, 0) * width - free, 0.0) ** 2
    # What nobody has measured goes with anything
    unknown = np.zeros((count + 1, count + 1))
    unknown[:count, :count] = cost
    return np.where(known, found, count), unknown
