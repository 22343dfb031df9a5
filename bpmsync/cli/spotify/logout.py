"""``bpmsync spotify logout``: forget the log-in on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bpmsync.cli.account import account_option
from bpmsync.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("logout")
@account_option
@common_options
@pass_session
def command(session: Session, *, account: Path) -> None:
    """Forget the log-in on this computer.

    Playlists, and the notes about what was pushed, stay. Spotify keeps your consent until you
    withdraw it at https://www.spotify.com/account/apps
    """
    from bpmsync.export.spotify.tokenfile import TokenFile

    file = TokenFile(account)
    if file.remove():
        session.say(f"forgot the log-in in {file.path}")
        session.say("to withdraw the consent as well: https://www.spotify.com/account/apps")
    else:
        session.say(f"nobody was logged in (no {file.path})")
