"""What a title says about the version of a song (pure).

A title is taken apart into its base ("River"), what makes it another recording ("live",
"remix"), whose or where that is ("at the Old Mill"), guests, and what changes nothing
("2011 Remaster"). Version words count only in brackets and after a dash: "Live Wire" and
"Remix the Night" are names of songs. Words that a length agrees with or not ("Album Version")
say nothing by themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bpmsync.export.spotify.spelling import plain, same_script
from bpmsync.export.spotify.versionwords import (
    FILLERS,
    JUNK,
    LANGUAGES,
    NEUTRAL,
    PARTS,
    QUOTED_SOURCE,
    REMASTERED,
    VERSIONS,
    YEAR,
    guests_of,
    number_of,
)

__all__ = ["TitleParts", "album_versions", "imitation_versions", "split_title"]


@dataclass(frozen=True, slots=True)
class TitleParts:
    """What a title consists of; all texts as `plain` writes them, apart from guests.

    Parameters
    ----------
    base : str
        The name of the song, with every bracket that is not about the version.
    aliases : tuple of str
        Other names of it: where a bracket holds the name in another script.
    versions : frozenset of str
        What makes it another recording: "live", "remix", "acoustic", ...
    details : frozenset of str
        The words beside them: whose remix, where it was played.
    guests : tuple of str
        Featured artists.
    part : str or None
        Number of the part ("2"), where the song is in parts.
    neutral : bool
        Whether words such as "Remastered" were taken off.
    name : str
        The base as it was written, for a search.
    said : tuple of str
        The brackets and suffixes about the version as they were written.
    """

    base: str
    aliases: tuple[str, ...] = ()
    versions: frozenset[str] = frozenset()
    details: frozenset[str] = frozenset()
    guests: tuple[str, ...] = ()
    part: str | None = None
    neutral: bool = False
    name: str = ""
    said: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The base and its aliases."""
        return (self.base, *self.aliases)


@dataclass(frozen=True, slots=True)
class _Words:
    """What one bracket or suffix says; `known` is False where it is part of the name."""

    known: bool
    versions: frozenset[str] = frozenset()
    details: frozenset[str] = frozenset()
    guests: tuple[str, ...] = ()
    part: str | None = None

    @property
    def neutral(self) -> bool:
        """Whether it was taken off although it says nothing of the version."""
        return self.known and not (self.versions or self.guests or self.part)


_BRACKETS = re.compile(
    r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}|（([^（）]*)）|【([^【】]*)】|［([^［］]*)］"
)
_DASHES = re.compile(r"\s+[-–—‐−~〜]+\s*|[-–—]\s+|\s+\|+\s+|(?<=\w)\s*[~〜～]\s*(?=\w)")
_TRAILING_GUESTS = re.compile(r"\s(?:feat\.?|ft\.?|featuring)\s+(.+)$", re.IGNORECASE)
_TRAILING_TAIL = re.compile(r"[-~〜～]([^-~〜～]+)[-~〜～]$")


@lru_cache(maxsize=4096)
def split_title(title: str) -> TitleParts:
    """Return what a title consists of.

    Parameters
    ----------
    title : str
        As tagged or as the catalogue has it.

    Examples
    --------
    >>> parts = split_title("Night Bus (feat. Ola) - Live at the Old Mill / 2011 Remaster")
    >>> parts.base, sorted(parts.versions), sorted(parts.details), parts.guests
    ('night bus', ['live'], ['mill', 'old'], ('Ola',))
    >>> split_title("Live Wire").versions
    frozenset()
    """
    head, segments = _segments(title)
    guests: tuple[str, ...] = ()
    kept = [head]
    aliases: list[str] = []
    said = [_read(segment) for segment in segments]
    for segment, words in zip(segments, said, strict=True):
        if words.known:
            continue
        if same_script(head, segment):
            kept.append(segment)
        else:
            aliases.append(plain(segment))
    if found := _TRAILING_GUESTS.search(kept[0]):
        guests = guests_of(found[1])
        kept[0] = kept[0][: found.start()]
    base, part = _without_part(plain(" ".join(kept)))
    return TitleParts(
        base=base,
        aliases=tuple(aliases),
        versions=frozenset().union(*(words.versions for words in said)),
        details=frozenset().union(*(words.details for words in said)),
        guests=guests + tuple(guest for words in said for guest in words.guests),
        part=part or next((words.part for words in said if words.part), None),
        neutral=any(words.neutral for words in said),
        name=" ".join(kept),
        said=tuple(segment for segment, words in zip(segments, said, strict=True) if words.versions),
    )


