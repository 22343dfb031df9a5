"""``bpmsync import``: songs without a file, whose tempo a person knows."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean, shorten
from bpmsync.errors import BpmsyncError, ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpmsync.library.imported import ImportedSong
    from bpmsync.library.songbook import SongChanges
    from bpmsync.library.songcsv import BadRow, SongList

__all__ = ["command"]

_LONGEST_NAME = 80


@click.command("import")
@click.argument(
    "songs", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--replace", is_flag=True, help="Forget every imported song that FILE does not hold.")
@click.option("--remove", is_flag=True, help="Forget the imported songs that FILE holds.")
@click.option("-n", "--dry-run", is_flag=True, help="Tell what an import would do, and do nothing.")
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    songs: Path,
    *,
    replace: bool,
    remove: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import songs without a file from the CSV file FILE (- for a pipe).

    Its first line names the columns: title, artist, duration and bpm; if you like, album, isrc,
    uri and confidence. Only playlists in Spotify can use such songs.
    """
    from bpmsync.library.songbook import SongBook

    if replace and remove:
        msg = "--replace and --remove contradict each other: give one"
        raise click.UsageError(msg)
    listed = _read(songs, whole=replace)
    with session.open_store() as store:
        book = SongBook(store)
        if remove:
            changes = book.forget(listed.songs, dry_run=dry_run)
        else:
            changes = book.take_in(listed.songs, replace=replace, dry_run=dry_run)
        total, offered = len(book.songs()), len(book.tracks())
    _complain(songs, changes.bad)
    if as_json:
        _print_document(changes, [*listed.bad, *changes.bad], dry_run=dry_run)
    _report(session, changes, dry_run=dry_run)
    if not dry_run:
        session.say(_total_words(total, among_files=total - offered))
    if listed.bad or changes.bad:
        ctx.exit(ExitStatus.SOME_FAILED)


def _read(path: Path, *, whole: bool) -> SongList:
    """Return the songs of a file after naming its bad rows; nothing was changed so far."""
    from bpmsync.library.songcsv import read_songs

    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        listed = read_songs(data)
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror or error}"
        raise BpmsyncError(msg) from error
    except BpmsyncError as error:
        msg = f"cannot import {_shown(path)}: {error}"
        raise BpmsyncError(msg) from error
    _complain(path, listed.bad)
    if not listed.songs:
        msg = f"cannot import {_shown(path)}: no row of it can be used; nothing was changed"
        raise BpmsyncError(msg)
    if whole and listed.bad:
        # A song that is only misspelt would be forgotten
        msg = f"--replace needs a list without a bad row, and {_shown(path)} has some: nothing was changed"
        raise BpmsyncError(msg)
    return listed


def _shown(path: Path) -> str:
    return "the list" if str(path) == "-" else clean(str(path))


def _complain(path: Path, bad: list[BadRow]) -> None:
    for row in bad:
        click.echo(f"{_shown(path)}: {clean(str(row))}", err=True)


def _report(session: Session, changes: SongChanges, *, dry_run: bool) -> None:
    counts = (
        (len(changes.new), "new"),
        (len(changes.changed), "changed"),
        (len(changes.unchanged), "unchanged"),
        (len(changes.forgotten), "forgotten"),
        (len(changes.unknown), "not known"),
        (len(changes.bad), "contradicting"),
    )
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    session.say(f"{'would be ' if dry_run else ''}{words}")
    if session.verbose or dry_run:
        for word, songs in (
            ("new", changes.new),
            ("changed", changes.changed),
            ("forgotten", changes.forgotten),
        ):
            for song in songs.values():
                session.say(f"{word}: {shorten(song.name, _LONGEST_NAME)}, {song.bpm:g} BPM")


def _total_words(total: int, *, among_files: int) -> str:
    songs = "1 imported song" if total == 1 else f"{total} imported songs"
    words = f"the library has {songs}"
    if among_files:
        words += f"; {among_files} of them are there as files, too, and the files are used"
    return words


def _print_document(changes: SongChanges, bad: list[BadRow], *, dry_run: bool) -> None:
    from bpmsync.cli.output import print_json

    print_json(
        {
            "dry_run": dry_run,
            "new": _songs_json(changes.new),
            "changed": _songs_json(changes.changed),
            "unchanged": _songs_json(changes.unchanged),
            "forgotten": _songs_json(changes.forgotten),
            "not_known": [asdict(song) for song in changes.unknown],
            "bad": [asdict(row) for row in bad],
        }
    )


def _songs_json(songs: Mapping[str, ImportedSong]) -> list[dict[str, Any]]:
    return [{"key": key, **asdict(song)} for key, song in songs.items()]
