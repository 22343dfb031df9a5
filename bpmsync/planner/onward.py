"""What a way may do next: end the run, fall silent, or go on with a leg (compiled).

Functions in inner loops are given arrays one by one: a tuple of them would count references
with every call, which takes longer than all else they do.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Network  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.planner.ways import (
    COST,
    ESTIMATE,
    FOLLOWING,
    LAYER,
    LEG,
    MUST,
    NO_WAY,
    PAID,
    PARENT,
    PLACE,
    SET,
    SILENT,
    TIME,
    WAY_COLUMNS,
    Beam,
    Guide,
    Joins,
    Scene,
    beside,
    fees_of,
    lowest,
    scrambled,
)
from bpmsync.planner.wholecost import WholeRun, misses_pin, whole_cost
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["end_here", "fall_silent", "go_on", "micro", "micro_below"]

_MICRO = 1e6
_IMPOSSIBLE = 1e12


@compiled
def micro_below(cost: float) -> int:
    """Return a cost in millionths, not rounded up."""
    if cost > _IMPOSSIBLE:
        return NO_WAY // 2
    # A sum of rounded terms may lie a little above what it stands for
    return np.int64(np.floor(cost * _MICRO)) - 1


@compiled
def micro(cost: float) -> int:
    """Return a cost in millionths."""
    return np.int64(np.rint(cost * _MICRO))


@compiled
def end_here(
    item_of: IntArray,
    length_us: IntArray,
    musts: int,
    scene: Scene,
    ways: IntArray,
    way: int,
    state: IntArray,
) -> None:
    """End the run with a way's last leg, where that is allowed and the best so far."""
    if not scene.shares_end or ways[way, SILENT] or ways[way, LEG] < 0 or ways[way, MUST] != musts:
        return
    left = scene.run - ways[way, TIME]
    if ways[way, TIME] >= scene.ends_from and left <= max(
        scene.shortest_tail, length_us[item_of[ways[way, LEG]]] // 2
    ):
        total = ways[way, COST] + micro(scene.tail_price * left)
        if total < state[1]:
            state[0], state[1] = way, total


@compiled
def fall_silent(
    network: Network,
    pin_us: IntArray,
    guide: Guide,
    scene: Scene,
    ways: IntArray,
    way: int,
    until: int,
    head: IntArray,
    state: IntArray,
) -> bool:
    """Add a way that is silent up to the next place; return whether that comes before another one."""
    place = ways[way, PLACE]
    price, rest = network.wait[place], guide.silent[ways[way, LAYER], place + 1]
    time = ways[way, TIME] + network.size
    pinned = False
    for pin in pin_us:
        pinned = pinned or ways[way, TIME] <= pin < time
    if pinned or price + rest == np.inf:
        return False
    if network.loose:  # a cell of time, the last one up to the end of the run
        price = network.silence * (min(time, scene.run) - ways[way, TIME])
    price += 0.0 if ways[way, SILENT] else scene.opening
    total = ways[way, COST] + micro(price)
    over = time >= scene.run or place + 1 >= len(network.wait)
    estimate = total
    if over:
        if ways[way, MUST] != guide.musts:
            return False
    else:
        estimate += micro_below(rest - guide.unpaid) + ways[way, PAID]
    if estimate >= state[1]:
        return False
    count = state[3]
    state[3] += 1
    for column in range(WAY_COLUMNS):
        ways[count, column] = ways[way, column]
    ways[count, COST], ways[count, ESTIMATE] = total, estimate
    ways[count, TIME], ways[count, PLACE], ways[count, SILENT] = time, place + 1, 1
    if over:
        state[0], state[1] = count, total
        return False
    if place + 1 < until:
        return True
    ways[count, FOLLOWING] = head[place + 1]
    head[place + 1] = count
    return False


