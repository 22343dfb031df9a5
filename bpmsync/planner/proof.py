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

from bpmsync.planner.joined import least_costs_joined, least_so_far_joined
from bpmsync.planner.memory import Memory
from bpmsync.planner.network import (
    Prices,
    bound_of,
    item_prices,
    kept_legs,
    least_costs,
    least_so_far,
    only,
)
from bpmsync.planner.pricing import raise_bound
from bpmsync.planner.search import find_way
from bpmsync.planner.task import Effort, Found, Struck, Task
from bpmsync.planner.ways import LEG, PARENT, SILENT, TIME, WAY_COLUMNS, Beam, Guide

if TYPE_CHECKING:
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["Effort", "Found", "Struck", "Task", "prove"]

_MICRO = 1_000_000
_ROUNDING = 1.5e-6
_NO_WAY = 2**62
# Ways that go on, and legs tried after each
_FIRST = (8, 4)
_WIDTHS = ((8, 4), (16, 5), (32, 6), (64, 8), (128, 12), (256, 24), (512, 96), (2048, 512))
# What a way takes as long as, and a leg that is listed
_STEPS_A_WAY, _STEPS_A_LEG = 150, 40
# Prices may take so much of the steps that are left, and searches at least so many
_SHARE_RAISED, _LEAST_RAISED, _LEAST_SEARCHED = 3, 100_000, 1_000_000
# More legs than this are thinned out first
_MANY_LEGS, _ROOM = 300_000, 1 << 16
_NO_MEMORY = Memory(np.zeros(0, np.int64), np.zeros(0, np.int64))
# Prices are looked for again when so many legs are gone
_FEWER = 0.9
# Plans are looked for by pace where the first costs so many times the bound, and at so many of them
_FAR, _PACES, _FASTEST_PACE = 1.4, 5, 4
# Of longer runs than this, the more work is done
_USUAL_S = 3600.0
# Music is scarce where there are not so many times the tracks that a plan plays
_FEW_MORE = 4
# Changes may take so much of them, and at least so many; steps of a round by leg; rounds in vain
_SHARE_CHANGED, _LEAST_CHANGED, _STEPS_CHANGED, _FRUITLESS = 5, 500_000, 600_000, 2
# Proofs are worth trying from here on
_NEARLY = 1.1
# or where a pass looks at so few ways; with so many legs none will be the best for certain
_FEW, _MANY = 3_000_000, 20_000


