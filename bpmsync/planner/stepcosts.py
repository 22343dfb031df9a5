"""What a stretched plan pays for, and the same as arrays for the solver.

Costs are %^2 s: the square of the stretch of each beat interval, in percent, times the run
seconds that it lasts. Places are step numbers, since a range of beats uses up the same whole
number of steps wherever it lies. With d seconds of music in D seconds of the run the cost of
an interval is 100^2 (d^2 / D - 2 d + D): for constant music a sum of 1 / D is all that depends
on the place, so prefix sums give it for any range at once.
A hole is ordinary time at a price that no allowed leg reaches, plus a charge for opening it,
so that a plan always exists and prefers one hole to two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.planner.arcs import Arcs, RangeTable, arcs_to, cut_arcs, make_table, ratios_of, whole_arcs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from bpmsync.planner.ranges import BeatRange, StretchOptions
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "ARTIST_AGAIN_STRETCH",
    "StepProblem",
    "arcs_from",
    "make_step_problem",
    "optimistic_costs",
    "true_cost",
]

# Same artist in the leg before, or the one before that: %^2 for each second of the leg
ARTIST_AGAIN_STRETCH = (1.5, 0.75)
_PERCENT_SQUARED = 100.0**2
_HOLE_PRICE = 256.0
_HOLE_OPENING = 1280.0
# Whole and half steps: every beat of 1, 2 and 1/2 steps per beat lies on one
_FINE = 2
_SLACK = 1e-9
_LAST_STEP_SLACK = 1e-6
_JUMPS_AHEAD = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Clock:
    """Of one step ratio, by the step at which a beat group begins: 1/D summed, least and most.

    A group is the beats up to the next one that lands on a whole step. Row k of a table holds
    the extreme of 2^k groups on end, so that two look-ups give that of any number.
    """

    inverse: FloatArray
    least: FloatArray
    most: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class StepProblem:
    """One planning problem as arrays.

    Parameters
    ----------
    table : RangeTable
        What may be played.
    arcs : Arcs
        The legs of the usual kind.
    last_step, stride : int
        The step that ends the run; legs begin on multiples of the stride only.
    jumps : tuple of int
        The steps nearest to the jumps of the ramp, where a change of music helps.
    limit : float
        The largest stretch of a beat interval, as a share.
    hole_price : float
        In %^2 for each second without music.
    seconds : numpy.ndarray
        Run second of every half step.
    track, artist : numpy.ndarray of int64
        By range: numbers that are equal for one recording, for one artist (-1: unknown).
    clocks
        By step ratio: prefix sums and extremes over the run, for `optimistic_costs`.
    """

    table: RangeTable
    arcs: Arcs
    last_step: int
    stride: int
    jumps: tuple[int, ...]
    limit: float
    hole_price: float
    seconds: FloatArray
    track: IntArray
    artist: IntArray
    clocks: tuple[_Clock, ...]

    @property
    def hole_opening(self) -> float:
        """What it costs to stop the music at all, in %^2 s."""
        return _HOLE_OPENING

    def second_of(self, step: int) -> float:
        """Return the run second of a whole step."""
        return float(self.seconds[_FINE * step])


def make_step_problem(ranges: Sequence[BeatRange], ramp: Ramp, options: StretchOptions) -> StepProblem:
    """Return a planning problem as arrays.

    Parameters
    ----------
    ranges : sequence of BeatRange
        At least one.
    ramp, options
        The target and the limits.
    """
    last_step = math.floor(float(ramp.steps_at(ramp.duration_s)) + _LAST_STEP_SLACK)
    shortest_s = min(options.min_length_s, ramp.duration_s / 2)
    table = make_table(ranges, shortest_s=shortest_s, fade_steps=options.fade_steps)
    # A leg that begins just before the end reaches beyond it
    reach = last_step + int(table.most_steps.max()) + 2
    seconds = ramp.time_of(np.arange(_FINE * reach + 1) / _FINE)
    jumps = [float(ramp.steps_at(one)) for (one, _), (other, _) in pairwise(ramp.knots) if one == other]
    return StepProblem(
        table=table,
        arcs=cut_arcs(table, fade_steps=options.fade_steps),
        last_step=last_step,
        stride=_stride(table),
        jumps=tuple(round(jump) for jump in jumps if jump < last_step),
        limit=options.limit,
        hole_price=max(_HOLE_PRICE, 2 * (100 * options.max_stretch) ** 2 + float(table.penalty.max())),
        seconds=seconds,
        track=_numbered([one.track.audio_hash for one in ranges]),
        artist=_numbered([(one.track.tags.artist or "").casefold().strip() for one in ranges]),
        clocks=tuple(_clock(seconds, ratio) for ratio in ratios_of(ranges)),
    )


def arcs_from(problem: StepProblem, step: int) -> Arcs:
    """Return the legs that may begin on a step.

    Returns
    -------
    Arcs
        Those of the usual kind, and those that are cut near one of the next jumps of the ramp,
        where they end within the run; those that fill the run, up to a bar line.
    """
    left = problem.last_step - step
    jumps = [jump - step for jump in problem.jumps if jump > step][:_JUMPS_AHEAD]
    inner = problem.arcs.joined(*(arcs_to(problem.table, steps) for steps in jumps))
    return inner.chosen(np.flatnonzero(inner.steps <= left)).joined(whole_arcs(problem.table, left))


def optimistic_costs(problem: StepProblem, step: int, arcs: Arcs) -> FloatArray:
    """Return what legs from a step on cost at least; infinite where they surely break the limit.

    Notes
    -----
    Exact for constant music. With d the shortest and S the sum of all d_i, a sum of d_i^2 / D_i
    is at least d^2 times the sum of 1 / D_i, and at least S^2 / sum of D_i.
    """
    table, costs = problem.table, np.full(len(arcs), np.inf)
    run_s = problem.seconds[_FINE * (step + arcs.steps)] - problem.seconds[_FINE * step]
    for number, clock in enumerate(problem.clocks):
        mine = np.flatnonzero(table.ratio[arcs.range] == number)
        of, steps, source_s = arcs.range[mine], arcs.steps[mine], arcs.source_s[mine]
        group = int(table.group[of[0]]) if len(of) else 1
        level = np.frexp(steps // group)[1] - 1
        right = step + steps - (group << level)
        least = np.minimum(clock.least[level, step], clock.least[level, right])
        most = np.maximum(clock.most[level, step], clock.most[level, right])
        inside = table.shortest[of] / least <= 1 + problem.limit + _SLACK
        inside &= table.longest[of] / most >= 1 - problem.limit - _SLACK
        summed = clock.inverse[step + steps] - clock.inverse[step]
        squares = np.maximum(table.shortest[of] ** 2 * summed, source_s**2 / run_s[mine])
        stretch = _PERCENT_SQUARED * np.maximum(squares - 2 * source_s + run_s[mine], 0.0)
        costs[mine] = np.where(inside, stretch + arcs.fixed[mine], np.inf)
    return costs


def true_cost(problem: StepProblem, number: int, beats: int, step: int) -> float:
    """Return what the stretch of a leg costs, beat by beat; infinite beyond the limit.

    Parameters
    ----------
    problem : StepProblem
        The run.
    number, beats, step : int
        The range, for how many beats, and from which step on.
    """
    table, ratio = problem.table, problem.table.ranges[number].steps_per_beat
    begins = int(table.beats_at[number])
    source_s = np.diff(table.beats[begins : begins + beats + 1])
    fine = _FINE * ratio.numerator // ratio.denominator
    run_s = np.diff(problem.seconds[_FINE * step : _FINE * step + fine * beats + 1 : fine])
    off = source_s / run_s - 1.0
    if float(np.abs(off).max()) > problem.limit + _SLACK:
        return math.inf
    return _PERCENT_SQUARED * float(np.sum(off * off * run_s))


def _stride(table: RangeTable) -> int:
    """Return the largest number of steps that all bar lines lie on, counted from their range's first."""
    gaps = [np.unique(np.diff(one.ends, prepend=0)) for one in table.ranges]
    steps = [
        gap * one.steps_per_beat.numerator // one.steps_per_beat.denominator
        for gap, one in zip(gaps, table.ranges, strict=True)
    ]
    return int(np.gcd.reduce(np.unique(np.concatenate(steps))))


