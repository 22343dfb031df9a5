"""Plan a run from untouched files: whole tracks in order, each near the target throughout.

A playlist can neither trim nor stretch. So the hard limit holds for the lowest and the
highest target under a leg, and what no track can serve within it is uncovered time: an
error that says where and what would help, or a hole by name where the caller allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bpmsync.errors import PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import NativeOptions, require_length
from bpmsync.planner.costs import US
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.proof import Effort, prove
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.shortage import QUICK, Case
from bpmsync.planner.shortfall import not_covered, nothing_fits
from bpmsync.planner.stretch import best_stretch
from bpmsync.planner.wholetask import WholeTask, find_items
from bpmsync.planner.wishes import Wishes, unheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bpmsync.library.track import Track
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Effort", "NativeOptions", "Wishes", "best_native", "find_holes", "plan_native"]


def plan_native(
    tracks: Iterable[Track] | Shelf,
    ramp: Ramp,
    options: NativeOptions | None = None,
    *,
    wishes: Wishes | None = None,
    effort: Effort | None = None,
) -> Plan:
    """Return whole tracks whose step tempo follows a ramp.

    Parameters
    ----------
    tracks : iterable of Track, or Shelf
        What may be played, in any order; copies of one recording count once.
    ramp : Ramp
        The target; its last knot ends the run.
    options : NativeOptions, optional
        Limits and filters.
    wishes : Wishes, optional
        What the run has to hold, and what was played lately.
    effort : Effort, optional
        How near to the bound a plan has to be.

    Returns
    -------
    Plan
        No recording comes twice, and no leg is further than `max_off` from any target under
        it. The last leg may end after the run by half its length; the music may stop early
        by half of the last leg, or 30 s. Equal input gives an equal plan.

    Raises
    ------
    ParameterError
        If the ramp has no length, or more than 24 hours.
    PlanError
        If a part of the run stays without music (and `partial` is off), or all of it does; if
        something that has to be played cannot be.
    """
    options = options or NativeOptions()
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
    options: NativeOptions
    wishes: Wishes
    effort: Effort

    __hash__ = None  # type: ignore[assignment]  # holds a shelf


def best_native(
    shelf: Shelf,
    ramp: Ramp,
    options: NativeOptions,
    wishes: Wishes | None = None,
    effort: Effort | None = None,
) -> Plan:
    """Return what `plan_native` returns, or a plan with holes, or no leg, where it raises an error."""
    return _planned(_Request(shelf, ramp, options, wishes or Wishes(), effort or Effort()))


def _case(request: _Request) -> Case:
    """Return what tells why music does not cover a run."""

    def replan(shelf: Shelf, options: NativeOptions | StretchOptions) -> Plan[Any]:
        if isinstance(options, StretchOptions):
            return best_stretch(shelf, request.ramp, options, request.wishes, QUICK)
        return best_native(shelf, request.ramp, options, request.wishes, QUICK)

    return Case(request.shelf, request.ramp, request.options, replan)


def _planned(request: _Request) -> Plan:
    """Return the best plan there is, holes or not."""
    shelf, ramp, options = request.shelf, request.ramp, request.options
    items = find_items(shelf, ramp, options, request.wishes)
    if not len(items.row) or not set(request.wishes.held) <= set(items.row.tolist()):
        return Plan(ramp, (), uncovered=((0.0, ramp.duration_s),))
    found = prove(WholeTask(shelf, items, ramp, options, request.wishes), request.effort)
    played = shelf.fetch([int(items.row[item]) for item, _, _ in found.legs])
    legs = tuple(
        WholeLeg(track, items.steps_per_beat(item), start_us / US)
        for track, (item, _, start_us) in zip(played, found.legs, strict=True)
    )
    return Plan(
        ramp,
        legs,
        parameters=_parameters(options),
        cost=found.cost if legs else 0.0,
        bound=found.bound if legs else 0.0,
        uncovered=find_holes(legs, ramp.duration_s),
    )


def _parameters(options: NativeOptions) -> dict[str, str | float | bool | None]:
    return {
        "max_off": options.max_off,
        "min_length_s": float(options.min_length_s),
        "max_length_s": float(options.max_length_s),
        "min_confidence": float(options.min_confidence),
        "spoken": options.spoken,
        "partial": options.partial,
        **({"weights": text} if (text := options.weights.text()) else {}),
    }


def find_holes(legs: Sequence[WholeLeg], run_s: float) -> tuple[tuple[float, float], ...]:
    """Return the run seconds [start, end] without music; ending a little early is no hole."""
    return tuple(_holes(legs, run_s))


def _holes(legs: Sequence[WholeLeg], run_s: float) -> Iterator[tuple[float, float]]:
    # A hole is at least a cell of the solver long, far above the rounding of two starts
    rounding_s = 1e-5
    first_s = legs[0].start_s if legs else run_s
    if first_s > rounding_s:
        yield 0.0, first_s
    for one, following in pairwise(legs):
        if following.start_s > one.end_s + rounding_s:
            yield one.end_s, following.start_s
    if legs and run_s - legs[-1].end_s > max(30.0, legs[-1].duration_s / 2) + rounding_s:
        yield legs[-1].end_s, run_s
