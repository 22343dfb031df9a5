"""A native plan changed at random, ever more carefully, to a better one (compiled; see `changes`)."""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.changes import (
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
from bpmsync.planner.ways import NO_WAY, Joins, Scene
from bpmsync.planner.wholecost import WholeRun, misses_pin, target_at, whole_cost
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["change_whole"]

_US = 1e6
# So many files are drawn at most; of up to so many that fit, the nearest in tempo is tried
_DRAWN, _RIVALS = 60, 8
# What it takes to count what a file costs
_STEPS_A_LEG = 20


@compiled
def change_whole(
    run: WholeRun,
    limits: Limits,
    joins: Joins,
    scene: Scene,
    hole: tuple[float, int],
    legs: IntArray,
    most: int,
    seed: int,
) -> tuple[IntArray, int, bool, int]:
    """Return a plan that costs no more than the one given.

    Parameters
    ----------
    run, limits, joins, scene
        The run, in no given order.
    hole : (float, int)
        Price of silence for each microsecond, and the microseconds of which it lasts a whole number.
    legs : numpy.ndarray of int64, shape (legs, 3)
        A plan that is allowed, at least one leg: item, 0 and first microsecond of each.
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
    room, count = max(run.run_us // run.length_us.min() + 3, len(legs) + 2), len(legs)
    now, tried = np.zeros((room, COLUMNS), np.int64), np.zeros((room, COLUMNS), np.int64)
    done, done_tried = np.zeros(room, np.int64), np.zeros(room, np.int64)
    for number in range(count):
        tried[number, ITEM], tried[number, BEGIN], tried[number, WAITS] = legs[number, 0], legs[number, 2], 1
    cost, count, broken, steps = _lay_out(
        run, limits, joins, scene, hole, now, 0, done, tried, count, done_tried, 0, 0, NO_WAY
    )
    if not count:  # not a plan that is allowed
        return legs, NO_WAY, True, steps
    used = np.zeros(len(limits.must), np.bool_)
    now[:count], done[:count] = tried[:count], done_tried[:count]
    for number in range(count):
        used[run.track[now[number, ITEM]]] = True
    best, least, least_broken, a_leg = now[:count].copy(), cost, broken, cost / count
    while steps < most:
        steps += 1
        kind, at = np.random.randint(KINDS), np.random.randint(count)
        if INSERT <= kind < LEAVE:  # nothing is left before its end
            kind = np.random.randint(INSERT)
        item = now[at, ITEM]
        if kind < INSERT:
            inserted = kind >= REPLACE
            mine = -1 if inserted else run.track[item]
            item, looked = _drawn(run, used, mine, item, now[at, BEGIN])
            steps += looked
            if item < 0:
                continue
        tried[:count] = now[:count]
        first, same, length = changed(now, count, tried, kind, at, hole[1])
        if first < 0 or length >= room:
            continue
        tried[at, ITEM] = item if kind < INSERT else tried[at, ITEM]
        limit = most_now(cost, a_leg, steps / most)
        total, length, broken, looked = _lay_out(
            run, limits, joins, scene, hole, now, count, done, tried, length, done_tried, first, same, limit
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
            best, least, least_broken = now[:count].copy(), cost, broken
    kept, _ = written(best)
    return kept, least, least_broken, steps


@compiled
def _drawn(run: WholeRun, used: np.ndarray, mine: int, instead: int, begin: int) -> tuple[int, int]:
    """Return an item that is near in tempo to a moment of the run, and how many were looked at.

    What is used is passed over, except for track number `mine`; less than 0 where none was found.
    """
    items = len(run.spm)
    best, lowest, rivals, most = np.int64(-1), np.inf, 0, 1 + np.random.randint(_RIVALS)
    middle = min(begin + run.length_us[instead] // 2, run.run_us) / _US
    target = target_at(run.knot_s, run.knot_spm, middle)
    # Items are nearly sorted by tempo: how far to look for one is as likely to be little as much
    nearest = np.searchsorted(run.spm, target)
    for looked in range(_DRAWN):
        reach = items ** np.random.random()
        item = nearest + np.int64(np.floor(reach * (2 * np.random.random() - 1)))
        if not 0 <= item < items or item == instead:
            continue
        if used[run.track[item]] and run.track[item] != mine:
            continue
        off = run.spm[item] - target
        if abs(off) > run.max_off * target:
            continue
        price = off * off + run.rate[item]
        if price < lowest:
            best, lowest = item, price
        rivals += 1
        if rivals == most:
            return best, looked
    return best, _DRAWN


@compiled
def _lay_out(
    run: WholeRun,
    limits: Limits,
    joins: Joins,
    scene: Scene,
    hole: tuple[float, int],
    now: IntArray,
    now_count: int,
    done: IntArray,
    tried: IntArray,
    count: int,
    done_tried: IntArray,
    first: int,
    same: int,
    limit: int,
) -> tuple[int, int, bool, int]:
    """Put files one after another; return cost, legs (0: it is no good), whether it is silent, and steps."""
    run_us, steps, broken = run.run_us, 0, False
    total = end = 0
    for number in range(first):
        broken = broken or now[number, WAITS] > 0
    if first > 0:
        total, end = done[first - 1], now[first - 1, END]
        done_tried[:first] = done[:first]
    shift, number = count - now_count, first
    while number < count and end < run_us:
        begin, item = end, tried[number, ITEM]
        waits = tried[number, WAITS] and tried[number, BEGIN] > begin
        if waits:
            begin = end + -(-(tried[number, BEGIN] - end) // hole[1]) * hole[1]
            if begin >= run_us:
                return NO_WAY, 0, True, steps
            total += micro(scene.opening + hole[0] * (begin - end))
            broken = True
        # The leg two before has to be the same as well, since artists count
        if number > same + 1 and now_count > 0 and begin == now[number - shift, BEGIN]:
            total -= done[number - shift - 1]
            if now[number - shift, WAITS]:
                total -= micro(scene.opening + hole[0] * (begin - now[number - shift - 1, END]))
            for one in range(number, count):
                tried[one] = now[one - shift]
                if one == number:  # the silence before it may be new, or gone
                    tried[one, WAITS] = 1 if waits else 0
                broken = broken or tried[one, WAITS] > 0
                done_tried[one] = done[one - shift] + total
            total, end, number = done_tried[count - 1], tried[count - 1, END], count
            break
        steps += _STEPS_A_LEG
        end = begin + run.length_us[item]
        price = run.fixed[item] + whole_cost(
            run.knot_s, run.knot_spm, run.spm[item], run.max_off, run.overhang, run_us, begin, end
        )
        if price == np.inf or (len(run.pin_us) > 0 and misses_pin(run, item, begin, end)):
            return NO_WAY, 0, True, steps
        tried[number, BEGIN], tried[number, END], tried[number, WAITS] = begin, end, 1 if waits else 0
        tried[number, BEATS] = 0  # it is played whole
        total += micro(price + joined(joins, tried, number))
        if total >= limit:
            return NO_WAY, 0, True, steps
        done_tried[number] = total
        number += 1
    left = run_us - end
    if left > 0:
        last_us = run.length_us[tried[number - 1, ITEM]]
        if end >= scene.ends_from and left <= max(scene.shortest_tail, last_us // 2):
            total += micro(scene.tail_price * left)
        else:
            total, broken = total + micro(scene.opening + hole[0] * left), True
    if total >= limit or not is_allowed(run.pin_us, run.track, limits, joins.artist, tried, number):
        return NO_WAY, 0, True, steps
    return total, number, broken, steps
