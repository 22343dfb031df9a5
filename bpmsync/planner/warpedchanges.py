"""A stretched plan changed at random, ever more carefully, to a better one (compiled; see `changes`)."""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.changes import (
    ANY,
    BEATS,
    BEGIN,
    COLUMNS,
    END,
    INSERT,
    ITEM,
    KINDS,
    LEAVE,
    REPLACE,
    WAITS,
    changed,
    is_allowed,
    joined,
    most_now,
    written,
)
from bpmsync.planner.network import Limits  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.planner.onward import micro
from bpmsync.planner.warpedlegs import FINE, WarpedRun, legs_of, misses_pin
from bpmsync.planner.ways import NO_WAY, Joins
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001

__all__ = ["change_warped"]

_PERCENT_SQUARED = 100.0**2
# How often a range is played as far as it goes
_WHOLE = 0.5
# So many ranges are drawn at most; of up to so many that fit, the nearest in tempo is tried
_DRAWN, _RIVALS = 60, 8
# Beats that tell the tempo of a range, at least
_FEWEST_BEATS = 16
# What it takes to list the ends of a range
_STEPS_A_LEG = 60


@compiled
def change_warped(
    run: WarpedRun,
    limits: Limits,
    joins: Joins,
    hole: tuple[float, float],
    legs: IntArray,
    most: int,
    seed: int,
) -> tuple[IntArray, int, bool, int]:
    """Return a plan that costs no more than the one given.

    Parameters
    ----------
    run, limits, joins
        The run, in no given order.
    hole : (float, float)
        Price of silence: %^2 for each second, and %^2 s for each hole.
    legs : numpy.ndarray of int64, shape (legs, 3)
        A plan that is allowed, at least one leg: range, beats and step of each.
    most : int
        Stop after so many steps.
    seed : int
        Where chance begins.

    Returns
    -------
    legs : numpy.ndarray of int64, shape (legs, 3)
    cost : int
        In millionths.
    broken : bool
        Whether there is silence.
    steps : int
        How many it took.
    """
    np.random.seed(seed)
    stride, room, count = run.stride, run.last_step // run.stride + 3, len(legs)
    silence, opening = _silence(run, hole[0]), micro(hole[1])
    ends, costs = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    now, tried = np.zeros((room, COLUMNS), np.int64), np.zeros((room, COLUMNS), np.int64)
    done, done_tried = np.zeros(room, np.int64), np.zeros(room, np.int64)
    for number in range(count):
        tried[number, ITEM], tried[number, BEATS], tried[number, BEGIN] = legs[number]
        tried[number, WAITS] = 1
    cost, count, steps = _lay_out(
        run,
        limits,
        joins,
        silence,
        opening,
        now,
        0,
        done,
        tried,
        count,
        done_tried,
        0,
        0,
        NO_WAY,
        ends,
        costs,
    )
    if not count:  # not a plan that is allowed
        return legs, NO_WAY, True, steps
    used = np.zeros(len(limits.must), np.bool_)
    now[:count], done[:count] = tried[:count], done_tried[:count]
    for number in range(count):
        used[run.track[now[number, ITEM]]] = True
    best, least, a_leg = now[:count].copy(), cost, cost / count
    while steps < most:
        steps += 1
        kind, at = np.random.randint(KINDS), np.random.randint(count)
        item, beats, begin, end = now[at, ITEM], ANY, now[at, BEGIN], now[at, END]
        if kind < INSERT:
            inserted = kind >= REPLACE
            if inserted:
                begin = -(-now[at - 1, END] // stride) * stride if at > 0 else 0
            mine = -1 if inserted else run.track[item]
            until = run.last_step if inserted and np.random.random() < _WHOLE else end
            item, looked = _drawn(run, used, mine, item, begin, until)
            steps += looked
            if item < 0:
                continue
            beats = _beats_for(run, item, begin, -1 if inserted else end, ends, costs)
            steps += _STEPS_A_LEG
            if beats == ANY:
                continue
        elif kind < LEAVE:
            line = np.random.randint(run.ends_at[item], run.ends_at[item + 1])
            end = begin + run.ends[line] * run.fine[item] // FINE
        tried[:count] = now[:count]
        first, same, length = changed(now, count, tried, kind, at, stride)
        if first < 0:
            continue
        if kind < LEAVE:
            tried[at, ITEM], tried[at, BEATS], tried[at, END] = item, beats, end
        total, length, looked = _lay_out(
            run,
            limits,
            joins,
            silence,
            opening,
            now,
            count,
            done,
            tried,
            length,
            done_tried,
            first,
            same,
            most_now(cost, a_leg, steps / most),
            ends,
            costs,
        )
        steps += looked
        if not length:
            continue
        for number in range(count):
            used[run.track[now[number, ITEM]]] = False
        cost, count = total, length
        now[:count], done[:count] = tried[:count], done_tried[:count]
        for number in range(count):
            used[run.track[now[number, ITEM]]] = True
        if cost < least:
            best, least = now[:count].copy(), cost
    kept, waits = written(best)
    return kept, least, waits or best[len(best) - 1, END] < run.last_step, steps


@compiled
def _silence(run: WarpedRun, price: float) -> IntArray:
    """Return what silence costs from the start to each place, in millionths."""
    places = -(-run.last_step // run.stride)
    found = np.zeros(places + 1, np.int64)
    for place in range(places):
        until = min((place + 1) * run.stride, run.last_step)
        lasts = run.seconds[FINE * until] - run.seconds[FINE * place * run.stride]
        found[place + 1] = found[place] + micro(price * lasts)
    return found


@compiled
def _drawn(
    run: WarpedRun, used: np.ndarray, mine: int, instead: int, step: int, until: int
) -> tuple[int, int]:
    """Return a range that is near in tempo to a stretch of the run, and how many were looked at.

    What is used is passed over, except for track number `mine`; less than 0 where none was found.
    """
    best, lowest, rivals, most = -1, np.inf, 0, 1 + np.random.randint(_RIVALS)
    for looked in range(_DRAWN):
        item = np.random.randint(len(run.penalty))
        fine, latest = run.fine[item], run.latest[item]
        if item == instead or not latest or (used[run.track[item]] and run.track[item] != mine):
            continue
        beats = min(latest, max(FINE * (until - step) // fine, _FEWEST_BEATS))
        lasts = run.seconds[FINE * step + beats * fine] - run.seconds[FINE * step]
        off = run.source_s[run.beats_at[item] + beats] / lasts - 1
        if abs(off) > run.limit:
            continue
        price = _PERCENT_SQUARED * off * off + run.penalty[item]
        if price < lowest:
            best, lowest = item, price
        rivals += 1
        if rivals == most:
            return best, looked
    return best, _DRAWN


@compiled
def _beats_for(run: WarpedRun, item: int, begin: int, end: int, ends: IntArray, costs: FloatArray) -> int:
    """Return how many beats of a range to play: as far as it goes, up to a step or as chance will have it."""
    count = _listed(run, item, begin, ends, costs)
    if not count:
        return ANY
    if np.random.random() < _WHOLE:
        return ends[count - 1]
    for one in range(count):
        if begin + ends[one] * run.fine[item] // FINE == end:
            return ends[one]
    return ends[np.random.randint(count)]


@compiled
def _listed(run: WarpedRun, item: int, begin: int, ends: IntArray, costs: FloatArray) -> int:
    """List where a range may be left that begins on a step."""
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    settings = (run.last_step, run.shortest_s, run.limit, run.cut, np.inf)
    return legs_of(ranges, ramp, settings, item, run.fine[item], run.penalty[item], begin, ends, costs)


@compiled
def _lay_out(
    run: WarpedRun,
    limits: Limits,
    joins: Joins,
    silence: IntArray,
    opening: int,
    now: IntArray,
    now_count: int,
    done: IntArray,
    tried: IntArray,
    count: int,
    done_tried: IntArray,
    first: int,
    same: int,
    limit: int,
    ends: IntArray,
    costs: FloatArray,
) -> tuple[int, int, int]:
    """Put a changed plan onto its steps; return its cost, its legs (0: it is no good), and the work."""
    stride, last_step, steps = run.stride, run.last_step, 0
    total = end = 0
    if first > 0:
        total, end = done[first - 1], now[first - 1, END]
        done_tried[:first] = done[:first]
    shift, number = count - now_count, first
    while number < count and end < last_step:
        place, item, fine = -(-end // stride), tried[number, ITEM], run.fine[tried[number, ITEM]]
        begin = place * stride
        waits = tried[number, WAITS] and tried[number, BEGIN] > begin
        if waits:
            begin = tried[number, BEGIN]
            if begin >= last_step:
                return NO_WAY, 0, steps
            total += opening + silence[begin // stride] - silence[place]
        # The leg two before has to be the same as well, since artists count
        if number > same + 1 and now_count > 0 and begin == now[number - shift, BEGIN]:
            before = -(-now[number - shift - 1, END] // stride)
            total -= done[number - shift - 1]
            if now[number - shift, WAITS]:
                total -= opening + silence[begin // stride] - silence[before]
            for one in range(number, count):
                tried[one] = now[one - shift]
                if one == number:  # the silence before it may be new, or gone
                    tried[one, WAITS] = 1 if waits else 0
                done_tried[one] = done[one - shift] + total
            total, end, number = done_tried[count - 1], tried[count - 1, END], count
            break
        best, nearest = -1, 0
        for one in range(_listed(run, item, begin, ends, costs)):
            off = abs(begin + ends[one] * fine // FINE - tried[number, END])
            if best < 0 or off < nearest or ends[one] == tried[number, BEATS]:
                best, nearest = one, off
            if ends[one] == tried[number, BEATS]:
                break
        steps += _STEPS_A_LEG
        if best < 0:
            return NO_WAY, 0, steps
        beats, end = ends[best], begin + ends[best] * fine // FINE
        tried[number, BEATS], tried[number, BEGIN], tried[number, END] = beats, begin, end
        tried[number, WAITS] = 1 if waits else 0
        total += micro(costs[best] + run.join + joined(joins, tried, number))
        if total >= limit or misses_pin(run.pin_step, run.pin_track, run.track[item], begin, end):
            return NO_WAY, 0, steps
        done_tried[number] = total
        number += 1
    if end < last_step:
        place = -(-end // stride)
        if place < len(silence) - 1:
            total += opening + silence[len(silence) - 1] - silence[place]
    if total >= limit or not is_allowed(run.pin_step, run.track, limits, joins.artist, tried, number):
        return NO_WAY, 0, steps
    return total, number, steps
