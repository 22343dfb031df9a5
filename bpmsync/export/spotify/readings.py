"""What a song's tags may mean: file names and uploads put more into a title than a title (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bpmsync.export.spotify.names import Likeness, artists_in, likeness_of_artists
from bpmsync.export.spotify.spelling import plain
from bpmsync.export.spotify.versions import TitleParts, split_title

if TYPE_CHECKING:
    from bpmsync.export.spotify.values import Song

__all__ = ["Reading", "isrcs_in", "readings_of"]

_TRACK_NUMBER = re.compile(
    r"\s*(?:\d{1,2}[-.]\d{1,2}[-.)_\s]+|\d{1,3}\s*[-.)_–]+\s*|0\d\s+|[A-D]\d\s*[-.)]\s*)(?=\S)"
)
_SURELY_NUMBER = re.compile(r"\s*(?:0\d|\d{1,3}\s*[-.)_–]+\s)")
_SUFFIX = re.compile(r"\.(?:mp3|m4a|flac|ogg|opus|wav|wma|aiff?)$", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:track|titel|titre|pista|traccia|audio ?track|untitled|unknown|дорожка|トラック)? ?\d*"
)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_BETWEEN = re.compile(r"\s+[-–—]\s*|[-–—]\s+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a song's tags.

    Parameters
    ----------
    title : str
        The title without what a file name adds.
    artist : str or None
        From the tag, or from the title ("Artist - Title"); None where neither names one.
    parts : TitleParts
        What the title consists of.
    guessed : bool
        Whether the artist was read out of the title.
    """

    title: str
    artist: str | None
    parts: TitleParts
    guessed: bool = False


@lru_cache(maxsize=1024)
def readings_of(song: Song) -> tuple[Reading, ...]:
    """Return the ways to read a song's tags, the likeliest first; none without a title.

    Examples
    --------
    >>> from bpmsync.export.spotify.values import Song
    >>> [(r.artist, r.title) for r in readings_of(Song("k", "03_-_The_Owls_-_River", 200.0))][:2]
    [('The Owls', 'River'), (None, 'The Owls - River')]
    """
    artist = song.artist if artists_in(song.artist) else None
    title = _tidy(song.title)
    number = _TRACK_NUMBER.match(title)
    bare = title[number.end() :] if number else title
    texts = [bare, title] if _SURELY_NUMBER.match(title) else [title, bare]
    found: list[Reading] = []
    for text in dict.fromkeys(texts):
        if not _NO_TITLE.fullmatch(plain(text)):
            found += _readings_of_title(text, artist)
    return tuple(dict.fromkeys(found))


def _tidy(title: str) -> str:
    text = _SUFFIX.sub("", title.strip())
    if " " not in text:
        text = text.replace("_", " ")
    return " ".join(re.sub(r"_+", " ", text).split()) or title


def _readings_of_title(title: str, artist: str | None) -> list[Reading]:
    whole = Reading(title, artist, split_title(title))
    pieces = [piece for piece in _BETWEEN.split(title, maxsplit=1) if piece.strip()]
    if len(pieces) < 2:  # noqa: PLR2004 - no "Artist - Title"
        return [whole]
    first, second = pieces
    if artist is None:
        return [
            Reading(second, first, split_title(second), guessed=True),
            whole,
            Reading(first, second, split_title(first), guessed=True),
        ]
    if _names_artist(first, artist):
        return [Reading(second, artist, split_title(second)), whole]
    if _names_artist(second, artist):
        return [Reading(first, artist, split_title(first)), whole]
    return [whole]


def _names_artist(text: str, artist: str) -> bool:
    return likeness_of_artists(artist, [text]) is Likeness.SAME or artists_in(text) == artists_in(artist)


def isrcs_in(tag: str | None) -> tuple[str, ...]:
    """Return the valid ISRCs of a tag, without dashes and blanks.

    Examples
    --------
    >>> isrcs_in("qm-abc-26-00001; QMABC2600002"), isrcs_in("unknown")
    (('QMABC2600001', 'QMABC2600002'), ())
    """
    pieces = re.split(r"[;,/|\x00]", tag or "")
    tidy = (re.sub(r"^ISRC", "", re.sub(r"[\s.:_-]", "", piece.upper())) for piece in pieces)
    return tuple(dict.fromkeys(code for code in tidy if _ISRC.fullmatch(code)))
