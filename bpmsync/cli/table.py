"""The table of commands: what there is, where it lives, and one line about each.

Help, completion and the config file read this table; a command's module is imported when
the command runs. Each module in it has a `command`, a `click.Command`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "COMMANDS",
    "SPOTIFY_COMMANDS",
    "CommandEntry",
    "command_names",
    "load_command",
    "load_entry",
    "runnable",
]


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One line of the command table.

    Parameters
    ----------
    name : str
        As typed.
    module : str
        Imported when the command runs; has a `command`.
    summary : str
        The line shown by ``bpmsync --help``.
    children : tuple of CommandEntry
        Where the command is a group of others.
    """

    name: str
    module: str
    summary: str
    children: tuple[CommandEntry, ...] = ()


SPOTIFY_COMMANDS = (
    CommandEntry("login", "bpmsync.cli.spotify.login", "Connect bpmsync with your account."),
    CommandEntry("status", "bpmsync.cli.spotify.status", "Show who is logged in, and for how long."),
    CommandEntry("doctor", "bpmsync.cli.spotify.doctor", "Try the account out and say what is wrong."),
    CommandEntry("link", "bpmsync.cli.spotify.link", "Say which Spotify track a song of yours is."),
    CommandEntry("logout", "bpmsync.cli.spotify.logout", "Forget the log-in on this computer."),
)

COMMANDS = (
    CommandEntry(
        "playlist", "bpmsync.cli.playlist", "Make a playlist at your cadence from a folder of music."
    ),
    CommandEntry("scan", "bpmsync.cli.scan", "Fill or refresh the library."),
    CommandEntry("import", "bpmsync.cli.import_songs", "Import songs without a file, for Spotify."),
    CommandEntry("beats", "bpmsync.cli.beats", "Find the beats of files, without the library."),
    CommandEntry("tracks", "bpmsync.cli.tracks", "List the tracks of the library."),
    CommandEntry("show", "bpmsync.cli.show", "Show all that is known of one track."),
    CommandEntry("listen", "bpmsync.cli.listen", "Hear a track or a plan with a click on every step."),
    CommandEntry("fix", "bpmsync.cli.fix", "Correct the beat of a track."),
    CommandEntry("plan", "bpmsync.cli.plan", "Choose and order tracks of the library along a cadence."),
    CommandEntry("coverage", "bpmsync.cli.coverage", "Show how much music each cadence has."),
    CommandEntry("swap", "bpmsync.cli.swap", "Play another song as one leg of a plan."),
    CommandEntry("export", "bpmsync.cli.export", "Write a plan as a playlist, or copy its files."),
    CommandEntry("render", "bpmsync.cli.render", "Make a stretched plan into sound, every beat on a step."),
    CommandEntry("push", "bpmsync.cli.push", "Make a plan a playlist in your Spotify account."),
    CommandEntry(
        "spotify", "bpmsync.cli.spotify.group", "Log in to Spotify, and see to the account.", SPOTIFY_COMMANDS
    ),
    CommandEntry("config", "bpmsync.cli.config", "Show every setting, its value and where it came from."),
)


def load_command(name: str) -> click.Command | None:
    """Import and return a command, or None where the table has no such name."""
    return next((load_entry(entry) for entry in COMMANDS if entry.name == name), None)


def load_entry(entry: CommandEntry) -> click.Command:
    """Import and return the command of an entry."""
    command = importlib.import_module(entry.module).command
    if not isinstance(command, click.Command):
        msg = f"{entry.module}.command is not a click command"
        raise TypeError(msg)
    return command


def command_names() -> list[str]:
    """Return the names of all commands, in the table's order."""
    return [entry.name for entry in COMMANDS]


def runnable(
    entries: Sequence[CommandEntry] = COMMANDS, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], CommandEntry]]:
    """Yield every command that does something, with the words that one types for it."""
    for entry in entries:
        words = (*above, entry.name)
        if entry.children:
            yield from runnable(entry.children, words)
        else:
            yield words, entry
