"""Plan a run from untouched files: whole tracks in order, each near the target throughout.

A playlist can neither trim nor stretch. So the hard limit holds for the lowest and the
highest target under a leg, and what no track can serve within it is uncovered time: an
error that says where and what would help, or a hole by name where the caller allows it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.candidates import Candidate, NativeOptions, find_candidates, refusal
from bpmsync.planner.costs import US, make_problem
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.shortfall import clock_of, more_music, spm_span
from bpmsync.planner.solver import solve
from bpmsync.timeline.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.library.track import Track
    from bpmsync.timeline.ramp import Ramp

__all__ = ["NativeOptions", "find_holes", "plan_native"]

_SHORTEST_RUN_S = 1.0
_LONGEST_RUN_S = 24 * 3600.0
_MOST_OFF_ADVISED = 0.10
_SHORTEST_ADVISED_S = 30.0


def plan_native(tracks: Sequence[Track], ramp: Ramp, options: NativeOptions | None = None) -> Plan:
    """Return whole tracks whose step tempo follows a ramp.

    Parameters
    ----------
    tracks : sequence of Track
        What may be played, in any order; copies of one recording count once.
    ramp : Ramp
        The target; its last knot ends the run.
    options : NativeOptions, optional
        Limits and filters.

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
        If a part of the run stays without music (and `partial` is off), or all of it does.
    """
    options = options or NativeOptions()
    if not _SHORTEST_RUN_S <= ramp.duration_s <= _LONGEST_RUN_S:
        msg = f"a run of {ramp.duration_s:g} s cannot be planned: from 1 s to 24 hours (--duration 40m)"
        raise ParameterError(msg)
    if not tracks:
        msg = "there is no music to plan with: scan a folder first (bpmsync scan MUSIC), or widen the query"
        raise PlanError(msg)
    plan = _planned(tracks, ramp, options)
    if not plan.legs:
        raise PlanError(_nothing_fits(tracks, ramp, options))
    if plan.uncovered and not options.partial:
        raise PlanError(_not_covered(plan, tracks, options))
    return plan


def _planned(tracks: Sequence[Track], ramp: Ramp, options: NativeOptions) -> Plan:
    """Return the best plan there is, holes or not."""
    candidates = find_candidates(tracks, ramp, options)
    if not candidates:
        return Plan(ramp, (), uncovered=((0.0, ramp.duration_s),))
    solution = solve(make_problem(candidates, ramp, max_off=options.max_off))
    legs = tuple(_leg(candidates[placed.candidate], placed.start_us) for placed in solution.legs)
    return Plan(
        ramp,
        legs,
        parameters=_parameters(options),
        cost=solution.cost,
        bound=solution.bound,
        uncovered=find_holes(legs, ramp.duration_s),
    )


def _leg(candidate: Candidate, start_us: int) -> WholeLeg:
    return WholeLeg(candidate.track, candidate.steps_per_beat, start_us / US)


def _parameters(options: NativeOptions) -> dict[str, str | float | bool | None]:
    return {
        "max_off": options.max_off,
        "min_length_s": float(options.min_length_s),
        "max_length_s": float(options.max_length_s),
        "min_confidence": float(options.min_confidence),
        "spoken": options.spoken,
        "partial": options.partial,
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


def _nothing_fits(tracks: Sequence[Track], ramp: Ramp, options: NativeOptions) -> str:
    reasons: dict[str, int] = {}
    for track in tracks:
        reason = (
            refusal(track, options) or f"more than {options.max_off:.3g} off at 1, 2 and 1/2 steps per beat"
        )
        reasons[reason] = reasons.get(reason, 0) + 1
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    what = "the only track does not fit" if len(tracks) == 1 else f"none of {len(tracks)} tracks fits"
    best = _best_advice(_planned(tracks, ramp, options), tracks, options)
    return (
        f"cannot follow {spm_span(ramp.lowest_spm, ramp.highest_spm)} "
        f"for {format_duration(ramp.duration_s)}: {what} ({why}); "
        f"{best or more_music(ramp.lowest_spm, ramp.highest_spm)}"
    )


def _not_covered(plan: Plan, tracks: Sequence[Track], options: NativeOptions) -> str:
    start_s, end_s = max(plan.uncovered, key=lambda span: (span[1] - span[0], -span[0]))
    low, high = plan.ramp.range_spm(start_s, end_s)
    holes = "the hole is" if len(plan.uncovered) == 1 else f"the largest of {len(plan.uncovered)} holes is"
    advice = _best_advice(plan, tracks, options) or more_music(low, high)
    return (
        f"the music covers {format_duration(plan.covered_s)} of {format_duration(plan.duration_s)} "
        f"within {100 * options.max_off:.3g} %: {holes} from {clock_of(start_s)} to {clock_of(end_s)}, "
        f"at {spm_span(low, high)}; {advice}; --partial plans with the hole left silent"
    )


def _best_advice(plan: Plan, tracks: Sequence[Track], options: NativeOptions) -> str | None:
    """Name the one changed option that covers most of the run; None where none helps."""
    best, most_s = None, plan.covered_s + 1.0
    for words, changed in _relaxations(tracks, options):
        tried = _planned(tracks, plan.ramp, changed)
        if tried.covered_s > most_s:
            filled = "all of it" if not tried.uncovered else format_duration(tried.covered_s)
            best, most_s = f"{words} covers {filled}", tried.covered_s
    return best


def _relaxations(tracks: Sequence[Track], options: NativeOptions) -> Iterator[tuple[str, NativeOptions]]:
    wider = min(_MOST_OFF_ADVISED, 2 * options.max_off)
    if wider > options.max_off:
        yield f"--max-off {100 * wider:.3g}%", replace(options, max_off=wider)
    shorter = min(_SHORTEST_ADVISED_S, options.min_length_s / 2)
    if shorter >= 1 and any(shorter <= track.duration_s < options.min_length_s for track in tracks):
        yield f"--min-length {shorter:g}s", replace(options, min_length_s=shorter)
    longer = 2 * options.max_length_s
    if any(options.max_length_s < track.duration_s <= longer for track in tracks):
        yield f"--max-length {format_duration(longer)}", replace(options, max_length_s=longer)
    if options.min_confidence > 0:
        yield "--min-confidence 0", replace(options, min_confidence=0.0)
