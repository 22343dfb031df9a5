"""Another track for one leg of a native plan, where the planned one cannot be had.

The legs after it move by the difference in length, and with them the holes between them.
Whatever the plan's own parameters promise holds for the new leg and for every leg that moved.
Times are whole microseconds and costs spm^2 s, as in `costs`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.candidates import Candidate, NativeOptions, candidates_of, find_candidates, square_spm
from bpmsync.planner.costs import US, in_time, join_costs, leg_costs, make_problem
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.native import find_holes
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.weights import parse_weights
from bpmsync.timeline.ramp import Ramp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.costs import Problem
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["next_best", "options_of", "stretch_options_of"]

_COST_DIGITS = 6
# Two starts that were rounded to microseconds may be this far apart and still touch
_TOUCHING_US = 10


def next_best(
    plan: Plan, leg: int, tracks: Sequence[Track], *, without: Collection[str] = frozenset()
) -> Iterator[Plan]:
    """Return the plans in which one leg is another track, the cheapest first.

    Parameters
    ----------
    plan : Plan
        A native plan.
    leg : int
        Number of the leg to replace, from 0.
    tracks : sequence of Track
        What may be played instead, in any order; copies of one recording count once.
    without : collection of str
        Audio hashes of recordings that must not be taken.

    Returns
    -------
    iterator of Plan
        Each recording that fits once; none that the plan has already. Plans that end as
        `plan_native` lets a plan end come first, then those whose music stops too early (a
        hole) or goes on too long after the run; by cost within each of the two. Equal input
        gives equal plans. Nothing fits: nothing is returned.

    Raises
    ------
    ParameterError
        If the plan has no such leg.
    PlanError
        If the plan's parameters are none that bpmsync writes.

    Notes
    -----
    The bound stays that of the plan: to forbid a recording never makes a run cheaper. Where
    `tracks` holds better music than the plan was made from, it is lowered to the new cost.
    """
    if not 0 <= leg < len(plan.legs):
        msg = f"the plan has no leg {leg}: it has {len(plan.legs)}, numbered from 0"
        raise ParameterError(msg)
    taken = {one.track.audio_hash for one in plan.legs}.union(without)
    fresh = [track for track in tracks if track.audio_hash not in taken]
    target = float(plan.ramp.spm_at(plan.legs[leg].start_s))
    # Whatever else lies under it: a leg has to suit the target that it begins at
    start = Ramp.constant(target, duration_s=plan.ramp.duration_s)
    offers = find_candidates(fresh, start, options_of(plan.parameters), unit=square_spm(plan.ramp))
    return _plans(plan, leg, offers, _kept(plan, tracks)) if offers else iter(())


def options_of(parameters: Mapping[str, object]) -> NativeOptions:
    """Return the options that a plan's parameters record; what is absent is as by default.

    Raises
    ------
    PlanError
        If one of them is no value of its option.
    """
    numbers = ("max_off", "min_length_s", "max_length_s", "min_confidence")
    given: dict[str, object] = {}
    for name in (*numbers, "spoken", "partial"):
        if name not in parameters:
            continue
        value = parameters[name]
        right = isinstance(value, bool) if name not in numbers else type(value) in (int, float)
        if not right:
            msg = f"the plan's parameter {name} is {value!r}, which bpmsync never writes: make the plan again"
            raise PlanError(msg)
        given[name] = value
    try:
        given["weights"] = parse_weights(_texts(parameters.get("weights")))
        return NativeOptions(**given)  # type: ignore[arg-type]
    except ParameterError as error:
        msg = f"the plan's parameters make no sense ({error}): make the plan again"
        raise PlanError(msg) from error


def stretch_options_of(parameters: Mapping[str, object]) -> StretchOptions:
    """Return the options that a stretched plan's parameters record; what is absent is as by default.

    Raises
    ------
    PlanError
        If one of them is no value of its option.
    """
    given: dict[str, Any] = {
        field.name: parameters[field.name] for field in fields(StretchOptions) if field.name in parameters
    }
    try:
        given["weights"] = parse_weights(_texts(given.get("weights")))
        return StretchOptions(**given)
    except (TypeError, ParameterError) as error:
        msg = f"the plan's parameters make no sense ({error}): make the plan again"
        raise PlanError(msg) from error


def _texts(weights: object) -> list[str]:
    return [text for text in str(weights or "").split(",") if text]


@dataclass(frozen=True, slots=True, eq=False)
class _Offers:
    """The runs with one leg replaced: a row for each offer, a column for each leg.

    `chosen` are numbers of the problem's candidates, the first of which are the plan's own legs.
    """

    problem: Problem
    leg: int
    starts_us: IntArray
    chosen: IntArray

    @property
    def ends_us(self) -> IntArray:
        return self.starts_us + self.problem.length_us[self.chosen]


def _kept(plan: Plan, tracks: Sequence[Track]) -> list[Candidate]:
    """Return the plan's legs as candidates; what a person said is known to the library only."""
    said = {track.audio_hash: track.override for track in tracks}
    return [
        candidate
        for leg in plan.legs
        for candidate in candidates_of(
            replace(leg.track, override=said.get(leg.track.audio_hash, leg.track.override)),
            [leg.steps_per_beat],
            options_of(plan.parameters).weights,
            square_spm(plan.ramp),
        )
    ]


