"""Imported songs, kept in the library file.

A list is brought in as a whole: what it says of a song that is there replaces what was said
before (an empty cell says nothing), and its key, under which answers and plans know it, stays.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from bpmsync.library.imported import ImportedSong, SongIndex, not_among_files, song_key, track_of
from bpmsync.library.rows import storable
from bpmsync.library.songcsv import BadRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.songcsv import SongRow
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track

__all__ = ["SongBook", "SongChanges"]


@dataclass(slots=True)
class SongChanges:
    """What a list changes, or has changed.

    Parameters
    ----------
    new, changed, unchanged, forgotten : dict of str to ImportedSong
        By key, as the songs are afterwards; forgotten ones as they were.
    unknown : list of ImportedSong
        Songs to be forgotten that were not there.
    bad : list of BadRow
        Rows that contradict an earlier row of the list.
    """

    new: dict[str, ImportedSong] = field(default_factory=dict)
    changed: dict[str, ImportedSong] = field(default_factory=dict)
    unchanged: dict[str, ImportedSong] = field(default_factory=dict)
    forgotten: dict[str, ImportedSong] = field(default_factory=dict)
    unknown: list[ImportedSong] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


class SongBook:
    """The imported songs of one open library.

    Parameters
    ----------
    store : Store
        Open as long as the book is used.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def songs(self) -> dict[str, ImportedSong]:
        """Return all imported songs by key, in order of artist and title."""
        rows = self._store.database.rows("SELECT * FROM imports ORDER BY artist, title, key")
        return {row["key"]: ImportedSong(**{n: v for n, v in row.items() if n != "key"}) for row in rows}

    def tracks(self, files: Sequence[Track] | None = None) -> list[Track]:
        """Return the imported songs as tracks, without those that are there as files too.

        Parameters
        ----------
        files : sequence of Track, optional
            The library's files, where they have been read already.
        """
        songs = [track_of(key, song) for key, song in self.songs().items()]
        if not songs:
            return []
        return not_among_files(songs, self._store.tracks() if files is None else files)

    def take_in(
        self, rows: Sequence[SongRow], *, replace: bool = False, dry_run: bool = False
    ) -> SongChanges:
        """Keep the songs of a list, in one transaction.

        Parameters
        ----------
        rows : sequence of SongRow
            The list.
        replace : bool
            Forget every imported song that is not in it.
        dry_run : bool
            Only tell what would change.
        """
        known = self.songs()
        changes = _compared(known, rows)
        if replace:
            listed = changes.new.keys() | changes.changed.keys() | changes.unchanged.keys()
            changes.forgotten = {key: song for key, song in known.items() if key not in listed}
        if not dry_run:
            self._write(changes)
        return changes

    def forget(self, rows: Sequence[SongRow], *, dry_run: bool = False) -> SongChanges:
        """Forget the songs that a list names, in one transaction."""
        known = self.songs()
        index, changes = SongIndex(known.items()), SongChanges()
        for row in rows:
            key = index.find(row.song)
            if key is None:
                changes.unknown.append(row.song)
            else:
                changes.forgotten[key] = known[key]
        if not dry_run:
            self._write(changes)
        return changes

    def _write(self, changes: SongChanges) -> None:
        with self._store.database.transaction() as change:
            for key in changes.forgotten:
                change.run("DELETE FROM imports WHERE key = ?", key)
            for key, song in (changes.new | changes.changed).items():
                columns = {name: storable(value) for name, value in asdict(song).items()}
                change.upsert("imports", {"key": key, **columns}, ("key",))


def _compared(known: dict[str, ImportedSong], rows: Sequence[SongRow]) -> SongChanges:
    """Return what a list makes of the songs that are known; its first word on a song counts."""
    index, changes, lines = SongIndex(known.items()), SongChanges(), dict[str, int]()
    for row in rows:
        key = index.find(row.song) or song_key(row.song)
        before = index.get(key)
        if key in lines:
            if before != _completed(row.song, before or row.song):
                reason = f"it says otherwise than line {lines[key]} about the same song: keep one of them"
                changes.bad.append(BadRow(row.line, "", reason))
            continue
        lines[key] = row.line
        song = row.song if before is None else _completed(row.song, before)
        kind = changes.new if before is None else changes.unchanged if before == song else changes.changed
        kind[key] = song
        index.put(key, song)
    return changes


def _completed(song: ImportedSong, before: ImportedSong) -> ImportedSong:
    """Keep what only an earlier list knew: an empty cell says nothing."""
    known = {name: getattr(before, name) for name in ("album", "isrc", "uri") if getattr(song, name) is None}
    return replace(song, **known)
