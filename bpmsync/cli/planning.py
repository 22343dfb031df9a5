"""The native plan as `plan` and `playlist` make and show it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.text import percent, spm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bpmsync.cli.rise import Rise
    from bpmsync.library.glance import Glance
    from bpmsync.library.track import Track
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.weights import Weights
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "Filters",
    "cadence_errors",
    "certificate",
    "plan_name",
    "report_plan",
    "show_legs",
    "take_native_options",
]


# Wider than this a row is hard to follow
_WIDEST = 110
# Cost and bound are sums of costs that were rounded to millionths
_SAME = 2e-6
_HUNDREDTHS = 100
# Amounts are whole numbers from here on
_WHOLE = 100
# Between the queries that a plan records
_OR = " | "


def take_native_options(options: dict[str, Any], weights: Weights) -> NativeOptions:
    """Take the options of a native plan out of what a command was given."""
    from bpmsync.planner.candidates import NativeOptions

    return NativeOptions(
        max_off=options.pop("max_off"),
        min_length_s=options.pop("min_length"),
        max_length_s=options.pop("max_length"),
        min_confidence=options.pop("min_confidence"),
        spoken=options.pop("spoken"),
        partial=options.pop("partial"),
        weights=weights,
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tracks may be planned.

    Parameters
    ----------
    include : tuple of str
        Queries; a track has to match one of them, where there are any.
    exclude : tuple of str
        Queries; a track must match none of them.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def take(cls, options: dict[str, Any]) -> Filters:
        """Take the filters out of what a command was given, and check them.

        Raises
        ------
        ParameterError
            If one is no query.
        """
        from bpmsync.library.query import parse_query

        filters = cls(tuple(options.pop("include")), tuple(options.pop("exclude")))
        for text in (*filters.include, *filters.exclude):
            parse_query(text)
        return filters

    def test(self) -> Callable[[Track | Glance], bool] | None:
        """Return what tells whether a track passes; None where all do."""
        from bpmsync.library.query import parse_query

        wanted = [parse_query(text) for text in self.include]
        unwanted = [parse_query(text) for text in self.exclude]
        if not wanted and not unwanted:
            return None

        def passes(track: Track | Glance) -> bool:
            included = not wanted or any(query.matches(track) for query in wanted)
            return included and not any(query.matches(track) for query in unwanted)

        return passes

    @classmethod
    def recorded(cls, parameters: Mapping[str, object]) -> Filters:
        """Return the filters that a plan records."""
        include, exclude = (str(parameters.get(name) or "") for name in ("include", "exclude"))
        return cls(*(tuple(text.split(_OR)) if text else () for text in (include, exclude)))

    def parameters(self) -> dict[str, str]:
        """Return what a plan records of them: nothing where there are none."""
        given = {"include": _OR.join(self.include), "exclude": _OR.join(self.exclude)}
        return {name: text for name, text in given.items() if text}


def plan_name(ramp: Ramp) -> str:
    """Return the file name, without ending, that tells a run: ``run-162-168-40m``."""
    from bpmsync.timeline.durations import format_duration

    first, top = ramp.knots[0][1], ramp.highest_spm
    values = [first] if ramp.lowest_spm == top else [first, top if top > first else ramp.lowest_spm]
    return "-".join(["run", *map(spm, values), format_duration(ramp.duration_s)])


def cadence_errors(plan: Plan) -> dict[str, float]:
    """Return the mean and worst distance of the music from the target, in spm and percent."""
    from bpmsync.planner.legs import leg_mean_error_spm, leg_target, leg_worst_error_spm

    total = plan.total_s
    mean = worst = 0.0
    for leg in plan.legs:
        target = leg_target(leg, plan.ramp).mean_spm
        mean += 100 * leg_mean_error_spm(leg, plan.ramp) / target * leg.duration_s / total
        worst = max(worst, 100 * leg_worst_error_spm(leg, plan.ramp) / target)
    return {
        "mean_error_spm": round(plan.mean_error_spm, 6),
        "mean_error_percent": round(mean, 6),
        "worst_error_spm": round(plan.worst_error_spm, 6),
        "worst_error_percent": round(worst, 6),
    }


def report_plan(plan: Plan, rise: Rise, *, table: bool, svg: Path | None) -> None:
    """Show a plan on stdout, and its picture as an SVG file where one is wanted."""
    if not show_legs(plan, table=table, svg=svg):
        return
    errors = cadence_errors(plan)
    mean = f"mean {errors['mean_error_spm']:.1f} spm ({percent(errors['mean_error_percent'])})"
    worst = f"worst {errors['worst_error_spm']:.1f} spm ({percent(errors['worst_error_percent'])})"
    click.echo(f"cadence error: {mean}, {worst}")
    click.echo(certificate(plan))
    click.echo(rise.summary)


def certificate(plan: Plan[Any]) -> str:
    """Return what a plan costs, and how much better another one could be at most."""
    unit = "%^2 s" if plan.mode == "stretch" else "spm^2 s"
    cost = f"cost {_amount(plan.cost)} {unit}"
    if plan.cost - plan.bound <= _SAME:
        return f"{cost}, proved: no better plan"
    if plan.gap_percent is None:
        return f"{cost}, and nothing is known of how good that is"
    # Never less than it is
    gap = math.ceil(_HUNDREDTHS * plan.gap_percent) / _HUNDREDTHS
    return f"{cost}, at most {gap:g} % above the best there is (bound {_amount(plan.bound)})"


def _amount(cost: float) -> str:
    return f"{cost:.0f}" if cost >= _WHOLE else f"{cost:.1f}"


def show_legs(plan: Plan[Any], *, table: bool, svg: Path | None) -> bool:
    """Show what plans of both kinds have: the picture, the music's length, the holes.

    Returns
    -------
    bool
        `table`: whether anything was printed, so that more may follow.
    """
    from bpmsync.cli.output import console
    from bpmsync.cli.picture import save_svg, show_plan
    from bpmsync.timeline.durations import format_clock

    if svg is not None:
        save_svg(plan, svg)
    if not table:
        return False
    screen = console()
    show_plan(screen, plan, width=min(screen.width, _WIDEST))
    music, run = format_clock(round(plan.total_s)), format_clock(round(plan.duration_s))
    click.echo(f"{len(plan.legs)} tracks, {music} of music for {run}")
    for hole in plan.uncovered:
        click.echo(f"no music from {format_clock(round(hole[0]))} to {format_clock(round(hole[1]))}")
    return True
