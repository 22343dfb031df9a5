"""A stateful stand-in for Spotify on 127.0.0.1, for tests and for trying things by hand.

`SpotifyServer` speaks the accounts service and the Web API as they are in 2026. The house it
is built in: `wire` (HTTP), `server` (exchanges, faults), `accounts` (OAuth), `api` with
`playlist_calls` and `library_calls` (the endpoints), `world`, `playlists` and `catalogue` (the
state), `shapes` and `fields` (the JSON), `search`, `faults`.
"""

from .accounts import ALL_SCOPES, Account, Tokens
from .catalogue import Catalogue, Recording
from .faults import FAULTS, Fault
from .messages import Exchange, Reply
from .playlists import Playlist, StoredRow
from .server import STARTED, SpotifyServer

__all__ = [
    "ALL_SCOPES",
    "FAULTS",
    "STARTED",
    "Account",
    "Catalogue",
    "Exchange",
    "Fault",
    "Playlist",
    "Recording",
    "Reply",
    "SpotifyServer",
    "StoredRow",
    "Tokens",
]
