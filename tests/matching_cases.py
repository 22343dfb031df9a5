"""The labelled set for matching songs, and what a matching makes of it.

A search sees the candidates of all songs at once, as it would in a real catalogue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bpmsync.export.spotify.finding import find_match
from bpmsync.export.spotify.values import CatalogueTrack, Match, Song
from spotify_server.catalogue import Catalogue, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["HALVES", "Case", "Half", "Result", "cases", "figures", "measure", "search_all", "table"]

_FOLDER = Path(__file__).parent / "data" / "spotify_matching"
_PAGE = 10
Half: TypeAlias = Literal["tune", "check"]
HALVES: tuple[Half, ...] = ("tune", "check")


@dataclass(frozen=True, slots=True)
class Case:
    """One song, and what of the catalogue is that song."""

    half: Half
    kind: str
    song: Song
    labels: dict[str, str]
    tracks: tuple[CatalogueTrack, ...]

    @property
    def findable(self) -> bool:
        return "right" in self.labels.values()


@dataclass(frozen=True, slots=True)
class Result:
    """What was found for one case."""

    case: Case
    match: Match
    searches: int

    @property
    def label(self) -> str:
        """The label of what would be pushed; "" where nothing would be."""
        if not self.match.pushed or self.match.found is None:
            return ""
        return self.case.labels.get(self.match.found.uri, "wrong")


@cache
def cases() -> tuple[Case, ...]:
    return tuple(case for half in HALVES for case in _read(half))


def _read(half: Half) -> Iterator[Case]:
    for number, entry in enumerate(json.loads((_FOLDER / f"{half}.json").read_text("utf-8"))):
        title, artist, album, duration_s, isrc = entry["song"]
        song = Song(f"{half}-{number}", title, duration_s, artist=artist, album=album, isrc=isrc)
        tracks = [_track(*candidate[1:]) for candidate in entry["candidates"]]
        labels = {track.uri: row[0] for track, row in zip(tracks, entry["candidates"], strict=True)}
        yield Case(half, entry["kind"], song, labels, tuple(tracks))


def _track(title: str, artists: Sequence[str], album: str, duration_s: float, isrc: str) -> CatalogueTrack:
    recording = Recording(title=title, artists=tuple(artists), album=album, duration_s=duration_s, isrc=isrc)
    return _as_track(recording)


def _as_track(one: Recording) -> CatalogueTrack:
    return CatalogueTrack(one.uri, one.title, one.artists, one.album, one.duration_s, one.isrc)


@cache
def _catalogue() -> Catalogue:
    return Catalogue(
        Recording(
            title=track.title,
            artists=track.artists,
            album=track.album,
            duration_s=track.duration_s,
            isrc=track.isrc,
        )
        for case in cases()
        for track in case.tracks
    )


def search_all(query: str) -> tuple[CatalogueTrack, ...]:
    """Return the first page of what the stand-in finds among the candidates of all songs."""
    return tuple(_as_track(one) for one in _catalogue().search(query)[:_PAGE])


def measure(chosen: Iterable[Case]) -> list[Result]:
    results = []
    for case in chosen:
        queries: list[str] = []

        def search(query: str, queries: list[str] = queries) -> tuple[CatalogueTrack, ...]:
            queries.append(query)
            return search_all(query)

        results.append(Result(case, find_match(case.song, search), len(queries)))
    return results


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts over some results, and the shares that they make."""

    songs: int
    findable: int
    right: int
    wrong: int
    asked: int
    searches: float

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.findable if self.findable else 1.0


def figures(results: Sequence[Result]) -> Figures:
    return Figures(
        songs=len(results),
        findable=sum(result.case.findable for result in results),
        right=sum(result.label == "right" for result in results),
        wrong=sum(result.label == "wrong" for result in results),
        asked=sum(result.match.grade == "ask" for result in results),
        searches=sum(result.searches for result in results) / len(results),
    )


def table(results: Sequence[Result]) -> str:
    """Return the figures of each kind of song and of all, as a table in Markdown."""
    kinds = sorted({result.case.kind for result in results})
    rows = [(kind, [result for result in results if result.case.kind == kind]) for kind in kinds]
    lines = [
        "| kind | songs | with a right version | found | wrong | asked | searches a song |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, chosen in [*rows, ("all", list(results))]:
        of = figures(chosen)
        cells = (kind, of.songs, of.findable, of.right, of.wrong, of.asked, f"{of.searches:.2f}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    of = figures(results)
    lines.append(f"\nprecision {of.precision:.1%}, recall {of.recall:.1%}, {of.searches:.2f} searches a song")
    return "\n".join(lines)
