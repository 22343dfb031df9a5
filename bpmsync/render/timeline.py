"""What sounds when: a stretched plan as voices on the frames of a mix (pure arithmetic).

Each leg is one voice. Its map is the plan's own, a knot at every beat, one beat further on
either side, so that the attack of the first and the last beat is as protected as any other.
Where legs meet in a cross-fade both follow the same steps, so that their beats coincide; where
they cannot, the music changes between two attacks, just before the beat on the border.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.fades import fades_of, tails_of
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.timeline.arrays import FloatArray

__all__ = ["MixTimeline", "Voice", "find_timeline"]

# A change of music on the beat: over before the attack, which begins a little before its beat
_CUT_S = 0.015
_CLEAR_OF_BEAT_S = 0.010
_FIRST_S = 0.002
_CLOSING_STEPS = 8


@dataclass(frozen=True, slots=True)
class Voice:
    """The sound of one leg: from where to where in the mix, and how it comes and goes.

    Parameters
    ----------
    leg : WarpedLeg
        Whose sound it is.
    timemap : TimeMap
        From file seconds to run seconds, a knot at every beat; it reaches beyond what is heard.
    start, stop : int
        Frames of the mix, the last one not included.
    rises_until, falls_from : int
        Frames at which the voice has come in wholly, and from which it goes.
    """

    leg: WarpedLeg
    timemap: TimeMap
    start: int
    stop: int
    rises_until: int
    falls_from: int

    __hash__ = None  # type: ignore[assignment]  # holds a grid

    def gains(self, first: int, last: int) -> FloatArray | None:
        """Return the gain of each frame of the mix in a range inside the voice; None where it is 1.

        Both sides of a cross-fade have equal power in sum: the square of one and that of the other
        add up to 1.
        """
        if self.rises_until <= first and last <= self.falls_from:
            return None
        frames = np.arange(first, last)
        rise = (frames - self.start) / max(1, self.rises_until - self.start)
        fall = (self.stop - frames) / max(1, self.stop - self.falls_from)
        gains: FloatArray = np.sin(np.pi / 2 * np.clip(np.minimum(rise, fall), 0, 1))
        return gains


@dataclass(frozen=True, slots=True)
class MixTimeline:
    """All voices of a mix.

    Parameters
    ----------
    voices : tuple of Voice
        One for each leg, in order; at no time do more than two sound.
    borders : tuple of int
        Frame on which each leg begins.
    frames : int
        Length of the mix.
    sample_rate : int
        In Hz.
    fades : tuple of int
        Steps over which each leg goes on under the next one; 0 is a change on the beat.
    """

    voices: tuple[Voice, ...]
    borders: tuple[int, ...]
    frames: int
    sample_rate: int
    fades: tuple[int, ...]

    __hash__ = None  # type: ignore[assignment]  # holds grids


def find_timeline(plan: Plan[WarpedLeg], *, sample_rate: int, fade_steps: int | None = None) -> MixTimeline:
    """Return what sounds when in a plan.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        With at least one leg.
    sample_rate : int
        Of the mix, in Hz.
    fade_steps : int, optional
        The longest cross-fade; the plan's own by default.
    """
    fades = fades_of(plan, fade_steps=fade_steps)
    tails = tails_of(plan, fade_steps=fade_steps)
    numbers = range(len(plan.legs))
    voices = tuple(_voice(plan, number, fades, tails, sample_rate) for number in numbers)
    borders = tuple(_frame(plan, leg.first_step, sample_rate) for leg in plan.legs)
    return MixTimeline(voices, borders, _length(plan, sample_rate), sample_rate, fades)


def _voice(
    plan: Plan[WarpedLeg], number: int, fades: tuple[int, ...], tails: tuple[int, ...], rate: int
) -> Voice:
    leg = plan.legs[number]
    begin, end = _frame(plan, leg.first_step, rate), _frame(plan, leg.last_step, rate)
    goes_on = fades[number] if number < len(fades) and fades[number] else tails[number]
    cut, clear = round(_CUT_S * rate), round(_CLEAR_OF_BEAT_S * rate)
    if number and fades[number - 1]:
        start, rises_until = begin, _frame(plan, leg.first_step + fades[number - 1], rate)
    elif begin:
        start, rises_until = max(0, begin - clear - cut), max(1, begin - clear)
    else:
        start, rises_until = 0, round(_FIRST_S * rate)
    if number + 1 == len(plan.legs) and _length(plan, rate) == end:
        falls_from, stop = _frame(plan, leg.last_step - min(_CLOSING_STEPS, leg.steps // 2), rate), end
    elif goes_on:
        falls_from, stop = end, _frame(plan, leg.last_step + goes_on, rate)
    else:
        falls_from, stop = end - clear - cut, end - clear
    return Voice(leg, _long_map(plan, leg, goes_on), start, stop, rises_until, falls_from)


def _long_map(plan: Plan[WarpedLeg], leg: WarpedLeg, tail_steps: int) -> TimeMap:
    """Return the map of a leg and its tail, a beat longer on either side."""
    grid = leg.track.grid
    if grid is None:  # a leg is made of a grid
        return leg.timemap(plan.ramp)
    ratio = leg.steps_per_beat
    tail = -(-tail_steps * ratio.denominator // ratio.numerator)
    beats = np.arange(leg.first_beat - 1, leg.last_beat + tail + 2)
    steps = leg.first_step + (beats - leg.first_beat) * ratio.numerator / ratio.denominator
    return TimeMap(grid.time_of(beats), plan.ramp.time_of(steps))


def _length(plan: Plan[WarpedLeg], rate: int) -> int:
    """Frames up to the end of the last leg; a hole at the end is part of the run, too."""
    last_s = max(plan.legs[-1].end_s(plan.ramp), *(end_s for _, end_s in plan.uncovered), 0.0)
    return round(last_s * rate)


def _frame(plan: Plan[WarpedLeg], step: int, rate: int) -> int:
    return round(float(plan.ramp.time_of(step)) * rate)
