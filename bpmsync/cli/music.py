"""Which music of the library a plan is made from, seen at a glance: no track's beats are read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import clean
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bpmsync.cli.planning import Filters
    from bpmsync.library.glance import Glance
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track

__all__ = ["Music", "OldPlaylist", "list_unknown"]

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class OldPlaylist:
    """The songs that an existing playlist names.

    Parameters
    ----------
    path : Path
        The playlist.
    entries : tuple of str
        Absolute paths, in its order.
    keep_order : bool
        Whether that order stays.
    """

    path: Path
    entries: tuple[str, ...]
    keep_order: bool = False

    @classmethod
    def read(cls, path: Path, *, keep_order: bool = False) -> OldPlaylist:
        """Read a playlist.

        Raises
        ------
        ExportError
            If it cannot be read.
        BpmsyncError
            If it names no file.
        """
        from bpmsync.export.m3u import read_m3u

        entries = tuple(dict.fromkeys(os.path.abspath(entry) for entry in read_m3u(path)))  # noqa: PTH100 - links stay
        if not entries:
            msg = f"the playlist {clean(str(path))} names no file"
            raise BpmsyncError(msg)
        return cls(path, entries, keep_order)

    def found_in(self, store: Store) -> dict[str, str]:
        """Return which file of the library each entry is, as it is written or else in NFC."""
        from bpmsync.library.paths import comparable

        known = {file.path for file in store.known_files()}
        near: dict[str, str] = {}
        for path in known:
            near.setdefault(comparable(path), path)
        found = {
            entry: entry if entry in known else near.get(comparable(entry), "") for entry in self.entries
        }
        return {entry: path for entry, path in found.items() if path}


@dataclass(frozen=True, slots=True)
class Music:
    """What may be planned.

    Parameters
    ----------
    filters : Filters
        Queries.
    query : str
        One more; empty for none.
    imported : bool
        Imported songs, too.
    folder : Path or None
        Only files below it.
    playlist : OldPlaylist or None
        Only what it names.
    """

    filters: Filters
    query: str = ""
    imported: bool = False
    folder: Path | None = None
    playlist: OldPlaylist | None = None

    def load(self, store: Store, *, is_there: Callable[[str], bool] | None = None) -> Shelf:
        """Return the music, as long as the store is open.

        Parameters
        ----------
        store : Store
            The library.
        is_there : callable, optional
            Whether a file is still at its path; every one is believed to be without it.

        Raises
        ------
        BpmsyncError
            If the library is empty, or nothing is there of the folder or the playlist.
        """
        from bpmsync.library.shelving import load_shelf

        shelf = load_shelf(store, imported=self.imported, where=self._test(store), is_there=is_there)
        if not len(shelf):
            self._refuse_nothing(store)
        return shelf

    def order(self, store: Store, shelf: Shelf) -> list[tuple[int]]:
        """Return the rows in the order that the playlist gives; none where no order stays."""
        if self.playlist is None or not self.playlist.keep_order:
            return []
        row_of = {path: row for row, path in enumerate(shelf.paths(range(len(shelf))))}
        named = self.playlist.found_in(store).values()
        return [(row_of[path],) for path in dict.fromkeys(named) if path in row_of]

    def unknown(self, store: Store) -> list[str]:
        """Return which files of the playlist the library does not hold."""
        if self.playlist is None:
            return []
        found = self.playlist.found_in(store)
        return [entry for entry in self.playlist.entries if entry not in found]

    def _test(self, store: Store) -> Callable[[Track | Glance], bool] | None:
        """Return what tells whether a track may be planned; None where all may."""
        tests: list[Callable[[Track | Glance], bool]] = []
        if self.folder is not None:
            from bpmsync.library.paths import below

            is_below = below([self.folder])
            tests.append(lambda track: is_below(track.path))
        if self.playlist is not None:
            named = frozenset(self.playlist.found_in(store).values())
            tests.append(lambda track: track.path in named)
        if self.query.strip():
            from bpmsync.library.query import parse_query

            tests.append(parse_query(self.query).matches)
        passes = self.filters.test()
        if passes is not None:
            tests.append(passes)
        return (lambda track: all(test(track) for test in tests)) if tests else None

    def _refuse_nothing(self, store: Store) -> None:
        """Raise where there was nothing to choose from, whatever the queries."""
        from bpmsync.library.songbook import SongBook

        files = [file.path for file in store.known_files()]
        if self.folder is not None:
            from bpmsync.library.paths import below

            is_below = below([self.folder])
            if not any(map(is_below, files)):
                msg = f"none of the files in {clean(str(self.folder))} could be used: see the reasons above"
                raise BpmsyncError(msg)
        songs = SongBook(store).songs()
        if not files and songs and not self.imported:
            msg = "the library holds imported songs only: --imported plans them for a push to Spotify"
            raise BpmsyncError(msg)
        if not files and not songs:
            msg = "the library is empty: bpmsync scan FOLDER fills it"
            raise BpmsyncError(msg)
        if self.playlist is not None and not self.playlist.found_in(store):
            msg = (
                f"the library holds none of the {len(self.playlist.entries)} files that "
                f"{clean(str(self.playlist.path))} names: scan them first (bpmsync scan FOLDER)"
            )
            raise BpmsyncError(msg)


def list_unknown(paths: list[str]) -> None:
    """Name the files of a playlist that are not in the library; nothing else says that they are left out."""
    for path in paths[:_SHOWN]:
        click.echo(f"not in the library: {clean(path)}", err=True)
    if len(paths) > _SHOWN:
        click.echo(f"not in the library: {len(paths) - _SHOWN} more", err=True)