def _plans(plan: Plan, leg: int, found: Sequence[Candidate], kept: Sequence[Candidate]) -> Iterator[Plan]:
    options = options_of(plan.parameters)
    problem = make_problem([*kept, *found], plan.ramp, max_off=options.max_off, weights=options.weights)
    offers = _placed(plan, leg, problem)
    costs = np.round(_costs(offers), _COST_DIGITS)
    bad_end = ~_ends_well(offers)
    order = np.lexsort((np.arange(len(costs)), costs, bad_end))
    seen: set[int] = set()
    for row in order:
        number = int(offers.chosen[row, leg])
        if np.isfinite(costs[row]) and int(problem.track[number]) not in seen:
            seen.add(int(problem.track[number]))
            starts_us = offers.starts_us[row]
            yield _swapped(plan, leg, found[number - len(kept)], starts_us, float(costs[row]))


def _placed(plan: Plan, leg: int, problem: Problem) -> _Offers:
    """Return the run with each offer in place: the legs after it move by the difference."""
    legs = len(plan.legs)
    offers = np.arange(legs, len(problem.spm))
    chosen = np.tile(np.arange(legs), (len(offers), 1))
    chosen[:, leg] = offers
    starts_us = np.tile([round(one.start_s * US) for one in plan.legs], (len(offers), 1))
    starts_us[:, leg + 1 :] += (problem.length_us[offers] - problem.length_us[leg])[:, np.newaxis]
    return _Offers(problem, leg, starts_us, chosen)


def _costs(offers: _Offers) -> FloatArray:
    """Return what each run costs; infinite where a leg is too far off, or begins after the run."""
    problem, leg = offers.problem, offers.leg
    each = leg_costs(problem, offers.starts_us, offers.chosen, late=True)
    # Legs before it stay where the planner put them: nothing about them is judged again
    unlimited = replace(problem, max_off=np.inf)
    each[:, :leg] = leg_costs(unlimited, offers.starts_us[:1, :leg], offers.chosen[:1, :leg], late=True)
    each[offers.starts_us >= problem.run_us] = np.inf
    total: FloatArray = each.sum(axis=1) + join_costs(problem, offers.chosen) + _silence_costs(offers)
    return total


def _silence_costs(offers: _Offers) -> FloatArray:
    """Return what the holes of each run cost, and what it costs to stop early."""
    problem, starts_us, ends_us = offers.problem, offers.starts_us, offers.ends_us
    begins_us = np.concatenate([np.zeros_like(starts_us[:, :1]), ends_us[:, :-1]], axis=1)
    holes_us = np.where(starts_us - begins_us > _TOUCHING_US, starts_us - begins_us, 0)
    left_us = np.maximum(problem.run_us - ends_us[:, -1], 0)
    early = _stops_early(offers)
    silent_us = holes_us.sum(axis=1) + np.where(early, left_us, 0)
    openings = (holes_us > 0).sum(axis=1) + early
    tail = np.where(early, 0.0, problem.tail_price * left_us / US)
    costs: FloatArray = problem.hole_price * silent_us / US + problem.hole_opening * openings + tail
    return costs


def _stops_early(offers: _Offers) -> np.ndarray:
    """Return where the music stops so early that it is a hole."""
    problem = offers.problem
    lengths = problem.length_us[offers.chosen[:, -1]]
    longest_us = np.array([problem.longest_tail_us(int(length)) for length in lengths])
    early: np.ndarray = problem.run_us - offers.ends_us[:, -1] > longest_us + _TOUCHING_US
    return early


def _ends_well(offers: _Offers) -> np.ndarray:
    on_time = in_time(offers.problem, offers.starts_us[:, -1], offers.chosen[:, -1])
    well: np.ndarray = on_time & ~_stops_early(offers)
    return well


def _swapped(plan: Plan, leg: int, offer: Candidate, starts_us: IntArray, cost: float) -> Plan:
    new = WholeLeg(offer.track, offer.steps_per_beat, plan.legs[leg].start_s)
    after = [
        replace(one, start_s=int(start_us) / US)
        for one, start_us in zip(plan.legs[leg + 1 :], starts_us[leg + 1 :], strict=True)
    ]
    legs = (*plan.legs[:leg], new, *after)
    bound, holes = min(plan.bound, cost), find_holes(legs, plan.duration_s)
    return replace(plan, legs=legs, cost=cost, bound=bound, uncovered=holes)
