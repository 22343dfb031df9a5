"""The search for a stretched plan: a shortest path over step numbers, no track twice.

A backward pass over the steps gives what the rest of a run costs at least (`steptogo`): it lets
tracks come again and artists follow themselves, and charges legs optimistically, so that no
plan undercuts it. A beam guided by it goes forward with the true costs. Where its way is not
near the bound, tracks are given prices and the beam begins anew. Costs are whole millionths
there, and ties fall by the order of the ranges: equal input, equal plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bpmsync.planner.stepcosts import ARTIST_AGAIN_STRETCH, StepProblem, true_cost
from bpmsync.planner.steptogo import LeastCosts, Offers, least_costs, price_tracks

if TYPE_CHECKING:
    from bpmsync.planner.arcs import Arcs
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["PlacedRange", "StepSolution", "solve_steps"]

_MICRO = 1_000_000
# Ways kept at a step, and next legs of each; the first pass tells what plans cost at all
_FIRST_PASS = (1, 6)
_PASSES = ((4, 6), (16, 12), (48, 24), (128, 512))
# Ways carried through all steps of one pass: wider passes are for short runs
_PASS_BUDGET = 20_000
_FEWEST_KEPT = 64
# Of each track, the best few cuts and step ratios are looked at; more where there are few tracks
_ARCS_PER_TRACK = 4
# Good enough: within 2 % of the bound, or within 0.05 %^2 of it in the mean over the run
_GOOD_GAP = 0.02
_GOOD_EXCESS = 0.05
_IMPOSSIBLE = 2**62


class PlacedRange(NamedTuple):
    """A range by its number, for how many beats, and the step on which it begins."""

    range: int
    beats: int
    step: int


@dataclass(frozen=True, slots=True)
class StepSolution:
    """The legs found, what they cost and what no plan can undercut, in %^2 s."""

    legs: tuple[PlacedRange, ...]
    cost: float
    bound: float


class _Label(NamedTuple):
    """One way through the run so far; sorts by estimate, then cost, then legs."""

    estimate: int
    cost: int
    legs: tuple[PlacedRange, ...]
    step: int
    silent: bool


class _Arc(NamedTuple):
    """One of the best legs from a step, with what the run costs at least if it is taken."""

    range: int
    beats: int
    end: int
    source_s: float
    fixed: float
    total: float


class _ToGo:
    """What the rest costs at least, and the best legs from each step, looked up once."""

    def __init__(self, problem: StepProblem, offers: Offers, least: LeastCosts) -> None:
        self._problem, self._offers, self.least = problem, offers, least
        self._known: dict[int, list[_Arc]] = {}
        self._kept = _kept(problem)

    def arcs(self, step: int) -> list[_Arc]:
        """Return the best legs from a step, best first."""
        if step not in self._known:
            legs, least = self._offers.legs(step), self.least
            totals = legs.costs + least.prices[legs.tracks] + least.playing[legs.ends]
            near = _best(legs.tracks, totals, self._kept, len(least.prices))
            self._known[step] = _rows(legs.arcs.chosen(near), totals[near], step)
        return self._known[step]

    def unpaid(self, label: _Label) -> float:
        """Return what the least costs charge too much after a way: the prices of what it left."""
        used = sum(float(self.least.prices[self._problem.track[leg.range]]) for leg in label.legs)
        return float(self.least.prices.sum()) - used


class _Costs:
    """True costs of legs in whole millionths, each counted once; None beyond the limit."""

    def __init__(self, problem: StepProblem) -> None:
        self._problem = problem
        self._known: dict[tuple[int, int, int], int | None] = {}

    def of(self, arc: _Arc, step: int) -> int | None:
        key = (arc.range, arc.beats, step)
        if key not in self._known:
            stretch = true_cost(self._problem, *key)
            self._known[key] = _micro(stretch + arc.fixed) if np.isfinite(stretch) else None
        return self._known[key]


class _Beam(NamedTuple):
    """How wide one pass is: ways kept at a step, next legs of each; and the costs known so far."""

    costs: _Costs
    width: int
    children: int


class _Offer(NamedTuple):
    """The legs on offer at a step, and the cost that a way must stay below."""

    arcs: list[_Arc]
    beam: _Beam
    limit: int


def solve_steps(problem: StepProblem) -> StepSolution:
    """Return the best way found through the steps of a run.

    Notes
    -----
    The legs begin on multiples of the stride; what no leg covers is silent.
    """
    offers, costs = Offers(problem), _Costs(problem)
    least = least_costs(problem, offers, np.zeros(int(problem.track.max()) + 1))
    to_go, found = _ToGo(problem, offers, least), None
    if offers.are_kept:  # else there is so much music that none comes twice
        found = _search(problem, to_go, _Beam(costs, *_FIRST_PASS), None)
        target = math.inf if found is None else found.cost / _MICRO
        if math.isfinite(target) and not _good_enough(target, least.bound, problem):
            least = price_tracks(problem, offers, least, target)
            to_go = _ToGo(problem, offers, least)
    narrowest = _PASSES[0][0]
    for width, children in _PASSES:
        if found is not None and _good_enough(found.cost / _MICRO, least.bound, problem):
            break
        if width > narrowest and width * problem.last_step > _PASS_BUDGET * problem.stride:
            break
        found = _search(problem, to_go, _Beam(costs, width, children), found)
    if found is None:  # waiting to the end is always a way
        return StepSolution((), 0.0, 0.0)
    cost = found.cost / _MICRO
    # The bound is a sum of rounded terms; it must not pass the cost by a rounding
    return StepSolution(found.legs, cost, max(0.0, min(least.bound, cost)))


def _kept(problem: StepProblem) -> int:
    """Enough arcs at a step that some are left when all tracks so far are used up."""
    most_legs = problem.last_step / float(np.median(problem.arcs.steps)) if len(problem.arcs) else 1.0
    return _FEWEST_KEPT + _ARCS_PER_TRACK * int(most_legs)


def _best(tracks: IntArray, totals: FloatArray, kept: int, count: int) -> IntArray:
    """Pick the best legs, but few of each of so many tracks: a way that played one wants others."""
    # A stable order decides among equals, so that the choice never depends on the machine
    order = np.argsort(totals, kind="stable")
    by_track = np.argsort(tracks[order], kind="stable")
    sorted_tracks = tracks[order][by_track]
    begins = np.searchsorted(sorted_tracks, sorted_tracks)
    rank = np.empty(len(order), dtype=np.int64)
    rank[by_track] = np.arange(len(order)) - begins
    near: IntArray = order[rank < max(_ARCS_PER_TRACK, kept // count)][:kept]
    return near


def _rows(arcs: Arcs, totals: FloatArray, step: int) -> list[_Arc]:
    columns = (arcs.range, arcs.beats, step + arcs.steps, arcs.source_s, arcs.fixed, totals)
    return [_Arc(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _good_enough(cost: float, bound: float, problem: StepProblem) -> bool:
    excess = cost - bound
    return excess <= _GOOD_GAP * bound or excess <= _GOOD_EXCESS * problem.second_of(problem.last_step)


def _search(problem: StepProblem, to_go: _ToGo, beam: _Beam, found: _Label | None) -> _Label | None:
    """One pass of the beam; returns the best complete way, `found` where nothing is better."""
    waiting = {0: [_Label(_micro(to_go.least.bound), 0, (), 0, silent=False)]}
    for step in range(0, problem.last_step, problem.stride):
        here = _select(waiting.pop(step, []), problem, beam.width, found)
        arcs = to_go.arcs(step) if here else []
        for label in here:
            limit = _IMPOSSIBLE if found is None else found.cost
            children = _children(problem, to_go, label, _Offer(arcs, beam, limit))
            for child in [*children, _waited(problem, to_go, label)]:
                if child.step >= problem.last_step:
                    found = _better(child, found)
                elif found is None or child.estimate < found.cost:
                    waiting.setdefault(child.step, []).append(child)
    return found


def _better(label: _Label, found: _Label | None) -> _Label:
    if found is None or (label.cost, label.legs) < (found.cost, found.legs):
        return label
    return found


def _select(labels: list[_Label], problem: StepProblem, width: int, found: _Label | None) -> list[_Label]:
    """Pick the best few ways at a step; of those that differ in order alone, one."""
    chosen: list[_Label] = []
    seen: set[tuple[frozenset[int], tuple[int, ...], bool]] = set()
    for label in sorted(labels):
        if len(chosen) == width or (found is not None and label.estimate >= found.cost):
            break
        played = frozenset(int(problem.track[leg.range]) for leg in label.legs)
        kind = (played, tuple(_last_artists(problem, label)), label.silent)
        if kind not in seen:
            seen.add(kind)
            chosen.append(label)
    return chosen


def _children(problem: StepProblem, to_go: _ToGo, label: _Label, offer: _Offer) -> list[_Label]:
    """Extend a way by its most promising next legs."""
    played = {int(problem.track[leg.range]) for leg in label.legs}
    artists = _last_artists(problem, label)
    children: list[_Label] = []
    unpaid = to_go.unpaid(label)
    for arc in offer.arcs:
        if label.cost + _micro(arc.total - unpaid) >= offer.limit or len(children) == 2 * offer.beam.children:
            break
        cost = None if int(problem.track[arc.range]) in played else offer.beam.costs.of(arc, label.step)
        if cost is None:
            continue
        cost += label.cost + _micro(_again(int(problem.artist[arc.range]), artists) * arc.source_s)
        legs = (*label.legs, PlacedRange(arc.range, arc.beats, label.step))
        rest = float(to_go.least.playing[arc.end]) + float(to_go.least.prices[problem.track[arc.range]])
        children.append(_Label(cost + _micro(rest - unpaid), cost, legs, arc.end, silent=False))
    return sorted(children)[: offer.beam.children]


def _again(artist: int, before: list[int]) -> float:
    """Return the price of hearing an artist again so soon; a wish, not a rule."""
    prices = zip(before, ARTIST_AGAIN_STRETCH, strict=False)
    return sum(price for other, price in prices if other == artist and artist >= 0)


def _last_artists(problem: StepProblem, label: _Label) -> list[int]:
    last = label.legs[: -len(ARTIST_AGAIN_STRETCH) - 1 : -1]
    return [int(problem.artist[leg.range]) for leg in last]


def _waited(problem: StepProblem, to_go: _ToGo, label: _Label) -> _Label:
    after = min(label.step + problem.stride, problem.last_step)
    price = problem.hole_price * (problem.second_of(after) - problem.second_of(label.step))
    cost = label.cost + _micro(price + (0.0 if label.silent else problem.hole_opening))
    rest = float(to_go.least.silent[after]) - to_go.unpaid(label)
    return _Label(cost + _micro(rest), cost, label.legs, after, silent=True)


def _micro(cost: float) -> int:
    return round(cost * _MICRO)
