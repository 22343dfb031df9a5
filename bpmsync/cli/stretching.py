"""The stretched plan as commands make and show it: every beat on a step, for a renderer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bpmsync.cli.options import PERCENT
from bpmsync.cli.text import clean, percent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bpmsync.cli.rise import Rise
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.planner.weights import Weights

__all__ = [
    "refuse_other_mode",
    "report_stretched",
    "stretch_document",
    "stretch_limits",
    "stretch_line",
    "take_stretch_options",
]

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_LONGEST_FADE = 64
_DECIMALS = 6

_STRETCHED_ONLY = {
    "max_stretch": "--max-stretch needs {by}: without it songs stay untouched, and --max-off says "
    "how far they may be from the target",
    "fade": "--fade needs {by}: untouched songs do not fade into each other",
}
_NATIVE_ONLY = {
    "max_off": "--max-off is for untouched songs: with {by} it is --max-stretch",
    "imported": "--imported has songs without sound: with {by} there is nothing of them to render",
}


def stretch_limits(function: _Function) -> _Function:
    """Add --max-stretch and --fade."""
    for option in reversed(
        (
            click.option(
                "--max-stretch",
                type=PERCENT,
                default="8%",
                help="How far a song may be stretched, at any beat.",
            ),
            click.option(
                "--fade",
                type=click.IntRange(0, _LONGEST_FADE),
                default=16,
                metavar="STEPS",
                help="How long a song fades into the next; shorter where its clear beat ends; 0 cuts.",
            ),
        )
    ):
        function = option(function)
    return function


def refuse_other_mode(ctx: click.Context, *, stretch: bool, by: str = "--stretch") -> None:
    """Refuse what was typed for the other kind of plan; settings of both kinds live side by side.

    Parameters
    ----------
    ctx : click.Context
        Of the command.
    stretch : bool
        Whether the plan is a stretched one.
    by : str
        The option that makes it one.

    Raises
    ------
    click.UsageError
        If there is such an option.
    """
    for name, words in (_NATIVE_ONLY if stretch else _STRETCHED_ONLY).items():
        typed = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        # --no-imported says what holds for stretched plans anyway
        if typed and ctx.params[name] is not False:
            raise click.UsageError(words.format(by=by), ctx)


def take_stretch_options(ctx: click.Context, options: dict[str, Any], weights: Weights) -> StretchOptions:
    """Take the options of a stretched plan out of what a command was given.

    The shortest part of a song is the planner's own unless somebody said otherwise: the default
    of --min-length is for whole songs.
    """
    from bpmsync.planner.ranges import StretchOptions

    options.pop("max_off", None)
    shortest_s = options.pop("min_length")
    if ctx.get_parameter_source("min_length") is ParameterSource.DEFAULT:
        shortest_s = StretchOptions().min_length_s
    return StretchOptions(
        max_stretch=options.pop("max_stretch"),
        fade_steps=options.pop("fade"),
        min_length_s=shortest_s,
        max_length_s=options.pop("max_length"),
        min_confidence=options.pop("min_confidence"),
        spoken=options.pop("spoken"),
        partial=options.pop("partial"),
        weights=weights,
    )


def report_stretched(plan: Plan[WarpedLeg], rise: Rise, *, table: bool, svg: Path | None) -> None:
    """Show a stretched plan on stdout, and its picture as an SVG file where one is wanted."""
    from bpmsync.cli.planning import certificate, show_legs

    if show_legs(plan, table=table, svg=svg):
        click.echo(stretch_line(plan))
        click.echo(certificate(plan))
        click.echo(rise.summary)


def stretch_line(plan: Plan[WarpedLeg]) -> str:
    """Return how far a plan is stretched, and where that is closest to its limit."""
    from bpmsync.planner.artefacts import plan_artefacts
    from bpmsync.timeline.durations import format_clock

    found = plan_artefacts(plan)
    if found.closest is None:
        return "stretch: none"
    limit = "" if found.limit_percent is None else f" of {found.limit_percent:.3g} % allowed"
    at = format_clock(round(found.legs[found.closest].worst_at_s))
    return (
        f"stretch: mean {percent(found.mean_percent)}, worst {percent(found.worst_percent)}{limit}, "
        f"at {at} in {clean(plan.legs[found.closest].track.name)}; "
        f"{percent(found.between_percent)} at most between the attacks, which are kept"
    )


def stretch_document(plan: Plan[WarpedLeg]) -> dict[str, Any]:
    """Return what `--json` tells of the stretch, beside the plan: percent, and run seconds."""
    from bpmsync.planner.artefacts import plan_artefacts

    found = plan_artefacts(plan)
    legs = [
        {
            "lowest_percent": one.lowest_percent,
            "highest_percent": one.highest_percent,
            "mean_percent": one.mean_percent,
            "worst_percent": one.worst_percent,
            "worst_at_s": one.worst_at_s,
            "between_percent": one.between_percent,
            "sound": one.word,
        }
        for one in found.legs
    ]
    return {
        "mean_percent": found.mean_percent,
        "worst_percent": found.worst_percent,
        "between_percent": found.between_percent,
        "limit_percent": found.limit_percent,
        "closest_leg": None if found.closest is None else found.closest + 1,
        "legs": legs,
    }
