"""``bpmsync spotify doctor``: try the account out, and say what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bpmsync.cli.account import account_option, max_wait_option, pace_for
from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("doctor")
@max_wait_option
@account_option
@json_option
@common_options
@pass_session
@click.pass_context
def command(ctx: click.Context, session: Session, *, max_wait: float, account: Path, as_json: bool) -> None:
    """Try the account out and say what is wrong, and what to do about it.

    Renews the log-in, searches, makes a private playlist with one track, reads it back and
    deletes it again. The exit status is 1 where a step fails.
    """
    from bpmsync.cli.output import print_json
    from bpmsync.cli.text import clean
    from bpmsync.export.spotify.doctor import examine

    findings = []
    for finding in examine(account, pace=pace_for(session, max_wait)):
        findings.append(finding)
        if not as_json:
            word = "ok" if finding.ok else "failed"
            click.echo(f"{word:6}  {finding.step}: {clean(finding.words)}")
    well = all(finding.ok for finding in findings)
    if as_json:
        steps = [{"step": one.step, "ok": one.ok, "words": one.words} for one in findings]
        print_json({"ok": well, "steps": steps})
    session.say("everything works" if well else "something is wrong: see the step that failed")
    if not well:
        ctx.exit(ExitStatus.FAILED)
