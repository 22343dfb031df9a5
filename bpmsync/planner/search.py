"""The search for a run's legs: ways carried from place to place, the most promising first (compiled).

A way is the legs so far, with its true cost and its true end, and what it has played. At each
place the best few go on, by cost so far plus the least cost of the rest; with more of them and
more legs for each, the best plan is found for certain. Costs are whole millionths and ties fall
by the order of the items, so that equal input gives an equal plan.
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
    bits,
    join_cost,
    lowest,
    scrambled,
)
from bpmsync.planner.wholecost import WholeRun, whole_cost
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["find_way"]

_MICRO = 1e6
_IMPOSSIBLE = 1e12


@compiled
def find_way(
    network: Network,
    whole: WholeRun,
    track: IntArray,
    joins: Joins,
    guide: Guide,
    beam: Beam,
    scene: Scene,
    ways: IntArray,
    least: int,
) -> tuple[int, int, int, int]:
    """Return the best way found, and what any other costs at least.

    Parameters
    ----------
    network : Network
        With `cost` exact where `whole` has no items.
    whole : WholeRun
        What tells the true costs of untouched files; without items for a stretched run.
    track : numpy.ndarray of int64, by item
    joins, guide, beam, scene
        As above.
    ways : numpy.ndarray of int64, shape (room, WAY_COLUMNS)
        Filled in; when it is full the search ends.
    least : int
        A way has to cost less, in millionths.

    Returns
    -------
    found : int
        Number of the last way (-1: none); its legs are found by its parents.
    cost : int
        Of it; `least` where none was found.
    lost : int
        No way that was dropped costs less.
    count : int
        How many ways there were.
    """
    places = len(network.wait)
    head = np.full(places + 1, -1, np.int64)
    for column in range(WAY_COLUMNS):
        ways[0, column] = 0
    ways[0, LEG], ways[0, PARENT], ways[0, FOLLOWING] = -1, -1, -1
    ways[0, ESTIMATE] = _micro_below(guide.playing[0, 0] - guide.unpaid)
    head[0] = 0
    # Best way, its cost, least estimate of what was dropped, number of ways
    state = np.array([-1, least, NO_WAY, 1], np.int64)
    work = np.empty(len(ways), np.int64)
    for begin in range(0, places, beam.stretch):
        waiting = 0
        until = min(begin + beam.stretch, places)
        for place in range(begin, until):
            way = head[place]
            while way >= 0:
                if ways[way, ESTIMATE] < state[1]:
                    work[waiting] = way
                    waiting += 1
                way = ways[way, FOLLOWING]
        waiting = _select(network, joins, guide, beam, ways, work, waiting, state)
        done, silences = 0, 0
        while done < waiting:
            way = work[done]
            done += 1
            if ways[way, ESTIMATE] >= state[1]:
                continue
            if state[3] + beam.children + 2 >= len(ways):
                state[2] = min(state[2], ways[way, ESTIMATE])
                continue
            _end_here(network, whole, guide, scene, ways, way, state)
            if _fall_silent(network, guide, scene, ways, way, until, head, state):
                if silences < beam.width:
                    work[waiting] = state[3] - 1
                    waiting += 1
                    silences += 1
                else:
                    state[2] = min(state[2], ways[state[3] - 1, ESTIMATE])
            _go_on(network, whole, track, joins, guide, beam, scene, ways, way, head, state)
    return state[0], state[1], state[2], state[3]


@compiled
def _end_here(
    network: Network, whole: WholeRun, guide: Guide, scene: Scene, ways: IntArray, way: int, state: IntArray
) -> None:
    """End the run with a way's last leg, where that is allowed and the best so far."""
    if not scene.shares_end or ways[way, SILENT] or ways[way, LEG] < 0 or ways[way, MUST] != guide.musts:
        return
    left = scene.run - ways[way, TIME]
    if ways[way, TIME] >= scene.ends_from and left <= max(
        scene.shortest_tail, whole.length_us[network.item[ways[way, LEG]]] // 2
    ):
        total = ways[way, COST] + _micro(scene.tail_price * left)
        if total < state[1]:
            state[0], state[1] = way, total


