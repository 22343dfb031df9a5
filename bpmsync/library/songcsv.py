"""Lists of songs as people have them: CSV with a heading, from a spreadsheet or an exporter.

Columns are known by their headings, in any order and case; others are passed over. The
delimiter is whatever makes most headings known. A number may have a decimal comma, a length is
``3:45``, ``3m45s``, ``225s`` or ``225`` (seconds, or milliseconds where the heading says so).
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bpmsync.errors import BpmsyncError, ParameterError
from bpmsync.library.addresses import track_uri
from bpmsync.library.imported import ImportedSong, field_problem
from bpmsync.timeline.durations import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["BadRow", "SongList", "SongRow", "read_songs"]

_DELIMITERS = ",;\t"
_EXAMPLE = "title,artist,duration,bpm"
_REQUIRED = ("title", "artist", "duration_s", "bpm")
# Each field by the headings that mean it: first our own, then those of spreadsheets and exporters
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "track", "track name", "track title", "song", "song title", "name"),
    "artist": ("artist", "artists", "artist name", "artist names", "artist name(s)", "track artist"),
    "duration_s": ("duration", "duration s", "duration (s)", "length", "time"),
    "duration_ms": ("duration ms", "duration (ms)", "track duration (ms)", "track duration ms"),
    "bpm": ("bpm", "tempo", "tempo (bpm)", "beats per minute"),
    "confidence": ("confidence", "beats confidence", "beat confidence"),
    "album": ("album", "album name", "album title"),
    "isrc": ("isrc", "track isrc"),
    "uri": (
        *("uri", "track uri", "spotify uri", "spotify track uri"),
        *("url", "track url", "spotify url", "spotify track url", "link"),
        *("spotify id", "spotify - id", "spotify track id"),
    ),
}
_MEANS = {heading: name for name, headings in _HEADINGS.items() for heading in headings}
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SongRow:
    """A row that describes a song.

    Parameters
    ----------
    line : int
        Its line in the file, from 1.
    song : ImportedSong
        The song.
    """

    line: int
    song: ImportedSong


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used.

    Parameters
    ----------
    line : int
        Its line in the file, from 1.
    column : str
        The heading of the cell, empty for the row itself.
    reason : str
        What is wrong with it, and what to write.
    """

    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.reason}"


@dataclass(slots=True)
class SongList:
    """What a file holds: songs, and rows that cannot be used (one entry for each bad cell)."""

    songs: list[SongRow] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def read_songs(data: bytes) -> SongList:
    """Return the songs in the bytes of a CSV file.

    Parameters
    ----------
    data : bytes
        UTF-8 with or without a byte order mark.

    Raises
    ------
    BpmsyncError
        If it is no such text, or its headings do not say what a song needs.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = "it is not UTF-8 text: save it as CSV UTF-8"
        raise BpmsyncError(msg) from error
    found = SongList()
    columns: _Columns | None = None
    delimiter = _delimiter(text)
    for line, cells in _rows(text, delimiter, found):
        if columns is None:
            columns = _columns(cells)
        else:
            _take(line, cells, columns, found)
    if columns is None:
        msg = f"it is empty: begin with a line of headings such as {_EXAMPLE}"
        raise BpmsyncError(msg)
    return found


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each field stands, and what its heading is called."""

    places: Mapping[str, int]
    headings: Sequence[str]


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")

    def known(delimiter: str) -> int:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return len({_meaning(cell) for cell in cells} - {None})

    return max(_DELIMITERS, key=known)


def _rows(text: str, delimiter: str, found: SongList) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            found.bad.append(BadRow(line, "", f"the quotes do not match ({error})"))
            continue
        if any(cells):
            yield line, cells


def _meaning(heading: str) -> str | None:
    return _MEANS.get(" ".join(heading.casefold().replace("_", " ").split()))


def _columns(headings: Sequence[str]) -> _Columns:
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = _meaning(heading)
        if name in places:
            both = f"{headings[places[name]]!r} and {heading!r}"
            msg = f"the columns {both} mean the same: take one out"
            raise BpmsyncError(msg)
        if name is not None:
            places[name] = place
    if "duration_ms" in places:
        places.pop("duration_s", None)  # the more exact of the two
    missing = [name for name in _REQUIRED if name not in places]
    if "duration_ms" in places:
        missing.remove("duration_s")
    if missing:
        names = ", ".join(name.removesuffix("_s") for name in missing)
        msg = f"it has no column {names}: the first line has to name them, as in {_EXAMPLE}"
        raise BpmsyncError(msg)
    return _Columns(places, headings)


def _take(line: int, cells: Sequence[str], columns: _Columns, found: SongList) -> None:
    if any(cells[len(columns.headings) :]):
        reason = f"it has {len(cells)} cells under {len(columns.headings)} headings: put quotes round a text"
        found.bad.append(BadRow(line, "", f"{reason} that holds the delimiter"))
        return
    values: dict[str, str | float | None] = {}
    bad = []
    for name, place in columns.places.items():
        field_name = "duration_s" if name == "duration_ms" else name
        text = cells[place] if place < len(cells) else ""
        try:
            value = _PARSERS[name](text) if text else None
            problem = field_problem(field_name, value) if text or name != "confidence" else None
        except ParameterError as error:
            value, problem = None, str(error)
        if problem:
            bad.append(BadRow(line, columns.headings[place], problem))
        elif value is not None:
            values[field_name] = value
    if bad:
        found.bad += bad
    else:
        found.songs.append(SongRow(line, ImportedSong(**values)))  # type: ignore[arg-type]


def _text(text: str) -> str:
    return " ".join(text.split())


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        msg = f"{text!r} is no number: write 171.5"
        raise ParameterError(msg)
    return float(text.replace(",", "."))


def _seconds(text: str) -> float:
    if _NUMBER.fullmatch(text):
        return round(_number(text), 6)
    return parse_duration("".join(text.split()).replace(",", "."))


def _milliseconds(text: str) -> float:
    return round(_number(text) / 1000, 6) if _NUMBER.fullmatch(text) else _seconds(text)


def _isrc(text: str) -> str:
    return text.upper().replace("-", "").replace(" ", "")


_PARSERS: Mapping[str, Callable[[str], str | float]] = {
    "title": _text,
    "artist": _text,
    "album": _text,
    "duration_s": _seconds,
    "duration_ms": _milliseconds,
    "bpm": _number,
    "confidence": _number,
    "isrc": _isrc,
    "uri": track_uri,
}
