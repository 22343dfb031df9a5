"""What a query asks of a track, without its beats: a hundred thousand take a second or two.

These are named tuples because nothing is made faster; names and units are as in `Track`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Glance", "GlanceBeat", "GlanceOverride", "GlanceTags"]


class GlanceTags(NamedTuple):
    """What a file says, but for the texts that have no field; in the order of `Tags`."""

    title: str | None
    artist: str | None
    album: str | None
    album_artist: str | None
    track_number: int | None
    disc_number: int | None
    genre: str | None
    year: int | None
    isrc: str | None
    bpm: float | None
    key: str | None
    replaygain_track_gain_db: float | None
    rating: float | None
    explicit: bool | None
    musicbrainz_recording_id: str | None


class GlanceBeat(NamedTuple):
    """What is known of the beat, the override applied; no tempo without a beat."""

    tempo_bpm: float | None
    confidence: float
    level_db: float
    energy: float


class GlanceOverride(NamedTuple):
    """Whether a person said something."""

    settles_beat: bool
    ignore: bool

    def __bool__(self) -> bool:
        return self.settles_beat or self.ignore


class Glance(NamedTuple):
    """A file of the library as queries see it; imported songs are always seen as tracks."""

    path: str
    audio_hash: str
    duration_s: float
    tags: GlanceTags
    detection: GlanceBeat
    override: GlanceOverride
    id: int
    has_file: bool = True