def _segments(title: str) -> tuple[str, list[str]]:
    """Return the head of a title, and its brackets and suffixes in order."""
    segments: list[str] = []

    def take(found: re.Match[str]) -> str:
        segments.extend(group for group in found.groups() if group)
        return " "

    before = None
    text = title
    while before != text:  # brackets within brackets
        before, text = text, _BRACKETS.sub(take, text)
    text = _TRAILING_TAIL.sub(take, text.strip())
    head, *tails = _DASHES.split(text)
    if not plain(head).strip():  # "(Only a bracket)"
        head, segments = (segments[0], segments[1:]) if segments else (title, [])
    # What stands after a slash or a semicolon in a suffix is a further remark.
    remarks = [piece for tail in tails for piece in re.split(r"\s*[/;|]\s*", tail)]
    return head, [piece.strip() for piece in (*segments, *remarks) if piece.strip()]


def _read(segment: str) -> _Words:
    """Tell what a bracket or suffix says."""
    if guests := guests_of(segment, marked=True):
        return _Words(known=True, guests=guests)
    text = plain(segment)
    rest, part = _without_part(text)
    if part and not rest:
        return _Words(known=True, part=part)
    if JUNK.fullmatch(text) or QUOTED_SOURCE.match(segment) or REMASTERED.fullmatch(text):
        return _Words(known=True)
    return _read_version(text)


def _read_version(text: str) -> _Words:
    """Tell what a plain bracket or suffix says of the version."""
    versions, rest = _versions_in(text)
    neutral = NEUTRAL.search(rest) is not None
    words = frozenset(NEUTRAL.sub(" ", rest).split()) - FILLERS
    if (
        neutral and not words and versions == {"version"} and "anniversary" not in rest
    ):  # "Remastered Version"
        return _Words(known=True)
    if versions:
        languages = frozenset(found[0] for found in LANGUAGES.finditer(text))
        unplugged = frozenset({"unplugged"}) & frozenset(text.split())
        return _Words(known=True, versions=versions, details=words | languages | unplugged)
    return _Words(known="remaster" in text or all(YEAR.fullmatch(word) for word in words))


def _versions_in(text: str) -> tuple[frozenset[str], str]:
    """Return the kinds of version that a plain text names, and the text without them."""
    found = set()
    for kind, pattern in VERSIONS:
        text, count = pattern.subn(" ", text)
        if count:
            found.add(kind)
    kinds = frozenset("live" if kind == "unplugged" else kind for kind in found) - {"length"}
    return (kinds - {"version"} or kinds), text  # "Live Version" is live


def _without_part(text: str) -> tuple[str, str | None]:
    """Return a plain text without "part 2", and the number."""
    found = PARTS.search(text)
    if not found:
        return text, None
    return " ".join((text[: found.start()] + text[found.end() :]).split()), number_of(found["number"])


_ALBUM_KINDS = frozenset({"live", "karaoke", "cover", "instrumental", "sped up", "slowed", "demo",
                          "orchestral", "acoustic", "a cappella", "re-recorded"})  # fmt: skip
_LIVE_ALBUM = re.compile(
    r"^live (?:at|in|from|on|aus|im|a|au|en|w|na|\d{4})\b|\blive$"
    r"|\blive (?:at|from|album|recording|tour|\d{4})\b"
    r"|\bin concert\b|\bunplugged\b|\b(?:en|ao) vivo\b|\ben (?:directo|concierto|concert|public)\b"
    r"|\bdal vivo\b"
    r"|\bконцерт|\bвживую\b|\bcanli\b|ライブ|ライヴ|라이브|现场|現場|演唱会|演唱會"
)


@lru_cache(maxsize=4096)
def imitation_versions(artist: str) -> frozenset[str]:
    """Return "karaoke" and "cover" where an artist's name says that all its songs are.

    Examples
    --------
    >>> sorted(imitation_versions("The Hooting Tribute Band")), sorted(imitation_versions("The Owls"))
    (['cover'], [])
    """
    return _versions_in(plain(artist))[0] & {"karaoke", "cover"}


_KIND_ALBUM = re.compile(
    r"\b(?:acoustic|instrumental|demo|orchestral|a cappella|acapella)s?"
    r"(?: (?:sessions?|versions?|album|tapes?|recordings?|edition|ep|collection|hits|mixes))?$"
)
_COVER_ALBUM = re.compile(
    r"\btribute to\b|\blullab(?:y|ies)\b|\bin the style of\b|\bmade famous\b|\bperformed by\b|\bmusic box\b"
)


@lru_cache(maxsize=4096)
def album_versions(album: str) -> frozenset[str]:
    """Return the kinds of version that an album's name says all its songs are.

    Examples
    --------
    >>> sorted(album_versions("Live at the Old Mill")), sorted(album_versions("Live Wires"))
    (['live'], [])
    """
    _, segments = _segments(album)
    said = frozenset().union(*(_read(segment).versions for segment in segments)) & _ALBUM_KINDS
    text = plain(album)
    if _LIVE_ALBUM.search(text):
        said |= {"live"}
    if found := _KIND_ALBUM.search(text):
        said |= _versions_in(re.sub("s$", "", found[0]))[0] & _ALBUM_KINDS
    if _COVER_ALBUM.search(text):
        said |= {"cover"}
    return said | (_versions_in(text)[0] & {"karaoke", "sped up"})
