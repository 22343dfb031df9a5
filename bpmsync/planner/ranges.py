"""What of the library may serve a stretched run: steady ranges of beats, at a step ratio each.

A range lies within one usable stretch of a track, so beatless intros and outros are skipped.
It begins on the first bar line there and may be left on any later one; where bars are not
known, every fourth beat from the first usable one takes their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import PLANNED
from bpmsync.errors import ParameterError
from bpmsync.library.facts import bar_lines, last_usable
from bpmsync.planner.candidates import NativeOptions, refusal, refusals, step_ratios
from bpmsync.planner.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.library.shelf import Shelf
    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["BeatRange", "StretchOptions", "find_ranges", "stretch_refusal", "stretch_refusals"]

_LARGEST_STRETCH = 0.3
_LONGEST_FADE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchOptions:
    """What a stretched plan may use.

    Parameters
    ----------
    max_stretch : float
        Largest change of speed of any beat interval, as a share: 0.08 is 8 %.
    margin : float
        How much more than its interval asks for the sound between two protected attacks is
        stretched, as a share; `max_stretch` holds with it.
    min_length_s, max_length_s : float
        Shortest and longest leg, in seconds of the recorded music; longer and shorter files
        are left out. In a run shorter than two shortest legs, half of the run will do.
    fade_steps : int
        Steps kept free after a leg, where the music has them, for it to fade out.
    min_confidence, spoken, partial, weights
        As in `NativeOptions`.
    """

    max_stretch: float = 0.08
    margin: float = 0.0
    min_length_s: float = 60.0
    max_length_s: float = 720.0
    fade_steps: int = 16
    min_confidence: float = PLANNED
    spoken: bool = False
    partial: bool = False
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        self.filters()
        if not 0 < self.max_stretch <= _LARGEST_STRETCH:
            percent = f"{100 * self.max_stretch:.4g} %"
            msg = f"a stretch limit of {percent} must be above 0 and at most 30 % (usual: 8 %)"
            raise ParameterError(msg)
        if not 0 <= self.margin <= 1:
            msg = f"a margin of {self.margin:.4g} must be from 0 to 1"
            raise ParameterError(msg)
        if not 0 <= self.fade_steps <= _LONGEST_FADE:
            msg = f"a fade of {self.fade_steps} steps must be from 0 to {_LONGEST_FADE} steps"
            raise ParameterError(msg)

    @property
    def limit(self) -> float:
        """The largest stretch of a beat interval that leaves room for the margin."""
        return self.max_stretch / (1 + self.margin)

    def filters(self) -> NativeOptions:
        """Return the filters that stretched and native plans share.

        Raises
        ------
        ParameterError
            If one of them makes no sense.
        """
        return NativeOptions(
            min_length_s=self.min_length_s,
            max_length_s=self.max_length_s,
            min_confidence=self.min_confidence,
            spoken=self.spoken,
        )


@dataclass(frozen=True, slots=True, eq=False)
class BeatRange:
    """One steady range of a track at one number of steps per beat.

    Parameters
    ----------
    track : Track
        With a grid.
    steps_per_beat : Fraction
        1, 2 or 1/2.
    first_beat : int
        Where a leg begins.
    ends : numpy.ndarray of int64
        How many beats it may last, increasing: to each bar line at which it may be left.
    beats_there : int
        How many usable beats follow the first: what a fade may use after the leg.
    penalty : float
        In %^2 for each second of it, besides the stretch.
    """

    track: Track
    steps_per_beat: Fraction
    first_beat: int
    ends: IntArray
    beats_there: int
    penalty: float


def find_ranges(track: Track, ramp: Ramp, options: StretchOptions) -> tuple[BeatRange, ...]:
    """Return the ranges of a track that can serve some moment of a ramp, by first beat and ratio."""
    if stretch_refusal(track, options) is not None:
        return ()
    return tuple(sorted(_ranges_of(track, ramp, options), key=lambda r: (r.first_beat, r.steps_per_beat)))


def stretch_refusal(track: Track, options: StretchOptions) -> str | None:
    """Return why a track cannot be planned whatever the target, or None."""
    if not track.has_file:
        return "without a file"
    return refusal(track, options.filters()) or (None if track.detection.usable else "no steady beat")


def stretch_refusals(shelf: Shelf, options: StretchOptions) -> list[str | None]:
    """Return for each row of a shelf why it cannot be planned whatever the target, or None."""
    found = refusals(shelf, options.filters())
    return [
        "without a file" if not has_file else reason or (None if steady_s > 0 else "no steady beat")
        for reason, has_file, steady_s in zip(found, shelf.has_file, shelf.steady_s, strict=True)
    ]


def _ranges_of(track: Track, ramp: Ramp, options: StretchOptions) -> Iterator[BeatRange]:
    grid = track.grid
    if grid is None:  # stretch_refusal has told it
        return
    doubt, weights = (0.0 if track.override.settles_beat else 1 - track.detection.confidence), options.weights
    for usable in track.detection.usable:
        lines = bar_lines(grid, usable)
        if len(lines) == 0:
            continue
        lengths_s = grid.beats[lines] - grid.beats[lines[0]]
        ends = lines[(lengths_s > 0) & (lengths_s <= options.max_length_s)] - lines[0]
        for ratio in step_ratios(grid):
            whole = ends[ends % ratio.denominator == 0]
            if not len(whole):
                continue
            intervals = np.diff(grid.beats[lines[0] : lines[0] + whole[0] + 1])
            if _fits(float(intervals.min()), float(intervals.max()), float(ratio), ramp, options.limit):
                level = {Fraction(2): weights.twice, Fraction(1, 2): weights.half}.get(ratio, 0.0)
                penalty = weights.doubt * doubt + level
                after = last_usable(grid, usable) - int(lines[0])
                yield BeatRange(track, ratio, int(lines[0]), whole, after, penalty)


def _fits(shortest_s: float, longest_s: float, ratio: float, ramp: Ramp, limit: float) -> bool:
    """Whether a first bar could be somewhere on the ramp; if not, nothing of the range can."""
    # steps over seconds, times 60 s/min, is a tempo in 1/min
    slowest, fastest = 60.0 * ratio / longest_s, 60.0 * ratio / shortest_s
    lowest, highest = ramp.lowest_spm * (1 - 1e-9), ramp.highest_spm * (1 + 1e-9)
    return slowest * (1 + limit) >= lowest and fastest * (1 - limit) <= highest
