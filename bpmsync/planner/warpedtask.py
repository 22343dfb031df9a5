"""A stretched run as a task for the solver: ranges of beats on steps, what silence costs.

Costs are %^2 s. A hole is ordinary time at a price that no allowed leg reaches, plus a charge
for opening it, so that a plan always exists and prefers one hole to two.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.candidates import refused
from bpmsync.planner.costs import ENERGY_FREE, levels_of
from bpmsync.planner.extremes import range_table
from bpmsync.planner.network import Limits, Network
from bpmsync.planner.warpedlegs import FINE, WarpedRun, WarpedSieve, list_warped, sample_warped
from bpmsync.planner.ways import Joins, Scene
from bpmsync.planner.wholecost import WholeRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.ranges import BeatRange, StretchOptions
    from bpmsync.planner.task import Struck
    from bpmsync.planner.wishes import Wishes
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["STRETCHED_HOLE_OPENING", "STRETCHED_HOLE_PRICE", "WarpedTask", "worth_looking_at"]

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
_MOST_PAIRS = 12_000_000
# Tracks whose beats are read; of more music, the surest
_ALL_READ = 2500
# By how much a track's tempo may be another somewhere in it
_LOCAL_TEMPO = 0.1
_LISTED_RANGES, _SAMPLED_PLACES = 16, 100
_MOST_LEGS = 3_000_000


def worth_looking_at(
    shelf: Shelf, ramp: Ramp, options: StretchOptions, wishes: Wishes
) -> tuple[IntArray, float]:
    """Return the rows whose beats are worth reading, and what others cost at least.

    Parameters
    ----------
    shelf, ramp, options, wishes
        The music, the target, the limits and what the run has to hold.

    Returns
    -------
    rows : numpy.ndarray of int64
        Of all that can be planned; where that is very much, those that are near the ramp's tempo
        and have the surest beats.
    least_omitted : float
        %^2 for each second of the run; infinite where nothing that may fit was left out.
    """
    weights = options.weights
    usable = ~refused(shelf, options.filters()) & shelf.has_file & (shelf.steady_s > 0)
    doubt = np.where(shelf.settled, 0.0, 1 - shelf.confidence)
    penalty = weights.doubt * doubt + weights.recent * wishes.staleness(shelf)
    if wishes.order:
        usable &= wishes.places(shelf) >= 0
    rows = np.flatnonzero(usable)
    if len(rows) <= _ALL_READ:
        return rows, math.inf
    # Elsewhere in a track its tempo may be another, but not so far from what it is in the middle
    slack = options.limit + _LOCAL_TEMPO
    slowest, fastest = ramp.lowest_spm * (1 - slack), ramp.highest_spm * (1 + slack)
    spm = shelf.tempo_bpm[rows][:, np.newaxis] * np.array([1.0, 2.0, 0.5])
    near = rows[((spm >= slowest) & (spm <= fastest)).any(axis=1)]
    order = near[np.lexsort((near, penalty[near]))]
    chosen, cut = order[:_ALL_READ], order[_ALL_READ:]
    wanted = [*wishes.held]
    wanted += [row for some in wishes.order if len(some) == 1 for row in some]
    held = [row for row in wanted if usable[row]]
    least_omitted = float(penalty[cut].min()) * (1 - options.limit) if len(cut) else math.inf
    return np.unique(np.concatenate([chosen, _ints(held)])), least_omitted


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
    least_omitted : float
        %^2 for each second that music costs at least which is not among the ranges; infinite
        where there is none.
    """

    def __init__(
        self,
        music: tuple[Sequence[BeatRange], IntArray, Shelf],
        ramp: Ramp,
        options: StretchOptions,
        *,
        wishes: Wishes,
        least_omitted: float = math.inf,
    ) -> None:
        ranges, row_of, shelf = music
        weights = options.weights
        last_step = max(1, math.floor(float(ramp.steps_at(ramp.duration_s)) + _LAST_STEP_SLACK))
        shortest_s = min(options.min_length_s, ramp.duration_s / 2)
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
        self._least_omitted = least_omitted
        self.seconds = ramp.duration_s
        self.run = WarpedRun(
            seconds,
            lasting,
            1 / lasting,
            range_table(np.diff(seconds), np.minimum),
            range_table(np.diff(seconds), np.maximum),
            last_step,
            _stride(ends, fine),
            _ints([round(jump) for jump in jumps if jump < last_step]),
            np.concatenate([np.append(np.diff(one), 0.0) for one in beats]),
            np.concatenate([one - one[0] for one in beats]),
            _offsets(beats),
            np.concatenate(ends),
            _offsets(ends),
            np.concatenate(
                [np.isin(one, _places(some, count)) for one, some in zip(ends, cuts, strict=True)]
            ),
            _ints([max(some, default=0) for some in cuts]),
            np.array([np.diff(one).min() for one in beats]) / fine,
            np.array([np.diff(one).max() for one in beats]) / fine,
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
        # No leg that another one follows is shorter
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
        self.floor = self._least_silence(ramp)
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

    def _least_silence(self, ramp: Ramp) -> float:
        """Return what it costs that all recordings together have too few beats for the run, if they have."""
        if math.isfinite(self._least_omitted):
            return 0.0
        run, most = self.run, np.zeros(len(self.limits.must), dtype=np.int64)
        np.maximum.at(most, run.track, run.ends[run.ends_at[1:] - 1] * run.fine // FINE)
        short = run.last_step - int(most.sum())
        return STRETCHED_HOLE_OPENING + self._hole_price * short * 60 / ramp.highest_spm if short > 0 else 0.0

    def rough(self) -> tuple[Network, IntArray]:
        """Return all legs, or of much music the cheapest at each place."""
        places = self._places
        rate = np.full(places, np.inf)
        if len(self.run.penalty) * places > _ALL_PAIRS and self._layers == 1:
            rate = self._sampled_rates(_LISTED_RANGES)
        omits = bool(np.isfinite(rate).any()) or math.isfinite(self._least_omitted)
        price, nowhere = np.zeros(len(self.run.penalty)), np.zeros(places + 2)
        sieve = WarpedSieve(rate, nowhere, nowhere, price, np.inf)
        *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        rank = _LISTED_RANGES
        while not complete and rank > 1:  # jumps of a ramp make for many places to leave a song
            rank //= 4
            rate = self._sampled_rates(rank)
            omits = True
            sieve = WarpedSieve(rate, nowhere, nowhere, price, np.inf)
            *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        omitted = np.minimum(rate, self._least_omitted) if complete else np.zeros(places)
        return self._network(legs, omitted if omits or not complete else np.zeros(0)), beats

    def _sampled_rates(self, rank: int) -> FloatArray:
        """Return by place what the so-manieth best range costs for each second, or a little more."""
        every = max(1, self._places // _SAMPLED_PLACES)
        sampled = sample_warped(self.run, self._places, every, rank)
        padded = np.concatenate([sampled[:1], sampled, sampled[-1:]])
        near = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        return np.repeat(near, every)[: self._places]

    def fine(self, network: Network, struck: Struck) -> tuple[Network, IntArray] | None:
        """Return all legs of better plans, where a network has not all of them yet."""
        if not len(network.rate):
            return None
        rate = self._highest_rates(struck)
        penalties = np.sort(self.run.penalty) * (1 - self.run.limit)
        if int(np.searchsorted(penalties, rate).sum()) > _MOST_PAIRS:
            return None
        sieve = WarpedSieve(rate, struck.before, struck.after, struck.price, struck.limit)
        *legs, beats, complete = list_warped(self.run, sieve, _MOST_LEGS)
        if not complete:
            return None
        omitted = np.full(self._places, self._least_omitted)
        return self._network(legs, omitted if math.isfinite(self._least_omitted) else np.zeros(0)), beats

    def sparing(self, network: Network, variant: IntArray) -> np.ndarray:
        """Return which legs go to the last bar line with room for a fade, or fill the run."""
        whole: np.ndarray = (variant >= self.run.latest[network.item]) | (network.end == self._places)
        return whole

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
            left = struck.limit - self.run.join - struck.before[at][:, np.newaxis] - struck.after[ends]
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
        steps = self.run.ends[self.run.ends_at[1:] - 1] * self.run.fine // FINE
        return min(self._places, int(steps.max()) // self.run.stride + 1)

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
            rate=rate,
            toll=run.join,
            shortest=max(1, self._shortest_steps // run.stride),
            longest=self._longest,
            seconds=begins,
            size=run.stride,
        )


def _stride(ends: Sequence[IntArray], fine: IntArray) -> int:
    """Return the largest number of steps that all bar lines lie on, counted from their range's first."""
    gaps = [np.unique(np.diff(one, prepend=0)) * f // FINE for one, f in zip(ends, fine, strict=True)]
    return int(np.gcd.reduce(np.unique(np.concatenate(gaps))))


def _cut_ends(one: BeatRange, shortest_s: float, fade_steps: int) -> list[int]:
    """How many beats a leg may last that another follows."""
    beats = _beats_of(one)
    long = beats[one.ends] - beats[0] >= shortest_s
    free = long & (one.ends <= one.beats_there - math.ceil(fade_steps / one.steps_per_beat))
    found: list[int] = one.ends[free if free.any() else long].tolist()
    return found


def _places(ends: list[int], count: int) -> list[int]:
    """Pick some ends, the last one always."""
    if len(ends) <= count:
        return ends
    if count > len(_CUTS):
        return [ends[i] for i in sorted({round(x) for x in np.linspace(0, len(ends) - 1, count)})]
    wanted = [share * ends[-1] for share in _CUTS]
    return sorted({max(end for end in ends if end <= most) for most in wanted if most >= ends[0]})


def _beats_of(one: BeatRange) -> FloatArray:
    grid = one.track.grid
    if grid is None:  # a range is made of a grid
        return np.zeros(0)
    return grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1]


def _offsets(pieces: Sequence[np.ndarray]) -> IntArray:
    return np.cumsum(_ints([0, *(len(piece) for piece in pieces)]))


def _ints(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)
