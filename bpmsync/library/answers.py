"""What was found out about songs in a music service (pure values).

The library keeps them under a recording's identity, so that no song is looked for twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import datetime as dt

__all__ = ["Answer", "Source"]

Source: TypeAlias = Literal["search", "person"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one song in the service's catalogue.

    Parameters
    ----------
    uri : str or None
        The track that it is; None for a miss.
    grade : str
        "exact", "sure", "ask" or "none", as the search judged it; a person's word is "exact"
        where it names a track and "none" where it says that there is none.
    source : str
        "search", or "person" (a review or a link), which no search replaces.
    reason : str
        Why, in words.
    title, artist : str
        Of the catalogue track, for tables; empty for a miss.
    duration_s : float or None
        Of the catalogue track.
    expires_at : datetime or None
        Moment (UTC) from which the answer no longer counts; None: never.
    """

    uri: str | None
    grade: str
    source: Source = "search"
    reason: str = ""
    title: str = ""
    artist: str = ""
    duration_s: float | None = None
    expires_at: dt.datetime | None = None
