"""Beats in straight pieces: a tempo that jumps, or a recording with something cut out.

The best cut into lines, of which each has its own tempo and its own start, by dynamic
programming over all cuts (Bellman, 1961); the number of pieces is what they save against what
each costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.kernels import best_cuts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SHORTEST_PIECE", "Pieces", "straight_pieces"]

SHORTEST_PIECE = 16  # beats: four bars; what is shorter is an unsteady start, not a tempo
# Eight minutes: a longer one is told as two, for the work grows with it.
_LONGEST_PIECE = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Straight pieces, one after the other.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        Each on the line of its piece.
    starts : tuple of int
        Number of each piece's first beat; the first is 0.
    """

    beats: NDArray[np.float64]
    starts: tuple[int, ...]


def straight_pieces(
    beats: NDArray[np.float64], weight: NDArray[np.float64], *, spread: float, price: float
) -> Pieces:
    """Return the lines that lie nearest to some beats, and where one ends and the next begins.

    Parameters
    ----------
    beats, weight : numpy.ndarray of float64, shape (n,)
        Observed positions and how much each is to be believed, n >= 2.
    spread : float
        How far observations lie from the beat that they mean, in the unit of the beats.
    price : float
        What one more piece must save, in units of log likelihood.
    """
    sums = _Sums.of(beats, weight / (2 * spread**2))
    start_of = best_cuts(np.ascontiguousarray(sums.totals.T), SHORTEST_PIECE, _LONGEST_PIECE, price)
    cuts = [len(beats)]
    while cuts[-1] > 0:
        cuts.append(int(start_of[cuts[-1]]))
    cuts.reverse()
    lines = [sums.line(start, end) for start, end in pairwise(cuts)]
    return Pieces(np.concatenate(lines), tuple(cuts[:-1]))


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Running weighted sums, so that the line through any run of beats is known at once."""

    mean: NDArray[np.float64]  # the line through all beats: sums of what is left stay small
    totals: NDArray[np.float64]  # (n + 1, 6): weight times 1, x, x x, y, x y, y y

    @classmethod
    def of(cls, beats: NDArray[np.float64], weight: NDArray[np.float64]) -> _Sums:
        n = len(beats)
        mean = np.linspace(beats[0], beats[-1], n)
        x, y = np.arange(n) - (n - 1) / 2, beats - mean
        terms = weight[:, None] * np.stack([np.ones(n), x, x * x, y, x * y, y * y], axis=1)
        return cls(mean, np.concatenate([np.zeros((1, 6)), np.cumsum(terms, axis=0)]))

    def line(self, start: int, end: int) -> NDArray[np.float64]:
        """Return the line through the beats from one number up to another."""
        w, x, xx, y, xy, _ = self.totals[end] - self.totals[start]
        slope = (xy - x * y / w) / max(xx - x * x / w, 1e-12)
        numbers = np.arange(start, end) - (len(self.mean) - 1) / 2
        line: NDArray[np.float64] = self.mean[start:end] + y / w + slope * (numbers - x / w)
        return line
