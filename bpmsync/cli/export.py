"""``bpmsync export``: a plan becomes a playlist file, or a folder for the phone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.places import refuse_playlist
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean
from bpmsync.cli.writing import Writing, copy_all, last_words, writing_options

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan

__all__ = ["command", "read_any_plan", "read_plan"]

_PLAN_ENDINGS = (".plan.json", ".json")


@click.command("export")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True))
@click.argument("dest", required=False, type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@writing_options
@click.option(
    "--copy",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Copy the plan's files there, in order, with a playlist.",
)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the picture of the plan, too.",
)
@common_options
@pass_session
def command(
    session: Session,
    /,
    plan: Path,
    dest: Path | None,
    *,
    copy: Path | None,
    svg: Path | None,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Write PLAN as the playlist DEST: beside the plan without one, to stdout for -.

    PLAN may be - as well, and is then read from a pipe. With --copy or --svg alone, only those
    are written.
    """
    from bpmsync.export.files import require_files

    loaded = read_plan(plan)
    writing = Writing.take(options)
    if dest is not None or copy is not None or svg is None:
        require_files(loaded)  # before anything is written
    if svg is not None:
        from bpmsync.cli.picture import save_svg

        save_svg(loaded, svg)
    if copy is not None:
        for _ in copy_all(session, loaded, copy, name=_beside(plan).stem):
            pass
    if dest is None and (copy or svg):
        return
    _write(session, loaded, dest or _beside(plan), writing)
    session.say(last_words(loaded))


def read_plan(plan: Path) -> Plan:
    """Return the native plan in a file, or from a pipe for -.

    Raises
    ------
    ExportError
        If the plan is stretched.
    """
    from bpmsync.export.files import require_whole_tracks

    loaded = read_any_plan(plan)
    require_whole_tracks(loaded)
    return loaded


def read_any_plan(plan: Path) -> Plan[Any]:
    """Return the plan of either mode in a file, or from a pipe for -.

    Raises
    ------
    PlanError
        If it is none; of a playlist it names the plan.
    """
    from bpmsync.planner.plan import load_plan, plan_from_json  # help loads no planner

    refuse_playlist(plan)
    if str(plan) != "-":
        return load_plan(plan)
    # What is not UTF-8 is no JSON either, and is reported as such
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    return plan_from_json(text, beside=Path.cwd())


def _write(session: Session, plan: Plan, dest: Path, writing: Writing) -> None:
    if str(dest) == "-":
        click.echo(writing.text(plan, folder=Path.cwd()), nl=False)
        return
    writing.write(plan, dest)
    session.say(f"wrote {clean(str(dest))}")


def _beside(plan: Path) -> Path:
    if str(plan) == "-":
        return Path("run.m3u8")
    for ending in _PLAN_ENDINGS:
        if plan.name.endswith(ending):
            return plan.with_name(plan.name.removesuffix(ending) + ".m3u8")
    return plan.with_suffix(".m3u8")
