"""Plan a run from warped music: every beat on a step, as gently as the music allows.

Legs are ranges of beats, each on whole steps, one after another from step 0 to the step that
ends the run. The last leg goes on to the bar line at or after it, so that the music never
stops within a bar. What no music can serve within the limit is uncovered time: an error that
says where and what would help, or a hole by name where the caller allows it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import require_length
from bpmsync.planner.legs import Plan, WarpedLeg
from bpmsync.planner.proof import Effort, prove
from bpmsync.planner.ranges import StretchOptions, find_ranges
from bpmsync.planner.reading import worth_looking_at
from bpmsync.planner.shortage import QUICK, Case
from bpmsync.planner.shortfall import not_covered, nothing_fits
from bpmsync.planner.warpedtask import WarpedTask
from bpmsync.planner.wishes import Wishes, unheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.ranges import BeatRange
    from bpmsync.planner.reading import Unread
    from bpmsync.timeline.arrays import IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Effort", "StretchOptions", "Wishes", "best_stretch", "plan_stretch"]

_LAST_STEP_SLACK = 1e-6


def plan_stretch(
    tracks: Iterable[Track] | Shelf,
    ramp: Ramp,
    options: StretchOptions | None = None,
    *,
    wishes: Wishes | None = None,
    effort: Effort | None = None,
) -> Plan[WarpedLeg]:
    """Return ranges of beats that carry a runner along a ramp, a beat on every step.

    Parameters
    ----------
    tracks : iterable of Track, or Shelf
        What may be played, in any order; copies of one recording count once, and imported
        songs have no sound.
    ramp : Ramp
        The target; its last knot ends the run.
    options : StretchOptions, optional
        Limits and filters.
    wishes : Wishes, optional
        What the run has to hold, and what was played lately.
    effort : Effort, optional
        How near to the bound a plan has to be.

    Returns
    -------
    Plan of WarpedLeg
        No recording comes twice, and no beat interval is stretched beyond the limit. The
        first leg begins on step 0 and each later one on the last step of the leg before it;
        the last one ends on the first bar line at or after the last whole step of the run.
        Equal input gives an equal plan.

    Raises
    ------
    ParameterError
        If the ramp has no length, or more than 24 hours.
    PlanError
        If a part of the run stays without music (and `partial` is off), or all of it does; if
        something that has to be played cannot be.
    """
    options = options or StretchOptions()
    require_length(ramp)
    shelf = tracks if isinstance(tracks, Shelf) else Shelf.of(tracks)
    if not len(shelf):
        msg = "there is no music to plan with: scan a folder first (bpmsync scan MUSIC), or widen the query"
        raise PlanError(msg)
    request = _Request(shelf, ramp, options, wishes or Wishes(), effort or Effort())
    plan = _planned(request)
    if not plan.legs and request.wishes.held:
        raise PlanError(unheld(shelf, request.wishes))
    if not plan.legs:
        raise PlanError(nothing_fits(_case(request), plan))
    if plan.uncovered and not options.partial:
        raise PlanError(not_covered(_case(request), plan))
    return plan


@dataclass(frozen=True, slots=True)
class _Request:
    """All that a plan is made from."""

    shelf: Shelf
    ramp: Ramp
    options: StretchOptions
    wishes: Wishes
    effort: Effort

    __hash__ = None  # type: ignore[assignment]  # holds a shelf

    def ranges(self) -> tuple[list[BeatRange], IntArray, Unread | None]:
        """Return the ranges worth looking at, the row of each, and what others cost at least."""
        rows, unread = worth_looking_at(self.shelf, self.ramp, self.options, self.wishes)
        stale = self.options.weights.recent * self.wishes.staleness(self.shelf)
        found, row_of = [], []
        for row, track in zip(rows.tolist(), self.shelf.fetch(rows), strict=True):
            for one in find_ranges(track, self.ramp, self.options):
                found.append(replace(one, penalty=one.penalty + float(stale[row])))
                row_of.append(row)
        return found, np.array(row_of, dtype=np.int64), unread


def best_stretch(
    shelf: Shelf,
    ramp: Ramp,
    options: StretchOptions,
    wishes: Wishes | None = None,
    effort: Effort | None = None,
) -> Plan[WarpedLeg]:
    """Return what `plan_stretch` returns, or a plan with holes, or no leg, where it raises an error."""
    return _planned(_Request(shelf, ramp, options, wishes or Wishes(), effort or Effort()))


def _case(request: _Request) -> Case:
    """Return what tells why music does not cover a run."""

    def replan(shelf: Shelf, options: StretchOptions) -> Plan[WarpedLeg]:
        return best_stretch(shelf, request.ramp, options, request.wishes, QUICK)

    return Case(request.shelf, request.ramp, request.options, replan)


def _planned(request: _Request) -> Plan[WarpedLeg]:
    """Return the best plan there is, holes or not."""
    shelf, ramp, options = request.shelf, request.ramp, request.options
    ranges, row_of, unread = request.ranges()
    found = None
    if ranges and set(request.wishes.held) <= set(row_of.tolist()):
        task = WarpedTask((ranges, row_of, shelf), ramp, options, wishes=request.wishes, unread=unread)
        found = prove(task, request.effort)
    legs = tuple(
        WarpedLeg(
            ranges[number].track,
            ranges[number].first_beat,
            ranges[number].first_beat + beats,
            ranges[number].steps_per_beat,
            step,
        )
        for number, beats, step in (found.legs if found else ())
    )
    weights = options.weights.text()
    parameters = {name: value for name, value in asdict(options).items() if name != "weights"}
    return Plan(
        ramp,
        legs,
        mode="stretch",
        parameters={**parameters, **({"weights": weights} if weights else {})},
        cost=found.cost if found and legs else 0.0,
        bound=found.bound if found and legs else 0.0,
        uncovered=tuple(_holes(legs, ramp)),
    )


def _holes(legs: Sequence[WarpedLeg], ramp: Ramp) -> Iterator[tuple[float, float]]:
    """Run seconds [start, end] of the steps without music."""
    if not legs:
        yield 0.0, ramp.duration_s
        return
    if legs[0].first_step:
        yield 0.0, legs[0].start_s(ramp)
    for one, following in pairwise(legs):
        if one.last_step < following.first_step:
            yield one.end_s(ramp), following.start_s(ramp)
    # A run that ends between two steps is filled by the last whole one
    if legs[-1].last_step + 1 <= float(ramp.steps_at(ramp.duration_s)) + _LAST_STEP_SLACK:
        yield legs[-1].end_s(ramp), ramp.duration_s
