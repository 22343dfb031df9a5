"""What a plan costs, leg by leg and reason by reason.

All of it is in %^2 s (see `weights`), for plans of both kinds: a second that is N % off its target,
or stretched by N %, counts N^2. It is worked out from the legs alone, not by the planner's own
way of counting, and adds up to what the planner says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import MOST_UNSTEADY, square_spm
from bpmsync.planner.costs import (
    ENERGY_FREE,
    HOLE_OPENING,
    LEVEL_FREE_DB,
    SHORTEST_TAIL_S,
    US,
    hole_price,
    levels_of,
)
from bpmsync.planner.ranges import StretchOptions, find_ranges
from bpmsync.planner.reading import worth_looking_at
from bpmsync.planner.swap import options_of, stretch_options_of
from bpmsync.planner.warpedtask import STRETCHED_HOLE_OPENING, STRETCHED_HOLE_PRICE
from bpmsync.planner.wholetask import find_items
from bpmsync.planner.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
    from bpmsync.planner.weights import Weights
    from bpmsync.timeline.arrays import FloatArray
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Explanation", "explain"]

# A run that ends between two steps is filled by the last whole one
_LAST_STEP_SLACK = 1e-6
# Two starts that were rounded to microseconds may be this far apart and still touch
_TOUCHING_US = 10
_SHARES_OF_ARTIST = (1.0, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a plan costs, in %^2 s.

    Parameters
    ----------
    legs : tuple of mapping
        For each leg what it costs by the name of the reason, always the same names; what it
        costs that it follows the legs before it is among them.
    silence : float
        The holes.
    early_end : float
        The music stops before the run does.
    unit : float
        What one %^2 s is in the unit of `Plan.cost`.
    """

    legs: tuple[Mapping[str, float], ...]
    silence: float
    early_end: float
    unit: float

    __hash__ = None  # type: ignore[assignment]  # holds mappings

    @property
    def cost(self) -> float:
        """All of it, in %^2 s; times `unit` it is what the plan says."""
        return math.fsum(
            [self.silence, self.early_end, *(value for leg in self.legs for value in leg.values())]
        )


def explain(plan: Plan[Any], tracks: Shelf | Iterable[Track], wishes: Wishes | None = None) -> Explanation:
    """Return what each leg of a plan costs, and why.

    Parameters
    ----------
    plan : Plan
        Native or stretched; its parameters tell the limits and weights that it was made with.
    tracks : Shelf, or iterable of Track
        What it was made from: the price of silence depends on all of the music.
    wishes : Wishes, optional
        What was played lately, as when the plan was made.

    Raises
    ------
    ParameterError
        If a track of the plan is not among the tracks.
    PlanError
        If the plan's parameters are none that bpmsync writes.
    """
    shelf = tracks if isinstance(tracks, Shelf) else Shelf.of(tracks)
    row_of = {audio_hash: row for row, audio_hash in enumerate(shelf.audio_hash)}
    for leg in plan.legs:
        if leg.track.audio_hash not in row_of:
            msg = f"cannot explain the plan: {leg.track.path or leg.track.name} is not in the library"
            raise ParameterError(msg)
    rows = np.array([row_of[leg.track.audio_hash] for leg in plan.legs], dtype=np.int64)
    told = _stretched if plan.mode == "stretch" else _native
    return told(plan, shelf, rows, wishes or Wishes())


def _native(plan: Plan[WholeLeg], shelf: Shelf, rows: np.ndarray, wishes: Wishes) -> Explanation:
    options, unit = options_of(plan.parameters), square_spm(plan.ramp)
    joins = _joins(shelf, rows, options.weights, loudness=options.weights.loudness)
    legs = [
        {**_whole_terms(leg, known, plan.ramp, options.weights), **join}
        for leg, known, join in zip(plan.legs, _known(shelf, rows, wishes), joins, strict=True)
    ]
    holes_us, early_us = _native_silence(plan)
    price = _native_hole_price(plan, shelf, options, wishes) if holes_us else 0.0
    return Explanation(
        legs=tuple(legs),
        silence=(price * sum(holes_us) / US + HOLE_OPENING * len(holes_us)) / unit,
        early_end=_worst(plan.ramp, options) * early_us / US / unit,
        unit=unit,
    )


