"""A lower bound on what the rest of a run costs, from every cell of the time axis.

The time axis is cut into cells. A backward pass over them keeps everything of the planning
problem but three things, each of which can only make it cheaper: a track may come again,
artists may follow themselves, and a leg that begins somewhere in a cell is charged for the
cells that it fills wherever in the cell it begins, and may end in the earlier or the later
of two cells. So no plan undercuts the value at cell 0, and the search is guided by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.costs import US, Problem, within

if TYPE_CHECKING:
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["CostToGo", "cost_to_go"]


@dataclass(frozen=True, slots=True, eq=False)
class CostToGo:
    """What any way from a cell to the end of the run costs at least, in spm^2 s.

    Parameters
    ----------
    playing, silent : numpy.ndarray
        By cell: after a leg, and within a hole whose opening is paid. 0 after the run.
    best : numpy.ndarray of int64, shape (cells, m)
        By cell: the most promising candidates that may begin there; -1 fills the row.
    """

    playing: FloatArray
    silent: FloatArray
    best: IntArray

    @property
    def bound(self) -> float:
        """No plan costs less."""
        return float(self.playing[0])


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The ramp by cell: prefix integrals at the edges, range tables over the cells."""

    c1: FloatArray
    c2: FloatArray
    lows: FloatArray
    highs: FloatArray


def cost_to_go(problem: Problem, *, keep: int) -> CostToGo:
    """Return the cost-to-go of every cell, and the `keep` best candidates that begin there."""
    cells = problem.cells
    spans = problem.length_us // problem.step_us
    longest = int(spans.max(initial=2))
    playing = np.zeros(cells + longest + 2)
    silent = np.zeros(cells + longest + 2)
    soon = np.zeros(cells + longest + 1)  # the cheaper of a cell and its successor
    best = np.full((cells, min(keep, len(problem.spm))), -1, dtype=np.int64)
    ramp = _cells(problem.ramp, cells + longest + 2, problem.step_us)
    step_s = problem.step_us / US
    longest_tail_us = problem.longest_tail_us(int(problem.length_us.max(initial=0)))
    for cell in range(cells - 1, -1, -1):
        chosen, costs = _legs_from(problem, ramp, cell, spans, soon)
        legs = float(costs.min(initial=np.inf))
        promising = _promising(chosen, costs, keep)
        best[cell, : len(promising)] = promising
        left_us = max(0, problem.run_us - (cell + 1) * problem.step_us)
        tail = problem.tail_price * left_us / US if left_us <= longest_tail_us else np.inf
        # The last cell may hold the end of the run: whoever is there may be done already
        wait = problem.hole_price * step_s + silent[cell + 1] if cell < cells - 1 else 0.0
        silent[cell] = min(legs, wait)
        playing[cell] = min(legs, tail, problem.hole_opening + silent[cell])
        soon[cell] = min(playing[cell], playing[cell + 1])
    return CostToGo(playing, silent, best)


def _legs_from(
    problem: Problem, ramp: _Cells, cell: int, spans: IntArray, soon: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Candidates that may begin somewhere in a cell, and what the run costs from there."""
    max_off = problem.max_off
    slowest = ramp.highs[0, cell + 1] * (1 - max_off) * (1 - 1e-8)
    fastest = ramp.lows[0, cell + 1] * (1 + max_off) * (1 + 1e-8)
    first, last = (int(i) for i in np.searchsorted(problem.spm, [slowest, fastest]))
    window = slice(first, last)
    span, spm = spans[window], problem.spm[window]
    # Cells that the leg fills for certain: cell + 1 to cell + span - 1
    level = np.frexp(span - 1)[1] - 1
    right = cell + span - (1 << level)
    low = np.minimum(ramp.lows[level, cell + 1], ramp.lows[level, right])
    high = np.maximum(ramp.highs[level, cell + 1], ramp.highs[level, right])
    begins_us = cell * problem.step_us
    length_us = problem.length_us[window]
    allowed = within(spm, low, high, max_off) & (2 * begins_us + length_us <= 2 * problem.run_us)
    inner_s = (span - 1) * (problem.step_us / US)
    c1, c2 = ramp.c1[cell + span] - ramp.c1[cell + 1], ramp.c2[cell + span] - ramp.c2[cell + 1]
    squares = np.maximum(c2 - 2 * spm * c1 + spm * spm * inner_s, 0.0)
    over = problem.overhang_price * np.maximum(begins_us + length_us - problem.run_us, 0) / US
    costs = squares + problem.fixed[window] + over + soon[cell + span]
    kept = np.flatnonzero(allowed)
    return kept + first, costs[kept]


def _promising(chosen: IntArray, costs: FloatArray, keep: int) -> IntArray:
    if len(chosen) <= keep:
        return chosen
    # A stable order decides among equals, so that the choice never depends on the machine
    near = np.flatnonzero(costs <= np.partition(costs, keep - 1)[keep - 1])
    return chosen[near[np.argsort(costs[near], kind="stable")[:keep]]]


def _cells(ramp: Ramp, count: int, step_us: int) -> _Cells:
    edges = np.arange(count + 1) * step_us / US
    c1, c2 = ramp.square_integrals(edges)
    first, last = ramp.spm_at(edges[:-1]), ramp.spm_at(np.nextafter(edges[1:], 0.0))
    low, high = np.minimum(first, last), np.maximum(first, last)
    for second, spm in ramp.knots:
        cell = int(np.searchsorted(edges, second, side="right")) - 1
        if edges[cell] < second and cell < count:
            low[cell], high[cell] = min(low[cell], spm), max(high[cell], spm)
    return _Cells(c1, c2, _range_table(low, np.minimum), _range_table(high, np.maximum))


def _range_table(values: FloatArray, worse: np.ufunc) -> FloatArray:
    """Row k holds the extreme of the 2^k cells from each cell on: two look-ups give any range."""
    rows = [values]
    reach = 1
    while 2 * reach <= len(values):
        row = rows[-1].copy()
        row[:-reach] = worse(rows[-1][:-reach], rows[-1][reach:])
        rows.append(row)
        reach *= 2
    return np.array(rows)
