"""A catalogue made from a folder of music: each song as it is, and versions that are not it.

As in the real one, a track's length differs by some tenths of a second from the file's, and
some recordings are there under another ISRC than the file's, so that every kind of search is
needed to find them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.library.analysis import identify_file
from bpmsync.library.songcsv import read_songs
from bpmsync.library.track import Tags
from bpmsync.library.walk import find_music

from .catalogue import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["demo_catalogue", "listed_catalogue", "versions_of"]

_SHORTEST_S = 5.0
_OTHER_ISRC_EVERY = 4


def demo_catalogue(music: Path) -> Iterator[Recording]:
    """Yield the songs below a folder that have a title and an artist, each with its decoys."""
    number = 0
    for found in find_music([music]):
        file = identify_file(str(found.path))
        tags, duration_s = file.tags, file.duration_s
        if tags and tags.title and tags.artist and duration_s and duration_s > _SHORTEST_S:
            number += 1
            yield from versions_of(tags, duration_s, number)


def listed_catalogue(songs: Path) -> Iterator[Recording]:
    """Yield the songs of a CSV file as `bpmsync import` reads it, each with its decoys."""
    for number, row in enumerate(read_songs(songs.read_bytes()).songs, start=1):
        song = row.song
        tags = Tags(title=song.title, artist=song.artist, album=song.album, isrc=song.isrc)
        yield from versions_of(tags, song.duration_s, number)


def versions_of(tags: Tags, duration_s: float, number: int) -> Iterator[Recording]:
    """Yield the recording that a file is, and five that share its name."""
    title, artist, album = tags.title or "", tags.artist or "", tags.album or tags.title or ""
    year = tags.year or 2025
    isrc = None if number % _OTHER_ISRC_EVERY == 0 else tags.isrc
    shift_s = (number * 37 % 100 - 50) / 100  # up to half a second, both ways

    def version(name: str, length: float, *, by: tuple[str, ...], on: str) -> Recording:
        return Recording(title=name, artists=by, album=on, year=year, duration_s=duration_s * length)

    yield Recording(
        title=title,
        artists=(artist,),
        album=album,
        year=year,
        isrc=isrc,
        duration_s=duration_s + shift_s,
        popularity=40,
    )
    yield version(f"{title} - Live at the Old Pier", 1.14, by=(artist,), on=f"{artist} Live")
    yield version(f"{title} - Night Tram Remix", 1.31, by=(artist, "Night Tram"), on=f"{title} (Remixes)")
    yield version(f"{title} - Radio Edit", 0.83, by=(artist,), on=f"{title} (Radio Edit)")
    yield version(f"{title} - Sped Up", 0.8, by=(artist,), on=f"{title} (Sped Up)")
    karaoke = f"{title} (Karaoke Version) [Originally Performed by {artist}]"
    yield version(karaoke, 1.01, by=("Sing It Yourself",), on="Karaoke Evening")
