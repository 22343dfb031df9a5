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
from bpmsync.planner.onward import end_here, fall_silent, go_on, micro_below
from bpmsync.planner.ways import (
    COST,
    ESTIMATE,
    FOLLOWING,
    LEG,
    MUST,
    NO_WAY,
    PARENT,
    SET,
    SILENT,
    TIME,
    WAY_COLUMNS,
    Beam,
    Guide,
    Joins,
    Scene,
    bits,
    lowest,
)
from bpmsync.planner.wholecost import WholeRun  # noqa: TC001
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["find_way"]

_SILENT, _SILENT_SHARE = 3, 8


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
    ways[0, ESTIMATE] = micro_below(guide.playing[0, 0] - guide.unpaid)
    head[0] = 0
    # Best way, its cost, least estimate of what was dropped, number of ways
    state = np.array([-1, least, NO_WAY, 1], np.int64)
    work = np.empty(len(ways), np.int64)
    item_of, length_us = network.item, whole.length_us
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
        # The best few may fall silent, and go on so to the next stretch
        done, selected, most_silent = 0, waiting, _SILENT + beam.width // _SILENT_SHARE
        while done < waiting:
            way = work[done]
            done += 1
            if ways[way, ESTIMATE] >= state[1]:
                continue
            if state[3] + beam.children + 2 >= len(ways):
                state[2] = min(state[2], ways[way, ESTIMATE])
                continue
            end_here(item_of, length_us, guide.musts, scene, ways, way, state)
            if fall_silent(network, whole.pin_us, guide, scene, ways, way, until, head, state):
                if done <= most_silent or done > selected:
                    work[waiting] = state[3] - 1
                    waiting += 1
                else:
                    state[2] = min(state[2], ways[state[3] - 1, ESTIMATE])
            go_on(network, whole, track, joins, guide, beam, scene, ways, way, head, state)
    return state[0], state[1], state[2], state[3]


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
    item_of, artist = network.item, joins.artist
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
                if _are_alike(item_of, artist, ways, way, work[other]):
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
def _are_alike(item_of: IntArray, artist: IntArray, ways: IntArray, one: int, other: int) -> bool:
    """Tell whether nothing that may follow tells two ways apart that played the same."""
    if ways[one, TIME] != ways[other, TIME] or ways[one, COST] < ways[other, COST] or ways[one, LEG] < 0:
        return False
    if item_of[ways[one, LEG]] != item_of[ways[other, LEG]]:
        return False
    return _artist_before(item_of, artist, ways, one) == _artist_before(item_of, artist, ways, other)


@compiled
def _artist_before(item_of: IntArray, artist: IntArray, ways: IntArray, way: int) -> int:
    """Return the artist of the leg before a way's last one; -1 where there is none."""
    before = ways[way, PARENT]
    return artist[item_of[ways[before, LEG]]] if before >= 0 and ways[before, LEG] >= 0 else -1
