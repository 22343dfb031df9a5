"""``bpmsync spotify``: log in, and see to the account."""

from __future__ import annotations

from bpmsync.cli.groups import TableGroup
from bpmsync.cli.spotify.words import BEFORE_YOU_BEGIN
from bpmsync.cli.table import SPOTIFY_COMMANDS

__all__ = ["command"]

command = TableGroup(
    "spotify",
    entries=SPOTIFY_COMMANDS,
    help=f"Log in to Spotify, and see to the account.\n\n{BEFORE_YOU_BEGIN}",
    no_args_is_help=True,
)
