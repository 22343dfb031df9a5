"""Why music does not cover a run, and what would: each answer was tried, by planning with it.

A hole is a stretch of the run without music. A remedy relaxes one option, so that music of the
library that was left out fills a hole, wholly or the largest part of it. It closes as many
seconds of a hole as are under music with it and are not silent somewhere else instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from bpmsync.errors import PlanError
from bpmsync.planner.legs import leg_span
from bpmsync.planner.proof import Effort
from bpmsync.planner.relaxations import gentler, tries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.library.track import Track
    from bpmsync.planner.coverage import Limits
    from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
    from bpmsync.planner.relaxations import Relaxation
    from bpmsync.timeline.ramp import Ramp

__all__ = ["QUICK", "Case", "Closing", "Hole", "Replan", "closed_s", "find_closings", "holes_of"]

Replan: TypeAlias = "Callable[[Shelf, Any], Plan[Any]]"

# What is told has to be true, not the best there is
QUICK = Effort(gap=0.05, ways=50_000)

_SAME_S = 0.5
# Less is nobody's remedy
_LEAST_CLOSED_S = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A run that is to be planned.

    Parameters
    ----------
    shelf, ramp, options
        The music, the target, filters and limits.
    replan : callable
        Plans the run from another shelf or with other options, with as many holes as it takes.
    sure : callable, optional
        The same with the effort of the plan itself: it has the last word.
    """

    shelf: Shelf
    ramp: Ramp
    options: Limits
    replan: Replan
    sure: Replan | None = None

    def planned(self, options: Limits, *, surely: bool = False) -> Plan[Any] | None:
        """Return the plan with other options; None where what was wished for cannot be played."""
        replan = self.sure if surely and self.sure is not None else self.replan
        try:
            return replan(self.shelf, options)
        except PlanError:
            return None


