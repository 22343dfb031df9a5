"""A plan and the proof of how good it is: bounds and searches in turn, until they meet.

First a rough network and a narrow search tell what plans cost. Prices for the tracks then lift
the bound, legs that no better plan can hold are struck out, and the search widens among the
rest. It is exact when all that it dropped costs more than what it found: then bound and plan
are one. Work is counted, not timed, so that equal input gives an equal plan on any machine.
"""

from __future__ import annotations

import math
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.joined import Memory, least_costs_joined, least_so_far_joined
from bpmsync.planner.network import (
    Network,
    Prices,
    bound_of,
    item_prices,
    kept_legs,
    least_costs,
    least_so_far,
)
from bpmsync.planner.pricing import raise_bound
from bpmsync.planner.search import find_way
from bpmsync.planner.task import Effort, Found, Struck, Task
from bpmsync.planner.ways import LEG, PARENT, SILENT, TIME, WAY_COLUMNS, Beam, Guide

if TYPE_CHECKING:
    from bpmsync.timeline.arrays import IntArray

__all__ = ["Effort", "Found", "Struck", "Task", "prove"]

_MICRO = 1_000_000
_NO_WAY = 2**62
# Ways that go on, and legs tried after each: at first, from level to level, and to the end
_FIRST = (8, 4)
_LEVELS = ((8, 4), (16, 5), (32, 6), (32, 6))
_WIDTHS = ((48, 8), (96, 12), (192, 24), (512, 96), (2048, 512))
# Rounds of prices; fewer where each takes long
_ROUNDS, _FEWEST_ROUNDS, _LEGS_PRICED = 300, 6, 8_000_000
_ROOM = 1 << 16
# Proofs are worth trying from here on
_NEARLY = 1.1
# or where a pass looks at so few ways
_FEW = 20_000


