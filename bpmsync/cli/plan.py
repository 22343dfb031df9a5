"""``bpmsync plan``: choose and order tracks of the library along a ramp."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from bpmsync.cli.options import chosen_ramp, imported_option, json_option, native_options, ramp_options
from bpmsync.cli.places import places_for
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, last_words, write_playlist, writing_options

__all__ = ["command"]


@click.command("plan")
@click.argument("query", nargs=-1)
@ramp_options
@native_options
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
    output: Path | None,
    svg: Path | None,
    imported: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Choose and order tracks of the library along a ramp; of those that match QUERY, if given.

    Without -o the plan is only shown. --json prints the plan itself.
    """
    from bpmsync.cli.planning import (
        Filters,
        filtered,
        native_plan,
        offered_tracks,
        report_plan,
        take_native_options,
    )
    from bpmsync.cli.rise import rise_of, warn_of_rise
    from bpmsync.planner.plan import plan_to_json

    choice = chosen_ramp(ctx, options)
    limits, filters, writing = take_native_options(options), Filters.take(options), Writing.take(options)
    to_stdout = as_json or str(output) == "-"
    places = None if output is None or str(output) == "-" else places_for(output)
    if places is not None:
        places.refuse_foreign(force=writing.force)
    with session.open_store() as store:
        offered = offered_tracks(store, imported=imported)
    tracks = filtered(offered, " ".join(query))
    plan = native_plan(tracks, choice.ramp, limits, filters)
    if places is not None:
        write_playlist(plan, places, writing)
    rise = rise_of(choice.ramp, choice.baseline_spm)
    report_plan(plan, rise, table=not to_stdout, svg=svg)
    if to_stdout:
        sys.stdout.write(plan_to_json(plan, beside=None if places is None else places.plan.parent))
    if places is not None:
        session.say(
            f"wrote {' and '.join(clean(str(p)) for p in (places.playlist, places.plan) if p is not None)}"
        )
    if places is not None and places.playlist is not None:
        session.say(last_words(plan))
    warn_of_rise(rise)
