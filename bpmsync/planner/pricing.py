"""Prices for the use of tracks, so that the least cost of a run is a sharp bound (compiled).

A plan uses no track twice, so a price that is paid with every use and paid back once never lifts
the least cost above that of the best plan (Lagrange multipliers). Good prices are found by the
subgradient: what the cheapest way uses too often becomes dearer, with Polyak's steps.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.joined import count_uses_joined, least_costs_classed, least_costs_joined
from bpmsync.planner.network import (
    Limits,
    Network,
    Prices,
    bound_of,
    count_uses,
    item_prices,
    least_costs,
)
from bpmsync.planner.ways import Joins  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001

__all__ = ["CLASSES", "EACH", "NONE", "raise_bound"]

# How neighbours count in least costs
NONE = 0
EACH = 1
CLASSES = 2

_CLOSE = 1e-4
# Polyak's step is halved after so many rounds without a better bound
_PATIENCE = 5
_SMALLEST_SHARE = 1e-3
_FAR = 20.0
_TRIED, _WORTH = 8, 0.02


@compiled
def _to_go(
    network: Network,
    slot: IntArray,
    price: FloatArray,
    joins: Joins,
    tables: tuple[FloatArray, FloatArray],
    neighbours: int,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the least costs of the rest, with or without what neighbours cost."""
    if neighbours == EACH:
        return least_costs_joined(network, slot, price, joins)
    if neighbours == CLASSES:
        return least_costs_classed(network, slot, tables, price)
    playing, silent = least_costs(network, price)
    return playing, silent, np.empty((0, 0)), np.empty(0)


@compiled
def raise_bound(
    network: Network,
    slot: IntArray,
    limits: Limits,
    joins: Joins,
    tables: tuple[FloatArray, FloatArray],
    neighbours: int,
    prices: Prices,
    target: float,
    rounds: int,
) -> tuple[Prices, float, bool]:
    """Return the prices, of those tried, under which the least cost of a run is the highest.

    Parameters
    ----------
    network, limits, joins
        The run, what it may hold, and what neighbours cost.
    slot : numpy.ndarray of int64, by item
        As by `number_items`, or its class.
    tables : (numpy.ndarray, numpy.ndarray)
        As for `least_costs_classed`.
    neighbours : int
        Whether neighbours count: `NONE`, `EACH`, or `CLASSES` of them.
    prices : Prices
        To begin with.
    target : float
        What the best plan so far costs.
    rounds : int
        How many prices to try.

    Returns
    -------
    prices : Prices
        The best ones.
    bound : float
        What no plan undercuts.
    omitted : bool
        Whether the last way looked at uses what the network leaves out.
    """
    best = Prices(prices.track.copy(), prices.artist.copy())
    tried = Prices(prices.track.copy(), prices.artist.copy())
    used, used_artist = np.zeros(len(prices.track)), np.zeros(len(prices.artist))
    share, since, highest, omitted, begun = 1.0, 0, -np.inf, False, -np.inf
    for turn in range(rounds):
        price = item_prices(limits, tried)
        to_go = _to_go(network, slot, price, joins, tables, neighbours)
        bound = bound_of(to_go[0], limits, tried)
        if bound > highest:
            highest, since = bound, 0
            best.track[:] = tried.track
            best.artist[:] = tried.artist
        else:
            since += 1
            if since == _PATIENCE:
                share, since, bound = share / 2, 0, highest
                tried.track[:] = best.track
                tried.artist[:] = best.artist
                price = item_prices(limits, tried)
                to_go = _to_go(network, slot, price, joins, tables, neighbours)
        if turn == 0:
            begun = highest
        # Where tracks hardly repeat, prices are not what is missing
        if turn == _TRIED and highest - begun < _WORTH * (target - begun) < _WORTH * abs(begun) / 4:
            break
        if target - highest <= _CLOSE * abs(target) or share < _SMALLEST_SHARE or turn == rounds - 1:
            break
        if neighbours != NONE:
            omitted = count_uses_joined(network, slot, limits, price, joins, to_go, used, used_artist)
        else:
            omitted = count_uses(network, limits, price, (to_go[0], to_go[1]), used, used_artist)
        size = 0.0
        for track in range(len(used)):
            used[track] -= 1.0
            if used[track] < 0 and tried.track[track] <= 0 and not limits.must[track]:
                used[track] = 0.0
            size += used[track] ** 2
        for artist in range(len(used_artist)):
            if limits.most == 0:
                break
            used_artist[artist] -= limits.most
            if used_artist[artist] < 0 and tried.artist[artist] <= 0:
                used_artist[artist] = 0.0
            size += used_artist[artist] ** 2
        if size == 0.0:
            break
        # A target that is far away would make for steps that lead nowhere
        ahead = min(target - bound, max(abs(bound) / 2, (target - bound) / _FAR))
        move = share * ahead / size
        for track in range(len(used)):
            moved = tried.track[track] + move * used[track]
            tried.track[track] = moved if limits.must[track] else max(moved, 0.0)
        if limits.most > 0:
            for artist in range(len(used_artist)):
                tried.artist[artist] = max(tried.artist[artist] + move * used_artist[artist], 0.0)
    return best, highest, omitted
