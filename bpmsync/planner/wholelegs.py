"""All the legs of untouched files that are worth looking at in a run (compiled).

The legs of a network begin somewhere in a cell of time. They are charged for the cheapest
moment in it: what a leg costs is smooth in its start but where a knot comes into or out of it,
so that the cost at both ends of the cell, less what a curve between them may sag, is below it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled, inlined
from bpmsync.planner.knots import first_beyond, last_beyond, squares
from bpmsync.planner.wholecost import WholeRun, misses_pin, within
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = ["BIN_SPM", "Cells", "Sieve", "list_legs", "near_items", "sample_rates"]

_US = 1e6
_SLACK = 1e-9
# Items lie in bins of so many spm, by what they cost besides in each
BIN_SPM = 0.5


class Cells(NamedTuple):
    """The ramp by cell of time, from the start of the run to beyond its end.

    Parameters
    ----------
    size_us : int
        Length of a cell.
    low, high : numpy.ndarray, shape (levels, cells)
        Row k holds the lowest and the highest target in 2^k cells from each on.
    bent : numpy.ndarray of bool, shape (cells,)
        Whether there is a knot in a cell.
    level : numpy.ndarray of int64, shape (cells + 1,)
        The row for a number of cells.
    """

    size_us: int
    low: FloatArray
    high: FloatArray
    bent: np.ndarray
    level: IntArray


class Sieve(NamedTuple):
    """Which legs are worth listing; blocks are so many cells in a row.

    Parameters
    ----------
    block : int
        Cells in a block.
    rate : numpy.ndarray, by block
        A leg has to cost less than this for each of its seconds, in spm^2.
    before, after : numpy.ndarray, by block
        What the run costs at least up to there, and from there on.
    before_each, after_each : numpy.ndarray, shape (items in blocks,) and (items in blocks, 2)
        Better than these, where it is known: before an item that begins in a block, and after it,
        where it ends in the first block that it may end in, or in the next. Else empty.
    price : numpy.ndarray, by item
        What a use is charged in them.
    limit : float
        Before, leg and after may not cost more together.
    """

    block: int
    rate: FloatArray
    before: FloatArray
    after: FloatArray
    before_each: FloatArray
    after_each: FloatArray
    price: FloatArray
    limit: float


@compiled
def near_items(
    run: WholeRun, cells: Cells, places: int, sieve: Sieve, most: int
) -> tuple[IntArray, IntArray, bool]:
    """Return for each block the items of which a leg may cost less than the block's rate.

    Parameters
    ----------
    run : WholeRun
    cells : Cells
    places : int
        Cells in which legs may begin.
    sieve : Sieve
    most : int
        Stop after so many.

    Returns
    -------
    first : numpy.ndarray of int64, shape (blocks + 1,)
        Those of block b are numbers first[b] to first[b + 1].
    item : numpy.ndarray of int32
    complete : bool
        Whether there were no more than `most`.
    """
    bins, longest = _bins(run), int(run.length_us.max() // cells.size_us) + 1
    found, pairs, complete = np.empty(len(run.spm), np.int64), 0, True
    first, item_of = np.zeros(len(sieve.rate) + 1, np.int64), np.empty(most, np.int32)
    arrays = (bins, run.spm, run.rate, run.length_us, cells.low, cells.high, cells.level)
    for block in range(len(sieve.rate)):
        begin, until = block * sieve.block, min((block + 1) * sieve.block, places)
        where = (cells.size_us, begin, until, longest)
        count = _near_items(arrays, where, sieve.rate[block], run.max_off, found)
        if pairs + count > most:
            complete, count = False, 0
        for number in range(count):
            item_of[pairs + number] = found[number]
        pairs += count
        first[block + 1] = pairs
    return first, item_of[:pairs], complete


@compiled
def _near_items(
    arrays: tuple[np.ndarray, ...],
    where: tuple[int, int, int, int],
    rate: float,
    max_off: float,
    found: IntArray,
) -> int:
    """Find the items that may cost less than a rate somewhere in a block; return how many they are."""
    # Taken out of their tuple only once: in an inner loop that would count references
    bins, spm_of, rate_of, length_us, lows, highs, levels = arrays
    size_us, begin, until, longest = where
    level = levels[until + longest - begin]
    right = until + longest - (1 << level)
    lowest, highest = (
        min(lows[level, begin], lows[level, right]),
        max(highs[level, begin], highs[level, right]),
    )
    count = 0
    for number in range(len(bins) - 1):
        base = np.floor(spm_of[bins[number]] / BIN_SPM) * BIN_SPM
        off = max(lowest - base - BIN_SPM, base - highest, 0.0)
        for item in range(bins[number], bins[number + 1]):
            if rate_of[item] + off * off >= rate:
                break
            last = (begin * size_us + length_us[item]) // size_us
            if last > until:  # there are cells that the leg fills wherever in the block it begins
                level = levels[last - until]
                right = last - (1 << level)
                low, high = (
                    min(lows[level, until], lows[level, right]),
                    max(highs[level, until], highs[level, right]),
                )
                spm = spm_of[item]
                if spm < high * (1 - max_off) * (1 - _SLACK) or spm > low * (1 + max_off) * (1 + _SLACK):
                    continue
                away = max(low - spm, spm - high, 0.0)
                if away * away + rate_of[item] >= rate:
                    continue
            found[count] = item
            count += 1
    return count


@compiled
def list_legs(
    run: WholeRun,
    cells: Cells,
    places: int,
    sieve: Sieve,
    wide_first: IntArray,
    wide_item: IntArray,
    most: int,
) -> tuple[IntArray, IntArray, IntArray, FloatArray, bool]:
    """Return the legs that begin in each cell, as far as they are worth listing.

    Parameters
    ----------
    run, cells, places, sieve, most
        As for `near_items`; without rates in the sieve there is no limit to them.
    wide_first, wide_item : numpy.ndarray
        The items that begin in each block, as by `near_items`.

    Returns
    -------
    first : numpy.ndarray of int64, shape (places + 1,)
    item, end : numpy.ndarray of int32
    cost : numpy.ndarray
        As in `Network`.
    complete : bool
        Whether there were no more than `most`.
    """
    count, complete, block_cells = 0, True, sieve.block
    place_of, item_of = np.empty(most, np.int32), np.empty(most, np.int32)
    cost_of, begins = np.empty(most, np.float64), np.zeros(places + 1, np.int64)
    spm_of, length_of, fixed_of, price_of = run.spm, run.length_us, run.fixed, sieve.price
    lows, highs, levels, bent = cells.low, cells.high, cells.level, cells.bent
    knots = (run.knot_s, run.knot_spm, run.knot_area, run.knot_square, run.middle)
    before, after, rates, limit = sieve.before, sieve.after, sieve.rate, sieve.limit
    size_us, run_us, max_off, overhang = cells.size_us, run.run_us, run.max_off, run.overhang
    before_each, after_each, each = sieve.before_each, sieve.after_each, len(sieve.before_each) > 0
    pinned = len(run.pin_us) > 0
    blocks = len(before)
    for block in range(blocks):
        from_place, to_place = block * block_cells, min((block + 1) * block_cells, places)
        for number in range(wide_first[block], wide_first[block + 1]):
            item = wide_item[number]
            if count + to_place - from_place > most:
                complete = False
                break
            spm, length_us = spm_of[item], length_of[item]
            highest = rates[block] * length_us / _US if len(rates) > 0 else np.inf
            known, at_start = -1, 0.0
            room = limit - price_of[item] - (before_each[number] if each else before[block])
            known_end = (from_place * size_us + length_us) // (block_cells * size_us)
            for place in range(from_place, to_place):
                begin_us = place * size_us
                end_us = begin_us + length_us
                if begin_us + end_us > 2 * run_us:
                    break
                last = end_us // size_us
                extra = fixed_of[item] + overhang * max(end_us - run_us, 0) / _US
                into, into_next = last // block_cells, (last + 1) // block_cells
                if each:
                    rest = min(
                        after_each[number, into - known_end], after_each[number, into_next - known_end]
                    )
                    most_here = room - rest
                else:
                    rest = min(after[min(into, blocks)], after[min(into_next, blocks)])
                    most_here = room - rest
                if place + 1 < last:  # only the cells that the leg fills for certain limit it
                    level = levels[last - place - 1]
                    right = last - (1 << level)
                    low = min(lows[level, place + 1], lows[level, right])
                    high = max(highs[level, place + 1], highs[level, right])
                    if not within(spm, low, high, max_off):
                        continue
                    away = max(low - spm, spm - high, 0.0)
                    rough = away * away * ((last - place - 1) * size_us / _US) + extra
                    if rough >= highest or rough > most_here:
                        continue
                # Of the cell only the moments count from which the leg keeps the limit to its end
                from_us, to_us = float(begin_us), float(begin_us + size_us)
                if not within(spm, lows[0, place], highs[0, place], max_off):
                    from_us = last_beyond(knots, spm, max_off, begin_us, begin_us + size_us)
                low = min(lows[0, last], lows[0, last + 1])
                high = max(highs[0, last], highs[0, last + 1])
                if not within(spm, low, high, max_off):
                    beyond_us = first_beyond(knots, spm, max_off, last * size_us, end_us + size_us)
                    to_us = min(to_us, beyond_us - length_us)
                if from_us > to_us + 1:
                    continue
                if known == place and from_us == begin_us:
                    first_cost = at_start
                else:
                    first_cost = squares(knots, spm, from_us, from_us + length_us)
                last_cost = squares(knots, spm, to_us, to_us + length_us)
                least = _least_between(lows, highs, bent, size_us, spm, place, last, first_cost, last_cost)
                known = -1
                if to_us == begin_us + size_us:
                    known, at_start = place + 1, last_cost
                total = max(least, 0.0) + extra
                if total >= highest or total > most_here:
                    continue
                if pinned and misses_pin(run, item, begin_us + size_us - 1, end_us):
                    continue
                place_of[count], item_of[count], cost_of[count] = place, item, total
                begins[place + 1] += 1
                count += 1
        if not complete:
            break
    first, item, end, cost = _in_order(run, cells, place_of[:count], item_of[:count], cost_of[:count], begins)
    return first, item, end, cost, complete


@inlined
def _least_between(
    lows: FloatArray,
    highs: FloatArray,
    bent: np.ndarray,
    size_us: int,
    spm: float,
    begin: int,
    end: int,
    at_start: float,
    at_end: float,
) -> float:
    """Return what a leg costs at least that begins in one cell and ends in another or the next one."""
    size_s = size_us / _US
    worst = max(abs(lows[0, begin] - spm), abs(highs[0, begin] - spm))
    worst = max(worst, abs(lows[0, end] - spm), abs(highs[0, end] - spm))
    worst = max(worst, abs(lows[0, end + 1] - spm), abs(highs[0, end + 1] - spm))
    if bent[begin] or bent[end] or bent[end + 1]:  # the slope in between is within +- worst^2
        return (at_start + at_end - worst * worst * size_s) / 2
    slope = highs[0, begin] - lows[0, begin]
    rise = max(highs[0, end] - lows[0, end], highs[0, end + 1] - lows[0, end + 1])
    # A second derivative of at most k lets a curve sag by k h^2 / 8
    return min(at_start, at_end) - worst * (slope + rise) * size_s / 4


@compiled
def _bins(run: WholeRun) -> IntArray:
    """Return where the bins of items begin, and where the last one ends."""
    borders = np.zeros(len(run.spm) + 1, np.int64)
    count = 0
    for item in range(1, len(run.spm)):
        if np.floor(run.spm[item] / BIN_SPM) != np.floor(run.spm[item - 1] / BIN_SPM):
            count += 1
            borders[count] = item
    borders[count + 1] = len(run.spm)
    return borders[: count + 2]


@compiled
def _in_order(
    run: WholeRun, cells: Cells, place_of: IntArray, item_of: IntArray, cost_of: FloatArray, begins: IntArray
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return legs by the place that they begin at."""
    places, count = len(begins) - 1, len(place_of)
    first = np.cumsum(begins)
    at = first.copy()
    item, end, cost = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count)
    for number in range(count):
        slot = at[place_of[number]]
        at[place_of[number]] += 1
        item[slot], cost[slot] = item_of[number], cost_of[number]
        end[slot] = min(place_of[number] + run.length_us[item_of[number]] // cells.size_us, places)
    return first, item, end, cost


@compiled
def sample_rates(run: WholeRun, cells: Cells, places: int, every: int, stride: int, rank: int) -> FloatArray:
    """Return the cost for each second of the so-manieth cheapest leg, at every so-manieth place.

    Parameters
    ----------
    run, cells, places
        As for `near_items`.
    every, stride : int
        Places, and items, of which one is looked at.
    rank : int
        Which leg, from 0, among those looked at.

    Returns
    -------
    numpy.ndarray
        Infinite where there are no more legs than that.
    """
    rates = np.full((places + every - 1) // every, np.inf)
    lowest = np.empty(rank + 1)
    spm_of, length_of, fixed_of = run.spm, run.length_us, run.fixed
    lows, highs, levels = cells.low, cells.high, cells.level
    knots = (run.knot_s, run.knot_spm, run.knot_area, run.knot_square, run.middle)
    for sample in range(len(rates)):
        place = sample * every
        begin_us = place * cells.size_us
        lowest[:] = np.inf
        for item in range(0, len(spm_of), stride):
            length_us, spm = length_of[item], spm_of[item]
            end_us = begin_us + length_us
            if begin_us + end_us > 2 * run.run_us:
                continue
            last = max(end_us // cells.size_us, place + 1)
            level = levels[last - place]
            right = last - (1 << level)
            low, high = (
                min(lows[level, place], lows[level, right]),
                max(highs[level, place], highs[level, right]),
            )
            if not within(spm, low, high, run.max_off):
                continue
            over = run.overhang * max(end_us - run.run_us, 0)
            rate = ((squares(knots, spm, begin_us, end_us) + fixed_of[item]) * _US + over) / length_us
            slot = rank
            if rate < lowest[slot]:
                while slot > 0 and lowest[slot - 1] > rate:
                    lowest[slot] = lowest[slot - 1]
                    slot -= 1
                lowest[slot] = rate
        rates[sample] = lowest[rank]
    return rates
