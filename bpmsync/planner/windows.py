"""What a leg costs at least by whole windows of its beats, before they are summed one by one (compiled)."""

from __future__ import annotations

import numpy as np  # noqa: TC002 - the compiler reads the module as it is

from bpmsync.beats.jit import compiled
from bpmsync.library.facts import WINDOW_BEATS
from bpmsync.timeline.arrays import FloatArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = ["FINE", "least_ahead", "may_pay"]

# Whole and half steps: every beat of 1, 2 and 1/2 steps per beat lies on one
FINE = 2
_PERCENT_SQUARED = 100.0**2
_SLACK = 1e-9


@compiled
def least_ahead(values: FloatArray, count: int) -> FloatArray:
    """Return the least of each value and so many after it."""
    found = values.copy()
    for at in range(len(values)):
        for ahead in range(at + 1, min(at + count + 1, len(values))):
            found[at] = min(found[at], values[ahead])
    return found


@compiled
def may_pay(
    windows: np.ndarray,
    least: int,
    most: int,
    source: FloatArray,
    after: FloatArray,
    beats_of: tuple[int, ...],
    bounds: tuple[float, ...],
) -> bool:
    """Tell whether a range that begins on a step may be worth listing, from whole windows of its beats.

    However the recorded seconds of a window are divided among its beats, they cost no less than
    if all were stretched alike.
    """
    base, count, latest, fine, step, stride, to_end = beats_of
    join, cut, penalty, limit, shortest_s, rate, left = bounds
    row = 0 if fine == 1 else (1 if fine == 2 else 2)
    at, beat, squares, run_s, last = FINE * step, 0, 0.0, 0.0, len(after) - 1
    highest = rate * source[base + count] / (1 - limit)
    while True:
        until = min(beat + WINDOW_BEATS - 1, count)
        cost = join + _PERCENT_SQUARED * squares + penalty * source[base + beat]
        ends_run = until * fine >= FINE * to_end
        if source[base + until] >= shortest_s and (beat <= latest or ends_run):
            fee = 0.0 if ends_run or until >= latest else cut
            place = (step + beat * fine // FINE) // stride
            # The windows so far, and what may follow them
            lasting = run_s + min(
                windows[most, row, at], (source[base + until] - source[base + beat]) / (1 - limit)
            )
            if cost + fee < rate * lasting and cost + fee + after[min(place, last)] <= left + _SLACK * abs(
                left
            ):
                return True
        beat += WINDOW_BEATS
        if beat > count or cost >= highest:
            return False
        recorded = source[base + beat] - source[base + beat - WINDOW_BEATS]
        longest, shortest = windows[most, row, at], windows[least, row, at]
        off = max(recorded / longest - 1, 1 - recorded / shortest, 0.0)
        if off > limit + _SLACK:
            return False
        squares += off * off * shortest
        run_s += longest
        at += WINDOW_BEATS * fine
