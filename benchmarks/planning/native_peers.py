"""What others would do with whole files: sort by tempo, take the nearest, or improve at random.

All are charged by the planner's own definition of what a plan costs (`planner/costs.py`), in spm^2 s.
An order is which candidates play, and how many microseconds of silence come before each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.candidates import square_spm
from bpmsync.planner.costs import US, Problem, hole_price, join_costs, leg_costs, levels_of, within
from bpmsync.planner.native import Wishes
from bpmsync.planner.wholetask import find_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan
    from bpmsync.timeline.ramp import Ramp

__all__ = ["NativePeers", "Order", "cost_of_orders"]

_SILENCE_US = US
_UNLIMITED = 100.0
_AT_ONCE = 256
_FRUITLESS = 12
_NEAR, _POOL = 40, 200


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is played, after how much silence each."""

    chosen: np.ndarray
    gap_us: np.ndarray


def cost_of_orders(problem: Problem, chosen: np.ndarray, gap_us: np.ndarray) -> np.ndarray:
    """Return what runs cost; infinite for what is not allowed.

    Parameters
    ----------
    problem : Problem
        The run and its candidates.
    chosen, gap_us : numpy.ndarray of int64, shape (runs, legs)
        What is played, and the silence before each.
    """
    length_us = problem.length_us[chosen]
    end_us = np.cumsum(length_us + gap_us, axis=1)
    total = leg_costs(problem, end_us - length_us, chosen).sum(axis=1) + join_costs(problem, chosen)
    total += ((gap_us > 0) * problem.hole_opening + problem.hole_price * gap_us / US).sum(axis=1)
    left_us = np.maximum(problem.run_us - end_us[:, -1], 0)
    early = left_us <= np.maximum(30 * US, length_us[:, -1] // 2)
    tail, hole = problem.tail_price, problem.hole_price
    total += np.where(early, tail * left_us / US, problem.hole_opening + hole * left_us / US)
    played = np.sort(problem.track[chosen], axis=1)
    again = (played[:, 1:] == played[:, :-1]).any(axis=1)
    return np.where(again, np.inf, total)


class NativePeers:
    """One run and its candidates, in the order of their step tempo."""

    def __init__(self, shelf: Shelf, ramp: Ramp, options: NativeOptions) -> None:
        items = find_items(shelf, ramp, options, Wishes())
        order = np.lexsort((items.row, items.spm))
        row, self.ratio = items.row[order], items.ratio[order]
        length_us, penalty = items.length_us[order], items.penalty[order]
        level_db, energy = levels_of(shelf.level_db[row], shelf.energy[row])
        worst = (options.max_off * ramp.highest_spm) ** 2
        self._rows = {hash_: number for number, hash_ in enumerate(shelf.audio_hash)}
        self.row, self.penalty = row, penalty
        self._pooled: tuple[Order | None, list[np.ndarray]] = (None, [])
        self.problem = Problem(
            ramp=ramp,
            spm=items.spm[order],
            fixed=penalty * length_us / US,
            length_us=length_us,
            track=row,
            artist=shelf.artist[row],
            album=shelf.album[row],
            level_db=level_db,
            energy=energy,
            weights=options.weights,
            unit=square_spm(ramp),
            max_off=options.max_off,
            run_us=round(ramp.duration_s * US),
            hole_price=hole_price(worst, penalty),
            tail_price=worst,
        )

    def cost(self, order: Order, *, limited: bool = True) -> float:
        """Return what an order costs; without the limit a leg may be as far off as it is."""
        problem = self.problem if limited else replace(self.problem, max_off=_UNLIMITED)
        if not len(order.chosen):
            return problem.hole_opening + problem.hole_price * problem.run_us / US
        return float(cost_of_orders(problem, order.chosen[np.newaxis], order.gap_us[np.newaxis])[0])

    def order_of(self, plan: Plan) -> Order:
        """Return a plan of ours as an order."""
        chosen, gaps, end_us = [], [], 0
        for leg in plan.legs:
            row, ratio = self._rows[leg.track.audio_hash], float(leg.steps_per_beat)
            same = np.flatnonzero(self.row == row)
            wanted = leg.track.detection.tempo_bpm * ratio
            chosen.append(int(same[np.argmin(np.abs(self.problem.spm[same] - wanted))]))
            start_us = round(leg.start_s * US)
            gaps.append(start_us - end_us)
            end_us = start_us + int(self.problem.length_us[chosen[-1]])
        return Order(np.array(chosen, dtype=np.int64), np.array(gaps, dtype=np.int64))

    def sorted_by_tempo(self, *, passing: bool = False) -> Order:
        """Play the candidates by rising tempo (falling, where the run does), spread evenly over it.

        Parameters
        ----------
        passing : bool
            Whether what is beyond the limit where it would lie is passed over; at its end the
            list begins again.
        """
        problem = self.problem
        rank = np.arange(len(problem.spm))
        if problem.ramp.knots[-1][1] < problem.ramp.knots[0][1]:
            rank = rank[::-1]
        limits = problem if passing else replace(problem, max_off=_UNLIMITED)

        def next_one(time_us: int, legs: list[int]) -> int | None:
            first = len(rank) * time_us // problem.run_us
            circle = np.concatenate([rank[first:], rank[:first]])
            circle = circle[~np.isin(problem.track[circle], problem.track[legs])]
            fits = np.flatnonzero(np.isfinite(leg_costs(limits, np.int64(time_us), circle)))
            return int(circle[fits[0]]) if len(fits) else None

        return self._played(next_one)

    def nearest(self, random: np.random.Generator | None = None, among: int = 1) -> Order:
        """Play what costs least for its seconds, joins included; or one of the best few at random."""

        def next_one(time_us: int, legs: list[int]) -> int | None:
            found, cost = self._costs(time_us, legs)
            if not len(found):
                return None
            rate = cost / self.problem.length_us[found]
            if random is None:
                return int(found[np.argmin(rate)])
            return int(random.choice(found[np.argsort(rate)[:among]]))

        return self._played(next_one)

    def improved(self, cpu_s: float, random: np.random.Generator) -> tuple[Order, float]:
        """Improve the nearest, and then random orders, by random changes as long as there is time."""
        until = process_time() + cpu_s
        best = now = self.nearest()
        best_cost = now_cost = self.cost(now)
        fruitless = 0
        while process_time() < until and len(now.chosen):
            other, cost = self._best_change(now, random)
            if cost < now_cost:
                now, now_cost, fruitless = other, cost, 0
            else:
                fruitless += 1
            if now_cost < best_cost:
                best, best_cost = now, now_cost
            if fruitless == _FRUITLESS:
                now, fruitless = self.nearest(random, int(random.integers(2, 2 * _NEAR))), 0
                now_cost = self.cost(now)
        return best, best_cost

    def _costs(self, time_us: int, legs: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the candidates that may play from a moment on, and what they add to a run."""
        problem = self.problem
        target = problem.ramp.spm_at(time_us / US)
        near = np.flatnonzero(within(problem.spm, target, target, problem.max_off))
        near = near[~np.isin(problem.track[near], problem.track[legs])]
        cost = leg_costs(problem, np.int64(time_us), near)
        near, cost = near[np.isfinite(cost)], cost[np.isfinite(cost)]
        before = np.array(legs[-2:], dtype=np.int64)
        rows = np.column_stack([np.tile(before, (len(near), 1)), near])
        return near, cost + join_costs(problem, rows) - join_costs(problem, before)

    def _played(self, next_one) -> Order:  # noqa: ANN001 - one of the two above
        """Fill the run, silent where nothing fits; the end may be left free at its price."""
        problem = self.problem
        legs: list[int] = []
        gaps: list[int] = []
        time_us = gap_us = 0
        while time_us < problem.run_us:
            one = next_one(time_us, legs)
            if legs and not gap_us and self._better_to_stop(time_us, legs, one):
                break
            if one is None:
                time_us += _SILENCE_US
                gap_us += _SILENCE_US
                continue
            legs.append(one)
            gaps.append(gap_us)
            time_us += int(problem.length_us[one])
            gap_us = 0
        return Order(np.array(legs, dtype=np.int64), np.array(gaps, dtype=np.int64))

    def _better_to_stop(self, time_us: int, legs: list[int], one: int | None) -> bool:
        problem = self.problem
        left_us = problem.run_us - time_us
        if left_us > problem.longest_tail_us(int(problem.length_us[legs[-1]])):
            return False
        if one is None:
            return True
        added = float(leg_costs(problem, np.array([time_us]), np.array([one]))[0])
        return problem.tail_price * left_us / US <= added

    def _best_change(self, now: Order, random: np.random.Generator) -> tuple[Order, float]:
        best, least = now, np.inf
        for chosen, gap_us in self._changes(now, random):
            cost = cost_of_orders(self.problem, chosen, gap_us)
            at = int(np.argmin(cost))
            if cost[at] < least:
                best, least = Order(chosen[at], gap_us[at]), float(cost[at])
        return best, least

    def _changes(self, now: Order, random: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield orders near by: one replaced, two swapped, one put in, one taken out, silence cut."""
        count = len(now.chosen)
        every = np.arange(_AT_ONCE)
        chosen, gap_us = np.tile(now.chosen, (_AT_ONCE, 1)), np.tile(now.gap_us, (_AT_ONCE, 1))
        at = random.integers(0, count, _AT_ONCE)
        replaced = chosen.copy()
        replaced[every, at] = self._drawn(now, at, random)
        yield replaced, gap_us
        if now.gap_us.any():
            shorter = gap_us.copy()
            shorter[every, at] = (shorter[every, at] * random.random(_AT_ONCE)).astype(np.int64)
            yield replaced, shorter
        other = random.integers(0, count, _AT_ONCE)
        swapped = chosen.copy()
        swapped[every, at], swapped[every, other] = chosen[every, other], chosen[every, at]
        yield swapped, gap_us
        rest = np.arange(count + 1)
        source = np.minimum(rest - (rest > at[:, np.newaxis]), count - 1)
        more, gaps = chosen[every[:, np.newaxis], source], gap_us[every[:, np.newaxis], source]
        more[every, at] = self._drawn(now, at, random)
        gaps[every, at + 1] = 0
        yield more, gaps
        if count > 1:
            kept = rest[:-2] + (rest[:-2] >= np.arange(count)[:, np.newaxis])
            yield now.chosen[kept], now.gap_us[kept]

    def _drawn(self, now: Order, at: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Draw candidates for places of an order, mostly of those that would cost least there."""
        pools = self._pools(now)
        # The square favours the front of a pool
        rank = random.random(len(at)) ** 2 * np.array([len(pool) for pool in pools])[at]
        return np.array([pools[place][int(one)] for place, one in zip(at, rank, strict=True)])

    def _pools(self, now: Order) -> list[np.ndarray]:
        """Return for each leg the candidates that are cheapest at the target in its middle."""
        if now is not self._pooled[0]:
            problem = self.problem
            length_us = problem.length_us[now.chosen]
            middle_us = np.cumsum(length_us + now.gap_us) - length_us // 2
            target = problem.ramp.spm_at(middle_us / US)
            low = np.searchsorted(problem.spm, target * (1 - problem.max_off))
            high = np.searchsorted(problem.spm, target * (1 + problem.max_off))
            pools = [self._cheapest(*place) for place in zip(low, high, target, now.chosen, strict=True)]
            self._pooled = now, pools
        return self._pooled[1]

    def _cheapest(self, low: int, high: int, target: float, played: int) -> np.ndarray:
        if low == high:
            return np.array([played])
        rate = (self.problem.spm[low:high] - target) ** 2 + self.penalty[low:high]
        some = min(_POOL, high - low)
        nearest = np.argpartition(rate, some - 1)[:some]
        return low + nearest[np.argsort(rate[nearest])]
