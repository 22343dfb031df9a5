"""How much a stretched plan asks of its music: an estimate of what can be heard of it.

Stretch is counted as in `warped`: in percent, above 0 where the music is played faster than it
was recorded. Means are weighted by run time. The sound of each attack is kept as it is, so
between two attacks the speed changes a little more than the beat interval tells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.audio.stretch import choose_way
from bpmsync.timeline.protection import protect, rates

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.warped import WarpedLeg
    from bpmsync.timeline.ramp import Ramp

__all__ = ["LegArtefacts", "PlanArtefacts", "leg_artefacts", "plan_artefacts"]

_WORDS = ((4.0, "gentle"), (8.0, "usual"), (12.5, "audible"))
# Beats on whole microseconds move a stretch by less than this
_ROUNDING_PERCENT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LegArtefacts:
    """How far one leg is stretched, and what that does to its sound.

    Parameters
    ----------
    lowest_percent, highest_percent : float
        The stretch of its beat intervals.
    mean_percent, worst_percent : float
        Without signs: the mean, and the furthest from 0.
    worst_at_s : float
        Run second at which the first such interval begins.
    between_percent : float
        Without sign: the largest change of speed between two attacks that are kept.
    word : str
        "none" (copied), "inaudible" (resampled by 0.3 % at most), and for stretched sound
        "gentle" to 4 %, "usual" to 8 %, "audible" to 12.5 %, then "strong".
    """

    lowest_percent: float
    highest_percent: float
    mean_percent: float
    worst_percent: float
    worst_at_s: float
    between_percent: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArtefacts:
    """How far a plan is stretched; all 0 without a leg.

    Parameters
    ----------
    legs : tuple of LegArtefacts
        In the plan's order.
    mean_percent, worst_percent, between_percent : float
        As in `LegArtefacts`, of the whole plan.
    limit_percent : float or None
        What the plan was allowed, where it tells.
    closest : int or None
        Number of the leg, from 0, that comes closest to the limit.
    """

    legs: tuple[LegArtefacts, ...]
    mean_percent: float
    worst_percent: float
    between_percent: float
    limit_percent: float | None
    closest: int | None


def leg_artefacts(leg: WarpedLeg, ramp: Ramp) -> LegArtefacts:
    """Return how far a leg is stretched, its fade not counted."""
    knots = leg.timemap(ramp)
    percents = leg.stretch_percents(ramp)
    sizes, seconds = np.abs(percents), np.diff(knots.out_s)
    worst = float(sizes.max())
    way = choose_way(knots)
    between = worst
    if way == "vocoder":
        between = 100.0 * float(np.abs(rates(protect(knots, knots.source_s)) - 1).max())
    return LegArtefacts(
        lowest_percent=float(percents.min()),
        highest_percent=float(percents.max()),
        mean_percent=float((sizes * seconds).sum() / seconds.sum()),
        worst_percent=worst,
        # Of constant music rounding alone would choose the interval
        worst_at_s=float(knots.out_s[np.flatnonzero(sizes >= worst - _ROUNDING_PERCENT)[0]]),
        between_percent=between,
        word={"copy": "none", "varispeed": "inaudible"}.get(way) or _word(worst),
    )


def plan_artefacts(plan: Plan[WarpedLeg]) -> PlanArtefacts:
    """Return how far every leg of a stretched plan is stretched, and where it is furthest."""
    legs = tuple(leg_artefacts(leg, plan.ramp) for leg in plan.legs)
    spans = [leg.end_s(plan.ramp) - leg.start_s(plan.ramp) for leg in plan.legs]
    total_s = math.fsum(spans)
    weighted = math.fsum(one.mean_percent * span for one, span in zip(legs, spans, strict=True))
    worst = max((one.worst_percent for one in legs), default=0.0)
    closest = (i for i, one in enumerate(legs) if one.worst_percent >= worst - _ROUNDING_PERCENT)
    limit = plan.parameters.get("max_stretch")
    return PlanArtefacts(
        legs=legs,
        mean_percent=weighted / total_s if legs else 0.0,
        worst_percent=worst,
        between_percent=max((one.between_percent for one in legs), default=0.0),
        limit_percent=100.0 * limit if isinstance(limit, (int, float)) else None,
        closest=next(closest, None),
    )


def _word(worst_percent: float) -> str:
    known = (word for limit, word in _WORDS if worst_percent <= limit + _ROUNDING_PERCENT)
    return next(known, "strong")
