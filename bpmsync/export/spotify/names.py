"""Whether two names mean the same song or the same artist (rapidfuzz; pure).

Names agree word by word: a word may be misspelt, but none may be missing or another one, since
the one word that differs is so often "live" or "two".
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from bpmsync.export.spotify.spelling import plain, same_script, transliterated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Likeness", "artists_alike", "artists_in", "likeness", "likeness_of_artists", "main_artist"]

_LEAST_TYPO_LENGTH = 5
_MOST_TYPO = 2
_LONG_WORD = 8
_NEAR = 80.0
_LEAST_TRANSLITERATED = 90.0
_ARTICLES = frozenset(
    ["the", "a", "an", "le", "la", "les", "el", "los", "der", "die", "das", "il", "lo", "and", "feat"]
)
_NOBODY = frozenset(
    [
        "various artists",
        "various",
        "va",
        "v a",
        "unknown artist",
        "unknown",
        "artist",
        "various artist",
        "diverse",
        "verschiedene interpreten",
        "varios artistas",
        "varios",
        "artisti vari",
        "artistes varies",
        "unbekannter interpret",
        "unbekannt",
        "artista desconocido",
        "none",
        "soundtrack",
        "original soundtrack",
        "разные исполнители",
        "no artist",
        "sconosciuto",
        "artiste inconnu",
        "verschiedene",
    ]
)


class Likeness(enum.IntEnum):
    """How far two names are the same."""

    OTHER = 0
    NEAR = 1
    UNREADABLE = 2  # in scripts that cannot be compared
    MISSPELT = 3  # the same but for a slip
    TRANSLITERATED = 4
    SAME = 5


@lru_cache(maxsize=8192)
def likeness(first: str, second: str) -> Likeness:
    """Tell how far two plain names are the same.

    Examples
    --------
    >>> likeness("night train", "nigth train").name, likeness("night train", "night train two").name
    ('MISSPELT', 'NEAR')
    """
    if not first or not second:
        return Likeness.OTHER
    if _joined(first) == _joined(second):
        return Likeness.SAME
    if not same_script(first, second):
        return _across_scripts(first, second)
    left, right = _apart(first, second), _apart(second, first)
    if not left and not right:
        return Likeness.SAME
    if (len(left) == len(right) == 1 and _slip(left[0], right[0])) or (
        len(left) != len(right) and _slip(_joined(first), _joined(second))  # "sun shne", "sunshine"
    ):
        return Likeness.MISSPELT
    near = max(fuzz.ratio(first, second), fuzz.token_set_ratio(first, second))
    return Likeness.NEAR if near >= _NEAR else Likeness.OTHER


def _apart(first: str, second: str) -> list[str]:
    """Return the words of the first name that the second lacks, articles apart."""
    words = (Counter(first.split()) - Counter(second.split())).elements()
    return [word for word in words if word not in _ARTICLES]


def _joined(text: str) -> str:
    return "".join(word for word in text.split() if word != "the") or text


def _slip(first: str, second: str) -> bool:
    """Tell whether one word is likely the other with a slip of the finger."""
    if first[0] != second[0] or min(len(first), len(second)) < _LEAST_TYPO_LENGTH:
        return False
    if any(char.isdigit() for char in first + second) or first + "s" == second or second + "s" == first:
        return False
    most = _MOST_TYPO if min(len(first), len(second)) >= _LONG_WORD else 1
    return OSA.distance(first, second) <= most


def _across_scripts(first: str, second: str) -> Likeness:
    ours, theirs = transliterated(first), transliterated(second)
    if ours is None or theirs is None:
        return Likeness.UNREADABLE
    digits = re.findall(r"\d+", first) == re.findall(r"\d+", second)
    if digits and fuzz.ratio(ours, theirs) >= _LEAST_TRANSLITERATED:
        return Likeness.TRANSLITERATED
    return Likeness.UNREADABLE


_BETWEEN = re.compile(
    r"\s*[;,/|]\s*|\s+[&+×]\s+|\s+(?:feat\.?|ft\.?|featuring|and|und|et|y|e|con|with|mit|vs\.?|x|pres\.?|presents|и|com)\s+",
    re.IGNORECASE,
)
_ALIAS = re.compile(r"^(.+?)\s*[(\[（]([^()\[\]（）]+)[)\]）]$")
_CHANNEL = re.compile(r"(?:\s*- topic|\s*vevo)$", re.IGNORECASE)  # what a video site adds
_BRACKETED_GUESTS = re.compile(r"\s*[(\[]\s*(?:feat\.?|ft\.?|featuring|with)\s+([^)\]]+)[)\]]", re.IGNORECASE)


@lru_cache(maxsize=4096)
def artists_in(tag: str | None) -> tuple[str, ...]:
    """Return the plain names in an artist tag, the main one first; none where it names nobody.

    Examples
    --------
    >>> artists_in("The Owls feat. Mara Lind"), artists_in("Various Artists"), artists_in("Owls, The")
    (('the owls', 'mara lind'), (), ('the owls',))
    """
    if not tag or plain(tag) in _NOBODY:
        return ()
    tag = re.sub(r"^(.+), (The|Die|Der|Los|Las|Les)$", r"\2 \1", tag.strip())
    tag = _BRACKETED_GUESTS.sub(r" feat. \1", tag)
    tag = _CHANNEL.sub("", tag)
    names = [plain(name) for name in _BETWEEN.split(tag) if name.strip()]
    return tuple(dict.fromkeys(name for name in names if name not in _NOBODY))


def main_artist(tag: str | None) -> str | None:
    """Return the first name in an artist tag as it was written; None where it names nobody.

    Examples
    --------
    >>> main_artist("The Owls feat. Mara Lind")
    'The Owls'
    """
    if not tag or not artists_in(tag):
        return None
    return next(
        name for name in _BETWEEN.split(_CHANNEL.sub("", _BRACKETED_GUESTS.sub("", tag))) if name.strip()
    ).strip()


def _spellings(name: str) -> tuple[str, ...]:
    """Return the plain forms of one credited artist: whole, and name and alias apart."""
    alias = _ALIAS.match(name)
    both = (plain(alias[1]), plain(alias[2])) if alias else ()
    return (plain(name), *both)


def likeness_of_artists(tag: str, credited: Sequence[str]) -> Likeness:
    """Tell whether the artist that a tag names is one that the catalogue credits.

    Parameters
    ----------
    tag : str
        The artist as tagged, with guests or without.
    credited : sequence of str
        As the catalogue has them, the main one first.
    """
    if not credited:
        return Likeness.OTHER
    if artists_alike(_spellings(tag), [plain(" ".join(credited))]) is Likeness.SAME:
        return Likeness.SAME
    tag = _CHANNEL.sub("", tag)
    whole = artists_alike(_spellings(tag), [form for name in credited for form in _spellings(name)])
    names = artists_in(tag)
    if whole is Likeness.SAME or not names:
        return whole
    theirs = [form for name in credited for part in (name, *artists_in(name)) for form in _spellings(part)]
    main = artists_alike([names[0]], theirs)
    # The catalogue's main artist may be the second one of the tag.
    other = artists_alike(names[1:], _spellings(credited[0]))
    return max(whole, main, other)


def artists_alike(ours: Iterable[str], theirs: Iterable[str]) -> Likeness:
    """Return the best likeness of any of our plain names to any of theirs."""
    theirs = list(theirs)
    return max((likeness(our, their) for our in ours for their in theirs), default=Likeness.OTHER)
