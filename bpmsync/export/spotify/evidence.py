"""What speaks for and against one catalogue track being a song (pure)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.export.spotify import works
from bpmsync.export.spotify.names import Likeness, artists_in, artists_alike, likeness, likeness_of_artists
from bpmsync.export.spotify.readings import isrcs_in, readings_of
from bpmsync.export.spotify.spelling import plain
from bpmsync.export.spotify.versions import album_versions, split_title

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
    doubt : str
        What the version words have against it, in words; "" where they agree.
    foreign : frozenset of str
        Kinds of version that only one of the two is.
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
    doubt: str = ""
    foreign: frozenset[str] = frozenset()
    guests: bool = True
    neutral: bool = False

    @property
    def rank(self) -> tuple[float, ...]:
        """Of two tracks of the same grade the greater one is the better, before their lengths."""
        return (self.album, self.isrc, not self.doubt, self.guests, self.title, self.artist or 0)


def evidence_for(song: Song, track: CatalogueTrack, composers: frozenset[str]) -> Evidence:
    """Return what speaks for and against a track, in the reading of the tags that fits it best."""
    found = [_evidence(song, reading, track, composers) for reading in readings_of(song)]
    if not found:  # no title at all
        return Evidence(
            track, Likeness.OTHER, _artist(song, song.artist, track), _gap(song, track), _same_isrc(song, track),
            _same_album(song, track), guests=False,
        )  # fmt: skip
    # An artist who was only read out of the title must be the right one to count.
    return max(found, key=lambda evidence: (min(evidence.title, evidence.artist or 0), *evidence.rank))


def _evidence(song: Song, reading: Reading, track: CatalogueTrack, composers: frozenset[str]) -> Evidence:
    theirs = split_title(track.title)
    title, artist = _title(reading, theirs, track), _artist(song, reading.artist, track)
    ours_work, their_work = works.work_in(reading.parts.base), works.work_in(theirs.base)
    if ours_work and their_work:
        title = works.works_alike(ours_work, their_work)
        artist = works.performer_agrees(song, reading.artist, track, composers)
    album = _same_album(song, track)
    gap = _gap(song, track)
    doubt, foreign = _version_doubt(song, reading, theirs, track, album=album, gap_s=gap)
    return Evidence(
        track=track,
        title=title,
        artist=artist,
        gap_s=gap,
        isrc=_same_isrc(song, track),
        album=album,
        doubt=doubt,
        foreign=foreign,
        guests=_guests(reading, theirs, track) is Likeness.SAME,
        neutral=theirs.neutral,
    )


def _gap(song: Song, track: CatalogueTrack) -> float | None:
    lengths = (song.duration_s, track.duration_s)
    return abs(lengths[0] - lengths[1]) if all(math.isfinite(s) and s > 0 for s in lengths) else None


def _same_isrc(song: Song, track: CatalogueTrack) -> bool:
    return bool(set(isrcs_in(song.isrc)) & set(isrcs_in(track.isrc)))


def _same_album(song: Song, track: CatalogueTrack) -> bool:
    """Compare albums without what is said in brackets ("Deluxe Edition")."""
    if not song.album or not track.album:
        return False
    return likeness(split_title(song.album).base, split_title(track.album).base) >= Likeness.TRANSLITERATED


def _artist(song: Song, artist: str | None, track: CatalogueTrack) -> Likeness | None:
    if artist is None or not artists_in(artist):
        return None
    if song.artist and artist != song.artist and not artists_in(song.artist):
        return likeness_of_artists(artist, track.artists)
    return likeness_of_artists(artist, track.artists)


def _title(reading: Reading, theirs: TitleParts, track: CatalogueTrack) -> Likeness:
    if plain(reading.title) == plain(track.title):
        return Likeness.SAME
    return max(likeness(our, their) for our in reading.parts.names for their in theirs.names)


def _guests(reading: Reading, theirs: TitleParts, track: CatalogueTrack) -> Likeness:
    """Compare guests: SAME, NEAR where only one side names any, OTHER where they differ."""
    ours = [*map(plain, reading.parts.guests), *artists_in(reading.artist)[1:]]
    credited = [plain(name) for name in track.artists]
    named = [*map(plain, theirs.guests), *credited]
    if not reading.parts.guests:
        if not ours and not theirs.guests and len(credited) < 2:  # noqa: PLR2004 - nobody but the artist
            return Likeness.SAME
        return Likeness.SAME if artists_alike(ours, named[:]) >= Likeness.MISSPELT else Likeness.NEAR
    if artists_alike(ours, named) >= Likeness.MISSPELT:
        return Likeness.SAME
    if artists_alike(ours, named) is Likeness.UNREADABLE or (not theirs.guests and len(credited) < 2):  # noqa: PLR2004
        return Likeness.NEAR
    return Likeness.OTHER


def _version_doubt(
    song: Song,
    reading: Reading,
    theirs: TitleParts,
    track: CatalogueTrack,
    *,
    album: bool,
    gap_s: float | None,
) -> tuple[str, frozenset[str]]:
    """Return what the version words have against a track, and the kinds that only one side is."""
    ours = reading.parts
    if ours.part != theirs.part:
        return f"another part ({_said(ours.part)} and {_said(theirs.part)})", frozenset({"part"})
    if _guests(reading, theirs, track) is Likeness.OTHER:
        return "it names other guests", frozenset({"guests"})
    if plain(reading.title) == plain(track.title) and not _album_kinds(song.album) ^ _album_kinds(
        track.album
    ):
        return _place_doubt(ours, song, track, album=album, gap_s=gap_s), frozenset()
    mine = ours.versions | (_album_kinds(song.album) - ours.versions)
    other = theirs.versions | (_album_kinds(track.album) - theirs.versions)
    if mine - other:
        return f"your file is {_kinds(mine - other)}, this does not say so", mine ^ other
    if other - mine:
        return f"this is {_kinds(other - mine)}, your file does not say so", mine ^ other
    return _detail_doubt(ours, theirs, mine, song, track, album=album, gap_s=gap_s), frozenset()


def _said(part: str | None) -> str:
    return f"part {part}" if part else "none"


def _kinds(kinds: frozenset[str]) -> str:
    return " and ".join(sorted(f'"{kind}"' for kind in kinds))


def _album_kinds(album: str | None) -> frozenset[str]:
    return album_versions(album) if album else frozenset()


def _place_doubt(
    ours: TitleParts, song: Song, track: CatalogueTrack, *, album: bool, gap_s: float | None
) -> str:
    """Doubt two live takes of which nobody says where they were played."""
    live = "live" in ours.versions | _album_kinds(song.album)
    if not live or album or (ours.details and "live" in ours.versions):
        return ""
    if not song.album and gap_s is not None and gap_s <= _LIVE_WITHOUT_ALBUM_S:
        return ""
    return "it may be another concert"


_LIVE_WITHOUT_ALBUM_S = 1.0


def _detail_doubt(
    ours: TitleParts, theirs: TitleParts, kinds: frozenset[str], song: Song, track: CatalogueTrack, *, album: bool,
    gap_s: float | None,
) -> str:  # fmt: skip
    """Return what the words beside the version words have against a track."""
    if not kinds:
        return ""
    if "live" in kinds:
        mine, other = set(ours.details), set(theirs.details)
        if _years_differ(mine, other):
            return "it was played in another year"
        if not mine or not other:
            placed = mine | other
            words = set(plain(f"{song.album or ''} {track.album}").split())
            if album or (placed and placed <= words):
                return ""
            return _place_doubt(ours, song, track, album=album, gap_s=gap_s) if mine == other else (
                "only one of the two says where it was played"
            )  # fmt: skip
        smaller, greater = sorted((mine, other), key=len)
        common = sum(1 for word in smaller if artists_alike([word], greater) >= Likeness.MISSPELT)
        return "" if 2 * common > len(smaller) else "it was played elsewhere"
    mine, other = ours.details - {"dj"}, theirs.details - {"dj"}
    if likeness(" ".join(sorted(mine)), " ".join(sorted(other))) >= Likeness.MISSPELT or mine == other:
        return ""
    return f"another {_kinds(kinds)} ({_listed(mine)} and {_listed(other)})"


def _listed(words: frozenset[str]) -> str:
    return " ".join(sorted(words)) or "no name"


def _years_differ(mine: set[str], other: set[str]) -> bool:
    ours, theirs = (
        {word[-2:] for word in words if re.fullmatch(r"(?:19|20)?\d\d", word)} for words in (mine, other)
    )
    return bool(ours and theirs and not ours & theirs)
