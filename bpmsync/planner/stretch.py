"""Plan a run from warped music: every beat on a step, as gently as the music allows.

Legs are ranges of beats, each on whole steps, one after another from step 0 to the step that
ends the run. The last leg goes on to the bar line at or after it, so that the music never
stops within a bar. What no music can serve within the limit is uncovered time: an error that
says where and what would help, or a hole by name where the caller allows it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.legs import Plan, WarpedLeg
from bpmsync.planner.ranges import StretchOptions, find_ranges, stretch_refusal
from bpmsync.planner.shortfall import clock_of, more_music, spm_span
from bpmsync.planner.stepcosts import make_step_problem
from bpmsync.planner.stepsolver import solve_steps
from bpmsync.timeline.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.ranges import BeatRange
    from bpmsync.timeline.ramp import Ramp

__all__ = ["StretchOptions", "plan_stretch"]

_SHORTEST_RUN_S = 1.0
_LONGEST_RUN_S = 24 * 3600.0
_MOST_STRETCH_ADVISED = 0.12
_SHORTEST_ADVISED_S = 30.0
_LAST_STEP_SLACK = 1e-6
# Ends that are kept free for fades are left over in any plan
_WORTH_TRYING = 1.1


def plan_stretch(
    tracks: Sequence[Track], ramp: Ramp, options: StretchOptions | None = None
) -> Plan[WarpedLeg]:
    """Return ranges of beats that carry a runner along a ramp, a beat on every step.

    Parameters
    ----------
    tracks : sequence of Track
        What may be played, in any order; copies of one recording count once, and imported
        songs have no sound.
    ramp : Ramp
        The target; its last knot ends the run.
    options : StretchOptions, optional
        Limits and filters.

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
        If a part of the run stays without music (and `partial` is off), or all of it does.
    """
    options = options or StretchOptions()
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


def _planned(tracks: Sequence[Track], ramp: Ramp, options: StretchOptions) -> Plan[WarpedLeg]:
    """Return the best plan there is, holes or not."""
    ranges = find_ranges(tracks, ramp, options)
    solution = solve_steps(make_step_problem(ranges, ramp, options)) if ranges else None
    legs = tuple(
        WarpedLeg(
            ranges[placed.range].track,
            ranges[placed.range].first_beat,
            ranges[placed.range].first_beat + placed.beats,
            ranges[placed.range].steps_per_beat,
            placed.step,
        )
        for placed in (solution.legs if solution else ())
    )
    return Plan(
        ramp,
        legs,
        mode="stretch",
        parameters=asdict(options),
        cost=solution.cost if solution else 0.0,
        bound=solution.bound if solution else 0.0,
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


def _nothing_fits(tracks: Sequence[Track], ramp: Ramp, options: StretchOptions) -> str:
    far = f"never within {_percent(options)} at 1, 2 and 1/2 steps per beat"
    reasons = Counter(stretch_refusal(track, options) or far for track in tracks)
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    what = "the only track does not fit" if len(tracks) == 1 else f"none of {len(tracks)} tracks fits"
    best = _best_advice(_planned(tracks, ramp, options), tracks, options)
    return (
        f"cannot follow {spm_span(ramp.lowest_spm, ramp.highest_spm)} for "
        f"{format_duration(ramp.duration_s)}: {what} ({why}); "
        f"{best or more_music(ramp.lowest_spm, ramp.highest_spm)}"
    )


def _not_covered(plan: Plan[WarpedLeg], tracks: Sequence[Track], options: StretchOptions) -> str:
    start_s, end_s = max(plan.uncovered, key=lambda span: (span[1] - span[0], -span[0]))
    low, high = plan.ramp.range_spm(start_s, end_s)
    holes = "the hole is" if len(plan.uncovered) == 1 else f"the largest of {len(plan.uncovered)} holes is"
    advice = _best_advice(plan, tracks, options) or more_music(low, high)
    return (
        f"the music covers {format_duration(plan.covered_s)} of {format_duration(plan.duration_s)} "
        f"stretched by at most {_percent(options)}: {holes} from {clock_of(start_s)} to "
        f"{clock_of(end_s)}, at {spm_span(low, high)}; {advice}; --partial plans with the hole left silent"
    )


def _best_advice(plan: Plan[WarpedLeg], tracks: Sequence[Track], options: StretchOptions) -> str | None:
    """Name the one changed option that covers most of the run; None where none helps."""
    best, most_s = None, plan.covered_s + 1.0
    played_s = sum(leg.source_end_s - leg.source_start_s for leg in plan.legs)
    for words, changed in _relaxations(tracks, options):
        # A plan takes seconds: none is tried for music that plays already
        if _music_s(find_ranges(tracks, plan.ramp, changed)) <= _WORTH_TRYING * played_s:
            continue
        tried = _planned(tracks, plan.ramp, changed)
        if tried.covered_s > most_s:
            filled = "all of it" if not tried.uncovered else format_duration(tried.covered_s)
            best, most_s = f"{words} covers {filled}", tried.covered_s
    return best


def _music_s(ranges: Sequence[BeatRange]) -> float:
    """Return how much music ranges hold, the longest of each recording, in seconds of it."""
    longest: dict[str, float] = {}
    for one in ranges:
        grid = one.track.grid
        if grid is not None:
            length_s = float(grid.beats[one.first_beat + int(one.ends[-1])] - grid.beats[one.first_beat])
            longest[one.track.audio_hash] = max(length_s, longest.get(one.track.audio_hash, 0.0))
    return sum(longest.values())


def _relaxations(tracks: Sequence[Track], options: StretchOptions) -> Iterator[tuple[str, StretchOptions]]:
    wider = min(_MOST_STRETCH_ADVISED, 2 * options.max_stretch)
    if wider > options.max_stretch:
        yield f"--max-stretch {100 * wider:.3g}%", replace(options, max_stretch=wider)
    shorter = min(_SHORTEST_ADVISED_S, options.min_length_s / 2)
    if shorter >= 1:
        yield f"--min-length {shorter:g}s", replace(options, min_length_s=shorter)
    longer = 2 * options.max_length_s
    if any(options.max_length_s < track.duration_s <= longer for track in tracks):
        yield f"--max-length {format_duration(longer)}", replace(options, max_length_s=longer)
    if options.min_confidence > 0:
        yield "--min-confidence 0", replace(options, min_confidence=0.0)


def _percent(options: StretchOptions) -> str:
    return f"{100 * options.max_stretch:.3g} %"
