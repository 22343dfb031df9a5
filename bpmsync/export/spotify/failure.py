"""What can go wrong with one exchange, as a value that stays inside the Spotify exporter."""

from __future__ import annotations

import enum

__all__ = ["Failure", "Trouble"]


class Trouble(enum.Enum):
    """How far a request got."""

    UNSENT = "the server could not be reached"
    UNSAFE = "the connection is not safe"
    LOST = "the answer was lost"
    GARBLED = "the answer is no JSON"
    REFUSED = "the server said no"
    BROKEN = "the server failed"


class Failure(Exception):
    """An exchange without a usable answer; never leaves the Spotify exporter.

    Parameters
    ----------
    trouble : Trouble
        How far it got.
    status : int
        The HTTP status; 0 where there was none.
    message, reason : str
        The server's words and its code for them; may be empty.
    retry_after_s : float or None
        How long the server asks to be left alone.
    """

    def __init__(
        self,
        trouble: Trouble,
        status: int = 0,
        message: str = "",
        *,
        reason: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(trouble.value, status, message)
        self.trouble = trouble
        self.status = status
        self.message = message
        self.reason = reason
        self.retry_after_s = retry_after_s
