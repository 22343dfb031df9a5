"""A leg whose beats are locked to the steps of a ramp: which beats, and on which steps.

Whole numbers decide. The beats `first_beat` to `last_beat` are both on the leg's borders: the
last one lands on the step on which the next leg begins. Seconds, rates and stretch follow from
the track's grid and from the ramp. Stretch is counted for each beat interval, in percent:
above 0 the music is played faster than it was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from fractions import Fraction

    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import FloatArray
    from bpmsync.timeline.grid import BeatGrid
    from bpmsync.timeline.ramp import Ramp

__all__ = ["WarpedLeg"]

_ODD_BARS_TAKE = (1, 2)
# Beats lie on whole microseconds, and so do the borders of what is usable
_TOUCHING_S = 2e-6


@dataclass(frozen=True, slots=True)
class WarpedLeg:
    """A range of beats of one track on the steps of a run.

    Parameters
    ----------
    track : Track
        With a beat grid.
    first_beat, last_beat : int
        Numbers of the beats at the leg's borders.
    steps_per_beat : Fraction
        p/q: every q-th beat from the first lands on a whole step, and the number of beat
        intervals is a multiple of q. Above q = 1 the leg begins on a downbeat where the grid
        has any. Odd bars take 1 or 2.
    first_step : int
        The step on which `first_beat` lands, 0 or later.

    Raises
    ------
    ParameterError
        If the track has no such beats, or they cannot be put onto steps like that.
    """

    track: Track
    first_beat: int
    last_beat: int
    steps_per_beat: Fraction
    first_step: int

    __hash__ = None  # type: ignore[assignment]  # holds a grid

    def __post_init__(self) -> None:
        grid = self.track.grid
        if grid is None:
            msg = f"{self.track.path} cannot be a leg: it has no beat"
            raise ParameterError(msg)
        wrong = self._wrong_numbers(grid) or _wrong_steps(grid, self)
        if wrong:
            msg = f"{self.track.path}: {wrong}"
            raise ParameterError(msg)

    def _wrong_numbers(self, grid: BeatGrid) -> str | None:
        numbers = (self.first_beat, self.last_beat, self.first_step)
        if any(type(number) is not int for number in numbers):
            return f"beats and steps are whole numbers, not {numbers}"
        if not 0 <= self.first_beat < self.last_beat < len(grid):
            return f"there is no range of beats from {self.first_beat} to {self.last_beat} of {len(grid)}"
        return None if self.first_step >= 0 else f"a leg cannot begin on step {self.first_step}"

    @property
    def beats(self) -> int:
        """Number of beat intervals."""
        return self.last_beat - self.first_beat

    @property
    def steps(self) -> int:
        """Number of steps: the same wherever the leg is placed."""
        return int(self.beats * self.steps_per_beat)

    @property
    def last_step(self) -> int:
        """The step on which `last_beat` lands, and on which the next leg begins."""
        return self.first_step + self.steps

    @property
    def source_start_s(self) -> float:
        """File second of the first beat."""
        return float(self._grid.beats[self.first_beat])

    @property
    def source_end_s(self) -> float:
        """File second of the last beat."""
        return float(self._grid.beats[self.last_beat])

    @property
    def native_spm(self) -> float:
        """Mean step tempo of these beats as they were recorded."""
        # steps over seconds, times 60 s/min, is a tempo in 1/min
        return 60.0 * self.steps / (self.source_end_s - self.source_start_s)

    @property
    def usable_after(self) -> int:
        """Number of further beats with a clear beat that follow the last one."""
        beats = self._grid.beats
        last_s = beats[self.last_beat]
        for start_s, end_s in self.track.detection.usable:
            if start_s - _TOUCHING_S <= last_s <= end_s + _TOUCHING_S:
                within = int(np.searchsorted(beats, end_s + _TOUCHING_S, side="right"))
                return max(0, within - 1 - self.last_beat)
        return 0

    def start_s(self, ramp: Ramp) -> float:
        """Return the run second at which the leg begins."""
        return float(ramp.time_of(self.first_step))

    def end_s(self, ramp: Ramp) -> float:
        """Return the run second at which the leg ends, its fade not counted."""
        return float(ramp.time_of(self.last_step))

    def timemap(self, ramp: Ramp) -> TimeMap:
        """Return the map from file seconds to run seconds, a knot at every beat."""
        return TimeMap.onto_ramp(
            self._grid,
            ramp,
            first_beat=self.first_beat,
            last_beat=self.last_beat,
            steps_per_beat=self.steps_per_beat,
            first_step=self.first_step,
        )

    def stretch_percents(self, ramp: Ramp) -> FloatArray:
        """Return the stretch of every beat interval, in percent; above 0 is faster."""
        knots = self.timemap(ramp)
        percents: FloatArray = 100.0 * (np.diff(knots.source_s) / np.diff(knots.out_s) - 1.0)
        return percents

    def worst_stretch_percent(self, ramp: Ramp) -> float:
        """Return the stretch furthest from 0 of any beat interval, without its sign."""
        return float(np.abs(self.stretch_percents(ramp)).max())

    def fade_steps(self, limit: int) -> int:
        """Return over how many whole steps the leg may go on under the next one.

        Parameters
        ----------
        limit : int
            The wish, in steps.

        Returns
        -------
        int
            The limit where enough usable beats follow; else what whole bars there are
            (steps in pairs of beats, for one step on two beats, where no bar is known).
        """
        there = int(self.usable_after * self.steps_per_beat)
        if there >= limit:
            return max(0, limit)
        beats_per_bar = self._grid.beats_per_bar or 1
        bar = (beats_per_bar * self.steps_per_beat).numerator
        return there // bar * bar

    @property
    def _grid(self) -> BeatGrid:
        grid = self.track.grid
        if grid is None:  # __post_init__ has refused this
            msg = f"{self.track.path} has no beat"
            raise ParameterError(msg)
        return grid


def _wrong_steps(grid: BeatGrid, leg: WarpedLeg) -> str | None:
    ratio = leg.steps_per_beat
    if ratio <= 0:
        return f"{ratio} is no number of steps per beat"
    if leg.beats % ratio.denominator:
        return f"{leg.beats} beats at {ratio} steps per beat end between two steps"
    odd = grid.beats_per_bar is not None and grid.beats_per_bar % 2 == 1
    if odd and ratio not in _ODD_BARS_TAKE:
        return f"bars of {grid.beats_per_bar} beats take 1 or 2 steps per beat, not {ratio}"
    if ratio.denominator > 1 and len(grid.downbeats) and leg.first_beat not in grid.downbeats:
        return f"{ratio} steps per beat begin on a downbeat, and beat {leg.first_beat} is none"
    return None
