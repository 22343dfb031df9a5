"""Untouched files on a ramp: what one costs from a moment on (compiled).

Times are whole microseconds. A leg costs the square of the distance between its step tempo and
the target over time, in spm^2 s, and more where it goes on after the run. The target is linear
between knots, so the integral is a sum over few pieces, and the extremes are at their ends.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np

from bpmsync.beats.jit import compiled, inlined
from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["Knots", "WholeRun", "misses_pin", "target_at", "whole_cost", "within"]

_US = 1e6
_SLACK = 1e-9

# Seconds, targets, both integrals, and the middle (see `WholeRun`)
Knots: TypeAlias = tuple[FloatArray, FloatArray, FloatArray, FloatArray, float]


class WholeRun(NamedTuple):
    """A run and what may be played in it; items by bins of step tempo, then by their fixed rate.

    Parameters
    ----------
    knot_s, knot_spm : numpy.ndarray
        The knots of the ramp.
    knot_area, knot_square : numpy.ndarray
        From the first knot on, the integrals of the target less `middle`, and of its square.
    middle : float
        A cadence about which the targets lie, so that integrals keep their digits.
    spm, fixed, rate : numpy.ndarray, by item
        Step tempo; cost besides the distance from the target, in spm^2 s, and for each second.
    length_us, track : numpy.ndarray of int64, by item
        Length of the file; number of the recording.
    max_off : float
        The hard limit, as a share of the target.
    run_us : int
        Length of the run.
    overhang : float
        Spm^2 for each second of music after the run.
    pin_us, pin_track : numpy.ndarray of int64
        Moments at which a given track has to play, increasing.
    """

    knot_s: FloatArray
    knot_spm: FloatArray
    knot_area: FloatArray
    knot_square: FloatArray
    middle: float
    spm: FloatArray
    fixed: FloatArray
    rate: FloatArray
    length_us: IntArray
    track: IntArray
    max_off: float
    run_us: int
    overhang: float
    pin_us: IntArray
    pin_track: IntArray


@compiled
def whole_cost(
    knot_s: FloatArray,
    knot_spm: FloatArray,
    spm: float,
    max_off: float,
    overhang: float,
    run_us: int,
    start_us: int,
    end_us: int,
) -> float:
    """Return what a leg's distance and its overhang cost, in spm^2 s; infinite where the limit forbids it."""
    if start_us + end_us > 2 * run_us:
        return np.inf  # more than half of it would lie after the run
    squares, low, high = _distance(knot_s, knot_spm, spm, start_us / _US, end_us / _US)
    if not within(spm, low, high, max_off):
        return np.inf
    return squares + overhang * max(end_us - run_us, 0) / _US


@inlined
def within(spm: float, low: float, high: float, max_off: float) -> bool:
    """Tell whether a step tempo keeps the hard limit against a lowest and a highest target."""
    return spm >= high * (1 - max_off) * (1 - _SLACK) and spm <= low * (1 + max_off) * (1 + _SLACK)


@compiled
def _distance(
    knot_s: FloatArray, knot_spm: FloatArray, spm: float, start_s: float, end_s: float
) -> tuple[float, float, float]:
    """Return the integral of (target - spm)^2 over a stretch, and the lowest and highest target in it."""
    knots = len(knot_s)
    after = np.searchsorted(knot_s, start_s, side="right")
    total, second = 0.0, start_s
    value = _target(knot_s, knot_spm, after, start_s)
    low = high = value
    while second < end_s:
        until = min(knot_s[after], end_s) if after < knots else end_s
        if until > second:
            if 0 < after < knots and until < knot_s[after]:
                last = _target(knot_s, knot_spm, after, until)
            elif after < knots and after > 0:
                last = knot_spm[after]
            else:
                last = value
            a, b = value - spm, last - spm
            total += (until - second) * (a * a + a * b + b * b) / 3
            low, high = min(low, last), max(high, last)
        second = until
        if after < knots and second >= knot_s[after]:
            value = knot_spm[after]
            if second < end_s:
                low, high = min(low, value), max(high, value)
            after += 1
    return total, low, high


@compiled
def target_at(knot_s: FloatArray, knot_spm: FloatArray, second: float) -> float:
    """Return the target at a second."""
    return _target(knot_s, knot_spm, np.searchsorted(knot_s, second, side="right"), second)


@compiled
def _target(knot_s: FloatArray, knot_spm: FloatArray, after: int, second: float) -> float:
    """Return the target where knot number `after` is the first one later."""
    if after == 0:
        return knot_spm[0]
    if after == len(knot_s):
        return knot_spm[after - 1]
    from_s, to_s = knot_s[after - 1], knot_s[after]
    from_spm, to_spm = knot_spm[after - 1], knot_spm[after]
    return from_spm + (to_spm - from_spm) * (second - from_s) / (to_s - from_s)


@inlined
def misses_pin(run: WholeRun, item: int, latest_us: int, earliest_end_us: int) -> bool:
    """Tell whether a leg that begins by one moment and ends after another lies where another has to."""
    for pin in range(len(run.pin_us)):
        if latest_us <= run.pin_us[pin] < earliest_end_us and run.pin_track[pin] != run.track[item]:
            return True
    return False
