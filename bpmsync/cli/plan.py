"""``bpmsync plan``: choose and order tracks of the library along a ramp."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import chosen_ramp, imported_option, json_option, native_options, ramp_options
from bpmsync.cli.places import places_for
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.stretching import refuse_other_mode, stretch_limits
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, last_words, write_playlist, writing_options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpmsync.cli.places import Places
    from bpmsync.cli.planning import Filters
    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan
    from bpmsync.timeline.ramp import Ramp

__all__ = ["command"]


@click.command("plan")
@click.argument("query", nargs=-1)
@ramp_options
@native_options
@click.option(
    "--stretch/--no-stretch",
    default=False,
    help="Parts of songs, stretched so that each beat is on a step: a plan to be rendered.",
)
@stretch_limits
@imported_option(default=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="A plan (run.plan.json), or a playlist with its plan (run.m3u8); - for stdout.",
)
@writing_options
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the picture of the plan, too.",
)
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    /,
    query: tuple[str, ...],
    *,
    stretch: bool,
    output: Path | None,
    svg: Path | None,
    imported: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Choose and order tracks of the library along a ramp; of those that match QUERY, if given.

    Without -o the plan is only shown. --json prints the plan itself. With --stretch the plan is
    for bpmsync render; without it, for players and Spotify.
    """
    from bpmsync.cli.planning import Filters, filtered, offered_tracks
    from bpmsync.cli.rise import rise_of, warn_of_rise

    choice = chosen_ramp(ctx, options)
    refuse_other_mode(ctx, stretch=stretch)
    kind = _stretched(ctx, options) if stretch else _native(options)
    filters, writing = Filters.take(options), Writing.take(options)
    to_stdout = as_json or str(output) == "-"
    places = _places(output, stretch=stretch)
    if places is not None:
        places.refuse_foreign(force=writing.force)
    with session.open_store() as store:
        offered = offered_tracks(store, imported=imported and not stretch)
    plan = kind.plan(filtered(offered, " ".join(query)), choice.ramp, filters)
    if places is not None:
        write_playlist(plan, places, writing)
    rise = rise_of(choice.ramp, choice.baseline_spm)
    kind.report(plan, rise, table=not to_stdout, svg=svg)
    if to_stdout:
        beside = None if places is None else places.plan.parent
        sys.stdout.write(kind.text(plan, beside=beside, more=as_json))
    if places is not None:
        session.say(
            f"wrote {' and '.join(clean(str(p)) for p in (places.playlist, places.plan) if p is not None)}"
        )
    if places is not None and places.playlist is not None:
        session.say(last_words(plan))
    warn_of_rise(rise)


@dataclass(frozen=True, slots=True)
class _Kind:
    """How plans of one kind are made, shown and written."""

    plan: Callable[[Sequence[Track], Ramp, Filters], Plan[Any]]
    report: Callable[..., None]
    more: Callable[[Plan[Any]], dict[str, Any]]

    def text(self, plan: Plan[Any], *, beside: Path | None, more: bool) -> str:
        from bpmsync.planner.plan import plan_to_json

        return plan_to_json(plan, beside=beside, more=self.more(plan) if more else None)


def _native(options: dict[str, Any]) -> _Kind:
    from bpmsync.cli.planning import native_plan, report_plan, take_native_options

    limits = take_native_options(options)
    return _Kind(
        lambda tracks, ramp, filters: native_plan(tracks, ramp, limits, filters),
        report_plan,
        lambda _: {},
    )


def _stretched(ctx: click.Context, options: dict[str, Any]) -> _Kind:
    from bpmsync.cli.stretching import (
        report_stretched,
        stretch_document,
        stretched_plan,
        take_stretch_options,
    )

    limits = take_stretch_options(ctx, options)
    return _Kind(
        lambda tracks, ramp, filters: stretched_plan(tracks, ramp, limits, filters),
        report_stretched,
        lambda plan: {"stretch": stretch_document(plan)},
    )


def _places(output: Path | None, *, stretch: bool) -> Places | None:
    if output is None or str(output) == "-":
        return None
    places = places_for(output)
    if stretch and places.playlist is not None:
        plan = clean(places.plan.name)
        msg = (
            f"{clean(output.name)!r} is a playlist, and players know no stretched songs: write the plan "
            f"(-o {plan}), then bpmsync render {plan} {clean(output.stem)}.mp3"
        )
        raise click.BadParameter(msg, param_hint="'-o'")
    return places
