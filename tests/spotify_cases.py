"""Songs for the stand-in's catalogue, made up by rule, and who checks what was said to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spotify_server import STARTED, Recording

if TYPE_CHECKING:
    from spotify_server import SpotifyServer

__all__ = ["check_exchanges", "recordings"]

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
