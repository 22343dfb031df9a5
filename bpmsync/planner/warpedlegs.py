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
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = ["FINE", "WarpedRun", "WarpedSieve", "list_warped", "sample_warped"]

# Whole and half steps: every beat of 1, 2 and 1/2 steps per beat lies on one
FINE = 2
_PERCENT_SQUARED = 100.0**2
_SLACK = 1e-9
_JUMPS_AHEAD = 3


class WarpedRun(NamedTuple):
    """A run and the ranges that may be played in it, in the order of the tie-break.

    Parameters
    ----------
    seconds : numpy.ndarray
        Run second of every half step, far beyond the end.
    lasting, inverse : numpy.ndarray, shape (3, half steps)
        Seconds of the run that a beat of 1, 2 and 4 half steps lasts from each half step on, and
        one over them.
    quick, slow : numpy.ndarray, shape (levels, half steps)
        Row k holds the shortest and the longest of the 2^k half steps from each on, in seconds.
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
    shortest, longest : numpy.ndarray
        By range: seconds of a beat, at the least and the most, for each half step that it lasts.
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
    quick: FloatArray
    slow: FloatArray
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
    shortest: FloatArray
    longest: FloatArray
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
        A leg has to cost less than this for each second of the run, in %^2.
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
        Whether there were no more than `most`.
    """
    places = len(sieve.rate)
    first = np.zeros(places + 1, np.int64)
    item, end, cost = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most)
    beats = np.empty(most, np.int64)
    found_end, found_cost = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    # Taken out of their tuple only once: in an inner loop that would count references
    before, after, rates, prices = sieve.before, sieve.after, sieve.rate, sieve.price
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    seconds, pinned = run.seconds, len(run.pin_step) > 0
    quick, slow, shortest, longest, fine_of = run.quick, run.slow, run.shortest, run.longest, run.fine
    penalty, limit, stride, ends, ends_at = run.penalty, run.limit, run.stride, run.ends, run.ends_at
    count, complete = 0, True
    for place in range(places):
        step = place * stride
        for number in range(len(penalty)):
            room = rates[place] - penalty[number] * (1 - limit)
            if room <= 0:
                continue
            reach = ends[ends_at[number + 1] - 1] * fine_of[number]
            off = _least_off(quick, slow, shortest[number], longest[number], FINE * step, reach)
            if off > limit + _SLACK or _PERCENT_SQUARED * off * off >= room:
                continue
            longest_s = seconds[FINE * step + reach] - seconds[FINE * step]
            settings = (run.last_step, run.shortest_s, limit, run.cut, rates[place] * longest_s)
            legs = _legs_of(
                ranges, ramp, settings, number, fine_of[number], penalty[number], step, found_end, found_cost
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
                if total >= rates[place] * run_s + run.join:
                    continue
                if before[place] + total + prices[number] + after[last] > sieve.limit:
                    continue
                if pinned and _misses_pin(run.pin_step, run.pin_track, run.track[number], step, step + steps):
                    continue
                if count == most:
                    complete = False
                    break
                item[count], end[count], cost[count], beats[count] = number, last, total, found_end[leg]
                count += 1
        first[place + 1] = count
    return first, item[:count].copy(), end[:count].copy(), cost[:count].copy(), beats[:count].copy(), complete


@compiled
def _least_off(
    quick: FloatArray, slow: FloatArray, shortest: float, longest: float, position: int, reach: int
) -> float:
    """Return by how much, at least, all of a range's beats are stretched or squeezed."""
    level = 0
    while 2 << level <= reach:
        level += 1
    right = position + reach - (1 << level)
    least = min(quick[level, position], quick[level, right])
    most = max(slow[level, position], slow[level, right])
    return max(shortest / most - 1, 1 - longest / least, 0.0)


@compiled
def _legs_of(
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
    for at in range(ends_at[number], ends_at[number + 1]):
        line = ends[at]
        worst = 0.0
        while beat < line:
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
def _misses_pin(pin_step: IntArray, pin_track: IntArray, track: int, step: int, until: int) -> bool:
    """Tell whether a leg lies where another track has to."""
    misses = False
    for pin in range(len(pin_step)):
        misses |= step <= pin_step[pin] < until and pin_track[pin] != track
    return misses


@compiled
def sample_warped(run: WarpedRun, places: int, every: int, rank: int) -> FloatArray:
    """Return the cost for each second of the so-manieth best range, at every so-manieth place."""
    rates = np.full((places + every - 1) // every, np.inf)
    lowest = np.empty(rank + 1)
    found_end, found_cost = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    settings = (run.last_step, run.shortest_s, run.limit, run.cut, np.inf)
    for sample in range(len(rates)):
        step = sample * every * run.stride
        lowest[:] = np.inf
        for number in range(len(run.penalty)):
            reach = run.ends[run.ends_at[number + 1] - 1] * run.fine[number]
            off = _least_off(
                run.quick, run.slow, run.shortest[number], run.longest[number], FINE * step, reach
            )
            least = run.penalty[number] * (1 - run.limit) + _PERCENT_SQUARED * off * off
            if off > run.limit or least >= lowest[rank]:
                continue
            fine, penalty = run.fine[number], run.penalty[number]
            legs = _legs_of(ranges, ramp, settings, number, fine, penalty, step, found_end, found_cost)
            rate = np.inf
            for leg in range(legs):
                steps = found_end[leg] * fine // FINE
                run_s = run.seconds[FINE * (step + steps)] - run.seconds[FINE * step]
                rate = min(rate, found_cost[leg] / run_s)
            slot = rank
            if rate < lowest[slot]:
                while slot > 0 and lowest[slot - 1] > rate:
                    lowest[slot] = lowest[slot - 1]
                    slot -= 1
                lowest[slot] = rate
        rates[sample] = lowest[rank]
    return rates
