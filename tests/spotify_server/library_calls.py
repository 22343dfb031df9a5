"""Calls about what a person keeps: following a playlist is keeping it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .messages import RefusedError, Reply

if TYPE_CHECKING:
    from .api import Visit
    from .world import World

__all__ = ["contains", "follow", "unfollow"]

_MOST = 40
_URI = re.compile(r"spotify:(track|album|episode|show|audiobook|user|artist|playlist):([^:]+)")


def _uris(visit: Visit) -> list[tuple[str, str, str]]:
    """Return uri, kind and name of everything that the query lists."""
    uris = [uri for uri in visit.call.query.get("uris", "").split(",") if uri]
    if not uris:
        raise RefusedError(400, "Missing required field: uris")
    if len(uris) > _MOST:
        raise RefusedError(400, f"Too many uris requested: at most {_MOST}")
    found = []
    for uri in uris:
        match = _URI.fullmatch(uri)
        if match is None:
            raise RefusedError(400, f"Invalid uri: {uri}")
        found.append((uri, match[1], match[2]))
    return found


def _change(world: World, visit: Visit, *, keep: bool) -> Reply:
    things = _uris(visit)
    for _, kind, name in things:
        if kind != "playlist":
            visit.need("user-follow-modify" if kind == "user" else "user-library-modify")
        elif name not in world.playlists:
            raise RefusedError(404, "Resource not found")
        elif not visit.scopes & {"playlist-modify-public", "playlist-modify-private"}:
            raise RefusedError(403, "Insufficient client scope")
    saved = world.saved.setdefault(visit.account.id, set())
    for uri, kind, name in things:
        keepers = world.playlists[name].followers if kind == "playlist" else saved
        kept = visit.account.id if kind == "playlist" else uri
        if keep:
            keepers.add(kept)
        else:
            keepers.discard(kept)
    return Reply(200)


def follow(world: World, visit: Visit) -> Reply:
    """Keep things."""
    return _change(world, visit, keep=True)


def unfollow(world: World, visit: Visit) -> Reply:
    """Let things go; a playlist of one's own stays readable under its id."""
    return _change(world, visit, keep=False)


def contains(world: World, visit: Visit) -> Reply:
    """Tell of each thing whether it is kept."""
    things = _uris(visit)
    if any(kind == "playlist" for _, kind, _ in things):
        visit.need("playlist-read-private")
    if any(kind != "playlist" for _, kind, _ in things):
        visit.need("user-library-read")
    saved = world.saved.get(visit.account.id, set())
    kept = []
    for uri, kind, name in things:
        playlist = world.playlists.get(name) if kind == "playlist" else None
        kept.append(visit.account.id in playlist.followers if playlist else uri in saved)
    return Reply(200, kept)
