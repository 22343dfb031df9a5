"""What cheap ways through a run repeat, and is remembered from then on (compiled)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits, Network, omitted_cost
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - read by the compiler

__all__ = ["NONE", "UNKNOWN", "Memory", "Rests", "count_uses_joined", "remember"]

# Followers of a way: none, or one that was not kept
NONE = -1
UNKNOWN = -2
# Tracks that are remembered at most, and for so many legs
_MOST_REMEMBERED, _REACH = 62, 6


class Memory(NamedTuple):
    """Which tracks are remembered, and by what; both change as ways are found that repeat some.

    Parameters
    ----------
    bit : numpy.ndarray of int64, by track
        A bit of its own; 0: not remembered.
    kept : numpy.ndarray of int64, by item
        The bits that are still known before it.
    """

    bit: IntArray
    kept: IntArray


class Rests(NamedTuple):
    """Least costs of the rest of a run, and how they come about.

    Parameters
    ----------
    playing, silent : numpy.ndarray, shape (1, places + 2)
        As from `least_costs`.
    after : numpy.ndarray, shape (legs, 2) or (legs, 1)
        After each leg: where it ends, and at the place after that if legs are loose.
    item, cost, to_place, to_number : numpy.ndarray, shape (places + 2, near)
        The cheapest that begins at a place: with what item, its cost with all that follows, and
        which of those at what place follows.
    steps : int
        How much there was to look at.
    """

    playing: FloatArray
    silent: FloatArray
    after: FloatArray
    item: IntArray
    cost: FloatArray
    to_place: IntArray
    to_number: IntArray
    steps: int


@compiled
def count_uses_joined(
    network: Network,
    limits: Limits,
    rests: Rests,
    used: FloatArray,
    used_artist: FloatArray,
    way: IntArray,
) -> tuple[int, bool]:
    """Count the uses of tracks and artists by the cheapest way.

    Returns
    -------
    length : int
        So many entries of `way` are filled: items, and -1 for what is no leg.
    omitted : bool
        Whether it uses what is left out.
    """
    playing, silent = rests.playing, rests.silent
    near_item, near_cost, to_place, to_number = rests.item, rests.cost, rests.to_place, rests.to_number
    track, places = limits.track, len(network.wait)
    used[:] = 0.0
    used_artist[:] = 0.0
    place, number, omitted, length = 0, NONE, False, 0
    free, in_hole = True, False  # whether any leg may come next
    while place < places and length < len(way):
        if number < 0:
            least = near_cost[place, 0] if free else np.inf
            onwards, ends, falls = 0, False, False
            if len(network.rate) > 0:
                for end in range(
                    min(place + network.shortest, places), min(place + network.longest, places) + 1
                ):
                    total = omitted_cost(network, place, end) + playing[0, end]
                    if total < least:
                        least, onwards = total, end
            if not in_hole and network.tail[place] <= least:
                least, ends = network.tail[place], True
            if in_hole:
                falls = network.wait[place] + silent[0, place + 1] < least
            else:
                falls = network.opening + silent[0, place] < least
            if falls:
                place += 1 if in_hole else 0
                free, in_hole = True, True
                continue
            if ends:
                break
            if onwards > 0:
                way[length] = -1
                length += 1
                place, free, in_hole, omitted = onwards, True, False, True
                continue
            if least == np.inf:
                break
            number = 0
        item = near_item[place, number]
        free, in_hole = False, False
        way[length] = item
        length += 1
        used[track[item]] += 1.0
        if limits.most > 0 and limits.artist[item] >= 0:
            used_artist[limits.artist[item]] += 1.0
        place, number = to_place[place, number], to_number[place, number]
        if number == UNKNOWN:  # the cheapest stands for it
            number, free = NONE, True
    return length, omitted


@compiled
def remember(memory: Memory, track: IntArray, way: IntArray, length: int) -> bool:
    """Remember what a way repeats soon, as long as it did not; return whether that is anything new."""
    bit_of, kept_of = memory.bit, memory.kept
    number, new = 0, False
    for bit in bit_of:
        number += bit != 0
    for at in range(length):
        if way[at] < 0:
            continue
        one = track[way[at]]
        for to in range(at + 1, min(at + _REACH, length)):
            if way[to] < 0:
                break
            if track[way[to]] != one:
                continue
            if bit_of[one] == 0:
                if number == _MOST_REMEMBERED:
                    break
                bit_of[one] = np.int64(1) << np.int64(number)
                number += 1
            for between in range(at + 1, to):
                new = new or kept_of[way[between]] & bit_of[one] == 0
                kept_of[way[between]] |= bit_of[one]
            break
    return new
