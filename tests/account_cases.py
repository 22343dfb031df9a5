"""An account folder that is logged in to a stand-in, time that does not pass, and who looks for tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from bpmsync.export.spotify.client import open_client
from bpmsync.export.spotify.retry import Pace
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import Login, Secret, Server
from spotify_server import ALL_SCOPES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from bpmsync.export.spotify.client import SpotifyClient
    from spotify_server import SpotifyServer

__all__ = ["Clock", "assert_silent", "browse", "put_login", "secrets_of"]

_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Clock:
    """A clock that sleeping moves; `slept` and `told` are what a user would have lived through."""

    now: float = 1_790_000_000.0
    slept: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, *, max_wait_s: float = 60.0, read_s: float = 5.0) -> Pace:
        return Pace(
            max_wait_s=max_wait_s,
            connect_s=5.0,
            read_s=read_s,
            clock=self,
            sleep=self.sleep,
            chance=lambda: 0.5,
            notify=self.told.append,
        )

    def client(self, folder: Path, *, budget: int = 2000, **pace: float) -> SpotifyClient:
        return open_client(folder, pace=self.pace(**pace), budget=budget)


def put_login(
    server: SpotifyServer,
    folder: Path,
    *,
    scopes: Collection[str] = ALL_SCOPES,
    consented_at: float | None = None,
    lasts_s: float = 3600.0,
) -> Login:
    """Write a log-in as `spotify login` does; `lasts_s` is what bpmsync believes of the access token."""
    now = server.clock()
    given_at = now if consented_at is None else consented_at
    tokens = server.issue_tokens(scopes=scopes, given_at=given_at)
    login = Login(
        client_id="demo",
        server=Server.standing_in(server.url),
        scopes=tuple(sorted(scopes)),
        access=Secret(tokens.access_token),
        refresh=Secret(tokens.refresh_token),
        expires_at=now + lasts_s,
        consented_at=given_at,
    )
    TokenFile(folder).save(login)
    return login


def browse(address: str) -> requests.Response:
    """Open an address as a browser does, up to the page that it ends at."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(address, timeout=_TIMEOUT_S)


def secrets_of(server: SpotifyServer) -> set[str]:
    """Return every token that the stand-in issued, and every code and verifier it was shown."""
    accounts = server.accounts
    shown = {
        str(one.body[name])
        for one in server.calls("POST", "/api/token")
        if isinstance(one.body, dict)
        for name in ("code", "code_verifier", "refresh_token")
        if name in one.body
    }
    return {*accounts._access, *accounts._refresh, *accounts._spent, *shown}


def assert_silent(server: SpotifyServer, *texts: str) -> None:
    """Assert that no text holds a secret, nor a good part of one."""
    found = secrets_of(server)
    assert found
    for text in texts:
        assert not [secret for secret in found if secret[:20] in text]