@compiled
def go_on(
    network: Network,
    whole: WholeRun,
    track: IntArray,
    joins: Joins,
    guide: Guide,
    beam: Beam,
    scene: Scene,
    ways: IntArray,
    way: int,
    head: IntArray,
    state: IntArray,
) -> None:
    """Add the most promising legs to a way."""
    place, layer, places = ways[way, PLACE], ways[way, LAYER], len(network.wait)
    from_leg, to_leg = network.first[place], network.first[place + 1]
    totals = np.empty(to_leg - from_leg, np.int64)
    legs = np.empty(to_leg - from_leg, np.int64)
    number = 0
    so_far, begin = ways[way, COST] + ways[way, PAID], ways[way, TIME]
    item_of, end_of, cost_of, order_of = network.item, network.end, network.cost, network.order
    price_of, playing, after, must_of = guide.price, guide.playing, guide.after, guide.must
    artist, album, level_db, energy = joins.artist, joins.album, joins.level_db, joins.energy
    knot_s, knot_spm, spm_of = whole.knot_s, whole.knot_spm, whole.spm
    fixed_of, length_of = whole.fixed, whole.length_us
    unpaid, loose, joined = guide.unpaid, network.loose, len(after) > 0
    layers, skip, ends, fees = network.layers, network.skip, after.shape[1] - 1, fees_of(joins)
    pinned = len(whole.pin_us) > 0
    last, before = -1, -1  # the last leg's item, and the artist of the leg before it
    if ways[way, LEG] >= 0:
        last = item_of[ways[way, LEG]]
        if ways[ways[way, PARENT], LEG] >= 0:
            before = artist[item_of[ways[ways[way, PARENT], LEG]]]
    # What a leg may cost with all that follows, so that a better way is possible; a rounding aside
    most = (state[1] - so_far + 2) / _MICRO + unpaid
    for leg in range(from_leg, to_leg):
        item = item_of[leg]
        rest = cost_of[leg] + price_of[item]
        if joined:
            onwards = after[leg, 0]
            if loose and after[leg, 1] < onwards:
                onwards = after[leg, 1]
            rest += onwards
            if last >= 0 and rest < most:
                rest += beside(
                    artist[item] >= 0 and artist[last] == artist[item],
                    album[item] >= 0 and album[last] == album[item],
                    level_db[item] - level_db[last],
                    energy[item] - energy[last],
                    fees,
                )
        else:
            to, end = order_of[item] + 1, end_of[leg]
            if layers > 1 and (to <= layer or (to > layer + 1 and not skip)):
                continue
            onwards = playing[to, end]
            if loose and playing[to, end + 1] < onwards:
                onwards = playing[to, end + 1]
            rest += onwards
        if rest >= most:
            continue
        total = so_far + micro_below(rest - unpaid)
        if total < state[1]:
            totals[number], legs[number] = total, leg
            number += 1
    order, beyond = lowest(totals, number, 4 * beam.children)
    # Neighbours that do not go well together cost extra, so more are looked at than are kept
    estimates, times = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    costs, chosen = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    looked = 0
    for position in order:
        if totals[position] >= state[1]:
            break
        leg = legs[position]
        item = item_of[leg]
        if not _may_follow(ways, way, item_of, track, artist, item, guide.most):
            continue
        price, end = cost_of[leg], np.int64(end_of[leg])
        time = min(end * network.size, scene.run)
        if len(spm_of) > 0:
            time = begin + length_of[item]
            if pinned and misses_pin(whole, item, begin, time):
                continue
            price = fixed_of[item] + whole_cost(
                knot_s, knot_spm, spm_of[item], whole.max_off, whole.overhang, whole.run_us, begin, time
            )
            end = min(time // network.size, places)
        if price == np.inf:
            continue
        if last >= 0:
            price += beside(
                artist[item] >= 0 and artist[last] == artist[item],
                album[item] >= 0 and album[last] == album[item],
                level_db[item] - level_db[last],
                energy[item] - energy[last],
                fees,
            )
            if artist[item] >= 0 and before == artist[item]:
                price += joins.again[1]
        total = ways[way, COST] + micro(price)
        estimate = total
        if time < scene.run and end < places:
            paid = ways[way, PAID] + micro(price_of[item])
            rest = playing[order_of[item] + 1, end]
            if joined:
                rest = max(rest, after[leg, min(max(end - end_of[leg], 0), ends)])
            estimate += micro_below(rest - unpaid) + paid
        if estimate >= state[1]:
            continue
        chosen[looked], estimates[looked], times[looked], costs[looked] = leg, estimate, time, total
        looked += 1
    state[2] = min(state[2], beyond)
    order, beyond = lowest(estimates, looked, beam.children)
    state[2] = min(state[2], beyond)
    for position in order:
        item, time, total = item_of[chosen[position]], times[position], costs[position]
        end = min(time // network.size, places)
        must = ways[way, MUST] | must_of[track[item]]
        over = time >= scene.run or end >= places
        if estimates[position] >= state[1] or (over and must != guide.musts):
            continue
        count = state[3]
        state[3] += 1
        ways[count, COST], ways[count, ESTIMATE], ways[count, TIME] = total, estimates[position], time
        ways[count, PLACE], ways[count, LEG], ways[count, PARENT] = end, chosen[position], way
        ways[count, PAID] = ways[way, PAID] + micro(price_of[item])
        ways[count, MUST], ways[count, LAYER] = must, order_of[item] + 1
        ways[count, SET], ways[count, SILENT] = ways[way, SET] ^ scrambled(track[item]), 0
        if over:
            state[0], state[1] = count, total
        else:
            ways[count, FOLLOWING] = head[end]
            head[end] = count


@compiled
def _may_follow(
    ways: IntArray, way: int, item_of: IntArray, track: IntArray, artist: IntArray, item: int, most: int
) -> bool:
    """Tell whether a way has not played a track, nor too much of its artist."""
    same = 0
    while ways[way, LEG] >= 0:
        other = item_of[ways[way, LEG]]
        if track[other] == track[item]:
            return False
        if artist[item] >= 0 and artist[other] == artist[item]:
            same += 1
        way = ways[way, PARENT]
    return most == 0 or same < most