@dataclass(frozen=True, slots=True)
class Hole:
    """Run seconds without music, and the targets there."""

    start_s: float
    end_s: float
    low_spm: float
    high_spm: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Closing:
    """What a relaxation does for one hole.

    Parameters
    ----------
    hole : Hole
        Without it.
    relaxation : Relaxation
        What was tried.
    closed_s : float
        How many seconds of the hole have music with it.
    silent_s : float
        How many seconds of the whole run have none even so.
    tracks : tuple of Track
        What then plays there, or elsewhere in place of it, and did not before.
    """

    hole: Hole
    relaxation: Relaxation
    closed_s: float
    silent_s: float
    tracks: tuple[Track, ...]

    __hash__ = None  # type: ignore[assignment]  # holds tracks

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left of the hole."""
        return self.closed_s >= self.hole.length_s - _SAME_S


def holes_of(plan: Plan[Any]) -> tuple[Hole, ...]:
    """Return the holes of a plan, in order."""
    return tuple(Hole(*span, *plan.ramp.range_spm(*span)) for span in sorted(plan.uncovered))


def closed_s(hole: Hole, before: Plan[Any], after: Plan[Any]) -> float:
    """Return how many seconds of a hole another plan fills, without silence elsewhere instead."""
    left = math.fsum(
        max(0.0, min(end, hole.end_s) - max(start, hole.start_s)) for start, end in after.uncovered
    )
    return max(0.0, min(hole.length_s - left, _silence_s(before) - _silence_s(after)))


def find_closings(case: Case, plan: Plan[Any]) -> tuple[Closing, ...]:
    """Return what would fill the holes of a plan.

    Parameters
    ----------
    case : Case
        The run.
    plan : Plan
        Its plan, with holes.

    Returns
    -------
    tuple of Closing
        Hole by hole: all that close it, the gentlest of each option, or the one that
        closes the largest part of it. Each was planned with.
    """
    holes = holes_of(plan)
    found: list[list[Closing]] = [[] for _ in holes]
    for values in tries(case.shelf, case.ramp, case.options) if holes else ():
        best: list[Closing] = []
        for relaxation in values:
            best = _better(best, _tried(case, plan, relaxation))
            if all(one.is_whole for one in best):
                break
        for some, one in zip(found, best, strict=False):
            some.append(one)
    chosen = [_best_of(some) for some in found]
    if case.sure is not None:
        chosen = _sure_ones(case, plan, chosen)
    return tuple(one for some in chosen for one in some)


def _sure_ones(case: Case, plan: Plan[Any], chosen: list[list[Closing]]) -> list[list[Closing]]:
    """Return what still closes a hole when the run is planned as `plan` was.

    Where nothing is silent any more a longer search finds nothing worse; else it may leave
    other holes.
    """
    doubtful = {one.relaxation.words: one for some in chosen for one in some if one.silent_s > _SAME_S}
    told: dict[str, list[Closing]] = {}
    for words, one in doubtful.items():
        after = case.planned(one.relaxation.options, surely=True)
        told[words] = [] if after is None else _closings(plan, after, one.relaxation)
    found = []
    for number, some in enumerate(chosen):
        surely = [one for closing in some for one in _told(closing, told, number)]
        found.append(_best_of(surely))
    return found


def _told(closing: Closing, told: dict[str, list[Closing]], number: int) -> list[Closing]:
    """Return what a second look says about one hole, or what the first did where there was none."""
    words = closing.relaxation.words
    return told[words][number : number + 1] if words in told else [closing]


def _tried(case: Case, before: Plan[Any], relaxation: Relaxation) -> list[Closing]:
    """Return what a relaxation does for each hole: with a gentler value, if that does as much."""
    after = case.planned(relaxation.options)
    if after is None:
        return []
    found = _closings(before, after, relaxation)
    milder = gentler(relaxation, case.options, after)
    if milder is None or not any(one.closed_s for one in found):
        return found
    after = case.planned(milder.options)
    again = [] if after is None else _closings(before, after, milder)
    as_good = again and all(
        one.closed_s >= other.closed_s - _SAME_S for one, other in zip(again, found, strict=True)
    )
    return again if as_good else found


def _closings(before: Plan[Any], after: Plan[Any], relaxation: Relaxation) -> list[Closing]:
    known = {leg.track.audio_hash for leg in before.legs}
    new = [leg for leg in after.legs if leg.track.audio_hash not in known]
    found = []
    for hole in holes_of(before):
        # Where what was there before has moved into the hole, new music makes room for it elsewhere
        legs = _under(hole, new, after) or new or _under(hole, after.legs, after)
        tracks = tuple(leg.track for leg in legs)
        found.append(Closing(hole, relaxation, closed_s(hole, before, after), _silence_s(after), tracks))
    return found


def _under(hole: Hole, legs: Sequence[WholeLeg | WarpedLeg], plan: Plan[Any]) -> list[WholeLeg | WarpedLeg]:
    """Return which legs of a plan play where there was a hole."""
    found = []
    for leg in legs:
        start_s, end_s = leg_span(leg, plan.ramp)
        if min(end_s, hole.end_s) - max(start_s, hole.start_s) > _SAME_S:
            found.append(leg)
    return found


def _better(best: list[Closing], other: list[Closing]) -> list[Closing]:
    """Return what closes more, the first of equals."""
    return other if sum(o.closed_s for o in other) > sum(b.closed_s for b in best) + _SAME_S else best


def _best_of(closings: Iterable[Closing]) -> list[Closing]:
    """Return what closes a hole; where nothing does, what closes most of it."""
    every = [one for one in closings if one.closed_s >= min(_LEAST_CLOSED_S, one.hole.length_s - _SAME_S)]
    whole = [one for one in every if one.is_whole]
    return whole or sorted(every, key=lambda one: -one.closed_s)[:1]


def _silence_s(plan: Plan[Any]) -> float:
    return math.fsum(end - start for start, end in plan.uncovered)
