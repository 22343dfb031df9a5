"""A run against a library: where music is thin, where there is none, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bpmsync.planner.additions import Additions, find_additions
from bpmsync.planner.candidates import require_length
from bpmsync.planner.coverage import run_parts
from bpmsync.planner.native import best_native
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.shortage import QUICK, Case, Closing, Hole, find_closings, holes_of
from bpmsync.planner.stretch import best_stretch

if TYPE_CHECKING:
    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.coverage import Limits, RunPart
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.proof import Effort
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Survey", "survey_run"]


@dataclass(frozen=True, slots=True)
class Survey:
    """What a library has for a run.

    Parameters
    ----------
    plan : Plan
        The best there is, with holes.
    parts : tuple of RunPart
        Minutes of music against minutes needed, along the run.
    closings : tuple of Closing
        What would close the holes, hole by hole.
    additions : Additions
        What to add.
    """

    plan: Plan[Any]
    parts: tuple[RunPart, ...]
    closings: tuple[Closing, ...]
    additions: Additions

    __hash__ = None  # type: ignore[assignment]  # holds tracks

    @property
    def holes(self) -> tuple[Hole, ...]:
        """What of the run has no music."""
        return holes_of(self.plan)

    def remedies(self, hole: Hole) -> tuple[Closing, ...]:
        """Return what would close one of the holes."""
        return tuple(one for one in self.closings if one.hole == hole)


def survey_run(shelf: Shelf, ramp: Ramp, options: Limits, *, effort: Effort | None = None) -> Survey:
    """Return what a library has for a run, and what would close its holes.

    Parameters
    ----------
    shelf : Shelf
        The library; empty is allowed.
    ramp : Ramp
        The run.
    options : NativeOptions or StretchOptions
        The kind of plan, its filters and limits.
    effort : Effort, optional
        Of the plan; what would help is first tried with less.

    Raises
    ------
    ParameterError
        If the ramp has no length, or more than 24 hours.
    """
    require_length(ramp)

    def planned(shelf: Shelf, options: Limits, effort: Effort | None) -> Plan[Any]:
        if isinstance(options, StretchOptions):
            return best_stretch(shelf, ramp, options, None, effort)
        return best_native(shelf, ramp, options, None, effort)

    case = Case(
        shelf,
        ramp,
        options,
        lambda shelf, options: planned(shelf, options, QUICK),
        lambda shelf, options: planned(shelf, options, effort),
    )
    plan = planned(shelf, options, effort)
    additions = find_additions(case, plan) if plan.uncovered else Additions()
    return Survey(plan, run_parts(shelf, ramp, options), find_closings(case, plan), additions)
