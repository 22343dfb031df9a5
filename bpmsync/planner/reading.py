"""Which of very much music is worth reading for a stretched run, and what the rest costs at least.

The beats of a track take a tenth of a millisecond to read, so of 100,000 only some hundred are
read. What is known of each without them bounds what any leg of it costs: its penalty, how long
it can last, and the lowest and highest tempo of any `WINDOW_BEATS` beats, one window after
another from the leg's first beat. Of a window with d recorded seconds in D seconds of the run,
no way to divide d among its beats costs less than 100^2 (d / D - 1)^2 D (Jensen's inequality).

Legs begin in cells of some steps: what is said of a cell holds wherever in it a leg begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.library.facts import WINDOW_BEATS
from bpmsync.planner.candidates import refused
from bpmsync.planner.extremes import extreme_ahead
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

if TYPE_CHECKING:
    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.planner.wishes import Wishes
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Unread", "least_rates", "worth_looking_at"]

# Rows whose beats are read; of more music, the best ones at each place
_MOST_READ = 1200
_CELL_STEPS, _FINE_CELL_STEPS = 128, 32
# The best rows of a cell, of which some are read
_LISTED = 256
_RATIOS = (Fraction(1), Fraction(2), Fraction(1, 2))
_LAST_STEP_SLACK = 1e-6
_SLACK = 1e-9
# Of these steps a window has: at 1/2, 1 and 2 steps per beat
_WINDOWS = (WINDOW_BEATS // 2, WINDOW_BEATS, 2 * WINDOW_BEATS)


@dataclass(frozen=True, slots=True, eq=False)
class Unread:
    """What any leg of the music that is not read costs at least, by the cell that it begins in.

    Parameters
    ----------
    cell : int
        Steps that a cell takes; the first begins with the run.
    rate : numpy.ndarray
        %^2 for each second of the run, all that a leg costs included; infinite where nothing fits.
    longest_s : float
        The longest leg, in recorded seconds.
    """

    cell: int
    rate: FloatArray
    longest_s: float


class _Entries(NamedTuple):
    """Rows at a number of steps per beat, by rising penalty.

    Parameters
    ----------
    row : numpy.ndarray of int64
        Of the shelf.
    window : numpy.ndarray of int64
        Which of the windows it has.
    slowest, fastest : numpy.ndarray
        Steps per minute over a window; both 0 where a leg has less than one.
    penalty : numpy.ndarray
        %^2 for each recorded second.
    longest_s : numpy.ndarray
        Recorded seconds of a leg, at the most.
    """

    row: IntArray
    window: IntArray
    slowest: FloatArray
    fastest: FloatArray
    penalty: FloatArray
    longest_s: FloatArray


class _Cells(NamedTuple):
    """The cells of a run.

    Parameters
    ----------
    size : int
        Steps.
    slowest, fastest : numpy.ndarray, shape (windows, steps)
        Steps per minute, in the mean of a window that begins on a step or on one of the cell
        that begins there: the lowest and the highest.
    left_s : numpy.ndarray, by cell
        Seconds from its beginning to the end of the run.
    """

    size: int
    slowest: FloatArray
    fastest: FloatArray
    left_s: FloatArray


class _Fees(NamedTuple):
    """What bounds a leg: its price as such, the largest stretch and the least recorded seconds."""

    join: float
    limit: float
    shortest_s: float


def worth_looking_at(
    shelf: Shelf, ramp: Ramp, options: StretchOptions, wishes: Wishes
) -> tuple[IntArray, Unread | None]:
    """Return the rows whose beats are worth reading, and what others cost at least.

    Parameters
    ----------
    shelf, ramp, options, wishes
        The music, the target, the limits and what the run has to hold.

    Returns
    -------
    rows : numpy.ndarray of int64
        Of all that can be planned; where that is very much, those that may cost least at some
        place of the run, and all that the run has to hold or that an order names.
    unread : Unread or None
        None where nothing was left out that may fit.
    """
    usable = ~refused(shelf, options.filters()) & shelf.has_file & (shelf.steady_s > 0)
    if wishes.order:
        usable &= wishes.places(shelf) >= 0
    rows = np.flatnonzero(usable)
    if len(rows) <= _MOST_READ or wishes.order:
        return rows, None
    fees = _Fees(options.weights.join, options.limit, _shortest_s(ramp, options))
    entries = _entries_of(shelf, rows, ramp, options, wishes)
    wanted = np.array([row for row in wishes.held if usable[row]], dtype=np.int64)
    near = np.unique(np.concatenate([entries.row, wanted]))
    if len(near) <= _MOST_READ:
        return near, None
    _, best = least_rates(entries, _cells_of(ramp, _CELL_STEPS), fees, _LISTED)
    read = np.unique(np.concatenate([_best_rows(entries, best), wanted]))
    rest = ~np.isin(entries.row, read)
    entries = _only(entries, rest)
    if not len(entries.row):
        return read, None
    cells = _cells_of(ramp, _FINE_CELL_STEPS)
    rate, _ = least_rates(entries, cells, fees, 1)
    if not np.isfinite(rate).any():
        return read, None
    return read, Unread(cells.size, rate[:, 0], float(entries.longest_s.max()))


def _shortest_s(ramp: Ramp, options: StretchOptions) -> float:
    """Return the recorded seconds of the shortest leg."""
    return min(options.min_length_s, ramp.duration_s / 2)


def _best_rows(entries: _Entries, best: IntArray) -> IntArray:
    """Return the rows of the best entries of each cell: as many of each as may be read in all."""
    few, many = 0, best.shape[1] + 1
    while many - few > 1:
        middle = (few + many) // 2
        chosen = best[:, :middle]
        if len(np.unique(entries.row[chosen[chosen >= 0]])) <= _MOST_READ:
            few = middle
        else:
            many = middle
    chosen = best[:, :few]
    return np.unique(entries.row[chosen[chosen >= 0]])


def _entries_of(
    shelf: Shelf, rows: IntArray, ramp: Ramp, options: StretchOptions, wishes: Wishes
) -> _Entries:
    """Return the rows at each number of steps per beat, as far as they may fit."""
    weights, shortest_s = options.weights, _shortest_s(ramp, options)
    doubt = np.where(shelf.settled[rows], 0.0, 1 - shelf.confidence[rows])
    shared = weights.doubt * doubt + weights.recent * wishes.staleness(shelf)[rows]
    longest_s = np.minimum(shelf.longest_s[rows], options.max_length_s)
    # In less than a window any tempo may be
    known = ~np.isnan(shelf.slowest_bpm[rows])
    found = []
    for ratio, level in zip(_RATIOS, (0.0, weights.twice, weights.half), strict=True):
        slowest = np.where(known, shelf.slowest_bpm[rows] * float(ratio), 0.0)
        fastest = np.where(known, shelf.fastest_bpm[rows] * float(ratio), 0.0)
        fits = (fastest * (1 + options.limit) >= ramp.lowest_spm) & (
            slowest * (1 - options.limit) <= ramp.highest_spm
        )
        # A leg that has no whole window may be of any tempo
        longest_beat_s = 60 * float(ratio) / ramp.lowest_spm * (1 + options.limit)
        fits |= ~known | (WINDOW_BEATS * longest_beat_s >= shortest_s)
        fits &= (ratio.denominator == 1) | ~shelf.odd[rows]
        window = np.full(len(rows), _WINDOWS.index(int(WINDOW_BEATS * ratio)))
        entries = _Entries(rows, window, slowest, fastest, shared + level, longest_s)
        found.append(_only(entries, fits))
    entries = _Entries._make(np.concatenate(columns) for columns in zip(*found, strict=True))
    return _only(entries, np.argsort(entries.penalty, kind="stable"))


def _only(entries: _Entries, chosen: np.ndarray) -> _Entries:
    return _Entries._make(column[chosen] for column in entries)


def _cells_of(ramp: Ramp, size: int) -> _Cells:
    last_step = max(1, math.floor(float(ramp.steps_at(ramp.duration_s)) + _LAST_STEP_SLACK))
    reach = last_step + size + 3 * _WINDOWS[-1]
    seconds = ramp.time_of(np.arange(reach + 1))
    slowest, fastest = [], []
    for steps in _WINDOWS:
        lasting = seconds[steps:] - seconds[:-steps]
        # steps over seconds, times 60 s/min, is a cadence in 1/min
        spm = np.concatenate([60 * steps / lasting, np.zeros(steps)])
        slowest.append(extreme_ahead(spm, size, np.minimum))
        fastest.append(extreme_ahead(spm, size, np.maximum))
    starts = np.arange(0, last_step, size)
    return _Cells(size, np.array(slowest), np.array(fastest), ramp.duration_s - seconds[starts])


@compiled
def least_rates(entries: _Entries, cells: _Cells, fees: _Fees, most: int) -> tuple[FloatArray, IntArray]:
    """Return the entries that may cost least for each second, by cell, and what they cost at least.

    Returns
    -------
    rates, numbers : numpy.ndarray, shape (cells, most)
        The lowest first; infinite and -1 where nothing more fits.
    """
    count = len(cells.left_s)
    rates, numbers = np.full((count, most), np.inf), np.full((count, most), -1)
    window_of, slowest, fastest = entries.window, entries.slowest, entries.fastest
    penalty, longest_s = entries.penalty, entries.longest_s
    low, high, left_s, size = cells.slowest, cells.fastest, cells.left_s, cells.size
    for cell in range(count):
        for number in range(len(penalty)):
            if penalty[number] * (1 - fees.limit) >= rates[cell, most - 1]:
                break  # and so are all that follow
            window = window_of[number]
            rate = _least_rate(
                low,
                high,
                window,
                _WINDOWS[window],
                cell * size,
                left_s[cell],
                (slowest[number], fastest[number], penalty[number], longest_s[number]),
                fees,
                rates[cell, most - 1],
            )
            slot = most - 1
            if rate < rates[cell, slot]:
                while slot > 0 and rates[cell, slot - 1] > rate:
                    rates[cell, slot], numbers[cell, slot] = rates[cell, slot - 1], numbers[cell, slot - 1]
                    slot -= 1
                rates[cell, slot], numbers[cell, slot] = rate, number
    return rates, numbers


@compiled
def _least_rate(
    low: FloatArray,
    high: FloatArray,
    window: int,
    steps: int,
    first: int,
    left_s: float,
    entry: tuple[float, float, float, float],
    fees: _Fees,
    enough: float,
) -> float:
    """Return what a leg costs at least for each second, or infinity where that is not below `enough`."""
    slowest, fastest, penalty, longest_s = entry
    window_s = 60 * steps / fastest if fastest > 0 else np.inf
    most_s = min(longest_s / (1 - fees.limit), left_s)
    found, squares, source_s, run_s, step = np.inf, 0.0, 0.0, 0.0, first
    while True:
        # Legs that last for the windows so far, and for less than one more
        lasting = 60 * steps / low[window, step]
        until_s = run_s + min(lasting, (longest_s - source_s) / (1 - fees.limit))
        cost = fees.join + squares + penalty * source_s
        if until_s * (1 + fees.limit) >= fees.shortest_s - _SLACK:
            found = min(found, cost / min(until_s, left_s))
        source_s += window_s
        if source_s > longest_s + _SLACK or run_s >= left_s or cost >= enough * most_s:
            break
        off = max(low[window, step] / fastest - 1, 1 - high[window, step] / slowest, 0.0)
        if off > fees.limit + _SLACK:
            break
        squares += 1e4 * off * off * 60 * steps / high[window, step]
        run_s += lasting
        step += steps
    return found * (1 - _SLACK)
