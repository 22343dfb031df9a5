"""How the Web API shows things: tracks, rows, playlists, people and pages, in two fashions.

*Modern* is what an app of 2026 gets: rows hold an ``item``, tracks have neither popularity nor
markets. *Legacy* is what older apps still get: rows hold a ``track``, and playlists ``tracks``.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlencode

from .catalogue import made_up_id
from .messages import API

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .accounts import Account
    from .catalogue import Catalogue, Recording
    from .playlists import Playlist, StoredRow

__all__ = ["Json", "Shapes", "escaped"]

Json: TypeAlias = dict[str, Any]
_T = TypeVar("_T")
_SITE = "https://open.spotify.com"
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "/": "&#x2F;"}


def escaped(text: str) -> str:
    """Return a description as the service gives it back: with HTML entities."""
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes the JSON of one service.

    Parameters
    ----------
    url
        Of the service, without a slash at the end.
    legacy
        The fashion.
    catalogue
        Where the rows' tracks are looked up.
    """

    url: str
    legacy: bool
    catalogue: Catalogue
    _tracks: dict[Recording, Json] = field(default_factory=dict, repr=False)

    @property
    def rows_key(self) -> str:
        """Where a playlist keeps its rows."""
        return "tracks" if self.legacy else "items"

    def _thing(self, kind: str, name: str, folder: str | None = None) -> Json:
        return {
            "external_urls": {"spotify": f"{_SITE}/{kind}/{name}"},
            "href": f"{self.url}{API}/{folder or kind + 's'}/{name}",
            "id": name,
            "type": kind,
            "uri": f"spotify:{kind}:{name}",
        }

    def me(self, account: Account) -> Json:
        """Return the profile of whoever is logged in."""
        return {
            **self._thing("user", account.id),
            "account_id": made_up_id(f"account {account.id}"),
            "display_name": account.display_name,
            "images": [],
        }

    def track(self, one: Recording) -> Json:
        """Return a full track; made once, as rows show it again and again."""
        if one not in self._tracks:
            self._tracks[one] = self._track(one)
        return self._tracks[one]

    def _track(self, one: Recording) -> Json:
        extra: Json = {"popularity": one.popularity, "available_markets": ["DE", "US"]} if self.legacy else {}
        artists = [
            {**self._thing("artist", made_up_id(f"artist {name}")), "name": name} for name in one.artists
        ]
        album = {
            **self._thing("album", made_up_id(f"album {one.album} {one.artists[:1]}")),
            "album_type": "album",
            "artists": artists[:1],
            "images": [],
            "name": one.album,
            "release_date": str(one.year),
            "release_date_precision": "year",
            "total_tracks": 10,
        }
        return {
            **self._thing("track", one.id),
            **extra,
            "album": album,
            "artists": artists,
            "disc_number": 1,
            "duration_ms": round(one.duration_s * 1000),
            "explicit": False,
            "external_ids": {"isrc": one.isrc} if one.isrc else {},
            "is_local": False,
            "name": one.title,
            "preview_url": None,
            "track_number": 1,
        }

    def row(self, row: StoredRow, owner: str) -> Json:
        """Return one row; its item is null where the track is gone."""
        if row.is_local:
            item: Json | None = _local_track(row.uri)
        else:
            found = self.catalogue.get(row.uri.rsplit(":", 1)[-1])
            item = self.track(found) if found else None
        return {
            "added_at": _moment(row.added_at),
            "added_by": self._thing("user", owner),
            "is_local": row.is_local,
            "track" if self.legacy else "item": item,
        }

    def playlist(self, playlist: Playlist, *, simple: bool, rows: Json | None = None) -> Json:
        """Return a playlist; the full one with a page of rows where the caller may see them."""
        body = {
            **self._thing("playlist", playlist.id),
            "collaborative": playlist.collaborative,
            "description": escaped(playlist.description),
            "images": self.images(playlist),
            "name": playlist.name,
            "owner": {**self._thing("user", playlist.owner), "display_name": playlist.owner},
            "primary_color": None,
            "public": playlist.public or playlist.shown_public,
            "snapshot_id": playlist.snapshot,
        }
        if simple:
            href = f"{self.url}{API}/playlists/{playlist.id}/items"
            body[self.rows_key] = {"href": href, "total": len(playlist.rows)}
        elif rows is not None:
            body[self.rows_key] = rows
        return body

    def images(self, playlist: Playlist) -> list[Json]:
        """Return the cover, if one was uploaded."""
        if playlist.cover is None:
            return []
        return [{"url": f"{self.url}/image/{playlist.id}", "height": None, "width": None}]

    def page(
        self,
        path: str,
        query: Mapping[str, str],
        items: Sequence[_T],
        *,
        shape: Callable[[_T], Json],
        limit: int,
        offset: int,
    ) -> Json:
        """Return one page of a list, with links to its neighbours; only its own items are shaped."""
        total = len(items)

        def link(start: int) -> str:
            return f"{self.url}{path}?{urlencode({**query, 'offset': start, 'limit': limit})}"

        return {
            "href": link(offset),
            "items": [shape(one) for one in items[offset : offset + limit]],
            "limit": limit,
            "next": link(offset + limit) if limit and offset + limit < total else None,
            "offset": offset,
            "previous": link(max(0, offset - limit)) if limit and offset > 0 else None,
            "total": total,
        }


@functools.cache
def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _local_track(uri: str) -> Json:
    """Return the track of a file on the owner's computer."""
    artist, album, title, seconds = uri.split(":")[2:6]
    nothing: Json = {"external_urls": {}, "href": None, "id": None}
    return {
        **nothing,
        "album": {**nothing, "artists": [], "images": [], "name": album, "type": "album", "uri": None},
        "artists": [{**nothing, "name": artist, "type": "artist", "uri": None}],
        "duration_ms": int(seconds) * 1000,
        "external_ids": {},
        "is_local": True,
        "name": title,
        "type": "track",
        "uri": uri,
    }