class _Solver:
    """The state of one proof."""

    def __init__(self, task: Task, effort: Effort) -> None:
        self._task, self._effort = task, effort
        self._until = process_time() + effort.time_limit_s
        longer = math.sqrt(max(1.0, task.seconds / _USUAL_S))
        self._left, self._width = round(effort.ways * longer) * _STEPS_A_WAY, 0
        tracks, artists = len(task.limits.must), task.limits.artists
        # Where music is short each song is dear, but not as dear as the silence that it saves
        self._prices = Prices(task.saved / 2, np.zeros(artists if task.limits.most else 0))
        self._network, self._variant = task.rough()
        # Silence from the first moment to the last is a way too, where nothing has to be played
        network = self._network
        silence = network.silence * task.scene.run if network.loose else float(network.wait.sum())
        silence += task.scene.opening + (0.0 if np.isfinite(network.wait).all() else math.inf)
        free = math.isfinite(silence) and not task.limits.must.any()
        self._price = item_prices(task.limits, self._prices)
        self._playing = self._silent = self._after = np.empty((0, 1))
        self._cost, self._bound = (math.ceil(silence * _MICRO) if free else _NO_WAY), task.floor
        self._legs: tuple[tuple[int, int, int], ...] = ()
        self._is_broken = False  # whether the plan has a hole
        self._raised = math.inf  # legs in the network when prices were last looked for
        self._searched = 0  # steps of the last search
        self._settled = _NO_WAY  # cost of the best plan that changes did not better
        self._rounds = 0  # of changes
        self._hole = math.inf  # what a plan with a hole costs at least
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
        scarce = self._is_broken or self._is_scarce()
        if scarce and self._is_far():
            self._change(self._left // 2)
        for width, children in _WIDTHS[2:5]:
            if self._cost < _NO_WAY:
                break
            self._urge()
            self._search(width, children, exact=False)
        if self._joined and self._is_far() and not scarce:
            self._pace()
        self._improve()
        while not self._is_done() and not self._is_hopeless and self._refine():
            self._improve()
        widest, state = len(_WIDTHS) - 1, (0, 0.0, 0)
        while not self._is_done() and self._left > 0 and state != (self._cost, self._bound, widest):
            # Where music is left out of the network a search proves nothing, but it may find a plan
            if len(self._network.rate) and self._width >= len(_WIDTHS) // 2 and self._searched > _FEW:
                break
            self._width = min(self._width + 1, widest)
            state = self._cost, self._bound, self._width
            self._improve()
        if scarce:
            self._change(self._left)
        if self._cost == _NO_WAY:
            return Found((), 0.0, 0.0)
        # The bound is a sum of rounded terms; it must not pass the cost by a rounding, nor miss it by one
        cost, bound = self._cost / _MICRO, max(0.0, min(self._bound, self._cost / _MICRO))
        return Found(self._legs, cost, cost if cost - bound <= _ROUNDING else bound)

    def _is_far(self) -> bool:
        """Tell whether the best plan is so far from the bound that neither says much."""
        return self._cost < _NO_WAY and self._cost / _MICRO > _FAR * self._bound and not self._is_done()

    def _is_scarce(self) -> bool:
        """Tell whether there are few more tracks than a plan plays."""
        tracks = np.unique(self._task.limits.track[self._network.item])
        return len(tracks) < _FEW_MORE * len(self._legs)

    def _pace(self) -> None:
        """Look for a plan that pays the same for each second: least costs are far below what is possible."""
        seconds = self._task.seconds
        left_s = np.append(np.maximum(seconds - self._network.seconds, 0.0), 0.0)[np.newaxis]
        kept = self._playing, self._silent, self._after, self._price, self._prices, self._bound
        nothing = Prices(np.zeros_like(self._prices.track), np.zeros_like(self._prices.artist))
        best = self._cost, self._legs, self._is_broken
        rate, improved = _FASTEST_PACE * self._cost / _MICRO / seconds, False
        for _ in range(_PACES):
            self._playing = self._silent = rate * left_s
            self._after, self._price, self._prices = np.empty((0, 1)), np.zeros_like(self._price), nothing
            self._cost = limit = max(best[0], round(2 * rate * seconds * _MICRO))
            self._search(*_FIRST, exact=False)
            if self._cost < min(best[0], limit):
                best, improved = (self._cost, self._legs, self._is_broken), True
            elif improved or self._left <= 0:
                break
            rate /= 2
        self._cost, self._legs, self._is_broken = best
        self._playing, self._silent, self._after, self._price, self._prices, self._bound = kept

    def _change(self, most: int) -> None:
        """Change the best plan at random, for so many steps at most and as long as that helps."""
        if not self._joined or not self._legs:
            return
        fruitless = 0
        while most > 0 and fruitless < _FRUITLESS and self._cost != self._settled and not self._is_done():
            part = min(most, _STEPS_CHANGED * len(self._legs))
            legs, cost, broken, steps = self._task.changed(self._legs, part, self._rounds)
            self._left, most, self._rounds = self._left - steps, most - steps, self._rounds + 1
            fruitless += 1
            if cost < self._cost:
                self._legs, self._cost, self._is_broken, fruitless = legs, cost, broken, 0
        if fruitless == _FRUITLESS:
            self._settled = self._cost

    def _urge(self) -> None:
        """Offer more for what has to be played, where no way was found that plays it."""
        wanted = self._task.limits.must
        self._prices.track[wanted] = 2 * self._prices.track[wanted] - self._network.opening
        self._relax()

    def _improve(self) -> None:
        """Raise the bound, and look for a better plan for as long as that took, more widely each time."""
        self._strike_out()
        begun, share = self._left, 1.0 if len(self._network.cost) < _FEWER * self._raised else 0.0
        most = max(_LEAST_RAISED, self._left // _SHARE_RAISED)
        while share and begun - self._left < most and not self._is_done():
            left, was = self._left, len(self._network.cost)
            # Of very many legs, most are left out before neighbours are looked at
            alone = was > _MANY_LEGS
            share = self._raise(share, alone=alone)
            self._raised = was
            self._strike_out()
            # A better plan on the way leaves fewer legs to look at
            if self._searched < left - self._left:
                self._search(*_WIDTHS[self._width], exact=False)
                self._strike_out()
            if alone and not share and len(self._network.cost) < 2 * _MANY_LEGS:
                share = self._raise(1.0, alone=False)
            # A network that leaves out some is soon followed by a better one
            if not alone and len(self._network.rate):
                break
        for_search = max(begun - self._left, _LEAST_SEARCHED)
        self._change(min(max(begun - self._left, _LEAST_CHANGED), self._left // _SHARE_CHANGED))
        while not self._is_done():
            self._strike_out()
            left = self._left
            # Ways that differ in order alone are worth telling apart where a proof is near
            near = self._cost / _MICRO < _NEARLY * self._bound
            self._search(*_WIDTHS[self._width], exact=near)
            if not near and left - self._left < _FEW:
                self._search(*_WIDTHS[self._width], exact=True)
            left -= self._left
            for_search -= left
            # The next one takes more than twice as long
            if self._width == len(_WIDTHS) - 1 or 2 * left > for_search or self._bound >= self._hole:
                break
            if len(self._network.rate):
                break
            self._width += 1

    @property
    def _is_hopeless(self) -> bool:
        """Whether silence cannot be helped, in a run with so many ways that none will be proved the best."""
        return self._is_broken and len(self._network.cost) > _MANY

    def _is_done(self) -> bool:
        if process_time() > self._until or (self._left <= 0 and self._cost < _NO_WAY):
            return True
        if not self._legs:  # silence all along is not good enough, however near it is
            return False
        excess = self._cost / _MICRO - self._bound
        near = max(self._effort.gap * self._bound, self._effort.excess * self._task.seconds)
        return excess <= max(near, _ROUNDING)

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

    def _raise(self, share: float, *, alone: bool) -> float:
        """Find better prices, neighbours counted or not; return with what share to go on."""
        if self._cost == _NO_WAY:
            return 0.0
        self._prices, steps, share = raise_bound(
            self._network,
            self._task.limits,
            self._task.joins,
            _NO_MEMORY if alone else self._memory,
            self._prices,
            self._cost / _MICRO,
            share,
        )
        self._left -= steps
        self._relax()
        return share

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
            kept = (
                self._least_so_far()[2] + network.cost + self._price[network.item] + self._after.min(axis=1)
                <= limit
            )
            self._after = self._after[kept]
        else:
            playing, silent, _ = self._least_so_far()
            kept = kept_legs(network, self._price, (playing, silent), self._playing, limit)
        self._network, self._variant = only(network, kept), self._variant[kept]

    def _least_so_far(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the least costs up to each place, by layer, and up to each leg where neighbours count."""
        if not self._joined:
            return *least_so_far(self._network, self._price), np.empty(0)
        limits, joins = self._task.limits, self._task.joins
        playing, silent, before = least_so_far_joined(self._network, self._price, limits.track, joins)
        return playing[np.newaxis], silent[np.newaxis], before

    def _refine(self) -> bool:
        """Go over to a better network, if there is one."""
        if self._cost == _NO_WAY or self._network.layers > 1:
            return False
        self._strike_out()
        # Four times as many legs have to leave steps for prices and a search
        if not len(self._network.rate) and 2 * 4 * _STEPS_A_LEG * len(self._network.cost) > self._left:
            return False
        playing, silent, each = self._least_so_far()
        before = np.minimum(playing, silent)[0]
        limit = self._cost / _MICRO + self._unpaid
        struck = Struck(before, self._playing[0], each, self._after, self._price, limit)
        found = self._task.fine(self._network, struck)
        if found is not None:
            self._network, self._variant = found
            self._left -= _STEPS_A_LEG * len(self._network.cost)
            self._raised = math.inf
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
        room = max(_ROOM, min(self._left // _STEPS_A_WAY, 8 * _ROOM)) if self._legs else 16 * _ROOM
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
        self._searched = count * _STEPS_A_WAY
        self._left -= self._searched
        if last >= 0:
            self._cost, self._legs = cost, self._traced(ways, last)
        if not len(self._network.rate):
            # What was struck out or dropped costs as much as the best plan, or this
            self._hole = self._with_a_hole()
            self._bound = max(self._bound, min(self._cost / _MICRO, lost / _MICRO, self._hole))

    def _with_a_hole(self) -> float:
        """Return what any plan with a hole costs, where holes may be finer than the cells of the network."""
        network = self._network
        if not network.loose or network.size <= self._task.finest:
            return math.inf
        _, silent, _ = self._least_so_far()
        return float((silent + self._silent)[:, : len(network.wait) + 1].min()) - self._unpaid

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
