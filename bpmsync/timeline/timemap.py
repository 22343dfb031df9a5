"""Source second <-> run second of one leg.

    source time --BeatGrid--> beat --x steps per beat + first step--> step --Ramp--> run time

The chain is sampled at every beat; between two beats time runs evenly. Beyond its ends a
map goes on at the rate of the neighbouring piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.timeline.arrays import FloatArray, frozen_floats, interpolate

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import ArrayLike

    from bpmsync.timeline.grid import BeatGrid
    from bpmsync.timeline.ramp import Ramp

__all__ = ["TimeMap"]


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """An increasing, piecewise linear and invertible map from source to output seconds.

    Parameters
    ----------
    source_s, out_s : array_like of float, shape (n,), n >= 2
        Knots; both strictly increasing.

    Raises
    ------
    ParameterError
        If the lengths differ, there are fewer than 2 knots, or one side does not increase.
    """

    source_s: FloatArray
    out_s: FloatArray

    def __post_init__(self) -> None:
        source, out = frozen_floats(self.source_s, "source"), frozen_floats(self.out_s, "output")
        increasing = bool((np.diff(source) > 0).all() and (np.diff(out) > 0).all())
        if len(source) != len(out) or len(source) < 2 or not increasing:  # noqa: PLR2004
            msg = "a time map needs at least 2 knots that increase in source and in output"
            raise ParameterError(msg)
        object.__setattr__(self, "source_s", source)
        object.__setattr__(self, "out_s", out)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TimeMap):
            return NotImplemented
        return np.array_equal(self.source_s, other.source_s) and np.array_equal(self.out_s, other.out_s)

    __hash__ = None  # type: ignore[assignment]  # values with arrays are compared, not hashed

    @classmethod
    def identity(cls, duration_s: float) -> TimeMap:
        """Return the map that leaves every second where it is, exactly."""
        return cls((0.0, duration_s), (0.0, duration_s))  # type: ignore[arg-type]

    @classmethod
    def onto_ramp(
        cls,
        grid: BeatGrid,
        ramp: Ramp,
        *,
        first_beat: int,
        last_beat: int,
        steps_per_beat: Fraction,
        first_step: int,
    ) -> TimeMap:
        """Return the map that puts the beats of a leg onto the steps of a ramp.

        Parameters
        ----------
        grid : BeatGrid
            Of the track.
        ramp : Ramp
            Of the run.
        first_beat, last_beat : int
            The leg's range of beats, both included.
        steps_per_beat : Fraction
            p/q: every q-th beat from the first lands on a whole step.
        first_step : int
            The step on which `first_beat` lands.

        Returns
        -------
        TimeMap
            From seconds of the file to seconds of the run, a knot at every beat.
        """
        beats = np.arange(first_beat, last_beat + 1)
        # Exact whole numbers first: steps = beats * p / q, divided once
        steps = first_step + (beats - first_beat) * steps_per_beat.numerator / steps_per_beat.denominator
        return cls(grid.time_of(beats), ramp.time_of(steps))

    def forward(self, source_s: ArrayLike) -> FloatArray:
        """Return output seconds of source seconds."""
        return self._mapped(source_s, self.source_s, self.out_s)

    def inverse(self, out_s: ArrayLike) -> FloatArray:
        """Return source seconds of output seconds."""
        return self._mapped(out_s, self.out_s, self.source_s)

    def _mapped(self, x: ArrayLike, xs: FloatArray, ys: FloatArray) -> FloatArray:
        if np.array_equal(xs, ys):  # the identity is exact, also between knots
            return np.array(x, dtype=np.float64)
        return interpolate(x, xs, ys)
