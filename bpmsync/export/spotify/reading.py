"""Spotify's JSON as our values (pure).

Apps of before February 2026 still get the older names, so both are read: a playlist's rows
have ``item`` or ``track``, a playlist has ``items`` or ``tracks``. What a shape does not say is
left empty; what has to be there and is not raises `Failure`.
"""

from __future__ import annotations

import contextlib
import html
from typing import Any

from bpmsync.errors import ParameterError
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.limits import id_in
from bpmsync.export.spotify.values import Account, CatalogueTrack, PlaylistInfo, Row

__all__ = ["account_of", "found_in", "only_answer", "page_of", "playlist_of", "row_of", "track_of"]

_MS_PER_S = 1000
_LARGEST = 1e12  # JSON has numbers that no length is


def account_of(document: Any) -> Account:  # noqa: ANN401 - any JSON
    """Return the account that ``GET /me`` describes."""
    given = _object(document)
    name = given.get("display_name")
    return Account(_word(given, "id"), name if isinstance(name, str) and name else None)


def track_of(document: Any) -> CatalogueTrack:  # noqa: ANN401
    """Return a track of the catalogue."""
    given = _object(document)
    artists = given.get("artists")
    isrc = _part(given, "external_ids").get("isrc")
    return CatalogueTrack(
        uri=_word(given, "uri"),
        title=_text(given, "name"),
        artists=tuple(_text(artist, "name") for artist in _list(artists) if isinstance(artist, dict)),
        album=_text(_part(given, "album"), "name"),
        duration_s=_number(given, "duration_ms") / _MS_PER_S,
        isrc=isrc if isinstance(isrc, str) and isrc else None,
    )


def found_in(document: Any) -> tuple[CatalogueTrack, ...]:  # noqa: ANN401
    """Return the tracks that a search found; one that cannot be read is as good as not found."""
    found = []
    for item in page_of(_part(_object(document), "tracks"))[0]:
        with contextlib.suppress(Failure):
            found.append(track_of(item))
    return tuple(found)


def playlist_of(document: Any) -> PlaylistInfo:  # noqa: ANN401
    """Return a playlist without its rows."""
    given = _object(document)
    ident = _id(given)
    public = given.get("public")
    rows = _part(given, "items") or _part(given, "tracks")
    total = rows.get("total")
    return PlaylistInfo(
        id=ident,
        name=_text(given, "name"),
        # Spotify escapes what was typed into a description
        description=html.unescape(_text(given, "description")),
        owner_id=_text(_part(given, "owner"), "id"),
        public=public if isinstance(public, bool) else None,
        total=total if isinstance(total, int) else 0,
        url=_address(_part(given, "external_urls")) or f"https://open.spotify.com/playlist/{ident}",
    )


def row_of(document: Any) -> Row:  # noqa: ANN401
    """Return a row of a playlist; a row whose track is gone has no URI."""
    given = _object(document)
    item = _part(given, "item") or _part(given, "track")
    uri = _text(item, "uri")
    local = given.get("is_local") is True or item.get("is_local") is True or uri.startswith("spotify:local:")
    return Row(uri or None, _text(item, "name"), is_local=local)


def page_of(document: Any) -> tuple[list[Any], int]:  # noqa: ANN401
    """Return what a page holds, and how much all pages hold together."""
    given = _object(document)
    total = given.get("total")
    if not isinstance(given.get("items"), list) or not isinstance(total, int) or isinstance(total, bool):
        raise Failure(Trouble.GARBLED)
    return given["items"], total


def only_answer(document: Any) -> bool:  # noqa: ANN401
    """Return the answer to one yes-or-no question, which comes as a list of one."""
    if not isinstance(document, list) or len(document) != 1 or not isinstance(document[0], bool):
        raise Failure(Trouble.GARBLED)
    return document[0]


def _object(document: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(document, dict):
        raise Failure(Trouble.GARBLED)
    return document


def _part(given: dict[str, Any], key: str) -> dict[str, Any]:
    part = given.get(key)
    return part if isinstance(part, dict) else {}


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []


def _text(given: dict[str, Any], key: str) -> str:
    text = given.get(key)
    return text if isinstance(text, str) else ""


def _word(given: dict[str, Any], key: str) -> str:
    """Return a text that has to be there."""
    if not (text := _text(given, key)):
        raise Failure(Trouble.GARBLED)
    return text


def _id(given: dict[str, Any]) -> str:
    """Return an id, which goes into addresses and names of files."""
    try:
        return id_in(_word(given, "id"))
    except ParameterError as error:
        raise Failure(Trouble.GARBLED) from error


def _address(given: dict[str, Any]) -> str:
    """Return a web address that may be printed; empty where there is none."""
    address = _text(given, "spotify")
    visible = address.isascii() and address.isprintable() and " " not in address
    return address if visible and address.startswith("https://") else ""


def _number(given: dict[str, Any], key: str) -> float:
    value = given.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        raise Failure(Trouble.GARBLED)
    return float(value)
