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

from bpmsync.planner.candidates import square_spm
from bpmsync.planner.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.planner.candidates import Candidate
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "ENERGY_FREE",
    "HOLE_OPENING",
    "LEVEL_FREE_DB",
    "SHORTEST_TAIL_S",
    "US",
    "Problem",
    "hole_price",
    "in_time",
    "join_costs",
    "leg_costs",
    "levels_of",
    "make_problem",
    "target_limits",
    "within",
]

US = 1_000_000
# Music may stop this much before the run does, or half of the last file if that is longer
SHORTEST_TAIL_S = 30.0
HOLE_OPENING = 5000.0
_HOLE_PRICE = 1000.0
# Neighbours may differ so much in level and in energy
LEVEL_FREE_DB = 3.0
ENERGY_FREE = 0.2
# What nobody has measured has the level of silence
_UNKNOWN_DB = -100.0
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
    length_us, track, artist, album : numpy.ndarray of int64, shape (n,)
        Length of the file; numbers that are equal for one recording, one artist and one album
        (-1 where there is none).
    level_db, energy : numpy.ndarray, shape (n,)
        How loud and how driving; nan where that is not known.
    weights : Weights
        What neighbours that do not go together cost, each times `unit`.
    unit : float
        One %^2 in spm^2.
    max_off : float
        The hard limit, as a share of the target.
    run_us : int
        Length of the run.
    hole_price, tail_price : float
        Spm^2 for each second without music inside the run, and at its end.
    """

    ramp: Ramp
    spm: FloatArray
    fixed: FloatArray
    length_us: IntArray
    track: IntArray
    artist: IntArray
    album: IntArray
    level_db: FloatArray
    energy: FloatArray
    weights: Weights
    unit: float
    max_off: float
    run_us: int
    hole_price: float
    tail_price: float

    @property
    def hole_opening(self) -> float:
        """What it costs to stop the music at all, in spm^2 s."""
        return HOLE_OPENING

    @property
    def overhang_price(self) -> float:
        """Spm^2 for each second of music after the run."""
        return self.weights.overhang * self.unit

    def longest_tail_us(self, length_us: int) -> int:
        """Return how early the run's music may end after a file of a length."""
        return max(int(SHORTEST_TAIL_S * US), length_us // 2)


def make_problem(
    candidates: Sequence[Candidate], ramp: Ramp, *, max_off: float, weights: Weights | None = None
) -> Problem:
    """Return a planning problem as arrays."""
    lengths = np.array([round(c.track.duration_s * US) for c in candidates], dtype=np.int64)
    penalties = np.array([c.penalty for c in candidates], dtype=np.float64)
    worst = (max_off * ramp.highest_spm) ** 2
    found = [c.track.detection for c in candidates]
    level_db, energy = levels_of(
        np.array([one.level_db for one in found], dtype=np.float64),
        np.array([one.energy for one in found], dtype=np.float64),
    )
    return Problem(
        ramp=ramp,
        spm=np.array([c.spm for c in candidates], dtype=np.float64),
        fixed=penalties * lengths / US,
        length_us=lengths,
        track=_numbered([c.track.audio_hash for c in candidates]),
        artist=_named([c.track.tags.artist for c in candidates]),
        album=_named([c.track.tags.album for c in candidates]),
        level_db=level_db,
        energy=energy,
        weights=weights or Weights(),
        unit=square_spm(ramp),
        max_off=max_off,
        run_us=round(ramp.duration_s * US),
        hole_price=hole_price(worst, penalties),
        tail_price=worst,
    )


def hole_price(worst: float, penalties: FloatArray) -> float:
    """Return what a second of silence costs: more than any leg that is allowed, in spm^2."""
    return max(_HOLE_PRICE, 2 * worst + float(penalties.max(initial=0.0)))


def levels_of(level_db: FloatArray, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return level and energy, nan where nobody has measured them."""
    unknown = level_db < _UNKNOWN_DB
    return np.where(unknown, np.nan, level_db), np.where(unknown, np.nan, energy)


def join_costs(problem: Problem, chosen: IntArray) -> FloatArray:
    """Return what neighbours cost that do not go together.

    Parameters
    ----------
    problem : Problem
        The run and its candidates.
    chosen : numpy.ndarray of int64, shape (..., legs)
        Runs of candidates.

    Returns
    -------
    numpy.ndarray, shape (...)
        In spm^2 s: an artist again at once or after one other leg, an album again at once, and
        differences of level and energy beyond what is free.
    """
    weights = problem.weights
    total = np.zeros(chosen.shape[:-1])
    for back, price in ((1, weights.artist), (2, weights.artist / 2)):
        artist = problem.artist[chosen]
        again = (artist[..., back:] == artist[..., :-back]) & (artist[..., back:] >= 0)
        total += price * again.sum(axis=-1)
    album = problem.album[chosen]
    total += weights.album * ((album[..., 1:] == album[..., :-1]) & (album[..., 1:] >= 0)).sum(axis=-1)
    for values, free, price in (
        (problem.level_db, LEVEL_FREE_DB, weights.loudness),
        (problem.energy, ENERGY_FREE, weights.energy),
    ):
        beyond = np.nan_to_num(np.abs(np.diff(values[chosen], axis=-1)) - free, nan=0.0)
        total += price * (np.maximum(beyond, 0.0) ** 2).sum(axis=-1)
    return problem.unit * total


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


def _named(names: Sequence[str | None]) -> IntArray:
    return _numbered([(name or "").casefold().strip() for name in names])
