"""Playlists and their rows: what each call does to them, and what it refuses.

Every change gives a playlist a new snapshot id. Nothing is changed by a call that is refused.
A call may name any snapshot that the playlist has had; it is carried out on the present rows.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .messages import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .catalogue import Catalogue

__all__ = ["MOST_AT_ONCE", "Playlist", "StoredRow", "checked_details", "checked_uris"]

MOST_AT_ONCE = 100
_NAME_MOST, _DESCRIPTION_MOST = 100, 300
_URI = re.compile(r"spotify:(?:track|episode):([0-9A-Za-z]{22})")
_BREAK = re.compile(r"[\r\n]")


@dataclass(slots=True)
class StoredRow:
    """One row; a local file's uri is ``spotify:local:artist:album:title:seconds``."""

    uri: str
    added_at: float = 0.0

    @property
    def is_local(self) -> bool:
        """A file on the owner's computer, which no call can add."""
        return self.uri.startswith("spotify:local:")


@dataclass(slots=True)
class Playlist:
    """One playlist, as it stands; tests may read and change everything."""

    id: str
    owner: str
    name: str
    description: str = ""
    public: bool = True
    collaborative: bool = False
    rows: list[StoredRow] = field(default_factory=list)
    cover: bytes | None = None
    followers: set[str] = field(default_factory=set)
    shown_public: bool = False
    version: int = 1

    @property
    def uris(self) -> list[str]:
        """The rows' uris, in order."""
        return [row.uri for row in self.rows]

    @property
    def snapshot(self) -> str:
        """The name of this state."""
        return _snapshot(self.id, self.version)

    def changed(self) -> None:
        """Count one more state."""
        self.version += 1

    def check_snapshot(self, snapshot: Any) -> None:  # noqa: ANN401 - as it came in
        """Refuse a snapshot that this playlist never had."""
        known = (_snapshot(self.id, version) for version in range(1, self.version + 1))
        if snapshot is not None and snapshot not in known:
            raise RefusedError(400, "Invalid snapshot id")

    def add(self, uris: Sequence[str], position: int | None, *, now: float) -> None:
        """Put rows in at a position, at the end without one."""
        at = len(self.rows) if position is None else position
        if not 0 <= at <= len(self.rows):
            raise RefusedError(400, "Index out of bounds.")
        self.rows[at:at] = [StoredRow(uri, now) for uri in uris]
        self.changed()

    def replace(self, uris: Sequence[str], *, now: float) -> None:
        """Drop all rows, local ones too, and put others in their place."""
        self.rows[:] = [StoredRow(uri, now) for uri in uris]
        self.changed()

    def remove(self, uris: Sequence[str]) -> None:
        """Drop every row that holds one of these."""
        gone = frozenset(uris)
        self.rows[:] = [row for row in self.rows if row.uri not in gone]
        self.changed()

    def move(self, start: int, before: int, length: int) -> None:
        """Move a range of rows before the row that now stands at `before`."""
        total = len(self.rows)
        if start < 0 or length < 1 or start + length > total or not 0 <= before <= total:
            raise RefusedError(400, "Range out of bounds")
        if not start <= before <= start + length:
            moved = self.rows[start : start + length]
            del self.rows[start : start + length]
            at = before if before < start else before - length
            self.rows[at:at] = moved
        self.changed()


def _snapshot(playlist_id: str, version: int) -> str:
    return base64.b64encode(f"{version},{playlist_id}".encode()).decode()


def checked_uris(uris: Any, catalogue: Catalogue, *, may_be_empty: bool = False) -> list[str]:  # noqa: ANN401
    """Return uris that may stand in a row; refuse all of them for one that may not."""
    if not isinstance(uris, list) or (not uris and not may_be_empty):
        raise RefusedError(400, "No uris provided")
    if len(uris) > MOST_AT_ONCE:
        raise RefusedError(400, f"Too many uris: at most {MOST_AT_ONCE} can be sent at once")
    for uri in uris:
        found = _URI.fullmatch(uri) if isinstance(uri, str) else None
        if found is None:
            raise RefusedError(400, f"Invalid track uri: {uri}")
        if catalogue.get(found[1]) is None:
            raise RefusedError(400, f"Payload contains a non-existing ID: {uri}")
    return uris


def checked_details(body: Any, *, new: bool) -> dict[str, Any]:  # noqa: ANN401 - as it came in
    """Return what a body says of name, description, public and collaborative."""
    if not isinstance(body, dict):
        raise RefusedError(400, "Error parsing JSON.")
    kinds = {"name": str, "description": str, "public": bool, "collaborative": bool}
    given = {key: body[key] for key in kinds if body.get(key) is not None}
    for key, value in given.items():
        if not isinstance(value, kinds[key]):
            raise RefusedError(400, f"Invalid value for {key}")
    name, description = given.get("name"), given.get("description", "")
    if (new and not name) or name == "":
        raise RefusedError(400, "Missing required field: name")
    # Not documented: the service fails on these instead of refusing them.
    if len(name or "") > _NAME_MOST or len(description) > _DESCRIPTION_MOST:
        raise RefusedError(500, "Internal server error")
    if _BREAK.search(name or "") or _BREAK.search(description):
        raise RefusedError(500, "Internal server error")
    return given
