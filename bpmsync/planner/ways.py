"""What leads the search for a plan, what neighbours cost, and how ways are written down (compiled)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bpmsync.beats.jit import compiled, inlined
from bpmsync.timeline.arrays import FloatArray, IntArray  # noqa: TC001 - the compiler reads the module as it is

__all__ = [
    "COST",
    "ESTIMATE",
    "FOLLOWING",
    "LAYER",
    "LEG",
    "MUST",
    "NO_WAY",
    "PAID",
    "PARENT",
    "PLACE",
    "SET",
    "SILENT",
    "TIME",
    "WAY_COLUMNS",
    "Beam",
    "Guide",
    "Joins",
    "Scene",
    "beside",
    "bits",
    "fees_of",
    "join_cost",
    "lowest",
    "scrambled",
]


NO_WAY = np.int64(2**62)


class Joins(NamedTuple):
    """What matters between one leg and the next.

    Parameters
    ----------
    artist, album : numpy.ndarray of int64, by item
        -1 where there is none.
    level_db, energy : numpy.ndarray, by item
        How loud and how driving.
    again : numpy.ndarray, shape (2,)
        The cost of an artist right after himself, and after one other leg.
    album_again : float
        The cost of an album right after itself.
    level_free_db, level_price : float
        A difference that costs nothing; the cost of the square of a dB beyond.
    energy_free, energy_price : float
        Likewise for energy, which is from 0 to 1.
    """

    artist: IntArray
    album: IntArray
    level_db: FloatArray
    energy: FloatArray
    again: FloatArray
    album_again: float
    level_free_db: float
    level_price: float
    energy_free: float
    energy_price: float


@inlined
def beside(
    same_artist: bool, same_album: bool, level_db: float, energy: float, fees: tuple[float, ...]
) -> float:
    """Return what it costs that one item follows another at once, by what tells them apart."""
    again, album_again, level_free, level_price, energy_free, energy_price = fees
    price = 0.0
    if same_artist:
        price += again
    if same_album:
        price += album_again
    louder = abs(level_db) - level_free
    if louder > 0:
        price += level_price * louder * louder
    wilder = abs(energy) - energy_free
    if wilder > 0:
        price += energy_price * wilder * wilder
    return price


@inlined
def fees_of(joins: Joins) -> tuple[float, ...]:
    """Return the numbers that `beside` reads."""
    return (
        joins.again[0],
        joins.album_again,
        joins.level_free_db,
        joins.level_price,
        joins.energy_free,
        joins.energy_price,
    )


@compiled
def join_cost(joins: Joins, last: int, item: int) -> float:
    """Return what it costs that an item follows another at once."""
    return beside(
        joins.artist[item] >= 0 and joins.artist[last] == joins.artist[item],
        joins.album[item] >= 0 and joins.album[last] == joins.album[item],
        joins.level_db[item] - joins.level_db[last],
        joins.energy[item] - joins.energy[last],
        fees_of(joins),
    )


class Guide(NamedTuple):
    """What leads the search.

    Parameters
    ----------
    playing, silent : numpy.ndarray, shape (layers, places + 2)
        Least costs of the rest.
    after : numpy.ndarray, shape (legs, 2) or (legs, 1)
        The same by leg, as by `least_costs_joined`, where neighbours count; else empty.
    price : numpy.ndarray, by item
        What a use is charged in them.
    unpaid : float
        What a way that played nothing has not paid, all prices together.
    must : numpy.ndarray of int64, by track
        A bit of its own for each track that has to be played; 0 for others.
    musts : int
        All these bits.
    most : int
        Legs by one artist; 0 for any number.
    """

    playing: FloatArray
    silent: FloatArray
    after: FloatArray
    price: FloatArray
    unpaid: float
    must: IntArray
    musts: int
    most: int


class Beam(NamedTuple):
    """How wide the search is.

    Parameters
    ----------
    width : int
        Ways that go on from a stretch of places.
    stretch : int
        Places in such a stretch; fewer than the shortest leg takes.
    children : int
        Legs that are tried after a way.
    exact : bool
        Whether ways are the same only where nothing that follows can tell them apart.
    """

    width: int
    stretch: int
    children: int
    exact: bool


# The columns of a way: a row of whole numbers in an array of them
COST = 0  # so far, in millionths
ESTIMATE = 1  # with the least cost of the rest
TIME = 2  # where it has come to, in units of time
PLACE = 3
LEG = 4  # number of the last leg
PARENT = 5  # number of the way that this leg was added to
FOLLOWING = 6  # the next way that waits at the same place
PAID = 7  # prices for what was used, in millionths
SET = 8  # bits that tell which tracks were played
MUST = 9  # bits of those played that have to be
LAYER = 10
SILENT = 11  # 1 within a hole
WAY_COLUMNS = 12


class Scene(NamedTuple):
    """How the time of a run is counted, and how it may end.

    Parameters
    ----------
    run : int
        Length of the run, in units of time (microseconds, or steps).
    shares_end : bool
        Whether the run may end a little after its last leg.
    tail_price : float
        What a unit of time after the last leg costs.
    shortest_tail : int
        How much it may be in any case; else half of the last leg.
    ends_from : int
        The time from which on the run may end so.
    opening : float
        What it costs to fall silent at all.
    """

    run: int
    shares_end: bool
    tail_price: float
    shortest_tail: int
    ends_from: int
    opening: float


@compiled
def lowest(values: IntArray, number: int, count: int) -> tuple[IntArray, int]:
    """Return the positions of the lowest values, rising, ties by position; and the least of the others."""
    chosen = np.empty(count, np.int64)
    kept, beyond = 0, NO_WAY
    for position in range(number):
        value = values[position]
        if kept == count and value >= values[chosen[kept - 1]]:
            beyond = min(beyond, value)
            continue
        if kept < count:
            kept += 1
        else:
            beyond = min(beyond, values[chosen[kept - 1]])
        slot = kept - 1
        while slot > 0 and values[chosen[slot - 1]] > value:
            chosen[slot] = chosen[slot - 1]
            slot -= 1
        chosen[slot] = position
    return chosen[:kept], beyond


@compiled
def bits(number: int) -> int:
    """Return how many bits of a number are set."""
    count = 0
    while number:
        number &= number - 1
        count += 1
    return count


@compiled
def scrambled(number: int) -> int:
    """Return bits that tell sets of numbers apart when they are combined by exclusive or (splitmix64)."""
    bits = np.uint64(number + 1) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64(bits ^ (bits >> np.uint64(31)))
