"""A stretched run planned forward, leg by leg, at a price for each second (compiled).

Where songs are short, least costs are far below what is possible, since they use the best again
and again; and a network of a long run cannot list all that may be played once these are used up.
Here each leg is the one that costs least above a rate that is thought to be usual, of all songs
that are left. Tried at a few rates, that gives a plan to begin with.
"""

from __future__ import annotations

import numpy as np

from bpmsync.beats.jit import compiled
from bpmsync.planner.network import Limits  # noqa: TC001 - the compiler reads the module as it is
from bpmsync.planner.onward import micro
from bpmsync.planner.warpedlegs import EXACT, FINE, WarpedRun, legs_of
from bpmsync.planner.ways import Joins, join_cost
from bpmsync.planner.windows import may_pay
from bpmsync.timeline.arrays import IntArray  # noqa: TC001

__all__ = ["keep_pace"]


@compiled
def keep_pace(
    run: WarpedRun, limits: Limits, joins: Joins, hole_price: float, hole_opening: float, rate: float
) -> tuple[IntArray, int, bool]:
    """Return a plan that takes what costs least above a rate.

    Parameters
    ----------
    run, limits, joins
        The run; nothing has to be played, and nothing at a given moment.
    hole_price, hole_opening : float
        Of silence: %^2 for each second, and for each hole.
    rate : float
        %^2 for each second of the run.

    Returns
    -------
    legs : numpy.ndarray of int64, shape (legs, 3)
        Range, beats and step of each.
    cost : int
        In millionths.
    broken : bool
        Whether there is silence.
    """
    found_end, found_cost = np.empty(len(run.ends) + 1, np.int64), np.empty(len(run.ends) + 1)
    ranges = (run.intervals, run.source_s, run.beats_at, run.ends, run.ends_at, run.usual, run.latest)
    ramp = (run.lasting, run.inverse, run.jumps)
    settings = (run.last_step, run.shortest_s, run.limit, run.cut, np.inf)
    nothing, seconds = np.zeros(1), run.seconds
    used, legs = (
        np.zeros(len(limits.must), np.bool_),
        np.empty((run.last_step // run.stride + 1, 3), np.int64),
    )
    by_artist = np.zeros(limits.artists + 1, np.int64)
    count, total, step, broken, silent = 0, 0, 0, False, False
    while step < run.last_step:
        best, item, beats, until, paid = np.inf, -1, 0, 0, 0.0
        for number in range(len(run.penalty)):
            artist = joins.artist[number]
            if used[run.track[number]] or (
                limits.most > 0 and artist >= 0 and by_artist[artist] >= limits.most
            ):
                continue
            reach = run.ends[run.ends_at[number + 1] - 1]
            fine, penalty = run.fine[number], run.penalty[number]
            bounds = (run.join, run.cut, penalty, run.limit, run.shortest_s, np.inf, np.inf)
            beats_of = (
                run.beats_at[number],
                reach,
                run.latest[number],
                fine,
                step,
                run.stride,
                run.last_step - step,
            )
            if not may_pay(run.windows, EXACT, EXACT, run.source_s, nothing, beats_of, bounds):
                continue
            extra = run.join
            if count > 0:
                extra += join_cost(joins, legs[count - 1, 0], number)
                if count > 1 and artist >= 0 and joins.artist[legs[count - 2, 0]] == artist:
                    extra += joins.again[1]
            for leg in range(
                legs_of(ranges, ramp, settings, number, fine, penalty, step, found_end, found_cost)
            ):
                end = min(step + found_end[leg] * fine // FINE, run.last_step)
                value = found_cost[leg] + extra - rate * (seconds[FINE * end] - seconds[FINE * step])
                if value < best:
                    best, item, beats, until = value, number, found_end[leg], end
                    paid = found_cost[leg] + extra
        if item >= 0:
            total += micro(paid)
            legs[count, 0], legs[count, 1], legs[count, 2] = item, beats, step
            used[run.track[item]] = True
            if joins.artist[item] >= 0:
                by_artist[joins.artist[item]] += 1
            count += 1
            silent = False
        else:
            until = min(step + run.stride, run.last_step)
            price = hole_price * (seconds[FINE * until] - seconds[FINE * step])
            total += micro(price + (0.0 if silent else hole_opening))
            broken, silent = True, True
        step = min(-(-until // run.stride) * run.stride, run.last_step)
    return legs[:count].copy(), total, broken
