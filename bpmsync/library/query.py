"""One query language for everything that picks tracks.

A query is words, all of which must match. A plain word is looked for in path, title, artist,
album and genre. ``field:value`` looks in one field: a text field for a part of it, a number
field for a number or a range ``from..to`` with either end left open. Case does not matter, and
quotes hold blanks together: ``artist:"Daft Punk" bpm:80..92 confidence:..0.5``. A quoted
``"word:with colon"`` is a plain word. An empty query matches everything.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from bpmsync.beats.detection import confidence_word
from bpmsync.errors import ParameterError
from bpmsync.timeline.durations import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.library.glance import Glance
    from bpmsync.library.track import Track

__all__ = ["FIELDS", "Query", "parse_query"]

_Any: TypeAlias = "Track | Glance"
_Number: TypeAlias = "Callable[[_Any], float | None]"
_Text: TypeAlias = "Callable[[_Any], str | None]"

_TOKEN = re.compile(r'\s*((?:"[^"]*"|[^\s"])+)')
_NAMED = re.compile(r"([a-z_]+):(.*)", re.DOTALL | re.IGNORECASE)
_WORD_FIELDS = ("path", "title", "artist", "album", "genre")

_TEXTS: Final[dict[str, _Text]] = {
    "path": lambda track: track.path,
    "title": lambda track: track.tags.title,
    "artist": lambda track: track.tags.artist,
    "album": lambda track: track.tags.album,
    "album_artist": lambda track: track.tags.album_artist,
    "genre": lambda track: track.tags.genre,
    "isrc": lambda track: track.tags.isrc,
    "key": lambda track: track.tags.key,
    "hash": lambda track: track.audio_hash,
}
# With how near a single number has to be: half of the last digit that tables show
_NUMBERS: Final[dict[str, tuple[_Number, float]]] = {
    "bpm": (lambda track: track.detection.tempo_bpm, 0.5),
    "tagged_bpm": (lambda track: track.tags.bpm, 0.5),
    "confidence": (lambda track: track.detection.confidence, 0.005),
    "energy": (lambda track: track.detection.energy, 0.005),
    "level": (lambda track: track.detection.level_db, 0.5),
    "duration": (lambda track: track.duration_s, 0.5),
    "year": (lambda track: track.tags.year, 0.0),
    "rating": (lambda track: track.tags.rating, 0.005),
    "track": (lambda track: track.tags.track_number, 0.0),
    "disc": (lambda track: track.tags.disc_number, 0.0),
    "id": (lambda track: track.id, 0.0),
}
_FLAGS: Final[dict[str, Callable[[_Any], bool]]] = {
    "beat": lambda track: track.detection.tempo_bpm is not None,
    "corrected": lambda track: bool(track.override),
    "imported": lambda track: not track.has_file,
    "explicit": lambda track: bool(track.tags.explicit),
    "ignored": lambda track: track.override.ignore,
}
_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_CONFIDENCES = frozenset({"sure", "likely", "check"})

FIELDS = (*_TEXTS, *_NUMBERS, *_FLAGS)


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    fields: tuple[str, ...]

    def matches(self, track: Track | Glance) -> bool:
        # Not by `any`: this runs a million times for a word in a large library
        for name in self.fields:
            value = _TEXTS[name](track)
            if value is not None and self.text in _plain(value):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Range:
    name: str
    low: float
    high: float

    def matches(self, track: Track | Glance) -> bool:
        value = _NUMBERS[self.name][0](track)
        return value is not None and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class _InWords:
    word: str

    def matches(self, track: Track | Glance) -> bool:
        return confidence_word(track.detection.confidence) == self.word


@dataclass(frozen=True, slots=True)
class _Flag:
    name: str
    wanted: bool

    def matches(self, track: Track | Glance) -> bool:
        return _FLAGS[self.name](track) is self.wanted


_Term: TypeAlias = "_Word | _Range | _InWords | _Flag"


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; make one with `parse_query`.

    Parameters
    ----------
    text : str
        As written.
    terms : tuple
        All of them must match.
    """

    text: str
    terms: tuple[_Term, ...]

    def matches(self, track: Track | Glance) -> bool:
        """Tell whether a track is meant; a glance at it is enough."""
        return all(term.matches(track) for term in self.terms)


def parse_query(text: str) -> Query:
    """Return the query that a text stands for.

    Raises
    ------
    ParameterError
        If it names an unknown field, or a number field with something else than a number or a
        range; the message shows the right form.

    Examples
    --------
    >>> len(parse_query('artist:"Daft Punk" bpm:80..92 live').terms)
    3
    """
    terms: list[_Term] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = _TOKEN.match(text, position)
        if token is None:
            msg = f'a quote is not closed in the query {text!r}: write artist:"Daft Punk"'
            raise ParameterError(msg)
        terms.append(_term(token[1]))
        position = token.end()
    return Query(text, tuple(terms))


def _term(token: str) -> _Term:
    named = _NAMED.fullmatch(token)
    if named is None or _is_path(token):
        return _Word(_plain(token.replace('"', "")), _WORD_FIELDS)
    name, value = named[1].lower(), named[2].replace('"', "")
    if name in _TEXTS:
        return _Word(_plain(value), (name,))
    if name in _FLAGS:
        return _Flag(name, _yes_or_no(name, value))
    if name == "confidence" and value.lower() in _CONFIDENCES:
        return _InWords(value.lower())
    if name in _NUMBERS:
        return _range(name, value)
    msg = f'no field {name!r}: there are {", ".join(FIELDS)} (a word with a colon goes in quotes: "{token}")'
    raise ParameterError(msg)


def _is_path(token: str) -> bool:
    return re.match(r"[A-Za-z]:[\\/]", token) is not None  # a drive of Windows is no field


def _yes_or_no(name: str, value: str) -> bool:
    if value.lower() not in _YES_NO:
        msg = f"{name}:{value} is neither yes nor no: write {name}:yes"
        raise ParameterError(msg)
    return _YES_NO[value.lower()]


def _range(name: str, value: str) -> _Range:
    first, dots, last = value.partition("..")
    if not dots:
        number, near = _number(name, value), _NUMBERS[name][1]
        return _Range(name, number - near, number + near)
    low = _number(name, first) if first else -math.inf
    high = _number(name, last) if last else math.inf
    if low > high or not (first or last):
        msg = f"{name}:{value} is an empty range: write {_example(name)}"
        raise ParameterError(msg)
    return _Range(name, low, high)


def _number(name: str, text: str) -> float:
    try:
        number = parse_duration(text) if name == "duration" else float(text)
    except ValueError as error:  # ParameterError is one
        msg = f"{text!r} is no value of {name}: write {_example(name)}"
        raise ParameterError(msg) from error
    if not math.isfinite(number):
        msg = f"{text!r} is no value of {name}: write {_example(name)}"
        raise ParameterError(msg)
    return number


def _example(name: str) -> str:
    return {
        "duration": "duration:2:00..6:00",
        "confidence": "confidence:..0.5",
        "year": "year:1990..1999",
    }.get(name, f"{name}:80..92" if name.endswith("bpm") else f"{name}:1..5")


def _plain(text: str) -> str:
    if text.isascii():  # most are, and nothing else has to be done then
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
