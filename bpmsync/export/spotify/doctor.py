"""Tries an account out, step by step, on a playlist of its own that it takes away again."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.errors import NotAuthorised, SpotifyError, Unanswered
from bpmsync.export.spotify.client import SpotifyClient
from bpmsync.export.spotify.keeper import TokenKeeper
from bpmsync.export.spotify.refusals import LOG_IN_AGAIN, span
from bpmsync.export.spotify.session import introduce, missing_scopes
from bpmsync.export.spotify.tokens import consent_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bpmsync.export.spotify.retry import Pace
    from bpmsync.export.spotify.values import CatalogueTrack

__all__ = ["Finding", "examine"]

_LARGEST_DRIFT_S = 120.0
_QUERIES = ("love", "year:1900-2100")  # on Spotify the first finds more than enough
_READS = 3  # a playlist may show a change a moment later


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one step.

    Parameters
    ----------
    step : str
        Its name.
    ok : bool
        Whether it went well.
    words : str
        What was seen; or what is wrong, and what to do.
    """

    step: str
    ok: bool
    words: str


def examine(folder: str | Path, *, pace: Pace) -> Iterator[Finding]:
    """Yield one finding for each step, until one fails that the others need.

    Whatever happens, a playlist that was made on the way is taken away again.

    Parameters
    ----------
    folder : str or Path
        The account's folder.
    pace : Pace
        How patient to be.
    """
    keeper = TokenKeeper(folder, pace=pace)
    for step, work in (
        ("log-in", lambda: _see_login(keeper)),
        ("renewal", lambda: _renew(keeper)),
        ("account", lambda: _see_account(folder, pace)),
    ):
        finding = _tried(step, work)
        yield finding
        if not finding.ok:
            return
    with SpotifyClient(keeper, pace=pace) as client:
        yield from _Trial(client, pace).steps()


def _tried(step: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(step, ok=True, words=work())
    except SpotifyError as error:
        return Finding(step, ok=False, words=str(error))


def _see_login(keeper: TokenKeeper) -> str:
    login = keeper.login()
    if missing := missing_scopes(login):
        msg = f"it does not cover {', '.join(missing)}: {LOG_IN_AGAIN}, and agree to everything it asks for"
        raise NotAuthorised(msg)
    return f"app {login.client_id}, consent until {consent_ends(login.consented_at):%d %B %Y}"


def _renew(keeper: TokenKeeper) -> str:
    keeper.after_refusal(keeper.login().access)
    return "Spotify renews the log-in"


def _see_account(folder: str | Path, pace: Pace) -> str:
    account = introduce(folder, pace=pace).account
    return "" if account is None else f"{account.display_name or account.id} ({account.id})"


class _Trial:
    """One playlist from its making to its end."""

    def __init__(self, client: SpotifyClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        self._name = f"bpmsync doctor {secrets.token_hex(4)}"  # told from all others, should it be lost
        self._track: CatalogueTrack | None = None
        self._playlist_id: str | None = None
        self._lost = False

    def steps(self) -> Iterator[Finding]:
        try:
            for step, work in (("search", self._search), ("create", self._create), ("add", self._add),
                               ("read back", self._read_back)):  # fmt: skip
                finding = _tried(step, work)
                yield finding
                if not finding.ok:
                    break
            yield _tried("clock", self._compare_clocks)
            if self._playlist_id is not None or self._lost:
                yield _tried("clean up", self._clean_up)
        finally:  # the caller went away, or Ctrl-C
            with contextlib.suppress(SpotifyError):
                self._clean_up()

    def _search(self) -> str:
        for query in _QUERIES:
            if found := self._client.search(query, limit=1):
                self._track = found[0]
                return f"found {found[0].name}"
        msg = f"Spotify finds nothing, not even for {_QUERIES[0]!r}: try again later"
        raise SpotifyError(msg)

    def _create(self) -> str:
        words = "made by bpmsync spotify doctor, which deletes it again"
        try:
            made = self._client.create_playlist(self._name, description=words, public=False)
        except Unanswered:
            self._lost = True
            raise
        self._playlist_id = made.id
        return f"made the playlist {made.name!r}"

    def _add(self) -> str:
        ident, track = self._known()
        self._client.add_rows(ident, [track.uri], position=0)
        return "added a track"

    def _read_back(self) -> str:
        ident, track = self._known()
        uris: list[str | None] = []
        for attempt in range(_READS):
            if attempt:
                self._pace.pause(attempt)
            uris = [row.uri for row in self._client.rows(ident)]
            if uris == [track.uri]:
                return "the playlist holds exactly that track"
        msg = f"the playlist should hold {track.uri} and holds {uris or 'nothing'}: try again later"
        raise SpotifyError(msg)

    def _compare_clocks(self) -> str:
        drift_s = self._client.clock_drift_s
        if drift_s is None:
            return "Spotify did not tell the time"
        if abs(drift_s) <= _LARGEST_DRIFT_S:
            return "this computer's clock is right"
        word = "behind" if drift_s > 0 else "ahead"
        off = f"{span(abs(drift_s))} {word}"
        msg = f"this computer's clock is {off}: set it, or log-ins seem to end early or late"
        raise SpotifyError(msg)

    def _clean_up(self) -> str:
        if self._playlist_id is None and self._lost:
            self._playlist_id = next(
                (info.id for info in self._client.playlists() if info.name == self._name), None
            )
            self._lost = False
        if self._playlist_id is None:
            return "there is nothing to delete"
        try:
            self._client.unfollow(self._playlist_id)
        except Unanswered:
            if self._client.follows(self._playlist_id):
                self._client.unfollow(self._playlist_id)
        except SpotifyError as error:
            msg = f"cannot delete {self._name!r}: delete it yourself in Spotify. {error}"
            raise SpotifyError(msg) from error
        self._playlist_id = None
        return f"deleted {self._name!r}"

    def _known(self) -> tuple[str, CatalogueTrack]:
        if self._playlist_id is None or self._track is None:
            msg = "the steps before this one made nothing"
            raise SpotifyError(msg)
        return self._playlist_id, self._track
