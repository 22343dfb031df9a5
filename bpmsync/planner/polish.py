"""A last hand on a plan of whole files: songs exchanged, moved, put in and taken out (compiled).

A search goes through a run once and forward. Where a run uses up nearly all music there is, what
it should have kept for later shows only at the end; small changes to a whole plan find that.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.planner.onward import micro
from bpmsync.planner.ways import NO_WAY, Joins, Scene, join_cost
from bpmsync.planner.wholecost import WholeRun, misses_pin, whole_cost
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["polish"]


# What it takes to count a leg anew
_STEPS_A_LEG = 15


@compiled
def polish(
    order: IntArray,
    items: IntArray,
    whole: WholeRun,
    limits: Limits,
    joins: Joins,
    scene: Scene,
    most: int,
) -> tuple[IntArray, int, int]:
    """Return an order of songs of which no small change is better.

    Parameters
    ----------
    order : numpy.ndarray of int64
        The items of a plan without silence, one after another from the start.
    items : numpy.ndarray of int64
        What may be put in.
    whole, limits, joins, scene
        The run.
    most : int
        Stop after so many steps.

    Returns
    -------
    order : numpy.ndarray of int64
    cost : int
        Of it, in millionths.
    steps : int
        How many it took.
    """
    best, tried = order.copy(), np.empty(len(order) + 1, np.int64)
    used = np.zeros(len(limits.must), np.bool_)
    for item in best:
        used[limits.track[item]] = True
    least, steps = _cost(best, len(best), whole, limits, joins, scene, NO_WAY), 0
    changed = True
    while changed and steps < most:
        changed = False
        for at in range(len(best) + 1):
            if at > len(best) or steps >= most:
                break
            # Another song in its place, or before it
            for item in items:
                if used[limits.track[item]]:
                    continue
                for inserted in range(2):
                    if at == len(best) and inserted == 0:
                        continue
                    tried[:at] = best[:at]
                    tried[at] = item
                    tried[at + 1 : len(best) + inserted] = best[at + 1 - inserted :]
                    count = len(best) + inserted
                    cost = _cost(tried, count, whole, limits, joins, scene, least)
                    steps += _STEPS_A_LEG * count
                    if cost < least:
                        if inserted == 0:
                            used[limits.track[best[at]]] = False
                        used[limits.track[item]] = True
                        best, least, changed = tried[:count].copy(), cost, True
                        tried = np.empty(len(best) + 1, np.int64)
                        break
            if at >= len(best) or len(best) == 1:
                continue
            # Left out
            tried[:at] = best[:at]
            tried[at : len(best) - 1] = best[at + 1 :]
            cost = _cost(tried, len(best) - 1, whole, limits, joins, scene, least)
            if cost < least:
                used[limits.track[best[at]]] = False
                best, least, changed = tried[: len(best) - 1].copy(), cost, True
                tried = np.empty(len(best) + 1, np.int64)
                continue
            # Exchanged with a later one, or moved
            for to in range(len(best)):
                if to == at:
                    continue
                for moved in range(2):
                    if moved == 0:
                        if to < at:
                            continue
                        tried[: len(best)] = best
                        tried[at], tried[to] = best[to], best[at]
                    elif at < to:
                        tried[:at] = best[:at]
                        tried[at:to] = best[at + 1 : to + 1]
                        tried[to] = best[at]
                        tried[to + 1 : len(best)] = best[to + 1 :]
                    else:
                        tried[:to] = best[:to]
                        tried[to] = best[at]
                        tried[to + 1 : at + 1] = best[to:at]
                        tried[at + 1 : len(best)] = best[at + 1 :]
                    cost = _cost(tried, len(best), whole, limits, joins, scene, least)
                    steps += _STEPS_A_LEG * len(best)
                    if cost < least:
                        best[:] = tried[: len(best)]
                        least, changed = cost, True
    return best, least, steps


@compiled
def _cost(
    order: IntArray, count: int, whole: WholeRun, limits: Limits, joins: Joins, scene: Scene, least: int
) -> int:
    """Return what songs one after another cost, in millionths; what is not allowed costs `NO_WAY`."""
    length_us, run_us, max_off, overhang = whole.length_us, whole.run_us, whole.max_off, whole.overhang
    knot_s, knot_spm, spm, fixed = whole.knot_s, whole.knot_spm, whole.spm, whole.fixed
    artist, pinned = joins.artist, len(whole.pin_us) > 0
    total, begin = 0, 0
    for number in range(count):
        item = order[number]
        end = begin + length_us[item]
        if begin >= run_us or (pinned and misses_pin(whole, item, begin, end)):
            return NO_WAY
        price = fixed[item] + whole_cost(knot_s, knot_spm, spm[item], max_off, overhang, run_us, begin, end)
        if price == np.inf:
            return NO_WAY
        if number > 0:
            price += join_cost(joins, order[number - 1], item)
            if number > 1 and artist[item] >= 0 and artist[order[number - 2]] == artist[item]:
                price += joins.again[1]
        total += micro(price)
        if total >= least:
            return NO_WAY
        begin = end
    left = run_us - begin
    if left > 0:
        if begin < scene.ends_from or left > max(scene.shortest_tail, length_us[order[count - 1]] // 2):
            return NO_WAY
        total += micro(scene.tail_price * left)
    if limits.most > 0:
        for number in range(count):
            same = 0
            for other in range(count):
                if artist[order[number]] >= 0 and artist[order[other]] == artist[order[number]]:
                    same += 1
            if same > limits.most:
                return NO_WAY
    for track in range(len(limits.must)):
        if limits.must[track]:
            there = False
            for number in range(count):
                there = there or limits.track[order[number]] == track
            if not there:
                return NO_WAY
    return total
