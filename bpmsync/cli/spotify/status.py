"""``bpmsync spotify status``: who is logged in, and for how long."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.account import account_option
from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.errors import ExitStatus

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.export.spotify.tokens import Login

__all__ = ["command"]

_SOON_DAYS = 14


@click.command("status")
@account_option
@json_option
@common_options
@pass_session
@click.pass_context
def command(ctx: click.Context, session: Session, *, account: Path, as_json: bool) -> None:
    """Show who is logged in, what the log-in covers, and how long it lasts.

    Nothing is asked of Spotify. The exit status is 1 where nobody is logged in.
    """
    from bpmsync.cli.output import print_json, print_table
    from bpmsync.errors import NotAuthorised
    from bpmsync.export.spotify.tokenfile import TokenFile

    file = TokenFile(account, notify=session.say)
    try:
        login = file.load()
    except NotAuthorised:
        if as_json:
            print_json({"logged_in": False, "folder": str(account)})
        raise
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    known = _known(login, account, now)
    if as_json:
        print_json(known)
    else:
        print_table(("", ""), _rows(known))
    for line in _advice(known):
        session.say(line)
    if not known["logged_in"]:
        ctx.exit(ExitStatus.FAILED)


def _known(login: Login, account: Path, now: dt.datetime) -> dict[str, Any]:
    from bpmsync.export.spotify.session import missing_scopes
    from bpmsync.export.spotify.tokens import consent_ends

    who, ends = login.account, consent_ends(login.consented_at)
    missing = missing_scopes(login)
    return {
        "logged_in": now < ends and not missing,
        "id": None if who is None else who.id,
        "display_name": None if who is None else who.display_name,
        "scopes": list(login.scopes),
        "missing_scopes": list(missing),
        "client_id": login.client_id,
        "server": login.server.api,
        "consented_at": dt.datetime.fromtimestamp(login.consented_at, dt.UTC).isoformat(timespec="seconds"),
        "ends_at": ends.isoformat(timespec="seconds"),
        "days_left": max(0, (ends - now).days),
        "folder": str(account),
    }


def _rows(known: dict[str, Any]) -> list[tuple[str, str]]:
    name, ident = known["display_name"], known["id"]
    who = f"{name} ({ident})" if name else ident or "not known: bpmsync spotify doctor finds out"
    return [
        ("who", who),
        *(("may" if number == 0 else "", scope) for number, scope in enumerate(known["scopes"])),
        ("app", known["client_id"]),
        ("server", known["server"]),
        ("consent", known["consented_at"][:10]),
        ("until", f"{known['ends_at'][:10]} ({known['days_left']} days left)"),
        ("folder", known["folder"]),
    ]


def _advice(known: dict[str, Any]) -> list[str]:
    again = "bpmsync spotify login"
    if known["missing_scopes"]:
        return [f"the log-in does not cover {', '.join(known['missing_scopes'])}: {again} once more"]
    if not known["logged_in"]:
        return [f"the consent has ended: it lasts six months. {again} once more"]
    if known["days_left"] <= _SOON_DAYS:
        return [f"the consent ends in {known['days_left']} days: {again} gives six months more"]
    return []
