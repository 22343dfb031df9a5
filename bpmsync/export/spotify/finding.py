"""From a song to a match: as few searches as needed, and none for what is known already.

The ISRC is asked for first, then title and artist by field, then both as plain words; the first
grade that may be pushed ends it. Answers are remembered: pushable ones for a year, so that a
track that left the catalogue is looked for anew some day; doubts and misses for 30 days, since
the catalogue grows; what a person said for good.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Protocol

from bpmsync.export.spotify.matching import grade_candidates, is_named_among
from bpmsync.export.spotify.names import main_artist
from bpmsync.export.spotify.readings import isrcs_in, readings_of
from bpmsync.export.spotify.spelling import romanised, script_of
from bpmsync.export.spotify.values import CatalogueTrack, Grade, Match
from bpmsync.library.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.export.spotify.memory import MatchMemory
    from bpmsync.export.spotify.readings import Reading
    from bpmsync.export.spotify.values import Song

__all__ = ["Search", "find_match", "match_song", "recall_match", "remember_person"]

# In characters: the service refuses queries of more than 250
_LONGEST_TITLE = 150
_LONGEST_ARTIST = 70
_FULL_PAGE = 10  # results of one search at most
_MOST_ISRCS = 2
_CONNECTIVE = re.compile(r"[&+]|\band\b", re.IGNORECASE)
_KEPT = {Grade.EXACT: 365, Grade.SURE: 365, Grade.ASK: 30, Grade.NONE: 30}  # days


class Search(Protocol):
    """Asks the catalogue."""

    def __call__(self, query: str, /) -> Sequence[CatalogueTrack]:
        """Return at most ten tracks for a query, best first."""


def match_song(song: Song, search: Search, memory: MatchMemory, *, now: dt.datetime) -> Match:
    """Return the match of a song, from memory or by searching; what is found is remembered at once.

    Parameters
    ----------
    song : Song
        What is looked for; a URI that its import named is taken without a search.
    search : Search
        Asks the catalogue; its errors pass through, and nothing is remembered then.
    memory : MatchMemory
        Where answers are kept.
    now : datetime
        With a time zone.
    """
    known = recall_match(song, memory, now=now)
    if known is not None:
        return known
    match = find_match(song, search)
    found = match.found
    memory.remember(
        song.key,
        Answer(
            uri=found.uri if found else None,
            grade=match.grade.value,
            reason=match.reason,
            title=found.title if found else "",
            artist=", ".join(found.artists) if found else "",
            duration_s=found.duration_s if found else None,
            expires_at=now + dt.timedelta(days=_KEPT[match.grade]),
        ),
    )
    return match


def recall_match(song: Song, memory: MatchMemory, *, now: dt.datetime) -> Match | None:
    """Return what is known of a song without a search; None where nothing is, or no longer.

    A match from memory has the same grade, reason and track; its album, ISRC and the other
    candidates are not kept.
    """
    answer = memory.recall(song.key)
    if answer is not None and answer.expires_at is not None and answer.expires_at <= now:
        answer = None
    if song.uri is not None and (answer is None or answer.source != "person"):
        named = CatalogueTrack(song.uri, song.title, (song.artist,) if song.artist else (), song.album or "",
                               song.duration_s, song.isrc)  # fmt: skip
        return Match(song, Grade.EXACT, "your import names this track", named)
    return None if answer is None else _match_of(song, answer)


def _match_of(song: Song, answer: Answer) -> Match:
    if answer.uri is None:
        return Match(song, Grade.NONE, answer.reason)
    artists = (answer.artist,) if answer.artist else ()
    found = CatalogueTrack(answer.uri, answer.title, artists, "", answer.duration_s or 0.0)
    return Match(song, Grade(answer.grade), answer.reason, found)


def remember_person(song: Song, track: CatalogueTrack | None, memory: MatchMemory) -> Match:
    """Keep a person's word for good, and return the match that it makes.

    Parameters
    ----------
    song : Song
        Which song.
    track : CatalogueTrack or None
        The track that it is; None: there is none.
    memory : MatchMemory
        Where answers are kept.
    """
    answer = (
        Answer(uri=None, grade=Grade.NONE.value, source="person", reason="you said that there is none")
        if track is None
        else Answer(
            uri=track.uri,
            grade=Grade.EXACT.value,
            source="person",
            reason="you chose it",
            title=track.title,
            artist=", ".join(track.artists),
            duration_s=track.duration_s,
        )
    )
    memory.remember(song.key, answer)
    return _match_of(song, answer)


def find_match(song: Song, search: Search) -> Match:
    """Return the match of a song, with as few searches as needed.

    Parameters
    ----------
    song : Song
        What is looked for.
    search : Search
        Asks the catalogue.
    """
    found: list[CatalogueTrack] = []
    for isrc in isrcs_in(song.isrc)[:_MOST_ISRCS]:
        found += search(f"isrc:{isrc}")
        if (match := grade_candidates(song, found)).pushed:
            return match
    readings = readings_of(song)
    if not readings:
        return grade_candidates(song, found)
    page = search(_fielded(readings[0]))
    found += page
    match = grade_candidates(song, found)
    # A page that is not full held all that bears this title and artist, unless "&" is "and" there.
    whole = len(page) < _FULL_PAGE and not _CONNECTIVE.search(readings[0].parts.name)
    if match.pushed or (whole and is_named_among(song, page)):
        return match
    found += search(_plain_words(readings[0]))
    match = grade_candidates(song, found)
    latin = _in_latin(readings[0])
    if match.grade is Grade.NONE and latin:
        found += search(latin)
        match = grade_candidates(song, found)
    return match


def _fielded(reading: Reading) -> str:
    """Return the query by fields, with nothing in it that would end a quotation."""
    title = f'track:"{_cut(reading.parts.name, _LONGEST_TITLE)}"'
    names = main_artist(reading.artist)
    return f'{title} artist:"{_cut(names, _LONGEST_ARTIST)}"' if names else title


def _plain_words(reading: Reading) -> str:
    """Return the query by plain words: artist, title, and what is said of the version."""
    words = " ".join((main_artist(reading.artist) or "", reading.parts.name, *reading.parts.said))
    return _cut(words, _LONGEST_TITLE).lower()  # upper case could be read as an operator


def _in_latin(reading: Reading) -> str | None:
    """Return the plain words in Latin letters; None where they are so already, or cannot be."""
    words = f"{main_artist(reading.artist) or ''} {reading.parts.name}"
    latin = romanised(words)
    return None if latin is None or script_of(words) == "latin" else _cut(latin, _LONGEST_TITLE)


def _cut(text: str, longest: int) -> str:
    """Return a text without quotation marks and colons, cut at a blank."""
    words = re.sub(r'[":“”„«»*\\]+', " ", text).split()
    while len(" ".join(words)) > longest and len(words) > 1:
        words.pop()
    return " ".join(words)[:longest]
