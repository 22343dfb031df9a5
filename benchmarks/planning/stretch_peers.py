"""What others would do with stretched ranges: sort by tempo, take the nearest, or improve at random.

Costs are those of a stretched plan (%^2 s), counted here beat by beat and apart from the planner's
own code. A leg begins on the first beat of a usable range and may be left at any of its bar
lines that is long enough and has room for a fade; the planner offers itself fewer of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.candidates import refused
from bpmsync.planner.ranges import find_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.planner.ranges import BeatRange, StretchOptions
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Piece", "StretchPeers", "ranges_of"]

_SLACK = 1e-9
_STEP_SLACK = 1e-6
_PERCENT_SQUARED = 100.0**2
_HOLE_PRICE, _HOLE_OPENING = 256.0, 1280.0
_ENERGY_FREE = 0.2
_FRUITLESS, _TRIES = 1500, 60
_POOL = 200
# Of more music, so much; and how far parts of a song may be from its tempo
_ALL_READ, _LOCAL_TEMPO = 4000, 0.02


@dataclass(frozen=True, slots=True)
class Piece:
    """So many beats of a range, after so many steps of silence."""

    number: int
    beats: int
    gap: int = 0


class StretchPeers:
    """One run and its ranges; of very much music, those near its tempo with the surest beats.

    Parameters
    ----------
    shelf, ramp, options
        The music, the target and the limits.
    also : collection of str
        Audio hashes of what is there in any case.
    """

    def __init__(self, shelf: Shelf, ramp: Ramp, options: StretchOptions, also: Collection[str] = ()) -> None:
        found = ranges_of(shelf, ramp, options, also)
        self.ranges: list[BeatRange] = [one for _, one in found]
        self.row = np.array([row for row, _ in found], dtype=np.int64)
        self.artist, self.album = shelf.artist[self.row], shelf.album[self.row]
        self.energy = shelf.energy[self.row]
        self.options, self.weights = options, options.weights
        self.last_step = max(1, math.floor(float(ramp.steps_at(ramp.duration_s)) + _STEP_SLACK))
        self.shortest_s = min(options.min_length_s, ramp.duration_s / 2)
        self.penalty = np.array([one.penalty for one in self.ranges])
        self.fine = np.array([int(2 * one.steps_per_beat) for one in self.ranges])
        self.hole_price = max(
            _HOLE_PRICE, 2 * (100 * options.max_stretch) ** 2 + float(self.penalty.max(initial=0.0))
        )
        # The same by range, for one at a time: row, artist, album, energy, half steps a beat
        columns = (self.row, self.artist, self.album, self.energy, self.fine)
        self._songs = list(zip(*(column.tolist() for column in columns), strict=True))
        self._lay_out()
        reach = self.last_step + int((self.ends * self.fine[self.of]).max(initial=0)) // 2 + 4
        # Of half steps: every beat of 1, 2 and 1/2 steps per beat lies on one
        self.seconds = ramp.time_of(np.arange(2 * reach + 1) / 2)
        self._known: dict[tuple[int, int, int], float] = {}
        self._pools: dict[int, np.ndarray] = {}

    def _lay_out(self) -> None:
        """Put the bar lines of all ranges into one row."""
        ranges = self.ranges
        self.beats = [
            one.track.grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1] for one in ranges
        ]
        empty = np.zeros(0, dtype=np.int64)
        self.first_line = np.cumsum([0, *(len(one.ends) for one in ranges)])
        self.of = np.repeat(np.arange(len(ranges)), np.diff(self.first_line))
        self.ends = np.concatenate([one.ends for one in ranges] or [empty])
        self.steps = self.ends * self.fine[self.of] // 2
        self.steps_before = np.where(np.diff(self.of, prepend=-1), 0, np.roll(self.steps, 1))
        self.source_s = np.concatenate(
            [b[one.ends] - b[0] for b, one in zip(self.beats, ranges, strict=True)] or [np.zeros(0)]
        )
        self.long = self.source_s >= self.shortest_s
        fade = np.array([math.ceil(self.options.fade_steps / one.steps_per_beat) for one in ranges])
        room = np.array([one.beats_there for one in ranges]) - fade
        free = self.long & (self.ends <= room[self.of]) if len(ranges) else self.long
        some = np.zeros(len(ranges), dtype=bool)
        np.logical_or.at(some, self.of, free)
        # What has no room for a fade anywhere is left without one
        may_be_left = np.where(some[self.of], free, self.long)
        self.latest = np.zeros(len(ranges), dtype=np.int64)
        np.maximum.at(self.latest, self.of[may_be_left], self.ends[may_be_left])
        self.left = self.long & (self.ends <= self.latest[self.of])
        self.spm = np.array(
            [
                60 * float(one.steps_per_beat) * (len(b) - 1) / (b[-1] - b[0])
                for b, one in zip(self.beats, ranges, strict=True)
            ]
        )

    def leg_cost(self, number: int, beats: int, step: int) -> float:
        """Return what a leg costs from a step on; infinite where it is stretched beyond the limit."""
        key = number, beats, step
        if key not in self._known:
            self._known[key] = self._leg_cost(number, beats, step)
        return self._known[key]

    def _leg_cost(self, number: int, beats: int, step: int, *, limited: bool = True) -> float:
        if not beats:  # no bar line is far enough
            return math.inf
        source, fine = self.beats[number], int(self.fine[number])
        run_s = np.diff(self.seconds[2 * step : 2 * step + beats * fine + 1 : fine])
        off = (source[1 : beats + 1] - source[:beats]) / run_s - 1
        source_s = float(source[beats] - source[0])
        ends = step + beats * fine // 2
        if (limited and np.abs(off).max() > self.options.limit + _SLACK) or source_s < self.shortest_s:
            return math.inf
        last = ends >= self.last_step
        if not last and beats > self.latest[number]:
            return math.inf
        fee = 0.0 if last or beats == self.latest[number] else self.weights.cut
        squares = _PERCENT_SQUARED * float(off * off @ run_s)
        return squares + float(self.penalty[number]) * source_s + self.weights.join + fee

    def join_cost(self, number: int, before: Sequence[int]) -> float:
        """Return what it costs that a range follows others, of which the last two count."""
        total, songs, weights = 0.0, self._songs, self.weights
        artist, album, energy = songs[number][1:4]
        if len(before) > 1 and artist == songs[before[-2]][1]:
            total += weights.artist / 2 * (artist >= 0)
        if before:
            _, artist_before, album_before, energy_before, _ = songs[before[-1]]
            total += weights.artist * (artist == artist_before >= 0)
            total += weights.album * (album == album_before >= 0)
            beyond = abs(energy - energy_before) - _ENERGY_FREE
            total += weights.energy * beyond * beyond * (beyond > 0)
        return total

    def _join_costs(self, numbers: np.ndarray, before: Sequence[int]) -> np.ndarray:
        weights, total = self.weights, np.zeros(len(numbers))
        for back, price in ((1, weights.artist), (2, weights.artist / 2)):
            if len(before) >= back:
                other = self.artist[before[-back]]
                total += price * ((self.artist[numbers] == other) & (other >= 0))
        if before:
            album = self.album[before[-1]]
            total += weights.album * ((self.album[numbers] == album) & (album >= 0))
            beyond = np.abs(self.energy[numbers] - self.energy[before[-1]]) - _ENERGY_FREE
            total += weights.energy * np.maximum(np.nan_to_num(beyond), 0.0) ** 2
        return total

    def cost(self, pieces: Sequence[Piece], *, limited: bool = True) -> float:
        """Return what a run costs, infinite for what is not allowed; the stretch may have no limit."""
        leg_cost = self.leg_cost if limited else partial(self._leg_cost, limited=False)
        step, total, played, rows = 0, 0.0, [], set()
        for piece in pieces:
            if piece.gap:
                total += self._silence(step, step + piece.gap)
                step += piece.gap
            row, *_, fine = self._songs[piece.number]
            if step >= self.last_step or row in rows:
                return math.inf
            total += leg_cost(piece.number, piece.beats, step)
            if total == math.inf:
                return total
            total += self.join_cost(piece.number, played)
            played.append(piece.number)
            rows.add(row)
            step += piece.beats * fine // 2
        return total + (self._silence(step, self.last_step) if step < self.last_step else 0.0)

    def _silence(self, step: int, until: int) -> float:
        until = min(until, self.last_step)
        return _HOLE_OPENING + self.hole_price * float(self.seconds[2 * until] - self.seconds[2 * step])

    def pieces_of(self, plan: Plan[WarpedLeg]) -> list[Piece]:
        """Return a plan of ours in pieces."""
        number = {
            (one.track.audio_hash, one.first_beat, one.steps_per_beat): at
            for at, one in enumerate(self.ranges)
        }
        pieces, step = [], 0
        for leg in plan.legs:
            at = number[leg.track.audio_hash, leg.first_beat, leg.steps_per_beat]
            pieces.append(Piece(at, leg.beats, leg.first_step - step))
            step = leg.last_step
        return pieces

    def sorted_by_tempo(self, *, passing: bool = False) -> list[Piece]:
        """Play the ranges whole, by rising tempo (falling, where the run does), spread evenly over it.

        Parameters
        ----------
        passing : bool
            Whether what would be stretched beyond the limit is passed over; at its end the
            list begins again.
        """
        rank = np.argsort(self.spm, kind="stable")
        tempo = np.diff(self.seconds[[0, 2, 2 * self.last_step - 2, 2 * self.last_step]])
        if tempo[-1] > tempo[0]:
            rank = rank[::-1]

        def next_one(step: int, played: list[int]) -> Piece | None:
            first = len(rank) * step // self.last_step
            for number in np.concatenate([rank[first:], rank[:first]]):
                if self.row[number] in self.row[played]:
                    continue
                beats = self._whole(int(number), step)
                if self._leg_cost(int(number), beats, step, limited=passing) < math.inf:
                    return Piece(int(number), beats)
            return None

        return self._played(next_one)

    def nearest(self) -> list[Piece]:
        """Play what costs least for its seconds, joins included."""
        return self._played(self._cheapest)

    def _whole(self, number: int, step: int) -> int:
        """Return the beats of a range that is played as far as it goes, or to the end of the run."""
        lines = slice(self.first_line[number], self.first_line[number + 1])
        ends, over = self.ends[lines], self.steps[lines] >= self.last_step - step
        return int(ends[np.argmax(over)]) if over.any() else int(self.latest[number])

    def _cheapest(self, step: int, played: list[int]) -> Piece | None:
        """Return the piece that costs least for its seconds."""
        left = self.last_step - step
        last = (self.steps >= left) & (self.steps_before < left)
        allowed = np.where(last, self.long, self.left & (self.steps < left))
        allowed &= ~np.isin(self.row, self.row[played])[self.of]
        lines = np.flatnonzero(allowed)
        of, source_s = self.of[lines], self.source_s[lines]
        run_s = self.seconds[2 * (step + self.steps[lines])] - self.seconds[2 * step]
        # Some beat of a leg is stretched at least as much as all of it
        near = np.abs(source_s / run_s - 1) <= self.options.limit + _SLACK
        lines, of, source_s, run_s = lines[near], of[near], source_s[near], run_s[near]
        # At least, by Cauchy's inequality: as if all beats were stretched alike
        least = _PERCENT_SQUARED * (source_s - run_s) ** 2 / run_s + self.penalty[of] * source_s
        least += self.weights.join + self._join_costs(of, played)
        least += np.where(last[lines] | (self.ends[lines] == self.latest[of]), 0.0, self.weights.cut)
        rate = least / run_s
        best, lowest = None, math.inf
        for at in np.argsort(rate).tolist():
            if rate[at] >= lowest:
                break
            number, beats = int(of[at]), int(self.ends[lines[at]])
            true = (self.leg_cost(number, beats, step) + self.join_cost(number, played)) / run_s[at]
            if true < lowest:
                best, lowest = Piece(number, beats), float(true)
        return best

    def _played(self, next_one: Callable[[int, list[int]], Piece | None]) -> list[Piece]:
        """Fill the run, silent where nothing fits."""
        pieces: list[Piece] = []
        step = gap = 0
        while step < self.last_step:
            piece = next_one(step, [one.number for one in pieces])
            if piece is None:
                step += 1
                gap += 1
                continue
            pieces.append(replace(piece, gap=gap))
            step += piece.beats * int(self.fine[piece.number]) // 2
            gap = 0
        return pieces

    def improved(self, cpu_s: float, random: np.random.Generator) -> tuple[list[Piece], float]:
        """Improve the nearest, and then random orders, by random changes as long as there is time."""
        until = process_time() + cpu_s
        best = now = self.nearest()
        best_cost = now_cost = self.cost(now)
        fruitless = 0
        while process_time() < until and now:
            other = self._changed(now, random)
            cost = self.cost(other)
            now, now_cost, fruitless = (other, cost, 0) if cost < now_cost else (now, now_cost, fruitless + 1)
            if now_cost < best_cost:
                best, best_cost = now, now_cost
            if fruitless == _FRUITLESS:
                now, fruitless = self._at_random(random), 0
                now_cost = self.cost(now)
        return best, best_cost

    def _at_random(self, random: np.random.Generator) -> list[Piece]:
        """Fill the run with what happens to fit."""

        def next_one(step: int, played: list[int]) -> Piece | None:
            for _ in range(_TRIES):
                drawn = self._drawn(None, step, random)
                piece = replace(drawn, beats=self._whole(drawn.number, step))
                fresh = self.row[piece.number] not in self.row[played]
                if fresh and self.leg_cost(piece.number, piece.beats, step) < math.inf:
                    return piece
            return None

        return self._played(next_one)

    def _changed(self, now: list[Piece], random: np.random.Generator) -> list[Piece]:
        """Return a run near by: one replaced, two swapped, one put in, taken out, or left elsewhere."""
        at, kind = int(random.integers(len(now))), int(random.integers(8))
        changed = list(now)
        step = sum(piece.gap + self._steps(piece) for piece in now[:at]) + now[at].gap
        if kind <= 3:  # noqa: PLR2004 - what helps most
            changed[at] = self._drawn(now[at], step, random)
        elif kind == 4:  # noqa: PLR2004
            other = int(random.integers(len(now)))
            changed[at], changed[other] = now[other], now[at]
        elif kind == 5:  # noqa: PLR2004
            changed.insert(at, self._drawn(None, step, random))
        elif kind == 6 and len(now) > 1:  # noqa: PLR2004
            del changed[at]
        else:
            ends = self.ranges[now[at].number].ends
            changed[at] = replace(now[at], beats=int(random.choice(ends)))
        return self._ended(changed)

    def _ended(self, pieces: list[Piece]) -> list[Piece]:
        """Leave out what comes after the run, and let its last leg end on the right bar line."""
        step = 0
        for at, piece in enumerate(pieces):
            step += piece.gap
            left = self.last_step - step
            if at + 1 == len(pieces) or self._steps(piece) >= left:
                ends = self.ranges[piece.number].ends
                over = np.flatnonzero(ends * self.fine[piece.number] // 2 >= left)
                beats = int(ends[over[0]]) if len(over) else piece.beats
                return [*pieces[:at], replace(piece, beats=beats)]
            step += self._steps(piece)
        return pieces

    def _steps(self, piece: Piece) -> int:
        return piece.beats * self._songs[piece.number][-1] // 2

    def _drawn(self, instead: Piece | None, step: int, random: np.random.Generator) -> Piece:
        """Draw a range that is cheap near a step, as long as what it replaces or as long as it goes."""
        pool = self._pool(step // 256)
        number = int(pool[int(len(pool) * random.random() ** 2)])
        beats = int(self.latest[number])
        if instead is not None and random.random() < 0.6:  # noqa: PLR2004 - a little more often than not
            ends = self.ranges[number].ends
            wanted = np.abs(ends * self.fine[number] // 2 - self._steps(instead))
            beats = int(ends[np.argmin(wanted)])
        return Piece(number, beats, instead.gap if instead else 0)

    def _pool(self, block: int) -> np.ndarray:
        """Return the ranges that are cheapest some way into the run."""
        if block not in self._pools:
            step = min(256 * block + 256, self.last_step)
            target = 60 / float(np.diff(self.seconds[[2 * step - 2, 2 * step]])[0])
            rate = (100 * (target / self.spm - 1)) ** 2 + self.penalty
            self._pools[block] = np.argsort(rate)[:_POOL]
        return self._pools[block]


def ranges_of(
    shelf: Shelf, ramp: Ramp, options: StretchOptions, also: Collection[str] = ()
) -> list[tuple[int, BeatRange]]:
    """Return the rows and ranges of a shelf that may be played, as `StretchPeers` has them."""
    spm = shelf.tempo_bpm[:, np.newaxis] * np.array([1.0, 2.0, 0.5])
    slack = options.limit + _LOCAL_TEMPO
    near = (spm >= ramp.lowest_spm * (1 - slack)) & (spm <= ramp.highest_spm * (1 + slack))
    usable = np.flatnonzero(near.any(axis=1) & ~refused(shelf, options.filters()))
    rows = usable[np.argsort(-shelf.confidence[usable], kind="stable")[:_ALL_READ]]
    known = set(also)
    held = [row for row, audio_hash in enumerate(shelf.audio_hash) if audio_hash in known]
    rows = np.union1d(rows, np.array(held, dtype=np.int64))
    return [
        (row, one)
        for row, track in zip(rows.tolist(), shelf.fetch(rows), strict=True)
        for one in find_ranges(track, ramp, options)
    ]
