"""What the rest of a run costs at least, from every step: the guide of the search, and its bound.

The relaxed run may play a track again. Each track then has a price that is paid with every use
and paid back once: a plan uses none twice, so no prices lift the least cost above that of the
best plan, and good ones bring it near (Lagrange multipliers, found by the subgradient with
Polyak's steps). Where music is short this decides: without prices the rest of the run looks
cheap whatever has been used up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bpmsync.planner.stepcosts import StepProblem, arcs_from, optimistic_costs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.planner.arcs import Arcs
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["LeastCosts", "Legs", "Offers", "least_costs", "price_tracks"]

# Legs at all steps together that are kept in memory, 64 bytes each
_MOST_KEPT = 2_000_000
_ROUNDS = 40
# Polyak's step is halved after so many rounds without a better bound
_PATIENCE = 5
_CLOSE = 1e-3


class Legs(NamedTuple):
    """The legs from one step that may keep the limit.

    What they are and cost at least, where they end, and the numbers of their tracks.
    """

    arcs: Arcs
    costs: FloatArray
    ends: IntArray
    tracks: IntArray


class Offers:
    """The legs that may begin on each step, counted once where memory allows.

    Parameters
    ----------
    problem : StepProblem
        The run.
    """

    def __init__(self, problem: StepProblem) -> None:
        self._problem = problem
        self._known: dict[int, Legs] = {}
        self._count = 0

    @property
    def are_kept(self) -> bool:
        """Whether asking for all of them again is cheap."""
        return self._count <= _MOST_KEPT

    def legs(self, step: int) -> Legs:
        """Return the legs from a step."""
        if step in self._known:
            return self._known[step]
        arcs = arcs_from(self._problem, step)
        costs = optimistic_costs(self._problem, step, arcs)
        possible = np.flatnonzero(np.isfinite(costs))
        arcs = arcs.chosen(possible)
        legs = Legs(arcs, costs[possible], step + arcs.steps, self._problem.track[arcs.range])
        self._count += len(possible)
        if self.are_kept:
            self._known[step] = legs
        return legs


@dataclass(frozen=True, slots=True, eq=False)
class LeastCosts:
    """By step: the least cost of the rest, after a leg and within a hole.

    Parameters
    ----------
    playing, silent : numpy.ndarray
        In %^2 s, with the prices of the tracks that are used.
    prices : numpy.ndarray
        By number of the track.
    """

    playing: FloatArray
    silent: FloatArray
    prices: FloatArray

    @property
    def bound(self) -> float:
        """What no plan undercuts."""
        return float(self.playing[0]) - float(self.prices.sum())


def least_costs(problem: StepProblem, offers: Offers, prices: FloatArray) -> LeastCosts:
    """Return the least costs of the rest of a run, from the last step back to the first."""
    longest = int(max(problem.arcs.steps.max(initial=1), problem.table.most_steps.max()))
    playing = np.zeros(problem.last_step + longest + problem.stride + 1)
    silent = np.zeros_like(playing)
    for step in range((problem.last_step - 1) // problem.stride * problem.stride, -1, -problem.stride):
        legs = offers.legs(step)
        best = float((legs.costs + prices[legs.tracks] + playing[legs.ends]).min(initial=np.inf))
        wait = _waiting(problem, step) + silent[_next(problem, step)]
        silent[step] = min(best, wait)
        playing[step] = min(best, problem.hole_opening + wait)
    return LeastCosts(playing, silent, prices)


def price_tracks(problem: StepProblem, offers: Offers, first: LeastCosts, target: float) -> LeastCosts:
    """Return least costs with prices that keep tracks from being used twice.

    Parameters
    ----------
    problem, offers
        The run.
    first : LeastCosts
        To begin with.
    target : float
        What the best plan so far costs.

    Returns
    -------
    LeastCosts
        Those with the highest bound; `first` where none is higher.
    """
    best = tried = first
    share, since = 1.0, 0
    for _ in range(_ROUNDS):
        excess = np.bincount(list(_used(problem, offers, tried)), minlength=len(first.prices)) - 1.0
        excess[(tried.prices <= 0) & (excess < 0)] = 0.0
        size = float(excess @ excess)
        if size == 0 or target - best.bound <= _CLOSE * target:
            break
        move = share * (target - tried.bound) / size
        tried = least_costs(problem, offers, np.maximum(tried.prices + move * excess, 0.0))
        since += 1
        if tried.bound > best.bound:
            best, since = tried, 0
        elif since == _PATIENCE:
            share, since, tried = share / 2, 0, best
    return best


def _used(problem: StepProblem, offers: Offers, least: LeastCosts) -> Iterator[int]:
    """Yield the tracks of the cheapest relaxed run."""
    step, silent = 0, False
    while step < problem.last_step:
        legs = offers.legs(step)
        totals = legs.costs + least.prices[legs.tracks] + least.playing[legs.ends]
        opening = 0.0 if silent else problem.hole_opening
        wait = opening + _waiting(problem, step) + least.silent[_next(problem, step)]
        if len(totals) and totals.min() <= wait:
            chosen = int(totals.argmin())
            yield int(legs.tracks[chosen])
            step, silent = int(legs.ends[chosen]), False
        else:
            step, silent = _next(problem, step), True


def _next(problem: StepProblem, step: int) -> int:
    return min(step + problem.stride, problem.last_step)


def _waiting(problem: StepProblem, step: int) -> float:
    """Return the price of silence from a step to the next."""
    return problem.hole_price * (problem.second_of(_next(problem, step)) - problem.second_of(step))
