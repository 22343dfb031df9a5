"""TRACK: a path, an id that a table showed, or a query with one hit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import clean, shorten
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.store import Store
    from bpmsync.library.track import Track

__all__ = ["find_track", "nothing_found", "several_found"]

_MOST_SHOWN = 20
_LONGEST_NAME = 60


def find_track(store: Store, text: str, *, imported: bool = False) -> Track:
    """Return the one track that a TRACK argument means.

    Parameters
    ----------
    store : Store
        The library.
    text : str
        A path, a number from a table, or a query.
    imported : bool
        Whether an imported song will do; it has no sound to hear and no beat to correct.

    Raises
    ------
    click.UsageError
        If a query has several hits: the message lists them.
    BpmsyncError
        If there is none.
    """
    from bpmsync.library.query import parse_query
    from bpmsync.library.shelving import tracks_matching

    if text.isascii() and text.isdigit():
        by_id = store.track_by_id(int(text))
        if by_id is not None:
            return by_id
    by_path = store.track_by_path(Path(text).absolute())
    if by_path is not None:
        return by_path
    found = tracks_matching(store, parse_query(text).matches, imported=True)
    hits = [track for track in found if track.has_file or imported]
    if found and not hits:
        raise BpmsyncError(_no_sound(found[0]))
    if not hits:
        raise BpmsyncError(nothing_found(store, text))
    if len(hits) > 1:
        raise click.UsageError(several_found(text, hits))
    return hits[0]


def _no_sound(song: Track) -> str:
    return (
        f"{clean(song.name)} was imported without a file: there is nothing to hear and no beat to correct "
        "(to change its tempo, import it again)"
    )


def nothing_found(store: Store, text: str) -> str:
    """Return why a TRACK argument means nothing."""
    if Path(text).is_file():
        reason = next((f.reason for f in store.failures() if f.path == str(Path(text).absolute())), None)
        if reason:
            return f"{text} could not be used when it was scanned: {reason}"
        return f"{text} is not in the library: scan it first (bpmsync scan {Path(text).parent})"
    return f"no track matches {text!r}: bpmsync tracks lists what is in the library"


def several_found(text: str, hits: Sequence[Track]) -> str:
    """Return which tracks a query matches, and how to name one of them."""
    # An imported song has no number, but a query that nothing else can match
    words = [str(track.id) if track.has_file else f"hash:{track.audio_hash}" for track in hits[:_MOST_SHOWN]]
    names = [shorten(track.name, _LONGEST_NAME) for track in hits[:_MOST_SHOWN]]
    lines = [f"  {word}  {name}" for word, name in zip(words, names, strict=True)]
    if len(hits) > _MOST_SHOWN:
        lines.append(f"  ... and {len(hits) - _MOST_SHOWN} more")
    return "\n".join([f"{text!r} matches {len(hits)} tracks: give the number of one", *lines])
