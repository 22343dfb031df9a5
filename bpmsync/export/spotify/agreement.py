"""Whether a song and a catalogue track are the same version of a song (pure).

Titles say it first; where they say nothing, the names of the albums do. A remix is told from
another by who made it, a concert by where and when it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.export.spotify.names import Likeness, artists_alike, artists_in, likeness
from bpmsync.export.spotify.spelling import plain
from bpmsync.export.spotify.versions import album_versions, imitation_versions

if TYPE_CHECKING:
    from bpmsync.export.spotify.readings import Reading
    from bpmsync.export.spotify.values import CatalogueTrack, Song
    from bpmsync.export.spotify.versions import TitleParts

__all__ = ["Doubt", "guests_alike", "version_doubt"]

_LIVE_WITHOUT_ALBUM_S = 1.0
# Kinds that the same ISRC and length outweigh: cuts of one recording, and what is merely not said
_OUTWEIGHED = frozenset({"radio edit", "extended", "version", "album", "unsaid"})
_YEAR = re.compile(r"(?:19|20)?(\d\d)")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against two titles being the same version.

    Parameters
    ----------
    kinds : frozenset of str
        Which kinds of version only one of the two is, or "place", "name", "part", "guests" where
        the words beside them differ; "album" and "unsaid" where it is only not said.
    words : str
        The same for a person.
    """

    kinds: frozenset[str]
    words: str

    @property
    def outweighed(self) -> bool:
        """Whether the same ISRC and the same length are stronger."""
        return self.kinds <= _OUTWEIGHED


def version_doubt(
    song: Song,
    reading: Reading,
    track: CatalogueTrack,
    theirs: TitleParts,
    *,
    same_album: bool,
    gap_s: float | None,
) -> Doubt | None:
    """Return what speaks against a track being the version that the song is; None: nothing.

    Parameters
    ----------
    song, reading
        The song, and how its tags are read.
    track, theirs
        The candidate, and its title taken apart.
    same_album : bool
        Whether both are on one album.
    gap_s : float or None
        How far the lengths are apart.
    """
    ours = reading.parts
    if ours.part != theirs.part:
        return Doubt(frozenset({"part"}), f"{_part(ours)} against {_part(theirs)}")
    if guests_alike(reading, theirs, track) is Likeness.OTHER:
        return Doubt(frozenset({"guests"}), "it names other guests")
    if doubt := _kind_doubt(song, reading, track, theirs):
        return doubt
    if "live" in ours.versions | _kinds_of(song.album):
        return _concert_doubt(song, track, ours, theirs, same_album=same_album, gap_s=gap_s)
    return _name_doubt(ours, theirs)


def _kind_doubt(song: Song, reading: Reading, track: CatalogueTrack, theirs: TitleParts) -> Doubt | None:
    """Return what kind of version only one of the two is, by their titles, albums and artists."""
    ours = reading.parts
    imitated = frozenset().union(*map(imitation_versions, track.artists))
    imitated -= imitation_versions(reading.artist or "") | theirs.versions
    if imitated:
        return Doubt(imitated, f"the artist's name says {_quoted(imitated)}")
    our_album, their_album = _kinds_of(song.album), _kinds_of(track.album)
    if ours.versions == theirs.versions or plain(reading.title) == plain(track.title):
        apart = (our_album ^ their_album) - (ours.versions | theirs.versions)
        return Doubt(frozenset({"album"}), f"one of the albums is {_quoted(apart)}") if apart else None
    mine, other = ours.versions | our_album, theirs.versions | their_album
    if mine == other:
        return None
    words = f"this is {_quoted(other - mine)}" if other - mine else f"your file is {_quoted(mine - other)}"
    return Doubt(mine ^ other, f"{words}, the other does not say so")


def _part(parts: TitleParts) -> str:
    return f"part {parts.part}" if parts.part else "no part"


def _quoted(kinds: frozenset[str]) -> str:
    return " and ".join(f'"{kind}"' for kind in sorted(kinds))


def _kinds_of(album: str | None) -> frozenset[str]:
    return album_versions(album) if album else frozenset()


def guests_alike(reading: Reading, theirs: TitleParts, track: CatalogueTrack) -> Likeness:
    """Return SAME for the same guests, NEAR where one side names none, OTHER where they differ."""
    credited = [plain(name) for name in track.artists]
    ours = [*map(plain, reading.parts.guests), *artists_in(reading.artist)[1:]]
    named = [*map(plain, theirs.guests), *credited[1:]]
    if not ours and not named:
        return Likeness.SAME
    if not ours or not named:
        return Likeness.NEAR
    alike = artists_alike(ours, [*named, *credited[:1]])
    if alike >= Likeness.MISSPELT:
        return Likeness.SAME
    # Two names in one artist tag need not be guests: a title must say so.
    told = reading.parts.guests and (theirs.guests or credited[1:])
    return Likeness.OTHER if told and alike is not Likeness.UNREADABLE else Likeness.NEAR


def _concert_doubt(
    song: Song,
    track: CatalogueTrack,
    ours: TitleParts,
    theirs: TitleParts,
    *,
    same_album: bool,
    gap_s: float | None,
) -> Doubt | None:
    """Return what speaks against two live takes being from the same concert."""
    mine, other = set(ours.details), set(theirs.details)
    if _years(mine) and _years(other) and not _years(mine) & _years(other):
        return Doubt(frozenset({"place"}), "it was played in another year")
    if mine and other:
        smaller, greater = sorted((mine, other), key=len)
        shared = sum(artists_alike([word], greater) >= Likeness.MISSPELT for word in smaller)
        return None if 2 * shared > len(smaller) else Doubt(frozenset({"place"}), "it was played elsewhere")
    # What one title says of the place may be the name of the other's album.
    told = (other and other <= set(plain(song.album or "").split())) or (
        mine and mine <= set(plain(track.album).split())
    )
    near = not (mine or other or song.album) and gap_s is not None and gap_s <= _LIVE_WITHOUT_ALBUM_S
    if same_album or told or near:
        return None
    return Doubt(frozenset({"unsaid"}), "it may be another concert")


def _years(words: set[str]) -> set[str]:
    return {found[1] for word in words if (found := _YEAR.fullmatch(word))}


def _name_doubt(ours: TitleParts, theirs: TitleParts) -> Doubt | None:
    """Return what speaks against two remixes (or the like) being by the same hand."""
    mine, other = ours.details - {"dj"}, theirs.details - {"dj"}
    names = " ".join(sorted(mine)), " ".join(sorted(other))
    if mine == other or (all(names) and likeness(*names) >= Likeness.MISSPELT):
        return None
    kind = frozenset({"name"}) if all(names) else frozenset({"unsaid"})
    return Doubt(
        kind, f"another {_quoted(ours.versions)}: {names[0] or 'no name'} against {names[1] or 'no name'}"
    )
