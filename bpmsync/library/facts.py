"""What planning asks of each track, worked out once: a short record of numbers.

The library file keeps one record a file, so that planning need not read any beats. Whoever
changes what a record holds, or how it is worked out, raises `FACTS_VERSION`: a library that
holds records of another version works them out again when it is opened.

Names are compared without case, and stand in a record as numbers made from their letters, so
that equal names have equal numbers in every library.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bpmsync.library.imported import plain_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.grid import BeatGrid

__all__ = [
    "FACTS_VERSION",
    "RECORD",
    "UNNAMED",
    "WINDOW_BEATS",
    "Facts",
    "Records",
    "bar_lines",
    "facts_of",
    "is_spoken",
    "last_usable",
    "name_number",
    "record_bytes",
    "records_from",
    "records_of",
    "unsteadiness",
    "usable_share",
]

FACTS_VERSION = 2
UNNAMED = -1

# In one piece, because a hundred thousand rows of single columns take four times as long to read
RECORD = np.dtype(
    [
        ("file_id", "<i8"),
        ("copy", "<i8"),
        ("duration_s", "<f8"),
        ("tempo_bpm", "<f8"),
        ("unsteady_bpm", "<f8"),
        ("clear_s", "<f8"),
        ("steady_s", "<f8"),
        ("slowest_bpm", "<f8"),
        ("fastest_bpm", "<f8"),
        ("longest_s", "<f8"),
        ("confidence", "<f8"),
        ("level_db", "<f8"),
        ("energy", "<f8"),
        ("artist", "<i8"),
        ("album", "<i8"),
        ("song", "<i8"),
        ("words", "<i8"),
        ("odd", "?"),
        ("settled", "?"),
        ("ignored", "?"),
        ("spoken", "?"),
        ("has_file", "?"),
    ]
)
Records: TypeAlias = np.ndarray[Any, np.dtype[np.void]]

# Stretched legs are judged by the tempo over so many beats in a row, before their beats are read
WINDOW_BEATS = 16
_BEATS_AS_A_BAR = 4
# Beats lie on whole microseconds, and so do the borders of what is usable
_TOUCHING_S = 2e-6
# Tempo is judged over this many beats: a single interval also holds the tracker's jitter
_TEMPO_SPAN_BEATS = 4
_SPOKEN = (
    "audiobook",
    "audio book",
    "audio drama",
    "hörbuch",
    "hörspiel",
    "lecture",
    "podcast",
    "radio play",
    "speech",
    "spoken",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What planning asks of one track.

    Parameters
    ----------
    tempo_bpm : float
        Beats per minute; nan without a beat.
    unsteady_bpm : float
        How far the local tempo strays from it: time-weighted rms.
    clear_s, steady_s : float
        Seconds with a clear beat: of the whole file, and in its longest stretch.
    slowest_bpm, fastest_bpm : float
        The lowest and the highest tempo of `WINDOW_BEATS` beats, counted from the first bar line of
        each usable stretch, one such window after another; nan where no stretch has so many.
    longest_s : float
        Seconds from the first bar line of a usable stretch to its last, at the most.
    odd : bool
        Whether bars have an odd number of beats.
    """

    tempo_bpm: float = float("nan")
    unsteady_bpm: float = 0.0
    clear_s: float = 0.0
    steady_s: float = 0.0
    slowest_bpm: float = float("nan")
    fastest_bpm: float = float("nan")
    longest_s: float = 0.0
    odd: bool = False


def facts_of(track: Track) -> Facts:
    """Return what planning asks of a track."""
    grid, usable = track.grid, track.detection.usable
    if grid is None:
        return Facts()
    lengths = [max(0.0, min(end, track.duration_s) - start) for start, end in usable]
    ranges = [_range_in(grid, stretch) for stretch in usable]
    # Seconds of `WINDOW_BEATS` beats
    windows = np.concatenate([np.diff(beats[::WINDOW_BEATS]) for beats in ranges] or [np.zeros(0)])
    return Facts(
        tempo_bpm=grid.tempo_bpm,
        unsteady_bpm=unsteadiness(grid),
        clear_s=sum(lengths),
        steady_s=max(lengths, default=0.0),
        slowest_bpm=60.0 * WINDOW_BEATS / float(windows.max()) if len(windows) else math.nan,
        fastest_bpm=60.0 * WINDOW_BEATS / float(windows.min()) if len(windows) else math.nan,
        longest_s=max((float(beats[-1] - beats[0]) for beats in ranges if len(beats)), default=0.0),
        odd=grid.beats_per_bar is not None and grid.beats_per_bar % 2 == 1,
    )


