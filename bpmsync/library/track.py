"""A song of the library as the planner sees it (pure values: no database, no audio).

`Tags` are what the file says, a `Detection` what a machine found, an `Override` what a
person said. A `Track` is the three together, the override already applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bpmsync.beats.detection import Constraint, Detection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from bpmsync.timeline.grid import BeatGrid

__all__ = ["Override", "Tags", "Track"]


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a file; every one may be absent.

    Parameters
    ----------
    title, artist, album, album_artist, genre, isrc, key, musicbrainz_recording_id : str or None
        Text as tagged; several values are joined with "; ".
    track_number, disc_number, year : int or None
        Whole numbers, 0 or less counting as absent.
    bpm : float or None
        As tagged, beats per minute.
    replaygain_track_gain_db : float or None
        ReplayGain 2 track gain, dB.
    rating : float or None
        0 to 1.
    explicit : bool or None
        Advisory flag.
    other : mapping of str to str
        All remaining text tags.
    """

    title: str | None = None
    artist: str | None = None
    album: str | None = None
    album_artist: str | None = None
    track_number: int | None = None
    disc_number: int | None = None
    genre: str | None = None
    year: int | None = None
    isrc: str | None = None
    bpm: float | None = None
    key: str | None = None
    replaygain_track_gain_db: float | None = None
    rating: float | None = None
    explicit: bool | None = None
    musicbrainz_recording_id: str | None = None
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Override:
    """What a person said about one recording.

    Parameters
    ----------
    constraint : Constraint
        Tempo and phase that the tracker has to keep to.
    beats : BeatGrid, optional
        A hand-made grid, used as it is.
    ignore : bool
        Never plan this recording.
    """

    constraint: Constraint = field(default_factory=Constraint)
    beats: BeatGrid | None = None
    ignore: bool = False

    __hash__ = None  # type: ignore[assignment]  # may hold a grid

    def __bool__(self) -> bool:
        return bool(self.constraint) or self.beats is not None or self.ignore

    @property
    def settles_beat(self) -> bool:
        """Whether a person said where the beat is, so that a machine's doubt no longer counts."""
        return bool(self.constraint) or self.beats is not None


@dataclass(frozen=True, slots=True)
class Track:
    """One file of the library, or an imported song without a file.

    Parameters
    ----------
    path : str
        Absolute, as found; empty for an imported song.
    audio_hash : str
        Of the audio packets: the recording's identity, whatever its name and tags. An imported
        song has a key of its own instead.
    duration_s : float
        Length in seconds.
    tags : Tags
        What the file says.
    detection : Detection
        With the override applied.
    override : Override
        What a person said; falsy where nothing.
    id : int or None
        The number shown in tables, None outside a library.
    uri : str or None
        The Spotify track that an import named for it.
    """

    path: str
    audio_hash: str
    duration_s: float
    tags: Tags
    detection: Detection
    override: Override = field(default_factory=Override)
    id: int | None = None
    uri: str | None = None

    __hash__ = None  # type: ignore[assignment]  # holds a grid

    @property
    def grid(self) -> BeatGrid | None:
        """The beat grid in force, or None."""
        return self.detection.grid

    @property
    def has_file(self) -> bool:
        """Whether there is a file to play; of an imported song only the tempo is known."""
        return bool(self.path)

    @property
    def name(self) -> str:
        """Artist - title, or the file's name where a tag is missing."""
        stem = self.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        title = self.tags.title or stem
        return f"{self.tags.artist} - {title}" if self.tags.artist else title

    def spm(self, steps_per_beat: Fraction) -> float | None:
        """Return the step tempo at a number of steps per beat, or None without a beat."""
        bpm = self.detection.tempo_bpm
        # spm [steps/min] = bpm [beats/min] * steps per beat
        return None if bpm is None else bpm * float(steps_per_beat)
