"""All of the music at a glance: what planning asks of each track, as columns.

A library of 100,000 songs is looked through in milliseconds this way; the tracks themselves,
with all their beats, are fetched for the few that a plan comes down to.
Copies of one recording count once: files with the same sound, and files that say they are the
same song (title, artist, album) and are equally long, as an MP3 beside its FLAC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import FloatArray, IntArray
    from bpmsync.timeline.grid import BeatGrid

__all__ = ["Facts", "Shelf", "facts_of", "is_spoken", "unsteadiness", "usable_share"]

# Tempo is judged over this many beats: a single interval also holds the tracker's jitter
_TEMPO_SPAN_BEATS = 4
# An encoder adds some padding, another pressing of a song far more
_SAME_LENGTH_S = 1.0
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
    odd : bool
        Whether bars have an odd number of beats.
    """

    tempo_bpm: float = float("nan")
    unsteady_bpm: float = 0.0
    clear_s: float = 0.0
    steady_s: float = 0.0
    odd: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Shelf:
    """Tracks as columns, one row a recording, in the order of their audio hash.

    Parameters
    ----------
    audio_hash : tuple of str
        What tells the recordings apart.
    duration_s, tempo_bpm, unsteady_bpm, clear_s, steady_s : numpy.ndarray
        As in `Facts`, and the length of the file.
    confidence, level_db, energy : numpy.ndarray
        As in `Detection`.
    odd, settled, ignored, spoken, has_file : numpy.ndarray of bool
        An odd number of beats a bar; a person said where the beat is; never to be used; no
        music but speech; not an imported song.
    artist, album : numpy.ndarray of int64
        Equal for one name; -1 where there is none.
    fetch : callable
        Returns the tracks of some rows, in the order asked for.
    """

    audio_hash: tuple[str, ...]
    duration_s: FloatArray
    tempo_bpm: FloatArray
    unsteady_bpm: FloatArray
    clear_s: FloatArray
    steady_s: FloatArray
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
    fetch: Callable[[Sequence[int]], list[Track]]

    def __len__(self) -> int:
        return len(self.audio_hash)

    @classmethod
    def of(cls, tracks: Iterable[Track]) -> Shelf:
        """Return a shelf of tracks, given in any order; copies of a recording count once."""
        every = _one_of_each(tracks)
        known = [facts_of(track) for track in every]
        return cls(
            audio_hash=tuple(track.audio_hash for track in every),
            duration_s=_floats(track.duration_s for track in every),
            tempo_bpm=_floats(fact.tempo_bpm for fact in known),
            unsteady_bpm=_floats(fact.unsteady_bpm for fact in known),
            clear_s=_floats(fact.clear_s for fact in known),
            steady_s=_floats(fact.steady_s for fact in known),
            confidence=_floats(track.detection.confidence for track in every),
            level_db=_floats(track.detection.level_db for track in every),
            energy=_floats(track.detection.energy for track in every),
            odd=_flags(fact.odd for fact in known),
            settled=_flags(track.override.settles_beat for track in every),
            ignored=_flags(track.override.ignore for track in every),
            spoken=_flags(is_spoken(track) for track in every),
            has_file=_flags(track.has_file for track in every),
            artist=numbered([track.tags.artist for track in every]),
            album=numbered([track.tags.album for track in every]),
            fetch=lambda rows: [every[row] for row in rows],
        )

    def chosen(self, rows: IntArray) -> Shelf:
        """Return some of the rows, which have to be in order."""
        columns = {
            field.name: getattr(self, field.name)[rows]
            for field in fields(self)
            if field.name not in {"audio_hash", "fetch"}
        }
        fetch = self.fetch
        return replace(
            self,
            audio_hash=tuple(self.audio_hash[row] for row in rows.tolist()),
            fetch=lambda wanted: fetch([int(rows[row]) for row in wanted]),
            **columns,
        )


def facts_of(track: Track) -> Facts:
    """Return what planning asks of a track."""
    grid, usable = track.grid, track.detection.usable
    if grid is None:
        return Facts()
    lengths = [max(0.0, min(end, track.duration_s) - start) for start, end in usable]
    return Facts(
        tempo_bpm=grid.tempo_bpm,
        unsteady_bpm=unsteadiness(grid),
        clear_s=sum(lengths),
        steady_s=max(lengths, default=0.0),
        odd=grid.beats_per_bar is not None and grid.beats_per_bar % 2 == 1,
    )


def unsteadiness(grid: BeatGrid) -> float:
    """Return how far the local tempo strays from its median: time-weighted rms, in BPM."""
    span = min(_TEMPO_SPAN_BEATS, len(grid) - 1)
    seconds = grid.beats[span:] - grid.beats[:-span]
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


def numbered(names: Sequence[str | None]) -> IntArray:
    """Return equal numbers for equal names, whatever their case; -1 for none."""
    plain = [(name or "").casefold().strip() for name in names]
    numbers = {name: number for number, name in enumerate(sorted(set(plain) - {""}))}
    return np.array([numbers.get(name, -1) for name in plain], dtype=np.int64)


def _one_of_each(tracks: Iterable[Track]) -> list[Track]:
    """Pick one track of each recording: of copies the first by path, of files alike the surest beat."""
    by_hash: dict[str, Track] = {}
    for track in tracks:
        known = by_hash.get(track.audio_hash)
        if known is None or track.path < known.path:
            by_hash[track.audio_hash] = track
    by_song: dict[tuple[str, ...], list[Track]] = {}
    for track in by_hash.values():
        tags = track.tags
        named = bool(tags.title and tags.artist)
        song = (tags.title or "", tags.artist or "", tags.album or "") if named else (track.audio_hash,)
        by_song.setdefault(tuple(text.casefold().strip() for text in song), []).append(track)
    kept: list[Track] = []
    for alike in by_song.values():
        alike.sort(key=lambda track: (-track.detection.confidence, track.audio_hash))
        chosen: list[Track] = []
        for track in alike:
            if all(abs(track.duration_s - other.duration_s) > _SAME_LENGTH_S for other in chosen):
                chosen.append(track)
        kept += chosen
    return sorted(kept, key=lambda track: track.audio_hash)


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), dtype=np.float64)


def _flags(values: Iterable[bool]) -> np.ndarray:
    return np.array(list(values), dtype=bool)
