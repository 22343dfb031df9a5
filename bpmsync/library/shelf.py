"""All of the music at a glance: what planning asks of each track, as columns.

A library of 100,000 songs is looked through in milliseconds this way; the tracks themselves,
with all their beats, are fetched for the few that a plan comes down to.
Copies of one recording count once: files with the same sound, and files that say they are the
same song (title, artist, album) and are equally long, as an MP3 beside its FLAC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bpmsync.library.facts import (
    RECORD,
    UNNAMED,
    Facts,
    facts_of,
    is_spoken,
    records_of,
    unsteadiness,
    usable_share,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bpmsync.library.facts import Records
    from bpmsync.library.glance import Glance
    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = [
    "Drawer",
    "Facts",
    "Shelf",
    "Stock",
    "facts_of",
    "is_spoken",
    "rows_matching",
    "shelf_of",
    "unsteadiness",
    "usable_share",
]

# An encoder adds some padding, another pressing of a song far more
_SAME_LENGTH_S = 1.0
# What a record holds besides the columns of a shelf
_BEHIND = {"file_id", "copy", "song", "words"}


class Drawer(Protocol):
    """Where the tracks of a shelf lie: each method takes places and answers in their order."""

    def fetch(self, places: Sequence[int]) -> list[Track]:
        """Return the tracks, with their beats."""

    def paths(self, places: Sequence[int]) -> list[str]:
        """Return the paths of their files; empty for imported songs."""

    def look(self, places: Sequence[int]) -> Iterator[Track | Glance]:
        """Return what a query asks of each, without reading beats where that takes time."""


@dataclass(frozen=True, slots=True, eq=False)
class Stock:
    """Files and imported songs as they lie, copies too, in order of audio hash and copy.

    Parameters
    ----------
    audio_hash : list of str
        One for each record.
    records : numpy.ndarray of RECORD
        What is known of each.
    drawer : Drawer
        Where they lie: a record's place is its index here.
    """

    audio_hash: list[str]
    records: Records
    drawer: Drawer


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shelf:
    """Tracks as columns, one row a recording, in the order of their audio hash.

    Parameters
    ----------
    audio_hash : tuple of str
        What tells the recordings apart.
    duration_s, tempo_bpm, unsteady_bpm, clear_s, steady_s : numpy.ndarray
    slowest_bpm, fastest_bpm, longest_s : numpy.ndarray
        As in `Facts`, and the length of the file.
    confidence, level_db, energy : numpy.ndarray
        As in `Detection`.
    odd, settled, ignored, spoken, has_file : numpy.ndarray of bool
        An odd number of beats a bar; a person said where the beat is; never to be used; no
        music but speech; not an imported song.
    artist, album : numpy.ndarray of int64
        Counted from 0, equal for one name; -1 where there is none.
    place : numpy.ndarray of int64
        Where in the drawer each row lies.
    drawer : Drawer
        Where the tracks are.
    """

    audio_hash: tuple[str, ...]
    duration_s: FloatArray
    tempo_bpm: FloatArray
    unsteady_bpm: FloatArray
    clear_s: FloatArray
    steady_s: FloatArray
    slowest_bpm: FloatArray
    fastest_bpm: FloatArray
    longest_s: FloatArray
    confidence: FloatArray
    level_db: FloatArray
    energy: FloatArray
    odd: np.ndarray
    settled: np.ndarray
    ignored: np.ndarray
    spoken: np.ndarray
    has_file: np.ndarray
    artist: IntArray
    album: IntArray
    place: IntArray
    drawer: Drawer

    def __len__(self) -> int:
        return len(self.audio_hash)

    @classmethod
    def of(cls, tracks: Iterable[Track]) -> Shelf:
        """Return a shelf of tracks, given in any order; copies of a recording count once."""
        every = sorted(tracks, key=attrgetter("audio_hash", "path"))
        hashes = [track.audio_hash for track in every]
        return shelf_of(Stock(hashes, records_of(every), _InMemory(every)))

    def fetch(self, rows: Sequence[int] | IntArray) -> list[Track]:
        """Return the tracks of some rows, in the order asked for.

        Raises
        ------
        LibraryError
            If the library no longer holds one of them.
        """
        return self.drawer.fetch(self._places(rows))

    def paths(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Return the paths of some rows, in the order asked for; empty for imported songs."""
        return self.drawer.paths(self._places(rows))

    def missing(self, rows: Sequence[int] | IntArray, is_there: Callable[[str], bool]) -> list[int]:
        """Return which of some rows are files that are no longer at their path."""
        paths = self.paths(rows)
        return [int(row) for row, path in zip(rows, paths, strict=True) if path and not is_there(path)]

    def look(self, rows: Sequence[int] | IntArray | None = None) -> Iterator[Track | Glance]:
        """Return what a query asks of some rows, or of all, in order, without their beats."""
        return self.drawer.look(self.place.tolist() if rows is None else self._places(rows))

    def chosen(self, rows: IntArray) -> Shelf:
        """Return some of the rows, which have to be in order."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name not in {"audio_hash", "drawer"}
        }
        return replace(self, audio_hash=tuple(self.audio_hash[row] for row in rows.tolist()), **columns)

    def _places(self, rows: Sequence[int] | IntArray) -> list[int]:
        places: list[int] = self.place[np.asarray(rows, dtype=np.int64)].tolist()
        return places


def rows_matching(shelf: Shelf, matches: Callable[[Track | Glance], bool]) -> np.ndarray:
    """Return for each row whether it is meant, as by `Query.matches`."""
    return np.fromiter(map(matches, shelf.look()), dtype=bool, count=len(shelf))


def shelf_of(stock: Stock, kept: np.ndarray | None = None) -> Shelf:
    """Return a shelf of a stock; copies of a recording count once.

    Parameters
    ----------
    stock : Stock
        Files and songs.
    kept : numpy.ndarray of bool, optional
        Which of them can be used at all; a copy takes the place of one that cannot.
    """
    usable = np.arange(len(stock.records)) if kept is None else np.flatnonzero(kept)
    place = _one_of_each(stock, usable)
    records = stock.records[place]
    columns = {
        name: np.ascontiguousarray(records[name]) for name in RECORD.names or () if name not in _BEHIND
    }
    columns |= {name: _counted(columns[name]) for name in ("artist", "album")}
    hashes = stock.audio_hash
    return Shelf(
        audio_hash=tuple([hashes[at] for at in place.tolist()]), place=place, drawer=stock.drawer, **columns
    )


class _InMemory:
    """Tracks that are read already."""

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tracks

    def fetch(self, places: Sequence[int]) -> list[Track]:
        return [self._tracks[place] for place in places]

    def paths(self, places: Sequence[int]) -> list[str]:
        return [self._tracks[place].path for place in places]

    def look(self, places: Sequence[int]) -> Iterator[Track]:
        return (self._tracks[place] for place in places)


def _one_of_each(stock: Stock, usable: IntArray) -> IntArray:
    """Pick one of each recording: of copies the first by path, of files alike the surest beat."""
    recording = np.cumsum(stock.records["copy"] == 0)[usable]
    first: IntArray = usable[np.diff(recording, prepend=-1) != 0]
    records = stock.records[first]
    surest_first = np.lexsort((np.arange(len(first)), -records["confidence"], records["song"]))
    song = records["song"][surest_first]
    same = (song[1:] == song[:-1]) & (song[1:] != UNNAMED)
    alike = surest_first[np.append(same, False) | np.insert(same, 0, False)] if len(song) else surest_first
    keeps = np.ones(len(first), dtype=bool)
    keeps[alike] = _distinct(records["song"][alike].tolist(), records["duration_s"][alike].tolist())
    return first[keeps]


def _distinct(songs: list[int], lengths_s: list[float]) -> list[bool]:
    """Return for each recording whether none before it is of the same song and length."""
    keeps: list[bool] = []
    song, chosen = UNNAMED, list[float]()
    for number, length in zip(songs, lengths_s, strict=True):
        if number != song:
            song, chosen = number, []
        keeps.append(all(abs(length - other) > _SAME_LENGTH_S for other in chosen))
        if keeps[-1]:
            chosen.append(length)
    return keeps


def _counted(numbers: IntArray) -> IntArray:
    """Return names counted from 0, in place of numbers made from their letters."""
    values, counted = np.unique(numbers, return_inverse=True)
    return counted.reshape(-1) - int(len(values) > 0 and values[0] == UNNAMED)
