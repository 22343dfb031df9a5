"""Run second <-> step number: the target cadence as a function of time.

A ramp is a row of knots (run second, steps per minute), linear between them. Two knots at
one second are a jump. Before the first and after the last knot the ramp holds its end value.
Step 0 falls on run second 0. Because the cadence is piecewise linear, the step count is
piecewise quadratic and both directions have a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.timeline.arrays import FloatArray, IntArray, frozen_floats

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

__all__ = ["FASTEST_SPM", "SHORTEST_SEGMENT_S", "SLOWEST_SPM", "Ramp"]

SLOWEST_SPM = 60.0
FASTEST_SPM = 300.0
SHORTEST_SEGMENT_S = 0.1
_SECONDS_PER_MINUTE = 60.0
# 10.1 - 10.0 is a little under 0.1, and texts keep whole microseconds.
_ROUNDING_S = 2e-6


@dataclass(frozen=True, slots=True)
class Ramp:
    """The target cadence of a run, in steps per minute (both feet) over run seconds.

    Parameters
    ----------
    knots : iterable of (float, float)
        (run second, spm), seconds from 0 on and not decreasing, each 60 to 300 spm; two
        knots are at the same second (a jump) or at least 0.1 s apart.

    Raises
    ------
    ParameterError
        If a knot is outside that domain, or three share a second.

    Examples
    --------
    >>> ramp = Ramp(((0, 160), (600, 180)))
    >>> float(ramp.spm_at(300)), float(ramp.steps_at(600))
    (170.0, 1700.0)
    """

    knots: tuple[tuple[float, float], ...]
    _times: FloatArray = field(init=False, repr=False, compare=False)
    _spms: FloatArray = field(init=False, repr=False, compare=False)
    _steps: FloatArray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        knots = tuple((float(t), float(spm)) for t, spm in self.knots)
        _check_knots(knots)
        times = frozen_floats([t for t, _ in knots], "ramp times")
        spms = frozen_floats([spm for _, spm in knots], "ramp values")
        # steps = integral of spm / 60 over seconds; a trapezoid is exact for a linear piece
        pieces = np.diff(times) * (spms[1:] + spms[:-1]) / 2 / _SECONDS_PER_MINUTE
        steps = times[0] * spms[0] / _SECONDS_PER_MINUTE + np.concatenate([[0.0], np.cumsum(pieces)])
        for name, value in (
            ("knots", knots),
            ("_times", times),
            ("_spms", spms),
            ("_steps", frozen_floats(steps, "steps")),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def constant(cls, spm: float, *, duration_s: float) -> Ramp:
        """Return a ramp that holds one cadence."""
        return cls(((0.0, spm), (duration_s, spm)))

    @classmethod
    def linear(
        cls,
        from_spm: float,
        to_spm: float,
        *,
        duration_s: float,
        warm_up_s: float = 0.0,
        cool_down_s: float = 0.0,
    ) -> Ramp:
        """Return a ramp from one cadence to another.

        Parameters
        ----------
        from_spm, to_spm : float
            Cadence at the start and at the top, steps per minute.
        duration_s : float
            Length of the whole run, warm-up and cool-down included.
        warm_up_s, cool_down_s : float
            The warm-up holds the first value, the cool-down leads back to it.

        Raises
        ------
        ParameterError
            If warm-up and cool-down leave less than 0.1 s for the ramp between them.
        """
        top_s = duration_s - cool_down_s
        if min(warm_up_s, cool_down_s) < 0 or top_s - warm_up_s < SHORTEST_SEGMENT_S - _ROUNDING_S:
            msg = (
                f"a warm-up of {warm_up_s:g} s and a cool-down of {cool_down_s:g} s do not fit "
                f"inside a run of {duration_s:g} s: both are part of the duration"
            )
            raise ParameterError(msg)
        knots = [(0.0, from_spm)]
        if warm_up_s:
            knots.append((warm_up_s, from_spm))
        knots.append((top_s, to_spm))
        if cool_down_s:
            knots.append((duration_s, from_spm))
        return cls(tuple(knots))

    @classmethod
    def steady_pieces(cls, pieces: Iterable[tuple[float, float]]) -> Ramp:
        """Return a ramp of (spm, length in seconds) pieces, each held, with jumps between."""
        knots: list[tuple[float, float]] = []
        start = 0.0
        for spm, length_s in pieces:
            if length_s < SHORTEST_SEGMENT_S - _ROUNDING_S:
                msg = f"a piece of {length_s:g} s is too short: {SHORTEST_SEGMENT_S:g} s at least"
                raise ParameterError(msg)
            if knots and knots[-1][1] == spm:
                knots.pop()
            else:
                knots.append((start, spm))
            start += length_s
            knots.append((start, spm))
        return cls(tuple(knots))

    @property
    def duration_s(self) -> float:
        """The second of the last knot: the length of the run."""
        return self.knots[-1][0]

    @property
    def lowest_spm(self) -> float:
        """The lowest target."""
        return min(spm for _, spm in self.knots)

    @property
    def highest_spm(self) -> float:
        """The highest target."""
        return max(spm for _, spm in self.knots)

    def spm_at(self, seconds: ArrayLike) -> FloatArray:
        """Return the target in steps per minute; at a jump the value after it."""
        seconds = np.asarray(seconds, dtype=np.float64)
        left = self._piece_of(seconds, self._times)
        return self._spms[left] + (seconds - self._times[left]) * self._slopes(seconds, self._times)

    def steps_at(self, seconds: ArrayLike) -> FloatArray:
        """Return the (fractional) number of steps made by a run second; negative before 0."""
        seconds = np.asarray(seconds, dtype=np.float64)
        left = self._piece_of(seconds, self._times)
        dt = seconds - self._times[left]
        # The algebra: spm [1/min] * dt [s] + slope [1/min/s] * dt^2 [s^2] / 2, all over 60 [s/min]
        slope = self._slopes(seconds, self._times)
        made = (self._spms[left] + slope * dt / 2) * dt / _SECONDS_PER_MINUTE
        return self._steps[left] + made

    def time_of(self, step: ArrayLike) -> FloatArray:
        """Return the run second of a step number; the inverse of `steps_at`."""
        step = np.asarray(step, dtype=np.float64)
        left = self._piece_of(step, self._steps)
        c, k = self._spms[left], self._slopes(step, self._steps)
        made = (step - self._steps[left]) * _SECONDS_PER_MINUTE
        # made = c dt + k dt^2 / 2, solved in the form that keeps its digits when k is near 0
        root = np.sqrt(np.maximum(c * c + 2 * k * made, 0.0))
        return self._times[left] + 2 * made / (c + root)

    def square_integrals(self, seconds: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the integrals from 0 of the cadence and of its square, up to each second.

        Returns
        -------
        cadence, square : numpy.ndarray
            In spm s and spm^2 s. Their differences give the squared error of any constant
            tempo over any stretch of the run in closed form.
        """
        seconds = np.asarray(seconds, dtype=np.float64)
        dt = np.diff(self._times)
        a, b = self._spms[:-1], self._spms[1:]
        head = self._times[0] * self._spms[0] ** 2
        squares = head + np.concatenate([[0.0], np.cumsum(dt * (a * a + a * b + b * b) / 3)])
        left = self._piece_of(seconds, self._times)
        x = seconds - self._times[left]
        c, k = self._spms[left], self._slopes(seconds, self._times)
        square = squares[left] + x * (c * c + c * k * x + k * k * x * x / 3)
        return self.steps_at(seconds) * _SECONDS_PER_MINUTE, square

    def range_spm(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return the lowest and highest target between two run seconds."""
        inside = [spm for t, spm in self.knots if start_s < t < end_s]
        ends = [float(self.spm_at(start_s)), float(self.spm_at(np.nextafter(end_s, start_s)))]
        return min(inside + ends), max(inside + ends)

    def _slopes(self, x: FloatArray, starts: FloatArray) -> FloatArray:
        """Spm per second at x; 0 before the first knot and after the last."""
        dt = np.diff(self._times)
        rise = np.diff(self._spms)
        slopes = np.divide(rise, dt, out=np.zeros_like(dt), where=dt > 0)
        right_of = np.concatenate([slopes, [0.0]])[self._piece_of(x, starts)]
        return np.where(x < starts[0], 0.0, right_of)

    @staticmethod
    def _piece_of(x: FloatArray, starts: FloatArray) -> IntArray:
        """Index of the knot that governs x: the last one not after it, else the first."""
        return np.maximum(np.searchsorted(starts, x, side="right") - 1, 0)


def _check_knots(knots: tuple[tuple[float, float], ...]) -> None:
    if not knots:
        msg = "a ramp needs at least one knot (write 160@0 170@10:00)"
        raise ParameterError(msg)
    values = np.array(knots)
    if not np.isfinite(values).all() or values[0, 0] < 0:
        msg = "ramp times and cadences must be finite numbers, times from 0 on"
        raise ParameterError(msg)
    for _, spm in knots:
        if not SLOWEST_SPM <= spm <= FASTEST_SPM:
            msg = f"{spm:g} spm is outside {SLOWEST_SPM:g}-{FASTEST_SPM:g} steps per minute"
            raise ParameterError(msg)
    gaps = np.diff(values[:, 0])
    three_at_once = bool(((gaps[1:] == 0) & (gaps[:-1] == 0)).any())
    if three_at_once or ((gaps != 0) & (gaps < SHORTEST_SEGMENT_S - _ROUNDING_S)).any():
        msg = "ramp times must not decrease, and lie at least 0.1 s apart (two at the same second are a jump)"
        raise ParameterError(msg)
