"""The Web API: which call goes where, who may make it, and what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from . import library_calls, playlist_calls
from .messages import API, RefusedError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .accounts import Account
    from .messages import Call
    from .world import World

__all__ = ["Api", "Visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One call to the API, by someone, about the thing that its path names."""

    call: Call
    account: Account
    scopes: frozenset[str]
    name: str = ""

    def need(self, *scopes: str) -> None:
        """Refuse the call where one of the scopes was not granted."""
        if not self.scopes.issuperset(scopes):
            raise RefusedError(403, "Insufficient client scope")

    def number(self, name: str, default: int, most: int, least: int = 0) -> int:
        """Return a whole number of the query; refuse one out of bounds."""
        text = self.call.query.get(name, str(default))
        if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise RefusedError(400, f"Invalid {name}")
        return int(text)


Answerer: TypeAlias = "Callable[[World, Visit], Reply]"


def _me(world: World, visit: Visit) -> Reply:
    return Reply(200, world.shapes.me(visit.account))


def _search(world: World, visit: Visit) -> Reply:
    query = visit.call.query
    if not query.get("q", "").strip():
        raise RefusedError(400, "No search query")
    if not query.get("type"):
        raise RefusedError(400, "Missing parameter type")
    kinds = set(query["type"].split(","))
    if not kinds <= {"album", "artist", "playlist", "track", "show", "episode", "audiobook"}:
        raise RefusedError(400, f"Bad search type field {query['type']}")
    limit, offset = visit.number("limit", 5, 10), visit.number("offset", 0, 1000)
    if "track" not in kinds:
        return Reply(200, {})
    found = world.catalogue.search(query["q"])
    page = world.shapes.page(
        visit.call.path, query, found, shape=world.shapes.track, limit=limit, offset=offset
    )
    return Reply(200, {"tracks": page})


def _track(world: World, visit: Visit) -> Reply:
    found = world.catalogue.get(visit.name)
    if found is None:
        raise RefusedError(404, "Resource not found")
    return Reply(200, world.shapes.track(found))


_LIST = "/playlists/{}"
_ITEMS = "/playlists/{}/items"
_TABLE: dict[tuple[str, str], Answerer] = {
    ("GET", "/me"): _me,
    ("GET", "/search"): _search,
    ("GET", "/tracks/{}"): _track,
    ("GET", "/me/playlists"): playlist_calls.list_own,
    ("POST", "/me/playlists"): playlist_calls.create,
    ("GET", _LIST): playlist_calls.show,
    ("PUT", _LIST): playlist_calls.change,
    ("GET", _ITEMS): playlist_calls.list_rows,
    ("POST", _ITEMS): playlist_calls.add_rows,
    ("PUT", _ITEMS): playlist_calls.replace_or_move_rows,
    ("DELETE", _ITEMS): playlist_calls.remove_rows,
    ("GET", "/playlists/{}/images"): playlist_calls.list_covers,
    ("PUT", "/playlists/{}/images"): playlist_calls.put_cover,
    ("PUT", "/me/library"): library_calls.follow,
    ("DELETE", "/me/library"): library_calls.unfollow,
    ("GET", "/me/library/contains"): library_calls.contains,
}
_NAMED = re.compile(r"(/(?:tracks|playlists)/)([^/]+)(.*)")


class Api:
    """Answers calls below ``/v1``, all on one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call) -> Reply:
        """Return what a call is answered, its work done."""
        try:
            return self._answer(call)
        except RefusedError as refusal:
            return refusal.reply

    def _answer(self, call: Call) -> Reply:
        account, scopes = self._world.accounts.who(call.headers)
        path, name = call.path.removeprefix(API).rstrip("/"), ""
        if named := _NAMED.fullmatch(path):
            path, name = f"{named[1]}{{}}{named[3]}", named[2]
        answerer = _TABLE.get((call.method, path))
        if answerer is None:
            self._world.removed_calls.append(f"{call.method} {call.path}")
            raise RefusedError(403, "Forbidden")
        return answerer(self._world, Visit(call, account, scopes, name))
