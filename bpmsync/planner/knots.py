"""What the target does between two moments, in closed form from the knots of its ramp (compiled)."""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled, inlined
from bpmsync.planner.wholecost import Knots, within

__all__ = ["first_beyond", "last_beyond", "squares"]

_US = 1e6
_SLACK = 1e-9
_ROUNDING = 1e-6


@compiled
def last_beyond(knots: Knots, spm: float, max_off: float, from_us: float, to_us: float) -> float:
    """Return the last moment in a stretch at which the target is beyond the limit, or its start."""
    knot_s, knot_spm = knots[0], knots[1]
    found = from_us
    for knot in range(len(knot_s) - 1):
        begin_us, end_us = max(knot_s[knot] * _US, from_us), min(knot_s[knot + 1] * _US, to_us)
        if end_us <= begin_us:
            continue
        _, latest = _beyond(knots, knot, spm, max_off, begin_us, end_us)
        found = max(found, latest)
    if to_us > knot_s[-1] * _US and not within(spm, knot_spm[-1], knot_spm[-1], max_off):
        found = to_us
    return found


@compiled
def first_beyond(knots: Knots, spm: float, max_off: float, from_us: float, to_us: float) -> float:
    """Return the first moment in a stretch at which the target is beyond the limit, or its end."""
    knot_s, knot_spm = knots[0], knots[1]
    for knot in range(len(knot_s) - 1):
        begin_us, end_us = max(knot_s[knot] * _US, from_us), min(knot_s[knot + 1] * _US, to_us)
        if end_us <= begin_us:
            continue
        earliest, _ = _beyond(knots, knot, spm, max_off, begin_us, end_us)
        if earliest < to_us:
            return earliest
    if to_us > knot_s[-1] * _US and not within(spm, knot_spm[-1], knot_spm[-1], max_off):
        return max(knot_s[-1] * _US, from_us)
    return to_us


@compiled
def _beyond(
    knots: Knots, knot: int, spm: float, max_off: float, begin_us: float, end_us: float
) -> tuple[float, float]:
    """Return the first and the last moment beyond the limit in a stretch without a knot, or infinities."""
    knot_s, knot_spm = knots[0], knots[1]
    slope = (knot_spm[knot + 1] - knot_spm[knot]) / (knot_s[knot + 1] - knot_s[knot]) / _US
    at_begin = knot_spm[knot] + slope * (begin_us - knot_s[knot] * _US)
    at_end = knot_spm[knot] + slope * (end_us - knot_s[knot] * _US)
    # Targets that keep the limit, a rounding wider
    lowest = spm / (1 + max_off) / (1 + 2 * _SLACK)
    highest = spm / (1 - max_off) * (1 + 2 * _SLACK)
    earliest, latest = np.inf, -np.inf
    if at_begin < lowest or at_begin > highest:
        earliest = begin_us
    if at_end < lowest or at_end > highest:
        latest = end_us
    for border in (lowest, highest):
        if (at_begin - border) * (at_end - border) < 0:
            crossing = begin_us + (border - at_begin) / slope
            # Into what is beyond, or out of it
            if (at_begin < border) == (border == highest):
                earliest = min(earliest, crossing)
                latest = max(latest, end_us)
            else:
                earliest = min(earliest, begin_us)
                latest = max(latest, crossing)
    return earliest, latest


@inlined
def squares(knots: Knots, spm: float, start_us: float, end_us: float) -> float:
    """Return the integral of (target - spm)^2 over a stretch, a rounding at the most above it."""
    area, square = _integrals(knots, start_us / _US)
    area_end, square_end = _integrals(knots, end_us / _US)
    off, length_s = spm - knots[4], (end_us - start_us) / _US
    return square_end - square - 2 * off * (area_end - area) + off * off * length_s - _ROUNDING


@compiled
def _integrals(knots: Knots, second: float) -> tuple[float, float]:
    """Return the integrals of the target less the middle, and of its square, up to a second."""
    knot_s, knot_spm, knot_area, knot_square, middle = knots
    low, high = 0, len(knot_s)
    while low < high:  # the first knot after the second
        between = (low + high) // 2
        if knot_s[between] <= second:
            low = between + 1
        else:
            high = between
    at = max(low - 1, 0)
    x, value, slope = second - knot_s[at], knot_spm[at] - middle, 0.0
    if 0 < low < len(knot_s):
        slope = (knot_spm[low] - knot_spm[at]) / (knot_s[low] - knot_s[at])
    area = knot_area[at] + x * (value + slope * x / 2)
    return area, knot_square[at] + x * (value * value + slope * x * (value + slope * x / 3))
