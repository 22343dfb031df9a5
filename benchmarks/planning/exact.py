"""The best stretched run by a solver of integer programs (HiGHS), from the very legs that we list.

A leg goes from one place to a later one at an exact cost, so a run is a path, and no recording comes
twice. What neighbours cost each other is left out on both sides. The solver is spared the legs that no
run can hold which is better than one found by random search, by shortest paths and by the reduced costs
of its own linear program; with all of them it finds nothing in ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import process_time, time
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array

from bpmsync.planner.native import Wishes
from bpmsync.planner.proof import Effort, prove
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.warpedtask import WarpedTask
from bpmsync.planner.weights import Weights

from .stretch_peers import StretchPeers, ranges_of

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.network import Network
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Exact", "compare"]

_SEARCHED_S = 5.0


@dataclass(frozen=True, slots=True)
class Exact:
    """What both found: cost and bound, and the seconds that it took."""

    variables: int
    ours: float
    our_bound: float
    our_cpu_s: float
    theirs: float
    their_bound: float
    their_s: float
    status: str


def compare(shelf: Shelf, ramp: Ramp, *, time_limit_s: float, effort: Effort | None = None) -> Exact:
    """Solve one run both ways.

    Raises
    ------
    ValueError
        If there is too much music for all of its legs to be listed.
    """
    options = StretchOptions(partial=True, weights=Weights(artist=0, album=0, energy=0))
    found = ranges_of(shelf, ramp, options)
    music = [one for _, one in found], np.array([row for row, _ in found], dtype=np.int64), shelf
    since = process_time()
    task = WarpedTask(music, ramp, options, wishes=Wishes())
    ours = prove(task, effort or Effort(gap=0.0005))
    our_cpu_s = process_time() - since
    network, _ = task.rough()
    if len(network.rate):
        msg = "not all legs are listed: take fewer tracks or a shorter run"
        raise ValueError(msg)
    since = time()
    peers = StretchPeers(shelf, ramp, options)
    _, known = peers.improved(_SEARCHED_S, np.random.default_rng(0))
    network = _worth_holding(network, known)
    answer = _solved(network, task.limits.track, known, until=since + time_limit_s)
    theirs = float(answer.fun) if answer.x is not None else float("nan")
    their_bound = answer.mip_dual_bound if answer.mip_dual_bound is not None else float("nan")
    count = len(network.cost)
    took_s = time() - since
    return Exact(
        count, ours.cost, ours.bound, our_cpu_s, theirs, float(their_bound), took_s, str(answer.message)
    )


def _worth_holding(network: Network, limit: float) -> Network:
    """Leave out the legs around which the shortest paths, with songs again and again, cost too much."""
    places = len(network.wait)
    begin = np.repeat(np.arange(places), np.diff(network.first))
    before, after = np.full(places + 1, np.inf), np.full(places + 1, np.inf)
    before[0] = after[places] = 0.0
    for place in range(places):
        legs = slice(network.first[place], network.first[place + 1])
        before[place + 1] = min(before[place + 1], before[place] + network.wait[place])
        np.minimum.at(before, network.end[legs], before[place] + network.cost[legs])
    for place in range(places - 1, -1, -1):
        legs = slice(network.first[place], network.first[place + 1])
        least = (network.cost[legs] + after[network.end[legs]]).min(initial=np.inf)
        after[place] = min(after[place + 1] + network.wait[place], least)
    kept = before[begin] + network.cost + after[network.end] <= limit * (1 + 1e-9)
    starts = np.concatenate([[0], np.cumsum(kept)])
    return network._replace(
        first=starts[network.first], item=network.item[kept], end=network.end[kept], cost=network.cost[kept]
    )


def _solved(network: Network, track: np.ndarray, known: float, *, until: float) -> OptimizeResult:
    """Find the cheapest path: legs, and silence, which costs something to open.

    Each place has two states, in music and in silence; legs begin in the first. What costs so
    much in the linear program that no run with it beats the known one is fixed at 0.
    """
    places, legs = len(network.wait), len(network.cost)
    begin, each, silent = np.repeat(np.arange(places), np.diff(network.first)), np.arange(places), places + 1
    # Legs, a first place in silence, one more, and the music or the end of the run after it
    tail = np.concatenate([begin, each, each + silent, each + 1 + silent])
    head = np.concatenate([network.end, each + 1 + silent, each + 1 + silent, each + 1])
    opened = network.wait + network.opening
    cost = np.concatenate([network.cost, opened, network.wait, np.zeros(places)])
    columns, ones = np.arange(len(cost)), np.ones(len(cost))
    shape = 2 * silent, len(cost)
    flow = coo_array((ones, (tail, columns)), shape) - coo_array((ones, (head, columns)), shape)
    passes = np.zeros(2 * silent)
    passes[0], passes[places] = 1.0, -1.0
    played = track[network.item]
    once = coo_array((np.ones(legs), (played, columns[:legs])), (int(track.max()) + 1, len(cost)))
    flow, once, most = flow.tocsr(), once.tocsr(), ones
    relaxed = linprog(
        cost, once, np.ones(once.shape[0]), flow, passes, options={"time_limit": max(1.0, until - time())}
    )
    if relaxed.status == 0:
        most = (relaxed.fun + relaxed.lower.marginals <= known * (1 + 1e-9)).astype(np.float64)
    return milp(
        cost,
        constraints=[LinearConstraint(flow, passes, passes), LinearConstraint(once, 0, 1)],
        integrality=ones,
        bounds=Bounds(0, most),
        options={"time_limit": max(1.0, until - time()), "mip_rel_gap": 1e-6},
    )
