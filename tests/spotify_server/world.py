"""All that the stand-in knows and remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .catalogue import Catalogue, made_up_id
from .playlists import Playlist, StoredRow
from .shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .accounts import Accounts

__all__ = ["World"]


@dataclass(slots=True)
class World:
    """The state behind the API.

    Parameters
    ----------
    strict
        A bare array as body of ``POST .../items`` is refused, as the contract has it; False: it
        is taken, as live users have seen.
    always_public
        A new private playlist is shown as public, as live users have seen.
    """

    catalogue: Catalogue
    accounts: Accounts
    clock: Callable[[], float]
    legacy: bool = False
    strict: bool = True
    always_public: bool = False
    shapes: Shapes = field(init=False)
    playlists: dict[str, Playlist] = field(default_factory=dict)
    saved: dict[str, set[str]] = field(default_factory=dict)
    removed_calls: list[str] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.opened("")

    def opened(self, url: str) -> None:
        """Take note of the address, which all links begin with."""
        self.shapes = Shapes(url, self.legacy, self.catalogue)

    def add_playlist(
        self, name: str, uris: Sequence[str] = (), *, owner: str, description: str = "", public: bool = True
    ) -> Playlist:
        """Make a playlist; the newest stands first."""
        self.made += 1
        rows = [StoredRow(uri, self.clock()) for uri in uris]
        playlist = Playlist(
            made_up_id(f"playlist {self.made}"),
            owner,
            name,
            description,
            public,
            rows=rows,
            followers={owner},
        )
        self.playlists = {playlist.id: playlist, **self.playlists}
        return playlist
