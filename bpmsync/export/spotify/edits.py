"""From the rows that a playlist has to the rows it should have (pure: no network).

Whatever is interrupted must leave something that makes sense, so the order of the changes
matters. Where much of the list stays, the rows that are no longer wanted go first and the
missing ones are added from the top down: in between the list lacks some songs, but none is
doubled and none is out of order. Where little stays, the first hundred rows replace the list
in one call and the rest is added at the end: in between the list is the beginning of the new
one. The service takes at most 100 rows a call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MOST_ROWS", "Add", "Edit", "Remove", "Replace", "edits_between"]

MOST_ROWS = 100
# More scattered differences than this are dearer than writing the list anew
_MOST_EDITS = 8


@dataclass(frozen=True, slots=True)
class Replace:
    """The list becomes these rows."""

    uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """These rows are put before row number `position`, counted from 0."""

    uris: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Every row with one of these addresses goes."""

    uris: tuple[str, ...]


Edit: TypeAlias = Replace | Add | Remove


def edits_between(current: Sequence[str | None], wanted: Sequence[str]) -> tuple[Edit, ...]:
    """Return the changes that turn one list into another; none for equal ones.

    Parameters
    ----------
    current : sequence of str or None
        Addresses of the rows there are; None for a row whose track is gone.
    wanted : sequence of str
        Addresses of the rows there should be.

    Returns
    -------
    tuple of Edit
        To be made in this order, each with at most `MOST_ROWS` rows.
    """
    if list(current) == list(wanted):
        return ()
    fine = _differences(current, wanted)
    return tuple(_anew(wanted) if fine is None or len(fine) > _MOST_EDITS else fine)


def _anew(wanted: Sequence[str]) -> Iterator[Edit]:
    yield Replace(tuple(wanted[:MOST_ROWS]))
    for start in range(MOST_ROWS, len(wanted), MOST_ROWS):
        yield Add(tuple(wanted[start : start + MOST_ROWS]), start)


def _differences(current: Sequence[str | None], wanted: Sequence[str]) -> list[Edit] | None:
    """Change only what differs; None where that cannot be said by addresses, or nothing stays."""
    rows = [uri for uri in current if uri is not None]
    counts = Counter(rows)
    place = {uri: number for number, uri in enumerate(wanted)}
    if len(rows) < len(current) or len(place) < len(wanted) or any(map(_is_local, rows)):
        return None
    # A row that is there twice goes altogether, since a removal by address takes both
    staying = [uri for uri in rows if counts[uri] == 1 and uri in place]
    kept = {staying[i] for i in _rising([place[uri] for uri in staying])}
    if not kept:
        return None
    gone = [uri for uri in counts if uri not in kept]
    return [
        *(Remove(tuple(gone[i : i + MOST_ROWS])) for i in range(0, len(gone), MOST_ROWS)),
        *_additions(wanted, kept),
    ]


def _is_local(uri: str) -> bool:
    return uri.startswith("spotify:local:")


def _additions(wanted: Sequence[str], kept: set[str]) -> Iterator[Add]:
    """Yield the missing runs of rows from the top down, so that each position is final."""
    for stays, group in groupby(enumerate(wanted), key=lambda row: row[1] in kept):
        run = [] if stays else list(group)
        for start in range(0, len(run), MOST_ROWS):
            part = run[start : start + MOST_ROWS]
            yield Add(tuple(uri for _, uri in part), part[0][0])


def _rising(numbers: Sequence[int]) -> list[int]:
    """Return the places of a longest rising subsequence (patience sorting)."""
    tops: list[int] = []  # the smallest last number of a rising run of each length
    places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(tops, number)
        before.append(places[length - 1] if length else -1)
        tops[length : length + 1] = [number]
        places[length : length + 1] = [place]
    chain = []
    place = places[-1] if places else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]
