"""``bpmsync push``: a native plan becomes a playlist in the Spotify account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bpmsync.cli.export import read_plan
from bpmsync.cli.options import json_option
from bpmsync.cli.pushing import run_push, undo_last_push
from bpmsync.cli.pushoptions import PushWishes, push_options
from bpmsync.cli.pushreport import print_push, push_document
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.errors import ExitStatus

__all__ = ["command"]


@click.command("push")
@click.argument(
    "plan",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
)
@push_options
@click.option("--undo", is_flag=True, help="Bring back what the last push changed; needs no PLAN.")
@click.option("-n", "--dry-run", is_flag=True, help="Find the songs and show the difference; change nothing.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan as it was pushed, stand-ins in it.",
)
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    /,
    plan: Path | None,
    *,
    undo: bool,
    dry_run: bool,
    output: Path | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Make PLAN a playlist in your Spotify account; bpmsync spotify login comes first.

    Only songs that are surely the same recording are pushed. The same plan again changes
    nothing; --update lets the playlist of an earlier plan follow a new one.
    """
    wishes = PushWishes.take(options)
    if undo == (plan is not None):
        msg = "give a PLAN to push, or --undo without one"
        raise click.UsageError(msg)
    if plan is None:
        undo_last_push(session, wishes, as_json=as_json)
        return
    if output is not None:
        from bpmsync.export.files import refuse_foreign

        refuse_foreign(output, force=False)
    report = run_push(session, read_plan(plan), wishes, dry_run=dry_run)
    if output is not None:
        from bpmsync.planner.plan import save_plan

        save_plan(report.selection.plan, output)
    if as_json:
        from bpmsync.cli.output import print_json

        print_json(push_document(report))
    print_push(session, report, table=not as_json)
    if report.selection.holes:
        ctx.exit(ExitStatus.SOME_FAILED)
