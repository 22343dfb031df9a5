"""``bpmsync playlist``: the main job in one go, from a folder of music to a playlist."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.explaining import explanation_document, print_explanation
from bpmsync.cli.options import (
    chosen_ramp,
    engine_option,
    jobs_option,
    json_option,
    native_options,
    ramp_options,
)
from bpmsync.cli.places import Places, places_for
from bpmsync.cli.planoptions import WEIGHTS_HELP, PlanWishes, wish_options
from bpmsync.cli.playlistmix import MixWishes, refuse_other_product
from bpmsync.cli.pushing import refuse_without_login, run_push
from bpmsync.cli.pushoptions import PushWishes, push_basics
from bpmsync.cli.pushreport import print_push, push_document
from bpmsync.cli.renderoptions import render_options
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.stretching import stretch_limits
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, copy_all, last_words, write_playlist, writing_options
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from bpmsync.cli.making import Made
    from bpmsync.cli.pushing import PushReport
    from bpmsync.cli.rise import Rise
    from bpmsync.cli.scanning import ScanSummary

__all__ = ["command"]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the person asked to be done with the plan."""

    svg: Path | None
    copy: Path | None
    push: PushWishes | None
    dry_run: bool
    as_json: bool
    writing: Writing


@click.command("playlist", epilog=WEIGHTS_HELP)
@click.argument("music", type=click.Path(path_type=Path))
@ramp_options
@native_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The playlist, as in run.m3u8; its plan goes beside it.  [default: named after the ramp, here]",
)
@writing_options
@click.option(
    "--copy",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DEST",
    help="Copy the chosen files there, in order, with the playlist.",
)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the picture of the plan, too.",
)
@click.option("--push", is_flag=True, help="Make the plan a playlist in your Spotify account, too.")
@push_basics
@click.option(
    "--render",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="DEST",
    help="Instead of a playlist, one sound file with every beat on a step (run.mp3), and its plan.",
)
@stretch_limits
@wish_options
@render_options
@click.option("-n", "--dry-run", is_flag=True, help="Scan and show the plan, but write no playlist.")
@engine_option
@jobs_option
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    /,
    music: Path,
    *,
    output: Path | None,
    copy: Path | None,
    svg: Path | None,
    push: bool,
    render: Path | None,
    dry_run: bool,
    engine: str,
    jobs: int | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Make a playlist at your cadence from the folder MUSIC.

    MUSIC is scanned, whole untouched tracks are chosen and ordered along the ramp, and a
    playlist is written with its plan beside it. With --render parts of tracks are stretched
    until each beat is on a step, and become one file.
    """
    from bpmsync.cli.making import Job, make_plan
    from bpmsync.cli.music import Music
    from bpmsync.cli.planning import Filters, plan_name, take_native_options
    from bpmsync.cli.rise import rise_of, warn_of_rise
    from bpmsync.cli.scanning import scan_music

    choice = chosen_ramp(ctx, options)
    refuse_other_product(ctx, render=render is not None)
    if render is not None:
        mix = MixWishes.take(
            ctx, session, render, options, jobs=jobs, svg=svg, dry_run=dry_run, as_json=as_json
        )
        ctx.exit(mix.make(session, music, scan_music(session, music, engine=engine, jobs=jobs), choice))
    wishes, asked = PushWishes.take(options), PlanWishes.take(options)
    writing = Writing.take(options, music=music.absolute())
    wanted = _Wanted(svg, copy, wishes if push else None, dry_run, as_json, writing)
    places = places_for(output or Path(f"{plan_name(choice.ramp)}.m3u8"))
    if places.playlist is None:
        msg = f"{places.plan.name!r} is no playlist: name it like run.m3u8 (bpmsync plan writes plans alone)"
        raise click.BadParameter(msg, param_hint="'-o'")
    # Before the scan, which may take an hour
    if not dry_run:
        places.refuse_foreign(force=wanted.writing.force)
    if push:
        refuse_without_login(session, wishes)
    limits = take_native_options(options, asked.weights)
    job = Job(Music(Filters.take(options), folder=music), choice.ramp, limits, asked)
    rise = rise_of(choice.ramp, choice.baseline_spm)
    summary = scan_music(session, music, engine=engine, jobs=jobs)
    with session.open_store() as store:
        made = make_plan(session, store, job)
    complete = _finish(session, made, places, rise=rise, summary=summary, wanted=wanted)
    warn_of_rise(rise)
    if summary.failed or not complete:
        ctx.exit(ExitStatus.SOME_FAILED)


def _finish(
    session: Session,
    made: Made,
    places: Places,
    *,
    rise: Rise,
    summary: ScanSummary,
    wanted: _Wanted,
) -> bool:
    """Write, show and push what is wanted; whether every song went where it should."""
    import datetime as dt

    from bpmsync.cli.making import remember
    from bpmsync.cli.planning import report_plan

    plan = made.plan
    copied: list[str] | None = None
    if not wanted.dry_run:
        # A folder that cannot take the copy is refused before anything is written
        name = "run" if places.playlist is None else places.playlist.stem
        copies = None if wanted.copy is None else copy_all(session, plan, wanted.copy, name=name)
        write_playlist(plan, places, wanted.writing)
        remember(session, plan, at=dt.datetime.now(dt.UTC))
        copied = None if copies is None else list(copies)
    report_plan(plan, rise, table=not wanted.as_json, svg=None if wanted.dry_run else wanted.svg)
    if made.explanation is not None and not wanted.as_json:
        print_explanation(plan, made.explanation)
    if not wanted.dry_run:
        session.say(f"wrote {clean(str(places.playlist))} and {clean(str(places.plan))}")
        session.say(last_words(plan))
    # Last, so that a service that refuses costs neither the playlist nor the plan
    push = None if wanted.push is None else run_push(session, plan, wanted.push, dry_run=wanted.dry_run)
    if wanted.as_json:
        _print_document(made, places, rise, summary, written=not wanted.dry_run, copied=copied, push=push)
    if wanted.dry_run:
        session.say("a dry run: nothing was written")
    if push is not None:
        print_push(session, push, table=not wanted.as_json)
    return push is None or not push.selection.holes


def _print_document(
    made: Made,
    places: Places,
    rise: Rise,
    summary: ScanSummary,
    *,
    written: bool,
    copied: list[str] | None,
    push: PushReport | None,
) -> None:
    import json

    from bpmsync.cli.output import print_json
    from bpmsync.cli.planning import cadence_errors
    from bpmsync.planner.plan import plan_to_json

    print_json(
        {
            "playlist": str(places.playlist) if written else None,
            "plan_file": str(places.plan) if written else None,
            "copied": copied,
            "push": None if push is None else push_document(push),
            "scan": summary.as_json(),
            **rise.as_json(),
            **cadence_errors(made.plan),
            "explain": explanation_document(made.explanation) if made.explanation else None,
            "plan": json.loads(plan_to_json(made.plan, beside=places.plan.parent)),
        }
    )
