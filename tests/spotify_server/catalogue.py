"""The songs that the stand-in has: given by a test, and found by id or by a search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .search import found_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Catalogue", "Recording", "made_up_id"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def made_up_id(text: str) -> str:
    """Return 22 letters and digits, the same for the same text."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    digits = []
    for _ in range(22):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One track of the catalogue.

    Parameters
    ----------
    title, artists, album, duration_s, year
        As the service shows them.
    isrc
        None: one is made up; empty: the service tells none.
    id
        Made up from the rest where it is empty.
    popularity
        0 to 100: among equal hits the higher comes first; None: made up.
    """

    title: str
    artists: tuple[str, ...]
    duration_s: float
    album: str = ""
    year: int = 2026
    isrc: str | None = None
    id: str = ""
    popularity: int | None = None

    def __post_init__(self) -> None:
        seed = "|".join((self.title, *self.artists, self.album, f"{self.duration_s:.3f}"))
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
        if not self.id:
            object.__setattr__(self, "id", made_up_id(seed))
        if self.isrc is None:
            object.__setattr__(self, "isrc", f"XXSTD{self.year % 100:02d}{number % 100_000:05d}")
        if self.popularity is None:
            object.__setattr__(self, "popularity", number % 101)

    @property
    def uri(self) -> str:
        """The name by which playlists hold it."""
        return f"spotify:track:{self.id}"

    @classmethod
    def of(cls, given: Recording | Mapping[str, Any]) -> Recording:
        """Return a recording from itself or from a dict of its fields (``artist`` for one artist)."""
        if isinstance(given, Recording):
            return given
        fields = dict(given)
        if "artist" in fields:
            fields["artists"] = (fields.pop("artist"),)
        fields["artists"] = tuple(fields["artists"])
        return cls(**fields)


class Catalogue:
    """All recordings, in the order in which they were given."""

    def __init__(self, recordings: Iterable[Recording | Mapping[str, Any]] = ()) -> None:
        self._by_id = {one.id: one for one in map(Recording.of, recordings)}

    def __iter__(self) -> Iterator[Recording]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, given: Recording | Mapping[str, Any]) -> Recording:
        """Take in one more and return it."""
        recording = Recording.of(given)
        self._by_id[recording.id] = recording
        return recording

    def remove(self, track_id: str) -> None:
        """Take one out: rows that hold it show no item from now on."""
        del self._by_id[track_id]

    def get(self, track_id: str) -> Recording | None:
        """Return one, or None."""
        return self._by_id.get(track_id)

    def search(self, query: str) -> Sequence[Recording]:
        """Return what a search finds, best first."""
        return found_by(query, self)