def _clock(seconds: FloatArray, ratio: Fraction) -> _Clock:
    group, beats = ratio.numerator, ratio.denominator
    count = (len(seconds) - 1) // _FINE - group + 1
    fine = _FINE * group // beats
    starts = _FINE * np.arange(count)
    lasting = np.array([seconds[starts + (i + 1) * fine] - seconds[starts + i * fine] for i in range(beats)])
    inverse = np.zeros(count + group)
    summed = (1.0 / lasting).sum(axis=0)
    for first in range(group):
        mine = summed[first::group]
        inverse[first::group][1 : len(mine) + 1] = np.cumsum(mine)
    least, most = lasting.min(axis=0), lasting.max(axis=0)
    return _Clock(inverse, _range_table(least, group, np.minimum), _range_table(most, group, np.maximum))


def _range_table(values: FloatArray, group: int, worse: np.ufunc) -> FloatArray:
    rows = [values]
    reach = group
    while 2 * reach <= len(values):
        row = rows[-1].copy()
        row[:-reach] = worse(rows[-1][:-reach], rows[-1][reach:])
        rows.append(row)
        reach *= 2
    return np.array(rows)


def _numbered(names: Sequence[str]) -> IntArray:
    numbers = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([numbers.get(name, -1) for name in names], dtype=np.int64)
