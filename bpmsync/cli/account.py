"""What the commands that talk to Spotify share: the account's folder, and how long to wait."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bpmsync.cli.options import DURATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.cli.session import Session
    from bpmsync.export.spotify.retry import Pace

__all__ = ["account_option", "catalogue_of", "default_account", "max_wait_option", "pace_for"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def default_account() -> Path:
    """Return where the log-in and the notes about playlists lie when nobody says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("bpmsync", appauthor=False)) / "spotify"


def account_option(function: _Function) -> _Function:
    """Add --account: the command gets the folder as `account`, never None."""
    text = "Folder of the log-in and of notes about playlists.  [default: in the platform's data folder]"
    return click.option(
        "--account",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="FOLDER",
        envvar="BPMSYNC_SPOTIFY_ACCOUNT",
        callback=_placed,
        help=text,
    )(function)


def max_wait_option(function: _Function) -> _Function:
    """Add --max-wait: the longest that Spotify may ask to wait, in seconds as `max_wait`."""
    text = "Longest wait that Spotify may ask for."
    return click.option("--max-wait", type=DURATION, default="60s", help=text)(function)


def pace_for(session: Session, max_wait_s: float) -> Pace:
    """Return how patient to be on the command line: waits are told on stderr."""
    from bpmsync.export.spotify.retry import Pace

    return Pace(max_wait_s=max_wait_s, notify=session.say)


def catalogue_of(account: Path) -> str:
    """Return the name under which answers about songs are kept: "" for Spotify, or for no log-in."""
    from bpmsync.errors import NotAuthorised
    from bpmsync.export.spotify.tokenfile import TokenFile

    try:
        return "stand-in" if TokenFile(account).load().server.local else ""
    except NotAuthorised:
        return ""


def _placed(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    if ctx.resilient_parsing:
        return value
    # ~ in an environment variable or a config file is nobody's but ours to resolve
    return default_account() if value is None else Path(os.path.expanduser(value))  # noqa: PTH111 - see settings
