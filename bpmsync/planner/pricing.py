"""Prices for the use of tracks, so that the least cost of a run is a sharp bound (compiled).

A plan uses no track twice, so a price that is paid with every use and paid back once never lifts
the least cost above that of the best plan (Lagrange multipliers). Good prices are found by the
subgradient: what the cheapest way uses too often becomes dearer, with Polyak's steps.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.joined import least_costs_joined
from bpmsync.planner.memory import Memory, count_uses_joined, remember
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

__all__ = ["raise_bound"]

_ROUNDS = 12
_CLOSE = 1e-4
# Polyak's step is halved after so many rounds without a better bound
_PATIENCE = 3
_SMALLEST_SHARE, _SETTLED = 1e-3, 0.05
# It aims so far above the best bound: a share of it, or of what is missing
_AHEAD, _AHEAD_OF_GAP = 0.06, 0.25
# Repeats of the first rounds are remembered only if they last
_FORGETFUL = 2
# They have to gain a share of what is missing, or of the bound
_WORTH, _WORTH_OF_BOUND = 0.03, 5e-4


@compiled
def raise_bound(
    network: Network,
    limits: Limits,
    joins: Joins,
    memory: Memory,
    prices: Prices,
    target: float,
    share: float,
) -> tuple[Prices, int, float]:
    """Return the prices, of a few that are tried, under which the least cost of a run is the highest.

    Parameters
    ----------
    network, limits, joins
        The run, what it may hold, and what neighbours cost.
    memory : Memory
        What is remembered in least costs; it grows. Empty where neighbours do not count.
    prices : Prices
        To begin with.
    target : float
        What the best plan so far costs.
    share : float
        Of Polyak's step: 1 to begin with, then what came back.

    Returns
    -------
    prices : Prices
        The best ones.
    steps : int
        How much there was to look at.
    share : float
        To go on with; 0 if that is of no use.
    """
    best = Prices(prices.track.copy(), prices.artist.copy())
    tried = Prices(prices.track.copy(), prices.artist.copy())
    joined, way = len(memory.bit) > 0, np.empty(len(network.wait) + 1, np.int64)
    used, used_artist = np.zeros(len(prices.track)), np.zeros(len(prices.artist))
    since, highest, before, steps = 0, -np.inf, 0.0, 0
    for turn in range(_ROUNDS):
        price = item_prices(limits, tried)
        if joined:
            rests = least_costs_joined(network, price, limits.track, joins, memory)
            playing, silent = rests.playing, rests.silent
            steps += rests.steps
        else:
            playing, silent = least_costs(network, price)
            steps += len(network.cost)
        bound = bound_of(playing, limits, tried)
        if bound > highest:
            highest, since = bound, 0
            best.track[:] = tried.track
            best.artist[:] = tried.artist
        else:
            since += 1
            if since == _PATIENCE:
                share, since = share / 2, 0
        gap = target - highest
        if turn == 0:
            before = highest
        if gap <= _CLOSE * abs(target) or share < _SMALLEST_SHARE:
            return best, steps, 0.0
        if joined:
            length, _ = count_uses_joined(network, limits, rests, used, used_artist, way)
            if turn >= _FORGETFUL:
                remember(memory, limits.track, way, length)
        else:
            count_uses(network, limits, price, (playing, silent), used, used_artist)
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
            return best, steps, 0.0
        # A target that is far away would make for steps that lead nowhere
        ahead = highest - bound + min(gap, max(_AHEAD * abs(highest), _AHEAD_OF_GAP * gap))
        move = share * ahead / size
        for track in range(len(used)):
            moved = tried.track[track] + move * used[track]
            tried.track[track] = moved if limits.must[track] else max(moved, 0.0)
        if limits.most > 0:
            for artist in range(len(used_artist)):
                tried.artist[artist] = max(tried.artist[artist] + move * used_artist[artist], 0.0)
    # Where tracks hardly repeat, prices are not what is missing
    if share < _SETTLED and highest - before < min(_WORTH * gap, _WORTH_OF_BOUND * abs(highest)):
        share = 0.0
    return best, steps, share
