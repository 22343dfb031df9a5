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
_WIDTHS = (4, 16, 64)
# Ways carried through all cells of one pass: wider passes are for short runs
_PASS_BUDGET = 64_000
_CHILDREN_PER_LABEL = 6
_LARGEST_BLOCK = 32
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
    done: bool = False


def solve(problem: Problem) -> Solution:
    """Return the best way found through a run.

    Notes
    -----
    Without any candidate the way is one hole. Holes last whole cells.
    """
    to_go = cost_to_go(problem, keep=_kept(problem))
    found: _Label | None = None
    for width in _WIDTHS:
        if found is not None and width * problem.cells > _PASS_BUDGET:
            break
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
    # No leg ends in the block of cells in which it begins, so a block is extended at once
    shortest = int(problem.length_us.min(initial=problem.run_us)) // problem.step_us
    block = max(1, min(_LARGEST_BLOCK, shortest - 1))
    for first in range(0, problem.cells, block):
        labels: list[_Label] = []
        for cell in range(first, min(first + block, problem.cells)):
            here = _select(waiting.pop(cell, []), problem, width, found)
            waits = [_waited(problem, to_go, label) for label in here]
            found = _collect([*_finished(problem, here), *waits], problem, waiting, found)
            labels += here
        found = _collect(_children(problem, to_go, labels, found), problem, waiting, found)
    return found


def _collect(
    labels: list[_Label], problem: Problem, waiting: dict[int, list[_Label]], found: _Label | None
) -> _Label | None:
    """Keep unfinished ways by their cell; return the best finished one."""
    for label in labels:
        if label.done or label.end_us >= problem.run_us:
            found = _better(label, found)
        elif found is None or label.estimate < found.cost:
            waiting.setdefault(label.end_us // problem.step_us, []).append(label)
    return found


def _better(label: _Label, found: _Label | None) -> _Label:
    if found is None or (label.cost, label.legs) < (found.cost, found.legs):
        return label
    return found


def _select(labels: list[_Label], problem: Problem, width: int, found: _Label | None) -> list[_Label]:
    """Pick the best few ways in a cell; of those that differ in order alone, one."""
    chosen: list[_Label] = []
    seen: set[tuple[frozenset[int], int, tuple[int, ...], bool]] = set()
    for label in sorted(labels):
        if len(chosen) == width or (found is not None and label.estimate >= found.cost):
            break
        played = [int(problem.track[leg.candidate]) for leg in label.legs]
        # The last leg still decides how early the music may stop, the last few artists who comes too soon
        artists = tuple(int(problem.artist[leg.candidate]) for leg in label.legs[-len(ARTIST_AGAIN) :])
        kind = (frozenset(played), played[-1] if played else -1, artists, label.silent)
        if kind not in seen:
            seen.add(kind)
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
            done.append(label._replace(estimate=cost, cost=cost, done=True))
    return done


def _children(problem: Problem, to_go: CostToGo, labels: list[_Label], found: _Label | None) -> list[_Label]:
    """Extend every way by its most promising next legs."""
    if not labels or not to_go.best.shape[1]:
        return []
    limit = _IMPOSSIBLE if found is None else found.cost
    chosen = to_go.best[[label.end_us // problem.step_us for label in labels]]
    ends, costs, estimates = _expanded(problem, to_go, chosen, labels)
    order = np.argsort(estimates, axis=1, kind="stable")[:, :_CHILDREN_PER_LABEL]
    children = []
    for row, label in enumerate(labels):
        for column in order[row]:
            estimate = int(estimates[row, column])
            if estimate >= limit:
                break
            legs = (*label.legs, Placed(int(chosen[row, column]), label.end_us))
            children.append(
                _Label(estimate, int(costs[row, column]), legs, int(ends[row, column]), silent=False)
            )
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
    """Return ends, costs and estimates of all labels (rows) with all candidates (columns)."""
    start_us = np.array([[label.end_us] for label in labels], dtype=np.int64)
    before = np.array([[label.cost] for label in labels], dtype=np.int64)
    ends = start_us + problem.length_us[chosen]
    cost = leg_costs(problem, start_us, chosen) + _artist_costs(problem, chosen, labels)
    possible = np.isfinite(cost) & (chosen >= 0) & ~_used(problem, chosen, labels)
    costs = before + np.rint(np.where(possible, cost, 0.0) * _MICRO).astype(np.int64)
    rest = np.rint(to_go.playing[ends // problem.step_us] * _MICRO).astype(np.int64)
    return ends, costs, np.where(possible, costs + rest, _IMPOSSIBLE)


def _used(problem: Problem, chosen: IntArray, labels: list[_Label]) -> np.ndarray:
    """Where a way has already played a candidate's track."""
    used = np.zeros((len(labels), int(problem.track.max()) + 1), dtype=bool)
    for row, label in enumerate(labels):
        used[row, [problem.track[leg.candidate] for leg in label.legs]] = True
    repeated: np.ndarray = np.take_along_axis(used, problem.track[chosen], axis=1)
    return repeated


def _artist_costs(problem: Problem, chosen: IntArray, labels: list[_Label]) -> np.ndarray:
    """Return what it costs to hear an artist again so soon; a wish, not a rule."""
    artists, seconds = problem.artist[chosen], problem.length_us[chosen] / US
    costs = np.zeros(chosen.shape)
    for back, price in enumerate(ARTIST_AGAIN, start=1):
        before = [
            problem.artist[label.legs[-back].candidate] if len(label.legs) >= back else -1 for label in labels
        ]
        again = (artists == np.array(before)[:, np.newaxis]) & (artists >= 0)
        costs += np.where(again, price * seconds, 0.0)
    return costs


def _rounded(cost: float) -> int:
    return round(cost * _MICRO)
