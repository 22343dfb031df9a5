"""Random changes to a whole plan, and which are taken (compiled).

A search goes through a run once and forward. What it should have kept for later shows only at
the end, above all where a run uses up nearly all music there is. Changes to a whole plan find
that: dearer plans are taken too, the less likely the later (simulated annealing: S. Kirkpatrick,
C. D. Gelatt, M. P. Vecchi, Optimization by Simulated Annealing, Science 220, 1983, 671-680).
Chance begins the same each time, so that equal input gives an equal plan.

A plan is a table with a row for each leg. Time is what the mode counts: steps or microseconds.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.planner.ways import Joins, join_cost
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = [
    "ANY",
    "BEATS",
    "BEGIN",
    "COLUMNS",
    "END",
    "INSERT",
    "ITEM",
    "KINDS",
    "LEAVE",
    "REPLACE",
    "WAITS",
    "changed",
    "is_allowed",
    "joined",
    "most_now",
    "written",
]

# Item, beats (stretch), when it begins and ends, and whether it waits for that in silence
ITEM = 0
BEATS = 1
BEGIN = 2
END = 3
WAITS = 4
COLUMNS = 5
# Beats that are to be found by when they end
ANY = -1
# Kinds of change, each up to its number: another item, one more, another end; and these
REPLACE = 7
INSERT = 9
LEAVE = 13
_EXCHANGE, _MOVE, _REMOVE = 16, 18, 19
KINDS = 20
# The first temperature and the last, as shares of what a leg costs
_HOT, _COLD = 0.03, 0.0005
# Units by which a wait may change at most
_SLIDE = 64


@compiled
def changed(
    now: IntArray, count: int, tried: IntArray, kind: int, at: int, unit: int
) -> tuple[int, int, int]:
    """Change a copy of a plan.

    Returns
    -------
    first : int
        The first leg that changed; less than 0 where there is nothing to change.
    same : int
        From here on it is as it was, but for when.
    length : int
        Legs it has then.
    """
    first, same, length = at, at + 1, count
    if kind < INSERT:  # the item is the caller's
        if kind >= REPLACE:
            for number in range(count, at, -1):
                tried[number] = tried[number - 1]
            tried[at, WAITS] = 0
            length = count + 1
    elif kind < LEAVE:
        tried[at, BEATS] = ANY
    elif kind < _MOVE:
        other = np.random.randint(count)
        if other == at:
            return -1, -1, count
        first, same = min(at, other), max(at, other) + 1
        if kind < _EXCHANGE:
            tried[at, ITEM], tried[other, ITEM] = now[other, ITEM], now[at, ITEM]
            if np.random.random() < 0.5:
                tried[at, BEATS] = tried[other, BEATS] = ANY
            else:
                tried[at, BEATS], tried[other, BEATS] = now[other, BEATS], now[at, BEATS]
        else:
            step = 1 if other > at else -1
            for number in range(at, other, step):
                tried[number] = now[number + step]
            tried[other] = now[at]
    elif kind < _REMOVE:
        if count == 1:
            return -1, -1, count
        for number in range(at, count - 1):
            tried[number] = now[number + 1]
        same, length = at, count - 1
        if np.random.random() < 0.5:
            tried[at, WAITS] = 1
    else:
        tried[at, WAITS] = 1 - now[at, WAITS]
        if np.random.random() < 0.5:
            tried[at, WAITS] = 1
            tried[at, BEGIN] += unit * np.random.randint(-_SLIDE, _SLIDE + 1)
    if same < length and np.random.random() < 0.5:
        tried[same, BEATS] = ANY  # what follows ends where it did
        same += 1
    return first, same, length


@compiled
def most_now(cost: int, a_leg: float, share: float) -> int:
    """Return what a changed plan may cost in place of one, after a share of all changes, in millionths."""
    warmth = a_leg * _HOT * (_COLD / _HOT) ** share
    return cost + np.int64(-warmth * np.log(1 - np.random.random())) + 1


@compiled
def joined(joins: Joins, plan: IntArray, number: int) -> float:
    """Return what it costs that a leg follows those before it."""
    if number == 0:
        return 0.0
    item = plan[number, ITEM]
    price, artist = join_cost(joins, plan[number - 1, ITEM], item), joins.artist[item]
    if number > 1 and artist >= 0 and joins.artist[plan[number - 2, ITEM]] == artist:
        price += joins.again[1]
    return price


@compiled
def is_allowed(
    pins: IntArray, track: IntArray, limits: Limits, artist: IntArray, plan: IntArray, count: int
) -> bool:
    """Tell whether a plan has all that it must, no artist too often, no silence where a track is wanted."""
    for pin in pins:
        covered = False
        for number in range(count):
            covered = covered or plan[number, BEGIN] <= pin < plan[number, END]
        if not covered:
            return False
    for wanted in range(len(limits.must)):
        if limits.must[wanted]:
            there = False
            for number in range(count):
                there = there or track[plan[number, ITEM]] == wanted
            if not there:
                return False
    if limits.most > 0:
        for number in range(count):
            same, one = 0, artist[plan[number, ITEM]]
            for other in range(count):
                if one >= 0 and artist[plan[other, ITEM]] == one:
                    same += 1
            if same > limits.most:
                return False
    return True


@compiled
def written(plan: IntArray) -> tuple[IntArray, bool]:
    """Return item, beats and begin of each leg, and whether one waits in silence."""
    legs = np.empty((len(plan), 3), np.int64)
    waits = False
    for number in range(len(plan)):
        legs[number, 0], legs[number, 1], legs[number, 2] = (
            plan[number, ITEM],
            plan[number, BEATS],
            plan[number, BEGIN],
        )
        waits = waits or plan[number, WAITS] > 0
    return legs, waits
