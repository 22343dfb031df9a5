"""Least costs that know what is played beside a leg, and a little of what is played later (compiled).

What neighbours cost is a good part of a plan, and a bound without it is loose; and so is one by a
way that plays two songs in turn again and again where they fit best. Here the least cost of the
rest depends on the item before it, and what follows remembers the tracks that such ways repeat
(the ng-route relaxation of Baldacci, Mingozzi and Roberti, 2011). Of all that begins at a place
the cheapest few settle it nearly always: no other one has to be looked at once what it costs
alone is more.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.memory import NONE, UNKNOWN, Memory, Rests
from bpmsync.planner.network import Network, omitted_cost
from bpmsync.planner.ways import Joins, beside, fees_of
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - read by the compiler

__all__ = ["least_costs_joined", "least_so_far_joined"]

# The cheapest of what begins at a place, kept in order
_NEAR = 16
# What may follow a leg, as far as it remembers different tracks
_LABELS = 3
# What it takes to compare what may follow
_STEPS_A_LABEL = 5


@compiled
def _add_label(
    costs: FloatArray,
    memories: IntArray,
    places: IntArray,
    numbers: IntArray,
    row: int,
    count: int,
    cost: float,
    memory: int,
    place: int,
    number: int,
) -> int:
    """Add what may follow, unless something cheaper remembers less; return how many there are."""
    kept = 0
    for label in range(count):
        if costs[row, label] <= cost and memories[row, label] & ~memory == 0:
            return count
    for label in range(count):
        if cost <= costs[row, label] and memory & ~memories[row, label] == 0:
            continue
        if kept < label:
            costs[row, kept], memories[row, kept] = costs[row, label], memories[row, label]
            places[row, kept], numbers[row, kept] = places[row, label], numbers[row, label]
        kept += 1
    if kept == _LABELS:
        # Together the dearest two remember what both do, at the lower cost: that is not too much
        worst = 0
        for label in range(1, kept):
            if costs[row, label] > costs[row, worst]:
                worst = label
        memories[row, worst] &= memory
        if cost < costs[row, worst]:
            costs[row, worst], places[row, worst], numbers[row, worst] = cost, place, number
        return kept
    costs[row, kept], memories[row, kept] = cost, memory
    places[row, kept], numbers[row, kept] = place, number
    return kept + 1


@compiled
def least_costs_joined(
    network: Network, price: FloatArray, track: IntArray, joins: Joins, memory: Memory
) -> Rests:
    """Return the least cost of the rest of a run, where neighbours count.

    Parameters
    ----------
    network : Network
        With one layer.
    price : numpy.ndarray, by item
        Paid for each use.
    track : numpy.ndarray of int64, by item
        None follows itself at once.
    joins : Joins
    memory : Memory
    """
    places, legs = len(network.wait), len(network.cost)
    playing, silent = np.zeros((1, places + 2)), np.zeros((1, places + 2))
    ends = 2 if network.loose else 1
    after = np.empty((legs, ends))
    onwards, beyond = np.zeros(places + 2), np.full(places + 2, np.inf)  # without a leg at once; not near
    near_item, near_cost = np.empty((places + 2, _NEAR), np.int32), np.full((places + 2, _NEAR), np.inf)
    near_memory, count = np.empty((places + 2, _NEAR), np.int64), np.zeros(places + 2, np.int64)
    to_place, to_number = np.empty((places + 2, _NEAR), np.int32), np.empty((places + 2, _NEAR), np.int8)
    # What was found last after each item
    known_end, known_count = np.full(len(price), -1, np.int32), np.zeros(len(price), np.int8)
    known_cost, known_memory = np.empty((len(price), _LABELS)), np.empty((len(price), _LABELS), np.int64)
    known_place = np.empty((len(price), _LABELS), np.int32)
    known_number = np.empty((len(price), _LABELS), np.int8)
    # After a leg: at its end, or a place later
    costs, memories = np.empty((3, _LABELS)), np.empty((3, _LABELS), np.int64)
    at_place, at_number = np.empty((3, _LABELS), np.int32), np.empty((3, _LABELS), np.int8)
    found = np.zeros(3, np.int64)
    first, item_of, end_of, cost_of = network.first, network.item, network.end, network.cost
    artist, album, level_db, energy = joins.artist, joins.album, joins.level_db, joins.energy
    bit_of, kept_of = memory.bit, memory.kept
    fees = fees_of(joins)
    steps = 4 * legs + 10 * places
    for place in range(places - 1, -1, -1):
        best = np.inf
        for leg in range(first[place], first[place + 1]):
            item = item_of[leg]
            bit, kept = bit_of[track[item]], kept_of[item]
            for shift in range(ends):
                end = end_of[leg] + shift
                if end >= places:
                    found[shift] = 1
                    costs[shift, 0], memories[shift, 0] = 0.0, bit
                    at_place[shift, 0], at_number[shift, 0] = end, NONE
                elif known_end[item] == end:
                    found[shift] = known_count[item]
                    for label in range(found[shift]):
                        costs[shift, label] = known_cost[item, label]
                        memories[shift, label] = known_memory[item, label]
                        at_place[shift, label] = known_place[item, label]
                        at_number[shift, label] = known_number[item, label]
                else:
                    # The least that remembers nothing but the item itself: nothing dearer is of use
                    settled = onwards[end]
                    number_of = 0
                    if settled < np.inf:
                        costs[shift, 0], memories[shift, 0] = settled, bit
                        at_place[shift, 0], at_number[shift, 0] = end, NONE
                        number_of = 1
                    for number in range(count[end]):
                        if near_cost[end, number] >= settled:
                            break
                        follower = near_item[end, number]
                        steps += 1
                        if track[follower] == track[item] or near_memory[end, number] & bit:
                            continue
                        total = near_cost[end, number] + beside(
                            artist[item] >= 0 and artist[item] == artist[follower],
                            album[item] >= 0 and album[item] == album[follower],
                            level_db[item] - level_db[follower],
                            energy[item] - energy[follower],
                            fees,
                        )
                        if total >= settled:
                            continue
                        left = (near_memory[end, number] & kept) | bit
                        if left == bit:
                            settled = total
                        if number_of == 0:
                            costs[shift, 0], memories[shift, 0] = total, left
                            at_place[shift, 0], at_number[shift, 0] = end, number
                            number_of = 1
                        else:
                            steps += _STEPS_A_LABEL
                            number_of = _add_label(
                                costs,
                                memories,
                                at_place,
                                at_number,
                                shift,
                                number_of,
                                total,
                                left,
                                end,
                                number,
                            )
                    if beyond[end] < settled:
                        number_of = _add_label(
                            costs,
                            memories,
                            at_place,
                            at_number,
                            shift,
                            number_of,
                            beyond[end],
                            bit,
                            end,
                            UNKNOWN,
                        )
                    found[shift] = number_of
                least = np.inf
                for label in range(found[shift]):
                    least = min(least, costs[shift, label])
                after[leg, shift] = least
            known_end[item], known_count[item] = end_of[leg], found[0]
            for label in range(found[0]):
                known_cost[item, label], known_memory[item, label] = costs[0, label], memories[0, label]
                known_place[item, label], known_number[item, label] = at_place[0, label], at_number[0, label]
            row = 0
            if ends == 2:
                if found[0] == 1 and found[1] == 1 and memories[0, 0] == memories[1, 0]:
                    row = 0 if costs[0, 0] <= costs[1, 0] else 1
                else:
                    row = 2
                    found[2] = 0
                    steps += _STEPS_A_LABEL * (found[0] + found[1])
                    for shift in range(2):
                        for label in range(found[shift]):
                            found[2] = _add_label(
                                costs,
                                memories,
                                at_place,
                                at_number,
                                2,
                                found[2],
                                costs[shift, label],
                                memories[shift, label],
                                at_place[shift, label],
                                at_number[shift, label],
                            )
            for label in range(found[row]):
                total = cost_of[leg] + price[item] + costs[row, label]
                best = min(best, total)
                if total >= near_cost[place, _NEAR - 1]:
                    beyond[place] = min(beyond[place], total)
                    continue
                slot, left = count[place], memories[row, label]
                if ends == 1:
                    # Of legs with the same item, for different times, none but the best is of use
                    useless = False
                    for number in range(count[place]):
                        if near_item[place, number] != item:
                            continue
                        if near_cost[place, number] <= total and near_memory[place, number] & ~left == 0:
                            useless = True
                            break
                        if near_cost[place, number] > total and left & ~near_memory[place, number] == 0:
                            slot = number
                            break
                    if useless:
                        continue
                if slot == count[place]:
                    if slot < _NEAR:
                        count[place] += 1
                    else:
                        slot -= 1
                        beyond[place] = min(beyond[place], near_cost[place, slot])
                while slot > 0 and near_cost[place, slot - 1] > total:
                    near_cost[place, slot], near_item[place, slot] = (
                        near_cost[place, slot - 1],
                        near_item[place, slot - 1],
                    )
                    near_memory[place, slot] = near_memory[place, slot - 1]
                    to_place[place, slot], to_number[place, slot] = (
                        to_place[place, slot - 1],
                        to_number[place, slot - 1],
                    )
                    slot -= 1
                near_cost[place, slot], near_item[place, slot] = total, item
                near_memory[place, slot] = left
                to_place[place, slot], to_number[place, slot] = at_place[row, label], at_number[row, label]
        left_out = np.inf
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                left_out = min(left_out, omitted_cost(network, place, end) + playing[0, end])
        best = min(best, left_out)
        silent[0, place] = min(best, network.wait[place] + silent[0, place + 1])
        onwards[place] = min(left_out, network.tail[place], network.opening + silent[0, place])
        playing[0, place] = min(best, onwards[place])
    return Rests(playing, silent, after, near_item, near_cost, to_place, to_number, steps)


@compiled
def least_so_far_joined(
    network: Network, price: FloatArray, track: IntArray, joins: Joins
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the least cost up to each place, as `least_so_far` with one layer, and up to each leg.

    Returns
    -------
    playing, silent : numpy.ndarray, shape (places + 2,)
        Whatever is played next.
    before : numpy.ndarray, by leg
        Of the cheapest few that come to a place each is known, of others the cheapest.
    """
    places = len(network.wait)
    playing, silent, before = (
        np.full(places + 2, np.inf),
        np.full(places + 2, np.inf),
        np.empty(len(network.cost)),
    )
    alone, beyond = np.full(places + 2, np.inf), np.full(places + 2, np.inf)  # after no item; not near
    near, value_of = np.empty((places + 2, _NEAR), np.int32), np.full((places + 2, _NEAR), np.inf)
    count = np.zeros(places + 2, np.int64)
    first, item_of, end_of, cost_of = network.first, network.item, network.end, network.cost
    artist, album, level_db, energy = joins.artist, joins.album, joins.level_db, joins.energy
    fees = fees_of(joins)
    ends = 2 if network.loose else 1
    alone[0] = 0.0
    for place in range(places):
        playing[place] = min(alone[place], value_of[place, 0])
        silent[place] = min(silent[place], playing[place] + network.opening)
        silent[place + 1] = silent[place] + network.wait[place]
        least = min(alone[place], silent[place])
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                total = min(least, playing[place]) + omitted_cost(network, place, end)
                alone[end] = min(alone[end], total)
        for leg in range(first[place], first[place + 1]):
            item = item_of[leg]
            value, settled = least, False
            for number in range(count[place]):
                total = value_of[place, number]
                if total >= value:
                    settled = True
                    break
                other = near[place, number]
                if track[other] != track[item]:
                    total += beside(
                        artist[item] >= 0 and artist[other] == artist[item],
                        album[item] >= 0 and album[other] == album[item],
                        level_db[other] - level_db[item],
                        energy[other] - energy[item],
                        fees,
                    )
                    value = min(value, total)
            if not settled:
                value = min(value, beyond[place])
            before[leg] = value
            total = value + cost_of[leg] + price[item]
            for end in range(end_of[leg], end_of[leg] + ends):
                if total >= value_of[end, _NEAR - 1]:
                    beyond[end] = min(beyond[end], total)
                    continue
                slot = count[end]
                if slot < _NEAR:
                    count[end] += 1
                else:
                    slot -= 1
                    beyond[end] = min(beyond[end], value_of[end, slot])
                while slot > 0 and value_of[end, slot - 1] > total:
                    value_of[end, slot], near[end, slot] = value_of[end, slot - 1], near[end, slot - 1]
                    slot -= 1
                value_of[end, slot], near[end, slot] = total, item
    for place in range(places, places + 2):
        playing[place] = min(alone[place], value_of[place, 0])
    return playing, silent, before
