"""The forms in which people hold a Spotify track or playlist: URI, web address, bare id."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from bpmsync.errors import ParameterError

__all__ = ["is_track_uri", "playlist_id", "track_uri"]

_Kind: TypeAlias = Literal["track", "playlist"]
_ID = r"(?P<id>[0-9A-Za-z]{22})"


def is_track_uri(text: str) -> bool:
    """Tell whether a text is the URI of a Spotify track, as `track_uri` returns it."""
    return re.fullmatch(rf"spotify:track:{_ID}", text) is not None


def track_uri(text: str) -> str:
    """Return the URI of a track that is given as URI, web address or id.

    Raises
    ------
    ParameterError
        If it is none of them.

    Examples
    --------
    >>> track_uri("https://open.spotify.com/intl-de/track/0123456789abcdefABCDEF?si=1")
    'spotify:track:0123456789abcdefABCDEF'
    """
    return f"spotify:track:{_identity(text, 'track')}"


def playlist_id(text: str) -> str:
    """Return the id of a playlist that is given as URI, web address or id.

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    return _identity(text, "playlist")


def _identity(text: str, kind: _Kind) -> str:
    forms = (
        rf"spotify:{kind}:{_ID}",
        rf"(?i:(?:https?://)?open\.spotify\.com/(?:intl-[a-z-]+/)?(?:embed/)?{kind}/){_ID}(?:[/?#].*)?",
        _ID,
    )
    for form in forms:
        found = re.fullmatch(form, text.strip())
        if found:
            return found["id"]
    msg = (
        f"{text!r} is no Spotify {kind}: give its address (Share, Copy link in Spotify) "
        f"or its URI, as in spotify:{kind}:..."
    )
    raise ParameterError(msg)
