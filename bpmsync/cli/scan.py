"""``bpmsync scan``: fill or refresh the library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpmsync.cli.options import DURATION, engine_option, jobs_option, json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from bpmsync.library.store import Store

__all__ = ["command"]


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path))
@click.option("-n", "--dry-run", is_flag=True, help="Tell what a scan would do, and do nothing.")
@click.option("--prune", is_flag=True, help="Forget files that are gone; what you corrected is kept.")
@click.option("--file-timeout", type=DURATION, default="10m", help="Give a file up after so long.")
@engine_option
@jobs_option
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    paths: tuple[Path, ...],
    *,
    dry_run: bool,
    prune: bool,
    file_timeout: float,
    engine: str,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Fill or refresh the library with the music at PATH.

    Unchanged files are skipped. A scan can be stopped at any moment and run again.
    """
    from bpmsync.cli.scanning import run_scan

    with session.open_store() as store:
        summary = run_scan(
            session, paths, store, engine=engine, jobs=jobs, dry_run=dry_run, file_timeout_s=file_timeout
        )
        pruned = _prune(session, store, paths, dry_run=dry_run) if prune else []
    if as_json:
        from bpmsync.cli.output import print_json

        print_json({**summary.as_json(), "pruned": pruned})
    if summary.failed:
        ctx.exit(ExitStatus.SOME_FAILED)


def _prune(session: Session, store: Store, paths: tuple[Path, ...], *, dry_run: bool) -> list[str]:
    from bpmsync.library.scan import prune_missing

    gone = prune_missing(store, [path.absolute() for path in paths], dry_run=dry_run)
    session.say(f"{'would forget' if dry_run else 'forgot'} {len(gone)} files that are gone")
    if session.verbose:
        for path in gone:
            session.say(f"gone: {clean(path)}")
    return gone
