"""Songs that are no files: what a person said about them, and how they look to a planner.

A tempo that a person gives is all that is known of such a song: its beats are evenly spaced and
counted from 0, and where in the music they really lie is not known. So it can be planned and
pushed to a streaming service, and nothing that needs the moment of a beat may use it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.errors import ParameterError
from bpmsync.library.addresses import is_track_uri
from bpmsync.library.track import Tags, Track
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CONFIDENCE",
    "ENGINE",
    "NEAR_S",
    "ImportedSong",
    "SongIndex",
    "field_problem",
    "is_song_key",
    "isrcs_of",
    "not_among_files",
    "plain_words",
    "song_key",
    "track_of",
]

ENGINE = "imported"
# Planned, and behind a beat that was found in the music itself: nobody has heard this one
CONFIDENCE = 0.8
_VERSION = "1"
_KEY_MARK = "import:"
_KEY_BYTES = 16
# Lengths of one song, as two lists give them, are no further apart
NEAR_S = 2.0
_LONGEST_TEXT = 1000
_RANGES = {"bpm": (30.0, 400.0), "duration_s": (1.0, 24 * 3600.0), "confidence": (0.0, 1.0)}
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportedSong:
    """A song as a person described it.

    Parameters
    ----------
    title, artist : str
        Neither is empty.
    duration_s : float
        1 second to 24 hours.
    bpm : float
        30 to 400 beats per minute.
    confidence : float
        How far the tempo is to be trusted, 0 to 1.
    album : str or None
        For finding the right version.
    isrc : str or None
        Identity of the recording: 12 capital letters and digits.
    uri : str or None
        ``spotify:track:`` and 22 letters and digits.

    Raises
    ------
    ParameterError
        If a value is outside its domain.
    """

    title: str
    artist: str
    duration_s: float
    bpm: float
    confidence: float = CONFIDENCE
    album: str | None = None
    isrc: str | None = None
    uri: str | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            problem = field_problem(item.name, getattr(self, item.name))
            if problem:
                msg = f"{item.name}: {problem}"
                raise ParameterError(msg)

    @property
    def name(self) -> str:
        """Artist - title."""
        return f"{self.artist} - {self.title}"


def field_problem(name: str, value: str | float | None) -> str | None:
    """Return why a value cannot stand in a field of `ImportedSong`, or None if it can."""
    if isinstance(value, str):
        return _text_problem(name, value)
    if value is None:
        return None if name in ("album", "isrc", "uri") else "it is missing"
    low, high = _RANGES[name]
    if low <= value <= high:
        return None
    if name == "duration_s":
        return f"{value:g} s is not from 1 s to 24 hours (is that in milliseconds? Then call it duration_ms)"
    return f"{value:g} is not from {low:g} to {high:g}"


def _text_problem(name: str, text: str) -> str | None:
    if not text.strip():
        return "it is missing"
    if len(text) > _LONGEST_TEXT:
        return f"a text of {len(text)} characters is no name"
    if name == "isrc" and not _ISRC.fullmatch(text):
        return f"{text!r} is no ISRC: 12 letters and digits, as in GBAYE0601498"
    if name == "uri" and not is_track_uri(text):
        return f"{text!r} is no Spotify track: give the address that Spotify's Share copies"
    return None


def is_song_key(text: str) -> bool:
    """Tell whether what stands for an audio hash is the key of an imported song."""
    return text.startswith(_KEY_MARK)


def song_key(song: ImportedSong) -> str:
    """Return the identity of a song that is new: by ISRC, else URI, else name and length."""
    if song.isrc is not None:
        identity = f"isrc:{song.isrc}"
    elif song.uri is not None:
        identity = f"uri:{song.uri}"
    else:
        identity = "\n".join((plain_words(song.artist), plain_words(song.title), f"{song.duration_s:.0f}"))
    return _KEY_MARK + blake2b(identity.encode("utf-8", "replace"), digest_size=_KEY_BYTES).hexdigest()


def plain_words(text: str) -> str:
    """Return a name as it is compared: case, accents' coding and punctuation do not count.

    Examples
    --------
    >>> plain_words("Don't  Stop (Me) NOW!")
    'don t stop me now'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split()
    return " ".join(words) or folded.strip()  # "!!!" is a band