def _whole_terms(leg: WholeLeg, known: _Known, ramp: Ramp, weights: Weights) -> dict[str, float]:
    unit, length_s, ratio = square_spm(ramp), leg.duration_s, float(leg.steps_per_beat)
    spm = known.tempo_bpm * ratio
    start_us = round(leg.start_s * US)
    end_us = start_us + round(length_s * US)
    ends_s = np.array([start_us, end_us]) / US
    (c1_start, c1_end), (c2_start, c2_end) = (x.tolist() for x in ramp.square_integrals(ends_s))
    # integral of (c - b)^2 = integral of c^2 - 2 b integral of c + b^2 t
    squares = (c2_end - c2_start) - 2 * spm * (c1_end - c1_start) + spm * spm * float(ends_s[1] - ends_s[0])
    return {
        "tempo": max(0.0, squares) / unit,
        "doubt": weights.doubt * known.doubt * length_s,
        "beatless": weights.beatless * known.beatless * length_s,
        "unsteady": weights.unsteady * min(MOST_UNSTEADY, (known.stray_bpm * ratio) ** 2 / unit) * length_s,
        "level": _level(leg, weights) * length_s,
        "recent": weights.recent * known.stale * length_s,
        "overhang": weights.overhang * max(0, end_us - round(ramp.duration_s * US)) / US,
    }


