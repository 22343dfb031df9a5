"""Ranges of beats on the steps of a ramp: all the legs of a stretched run, and what they cost (compiled).

Places are step numbers, since a range of beats uses up the same whole number of steps wherever
it lies. With d seconds of music in D seconds of the run a beat interval costs
100^2 (d^2 / D - 2 d + D), the square of its stretch in percent times the time it lasts: so the
first of the three terms has to be summed beat by beat, and one pass over a range gives the
cost of leaving it at each of its bar lines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.library.facts import WINDOW_BEATS
from bpmsync.planner.windows import FINE, least_ahead, may_pay
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = [
    "BLOCK",
    "EXACT",
    "FINE",
    "WarpedRun",
    "WarpedSieve",
    "count_near",
    "legs_of",
    "list_warped",
    "misses_pin",
    "sample_warped",
]

_PERCENT_SQUARED = 100.0**2
_SLACK = 1e-9
_JUMPS_AHEAD = 3
# Steps that are looked at together first
BLOCK = 64
# Which windows of beats: all of them as they are, or their extremes ahead
EXACT = 0
_LEAST, _MOST = 1, 2


class WarpedRun(NamedTuple):
    """A run and the ranges that may be played in it, in the order of the tie-break.

    Parameters
    ----------
    seconds : numpy.ndarray
        Run second of every half step, far beyond the end.
    lasting, inverse : numpy.ndarray, shape (3, half steps)
        Seconds of the run that a beat of 1, 2 and 4 half steps lasts from each half step on, and
        one over them.
    windows : numpy.ndarray, shape (3, 3, half steps)
        Seconds that `WINDOW_BEATS` such beats last from each half step on; from any of the `BLOCK`
        steps from there on, at the least; and at the most.
    last_step, stride : int
        The step that ends the run; legs begin on multiples of the stride only.
    jumps : numpy.ndarray of int64
        The steps nearest to the jumps of the ramp, where a change of music helps.
    intervals, source_s, beats_at : numpy.ndarray
        Seconds from each beat of a range to the next and since its first, range after range,
        and where those of each begin.
    ends, ends_at : numpy.ndarray of int64
        How many beats it may last, to each bar line, and where those of each begin.
    usual : numpy.ndarray of bool
        By end: whether it is one at which the range is left anywhere in a run.
    latest : numpy.ndarray of int64
        By range: the beats to the last bar line with room for a fade.
    fine : numpy.ndarray of int64
        By range: half steps that a beat lasts.
    penalty : numpy.ndarray
        By range: %^2 for each second of it.
    shortest_s : float
        The shortest leg, in seconds of recorded music.
    limit : float
        The largest stretch of a beat interval, as a share.
    join, cut : float
        %^2 s for each leg, and for one that is left early.
    pin_step, pin_track, track : numpy.ndarray of int64
        Steps at which a given track has to play; the track of each range.
    """

    seconds: FloatArray
    lasting: FloatArray
    inverse: FloatArray
    windows: np.ndarray
    last_step: int
    stride: int
    jumps: IntArray
    intervals: FloatArray
    source_s: FloatArray
    beats_at: IntArray
    ends: IntArray
    ends_at: IntArray
    usual: np.ndarray
    latest: IntArray
    fine: IntArray
    penalty: FloatArray
    shortest_s: float
    limit: float
    join: float
    cut: float
    pin_step: IntArray
    pin_track: IntArray
    track: IntArray


class WarpedSieve(NamedTuple):
    """Which legs are worth listing, by the place that they begin at.

    Parameters
    ----------
    rate : numpy.ndarray
        A leg has to cost less than this for each second of the run, in %^2, all in all.
    before, after : numpy.ndarray
        What the run costs at least up to there, and from there on.
    price : numpy.ndarray, by range
        What a use is charged in them.
    limit : float
        Before, leg and after may not cost more together.
    """

    rate: FloatArray
    before: FloatArray
    after: FloatArray
    price: FloatArray
    limit: float


@compiled
def list_warped(
    run: WarpedRun, sieve: WarpedSieve, most: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray, IntArray, bool]:
    """Return the legs that begin at each place, as far as they are worth listing.

    Returns
    -------
    first : numpy.ndarray of int64, shape (places + 1,)
    item, end : numpy.ndarray of int32
    cost : numpy.ndarray
        As in `Network`; what is stretched beyond the limit is left out.
    beats : numpy.ndarray of int64
        How long each lasts.
    complete : bool
        Whether there were no more than `most`; with more the rest says nothing.
    """
    places, stride, block = len(sieve.rate), run.stride, max(1, BLOCK // run.stride)
    first = np.zeros(places + 1, np.int64)
    item, end, cost = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most)
    beats = np.empty(most, np.int64)
    found_end, found_cost = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    near = np.empty(len(run.penalty), np.int64)
    # Taken out of their tuple only once: in an inner loop that would count references
    before, after, rates, prices = sieve.before, sieve.after, sieve.rate, sieve.price
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    seconds, pinned = run.seconds, len(run.pin_step) > 0
    ends, ends_at, beats_at, fine_of = run.ends, run.ends_at, run.beats_at, run.fine
    latest, penalty, limit, windows, source = run.latest, run.penalty, run.limit, run.windows, run.source_s
    soon_after = least_ahead(after, 2 * WINDOW_BEATS // stride + 1)
    soon_after_any = least_ahead(soon_after, block)
    count = 0
    for begin in range(0, places, block):
        until = min(begin + block, places)
        few = _near_of(run, sieve, soon_after_any, begin, until, near)
        for place in range(begin, until):
            step = place * stride
            for number in near[:few]:
                left = sieve.limit - before[place] - prices[number]
                reach = ends[ends_at[number + 1] - 1] * fine_of[number]
                bounds = (run.join, run.cut, penalty[number], limit, run.shortest_s, rates[place], left)
                beats_of = (
                    beats_at[number],
                    ends[ends_at[number + 1] - 1],
                    latest[number],
                    fine_of[number],
                    step,
                    stride,
                    run.last_step - step,
                )
                if not may_pay(windows, EXACT, EXACT, source, soon_after, beats_of, bounds):
                    continue
                longest_s = seconds[FINE * step + reach] - seconds[FINE * step]
                most_stretch = rates[place] * longest_s - run.join
                settings = (run.last_step, run.shortest_s, limit, run.cut, most_stretch)
                legs = legs_of(
                    ranges,
                    ramp,
                    settings,
                    number,
                    fine_of[number],
                    penalty[number],
                    step,
                    found_end,
                    found_cost,
                )
                for leg in range(legs):
                    steps = found_end[leg] * fine_of[number] // FINE
                    last = (
                        min((step + steps + stride - 1) // stride, places)
                        if step + steps < run.last_step
                        else places
                    )
                    total = found_cost[leg] + run.join
                    run_s = seconds[FINE * (step + steps)] - seconds[FINE * step]
                    if total >= rates[place] * run_s:
                        continue
                    if before[place] + total + prices[number] + after[last] > sieve.limit:
                        continue
                    if pinned and misses_pin(
                        run.pin_step, run.pin_track, run.track[number], step, step + steps
                    ):
                        continue
                    if count == most:
                        return first, item, end, cost, beats, False
                    item[count], end[count], cost[count], beats[count] = number, last, total, found_end[leg]
                    count += 1
            first[place + 1] = count
    return first, item[:count].copy(), end[:count].copy(), cost[:count].copy(), beats[:count].copy(), True


@compiled
def count_near(run: WarpedRun, sieve: WarpedSieve) -> int:
    """Return how many pairs of place and range `list_warped` has to look at one by one."""
    places, stride, block = len(sieve.rate), run.stride, max(1, BLOCK // run.stride)
    soon_after = least_ahead(sieve.after, 2 * WINDOW_BEATS // stride + 1 + block)
    near, count = np.empty(len(run.penalty), np.int64), 0
    for begin in range(0, places, block):
        until = min(begin + block, places)
        count += _near_of(run, sieve, soon_after, begin, until, near) * (until - begin)
    return count


@compiled
def _near_of(
    run: WarpedRun, sieve: WarpedSieve, after: FloatArray, begin: int, until: int, near: IntArray
) -> int:
    """Find the ranges that may be worth listing at one of some places; return how many they are."""
    highest, lowest = sieve.rate[begin:until].max(), sieve.before[begin:until].min()
    penalty, latest, fine, prices = run.penalty, run.latest, run.fine, sieve.price
    ends, ends_at, beats_at, windows, source = run.ends, run.ends_at, run.beats_at, run.windows, run.source_s
    step, to_end = begin * run.stride, run.last_step - (until - 1) * run.stride
    few = 0
    for number in range(len(penalty)):
        left = sieve.limit - lowest - prices[number]
        bounds = (run.join, run.cut, penalty[number], run.limit, run.shortest_s, highest, left)
        last = ends[ends_at[number + 1] - 1]
        beats_of = (beats_at[number], last, latest[number], fine[number], step, run.stride, to_end)
        if may_pay(windows, _LEAST, _MOST, source, after, beats_of, bounds):
            near[few] = number
            few += 1
    return few


@compiled
def legs_of(
    ranges: tuple[np.ndarray, ...],
    ramp: tuple[np.ndarray, ...],
    settings: tuple[float, ...],
    number: int,
    fine: int,
    penalty: float,
    step: int,
    found_end: IntArray,
    found_cost: FloatArray,
) -> int:
    """Find the bar lines at which a range may be left that begins on a step; return how many they are."""
    intervals, source, beats_at, ends, ends_at, usual, latest = ranges
    lasting, inverse, jumps = ramp
    last_step, shortest_s, limit, cut, most = settings
    row = 0 if fine == 1 else (1 if fine == 2 else 2)
    left, base, position = last_step - step, beats_at[number], FINE * step
    count, beat, squares = 0, 0, 0.0
    steps_before, jump = 0, 0
    while jump < len(jumps) and jumps[jump] <= step:
        jump += 1
    far = jump + _JUMPS_AHEAD
    reach = ends[ends_at[number + 1] - 1] * fine // FINE
    anywhere = reach < left and (jump == len(jumps) or jumps[jump] - step > reach)
    for at in range(ends_at[number], ends_at[number + 1]):
        if anywhere and not usual[at]:
            continue
        line = ends[at]
        worst, odd, even = 0.0, 0.0, 0.0
        while beat + 1 < line:  # two sums, since each addition would wait for the one before
            off = intervals[base + beat] * inverse[row, position] - 1
            odd += off * off * lasting[row, position]
            position += fine
            off_next = intervals[base + beat + 1] * inverse[row, position] - 1
            even += off_next * off_next * lasting[row, position]
            worst = max(worst, abs(off), abs(off_next))
            position += fine
            beat += 2
        squares += odd + even
        if beat < line:
            off = intervals[base + beat] * inverse[row, position] - 1
            squares += off * off * lasting[row, position]
            worst = max(worst, abs(off))
            position += fine
            beat += 1
        if worst > limit + _SLACK or _PERCENT_SQUARED * squares > most:
            return count
        steps = line * fine // FINE
        source_s = source[base + line]
        if source_s >= shortest_s:
            fee = 0.0 if line == latest[number] else cut
            wanted = False
            if steps >= left:  # the first bar line at or after the end of the run
                wanted, fee = True, 0.0
            elif line <= latest[number]:
                wanted = usual[at]
                following = ends[at + 1] * fine // FINE if at + 1 < ends_at[number + 1] else steps + 1
                while jump < len(jumps) and jumps[jump] - step <= steps_before:
                    jump += 1
                if jump < min(len(jumps), far) and jumps[jump] - step < following:
                    wanted = True
            if wanted:
                found_end[count] = line
                found_cost[count] = _PERCENT_SQUARED * squares + penalty * source_s + fee
                count += 1
        if steps >= left:
            break
        steps_before = steps
    return count


@compiled
def misses_pin(pin_step: IntArray, pin_track: IntArray, track: int, step: int, until: int) -> bool:
    """Tell whether a leg lies where another track has to."""
    misses = False
    for pin in range(len(pin_step)):
        misses |= step <= pin_step[pin] < until and pin_track[pin] != track
    return misses


@compiled
def sample_warped(run: WarpedRun, places: int, every: int, rank: int) -> FloatArray:
    """Return the cost for each second of the so-manieth best range, at every so-manieth place."""
    rates = np.full((places + every - 1) // every, np.inf)
    lowest, nothing = np.empty(rank + 1), np.zeros(1)
    found_end, found_cost = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    settings = (run.last_step, run.shortest_s, run.limit, run.cut, np.inf)
    for sample in range(len(rates)):
        step = sample * every * run.stride
        lowest[:] = np.inf
        for number in range(len(run.penalty)):
            reach = run.ends[run.ends_at[number + 1] - 1]
            fine, penalty = run.fine[number], run.penalty[number]
            bounds = (run.join, run.cut, penalty, run.limit, run.shortest_s, lowest[rank], np.inf)
            beats_of = (
                run.beats_at[number],
                reach,
                run.latest[number],
                fine,
                step,
                run.stride,
                run.last_step - step,
            )
            if not may_pay(run.windows, EXACT, EXACT, run.source_s, nothing, beats_of, bounds):
                continue
            legs = legs_of(ranges, ramp, settings, number, fine, penalty, step, found_end, found_cost)
            rate = np.inf
            for leg in range(legs):
                steps = found_end[leg] * fine // FINE
                run_s = run.seconds[FINE * (step + steps)] - run.seconds[FINE * step]
                rate = min(rate, (found_cost[leg] + run.join) / run_s)
            slot = rank
            if rate < lowest[slot]:
                while slot > 0 and lowest[slot - 1] > rate:
                    lowest[slot] = lowest[slot - 1]
                    slot -= 1
                lowest[slot] = rate
        rates[sample] = lowest[rank]
    return rates