def track_of(key: str, song: ImportedSong) -> Track:
    """Return an imported song as a planner sees it: a track without a file.

    Parameters
    ----------
    key : str
        Its identity, which stands for the hash of the audio.
    song : ImportedSong
        The song.
    """
    interval_s = 60.0 / song.bpm
    count = max(2, int(song.duration_s / interval_s) + 1)
    found = Detection(
        ENGINE,
        _VERSION,
        grid=BeatGrid(np.round(np.arange(count) * interval_s, 6)),
        confidence=song.confidence,
        usable=((0.0, song.duration_s),),
    )
    tags = Tags(title=song.title, artist=song.artist, album=song.album, isrc=song.isrc)
    return Track("", key, song.duration_s, tags, found, uri=song.uri)


@dataclass(frozen=True, slots=True)
class _Named:
    key: str
    song: ImportedSong


class SongIndex:
    """Songs to be found again although something about them has changed.

    Parameters
    ----------
    songs : iterable of (str, ImportedSong)
        Each with its key.
    """

    def __init__(self, songs: Iterable[tuple[str, ImportedSong]] = ()) -> None:
        self._by_key: dict[str, ImportedSong] = {}
        self._by_code: dict[str, str] = {}
        self._by_name: dict[tuple[str, str], list[_Named]] = {}
        for key, song in songs:
            self.put(key, song)

    def put(self, key: str, song: ImportedSong) -> None:
        """Take a song in; one with the same key is replaced."""
        before = self._by_key.pop(key, None)
        if before is not None:
            for code in (before.isrc, before.uri):
                if code is not None and self._by_code.get(code) == key:
                    del self._by_code[code]
            self._by_name[_name(before)].remove(_Named(key, before))
        self._by_key[key] = song
        for code in (song.isrc, song.uri):
            if code is not None:
                self._by_code.setdefault(code, key)
        self._by_name.setdefault(_name(song), []).append(_Named(key, song))

    def find(self, song: ImportedSong) -> str | None:
        """Return the key of the same song, or None.

        The same ISRC or the same URI; else the same artist and title, lengths 2 s apart at
        most, where neither ISRC nor URI says that they are two.
        """
        for code in (song.isrc, song.uri):
            if code is not None and code in self._by_code:
                return self._by_code[code]
        for named in self._by_name.get(_name(song), []):
            near = abs(named.song.duration_s - song.duration_s) <= NEAR_S
            if near and not _contradict(named.song, song):
                return named.key
        key = song_key(song)
        return key if key in self._by_key else None

    def get(self, key: str) -> ImportedSong | None:
        """Return the song of a key, or None."""
        return self._by_key.get(key)


def not_among_files(songs: Iterable[Track], files: Iterable[Track]) -> list[Track]:
    """Return the imported songs that are not in the library as files too: the file wins.

    The same song has the same ISRC, or the same artist and title and lengths 2 s apart at
    most. A file in which no beat was found cannot be planned and takes nobody's place, unless
    a person said never to use it.
    """
    isrcs: set[str] = set()
    lengths: dict[tuple[str, str], list[float]] = {}
    for file in files:
        if file.grid is None and not file.override.ignore:
            continue
        isrcs.update(isrcs_of(file.tags))
        lengths.setdefault(_track_name(file), []).append(file.duration_s)
    return [
        song
        for song in songs
        if isrcs.isdisjoint(isrcs_of(song.tags))
        and not any(abs(length - song.duration_s) <= NEAR_S for length in lengths.get(_track_name(song), []))
    ]


def isrcs_of(tags: Tags) -> set[str]:
    """Return every ISRC of a song, as 12 letters and digits."""
    parts = (tags.isrc or "").upper().replace("-", "").split(";")
    return {part.strip() for part in parts} - {""}


def _track_name(track: Track) -> tuple[str, str]:
    return plain_words(track.tags.artist or ""), plain_words(track.tags.title or "")


def _name(song: ImportedSong) -> tuple[str, str]:
    return plain_words(song.artist), plain_words(song.title)


def _contradict(one: ImportedSong, other: ImportedSong) -> bool:
    pairs = ((one.isrc, other.isrc), (one.uri, other.uri))
    return any(a is not None and b is not None and a != b for a, b in pairs)