class _Solver:
    """The state of one proof."""

    def __init__(self, task: Task, effort: Effort) -> None:
        self._task, self._effort = task, effort
        self._until = process_time() + effort.time_limit_s
        self._ways_left = effort.ways
        tracks, artists = len(task.limits.must), task.limits.artists
        self._prices = Prices(np.zeros(tracks), np.zeros(artists if task.limits.most else 0))
        self._network, self._variant = task.rough()
        # Silence from the first moment to the last is a way too, where nothing has to be played
        network = self._network
        silence = network.silence * task.scene.run if network.loose else float(network.wait.sum())
        silence += task.scene.opening + (0.0 if np.isfinite(network.wait).all() else math.inf)
        free = math.isfinite(silence) and not task.limits.must.any()
        self._cost, self._bound = (math.ceil(silence * _MICRO) if free else _NO_WAY), task.floor
        self._legs: tuple[tuple[int, int, int], ...] = ()
        self._is_broken = False  # whether the plan has a hole
        # With a given order least costs know enough without neighbours
        remembered = tracks if self._joined else 0
        self._memory = Memory(
            np.zeros(remembered, np.int64), np.zeros(len(task.limits.track) if remembered else 0, np.int64)
        )
        self._must = np.zeros(tracks, np.int64)
        wanted = np.flatnonzero(task.limits.must)
        self._must[wanted] = 1 << np.arange(len(wanted), dtype=np.int64)

    def solve(self) -> Found:
        self._relax()
        self._search(*_FIRST, exact=False)
        if not self._is_done():
            self._spare()
        for width, children in _WIDTHS[:3]:
            if self._cost < _NO_WAY:
                break
            self._urge()
            self._search(width, children, exact=False)
        if not self._is_done():
            self._improve(*_FIRST)
        for level, (width, children) in enumerate(_LEVELS):
            # Where silence cannot be helped, fractions of a second of it need not be weighed
            if self._is_done() or (self._is_hopeless and level > 1) or not self._refine():
                break
            self._improve(width, children)
        for width, children in _WIDTHS[:2] if self._is_hopeless else _WIDTHS:
            if self._is_done() or self._ways_left <= 0:
                break
            self._improve(width, children)
        if self._cost == _NO_WAY:
            return Found((), 0.0, 0.0)
        cost = self._cost / _MICRO
        # The bound is a sum of rounded terms; it must not pass the cost by a rounding
        return Found(self._legs, cost, max(0.0, min(self._bound, cost)))

    def _spare(self) -> None:
        """Look for a plan that leaves no song early: where music is short, the least costs do not know it."""
        whole = self._task.sparing(self._network, self._variant)
        if whole is None or self._network.layers > 1:
            return
        kept = self._network, self._variant, self._bound
        self._network, self._variant = _only(self._network, whole), self._variant[whole]
        self._relax()
        self._search(*_FIRST, exact=False)
        self._network, self._variant, self._bound = kept
        self._relax()

    def _urge(self) -> None:
        """Offer more for what has to be played, where no way was found that plays it."""
        wanted = self._task.limits.must
        self._prices.track[wanted] = 2 * self._prices.track[wanted] - self._network.opening
        self._relax()

    def _improve(self, width: int, children: int) -> None:
        """Raise the bound, leave out what is proved to be worse, and look for a better plan."""
        self._strike_out()
        self._raise()
        if not self._is_done():
            self._strike_out()
            # Ways that differ in order alone are worth telling apart where a proof is near
            before = self._ways_left
            near = self._cost / _MICRO < _NEARLY * self._bound
            self._search(width, children, exact=near)
            if not near and not self._is_done() and before - self._ways_left < _FEW:
                self._search(width, children, exact=True)

    @property
    def _is_hopeless(self) -> bool:
        """Whether silence cannot be helped, in a run with so many ways that none will be proved the best."""
        return self._is_broken and len(self._network.cost) > _FEW

    def _is_done(self) -> bool:
        if process_time() > self._until:
            return True
        if not self._legs:  # silence all along is not good enough, however near it is
            return False
        excess = self._cost / _MICRO - self._bound
        near = max(self._effort.gap * self._bound, self._effort.excess * self._task.seconds)
        return excess <= max(near, 1.5e-6)

    def _relax(self) -> None:
        """Count the least costs under the prices."""
        self._price = item_prices(self._task.limits, self._prices)
        if self._joined:
            rests = least_costs_joined(
                self._network, self._price, self._task.limits.track, self._task.joins, self._memory
            )
            self._playing, self._silent, self._after = rests.playing, rests.silent, rests.after
        else:
            self._playing, self._silent = least_costs(self._network, self._price)
            self._after = np.empty((0, 1))
        self._bound = max(self._bound, float(bound_of(self._playing, self._task.limits, self._prices)))

    def _raise(self) -> None:
        """Find better prices: as if neighbours did not count, then with them where they do."""
        if self._cost == _NO_WAY:
            return
        network = self._network
        # What is left out takes as long as all that is listed
        work = len(network.cost) + len(network.rate) * (network.longest - network.shortest)
        rounds = max(_FEWEST_ROUNDS, min(_ROUNDS, _LEGS_PRICED // max(work, 1)))
        self._prices, _, _ = raise_bound(
            network,
            self._task.limits,
            self._task.joins,
            self._memory,
            self._prices,
            self._cost / _MICRO,
            rounds,
        )
        self._relax()

    @property
    def _joined(self) -> bool:
        """Whether least costs know what was played last; with a given order they know enough."""
        return self._network.layers == 1

    @property
    def _unpaid(self) -> float:
        limits = self._task.limits
        return float(self._prices.track.sum() + limits.most * self._prices.artist.sum())

    def _strike_out(self) -> None:
        """Leave only legs that a better plan may hold; what is not listed stays as it is."""
        if self._cost == _NO_WAY:
            return
        network, limit = self._network, self._cost / _MICRO + self._unpaid
        if self._joined:
            *_, before = least_so_far_joined(network, self._price, self._task.limits.track, self._task.joins)
            kept = before + network.cost + self._price[network.item] + self._after.min(axis=1) <= limit
            self._after = self._after[kept]
        else:
            so_far = least_so_far(network, self._price)
            kept = kept_legs(network, self._price, so_far, self._playing, limit)
        self._network, self._variant = _only(network, kept), self._variant[kept]

    def _refine(self) -> bool:
        """Go over to a better network, if there is one."""
        if self._cost == _NO_WAY or self._network.layers > 1:
            return False
        self._strike_out()
        if self._joined:
            playing, silent, each = least_so_far_joined(
                self._network, self._price, self._task.limits.track, self._task.joins
            )
            before = np.minimum(playing, silent)
        else:
            before, each = np.minimum(*least_so_far(self._network, self._price))[0], np.empty(0)
        limit = self._cost / _MICRO + self._unpaid
        struck = Struck(before, self._playing[0], each, self._after, self._price, limit)
        found = self._task.fine(self._network, struck)
        if found is not None:
            self._network, self._variant = found
            self._relax()
        return found is not None

    def _search(self, width: int, children: int, *, exact: bool) -> None:
        """Look for a better plan."""
        task = self._task
        guide = Guide(
            self._playing,
            self._silent,
            self._after,
            self._price,
            self._unpaid,
            self._must,
            int(self._must.sum()),
            task.limits.most,
        )
        stretch = max(1, min(self._network.shortest - 1, task.stretch // self._network.size))
        beam = Beam(width, stretch, children, exact)
        room = max(_ROOM, min(self._ways_left, 8 * _ROOM)) if width > _FIRST[0] else 16 * _ROOM
        ways = np.empty((room, WAY_COLUMNS), np.int64)
        last, cost, lost, count = find_way(
            self._network,
            task.whole,
            task.limits.track,
            task.joins,
            guide,
            beam,
            task.scene,
            ways,
            self._cost,
        )
        self._ways_left -= count
        if last >= 0:
            self._cost, self._legs = cost, self._traced(ways, last)
        if not len(self._network.rate):
            # What was struck out or dropped costs as much as the best plan, or this
            self._bound = max(self._bound, min(self._cost / _MICRO, lost / _MICRO, self._with_a_hole()))

    def _with_a_hole(self) -> float:
        """Return what any plan with a hole costs, where holes may be finer than the cells of the network."""
        network = self._network
        if not network.loose or network.size <= self._task.finest:
            return math.inf
        so_far = least_so_far(network, self._price)[1]
        return float((so_far + self._silent)[:, : len(network.wait) + 1].min()) - self._unpaid

    def _traced(self, ways: IntArray, last: int) -> tuple[tuple[int, int, int], ...]:
        legs = []
        way = last
        self._is_broken = bool(ways[last, SILENT])
        while ways[way, LEG] >= 0:
            leg, parent = int(ways[way, LEG]), int(ways[way, PARENT])
            self._is_broken |= bool(ways[parent, SILENT])
            legs.append((int(self._network.item[leg]), int(self._variant[leg]), int(ways[parent, TIME])))
            way = parent
        return tuple(reversed(legs))


def prove(task: Task, effort: Effort) -> Found:
    """Return the best plan found for a task, with its bound."""
    return _Solver(task, effort).solve()


def _only(network: Network, kept: np.ndarray) -> Network:
    starts = np.concatenate([[0], np.cumsum(kept)])
    return network._replace(
        first=starts[network.first], item=network.item[kept], end=network.end[kept], cost=network.cost[kept]
    )
