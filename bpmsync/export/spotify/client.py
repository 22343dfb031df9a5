"""The few calls to the Web API that bpmsync needs, each an answer or one of our errors.

spotipy knows the addresses; it is given a session of ours, which sends each request once and
keeps the tokens out of its logs. When a request is repeated is the business of `calls`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bpmsync.errors import ParameterError, SpotifyError
from bpmsync.export.spotify.calls import Caller
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.keeper import TokenKeeper
from bpmsync.export.spotify.limits import (
    ROWS_A_CALL,
    SEARCH_LIMIT,
    fit_description,
    fit_name,
    id_in,
)
from bpmsync.export.spotify.reading import account_of, found_in, only_answer, playlist_of, row_of, track_of
from bpmsync.export.spotify.retry import Pace
from bpmsync.library.addresses import track_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from bpmsync.export.spotify.values import Account, CatalogueTrack, PlaylistInfo, Row

__all__ = ["BUDGET", "SpotifyClient", "open_client"]

BUDGET = 2000
_PAGE = 50
# Only what is read, in both the present and the older names: a full row is 1.5 kB
_ABOUT = "id,name,description,public,owner(id),external_urls,items(total),tracks(total)"
_ROWS = "total,items(is_local,item(uri,name,is_local),track(uri,name,is_local))"
_LONGEST_QUERY = 250  # a longer one is answered 400

_Answer = TypeVar("_Answer")


def open_client(
    account_folder: str | Path,
    *,
    max_wait_s: float = 60.0,
    notify: Callable[[str], None] | None = None,
    budget: int = BUDGET,
    pace: Pace | None = None,
) -> SpotifyClient:
    """Return a client for whoever is logged in there; close it, or use it in a ``with``.

    Parameters
    ----------
    account_folder : str or Path
        Where ``spotify login`` put the log-in.
    max_wait_s : float
        Longest wait that Spotify may ask for.
    notify : callable, optional
        Told why it takes longer.
    budget : int
        Calls after which the client stops by itself.
    pace : Pace, optional
        Everything about waiting at once, instead of `max_wait_s` and `notify`.

    Raises
    ------
    NotAuthorised
        If nobody is logged in there.
    """
    if pace is None:
        pace = Pace(max_wait_s=max_wait_s) if notify is None else Pace(max_wait_s=max_wait_s, notify=notify)
    return SpotifyClient(TokenKeeper(account_folder, pace=pace), pace=pace, budget=budget)


class SpotifyClient:
    """The account of whoever is logged in.

    Every method may raise NotAuthorised, RateLimited or SpotifyError; the ones that change
    something also `Unanswered`, where nobody can say whether the change was made.

    Parameters
    ----------
    keeper : TokenKeeper
        Gives the access tokens.
    pace : Pace
        How patient to be.
    budget : int
        Calls after which the client stops by itself.
    """

    def __init__(self, keeper: TokenKeeper, *, pace: Pace, budget: int = BUDGET) -> None:
        import spotipy

        from bpmsync.export.spotify.exchange import Exchange

        server = keeper.login().server
        self._me: Account | None = None
        self._session = Exchange(
            connect_s=pace.connect_s, read_s=pace.read_s, clock=pace.clock, local=server.local
        )
        self._caller = Caller(keeper, self._session, pace=pace, budget=budget)
        self._api = spotipy.Spotify(requests_session=self._session)
        self._api.prefix = server.api

    @property
    def calls(self) -> int:
        """Requests made so far, repeated ones included."""
        return self._caller.made

    @property
    def clock_drift_s(self) -> float | None:
        """How far Spotify's clock is ahead of this computer's, by its last answer."""
        return self._session.drift_s

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def me(self) -> Account:
        """Return who is logged in; asked once."""
        if self._me is None:
            # spotipy's own asks "me/", which the contract does not know
            self._me = self._caller.read("asking who you are", lambda: self._api._get("me"), account_of)  # noqa: SLF001
        return self._me

    def search(self, query: str, *, limit: int = SEARCH_LIMIT) -> tuple[CatalogueTrack, ...]:
        """Return the tracks that Spotify finds for a query, best first, 10 at most.

        A query of more than 250 characters is cut.
        """
        count = max(1, min(limit, SEARCH_LIMIT))
        return self._caller.read(
            "searching",
            lambda: self._api.search(_cut(query), limit=count, type="track"),
            found_in,
        )

    def track(self, uri: str) -> CatalogueTrack:
        """Return one track of the catalogue."""
        ident = track_uri(uri).rpartition(":")[2]
        return self._caller.read(f"looking {uri} up", lambda: self._api.track(ident), track_of)

    def playlists(self) -> Iterator[PlaylistInfo]:
        """Yield the playlists that the user owns."""
        owner = self.me().id
        pages = self._caller.pages(
            "listing your playlists",
            lambda offset: self._api.current_user_playlists(limit=_PAGE, offset=offset),
        )
        for item in pages:
            if item is not None and (info := _understood(item, playlist_of)).owner_id == owner:
                yield info

    def playlist(self, playlist_id: str) -> PlaylistInfo:
        """Return a playlist without its rows."""
        ident = id_in(playlist_id)
        return self._caller.read(
            "looking at the playlist", lambda: self._api.playlist(ident, fields=_ABOUT), playlist_of
        )

    def rows(self, playlist_id: str) -> tuple[Row, ...]:
        """Return all rows of a playlist, in order."""
        ident = id_in(playlist_id)
        pages = self._caller.pages(
            "reading the playlist",
            lambda offset: self._api.playlist_items(ident, fields=_ROWS, limit=_PAGE, offset=offset),
        )
        return tuple(_understood(item, row_of) for item in pages)

    def create_playlist(self, name: str, *, description: str, public: bool) -> PlaylistInfo:
        """Make an empty playlist; name and description are cut to what Spotify takes."""
        name, description = fit_name(name), fit_description(description)
        return self._caller.write(
            "creating the playlist",
            lambda: self._api.current_user_playlist_create(name, public=public, description=description),
            playlist_of,
        )

    def change_playlist(
        self,
        playlist_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        public: bool | None = None,
    ) -> None:
        """Change what is not None, cut to what Spotify takes."""
        ident = id_in(playlist_id)
        name = None if name is None else fit_name(name)
        description = None if description is None else fit_description(description)
        if name is None and description is None and public is None:
            return
        self._caller.write(
            "renaming the playlist",
            lambda: self._api.playlist_change_details(
                ident, name=name, description=description, public=public
            ),
            _done,
        )

    def replace_rows(self, playlist_id: str, uris: Sequence[str]) -> None:
        """Make these the rows of a playlist, and take all others out (100 at most; none clears it)."""
        path, listed = _items_path(playlist_id), _at_most_a_call(uris)
        self._caller.write(
            "replacing the playlist's rows",
            lambda: self._api._put(path, payload={"uris": listed}),  # noqa: SLF001 - its own refuses episodes
            _snapshot_of,
        )

    def add_rows(self, playlist_id: str, uris: Sequence[str], *, position: int) -> None:
        """Put rows in at a position, in their order (1 to 100)."""
        path, listed = _items_path(playlist_id), _at_most_a_call(uris)
        if not listed:
            return
        self._caller.write(
            "adding rows to the playlist",
            # spotipy's own posts a bare list, which the service's contract refuses
            lambda: self._api._post(path, payload={"uris": listed, "position": position}),  # noqa: SLF001
            _snapshot_of,
        )

    def remove_rows(self, playlist_id: str, uris: Sequence[str]) -> None:
        """Take every occurrence of these out of a playlist (1 to 100)."""
        path, items = _items_path(playlist_id), [{"uri": uri} for uri in _at_most_a_call(uris)]
        if not items:
            return
        self._caller.write(
            "taking rows out of the playlist",
            lambda: self._api._delete(path, payload={"items": items}),  # noqa: SLF001 - its own refuses episodes
            _snapshot_of,
        )

    def follows(self, playlist_id: str) -> bool:
        """Tell whether a playlist is in the user's library: one that was deleted is not."""
        uri = f"spotify:playlist:{id_in(playlist_id)}"
        return self._caller.read(
            "looking for the playlist in your library",
            lambda: self._api._get("me/library/contains", uris=uri),  # noqa: SLF001 - spotipy has none for it
            only_answer,
        )

    def unfollow(self, playlist_id: str) -> None:
        """Take a playlist out of the user's library, which is how Spotify deletes one."""
        uri = f"spotify:playlist:{id_in(playlist_id)}"
        # spotipy's own asks an address that is gone since February 2026
        self._caller.write("deleting the playlist", lambda: self._api._delete("me/library", uris=uri), _done)  # noqa: SLF001


