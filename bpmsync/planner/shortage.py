"""Why music does not cover a run, and what would: each answer was tried, by planning with it.

A hole is a stretch of the run without music. A remedy relaxes one option, so that music of the
library that was left out fills a hole, wholly or the largest part of it. It closes as many
seconds of a hole as are under music with it and are not silent somewhere else instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from bpmsync.errors import PlanError
from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.coverage import Limits, playable, serving
from bpmsync.planner.legs import WarpedLeg, leg_span
from bpmsync.planner.proof import Effort
from bpmsync.planner.ranges import StretchOptions
from bpmsync.timeline.durations import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpmsync.library.shelf import Shelf
    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WholeLeg
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "Case",
    "Closing",
    "Hole",
    "Relaxation",
    "Replan",
    "closed_s",
    "find_closings",
    "holes_of",
    "tries",
]

Replan: TypeAlias = "Callable[[Shelf, Any], Plan[Any]]"

# What is told has to be true, not the best there is
QUICK = Effort(gap=0.05, ways=50_000)

_MOST_OFF = 0.10
_MOST_STRETCH = 0.12
_SHORTEST_S = 30.0
_LONGEST_S = 4 * 3600.0
_SAME_S = 0.5
# Less is nobody's remedy
_LEAST_CLOSED_S = 5.0
# The tempo of a file is its median; parts of it may be so much off
_UNSTEADY = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A run that is to be planned.

    Parameters
    ----------
    shelf, ramp, options
        The music, the target, filters and limits.
    replan : callable
        Plans the run from another shelf or with other options, with as many holes as it takes.
    """

    shelf: Shelf
    ramp: Ramp
    options: Limits
    replan: Replan

    def planned(self, options: Limits) -> Plan[Any] | None:
        """Return the plan with other options; None where what was wished for cannot be played."""
        try:
            return self.replan(self.shelf, options)
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
class Relaxation:
    """One option with a value that lets more music in.

    Parameters
    ----------
    option, value : str
        As typed; a switch has no value.
    options : NativeOptions or StretchOptions
        All options, this one changed.
    """

    option: str
    value: str
    options: Limits

    @property
    def words(self) -> str:
        """The option as it is typed."""
        return f"{self.option} {self.value}".rstrip()


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
    tracks : tuple of Track
        What then plays there, new ones first.
    """

    hole: Hole
    relaxation: Relaxation
    closed_s: float
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
    for values in tries(case) if holes else ():
        best: list[Closing] = []
        for relaxation in values:
            best = _better(best, _tried(case, plan, relaxation))
            if all(one.is_whole for one in best):
                break
        for number, one in enumerate(best):
            if one.closed_s >= min(_LEAST_CLOSED_S, one.hole.length_s - _SAME_S):
                found[number].append(one)
    return tuple(one for some in found for one in _best_of(some))


def tries(case: Case) -> Iterator[list[Relaxation]]:
    """Yield the values that are worth trying, option by option, the gentlest first.

    What lets no music in that could serve any moment of the run is left out.
    """
    shelf, ramp, options = case.shelf, case.ramp, case.options
    for relaxations in _by_option(shelf, ramp, options):
        worth = [one for one in relaxations if _lets_in(shelf, ramp, options, one.options)]
        if worth:
            yield worth


def _by_option(shelf: Shelf, ramp: Ramp, options: Limits) -> Iterator[list[Relaxation]]:
    yield _wider(options)
    shortest_s = min(_SHORTEST_S, options.min_length_s / 2)
    if shortest_s >= 1:
        yield [_shorter(options, math.floor(shortest_s))]
    yield _longer(shelf, ramp, options)
    if options.min_confidence > 0:
        yield [_less_sure(options, 0.0)]
    if not options.spoken:
        yield [Relaxation("--spoken", "", replace(options, spoken=True))]
    if isinstance(options, NativeOptions):
        yield [Relaxation("--stretch", "", _stretched(options))]


def _wider(options: Limits) -> list[Relaxation]:
    if isinstance(options, StretchOptions):
        value, most = options.max_stretch, _MOST_STRETCH
    else:
        value, most = options.max_off, _MOST_OFF
    wider = sorted({round(min(most, 2 * value), 6), most})
    return [_with_limit(options, share) for share in wider if share > value]


def _longer(shelf: Shelf, ramp: Ramp, options: Limits) -> list[Relaxation]:
    """Let in files twice as long, or all that make sense."""
    # Most of an untouched file has to be under the run
    most_s = min(_LONGEST_S, 2 * ramp.duration_s) if isinstance(options, NativeOptions) else _LONGEST_S
    lengths_s = shelf.duration_s[shelf.duration_s <= most_s]
    longest_s = 60.0 * math.ceil(float(lengths_s.max(initial=0.0)) / 60)
    values = sorted({2 * options.max_length_s, max(longest_s, 2 * options.max_length_s)})
    return [_with_longest(options, value) for value in values]


def _with_limit(options: Limits, share: float) -> Relaxation:
    text = f"{100 * share:.4g}%"
    share = float(text[:-1]) / 100
    if isinstance(options, StretchOptions):
        return Relaxation("--max-stretch", text, replace(options, max_stretch=share))
    return Relaxation("--max-off", text, replace(options, max_off=share))


def _shorter(options: Limits, seconds: float) -> Relaxation:
    return Relaxation("--min-length", f"{seconds:g}s", replace(options, min_length_s=seconds))


def _with_longest(options: Limits, seconds: float) -> Relaxation:
    text = format_duration(seconds)
    return Relaxation("--max-length", text, replace(options, max_length_s=parse_duration(text)))


def _less_sure(options: Limits, confidence: float) -> Relaxation:
    text = f"{confidence:.2g}"
    return Relaxation("--min-confidence", text, replace(options, min_confidence=float(text)))


def _stretched(options: NativeOptions) -> StretchOptions:
    """Return the options that plan parts of songs, as --stretch does."""
    # The default is for whole songs
    whole = options.min_length_s == NativeOptions().min_length_s
    shortest_s = StretchOptions().min_length_s if whole else options.min_length_s
    return StretchOptions(
        min_length_s=min(shortest_s, options.max_length_s),
        max_length_s=options.max_length_s,
        min_confidence=options.min_confidence,
        spoken=options.spoken,
        partial=options.partial,
        weights=options.weights,
    )


def _lets_in(shelf: Shelf, ramp: Ramp, before: Limits, after: Limits) -> bool:
    """Whether there is music that may be planned and serves some moment, and did not before."""
    low, high = ramp.lowest_spm * (1 - _UNSTEADY), ramp.highest_spm * (1 + _UNSTEADY)
    serves = serving(shelf, after, low, high)
    if type(after) is not type(before):
        return bool(serves.any())
    # A wider limit may let in more of what serves somewhere already
    limits = ("max_off", "max_stretch", "min_length_s")
    if any(getattr(before, name, None) != getattr(after, name, None) for name in limits[:2]):
        return bool(serves.any())
    if isinstance(after, StretchOptions) and before.min_length_s != after.min_length_s:
        return bool(serves.any())
    return bool((serves & ~playable(shelf, before)).any())


def _tried(case: Case, before: Plan[Any], relaxation: Relaxation) -> list[Closing]:
    """Return what a relaxation does for each hole: with a gentler value, if that does as much."""
    after = case.planned(relaxation.options)
    if after is None:
        return []
    found = _closings(before, after, relaxation)
    gentler = _gentler(relaxation, case.options, after)
    if gentler is None or not any(one.closed_s for one in found):
        return found
    after = case.planned(gentler.options)
    again = [] if after is None else _closings(before, after, gentler)
    as_good = again and all(
        one.closed_s >= other.closed_s - _SAME_S for one, other in zip(again, found, strict=True)
    )
    return again if as_good else found


def _gentler(relaxation: Relaxation, before: Limits, plan: Plan[Any]) -> Relaxation | None:
    """Return the gentlest value that the legs of a plan ask for, rounded; None for the same or a switch."""
    options, legs = relaxation.options, plan.legs
    if not legs or not relaxation.value:
        return None
    if relaxation.option in {"--max-off", "--max-stretch"}:
        margin = options.margin if isinstance(options, StretchOptions) else 0.0
        share = max(_off(leg, plan.ramp) for leg in legs) * (1 + margin)
        found = _with_limit(options, math.ceil(200 * share + 1e-6) / 200)
    elif relaxation.option == "--min-length":
        # The last leg of a stretched run may be shorter
        shortest_s = min((_length_s(leg) for leg in legs[:-1]), default=_length_s(legs[-1]))
        found = _shorter(options, max(1.0, 5.0 * math.floor(shortest_s / 5)))
    elif relaxation.option == "--max-length":
        longest_s = max(leg.track.duration_s for leg in legs)
        found = _with_longest(options, 30.0 * math.ceil(longest_s / 30))
    else:
        doubtful = [leg.track.detection.confidence for leg in legs if not leg.track.override.settles_beat]
        found = _less_sure(options, math.floor(20 * min(doubtful, default=1.0)) / 20)
    ends = sorted((_value(before, relaxation.option), _value(options, relaxation.option)))
    return found if ends[0] < _value(found.options, relaxation.option) < ends[1] else None


def _value(options: Limits, option: str) -> float:
    if option in {"--max-off", "--max-stretch"}:
        return options.max_stretch if isinstance(options, StretchOptions) else options.max_off
    if option == "--min-confidence":
        return options.min_confidence
    return options.min_length_s if option == "--min-length" else options.max_length_s


def _off(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> float:
    """Return how far a leg is from the target at most, or is stretched, as a share."""
    if isinstance(leg, WarpedLeg):
        return leg.worst_stretch_percent(ramp) / 100
    low, high = ramp.range_spm(leg.start_s, leg.end_s)
    return max(leg.native_spm / low - 1, 1 - leg.native_spm / high, 0.0)


def _length_s(leg: WholeLeg | WarpedLeg) -> float:
    return leg.source_end_s - leg.source_start_s if isinstance(leg, WarpedLeg) else leg.duration_s


def _closings(before: Plan[Any], after: Plan[Any], relaxation: Relaxation) -> list[Closing]:
    known = {leg.track.audio_hash for leg in before.legs}
    found = []
    for hole in holes_of(before):
        tracks = []
        for leg in after.legs:
            start_s, end_s = leg_span(leg, after.ramp)
            if min(end_s, hole.end_s) - max(start_s, hole.start_s) > _SAME_S:
                tracks.append(leg.track)
        new_first = sorted(tracks, key=lambda track: track.audio_hash in known)
        found.append(Closing(hole, relaxation, closed_s(hole, before, after), tuple(new_first)))
    return found


def _better(best: list[Closing], other: list[Closing]) -> list[Closing]:
    """Return what closes more, the first of equals."""
    return other if sum(o.closed_s for o in other) > sum(b.closed_s for b in best) + _SAME_S else best


def _best_of(closings: Iterable[Closing]) -> list[Closing]:
    """Return what closes a hole; where nothing does, what closes most of it."""
    every = list(closings)
    whole = [one for one in every if one.is_whole]
    return whole or sorted(every, key=lambda one: -one.closed_s)[:1]


def _silence_s(plan: Plan[Any]) -> float:
    return math.fsum(end - start for start, end in plan.uncovered)
