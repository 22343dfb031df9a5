"""A native run as a task for the solver: items, cells of time, what silence and the end cost.

Costs are spm^2 s. Times are whole microseconds. A hole is ordinary time at a price that no
allowed leg reaches, plus a charge for opening it, so that a plan always exists and prefers one
hole to two; holes last whole cells, the last one up to the end of the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.candidates import MOST_UNSTEADY, refused, square_spm
from bpmsync.planner.costs import (
    ENERGY_FREE,
    HOLE_OPENING,
    LEVEL_FREE_DB,
    SHORTEST_TAIL_S,
    US,
    hole_price,
    levels_of,
)
from bpmsync.planner.extremes import range_table
from bpmsync.planner.network import Limits, Network
from bpmsync.planner.ways import Joins, Scene
from bpmsync.planner.wholechanges import change_whole
from bpmsync.planner.wholecost import WholeRun
from bpmsync.planner.wholelegs import BIN_SPM, Cells, Sieve, list_legs, near_items, sample_rates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.task import Legs, Struck
    from bpmsync.planner.wishes import Wishes
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Items", "WholeTask", "find_items"]

_ROUGH_S = 4.0
# Cells are made finer in so many steps, to a quarter each time
_LEVELS = 3
# Ways compete for their place with those of so much time
_STRETCH_S = 4.0
# Legs of a rough network; where there are more, so many of the cheapest at each place
_ROUGH_LEGS = 1_500_000
_LISTED_LEGS = 160
_SAMPLED_ITEMS, _SAMPLED_PLACES, _SAMPLED_OF_JUMPS, _SAMPLED_OF_A_JUMP = 4000, 90, 360, 12
_MOST_LEGS, _MOST_NEAR = 3_000_000, 48_000_000
_RATIOS = (Fraction(1), Fraction(2), Fraction(1, 2))


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """Tracks of a shelf, each at a number of steps per beat: by half a spm, then penalty, then audio hash.

    Parameters
    ----------
    row : numpy.ndarray of int64
        Of the shelf.
    ratio : numpy.ndarray of int64
        Number of the steps per beat in `ratios`.
    spm, penalty : numpy.ndarray
        Step tempo; spm^2 for each second, besides the distance from the target.
    length_us : numpy.ndarray of int64
        Of the file.
    """

    row: IntArray
    ratio: IntArray
    spm: FloatArray
    penalty: FloatArray
    length_us: IntArray

    def steps_per_beat(self, item: int) -> Fraction:
        """Return the steps per beat of an item."""
        return _RATIOS[int(self.ratio[item])]


def find_items(shelf: Shelf, ramp: Ramp, options: NativeOptions, wishes: Wishes) -> Items:
    """Return what may be played somewhere on a ramp.

    Parameters
    ----------
    shelf, ramp, options
        The music, the target and the limits.
    wishes : Wishes
        What was played lately counts here.
    """
    weights, unit = options.weights, square_spm(ramp)
    slowest = ramp.lowest_spm * (1 - options.max_off)
    fastest = ramp.highest_spm * (1 + options.max_off)
    usable = ~refused(shelf, options)
    if wishes.order:
        usable &= wishes.places(shelf) >= 0
    share = np.clip(shelf.clear_s / shelf.duration_s, 0.0, 1.0)
    doubt = np.where(shelf.settled, 0.0, 1 - shelf.confidence)
    each = unit * (
        weights.doubt * doubt + weights.beatless * (1 - share) + weights.recent * wishes.staleness(shelf)
    )
    rows, ratios, spms, penalties = [], [], [], []
    for number, ratio in enumerate(_RATIOS):
        spm = shelf.tempo_bpm * float(ratio)
        fits = usable & (spm >= slowest) & (spm <= fastest)
        if ratio == Fraction(1, 2):  # every other beat only in even bars
            fits &= ~shelf.odd
        row = np.flatnonzero(fits)
        level = {Fraction(2): weights.twice, Fraction(1, 2): weights.half}.get(ratio, 0.0)
        stray = np.minimum((shelf.unsteady_bpm[row] * float(ratio)) ** 2 / unit, MOST_UNSTEADY)
        rows.append(row)
        ratios.append(np.full(len(row), number))
        spms.append(spm[row])
        penalties.append(each[row] + unit * (weights.unsteady * stray + level))
    row, spm = np.concatenate(rows), np.concatenate(spms)
    penalty = np.concatenate(penalties)
    order = np.lexsort((np.concatenate(ratios), row, spm, penalty, np.floor(spm / BIN_SPM)))
    return Items(
        row[order],
        np.concatenate(ratios)[order],
        spm[order],
        penalty[order],
        np.rint(shelf.duration_s[row[order]] * US).astype(np.int64),
    )


class WholeTask:
    """A native run (see `Task`).

    Parameters
    ----------
    shelf, items, ramp, options
        The music, what of it may be played, the target and the limits.
    wishes : Wishes
        What the run has to hold.
    """

    def __init__(
        self, shelf: Shelf, items: Items, ramp: Ramp, options: NativeOptions, wishes: Wishes
    ) -> None:
        weights, unit = options.weights, square_spm(ramp)
        tracks, track = np.unique(items.row, return_inverse=True)
        track = track.astype(np.int64)
        named = np.flatnonzero(np.isin(tracks, wishes.held))
        number = {int(tracks[at]): int(at) for at in named}
        pins = sorted((round(second * US), number.get(row, -1)) for second, row in wishes.pins)
        worst = (options.max_off * ramp.highest_spm) ** 2
        knots = np.array(ramp.knots)
        middle = (ramp.lowest_spm + ramp.highest_spm) / 2
        area, square = _knot_integrals(knots[:, 0], knots[:, 1] - middle)
        self._order = wishes.places(shelf)[items.row]
        self._layers, self._skip = len(wishes.order) + 1, wishes.skip
        self._ramp = ramp
        self._items = items
        self._hole_price = hole_price(worst, items.penalty)
        self.seconds = ramp.duration_s
        self.stretch = round(_STRETCH_S * US)
        self.whole = WholeRun(
            knots[:, 0].copy(),
            knots[:, 1].copy(),
            area,
            square,
            middle,
            items.spm,
            items.penalty * items.length_us / US,
            items.penalty,
            items.length_us,
            track,
            options.max_off,
            round(ramp.duration_s * US),
            weights.overhang * unit,
            np.array([at for at, _ in pins], dtype=np.int64),
            np.array([row for _, row in pins], dtype=np.int64),
        )
        must = np.zeros(len(tracks), dtype=bool)
        must[[number[row] for row in wishes.held if row in number]] = True
        artist = shelf.artist[items.row]
        self.limits = Limits(
            track, artist, must, wishes.most_per_artist, int(shelf.artist.max(initial=-1)) + 1
        )
        level_db, energy = levels_of(shelf.level_db[items.row], shelf.energy[items.row])
        self.joins = Joins(
            artist,
            shelf.album[items.row],
            level_db,
            energy,
            unit * weights.artist * np.array([1.0, 0.5]),
            unit * weights.album,
            LEVEL_FREE_DB,
            unit * weights.loudness,
            ENERGY_FREE,
            unit * weights.energy,
        )
        self.floor, self.saved = self._least_silence(track)
        self.scene = Scene(
            self.whole.run_us,
            shares_end=True,
            tail_price=worst / US,
            shortest_tail=round(SHORTEST_TAIL_S * US),
            ends_from=max((at for at, _ in pins), default=-1) + 1,
            opening=HOLE_OPENING,
        )

    def _least_silence(self, track: IntArray) -> tuple[float, FloatArray]:
        """Return what it costs if all recordings together are too short, and what silence each saves then."""
        longest_us = np.zeros(len(self.limits.must), dtype=np.int64)
        np.maximum.at(longest_us, track, self.whole.length_us)
        tail_us = max(round(SHORTEST_TAIL_S * US), int(longest_us.max()) // 2)
        short_us = self.whole.run_us - int(longest_us.sum()) - tail_us
        if short_us <= 0:
            return 0.0, np.zeros(len(longest_us))
        return HOLE_OPENING + self._hole_price * short_us / US, self._hole_price * longest_us / US

    @property
    def finest(self) -> int:
        """Microseconds of the finest cell, of which holes last a whole number."""
        return self._size_us(_LEVELS)

    def rough(self) -> tuple[Network, IntArray]:
        """Return the legs on rough cells; of much music the cheapest at each moment."""
        # With a given order there is one network only, and little in it
        cells = self._cells(0 if self._layers == 1 else _LEVELS - 1)
        places = self._places(cells.size_us)
        rate, listed = np.full(places, np.inf), _LISTED_LEGS
        if len(self._items.row) * places > _ROUGH_LEGS and self._layers == 1:
            rate = self._sampled_rates(cells, places, listed)
        at_start, at_end, price = np.zeros(places), np.zeros(places + 1), np.zeros(len(self._items.row))
        while True:
            sieve = Sieve(1, rate, at_start, at_end, np.empty(0), np.empty((0, 2)), price, np.inf)
            first, item, complete = near_items(self.whole, cells, places, sieve, _MOST_NEAR)
            *legs, listed_all = list_legs(self.whole, cells, places, sieve, first, item, _MOST_LEGS)
            if (complete and listed_all) or self._layers > 1:
                break
            # What is left out has to be known to cost more than what is listed
            listed //= 2
            rate = self._sampled_rates(cells, places, listed) if listed else rate / 2
        return self._network(cells, places, legs, rate if np.isfinite(rate).any() else np.zeros(0))

    def _sampled_rates(self, cells: Cells, places: int, listed: int) -> FloatArray:
        """Return by place what the so-manieth best file costs for each second, or a little more."""
        jumps = int((np.diff(self.whole.knot_s) == 0).sum())
        samples = max(_SAMPLED_OF_JUMPS, _SAMPLED_OF_A_JUMP * jumps) if jumps else _SAMPLED_PLACES
        every = max(1, places // samples)
        stride = max(1, len(self._items.row) // _SAMPLED_ITEMS)
        sampled = sample_rates(self.whole, cells, places, every, stride, listed // stride)
        # The highest nearby, so that nothing cheap is left out between two samples
        padded = np.concatenate([sampled[:1], sampled, sampled[-1:]])
        near = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
        return np.repeat(near, every)[:places]

    def fine(self, network: Network, struck: Struck) -> tuple[Network, IntArray] | None:
        """Return all legs of better plans; where a network has them already, on cells a quarter as long."""
        level = next(k for k in range(_LEVELS + 1) if self._size_us(k) == network.size)
        omits = len(network.rate) > 0
        if not omits and level == _LEVELS:
            return None
        blocks, cells = len(network.wait), self._cells(level if omits else level + 1)
        before, after = struck.before[:blocks].copy(), struck.after[: blocks + 1].copy()
        rate, first, item = np.zeros(0), network.first, network.item
        places, block = self._places(cells.size_us), network.size // cells.size_us
        if omits:
            rate = self._highest_rates(before, after, struck.limit, network.size / US)
        each = (np.empty(0), np.empty((0, 2))) if omits else (struck.before_each, struck.after_each)
        sieve = Sieve(block, rate, before, after, *each, struck.price, struck.limit)
        if omits:
            first, item, complete = near_items(self.whole, cells, places, sieve, _MOST_NEAR)
            if not complete:
                return None
        *legs, complete = list_legs(self.whole, cells, places, sieve, first, item, _MOST_LEGS)
        return self._network(cells, places, legs, np.zeros(0)) if complete else None

    def changed(self, legs: Legs, most: int, seed: int) -> tuple[Legs, int, bool, int]:
        """Change a plan at random, for so many steps at most (see `Task`)."""
        hole = self._hole_price / US, self.finest
        found, cost, broken, steps = change_whole(
            self.whole, self.limits, self.joins, self.scene, hole, np.array(legs, dtype=np.int64), most, seed
        )
        return tuple(tuple(leg) for leg in found.tolist()), int(cost), bool(broken), int(steps)

    def _highest_rates(
        self, before: FloatArray, after: FloatArray, limit: float, cell_s: float
    ) -> FloatArray:
        """Return by rough cell what a leg of a better plan may cost at most for each second."""
        lengths_us = self.whole.length_us
        spans = np.arange(
            int(lengths_us.min() / US / cell_s), min(int(lengths_us.max() / US / cell_s) + 2, len(before) + 1)
        )
        ends = np.minimum(np.arange(len(before))[:, np.newaxis] + spans, len(before))
        rest = np.minimum(after[ends], after[np.minimum(ends + 1, len(before))])
        left = limit - before[:, np.newaxis] - rest
        rates: FloatArray = np.maximum((left / np.maximum(spans * cell_s, 1e-3)).max(axis=1), 0.0)
        return rates

    def _network(
        self, cells: Cells, places: int, legs: Sequence[np.ndarray], rate: FloatArray
    ) -> tuple[Network, IntArray]:
        run_s, size_s = self.seconds, cells.size_us / US
        lengths_us = self.whole.length_us
        begins = np.minimum(np.arange(places + 1) * size_s, run_s)
        # A hole that goes over n edges lasts n - 1 cells at least: the first one is free
        cell = self._hole_price * size_s
        wait = np.full(places, min(cell, HOLE_OPENING))
        # Whoever is in the last cell may be at its end already, and in the one before at its end
        wait[-2:-1] = min(self._hole_price * max(0.0, run_s - (places - 1) * size_s), HOLE_OPENING)
        wait[-1] = 0.0
        left_s = np.maximum(0.0, run_s - begins[:-1] - size_s)
        # A way in a cell has come to its end at the latest
        may_end = (np.arange(places) + 1) * cells.size_us > self.scene.ends_from
        longest_s = max(SHORTEST_TAIL_S, int(lengths_us.max()) / 2 / US)
        first, item, end, cost = legs
        network = Network(
            first=first,
            item=item,
            end=end,
            cost=cost,
            order=self._order,
            layers=self._layers,
            skip=self._skip,
            wait=wait,
            silence=self._hole_price / US,
            opening=max(0.0, HOLE_OPENING - cell),
            tail=np.where((left_s <= longest_s) & may_end, self.scene.tail_price * US * left_s, np.inf),
            loose=True,
            rate=rate,
            toll=0.0,
            shortest=max(1, int(lengths_us.min()) // cells.size_us),
            longest=int(lengths_us.max()) // cells.size_us + 1,
            seconds=begins,
            size=cells.size_us,
        )
        return network, np.zeros(len(item), dtype=np.int64)

    def _places(self, size_us: int) -> int:
        return math.ceil(self.whole.run_us / size_us)

    def _size_us(self, level: int) -> int:
        """Return the length of a cell; at least four of the longest fit into the shortest file."""
        rough_us = min(round(_ROUGH_S * US), int(self.whole.length_us.min()) // 4)
        finest_us = max(1, rough_us // 4**_LEVELS)
        size_us: int = finest_us * 4 ** (_LEVELS - level)
        return size_us

    def _cells(self, level: int) -> Cells:
        """Return the ramp by cell."""
        size_us = self._size_us(level)
        count = self._places(size_us) + int(self.whole.length_us.max()) // size_us + 4
        edges = np.arange(count + 1) * (size_us / US)
        first, last = self._ramp.spm_at(edges[:-1]), self._ramp.spm_at(np.nextafter(edges[1:], 0.0))
        low, high = np.minimum(first, last), np.maximum(first, last)
        bent = np.zeros(count, dtype=bool)
        for second, spm in self._ramp.knots:
            cell, past_us = divmod(round(second * US), size_us)
            if cell < count and past_us:
                low[cell], high[cell] = min(low[cell], spm), max(high[cell], spm)
            # On the edge of two cells it is the concern of both, as far as a rounding may put it
            bent[max(cell - (past_us == 0), 0) : cell + 1] = True
        levels = np.maximum(np.frexp(np.arange(count + 1))[1].astype(np.int64) - 1, 0)
        return Cells(size_us, range_table(low, np.minimum), range_table(high, np.maximum), bent, levels)


def _knot_integrals(seconds: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the integrals of a piecewise linear function and of its square, up to each knot."""
    dt, a, b = np.diff(seconds), values[:-1], values[1:]
    pieces = dt * (a + b) / 2, dt * (a * a + a * b + b * b) / 3
    area, square = (np.concatenate([[0.0], np.cumsum(piece)]) for piece in pieces)
    return area, square
