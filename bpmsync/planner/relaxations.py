"""One option relaxed so that more music may be planned: which are worth trying, and how far.

Options are named and valued as they are typed, so that whoever reads one can type it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.coverage import Limits, playable, serving
from bpmsync.planner.legs import WarpedLeg
from bpmsync.planner.ranges import StretchOptions
from bpmsync.timeline.durations import format_duration, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.legs import Plan, WholeLeg
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Relaxation", "gentler", "tries"]

_MOST_OFF = 0.10
_MOST_STRETCH = 0.12
_SHORTEST_S = 30.0
_LONGEST_S = 4 * 3600.0
# The tempo of a file is its median; parts of it may be so much off
_UNSTEADY = 0.05


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


def tries(shelf: Shelf, ramp: Ramp, options: Limits) -> Iterator[list[Relaxation]]:
    """Yield the values that are worth trying, option by option, the gentlest first.

    What lets no music in that could serve any moment of the run is left out.
    """
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


def gentler(relaxation: Relaxation, before: Limits, plan: Plan[Any]) -> Relaxation | None:
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
