"""TRACK: a path, an id that a table showed, or a query with one hit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import shorten
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track

__all__ = ["find_track"]

_MOST_SHOWN = 20
_LONGEST_NAME = 60


def find_track(store: Store, text: str) -> Track:
    """Return the one track that a TRACK argument means.

    Raises
    ------
    click.UsageError
        If a query has several hits: the message lists them.
    BpmsyncError
        If there is none.
    """
    from bpmsync.library.query import parse_query

    if text.isascii() and text.isdigit():
        by_id = store.track_by_id(int(text))
        if by_id is not None:
            return by_id
    by_path = store.track_by_path(Path(text).absolute())
    if by_path is not None:
        return by_path
    query = parse_query(text)
    hits = [track for track in store.tracks() if query.matches(track)]
    if not hits:
        raise BpmsyncError(_nothing(store, text))
    if len(hits) > 1:
        raise click.UsageError(_candidates(text, hits))
    return hits[0]


def _nothing(store: Store, text: str) -> str:
    if Path(text).is_file():
        reason = next((f.reason for f in store.failures() if f.path == str(Path(text).absolute())), None)
        if reason:
            return f"{text} could not be used when it was scanned: {reason}"
        return f"{text} is not in the library: scan it first (bpmsync scan {Path(text).parent})"
    return f"no track matches {text!r}: bpmsync tracks lists what is in the library"


def _candidates(text: str, hits: list[Track]) -> str:
    lines = [f"  {track.id}  {shorten(track.name, _LONGEST_NAME)}" for track in hits[:_MOST_SHOWN]]
    if len(hits) > _MOST_SHOWN:
        lines.append(f"  ... and {len(hits) - _MOST_SHOWN} more")
    return "\n".join([f"{text!r} matches {len(hits)} tracks: give the number of one", *lines])
