"""The search: fields (``isrc:`` ``track:`` ``artist:`` ``album:`` ``year:``) sift, plain words rank.

Case and accents do not count, and every other sign parts words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .catalogue import Recording

__all__ = ["found_by"]

_FIELD = re.compile(
    r'\b(isrc|track|artist|album|year):\s*(?:"([^"]*)"|((?:(?!\b(?:isrc|track|artist|album|year):)[^"])*))'
)
_WORD = re.compile(r"\w+")


@lru_cache(maxsize=100_000)
def _words(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKD", text.replace("'", "").replace("’", "")).casefold()  # noqa: RUF001
    return tuple(_WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign))))


def found_by(query: str, recordings: Iterable[Recording]) -> Sequence[Recording]:
    """Return the recordings that a query finds: those with more of its words first."""
    fields = [(name, quoted or plain.strip()) for name, quoted, plain in _FIELD.findall(query)]
    words = frozenset(_words(_FIELD.sub(" ", query)))
    if not fields and not words:
        return ()
    hits = []
    for one in recordings:
        if not all(_holds(one, name, value) for name, value in fields):
            continue
        title = frozenset(_words(one.title))
        every = title.union(*map(_words, (*one.artists, one.album)))
        shared = len(words & every)
        if 2 * shared < len(words):
            continue
        asked = words.union(*(_words(value) for name, value in fields if name == "track"))
        hits.append(((-shared, len(title - asked), -(one.popularity or 0), one.id), one))
    return [one for _, one in sorted(hits, key=lambda hit: hit[0])]


def _holds(one: Recording, name: str, value: str) -> bool:
    """Tell whether a recording answers to one field."""
    if name == "isrc":
        return (one.isrc or "").casefold() == value.casefold()
    if name == "year":
        first, _, last = value.partition("-")
        return first.isdigit() and int(first) <= one.year <= int(last if last.isdigit() else first)
    text = {"track": one.title, "artist": " ".join(one.artists), "album": one.album}[name]
    return frozenset(_words(value)) <= frozenset(_words(text))
