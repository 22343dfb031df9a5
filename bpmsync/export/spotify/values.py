"""What passes between the parts of the Spotify exporter (pure values: no network).

A *song* is what we want, known from the user's files; a *catalogue track* is what Spotify
has; a *match* says how far the two are the same recording. Durations are in seconds.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpmsync.library.track import Track

__all__ = ["Account", "CatalogueTrack", "Grade", "Match", "PlaylistInfo", "Row", "Song", "song_of"]


@dataclass(frozen=True, slots=True)
class Song:
    """What is looked for.

    Parameters
    ----------
    key : str
        Identity of the recording, under which answers are remembered: its audio hash.
    title : str
        As tagged, or the file's name.
    duration_s : float
        Length in seconds.
    artist, album, isrc : str or None
        As tagged.
    uri : str or None
        The Spotify track that an import named for it.
    """

    key: str
    title: str
    duration_s: float
    artist: str | None = None
    album: str | None = None
    isrc: str | None = None
    uri: str | None = None

    @property
    def name(self) -> str:
        """Artist - title, or the title alone."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


@dataclass(frozen=True, slots=True)
class CatalogueTrack:
    """One track of Spotify's catalogue.

    Parameters
    ----------
    uri : str
        ``spotify:track:`` and 22 letters and digits.
    title : str
        With the version words that Spotify puts there ("- Live at ...").
    artists : tuple of str
        In Spotify's order, the main one first.
    album : str
        Name of the album, single or compilation.
    duration_s : float
        Length in seconds.
    isrc : str or None
        Identity of the recording, where Spotify tells it.
    """

    uri: str
    title: str
    artists: tuple[str, ...]
    album: str
    duration_s: float
    isrc: str | None = None

    @property
    def name(self) -> str:
        """Artists - title."""
        return f"{', '.join(self.artists)} - {self.title}" if self.artists else self.title


class Grade(enum.StrEnum):
    """How far a catalogue track is the recording that was looked for.

    Only EXACT and SURE are pushed without a person's word.
    """

    EXACT = "exact"
    SURE = "sure"
    ASK = "ask"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Match:
    """The best that was found for a song, and why it is trusted that far.

    Parameters
    ----------
    song : Song
        What was looked for.
    grade : Grade
        How far `found` is that recording.
    reason : str
        Why this grade, in words for the person.
    found : CatalogueTrack or None
        None at grade NONE where nothing came near.
    others : tuple of CatalogueTrack
        Further candidates worth showing to a person, best first.
    """

    song: Song
    grade: Grade
    reason: str
    found: CatalogueTrack | None = None
    others: tuple[CatalogueTrack, ...] = ()

    @property
    def pushed(self) -> bool:
        """Whether it may go into a playlist."""
        return self.found is not None and self.grade in (Grade.EXACT, Grade.SURE)


@dataclass(frozen=True, slots=True)
class Account:
    """Who is logged in."""

    id: str
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class PlaylistInfo:
    """A playlist without its rows.

    Parameters
    ----------
    id, name, description : str
        As Spotify has them; descriptions come back with HTML entities resolved.
    owner_id : str
        Whose it is: only the owner (or a collaborator) may read and change the rows.
    public : bool or None
        Shown on the owner's profile; never a protection.
    total : int
        Number of rows.
    url : str
        The address to open.
    """

    id: str
    name: str
    description: str
    owner_id: str
    public: bool | None
    total: int
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a playlist.

    Parameters
    ----------
    uri : str or None
        None where the track is gone from the catalogue.
    title : str
        For messages; may be empty.
    is_local : bool
        A file on the owner's computer: it cannot be put back once it is removed.
    """

    uri: str | None
    title: str = ""
    is_local: bool = False

    @property
    def restorable(self) -> bool:
        """Whether the row could be added again through the Web API."""
        return self.uri is not None and not self.is_local and not self.uri.startswith("spotify:local:")


def song_of(track: Track) -> Song:
    """Return the song that a track of the library or of a plan is."""
    tags = track.tags
    title = tags.title or track.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return Song(
        key=track.audio_hash,
        title=title,
        duration_s=track.duration_s,
        artist=tags.artist,
        album=tags.album,
        isrc=tags.isrc,
        uri=track.uri,
    )
