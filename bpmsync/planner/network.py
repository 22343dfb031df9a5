"""The least cost of a run over a network of legs, and prices that make it a sharp bound (compiled).

A network has places in a row (cells of time, or steps) and legs from each to later ones. The
least cost of the rest of a run follows from the last place back to the first. It lets tracks
come again; each track therefore has a price that is paid with every use and paid back once. A
plan uses none twice, so no prices lift the least cost above that of the best plan, and good
ones bring it near (Lagrange multipliers, by the subgradient with Polyak's steps).

What is too much to list is left out where it costs at least a `rate` for each second: one leg
of any length at that rate stands for all of it, and the bound holds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = [
    "Limits",
    "Network",
    "Prices",
    "bound_of",
    "count_uses",
    "item_prices",
    "kept_legs",
    "least_costs",
    "least_so_far",
    "omitted_cost",
    "only",
]


class Network(NamedTuple):
    """Places, and legs between them in the order of the places that they begin at.

    Parameters
    ----------
    first : numpy.ndarray of int64, shape (places + 1,)
        The legs from place p are numbers first[p] to first[p + 1] (not included).
    item, end : numpy.ndarray of int32, shape (legs,)
        What is played, and the place where it ends: `places`, where the run ends with it.
    cost : numpy.ndarray, shape (legs,)
        At least.
    order : numpy.ndarray of int64, by item
        -1, or where the order is given: the number from 0, and legs come in rising order.
    layers : int
        1, or 1 more than there are numbers in a given order.
    skip : bool
        Whether a given order may have gaps.
    wait : numpy.ndarray, shape (places,)
        What silence costs from a place to the next, at least.
    silence : float
        What a unit of time costs in silence, where it is the same everywhere.
    opening : float
        What it costs to fall silent at all, at least.
    tail : numpy.ndarray, shape (places,)
        What it costs to stop at a place after a leg; infinite where the run is not yet over.
    loose : bool
        Whether legs may also end one place later.
    rate : numpy.ndarray, shape (places,) or (0,)
        What begins at a place and is left out costs so much for each second; empty where
        nothing is left out.
    toll : float
        What is left out costs so much besides.
    shortest, longest : int
        Places that a leg takes, at least and at most.
    seconds : numpy.ndarray, shape (places + 1,)
        When the places begin.
    size : int
        Length of a place, in units of time (microseconds, or steps).
    """

    first: IntArray
    item: IntArray
    end: IntArray
    cost: FloatArray
    order: IntArray
    layers: int
    skip: bool
    wait: FloatArray
    silence: float
    opening: float
    tail: FloatArray
    loose: bool
    rate: FloatArray
    toll: float
    shortest: int
    longest: int
    seconds: FloatArray
    size: int


class Limits(NamedTuple):
    """What a run may hold of each track and artist.

    Parameters
    ----------
    track, artist : numpy.ndarray of int64, by item
        Numbers from 0; an artist of -1 is not known.
    must : numpy.ndarray of bool, by track
        Whether it has to be played.
    most : int
        Legs by one artist; 0 for any number.
    artists : int
        How many there are.
    """

    track: IntArray
    artist: IntArray
    must: np.ndarray
    most: int
    artists: int


class Prices(NamedTuple):
    """What a use of each track and artist costs, by their numbers."""

    track: FloatArray
    artist: FloatArray


@compiled
def item_prices(limits: Limits, prices: Prices) -> FloatArray:
    """Return what a use of each item costs."""
    found = np.empty(len(limits.track))
    for item in range(len(found)):
        found[item] = prices.track[limits.track[item]]
        if limits.most > 0 and limits.artist[item] >= 0:
            found[item] += prices.artist[limits.artist[item]]
    return found


@compiled
def bound_of(playing: FloatArray, limits: Limits, prices: Prices) -> float:
    """Return what no plan undercuts."""
    return playing[0, 0] - prices.track.sum() - limits.most * prices.artist.sum()


@compiled
def least_costs(network: Network, price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least cost of the rest of a run: after a leg, and within a hole that is paid for.

    Parameters
    ----------
    network : Network
        The run.
    price : numpy.ndarray
        By item, paid for each use.

    Returns
    -------
    playing, silent : numpy.ndarray, shape (layers, places + 2)
        With a given order, layer k holds what may follow number k - 1.
    """
    places, layers = len(network.wait), network.layers
    playing, silent = np.zeros((layers, places + 2)), np.zeros((layers, places + 2))
    best = np.empty(layers + 1)
    omitted = len(network.rate) > 0 and layers == 1
    for place in range(places - 1, -1, -1):
        best[:] = np.inf
        for leg in range(network.first[place], network.first[place + 1]):
            item, end = network.item[leg], network.end[leg]
            layer = network.order[item] + 1
            rest = playing[layer, end]
            if network.loose and playing[layer, end + 1] < rest:
                rest = playing[layer, end + 1]
            total = network.cost[leg] + price[item] + rest
            if total < best[layer]:
                best[layer] = total
        if omitted:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                best[0] = min(best[0], omitted_cost(network, place, end) + playing[0, end])
        if layers > 1:
            if network.skip:
                for layer in range(layers - 2, 0, -1):
                    best[layer] = min(best[layer], best[layer + 1])
            for layer in range(layers):  # from layer k on to k + 1, or to the best after it
                best[layer] = best[layer + 1]
        for layer in range(layers):
            waiting = network.wait[place] + silent[layer, place + 1]
            silent[layer, place] = min(best[layer], waiting)
            rest = min(best[layer], network.opening + silent[layer, place])
            playing[layer, place] = min(rest, network.tail[place])
    return playing, silent


