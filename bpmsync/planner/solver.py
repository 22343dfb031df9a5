"""The search for legs: a beam over the cells of the time axis, guided by the exact bound.

Ways through the run are kept by the cell in which their last leg ends, with their true end
in whole microseconds and the set of tracks they have used. In every cell the best few, by
cost so far plus the bound on the rest, are carried on. Costs are whole millionths and ties
fall by the candidates' order, so that equal input gives an equal plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bpmsync.planner.bound import CostToGo, cost_to_go
from bpmsync.planner.costs import ARTIST_AGAIN, US, Problem, leg_costs

if TYPE_CHECKING:
    from bpmsync.timeline.arrays import IntArray

__all__ = ["Placed", "Solution", "solve"]

_MICRO = 1_000_000
_WIDTHS = (6, 24, 64)
_CHILDREN_PER_LABEL = 4
_FEWEST_KEPT = 64
_SPARE_KEPT = 24
# Good enough: within 2 % of the bound, or within 0.05 spm^2 of it in the mean over the run
_GOOD_GAP = 0.02
_GOOD_EXCESS = 0.05
_IMPOSSIBLE = 2**62


class Placed(NamedTuple):
    """A candidate and the run microsecond at which it begins."""

    candidate: int
    start_us: int


@dataclass(frozen=True, slots=True)
class Solution:
    """The legs found, what they cost and what no plan can undercut, in spm^2 s."""

    legs: tuple[Placed, ...]
    cost: float
    bound: float


class _Label(NamedTuple):
    """One way through the run so far; sorts by estimate, then cost, then candidates."""

    estimate: int
    cost: int
    legs: tuple[Placed, ...]
    end_us: int
    silent: bool


def solve(problem: Problem) -> Solution:
    """Return the best way found through a run.

    Notes
    -----
    Without any candidate the way is one hole. Holes last whole cells.
    """
    to_go = cost_to_go(problem, keep=_kept(problem))
    found: _Label | None = None
    for width in _WIDTHS:
        found = _search(problem, to_go, width, found)
        if found is not None and _good_enough(found.cost / _MICRO, to_go.bound, problem):
            break
    if found is None:  # waiting to the end is always a way
        return Solution((), 0.0, 0.0)
    cost = found.cost / _MICRO
    # The bound is a sum of rounded terms; it must not pass the cost by a rounding
    return Solution(found.legs, cost, max(0.0, min(to_go.bound, cost)))


def _kept(problem: Problem) -> int:
    """Enough candidates in a cell that one is left when all legs so far are used up."""
    if not len(problem.length_us):
        return 1
    most_legs = problem.run_us / float(np.median(problem.length_us))
    return max(_FEWEST_KEPT, int(most_legs) + _SPARE_KEPT)


def _good_enough(cost: float, bound: float, problem: Problem) -> bool:
    excess = cost - bound
    return excess <= _GOOD_GAP * bound or excess <= _GOOD_EXCESS * problem.run_us / US


def _search(problem: Problem, to_go: CostToGo, width: int, found: _Label | None) -> _Label | None:
    """One pass of the beam; returns the best complete way, `found` where nothing is better."""
    start = _Label(_rounded(to_go.bound), 0, (), 0, silent=False)
    waiting: dict[int, list[_Label]] = {0: [start]}
    for cell in range(problem.cells):
        labels = _select(waiting.pop(cell, []), problem, width, found)
        for child in _finished(problem, labels):
            found = _better(child, found)
        for child in _children(problem, to_go, cell, labels, found):
            if child.end_us >= problem.run_us:
                found = _better(child, found)
            else:
                waiting.setdefault(child.end_us // problem.step_us, []).append(child)
    return found


def _better(label: _Label, found: _Label | None) -> _Label:
    if found is None or (label.cost, label.legs) < (found.cost, found.legs):
        return label
    return found


def _select(labels: list[_Label], problem: Problem, width: int, found: _Label | None) -> list[_Label]:
    """The best few ways in a cell; one for each set of tracks, since their order is past."""
    chosen: list[_Label] = []
    seen: set[tuple[frozenset[int], bool]] = set()
    for label in sorted(labels):
        if len(chosen) == width or (found is not None and label.estimate >= found.cost):
            break
        used = frozenset(int(problem.track[leg.candidate]) for leg in label.legs)
        if (used, label.silent) not in seen:
            seen.add((used, label.silent))
            chosen.append(label)
    return chosen


def _finished(problem: Problem, labels: list[_Label]) -> list[_Label]:
    """Ways that may stop here, since the run is nearly over."""
    done = []
    for label in labels:
        if label.silent or not label.legs:
            continue
        left_us = problem.run_us - label.end_us
        if left_us <= problem.longest_tail_us(int(problem.length_us[label.legs[-1].candidate])):
            cost = label.cost + _rounded(problem.tail_price * left_us / US)
            done.append(label._replace(estimate=cost, cost=cost))
    return done


def _children(
    problem: Problem, to_go: CostToGo, cell: int, labels: list[_Label], found: _Label | None
) -> list[_Label]:
    """Every promising next leg of every way, and waiting for one cell."""
    if not labels:
        return []
    limit = _IMPOSSIBLE if found is None else found.cost
    children = [child for label in labels if (child := _waited(problem, to_go, label)).estimate < limit]
    chosen = to_go.best[cell]
    if not len(chosen):
        return children
    ends, costs, estimates = _expanded(problem, to_go, chosen, labels)
    flat = estimates.ravel()
    most = _CHILDREN_PER_LABEL * max(len(labels), 2)
    order = np.argsort(flat, kind="stable")[:most]
    for index in order[flat[order] < limit]:
        row, column = divmod(int(index), len(chosen))
        label = labels[row]
        legs = (*label.legs, Placed(int(chosen[column]), label.end_us))
        children.append(_Label(int(flat[index]), int(costs[row, column]), legs, int(ends[row, column]), silent=False))
    return children


def _waited(problem: Problem, to_go: CostToGo, label: _Label) -> _Label:
    price = problem.hole_price * problem.step_us / US + (0.0 if label.silent else problem.hole_opening)
    cost = label.cost + _rounded(price)
    end_us = label.end_us + problem.step_us
    estimate = cost + _rounded(float(to_go.silent[end_us // problem.step_us]))
    return _Label(estimate, cost, label.legs, end_us, silent=True)


def _expanded(
    problem: Problem, to_go: CostToGo, chosen: IntArray, labels: list[_Label]
) -> tuple[IntArray, IntArray, IntArray]:
    """Ends, costs and estimates of all labels (rows) with all candidates (columns)."""
    start_us = np.array([[label.end_us] for label in labels], dtype=np.int64)
    before = np.array([[label.cost] for label in labels], dtype=np.int64)
    ends = start_us + problem.length_us[chosen]
    cost = leg_costs(problem, start_us, chosen[np.newaxis, :]) + _artist_costs(problem, chosen, labels)
    possible = np.isfinite(cost) & ~_used(problem, chosen, labels)
    costs = before + np.rint(np.where(possible, cost, 0.0) * _MICRO).astype(np.int64)
    rest = np.rint(to_go.playing[ends // problem.step_us] * _MICRO).astype(np.int64)
    return ends, costs, np.where(possible, costs + rest, _IMPOSSIBLE)


def _used(problem: Problem, chosen: IntArray, labels: list[_Label]) -> np.ndarray:
    """Where a way has already played a candidate's track."""
    most = max(1, *(len(label.legs) for label in labels))
    used = np.full((len(labels), most, 1), -1, dtype=np.int64)
    for row, label in enumerate(labels):
        for column, leg in enumerate(label.legs):
            used[row, column, 0] = problem.track[leg.candidate]
    repeated: np.ndarray = (used == problem.track[chosen]).any(axis=1)
    return repeated


def _artist_costs(problem: Problem, chosen: IntArray, labels: list[_Label]) -> np.ndarray:
    """What it costs to hear an artist again so soon; a wish, not a rule."""
    costs = np.zeros((len(labels), len(chosen)))
    artists, seconds = problem.artist[chosen], problem.length_us[chosen] / US
    for row, label in enumerate(labels):
        for price, leg in zip(ARTIST_AGAIN, reversed(label.legs), strict=False):
            again = (artists == problem.artist[leg.candidate]) & (artists >= 0)
            costs[row] += np.where(again, price * seconds, 0.0)
    return costs


def _rounded(cost: float) -> int:
    return round(cost * _MICRO)
