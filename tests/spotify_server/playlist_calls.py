"""Calls about playlists: limits, scopes and ownership first, then the change."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from .fields import chosen_fields
from .messages import API, RefusedError, Reply
from .playlists import MOST_AT_ONCE, checked_details, checked_uris

if TYPE_CHECKING:
    from .api import Visit
    from .playlists import Playlist
    from .world import World

__all__ = [
    "add_rows",
    "change",
    "create",
    "list_covers",
    "list_own",
    "list_rows",
    "put_cover",
    "remove_rows",
    "replace_or_move_rows",
    "show",
]

_MOST_ROWS = 50
_MOST_OFFSET = 100_000
_FIRST_PAGE = 100
_COVER_MOST = 256 * 1024


def _found(world: World, visit: Visit) -> Playlist:
    playlist = world.playlists.get(visit.name)
    if playlist is None:
        raise RefusedError(404, "Resource not found")
    return playlist


def _reads_rows(playlist: Playlist, visit: Visit) -> bool:
    mine = playlist.owner == visit.account.id
    return mine or (playlist.collaborative and visit.account.id in playlist.followers)


def _need_to_write(visit: Visit, *, public: bool) -> None:
    visit.need("playlist-modify-public" if public else "playlist-modify-private")


def _own(world: World, visit: Visit, *, or_shared: bool = True) -> Playlist:
    """Return the playlist if this visit may change it."""
    playlist = _found(world, visit)
    if playlist.owner != visit.account.id and not (or_shared and _reads_rows(playlist, visit)):
        raise RefusedError(403, "You cannot add tracks to a playlist you don't own.")
    _need_to_write(visit, public=playlist.public)
    return playlist


def _body(visit: Visit) -> dict[str, Any]:
    body = visit.call.data
    if not isinstance(body, dict):
        raise RefusedError(400, "Error parsing JSON.")
    return body


def _whole(body: dict[str, Any], name: str, default: int | None = None) -> int | None:
    value = body.get(name, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise RefusedError(400, f"Invalid {name}")
    return value


def list_own(world: World, visit: Visit) -> Reply:
    """Return the playlists that a person owns or follows; without the scope only public ones."""
    limit = visit.number("limit", 20, 50)
    offset = visit.number("offset", 0, _MOST_OFFSET)
    secret = "playlist-read-private" in visit.scopes
    kept = [
        one
        for one in world.playlists.values()
        if visit.account.id in one.followers and (one.public or secret)
    ]
    page = world.shapes.page(
        visit.call.path,
        visit.call.query,
        kept,
        shape=lambda one: world.shapes.playlist(one, simple=True),
        limit=limit,
        offset=offset,
    )
    return Reply(200, page)


def create(world: World, visit: Visit) -> Reply:
    """Make an empty playlist."""
    given = checked_details(visit.call.data, new=True)
    public, collaborative = given.get("public", True), given.get("collaborative", False)
    if public and collaborative:
        raise RefusedError(400, "Collaborative playlists can only be private.")
    _need_to_write(visit, public=public)
    if collaborative:
        _need_to_write(visit, public=True)
    playlist = world.add_playlist(
        given["name"], owner=visit.account.id, description=given.get("description", ""), public=public
    )
    playlist.collaborative = collaborative
    playlist.shown_public = world.always_public
    return Reply(201, world.shapes.playlist(playlist, simple=False, rows=_rows(world, playlist)))


def _rows(world: World, playlist: Playlist, limit: int = _FIRST_PAGE, offset: int = 0, **query: str) -> Any:  # noqa: ANN401
    path = f"{API}/playlists/{playlist.id}/items"
    return world.shapes.page(
        path,
        query,
        playlist.rows,
        shape=lambda row: world.shapes.row(row, playlist.owner),
        limit=limit,
        offset=offset,
    )


def show(world: World, visit: Visit) -> Reply:
    """Return a playlist, with its first rows for those who may see them."""
    playlist = _found(world, visit)
    rows = _rows(world, playlist) if _reads_rows(playlist, visit) else None
    body = world.shapes.playlist(playlist, simple=False, rows=rows)
    return Reply(200, chosen_fields(body, visit.call.query.get("fields")))


def change(world: World, visit: Visit) -> Reply:
    """Change name, description, public or collaborative."""
    given = checked_details(visit.call.data, new=False)
    playlist = _own(world, visit, or_shared=False)
    public = given.get("public", playlist.public)
    if public and given.get("collaborative", playlist.collaborative):
        raise RefusedError(400, "Collaborative playlists can only be private.")
    _need_to_write(visit, public=public)
    for name, value in given.items():
        setattr(playlist, name, value)
    if given.get("public") is not None:
        playlist.shown_public = False
    playlist.changed()
    return Reply(200)


def list_rows(world: World, visit: Visit) -> Reply:
    """Return one page of rows."""
    limit = visit.number("limit", 20, _MOST_ROWS)
    offset = visit.number("offset", 0, _MOST_OFFSET)
    playlist = _found(world, visit)
    if not _reads_rows(playlist, visit):
        raise RefusedError(403, "Forbidden")
    visit.need("playlist-read-private")
    query = {k: v for k, v in visit.call.query.items() if k not in ("limit", "offset")}
    return Reply(200, chosen_fields(_rows(world, playlist, limit, offset, **query), query.get("fields")))


def add_rows(world: World, visit: Visit) -> Reply:
    """Put rows in; uris in the query win over those of the body."""
    playlist = _own(world, visit)
    query, body = visit.call.query, visit.call.data
    if body is None and "uris" in query:
        body = {}
    if isinstance(body, list) and not world.strict:
        body = {"uris": body}
    if not isinstance(body, dict):
        raise RefusedError(400, "Error parsing JSON.")
    uris = query["uris"].split(",") if "uris" in query else body.get("uris")
    position = visit.number("position", 0, _MOST_OFFSET) if "position" in query else _whole(body, "position")
    playlist.add(checked_uris(uris, world.catalogue), position, now=world.clock())
    return Reply(201, {"snapshot_id": playlist.snapshot})


def replace_or_move_rows(world: World, visit: Visit) -> Reply:
    """Replace all rows, or move a range of them."""
    playlist = _own(world, visit)
    body = visit.call.data if visit.call.body or "uris" not in visit.call.query else {}
    if not isinstance(body, dict):
        raise RefusedError(400, "Error parsing JSON.")
    uris = visit.call.query["uris"].split(",") if "uris" in visit.call.query else body.get("uris")
    moves = body.keys() & {"range_start", "insert_before", "range_length"}
    if uris is not None and moves:
        raise RefusedError(400, "Cannot both replace and reorder items")
    if moves:
        start, before = _whole(body, "range_start"), _whole(body, "insert_before")
        length = _whole(body, "range_length", 1)
        if start is None or before is None or length is None:
            raise RefusedError(400, "Missing range_start or insert_before")
        playlist.check_snapshot(body.get("snapshot_id"))
        playlist.move(start, before, length)
    else:
        playlist.replace(checked_uris(uris, world.catalogue, may_be_empty=True), now=world.clock())
    return Reply(200, {"snapshot_id": playlist.snapshot})


def remove_rows(world: World, visit: Visit) -> Reply:
    """Drop every row that holds one of the given uris."""
    playlist = _own(world, visit)
    body = _body(visit)
    items = body.get("items")
    if not isinstance(items, list) or not items:
        raise RefusedError(400, "Missing required field: items")
    if len(items) > MOST_AT_ONCE:
        raise RefusedError(400, f"Too many items: at most {MOST_AT_ONCE} can be sent at once")
    uris = [item.get("uri") if isinstance(item, dict) else None for item in items]
    for uri in uris:
        if not isinstance(uri, str) or not uri.startswith("spotify:"):
            raise RefusedError(400, f"Invalid track uri: {uri}")
    playlist.check_snapshot(body.get("snapshot_id"))
    playlist.remove([uri for uri in uris if uri is not None])
    return Reply(200, {"snapshot_id": playlist.snapshot})


def list_covers(world: World, visit: Visit) -> Reply:
    """Return the cover's pictures."""
    return Reply(200, world.shapes.images(_found(world, visit)))


def put_cover(world: World, visit: Visit) -> Reply:
    """Take a JPEG, base64 encoded, as cover."""
    visit.need("ugc-image-upload")
    playlist = _own(world, visit, or_shared=False)
    if not visit.call.headers.get("content-type", "").startswith("image/jpeg"):
        raise RefusedError(400, "Unsupported content type")
    if len(visit.call.body) > _COVER_MOST:
        raise RefusedError(400, "Image is too large")
    try:
        picture = base64.b64decode(visit.call.body, validate=True)
    except binascii.Error:
        picture = b""
    if not picture.startswith(b"\xff\xd8"):
        raise RefusedError(400, "Invalid image data")
    playlist.cover = picture
    return Reply(202)