def bar_lines(grid: BeatGrid, usable: tuple[float, float]) -> IntArray:
    """Return the beats in a usable stretch at which a range of it may begin and end.

    Where bars are not known, every fourth beat from the first usable one takes their place.
    """
    first = int(np.searchsorted(grid.beats, usable[0] - _TOUCHING_S))
    last = last_usable(grid, usable)
    if not len(grid.downbeats):
        return np.arange(first, last + 1, grid.beats_per_bar or _BEATS_AS_A_BAR)
    return grid.downbeats[(grid.downbeats >= first) & (grid.downbeats <= last)]


def last_usable(grid: BeatGrid, usable: tuple[float, float]) -> int:
    """Return the last beat in a usable stretch."""
    return int(np.searchsorted(grid.beats, usable[1] + _TOUCHING_S, side="right")) - 1


def _range_in(grid: BeatGrid, usable: tuple[float, float]) -> FloatArray:
    """Return the beats from the first bar line of a usable stretch to its last."""
    lines = bar_lines(grid, usable)
    return grid.beats[lines[0] : lines[-1] + 1] if len(lines) else grid.beats[:0]


def unsteadiness(grid: BeatGrid) -> float:
    """Return how far the local tempo strays from its median: time-weighted rms, in BPM."""
    span = min(_TEMPO_SPAN_BEATS, len(grid) - 1)
    seconds: FloatArray = grid.beats[span:] - grid.beats[:-span]
    # beats over seconds, times 60 s/min, is a tempo in 1/min
    off = 60.0 * span / seconds - grid.tempo_bpm
    return float(np.sqrt(np.average(off * off, weights=seconds)))


def usable_share(track: Track) -> float:
    """Return the share of the file with a clear beat, 0 to 1."""
    seconds = sum(min(end, track.duration_s) - start for start, end in track.detection.usable)
    return min(1.0, max(0.0, seconds / track.duration_s))


def is_spoken(track: Track) -> bool:
    """Return whether the tags or the file type say that this is speech, not music."""
    genre = (track.tags.genre or "").casefold()
    return any(word in genre for word in _SPOKEN) or track.path.casefold().endswith(".m4b")


def records_of(tracks: Iterable[Track]) -> Records:
    """Return the records of tracks, which come in order of audio hash and then of path.

    Parameters
    ----------
    tracks : iterable of Track
        Of one recording its copies follow one another; they are numbered from 0.
    """
    values: list[tuple[float, ...]] = []
    before, copy = None, 0
    for track in tracks:
        copy = copy + 1 if track.audio_hash == before else 0
        before = track.audio_hash
        values.append(_values(track, copy))
    return np.array(values, dtype=RECORD)


def record_bytes(records: Records) -> list[bytes]:
    """Return each record as the library file holds it."""
    data, size = records.tobytes(), RECORD.itemsize
    return [data[start : start + size] for start in range(0, len(data), size)]


def records_from(parts: Iterable[bytes]) -> Records:
    """Return the records that the library file holds."""
    return np.frombuffer(b"".join(parts), dtype=RECORD)


def name_number(*names: str) -> int:
    """Return a number from 0 to 2^63 - 1 that stands for a name of one or more parts."""
    data = "\0".join(names).encode("utf-8", "replace")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little") >> 1


def _values(track: Track, copy: int) -> tuple[float, ...]:
    facts, found, tags = facts_of(track), track.detection, track.tags
    title, artist, album = (_plain(text) for text in (tags.title, tags.artist, tags.album))
    # As texts were tagged: a title of blanks is one
    named = bool(tags.title and tags.artist)
    words = name_number(plain_words(tags.artist or ""), plain_words(tags.title or ""))
    return (
        track.id or 0,
        copy,
        track.duration_s,
        facts.tempo_bpm,
        facts.unsteady_bpm,
        facts.clear_s,
        facts.steady_s,
        facts.slowest_bpm,
        facts.fastest_bpm,
        facts.longest_s,
        found.confidence,
        found.level_db,
        found.energy,
        name_number(artist) if artist else UNNAMED,
        name_number(album) if album else UNNAMED,
        name_number(title, artist, album) if named else UNNAMED,
        words,
        facts.odd,
        track.override.settles_beat,
        track.override.ignore,
        is_spoken(track),
        track.has_file,
    )


def _plain(text: str | None) -> str:
    return unicodedata.normalize("NFC", text or "").casefold().strip()
