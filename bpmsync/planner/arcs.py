"""Legs without a place: for how many beats each range may be played.

A leg may be left early, at a fee: in a small library at many of its bar lines, in a large one
at a few. Where others follow, beats stay free for the fade, if the music has them.
What differs in length from range to range lies end to end in one array, from `..._at` on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from bpmsync.planner.ranges import BeatRange
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["Arcs", "RangeTable", "arcs_to", "cut_arcs", "make_table", "ratios_of", "whole_arcs"]

# Each leg brings a change of music; one that is left early is half told. In %^2 s
_JOIN_FEE = 60.0
_CUT_FEE = 100.0
_CUTS = (1.0, 0.75, 0.5, 0.35)
# Few recordings have to be cut to measure; where there are many, a better one costs less than more cuts
_ARC_BUDGET = 300
_MOST_CUTS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Arcs:
    """Legs without a place: ranges of beats, each lasting so many beats.

    Parameters
    ----------
    range, beats, steps : numpy.ndarray of int64, shape (n,)
        Number of the range, beat intervals, and the steps that they use up.
    source_s, fixed : numpy.ndarray, shape (n,)
        Seconds of recorded music; cost besides the stretch, in %^2 s.
    """

    range: IntArray
    beats: IntArray
    steps: IntArray
    source_s: FloatArray
    fixed: FloatArray

    def __len__(self) -> int:
        return len(self.range)

    def chosen(self, numbers: IntArray) -> Arcs:
        """Return some of them, in the order asked for."""
        return Arcs(
            self.range[numbers],
            self.beats[numbers],
            self.steps[numbers],
            self.source_s[numbers],
            self.fixed[numbers],
        )

    def joined(self, *others: Arcs) -> Arcs:
        """Return these and others."""
        every = (self, *others)
        return Arcs(
            np.concatenate([one.range for one in every]),
            np.concatenate([one.beats for one in every]),
            np.concatenate([one.steps for one in every]),
            np.concatenate([one.source_s for one in every]),
            np.concatenate([one.fixed for one in every]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class RangeTable:
    """The ranges as arrays.

    Parameters
    ----------
    ranges : tuple of BeatRange
        What the arrays tell of.
    shortest_s : float
        The shortest leg, in seconds of recorded music.
    ratio, group, group_beats : numpy.ndarray of int64, shape (n,)
        Number of the step ratio in `ratios_of`; p and q of it.
    shortest, longest, penalty : numpy.ndarray, shape (n,)
        Seconds of the shortest and the longest beat; %^2 besides the stretch.
    most_steps, latest_cut : numpy.ndarray of int64, shape (n,)
        Steps up to the last bar line; beats up to the last one with room for a fade, or 0.
    beats, beats_at : numpy.ndarray
        File seconds of the beats of each range, and where they begin.
    next_end, last_end, end_at : numpy.ndarray
        For each number of steps the fewest beats that reach it on a bar line, and the most
        that do not pass it (0: none); and where they begin.
    """

    ranges: tuple[BeatRange, ...]
    shortest_s: float
    ratio: IntArray
    group: IntArray
    group_beats: IntArray
    shortest: FloatArray
    longest: FloatArray
    penalty: FloatArray
    most_steps: IntArray
    latest_cut: IntArray
    beats: FloatArray
    beats_at: IntArray
    next_end: IntArray
    last_end: IntArray
    end_at: IntArray


def make_table(ranges: Sequence[BeatRange], *, shortest_s: float, fade_steps: int) -> RangeTable:
    """Return ranges as arrays; at least one is needed."""
    ratios = ratios_of(ranges)
    beats = [_beats_of(one) for one in ranges]
    intervals = [np.diff(one) for one in beats]
    ends = [one.ends * one.steps_per_beat.numerator // one.steps_per_beat.denominator for one in ranges]
    numbers = [np.arange(int(steps[-1]) + 1) for steps in ends]
    from_none = [np.concatenate([[0], one.ends]) for one in ranges]
    following = [np.searchsorted(steps, n) for steps, n in zip(ends, numbers, strict=True)]
    before = [np.searchsorted(steps, n, side="right") for steps, n in zip(ends, numbers, strict=True)]
    return RangeTable(
        ranges=tuple(ranges),
        shortest_s=shortest_s,
        ratio=_ints([ratios.index(one.steps_per_beat) for one in ranges]),
        group=_ints([one.steps_per_beat.numerator for one in ranges]),
        group_beats=_ints([one.steps_per_beat.denominator for one in ranges]),
        shortest=_floats([one.min() for one in intervals]),
        longest=_floats([one.max() for one in intervals]),
        penalty=_floats([one.penalty for one in ranges]),
        most_steps=_ints([int(steps[-1]) for steps in ends]),
        latest_cut=_ints([max(_cut_ends(one, shortest_s, fade_steps), default=0) for one in ranges]),
        beats=np.concatenate(beats),
        beats_at=_offsets(beats),
        next_end=np.concatenate([one.ends[at] for one, at in zip(ranges, following, strict=True)]),
        last_end=np.concatenate([one[at] for one, at in zip(from_none, before, strict=True)]),
        end_at=_offsets(numbers),
    )


def cut_arcs(table: RangeTable, *, fade_steps: int) -> Arcs:
    """Return the legs of the usual kind: each range as far as it goes, and left early."""
    count = max(len(_CUTS), min(_MOST_CUTS, _ARC_BUDGET // len(table.ranges)))
    rows = [
        (number, beats)
        for number, one in enumerate(table.ranges)
        for beats in _places(_cut_ends(one, table.shortest_s, fade_steps), count)
    ]
    of, beats = _ints([number for number, _ in rows]), _ints([beats for _, beats in rows])
    return _made(table, of, beats, fees=np.where(beats == table.latest_cut[of], 0.0, _CUT_FEE))


def whole_arcs(table: RangeTable, steps: int) -> Arcs:
    """Return the legs that fill a number of steps, each up to the bar line at or after it."""
    of = np.flatnonzero(table.most_steps >= steps)
    return _long(table, of, table.next_end[table.end_at[of] + steps], fee=0.0)


def arcs_to(table: RangeTable, steps: int) -> Arcs:
    """Return the legs that are cut on the bar line before, or after, a number of steps."""
    of = np.flatnonzero(table.most_steps >= steps)
    both = [end[table.end_at[of] + steps] for end in (table.last_end, table.next_end)]
    free = [beats <= table.latest_cut[of] for beats in both]
    free[1] &= both[1] != both[0]  # a bar line just there is one leg, not two
    before, after = (
        _long(table, of[mask], beats[mask], fee=_CUT_FEE) for beats, mask in zip(both, free, strict=True)
    )
    return before.joined(after)


def ratios_of(ranges: Sequence[BeatRange]) -> list[Fraction]:
    """Return the steps per beat that occur, in order."""
    return sorted({one.steps_per_beat for one in ranges})


def _long(table: RangeTable, of: IntArray, beats: IntArray, *, fee: float) -> Arcs:
    begins = table.beats_at[of]
    long = table.beats[begins + beats] - table.beats[begins] >= table.shortest_s
    return _made(table, of[long], beats[long], fees=np.full(int(long.sum()), fee))


def _made(table: RangeTable, of: IntArray, beats: IntArray, *, fees: FloatArray) -> Arcs:
    begins = table.beats_at[of]
    source_s = table.beats[begins + beats] - table.beats[begins]
    steps = beats * table.group[of] // table.group_beats[of]
    return Arcs(of, beats, steps, source_s, table.penalty[of] * source_s + fees + _JOIN_FEE)


def _cut_ends(one: BeatRange, shortest_s: float, fade_steps: int) -> list[int]:
    """How many beats a leg may last that another follows."""
    beats = _beats_of(one)
    long = beats[one.ends] - beats[0] >= shortest_s
    free = long & (one.ends <= one.beats_there - math.ceil(fade_steps / one.steps_per_beat))
    found: list[int] = one.ends[free if free.any() else long].tolist()
    return found


def _places(ends: list[int], count: int) -> list[int]:
    """Pick some ends, the last one first."""
    if len(ends) <= count:
        return ends[::-1]
    if count > len(_CUTS):
        return [
            ends[i] for i in sorted({round(x) for x in np.linspace(0, len(ends) - 1, count)}, reverse=True)
        ]
    wanted = [share * ends[-1] for share in _CUTS]
    return sorted(
        {max(end for end in ends if end <= most) for most in wanted if most >= ends[0]}, reverse=True
    )


def _beats_of(one: BeatRange) -> FloatArray:
    grid = one.track.grid
    if grid is None:  # a range is made of a grid
        return np.zeros(0)
    return grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1]


def _offsets(pieces: Sequence[FloatArray] | Sequence[IntArray]) -> IntArray:
    return np.cumsum(_ints([0, *(len(piece) for piece in pieces)]))[:-1]


def _ints(values: Sequence[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def _floats(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=np.float64)
