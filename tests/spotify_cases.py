"""Songs for the stand-in's catalogue, made up by rule, and who checks what was said to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from spotify_server import ALL_SCOPES, STARTED, Recording

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self

    from spotify_server import SpotifyServer

__all__ = ["Caller", "check_exchanges", "recordings"]

_TIMEOUT_S = 30.0

_COLOURS = ("Red", "Blue", "Green", "Amber", "Grey", "White", "Black", "Brown", "Violet", "Pink")
_THINGS = ("Kettle", "Ferry", "Lantern", "Ladder", "Harbour", "Umbrella", "Tram", "Gate", "Bell", "Orchard")


def recordings(number: int) -> tuple[Recording, ...]:
    """Return that many different recordings of ten artists, always the same."""
    return tuple(
        Recording(
            title=f"{_COLOURS[i % 10]} {_THINGS[i // 10 % 10]} {i // 100 + 1}",
            artists=(f"The {_THINGS[i % 10]}s",),
            album=f"{_THINGS[i % 10]} Songs",
            duration_s=150.0 + i % 120 + i % 7 / 10,
            isrc=f"XXTST26{i:05d}",
        )
        for i in range(number)
    )


def check_exchanges() -> None:
    """Assert that no server of this test was told or told anything against the contract."""
    servers = list(STARTED)
    STARTED[:] = [one for one in servers if one.running]
    for server in servers:
        _check(server)


def _check(server: SpotifyServer) -> None:
    violations = server.violations()
    assert not violations, "\n".join(["against the contract:", *violations])
    assert server.provoked or not server.removed_calls, f"no longer in the API: {server.removed_calls}"


class Caller:
    """An app that is logged in and makes plain calls; paths are those below ``/v1``."""

    def __init__(self, server: SpotifyServer, *, scopes: Collection[str] = ALL_SCOPES) -> None:
        self._url = f"{server.url}/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {server.issue_tokens(scopes=scopes).access_token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.session.close()

    def __call__(self, method: str, path: str, **about: Any) -> requests.Response:  # noqa: ANN401
        """Return the answer to one call; `about` goes to requests."""
        return self.session.request(method, f"{self._url}{path}", **{"timeout": _TIMEOUT_S, **about})

    def new_playlist(self, uris: Collection[str] = ()) -> str:
        """Return the id of a new private playlist that holds these."""
        made = self("POST", "/me/playlists", json={"name": "Run", "public": False})
        path = f"/playlists/{made.json()['id']}/items"
        for start in range(0, len(uris), 100):
            self("POST", path, json={"uris": list(uris)[start : start + 100]}).raise_for_status()
        return str(made.json()["id"])
