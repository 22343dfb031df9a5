"""A stretched run as a task for the solver: ranges of beats on steps, what silence costs.

Costs are %^2 s. A hole is ordinary time at a price that no allowed leg reaches, plus a charge
for opening it, so that a plan always exists and prefers one hole to two.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.library.facts import WINDOW_BEATS
from bpmsync.planner.costs import ENERGY_FREE, levels_of
from bpmsync.planner.extremes import extreme_ahead
from bpmsync.planner.network import Limits, Network
from bpmsync.planner.warpedchanges import change_warped
from bpmsync.planner.warpedlegs import (
    BLOCK,
    FINE,
    WarpedRun,
    WarpedSieve,
    count_near,
    list_warped,
    sample_warped,
)
from bpmsync.planner.ways import Joins, Scene
from bpmsync.planner.wholecost import WholeRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.ranges import BeatRange, StretchOptions
    from bpmsync.planner.reading import Unread
    from bpmsync.planner.task import Legs, Struck
    from bpmsync.planner.wishes import Wishes
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["STRETCHED_HOLE_OPENING", "STRETCHED_HOLE_PRICE", "WarpedTask"]

STRETCHED_HOLE_PRICE = 256.0
STRETCHED_HOLE_OPENING = 1280.0
_LAST_STEP_SLACK = 1e-6
_CUTS = (1.0, 0.75, 0.5, 0.35)
# Few recordings have to be cut to measure; where there are many, a better one costs less than more cuts
_CUT_BUDGET = 300
_MOST_CUTS = 16
# Ways compete for their place with those of so many steps
_STRETCH_STEPS = 8
# Pairs of range and place that are all looked at; where there are more, the cheapest ranges at each place
_ALL_PAIRS = 1_200_000
# of which so many are looked at again, once it is known what plans cost
_MOST_PAIRS = 1_500_000
# More of them where there are few, since songs are used up; more places where the ramp jumps
_LISTED_OF_FEW, _FEW_RANGES, _LISTED_RANGES = 28, 500, 12
_SAMPLED_PLACES, _SAMPLED_OF_JUMPS, _SAMPLED_OF_A_JUMP = 100, 300, 12
# and where beats of some music only are read
_LISTED_OF_MANY = 48
_MOST_LEGS = 2_000_000


class WarpedTask:
    """A stretched run (see `Task`); the variant of a leg is how many beats it lasts.

    Parameters
    ----------
    music : tuple
        The ranges, at least one; by range its row in the shelf; the shelf.
    ramp, options
        The target and the limits.
    wishes : Wishes
        What the run has to hold.
    unread : Unread, optional
        What music costs at least that is not among the ranges; without it there is none.
    """

    def __init__(
        self,
        music: tuple[Sequence[BeatRange], IntArray, Shelf],
        ramp: Ramp,
        options: StretchOptions,
        *,
        wishes: Wishes,
        unread: Unread | None = None,
    ) -> None:
        ranges, row_of, shelf = music
        weights = options.weights
        last_step = max(1, math.floor(float(ramp.steps_at(ramp.duration_s)) + _LAST_STEP_SLACK))
        shortest_s = float(min(options.min_length_s, ramp.duration_s / 2))
        beats = [_beats_of(one) for one in ranges]
        cuts = [_cut_ends(one, shortest_s, options.fade_steps) for one in ranges]
        count = max(len(_CUTS), min(_MOST_CUTS, _CUT_BUDGET // len(ranges)))
        fine = _ints([int(FINE * one.steps_per_beat) for one in ranges])
        ends = [np.asarray(one.ends, dtype=np.int64) for one in ranges]
        reach = last_step + int(max(one[-1] * f for one, f in zip(ends, fine, strict=True))) + 4
        seconds = ramp.time_of(np.arange(FINE * reach + 1) / FINE)
        lasting = np.array(
            [np.concatenate([seconds[k:] - seconds[:-k], np.full(k, np.inf)]) for k in (1, 2, 4)]
        )
        jumps = [float(ramp.steps_at(one)) for (one, _), (other, _) in pairwise(ramp.knots) if one == other]
        track = np.unique(row_of, return_inverse=True)
        artist = shelf.artist[row_of]
        number = {int(one): at for at, one in enumerate(track[0])}
        pins = sorted(
            (min(round(float(ramp.steps_at(at))), last_step - 1), number.get(row, -1))
            for at, row in wishes.pins
        )
        self._order = wishes.places(shelf)[row_of]
        self._layers, self._skip = len(wishes.order) + 1, wishes.skip
        self._unread = unread
        self._is_listed = False  # whether the network has all that is read and better plans may hold
        self.seconds = ramp.duration_s
        self.run = WarpedRun(
            seconds,
            lasting,
            1 / lasting,
            _windows(seconds),
            last_step,
            # Nobody knows where the bar lines of other music lie
            1 if unread else _stride(ends, fine),
            _ints([round(jump) for jump in jumps if jump < last_step]),
            np.concatenate([np.append(np.diff(one), 0.0) for one in beats]),
            np.concatenate([one - one[0] for one in beats]),
            _offsets(beats),
            np.concatenate(ends),
            _offsets(ends),
            np.concatenate([_picked(one, some, count) for one, some in zip(ends, cuts, strict=True)]),
            _ints([int(some[-1]) if len(some) else 0 for some in cuts]),
            fine,
            np.array([one.penalty for one in ranges], dtype=np.float64),
            shortest_s,
            options.limit,
            weights.join,
            weights.cut,
            _ints([at for at, _ in pins]),
            _ints([one for _, one in pins]),
            track[1].astype(np.int64),
        )
        longest_s = max(float(one[-1] - one[0]) for one in beats)
        longest_s = max(longest_s, unread.longest_s if unread else 0.0)
        # No leg that another one follows is shorter, and none is longer
        self._longest_s = longest_s / (1 - options.limit)
        self._longest_steps = math.ceil(self._longest_s * ramp.highest_spm / 60) + 1
        self._shortest_steps = int(shortest_s / (1 + options.limit) * ramp.lowest_spm / 60)
        self.finest = self.run.stride
        self.stretch = max(1, _STRETCH_STEPS // self.run.stride) * self.run.stride
        worst = (100 * options.max_stretch) ** 2
        self._hole_price = max(STRETCHED_HOLE_PRICE, 2 * worst + float(self.run.penalty.max()))
        must = np.zeros(len(track[0]), dtype=bool)
        must[[number[row] for row in wishes.held if row in number]] = True
        self.limits = Limits(
            self.run.track, artist, must, wishes.most_per_artist, int(artist.max(initial=-1)) + 1
        )
        _, energy = levels_of(shelf.level_db[row_of], shelf.energy[row_of])
        self.joins = Joins(
            artist,
            shelf.album[row_of],
            np.full(len(ranges), np.nan),  # levels are made equal when the run is rendered
            energy,
            weights.artist * np.array([1.0, 0.5]),
            weights.album,
            0.0,
            0.0,
            ENERGY_FREE,
            weights.energy,
        )
        self.floor, self.saved = self._least_silence(ramp)
        self.scene = Scene(
            last_step,
            shares_end=False,
            tail_price=0.0,
            shortest_tail=0,
            ends_from=0,
            opening=STRETCHED_HOLE_OPENING,
        )
        nothing, none = np.zeros(0), np.zeros(0, dtype=np.int64)
        self.whole = WholeRun(
            nothing,
            nothing,
            nothing,
            nothing,
            0.0,
            nothing,
            nothing,
            nothing,
            none,
            none,
            0.0,
            0,
            0.0,
            none,
            none,
        )

    def _least_silence(self, ramp: Ramp) -> tuple[float, FloatArray]:
        """Return what it costs if all recordings have too few beats for the run, and what saves each then."""
        run, most = self.run, np.zeros(len(self.limits.must), dtype=np.int64)
        np.maximum.at(most, run.track, run.ends[run.ends_at[1:] - 1] * run.fine // FINE)
        short = run.last_step - int(most.sum())
        if self._unread or short <= 0:
            return 0.0, np.zeros(len(most))
        a_step = self._hole_price * 60 / ramp.highest_spm
        saved: FloatArray = a_step * most.astype(np.float64)
        return STRETCHED_HOLE_OPENING + a_step * short, saved

    def rough(self) -> tuple[Network, IntArray]:
        """Return all legs, or of much music the cheapest at each place."""
        places = self._places
        rate, listed = np.full(places, np.inf), self._most_listed
        if len(self.run.penalty) * places > _ALL_PAIRS and self._layers == 1:
            rate = self._sampled_rates(listed)
        price, nowhere = np.zeros(len(self.run.penalty)), np.zeros(places + 2)
        sieve = WarpedSieve(rate, nowhere, nowhere, price, np.inf)
        *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        rank = listed
        while not complete:  # jumps of a ramp make for many places to leave a song
            rank //= 2
            rate = self._sampled_rates(rank) if rank else rate / 2
            sieve = WarpedSieve(rate, nowhere, nowhere, price, np.inf)
            *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        return self._network(legs, np.minimum(rate, self._unread_rates())), beats

    @property
    def _most_listed(self) -> int:
        """Ranges that are listed at a place, where not all are."""
        if self._unread:
            return _LISTED_OF_MANY
        return _LISTED_OF_FEW if len(self.run.penalty) < _FEW_RANGES else _LISTED_RANGES

    def _sampled_rates(self, rank: int) -> FloatArray:
        """Return by place what the so-manieth best range costs for each second, or a little more."""
        jumps = len(self.run.jumps)
        samples = max(_SAMPLED_OF_JUMPS, _SAMPLED_OF_A_JUMP * jumps) if jumps else _SAMPLED_PLACES
        every = max(1, self._places // samples)
        sampled = sample_warped(self.run, self._places, every, rank)
        padded = np.concatenate([sampled[:1], sampled, sampled[-1:]])
        near = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        return np.repeat(near, every)[: self._places]

    def fine(self, network: Network, struck: Struck) -> tuple[Network, IntArray] | None:
        """Return all legs of better plans, where a network has not all of them yet."""
        if not len(network.rate) or self._is_listed:
            return None
        rate = self._highest_rates(struck)
        sieve = WarpedSieve(rate, struck.before, struck.after, struck.price, struck.limit)
        if count_near(self.run, sieve) > _MOST_PAIRS:
            return None
        *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        if not complete:
            return None
        self._is_listed, unread = True, self._unread_rates()
        return self._network(legs, np.where(unread < rate, unread, np.inf)), beats

    def _unread_rates(self) -> FloatArray:
        """Return by place what legs of music that is not read cost at least for each second."""
        if self._unread is None:
            return np.full(self._places, np.inf)
        return self._unread.rate[np.arange(self._places) * self.run.stride // self._unread.cell]

    def changed(self, legs: Legs, most: int, seed: int) -> tuple[Legs, int, bool, int]:
        """Change a plan at random, for so many steps at most (see `Task`)."""
        hole = self._hole_price, STRETCHED_HOLE_OPENING
        found, cost, broken, steps = change_warped(
            self.run, self.limits, self.joins, hole, np.array(legs, dtype=np.int64), most, seed
        )
        return tuple(tuple(leg) for leg in found.tolist()), int(cost), bool(broken), int(steps)

    def _highest_rates(self, struck: Struck) -> FloatArray:
        """Return by place what a leg of a better plan may cost at most for each second."""
        places = self._places
        begins = self._begins
        rates = np.zeros(places)
        spans = np.arange(max(1, self._shortest_steps // self.run.stride), self._longest + 1)
        block = 512
        for first in range(0, places, block):
            at = np.arange(first, min(first + block, places))
            ends = np.minimum(at[:, np.newaxis] + spans, places)
            left = struck.limit - struck.before[at][:, np.newaxis] - struck.after[ends]
            rates[at] = np.maximum((left / (begins[ends] - begins[at][:, np.newaxis])).max(axis=1), 0.0)
        return rates

    @property
    def _begins(self) -> FloatArray:
        begins: FloatArray = self.run.seconds[
            FINE * np.minimum(np.arange(self._places + 1) * self.run.stride, self.run.last_step)
        ]
        return begins

    @property
    def _longest(self) -> int:
        """Places that a leg takes at most."""
        return min(self._places, self._longest_steps // self.run.stride + 1)

    @property
    def _places(self) -> int:
        return -(-self.run.last_step // self.run.stride)

    def _network(self, legs: Sequence[np.ndarray], rate: FloatArray) -> Network:
        places, run = self._places, self.run
        begins = self._begins
        wait = self._hole_price * np.diff(begins)
        for step in run.pin_step:
            wait[min(int(step) // run.stride, places - 1)] = np.inf
        first, item, end, cost = legs
        return Network(
            first=first,
            item=item,
            end=end,
            cost=cost,
            order=self._order,
            layers=self._layers,
            skip=self._skip,
            wait=wait,
            silence=0.0,
            opening=STRETCHED_HOLE_OPENING,
            tail=np.full(places, np.inf),
            loose=False,
            rate=rate if np.isfinite(rate).any() else np.zeros(0),
            toll=0.0,
            shortest=max(1, self._shortest_steps // run.stride),
            longest=self._longest,
            seconds=begins,
            size=run.stride,
        )


def _windows(seconds: FloatArray) -> np.ndarray:
    """Return the seconds of windows of beats from each half step on, and their extremes (see `WarpedRun`)."""
    found = []
    for half_steps in (1, 2, 4):
        reach = WINDOW_BEATS * half_steps
        lasting = np.full(len(seconds), np.inf)
        lasting[: max(len(seconds) - reach, 0)] = seconds[reach:] - seconds[: max(len(seconds) - reach, 0)]
        found.append(
            [lasting, *(extreme_ahead(lasting, FINE * BLOCK, one) for one in (np.minimum, np.maximum))]
        )
    return np.array(found).swapaxes(0, 1).copy()


def _stride(ends: Sequence[IntArray], fine: IntArray) -> int:
    """Return the largest number of steps that all bar lines lie on, counted from their range's first."""
    gaps = [np.unique(np.diff(one, prepend=0)) * f // FINE for one, f in zip(ends, fine, strict=True)]
    return int(np.gcd.reduce(np.unique(np.concatenate(gaps))))


def _cut_ends(one: BeatRange, shortest_s: float, fade_steps: int) -> IntArray:
    """How many beats a leg may last that another follows."""
    beats = _beats_of(one)
    long = beats[one.ends] - beats[0] >= shortest_s
    free = long & (one.ends <= one.beats_there - math.ceil(fade_steps / one.steps_per_beat))
    found: IntArray = one.ends[free if free.any() else long]
    return found


def _picked(ends: IntArray, found: IntArray, count: int) -> np.ndarray:
    """Tell which ends are picked among those found, the last one always."""
    picked = np.zeros(len(ends), dtype=bool)
    if len(found) > count:
        if count > len(_CUTS):
            found = found[np.rint(np.linspace(0, len(found) - 1, count)).astype(np.int64)]
        else:
            at = np.searchsorted(found, np.array(_CUTS) * found[-1], side="right") - 1
            found = found[at[at >= 0]]
    picked[np.searchsorted(ends, found)] = True
    return picked


def _beats_of(one: BeatRange) -> FloatArray:
    grid = one.track.grid
    if grid is None:  # a range is made of a grid
        return np.zeros(0)
    return grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1]


def _offsets(pieces: Sequence[np.ndarray]) -> IntArray:
    return np.cumsum(_ints([0, *(len(piece) for piece in pieces)]))


def _ints(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)
