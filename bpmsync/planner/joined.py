"""Least costs that know what is played beside a leg, so that neighbours that do not go together count (compiled).

What neighbours cost is a good part of a plan, and a bound without it is loose. Here the least
cost of the rest depends on the place and on the item before it. Of the legs that begin at a place
the cheapest few settle it nearly always: no other one has to be looked at once what it costs
alone is more.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits, Network, omitted_cost
from bpmsync.planner.ways import Joins, beside, fees_of
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - read by the compiler

__all__ = ["count_uses_joined", "least_costs_joined", "least_so_far_joined"]

# The cheapest legs of a place, kept in order
_NEAR = 8


@compiled
def least_costs_joined(
    network: Network, price: FloatArray, track: IntArray, joins: Joins
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the least cost of the rest of a run, as `least_costs` with one layer, and more of it.

    Parameters
    ----------
    network : Network
    price : numpy.ndarray, by item
        Paid for each use.
    track : numpy.ndarray of int64, by item
        None follows itself at once.
    joins : Joins

    Returns
    -------
    playing, silent : numpy.ndarray, shape (1, places + 2)
        Whatever was played before.
    after : numpy.ndarray, shape (legs, 2) or (legs, 1)
        After each leg: where it ends, and at the place after that if legs are loose.
    """
    places, legs = len(network.wait), len(network.cost)
    playing, silent = np.zeros((1, places + 2)), np.zeros((1, places + 2))
    ends = 2 if network.loose else 1
    after, whole = np.empty((legs, ends)), np.empty(legs)  # whole: a leg with all that follows
    onwards, beyond = np.zeros(places + 2), np.full(places + 2, np.inf)  # without a leg at once; not near
    near, count = np.empty((places + 2, _NEAR), np.int32), np.zeros(places + 2, np.int64)
    value_of = np.full((places + 2, _NEAR), np.inf)
    known_end, known = np.full(len(price), -1, np.int32), np.empty(len(price))
    first, item_of, end_of, cost_of = network.first, network.item, network.end, network.cost
    artist, album, level_db, energy = joins.artist, joins.album, joins.level_db, joins.energy
    fees = fees_of(joins)
    for place in range(places - 1, -1, -1):
        best = np.inf
        for leg in range(first[place], first[place + 1]):
            item = item_of[leg]
            least = np.inf
            for shift in range(ends):
                end = end_of[leg] + shift
                if end >= places:
                    value = 0.0
                elif known_end[item] == end:
                    value = known[item]
                else:
                    value = onwards[end]
                    for number in range(count[end]):
                        total = value_of[end, number]
                        if total >= value:
                            break
                        follower = near[end, number]
                        if track[follower] != track[item]:
                            total += beside(
                                artist[follower] >= 0 and artist[item] == artist[follower],
                                album[follower] >= 0 and album[item] == album[follower],
                                level_db[item] - level_db[follower],
                                energy[item] - energy[follower],
                                fees,
                            )
                            value = min(value, total)
                    if beyond[end] < value:
                        for other in range(first[end], first[end + 1]):
                            total, follower = whole[other], item_of[other]
                            if total < value and track[follower] != track[item]:
                                total += beside(
                                    artist[follower] >= 0 and artist[item] == artist[follower],
                                    album[follower] >= 0 and album[item] == album[follower],
                                    level_db[item] - level_db[follower],
                                    energy[item] - energy[follower],
                                    fees,
                                )
                                value = min(value, total)
                after[leg, shift] = value
                least = min(least, value)
            known_end[item], known[item] = end_of[leg], after[leg, 0]
            total = cost_of[leg] + price[item] + least
            whole[leg] = total
            best = min(best, total)
            if total >= value_of[place, _NEAR - 1]:
                beyond[place] = min(beyond[place], total)
                continue
            slot = count[place]
            if slot < _NEAR:
                count[place] += 1
            else:
                slot -= 1
                beyond[place] = min(beyond[place], value_of[place, slot])
            while slot > 0 and value_of[place, slot - 1] > total:
                value_of[place, slot], near[place, slot] = value_of[place, slot - 1], near[place, slot - 1]
                slot -= 1
            value_of[place, slot], near[place, slot] = total, item
        left_out = np.inf
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                left_out = min(left_out, omitted_cost(network, place, end) + playing[0, end])
        best = min(best, left_out)
        silent[0, place] = min(best, network.wait[place] + silent[0, place + 1])
        onwards[place] = min(left_out, network.tail[place], network.opening + silent[0, place])
        playing[0, place] = min(best, onwards[place])
    return playing, silent, after


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


@compiled
def count_uses_joined(
    network: Network,
    limits: Limits,
    price: FloatArray,
    joins: Joins,
    to_go: tuple[FloatArray, FloatArray, FloatArray],
    used: FloatArray,
    used_artist: FloatArray,
) -> bool:
    """Count the uses of tracks and artists by the cheapest way; return whether it uses what is left out."""
    playing, silent, after = to_go
    places = len(network.wait)
    first, item_of, end_of, cost_of = network.first, network.item, network.end, network.cost
    artist, album, level_db, energy = joins.artist, joins.album, joins.level_db, joins.energy
    track = limits.track
    fees = fees_of(joins)
    used[:] = 0.0
    used_artist[:] = 0.0
    place, last, in_hole, omitted = 0, -1, False, False
    while place < places:
        best, chosen, onwards = np.inf, -1, places
        for leg in range(first[place], first[place + 1]):
            item = item_of[leg]
            total, end = cost_of[leg] + price[item] + after[leg, 0], end_of[leg]
            if network.loose and after[leg, 1] < after[leg, 0]:
                total, end = cost_of[leg] + price[item] + after[leg, 1], end + 1
            if total < best and last >= 0:
                if track[last] == track[item]:
                    continue
                total += beside(
                    artist[item] >= 0 and artist[last] == artist[item],
                    album[item] >= 0 and album[last] == album[item],
                    level_db[last] - level_db[item],
                    energy[last] - energy[item],
                    fees,
                )
            if total < best:
                best, chosen, onwards = total, leg, end
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                total = omitted_cost(network, place, end) + playing[0, end]
                if total < best:
                    best, chosen, onwards = total, -1, end
        waiting = network.wait[place] + silent[0, place + 1] + (0.0 if in_hole else network.opening)
        if not in_hole and network.tail[place] <= min(best, waiting):
            break
        if best <= waiting:
            omitted = omitted or chosen < 0
            last = -1
            if chosen >= 0:
                last = item_of[chosen]
                used[track[last]] += 1.0
                if limits.most > 0 and limits.artist[last] >= 0:
                    used_artist[limits.artist[last]] += 1.0
            place, in_hole = onwards, False
        else:
            place, last, in_hole = place + 1, -1, True
    return omitted
