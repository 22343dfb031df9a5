"""The whole library as a shelf: what planning asks of each track, read without any beats.

Of 100,000 files this takes a fraction of a second, and about as much again for each thing that
is asked of every one of them: whether a query matches it, whether it is still there. What is
not asked here can be asked later of the few tracks that a plan comes down to.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bpmsync.errors import LibraryError
from bpmsync.library.facts import records_from, records_of
from bpmsync.library.glance import Glance, GlanceBeat, GlanceOverride, GlanceTags
from bpmsync.library.imported import NEAR_S, isrcs_of, track_of
from bpmsync.library.rows import TRACKS, track_from
from bpmsync.library.shelf import Stock, shelf_of
from bpmsync.library.songbook import SongBook
from bpmsync.library.track import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bpmsync.library.facts import Records
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track

__all__ = ["load_shelf", "tracks_matching"]

_Known = TypeVar("_Known")

_CHOSEN = "f.id IN (SELECT value FROM json_each(?))"
_SEEN = ", ".join(f"f.{name}" for name in ("id", "path", "audio_hash", *GlanceTags._fields))
# Glances at once: more take memory and no less time
_AT_ONCE = 5_000


def load_shelf(
    store: Store,
    *,
    imported: bool = False,
    where: Callable[[Track | Glance], bool] | None = None,
    is_there: Callable[[str], bool] | None = None,
) -> Shelf:
    """Return all of the music of a library as a shelf; copies of a recording count once.

    Parameters
    ----------
    store : Store
        Open as long as tracks are fetched from the shelf.
    imported : bool
        Imported songs too, unless they are there as files.
    where : callable, optional
        Which files and songs count at all, as `Query.matches` tells.
    is_there : callable, optional
        Whether a file is still at its path; a copy takes the place of one that is not. Without
        it every file is believed to be.

    Raises
    ------
    LibraryError
        If the library cannot be read.
    """
    stock = _stock(store, imported=imported)
    if where is None and is_there is None:
        return shelf_of(stock)
    kept = np.ones(len(stock.records), dtype=bool)
    if is_there is not None:
        paths = stock.drawer.paths(range(len(kept)))
        kept &= np.fromiter((not path or is_there(path) for path in paths), dtype=bool, count=len(kept))
    if where is not None:
        candidates = np.flatnonzero(kept)
        kept[candidates] = [where(one) for one in stock.drawer.look(candidates.tolist())]
    return shelf_of(stock, kept)


def tracks_matching(
    store: Store, matches: Callable[[Track | Glance], bool], *, imported: bool = False
) -> list[Track]:
    """Return the files that are meant, in order of path, and after them the imported songs.

    Beats are read of these alone. Copies of a recording are tracks of their own here.

    Parameters
    ----------
    store : Store
        The library.
    matches : callable
        Which are meant, as `Query.matches` tells.
    imported : bool
        Imported songs too, unless they are there as files.

    Raises
    ------
    LibraryError
        If the library cannot be read.
    """
    stock = _stock(store, imported=imported)
    looked_at = stock.drawer.look(range(len(stock.records)))
    places = [place for place, one in enumerate(looked_at) if matches(one)]
    # Songs come as they are numbered, downwards from -1
    order = sorted(
        zip(stock.records["file_id"][places].tolist(), stock.drawer.fetch(places), strict=True),
        key=lambda found: (not found[1].has_file, found[1].path, -found[0]),
    )
    return [track for _, track in order]


class _InLibrary:
    """Files of an open library, and imported songs, whose numbers are below 0.

    Parameters
    ----------
    store : Store
        The library.
    records : numpy.ndarray of RECORD
        In the order of their places.
    songs : sequence of Track
        Imported songs; the first has the number -1.
    """

    def __init__(self, store: Store, records: Records, songs: Sequence[Track]) -> None:
        self._database = store.database
        self._records = records
        self._songs = songs

    def fetch(self, places: Sequence[int]) -> list[Track]:
        rows = self._database.rows(f"{TRACKS} AND {_CHOSEN}", self._wanted(places))
        tracks = {row["id"]: track_from(row) for row in rows}
        return [self._song(number) or self._found(tracks, number) for number in self._numbers(places)]

    def paths(self, places: Sequence[int]) -> list[str]:
        query = f"SELECT f.id, f.path FROM files f WHERE {_CHOSEN}"  # noqa: S608 - words of ours
        paths = dict(self._database.tuples(query, self._wanted(places)))
        return ["" if number < 0 else self._found(paths, number) for number in self._numbers(places)]

    def look(self, places: Sequence[int]) -> Iterator[Track | Glance]:
        for first in range(0, len(places), _AT_ONCE):
            yield from self._look(places[first : first + _AT_ONCE])

    def _look(self, places: Sequence[int]) -> Iterator[Track | Glance]:
        query = f"SELECT {_SEEN} FROM files f WHERE {_CHOSEN}"  # noqa: S608 - columns of ours
        rows = {row[0]: row for row in self._database.tuples(query, self._wanted(places))}
        for number, known in zip(self._numbers(places), _known(self._records[list(places)]), strict=True):
            if number < 0:
                yield self._songs[-1 - number]
            else:
                _, path, audio_hash, *tags = self._found(rows, number)
                yield Glance(path, audio_hash, known[0], GlanceTags._make(tags), *known[1:], number)

    def _numbers(self, places: Sequence[int]) -> list[int]:
        numbers: list[int] = self._records["file_id"][list(places)].tolist()
        return numbers

    def _wanted(self, places: Sequence[int]) -> str:
        return json.dumps([number for number in self._numbers(places) if number >= 0])

    def _song(self, number: int) -> Track | None:
        return self._songs[-1 - number] if number < 0 else None

    def _found(self, known: Mapping[int, _Known], number: int) -> _Known:
        if number not in known:
            msg = f"the library {self._database.path} was changed while it was read: try again"
            raise LibraryError(msg)
        return known[number]


def _known(records: Records) -> Iterator[tuple[float, GlanceBeat, GlanceOverride]]:
    tempi = (None if math.isnan(bpm) else bpm for bpm in records["tempo_bpm"].tolist())
    others = (records[name].tolist() for name in ("confidence", "level_db", "energy"))
    said = map(GlanceOverride, records["settled"].tolist(), records["ignored"].tolist())
    return zip(records["duration_s"].tolist(), map(GlanceBeat, tempi, *others), said, strict=True)


def _stock(store: Store, *, imported: bool) -> Stock:
    rows = store.database.tuples("SELECT audio_hash, facts FROM shelf ORDER BY audio_hash, copy")
    hashes = [row[0] for row in rows]
    records = records_from(row[1] for row in rows)
    songs = _songs_beside(store, records) if imported else []
    if songs:
        added = records_of(songs)
        added["file_id"] = -1 - np.arange(len(songs))
        hashes += [song.audio_hash for song in songs]
        records = np.concatenate([records, added])
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        hashes, records = [hashes[at] for at in order], records[order]
    return Stock(hashes, records, _InLibrary(store, records, songs))


def _songs_beside(store: Store, files: Records) -> list[Track]:
    """Return the imported songs that are not there as files too: what `not_among_files` says."""
    songs = [track_of(key, song) for key, song in SongBook(store).songs().items()]
    if not songs:
        return []
    files = files[~np.isnan(files["tempo_bpm"]) | files["ignored"]]
    words = records_of(songs)["words"]
    named = files[np.isin(files["words"], words)]
    lengths: dict[int, list[float]] = defaultdict(list)
    for number, length in zip(named["words"].tolist(), named["duration_s"].tolist(), strict=True):
        lengths[number].append(length)
    taken = _isrcs(store, files) if any(song.tags.isrc for song in songs) else set()
    return [
        song
        for song, number in zip(songs, words.tolist(), strict=True)
        if taken.isdisjoint(isrcs_of(song.tags))
        and not any(abs(length - song.duration_s) <= NEAR_S for length in lengths[number])
    ]


def _isrcs(store: Store, files: Records) -> set[str]:
    ids = set(files["file_id"].tolist())
    rows = store.database.tuples("SELECT id, isrc FROM files WHERE isrc IS NOT NULL")
    return {code for number, text in rows if number in ids for code in isrcs_of(Tags(isrc=text))}