@compiled
def _fall_silent(
    network: Network,
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
    if price + rest == np.inf:
        return False
    time = ways[way, TIME] + network.size
    if network.loose:  # a cell of time, the last one up to the end of the run
        price = network.silence * (min(time, scene.run) - ways[way, TIME])
    price += 0.0 if ways[way, SILENT] else scene.opening
    total = ways[way, COST] + _micro(price)
    over = time >= scene.run or place + 1 >= len(network.wait)
    estimate = total
    if over:
        if ways[way, MUST] != guide.musts:
            return False
    else:
        estimate += _micro_below(rest - guide.unpaid) + ways[way, PAID]
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
def _go_on(
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
    so_far = ways[way, COST] + ways[way, PAID]
    joined = len(guide.after) > 0
    last = network.item[ways[way, LEG]] if ways[way, LEG] >= 0 else -1
    for leg in range(from_leg, to_leg):
        item, end = network.item[leg], network.end[leg]
        to = network.order[item] + 1
        if network.layers > 1 and (to <= layer or (to > layer + 1 and not network.skip)):
            continue
        if joined:
            rest = guide.after[leg] + (join_cost(joins, last, item) if last >= 0 else 0.0)
        else:
            rest = guide.playing[to, end]
            if network.loose and guide.playing[to, end + 1] < rest:
                rest = guide.playing[to, end + 1]
        rest += network.cost[leg] + guide.price[item] - guide.unpaid
        if rest == np.inf:
            continue
        total = so_far + _micro_below(rest)
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
        item = network.item[leg]
        if not _may_follow(network, track, joins, guide, ways, way, item):
            continue
        price, end = network.cost[leg], np.int64(network.end[leg])
        time = min(end * network.size, scene.run)
        if len(whole.spm) > 0:
            price = whole_cost(whole, item, ways[way, TIME])
            time = ways[way, TIME] + whole.length_us[item]
            end = min(time // network.size, places)
        if price == np.inf:
            continue
        total = ways[way, COST] + _micro(price + _join_cost(network, joins, ways, way, item))
        estimate = total
        if time < scene.run and end < places:
            paid = ways[way, PAID] + _micro(guide.price[item])
            rest = guide.playing[network.order[item] + 1, end]
            row = guide.slot[item] if joined else -1
            if row >= 0 and not np.isnan(guide.rest[end, row]):
                rest = max(rest, guide.rest[end, row])
            estimate += _micro_below(rest - guide.unpaid) + paid
        if estimate >= state[1]:
            continue
        chosen[looked], estimates[looked], times[looked], costs[looked] = leg, estimate, time, total
        looked += 1
    state[2] = min(state[2], beyond)
    order, beyond = lowest(estimates, looked, beam.children)
    state[2] = min(state[2], beyond)
    for position in order:
        item, time, total = network.item[chosen[position]], times[position], costs[position]
        end = min(time // network.size, places)
        must = ways[way, MUST] | guide.must[track[item]]
        over = time >= scene.run or end >= places
        if estimates[position] >= state[1] or (over and must != guide.musts):
            continue
        count = state[3]
        state[3] += 1
        ways[count, COST], ways[count, ESTIMATE], ways[count, TIME] = total, estimates[position], time
        ways[count, PLACE], ways[count, LEG], ways[count, PARENT] = end, chosen[position], way
        ways[count, PAID] = ways[way, PAID] + _micro(guide.price[item])
        ways[count, MUST], ways[count, LAYER] = must, network.order[item] + 1
        ways[count, SET], ways[count, SILENT] = ways[way, SET] ^ scrambled(track[item]), 0
        if over:
            state[0], state[1] = count, total
        else:
            ways[count, FOLLOWING] = head[end]
            head[end] = count


@compiled
def _micro(cost: float) -> int:
    return np.int64(np.rint(cost * _MICRO))


@compiled
def _micro_below(cost: float) -> int:
    if cost > _IMPOSSIBLE:
        return NO_WAY // 2
    # A sum of rounded terms may lie a little above what it stands for
    return np.int64(np.floor(cost * _MICRO)) - 1


@compiled
def _may_follow(
    network: Network, track: IntArray, joins: Joins, guide: Guide, ways: IntArray, way: int, item: int
) -> bool:
    """Tell whether a way has not played a track, nor too much of its artist."""
    same = 0
    while ways[way, LEG] >= 0:
        other = network.item[ways[way, LEG]]
        if track[other] == track[item]:
            return False
        if joins.artist[item] >= 0 and joins.artist[other] == joins.artist[item]:
            same += 1
        way = ways[way, PARENT]
    return guide.most == 0 or same < guide.most


@compiled
def _join_cost(network: Network, joins: Joins, ways: IntArray, way: int, item: int) -> float:
    """Return what it costs that an item follows a way's last legs."""
    if ways[way, LEG] < 0:
        return 0.0
    price = join_cost(joins, network.item[ways[way, LEG]], item)
    if joins.artist[item] >= 0 and _artist_before(network, joins, ways, way) == joins.artist[item]:
        price += joins.again[1]
    return price


@compiled
def _select(
    network: Network,
    joins: Joins,
    guide: Guide,
    beam: Beam,
    ways: IntArray,
    work: IntArray,
    waiting: int,
    state: IntArray,
) -> int:
    """Keep the best few ways, in order; of those that are the same for all that follows, one."""
    numbers, estimates = np.empty(waiting, np.int64), np.empty(waiting, np.int64)
    for i in range(waiting):
        numbers[i], estimates[i] = work[i], ways[work[i], ESTIMATE]
    # Of each set of ways that are alike only one is kept, so that a few more have to be looked at
    groups = bits(guide.musts) + 1
    order, beyond = lowest(estimates, waiting, 4 * beam.width * groups)
    state[2] = min(state[2], beyond)
    # Those that have played more of what has to be played are not crowded out by the others
    quota = np.full(groups, beam.width)
    kept = 0
    for position in order:
        way = numbers[position]
        if quota[bits(ways[way, MUST])] == 0:
            state[2] = min(state[2], ways[way, ESTIMATE])
            continue
        new = True
        for other in range(kept):
            if ways[way, SET] == ways[work[other], SET] and ways[way, SILENT] == ways[work[other], SILENT]:
                if _are_alike(network, joins, ways, way, work[other]):
                    new = False
                    break
                if not beam.exact:
                    state[2] = min(state[2], ways[way, ESTIMATE])
                    new = False
                    break
        if new:
            quota[bits(ways[way, MUST])] -= 1
            work[kept] = way
            kept += 1
    return kept


@compiled
def _are_alike(network: Network, joins: Joins, ways: IntArray, one: int, other: int) -> bool:
    """Tell whether nothing that may follow tells two ways apart that played the same."""
    if ways[one, TIME] != ways[other, TIME] or ways[one, COST] < ways[other, COST] or ways[one, LEG] < 0:
        return False
    if network.item[ways[one, LEG]] != network.item[ways[other, LEG]]:
        return False
    return _artist_before(network, joins, ways, one) == _artist_before(network, joins, ways, other)


@compiled
def _artist_before(network: Network, joins: Joins, ways: IntArray, way: int) -> int:
    """Return the artist of the leg before a way's last one; -1 where there is none."""
    before = ways[way, PARENT]
    return joins.artist[network.item[ways[before, LEG]]] if before >= 0 and ways[before, LEG] >= 0 else -1
