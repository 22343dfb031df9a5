"""Least costs that know what was played last, so that neighbours that do not go together count (compiled).

Where there is little music, what neighbours cost is a good part of a plan, and a bound without
it is loose. Here the least cost of the rest depends on the place and on the item before it. It
takes as long as there are pairs of legs that meet, so it is for networks that were thinned out;
for others, items of nearly the same level and energy count as one.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits, Network, omitted_cost
from bpmsync.planner.ways import Joins, join_cost
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - read by the compiler

__all__ = [
    "count_pairs",
    "count_uses_joined",
    "least_costs_classed",
    "least_costs_joined",
    "number_items",
]


@compiled
def number_items(network: Network) -> tuple[IntArray, int]:
    """Return numbers from 0 for the items in the network (-1: not there), and how many they are."""
    slot, count = np.full(len(network.order), -1, np.int64), 0
    for item in network.item:
        if slot[item] < 0:
            slot[item] = count
            count += 1
    return slot, count


@compiled
def count_pairs(network: Network, slot: IntArray, items: int, most: int) -> int:
    """Return how many pairs of legs may meet, or a number above `most`."""
    places = len(network.wait)
    met = np.zeros((items, places + 2), np.bool_)
    pairs = 0
    for leg in range(len(network.cost)):
        item = slot[network.item[leg]]
        for end in range(network.end[leg], network.end[leg] + (2 if network.loose else 1)):
            if end < places and not met[item, end]:
                met[item, end] = True
                pairs += network.first[end + 1] - network.first[end]
        if pairs > most:
            break
    return pairs


@compiled
def least_costs_joined(
    network: Network, slot: IntArray, price: FloatArray, joins: Joins
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the least cost of the rest of a run, as `least_costs` with one layer, and more of it.

    Returns
    -------
    playing, silent : numpy.ndarray, shape (1, places + 2)
        Whatever was played before.
    rest : numpy.ndarray, shape (places + 2, numbered items)
        After an item; nan where none of the legs leads to.
    after : numpy.ndarray, by leg
        The same, at the end of each.
    """
    items, places = slot.max() + 1 if len(slot) > 0 else 0, len(network.wait)
    playing, silent = np.zeros((1, places + 2)), np.zeros((1, places + 2))
    rest, after = np.full((places + 2, items), np.nan), np.empty(len(network.cost))
    whole = np.empty(len(network.cost))  # by leg: with all that follows
    onwards = np.zeros(places + 2)  # by place: the least without a leg at once
    rest[places:, :] = 0.0
    for place in range(places - 1, -1, -1):
        best = np.inf
        for leg in range(network.first[place], network.first[place + 1]):
            item = network.item[leg]
            row = slot[item]
            least = np.inf
            for end in range(network.end[leg], network.end[leg] + (2 if network.loose else 1)):
                if np.isnan(rest[end, row]):
                    value = onwards[end]
                    for other in range(network.first[end], network.first[end + 1]):
                        if whole[other] < value:
                            joined = whole[other] + join_cost(joins, item, network.item[other])
                            value = min(value, joined)
                    rest[end, row] = value
                least = min(least, rest[end, row])
            after[leg] = least
            whole[leg] = network.cost[leg] + price[item] + least
            best = min(best, whole[leg])
        left_out = np.inf
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                left_out = min(left_out, omitted_cost(network, place, end) + playing[0, end])
        best = min(best, left_out)
        silent[0, place] = min(best, network.wait[place] + silent[0, place + 1])
        onwards[place] = min(left_out, network.tail[place], network.opening + silent[0, place])
        playing[0, place] = min(best, onwards[place])
    return playing, silent, rest, after


@compiled
def least_costs_classed(
    network: Network,
    slot: IntArray,
    tables: tuple[FloatArray, FloatArray],
    price: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what `least_costs_joined` does, for items that are told apart by level and energy only.

    Parameters
    ----------
    network : Network
    slot : numpy.ndarray of int64, by item
        Its class: class of its level times the number of classes of energy, plus that of its energy.
    tables : (numpy.ndarray, numpy.ndarray)
        What neighbours of two classes cost at least: by level, and by energy.
    price : numpy.ndarray, by item
        Paid for each use.
    """
    by_level, by_energy = tables
    levels, energies, places = len(by_level), len(by_energy), len(network.wait)
    playing, silent = np.zeros((1, places + 2)), np.zeros((1, places + 2))
    rest, after = np.zeros((places + 2, levels * energies)), np.empty(len(network.cost))
    best, half = np.empty((levels, energies)), np.empty((levels, energies))
    for place in range(places - 1, -1, -1):
        best[:, :] = np.inf
        least = np.inf
        for leg in range(network.first[place], network.first[place + 1]):
            item, end = network.item[leg], network.end[leg]
            row = slot[item]
            onwards = rest[end, row]
            if network.loose:
                onwards = min(onwards, rest[end + 1, row])
            after[leg] = onwards
            total = network.cost[leg] + price[item] + onwards
            level, energy = row // energies, row % energies
            best[level, energy] = min(best[level, energy], total)
            least = min(least, total)
        left_out = np.inf
        if len(network.rate) > 0:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                left_out = min(left_out, omitted_cost(network, place, end) + playing[0, end])
        least = min(least, left_out)
        silent[0, place] = min(least, network.wait[place] + silent[0, place + 1])
        stops = min(left_out, network.tail[place], network.opening + silent[0, place])
        playing[0, place] = min(least, stops)
        # By energy first and then by level: that is all pairs of classes
        for level in range(levels):
            for energy in range(energies):
                value = np.inf
                for other in range(energies):
                    value = min(value, by_energy[energy, other] + best[level, other])
                half[level, energy] = value
        for level in range(levels):
            for energy in range(energies):
                value = stops
                for other in range(levels):
                    value = min(value, by_level[level, other] + half[other, energy])
                rest[place, level * energies + energy] = value
    return playing, silent, rest, after


@compiled
def count_uses_joined(
    network: Network,
    slot: IntArray,
    limits: Limits,
    price: FloatArray,
    joins: Joins,
    to_go: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    used: FloatArray,
    used_artist: FloatArray,
) -> bool:
    """Count the uses of tracks and artists by the cheapest way; return whether it uses what is left out."""
    playing, silent, rest, after = to_go
    places = len(network.wait)
    used[:] = 0.0
    used_artist[:] = 0.0
    place, last, in_hole, omitted = 0, -1, False, False
    while place < places:
        best, chosen, onwards = np.inf, -1, places
        for leg in range(network.first[place], network.first[place + 1]):
            item = network.item[leg]
            total = network.cost[leg] + price[item] + after[leg]
            if total < best:
                if last >= 0 and not in_hole:
                    total += join_cost(joins, last, item)
                if total < best:
                    best, chosen, onwards = total, leg, network.end[leg]
        if chosen >= 0 and network.loose:
            row = slot[network.item[chosen]]
            if rest[onwards + 1, row] < rest[onwards, row]:
                onwards += 1
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
                last = network.item[chosen]
                used[limits.track[last]] += 1.0
                if limits.most > 0 and limits.artist[last] >= 0:
                    used_artist[limits.artist[last]] += 1.0
            place, in_hole = onwards, False
        else:
            place, in_hole = place + 1, True
    return omitted