def _cut(query: str) -> str:
    line = " ".join(query.split())
    return (
        line
        if len(line) <= _LONGEST_QUERY
        else line[:_LONGEST_QUERY].rpartition(" ")[0] or line[:_LONGEST_QUERY]
    )


def _items_path(playlist_id: str) -> str:
    return f"playlists/{id_in(playlist_id)}/items"


def _at_most_a_call(uris: Sequence[str]) -> list[str]:
    if len(uris) > ROWS_A_CALL:
        msg = f"{len(uris)} rows in one call: Spotify takes {ROWS_A_CALL} at most"
        raise ParameterError(msg)
    return list(uris)


def _done(_document: Any) -> None:  # noqa: ANN401 - any JSON
    """Take any answer: the status says it all."""


def _understood(item: Any, understand: Callable[[Any], _Answer]) -> _Answer:  # noqa: ANN401 - any JSON
    try:
        return understand(item)
    except Failure as failure:
        msg = "Spotify's list has an entry that bpmsync cannot read: is there a newer bpmsync?"
        raise SpotifyError(msg) from failure


def _snapshot_of(document: Any) -> None:  # noqa: ANN401 - any JSON
    """See that it is the answer to a change: a page of somebody's proxy would also come with status 200."""
    if not isinstance(document, dict) or not isinstance(document.get("snapshot_id"), str):
        raise Failure(Trouble.GARBLED)