@compiled
def omitted_cost(network: Network, place: int, end: int) -> float:
    """Return what a leg costs at least that is not listed; a loose one may begin a place later."""
    begins = network.seconds[min(place + 1, len(network.wait))] if network.loose else network.seconds[place]
    return network.toll + network.rate[place] * max(network.seconds[end] - begins, 0.0)


@compiled
def least_so_far(network: Network, price: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least cost of being at each place: after a leg, and within a hole.

    Returns
    -------
    playing, silent : numpy.ndarray, shape (layers, places + 2)
        As for `least_costs`; at the first place 0.
    """
    places, layers = len(network.wait), network.layers
    playing, silent = np.full((layers, places + 2), np.inf), np.full((layers, places + 2), np.inf)
    playing[0, 0] = 0.0
    omitted = len(network.rate) > 0 and layers == 1
    best = np.empty(layers + 1)
    for place in range(places):
        for layer in range(layers):
            silent[layer, place] = min(silent[layer, place], playing[layer, place] + network.opening)
            silent[layer, place + 1] = silent[layer, place] + network.wait[place]
            best[layer] = min(playing[layer, place], silent[layer, place])
        if omitted:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                total = best[0] + omitted_cost(network, place, end)
                playing[0, end] = min(playing[0, end], total)
        if layers > 1:
            for layer in range(layers - 1, 0, -1):  # into layer k from k - 1, or from all before
                best[layer] = best[layer - 1]
            if network.skip:
                for layer in range(2, layers):
                    best[layer] = min(best[layer], best[layer - 1])
        for leg in range(network.first[place], network.first[place + 1]):
            item, end = network.item[leg], network.end[leg]
            layer = network.order[item] + 1
            total = best[layer] + network.cost[leg] + price[item]
            playing[layer, end] = min(playing[layer, end], total)
            if network.loose:
                playing[layer, end + 1] = min(playing[layer, end + 1], total)
    return playing, silent


@compiled
def kept_legs(
    network: Network,
    price: FloatArray,
    so_far: tuple[FloatArray, FloatArray],
    to_go: FloatArray,
    limit: float,
) -> np.ndarray:
    """Return which legs are part of a way through the run that costs no more than a limit."""
    before, before_silent = so_far
    kept = np.zeros(len(network.cost), dtype=np.bool_)
    layers = network.layers
    least = np.empty(layers + 1)
    for place in range(len(network.wait)):
        for layer in range(layers):
            least[layer] = min(before[layer, place], before_silent[layer, place])
        if layers > 1:
            for layer in range(layers - 1, 0, -1):
                least[layer] = least[layer - 1]
            if network.skip:
                for layer in range(2, layers):
                    least[layer] = min(least[layer], least[layer - 1])
        for leg in range(network.first[place], network.first[place + 1]):
            item, end = network.item[leg], network.end[leg]
            layer = network.order[item] + 1
            rest = to_go[layer, end]
            if network.loose:
                rest = min(rest, to_go[layer, end + 1])
            kept[leg] = least[layer] + network.cost[leg] + price[item] + rest <= limit
    return kept


@compiled
def count_uses(
    network: Network,
    limits: Limits,
    price: FloatArray,
    to_go: tuple[FloatArray, FloatArray],
    used: FloatArray,
    used_artist: FloatArray,
) -> bool:
    """Count the uses of tracks and artists by the cheapest way; return whether it uses what is left out."""
    playing, silent = to_go
    places, layers = len(network.wait), network.layers
    used[:] = 0.0
    used_artist[:] = 0.0
    place, layer, in_hole, omitted = 0, 0, False, False
    while place < places:
        value = silent[layer, place] if in_hole else playing[layer, place]
        if not in_hole and network.tail[place] <= value:
            break
        best, chosen, onwards, to_layer = np.inf, -1, places, 0
        for leg in range(network.first[place], network.first[place + 1]):
            item, end = network.item[leg], network.end[leg]
            to = network.order[item] + 1
            if layers > 1 and (to <= layer or (to > layer + 1 and not network.skip)):
                continue
            if network.loose and playing[to, end + 1] < playing[to, end]:
                end += 1
            total = network.cost[leg] + price[item] + playing[to, end]
            if total < best:
                best, chosen, onwards, to_layer = total, leg, end, to
        if len(network.rate) > 0 and layers == 1:
            for end in range(min(place + network.shortest, places), min(place + network.longest, places) + 1):
                total = omitted_cost(network, place, end) + playing[0, end]
                if total < best:
                    best, chosen, onwards, to_layer = total, -1, end, 0
        waiting = network.wait[place] + silent[layer, place + 1]
        if not in_hole:
            waiting += network.opening
        if best <= waiting:
            omitted = omitted or chosen < 0
            if chosen >= 0:
                used[limits.track[network.item[chosen]]] += 1.0
                if limits.most > 0 and limits.artist[network.item[chosen]] >= 0:
                    used_artist[limits.artist[network.item[chosen]]] += 1.0
            place, layer, in_hole = onwards, to_layer, False
        else:
            place, in_hole = place + 1, True
    return omitted


def only(network: Network, kept: np.ndarray) -> Network:
    """Return a network with some of its legs, as many flags tell."""
    starts = np.concatenate([[0], np.cumsum(kept)])
    return network._replace(
        first=starts[network.first], item=network.item[kept], end=network.end[kept], cost=network.cost[kept]
    )
