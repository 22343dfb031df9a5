"""What speaks for and against one catalogue track being a song (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.export.spotify.agreement import Doubt, guests_alike, version_doubt
from bpmsync.export.spotify.names import Likeness, artists_in, likeness, likeness_of_artists
from bpmsync.export.spotify.readings import isrcs_in, readings_of
from bpmsync.export.spotify.spelling import plain
from bpmsync.export.spotify.versions import split_title
from bpmsync.export.spotify.works import credits_composer, performer_agrees, work_in, works_alike

if TYPE_CHECKING:
    from bpmsync.export.spotify.readings import Reading
    from bpmsync.export.spotify.values import CatalogueTrack, Song
    from bpmsync.export.spotify.versions import TitleParts

__all__ = ["Evidence", "evidence_for"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against a catalogue track.

    Parameters
    ----------
    track : CatalogueTrack
        The candidate.
    title : Likeness
        Of the names of the songs, version words apart.
    artist : Likeness or None
        None where the song names no artist.
    gap_s : float or None
        How far the lengths are apart; None where one is not known.
    isrc, album : bool
        Whether they are known and the same.
    doubt : Doubt or None
        What the version words have against it.
    guests : bool
        Whether the same guests are named.
    neutral : bool
        Whether the candidate's title carries words such as "Remastered".
    """

    track: CatalogueTrack
    title: Likeness
    artist: Likeness | None
    gap_s: float | None
    isrc: bool
    album: bool
    doubt: Doubt | None = None
    guests: bool = False
    neutral: bool = False

    @property
    def named(self) -> bool:
        """Whether it bears the song's title and artist."""
        return self.title >= Likeness.MISSPELT and (self.artist or Likeness.OTHER) >= Likeness.MISSPELT

    @property
    def rank(self) -> tuple[float, ...]:
        """Of two tracks of the same grade the greater one is the better, before their lengths."""
        return (self.album, self.isrc, self.doubt is None, self.guests, self.title, self.artist or 0)


def evidence_for(song: Song, track: CatalogueTrack, composers: frozenset[str]) -> Evidence:
    """Return what speaks for and against a track, in the reading of the tags that fits it best.

    Parameters
    ----------
    song : Song
        What is looked for.
    track : CatalogueTrack
        The candidate.
    composers : frozenset of str
        Plain names of artists who are known to be composers here.
    """
    found = [_evidence(song, reading, track, composers) for reading in readings_of(song)]
    if found:
        return max(found, key=lambda evidence: (min(evidence.title, evidence.artist or 0), *evidence.rank))
    return Evidence(
        track=track,
        title=Likeness.OTHER,
        artist=_artist(song.artist, track),
        gap_s=_gap(song, track),
        isrc=_same_isrc(song, track),
        album=_same_album(song, track),
    )


def _evidence(song: Song, reading: Reading, track: CatalogueTrack, composers: frozenset[str]) -> Evidence:
    theirs = split_title(track.title)
    title, artist = _title(reading, theirs, track), _artist(reading.artist, track)
    our_work, their_work = work_in(reading.parts.base), work_in(theirs.base)
    if our_work and their_work:
        title = works_alike(our_work, their_work)
    if (our_work and their_work) or credits_composer(track):
        artist = performer_agrees(song, reading.artist, track, composers) if artist is not None else None
    album, gap_s = _same_album(song, track), _gap(song, track)
    return Evidence(
        track=track,
        title=title,
        artist=artist,
        gap_s=gap_s,
        isrc=_same_isrc(song, track),
        album=album,
        doubt=version_doubt(song, reading, track, theirs, same_album=album, gap_s=gap_s),
        guests=guests_alike(reading, theirs, track) is Likeness.SAME,
        neutral=theirs.neutral,
    )


def _title(reading: Reading, theirs: TitleParts, track: CatalogueTrack) -> Likeness:
    if plain(reading.title) == plain(track.title):
        return Likeness.SAME
    return max(likeness(our, their) for our in reading.parts.names for their in theirs.names)


def _artist(artist: str | None, track: CatalogueTrack) -> Likeness | None:
    return likeness_of_artists(artist, track.artists) if artist and artists_in(artist) else None


def _gap(song: Song, track: CatalogueTrack) -> float | None:
    lengths = (song.duration_s, track.duration_s)
    return abs(lengths[0] - lengths[1]) if all(math.isfinite(s) and s > 0 for s in lengths) else None


def _same_isrc(song: Song, track: CatalogueTrack) -> bool:
    return not set(isrcs_in(song.isrc)).isdisjoint(isrcs_in(track.isrc))


def _same_album(song: Song, track: CatalogueTrack) -> bool:
    """Compare albums without what is said in brackets ("Deluxe Edition")."""
    if not song.album or not track.album:
        return False
    return likeness(split_title(song.album).base, split_title(track.album).base) >= Likeness.TRANSLITERATED
