"""What the help of several commands says about Spotify."""

from __future__ import annotations

__all__ = ["BEFORE_YOU_BEGIN"]

BEFORE_YOU_BEGIN = (
    "Spotify no longer gives apps a song's tempo, so only songs that are also in your library (or "
    "whose tempo you import) can be pushed. Try bpmsync coverage first: it needs no account."
)
