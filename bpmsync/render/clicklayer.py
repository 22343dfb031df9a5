"""Clicks on the steps of a rendered run, laid over its mix.

Frame 0 of the mix is run second 0, on which step 0 falls. A click begins with its loudest
sample, on the frame nearest to its step. Its level is fixed: it neither follows the music nor
makes it step back, and it is low enough beside music at the loudness of a mix that the limiter
has next to nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from bpmsync.audio.loudness import TARGET_LUFS
from bpmsync.audio.pieces import check_rate
from bpmsync.errors import ParameterError
from bpmsync.render.click import click_sound
from bpmsync.timeline.arrays import IntArray, frozen_ints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.audio.frames import Samples
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["CLICK_CHOICES", "LAYER_LEVEL", "ClickChoice", "ClickLayer", "StepClicks", "step_clicks_of"]

ClickChoice = Literal["off", "all", "missing"]
CLICK_CHOICES: Final[tuple[ClickChoice, ...]] = ("off", "all", "missing")
# Of full scale, for an accented click. In real music at -14 LUFS a plain click is louder than nine
# tenths of what else there is in its band, and what the limiter does stays the same within 1 dB.
LAYER_LEVEL: Final = 0.3
_WHOLE_STEP: Final = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class StepClicks:
    """Which steps of a run have a click.

    Parameters
    ----------
    steps : numpy.ndarray of int64
        Increasing.
    accented : numpy.ndarray of int64
        Those of them that are accented, increasing.
    """

    steps: IntArray
    accented: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", frozen_ints(self.steps, "steps"))
        object.__setattr__(self, "accented", frozen_ints(self.accented, "accented steps"))
        if (np.diff(self.steps) <= 0).any() or not np.isin(self.accented, self.steps).all():
            msg = "clicks come in the order of their steps, and what is accented is one of them"
            raise ParameterError(msg)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StepClicks):
            return NotImplemented
        return np.array_equal(self.steps, other.steps) and np.array_equal(self.accented, other.accented)

    __hash__ = None  # type: ignore[assignment]  # values with arrays are compared, not hashed


def step_clicks_of(plan: Plan[WarpedLeg], click: ClickChoice, *, fades: Sequence[int] = ()) -> StepClicks:
    """Return on which steps of a stretched plan to click.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        The last step is that of its last beat, or of the end of the run where that is later.
    click : str
        ``"off"``: none. ``"all"``: every step from 0 to the last, accented on the downbeats that
        the grids know. ``"missing"``: the steps on which no beat of the music falls, without
        accents: every other step at 2 steps per beat, none at 1 and 1/2, all in a hole.
    fades : sequence of int
        For each leg, over how many steps it goes on after its last beat; 0 for those that are
        not told. A beat of a leg that fades out counts as a beat until it is silent.

    Raises
    ------
    ParameterError
        If the plan is not stretched, or the choice is another.
    """
    if plan.mode != "stretch" or click not in CLICK_CHOICES:
        choices = ", ".join(CLICK_CHOICES)
        msg = f"a click ({choices}) is laid over stretched plans, not {click!r} over {plan.mode}"
        raise ParameterError(msg)
    if click == "off":
        return StepClicks(_steps([]), _steps([]))
    steps = np.arange(_last_step(plan) + 1)
    if click == "all":
        accented = np.unique(np.concatenate([_steps([]), *(_bar_steps(leg) for leg in plan.legs)]))
        return StepClicks(steps, accented)
    return StepClicks(steps[~_sounding(plan, fades, len(steps))], _steps([]))


def _steps(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _last_step(plan: Plan[WarpedLeg]) -> int:
    of_run = int(np.floor(float(plan.ramp.steps_at(plan.duration_s)) + _WHOLE_STEP))
    return max([of_run, *(leg.last_step for leg in plan.legs)])


def _bar_steps(leg: WarpedLeg) -> IntArray:
    """On these steps known downbeats of a leg fall, its last border left to the next leg."""
    grid, ratio = leg.track.grid, leg.steps_per_beat
    if grid is None:  # a leg has refused this
        return _steps([])
    bars = grid.downbeats[(grid.downbeats >= leg.first_beat) & (grid.downbeats < leg.last_beat)]
    parts = (bars - leg.first_beat) * ratio.numerator
    return np.asarray(leg.first_step + parts[parts % ratio.denominator == 0] // ratio.denominator)


def _sounding(
    plan: Plan[WarpedLeg], fades: Sequence[int], count: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a beat of any sounding leg falls on each step."""
    beats = np.zeros(count, dtype=bool)
    for i, leg in enumerate(plan.legs):
        end = leg.last_step + (fades[i] if i < len(fades) else 0)
        # p/q steps per beat: beat b falls p b / q steps after the first, whole only on every p-th step
        beats[leg.first_step : end : leg.steps_per_beat.numerator] = True
    if plan.legs:
        beats[plan.legs[-1].last_step] = True  # the beat on which the music ends
    return beats


@dataclass(frozen=True, slots=True, eq=False)
class ClickLayer:
    """The clicks of one mix, added block by block.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    frames, accented : numpy.ndarray of int64
        The first frame of every click, and of those that are accented; both increasing.
    level : float
        The first sample of an accented click.
    """

    sample_rate: int
    frames: IntArray
    accented: IntArray
    level: float = LAYER_LEVEL

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    @classmethod
    def of(
        cls,
        plan: Plan[WarpedLeg],
        click: ClickChoice,
        sample_rate: int,
        *,
        fades: Sequence[int] = (),
        loudness_lufs: float = TARGET_LUFS,
    ) -> ClickLayer:
        """Return the clicks of a stretched plan.

        Parameters
        ----------
        plan, click, fades
            As `step_clicks_of`; ``"off"`` gives a layer that adds nothing.
        sample_rate : int
            Of the mix, in Hz.
        loudness_lufs : float
            Of the mix; a softer one has softer clicks, a louder one no louder ones.
        """
        check_rate(sample_rate)
        clicks = step_clicks_of(plan, click, fades=fades)
        frames, accented = (
            np.rint(plan.ramp.time_of(steps) * sample_rate).astype(np.int64)
            for steps in (clicks.steps, clicks.accented)
        )
        softer = min(1.0, 10 ** ((loudness_lufs - TARGET_LUFS) / 20))
        return cls(sample_rate, frames, accented, LAYER_LEVEL * softer)

    def add(self, block: Samples, first_frame: int) -> None:
        """Add the clicks that fall into a block of the mix, in place.

        Parameters
        ----------
        block : numpy.ndarray of float32, shape (channels, frames)
            A click goes to every channel alike.
        first_frame : int
            The frame of the mix that the block begins with. However a mix is cut into blocks, the
            same clicks come out.
        """
        loud, soft = (
            click_sound(self.sample_rate, accent=accent, level=self.level) for accent in (True, False)
        )
        end = first_frame + block.shape[1]
        # Clicks are far shorter than a step, so no two of them overlap
        first, last = np.searchsorted(self.frames, (first_frame - len(loud) + 1, end))
        for frame in self.frames[first:last].tolist():
            sound = loud if self._is_accented(frame) else soft
            start = max(frame, first_frame)
            piece = sound[start - frame : end - frame]
            block[:, start - first_frame : start - first_frame + len(piece)] += piece

    def over(self, block: Samples, first_frame: int) -> Samples:
        """Return the block itself, its clicks added as by `add`."""
        self.add(block, first_frame)
        return block

    def _is_accented(self, frame: int) -> bool:
        i = int(np.searchsorted(self.accented, frame))
        return i < len(self.accented) and int(self.accented[i]) == frame
