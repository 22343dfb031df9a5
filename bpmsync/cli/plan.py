"""``bpmsync plan``: choose and order tracks of the library along a ramp."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.explaining import print_explanation
from bpmsync.cli.options import chosen_ramp, imported_option, json_option, native_options, ramp_options
from bpmsync.cli.places import places_for
from bpmsync.cli.planoptions import WEIGHTS_HELP, PlanWishes, wish_options
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.stretching import refuse_other_mode, stretch_limits
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, last_words, write_playlist, writing_options
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.cli.making import Made
    from bpmsync.cli.places import Places
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.ranges import StretchOptions

__all__ = ["command"]


@click.command("plan", epilog=WEIGHTS_HELP)
@click.argument("query", nargs=-1)
@ramp_options
@native_options
@click.option(
    "--stretch/--no-stretch",
    default=False,
    help="Parts of songs, stretched so that each beat is on a step: a plan to be rendered.",
)
@stretch_limits
@wish_options
@click.option(
    "--from-playlist",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Only what this playlist (old.m3u8) names.",
)
@click.option(
    "--keep-order", is_flag=True, help="With --from-playlist: in its order; what does not fit is left out."
)
@click.option("--forget-last", is_flag=True, help="The last plan was not run: --avoid-recent forgets it.")
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
    from_playlist: Path | None,
    keep_order: bool,
    forget_last: bool,
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
    import datetime as dt

    from bpmsync.cli.making import Job, forget_last_plan, make_plan, remember
    from bpmsync.cli.music import Music, OldPlaylist, list_unknown
    from bpmsync.cli.planning import Filters
    from bpmsync.cli.rise import rise_of, warn_of_rise

    choice = chosen_ramp(ctx, options)
    refuse_other_mode(ctx, stretch=stretch)
    to_stdout = as_json or str(output) == "-"
    asked = PlanWishes.take(options)
    _refuse_no_place(ctx, explain=asked.explain, anywhere=as_json or not to_stdout)
    kind = _stretched(ctx, options, asked) if stretch else _native(options, asked)
    filters, writing = Filters.take(options), Writing.take(options)
    if keep_order and from_playlist is None:
        msg = "--keep-order keeps the order of a playlist: add --from-playlist FILE"
        raise click.UsageError(msg, ctx)
    playlist = None if from_playlist is None else OldPlaylist.read(from_playlist, keep_order=keep_order)
    music = Music(filters, " ".join(query), imported=imported and not stretch, playlist=playlist)
    places = _places(output, stretch=stretch)
    if places is not None:
        places.refuse_foreign(force=writing.force)
    with session.open_store() as store:
        unknown = music.unknown(store)
        if forget_last:
            forget_last_plan(session, store)
        made = make_plan(session, store, Job(music, choice.ramp, kind.limits, asked))
    plan = made.plan
    if places is not None:
        write_playlist(plan, places, writing)
    if output is not None:
        remember(session, plan, at=dt.datetime.now(dt.UTC))
    rise = rise_of(choice.ramp, choice.baseline_spm)
    kind.report(plan, rise, table=not to_stdout, svg=svg)
    if to_stdout:
        beside = None if places is None else places.plan.parent
        sys.stdout.write(kind.text(made, beside=beside, more=as_json))
    elif made.explanation is not None:
        print_explanation(plan, made.explanation)
    _say_written(session, plan, places)
    warn_of_rise(rise)
    if unknown:
        list_unknown(unknown)
        ctx.exit(ExitStatus.SOME_FAILED)


def _refuse_no_place(ctx: click.Context, *, explain: bool, anywhere: bool) -> None:
    if explain and not anywhere:
        msg = "--explain has a table of its own, and -o - prints the plan alone: add --json, or leave -o out"
        raise click.UsageError(msg, ctx)


def _say_written(session: Session, plan: Plan[Any], places: Places | None) -> None:
    if places is None:
        return
    written = [clean(str(path)) for path in (places.playlist, places.plan) if path is not None]
    session.say(f"wrote {' and '.join(written)}")
    if places.playlist is not None:
        session.say(last_words(plan))


@dataclass(frozen=True, slots=True)
class _Kind:
    """How plans of one kind are made, shown and written."""

    limits: NativeOptions | StretchOptions
    report: Callable[..., None]
    more: Callable[[Plan[Any]], dict[str, Any]]

    def text(self, made: Made, *, beside: Path | None, more: bool) -> str:
        from bpmsync.cli.explaining import explanation_document
        from bpmsync.planner.plan import plan_to_json

        told = self.more(made.plan) if more else {}
        if more and made.explanation is not None:
            told["explain"] = explanation_document(made.explanation)
        return plan_to_json(made.plan, beside=beside, more=told)


def _native(options: dict[str, Any], asked: PlanWishes) -> _Kind:
    from bpmsync.cli.planning import report_plan, take_native_options

    return _Kind(take_native_options(options, asked.weights), report_plan, lambda _: {})


def _stretched(ctx: click.Context, options: dict[str, Any], asked: PlanWishes) -> _Kind:
    from bpmsync.cli.stretching import report_stretched, stretch_document, take_stretch_options

    limits = take_stretch_options(ctx, options, asked.weights)
    return _Kind(limits, report_stretched, lambda plan: {"stretch": stretch_document(plan)})


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