def _native_silence(plan: Plan[WholeLeg]) -> tuple[list[int], int]:
    """Return the lengths of the holes, and by how much the music stops early otherwise, in microseconds."""
    run_us = round(plan.ramp.duration_s * US)
    spans = [
        (round(leg.start_s * US), round(leg.start_s * US) + round(leg.duration_s * US)) for leg in plan.legs
    ]
    if not spans:
        return [], 0
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    gaps = [start - end for start, end in zip(starts, [0, *ends[:-1]], strict=True)]
    holes = [gap for gap in gaps if gap > _TOUCHING_US]
    left = max(0, run_us - ends[-1])
    if left > max(round(SHORTEST_TAIL_S * US), (ends[-1] - starts[-1]) // 2) + _TOUCHING_US:
        return [*holes, left], 0
    return holes, left


def _native_hole_price(plan: Plan[WholeLeg], shelf: Shelf, options: NativeOptions, wishes: Wishes) -> float:
    items = find_items(shelf, plan.ramp, options, wishes)
    return hole_price(_worst(plan.ramp, options), items.penalty)


def _worst(ramp: Ramp, options: NativeOptions) -> float:
    return (options.max_off * ramp.highest_spm) ** 2


def _stretched(plan: Plan[WarpedLeg], shelf: Shelf, rows: np.ndarray, wishes: Wishes) -> Explanation:
    options = stretch_options_of(plan.parameters)
    joins = _joins(shelf, rows, options.weights, loudness=None)
    last_step = max(1, math.floor(float(plan.ramp.steps_at(plan.ramp.duration_s)) + _LAST_STEP_SLACK))
    legs = [
        {
            **_warped_terms(leg, known, plan.ramp, options.weights),
            "cut": 0.0 if _is_whole(leg, plan.ramp, options, last_step) else options.weights.cut,
            **join,
        }
        for leg, known, join in zip(plan.legs, _known(shelf, rows, wishes), joins, strict=True)
    ]
    holes_s = list(_stretched_silence(plan, last_step))
    price = _stretched_hole_price(plan.ramp, shelf, options, wishes) if holes_s else 0.0
    silence = price * math.fsum(holes_s) + STRETCHED_HOLE_OPENING * len(holes_s)
    return Explanation(legs=tuple(legs), silence=silence, early_end=0.0, unit=1.0)


def _warped_terms(leg: WarpedLeg, known: _Known, ramp: Ramp, weights: Weights) -> dict[str, float]:
    length_s = leg.source_end_s - leg.source_start_s
    lasting_s = np.diff(leg.timemap(ramp).out_s)
    return {
        "stretch": float((leg.stretch_percents(ramp) ** 2 * lasting_s).sum()),
        "doubt": weights.doubt * known.doubt * length_s,
        "level": _level(leg, weights) * length_s,
        "recent": weights.recent * known.stale * length_s,
        "join": weights.join,
    }


def _is_whole(leg: WarpedLeg, ramp: Ramp, options: StretchOptions, last_step: int) -> bool:
    """Tell whether a leg lasts to the last bar line with room for a fade, or to the end of the run."""
    grid = leg.track.grid
    if leg.last_step >= last_step:
        return True
    shortest_s = min(options.min_length_s, ramp.duration_s / 2)
    for one in find_ranges(leg.track, ramp, options):
        if grid is None or (one.first_beat, one.steps_per_beat) != (leg.first_beat, leg.steps_per_beat):
            continue
        long = one.ends[grid.beats[one.first_beat + one.ends] - grid.beats[one.first_beat] >= shortest_s]
        free = long[long <= one.beats_there - math.ceil(options.fade_steps / one.steps_per_beat)]
        return leg.beats == max(free if len(free) else long, default=0)
    return False


def _stretched_silence(plan: Plan[WarpedLeg], last_step: int) -> Iterator[float]:
    """Return the lengths of the holes, in seconds: up to the last whole step."""
    if not plan.legs:
        return
    ends = [0, *(leg.last_step for leg in plan.legs)]
    starts = [*(leg.first_step for leg in plan.legs), last_step]
    for end, start in zip(ends, starts, strict=True):
        if end < start:
            until_s, from_s = plan.ramp.time_of(np.array([start, end]))
            yield float(until_s - from_s)


def _stretched_hole_price(ramp: Ramp, shelf: Shelf, options: StretchOptions, wishes: Wishes) -> float:
    rows, _ = worth_looking_at(shelf, ramp, options, wishes)
    stale = options.weights.recent * wishes.staleness(shelf)[rows]
    penalties = [
        one.penalty + float(old)
        for track, old in zip(shelf.fetch(rows), stale, strict=True)
        for one in find_ranges(track, ramp, options)
    ]
    worst = (100 * options.max_stretch) ** 2
    return max(STRETCHED_HOLE_PRICE, 2 * worst + max(penalties, default=0.0))


@dataclass(frozen=True, slots=True)
class _Known:
    """What counts of a track: doubt, what is beatless and how lately it was played, from 0 to 1."""

    tempo_bpm: float
    stray_bpm: float
    doubt: float
    beatless: float
    stale: float


def _known(shelf: Shelf, rows: np.ndarray, wishes: Wishes) -> Iterator[_Known]:
    stale = wishes.staleness(shelf)
    for row in rows.tolist():
        yield _Known(
            tempo_bpm=float(shelf.tempo_bpm[row]),
            stray_bpm=float(shelf.unsteady_bpm[row]),
            doubt=0.0 if shelf.settled[row] else 1 - float(shelf.confidence[row]),
            beatless=1 - min(1.0, max(0.0, float(shelf.clear_s[row] / shelf.duration_s[row]))),
            stale=float(stale[row]),
        )


def _level(leg: WholeLeg | WarpedLeg, weights: Weights) -> float:
    return {2.0: weights.twice, 0.5: weights.half}.get(float(leg.steps_per_beat), 0.0)


def _joins(
    shelf: Shelf, rows: np.ndarray, weights: Weights, *, loudness: float | None
) -> list[dict[str, float]]:
    """Return for each leg what it costs that it follows those before it; without a price no loudness."""
    level_db, energy = levels_of(shelf.level_db[rows], shelf.energy[rows])
    artist, album = shelf.artist[rows], shelf.album[rows]
    found = {
        "artist": sum(
            weights.artist * share * _again(artist, back)
            for back, share in enumerate(_SHARES_OF_ARTIST, start=1)
        ),
        "album": weights.album * _again(album, 1),
        **({} if loudness is None else {"loudness": loudness * _beyond(level_db, LEVEL_FREE_DB)}),
        "energy": weights.energy * _beyond(energy, ENERGY_FREE),
    }
    return [
        {name: float(values[leg]) for name, values in found.items()}  # type: ignore[index]
        for leg in range(len(rows))
    ]


def _again(names: np.ndarray, back: int) -> FloatArray:
    """Return 1 for each leg whose name is that of an earlier one."""
    again = np.zeros(len(names))
    again[back:] = (names[back:] == names[: len(names) - back]) & (names[back:] >= 0)
    return again


def _beyond(values: FloatArray, free: float) -> FloatArray:
    """Return by leg the square of what it differs from the leg before, beyond what is free."""
    steps: Sequence[float] = [abs(after - before) - free for before, after in pairwise(values.tolist())]
    return np.array([0.0, *(step * step if step > 0 else 0.0 for step in steps)])[: len(values)]
