"""What a native plan pays for, and the same as arrays for the solver.

Costs are spm^2 s: the square of the distance between step tempo and target, over time.
Times are whole microseconds, so that sums are exact and the cell a moment lies in is certain.
A hole is ordinary time at a price that no allowed leg reaches, plus a charge for opening it,
so that a plan always exists and prefers one hole to two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.planner.candidates import Candidate
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "ARTIST_AGAIN",
    "SHORTEST_TAIL_S",
    "US",
    "Problem",
    "in_time",
    "leg_costs",
    "make_problem",
    "target_limits",
    "within",
]

US = 1_000_000
# Music may stop this much before the run does, or half of the last file if that is longer
SHORTEST_TAIL_S = 30.0
_HOLE_PRICE = 1000.0
_HOLE_OPENING = 5000.0
_OVERHANG_PRICE = 4.0
# Same artist in the leg before, or the one before that: spm^2 for each second of the leg
ARTIST_AGAIN = (4.0, 2.0)
_NODE_STEPS_S = (0.5, 1.0)
_NODE_BUDGET = 1_500_000
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One planning problem as arrays; candidates lie in the order of their step tempo.

    Parameters
    ----------
    ramp : Ramp
        The target.
    spm, fixed : numpy.ndarray, shape (n,)
        Step tempo; cost besides the distance from the target, in spm^2 s.
    length_us, track, artist : numpy.ndarray of int64, shape (n,)
        Length of the file; numbers that are equal for one recording, for one artist (-1
        where there is no artist).
    max_off : float
        The hard limit, as a share of the target.
    run_us, step_us : int
        Length of the run, and of one cell of the time axis.
    hole_price, tail_price : float
        Spm^2 for each second without music inside the run, and at its end.
    """

    ramp: Ramp
    spm: FloatArray
    fixed: FloatArray
    length_us: IntArray
    track: IntArray
    artist: IntArray
    max_off: float
    run_us: int
    step_us: int
    hole_price: float
    tail_price: float

    @property
    def cells(self) -> int:
        """Number of cells that begin within the run."""
        return -(-self.run_us // self.step_us)

    @property
    def hole_opening(self) -> float:
        """What it costs to stop the music at all, in spm^2 s."""
        return _HOLE_OPENING

    @property
    def overhang_price(self) -> float:
        """Spm^2 for each second of music after the run."""
        return _OVERHANG_PRICE

    def longest_tail_us(self, length_us: int) -> int:
        """Return how early the run's music may end after a file of a length."""
        return max(int(SHORTEST_TAIL_S * US), length_us // 2)


def make_problem(candidates: Sequence[Candidate], ramp: Ramp, *, max_off: float) -> Problem:
    """Return a planning problem as arrays."""
    lengths = np.array([round(c.track.duration_s * US) for c in candidates], dtype=np.int64)
    penalties = np.array([c.penalty for c in candidates], dtype=np.float64)
    worst = (max_off * ramp.highest_spm) ** 2
    return Problem(
        ramp=ramp,
        spm=np.array([c.spm for c in candidates], dtype=np.float64),
        fixed=penalties * lengths / US,
        length_us=lengths,
        track=_numbered([c.track.audio_hash for c in candidates]),
        artist=_numbered([(c.track.tags.artist or "").casefold().strip() for c in candidates]),
        max_off=max_off,
        run_us=round(ramp.duration_s * US),
        step_us=_node_step_us(ramp.duration_s, lengths),
        hole_price=max(_HOLE_PRICE, 2 * worst + float(penalties.max(initial=0.0))),
        tail_price=worst,
    )


def leg_costs(problem: Problem, start_us: IntArray, chosen: IntArray, *, late: bool = False) -> FloatArray:
    """Return the cost of legs by their start and candidate; infinite beyond the hard limit.

    Parameters
    ----------
    problem : Problem
        The run and its candidates.
    start_us, chosen : numpy.ndarray of int64
        Of one shape, or shapes that broadcast.
    late : bool
        Whether more than half of a leg may lie after the run.
    """
    end_us = start_us + problem.length_us[chosen]
    start_s, end_s = np.broadcast_to(start_us, end_us.shape) / US, end_us / US
    spm = np.broadcast_to(problem.spm[chosen], end_us.shape)
    c1_start, c2_start = problem.ramp.square_integrals(start_s)
    c1_end, c2_end = problem.ramp.square_integrals(end_s)
    # integral of (c - b)^2 = integral of c^2 - 2 b integral of c + b^2 t
    squares = (c2_end - c2_start) - 2 * spm * (c1_end - c1_start) + spm * spm * (end_s - start_s)
    over_s = np.maximum(end_us - problem.run_us, 0) / US
    cost = np.maximum(squares, 0.0) + problem.fixed[chosen] + problem.overhang_price * over_s
    low, high = target_limits(problem.ramp, start_s, end_s)
    allowed = within(spm, low, high, problem.max_off)
    if not late:
        allowed &= in_time(problem, start_us, chosen)
    return np.where(allowed, cost, np.inf)


def in_time(problem: Problem, start_us: IntArray, chosen: IntArray) -> np.ndarray:
    """Return where at most half of a file lies after the run."""
    early: np.ndarray = 2 * start_us + problem.length_us[chosen] <= 2 * problem.run_us
    return early


def within(spm: FloatArray, low: FloatArray, high: FloatArray, max_off: float) -> np.ndarray:
    """Return where a step tempo keeps the hard limit against a lowest and a highest target."""
    return (spm >= high * (1 - max_off) * (1 - _SLACK)) & (spm <= low * (1 + max_off) * (1 + _SLACK))


def target_limits(ramp: Ramp, start_s: FloatArray, end_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest target under many stretches of a run at once."""
    first, last = ramp.spm_at(start_s), ramp.spm_at(np.nextafter(end_s, start_s))
    low, high = np.minimum(first, last), np.maximum(first, last)
    for second, spm in ramp.knots:
        if start_s.min(initial=np.inf) < second < end_s.max(initial=-np.inf):
            inside = (start_s < second) & (second < end_s)
            low = np.where(inside, np.minimum(low, spm), low)
            high = np.where(inside, np.maximum(high, spm), high)
    return low, high


def _numbered(names: Sequence[str]) -> IntArray:
    numbers = {name: number for number, name in enumerate(sorted(set(names) - {""}))}
    return np.array([numbers.get(name, -1) for name in names], dtype=np.int64)


def _node_step_us(run_s: float, lengths: IntArray) -> int:
    """Finer cells make the bound tighter; large libraries and short files set the limits."""
    for step_s in _NODE_STEPS_S:
        if run_s / step_s * max(len(lengths), 1) <= _NODE_BUDGET:
            break
    shortest_us = int(lengths.min(initial=4 * US))
    return max(1, min(int(step_s * US), shortest_us // 4))
