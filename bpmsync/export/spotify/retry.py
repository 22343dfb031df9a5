"""When a request is sent again, and after how long.

A request that only reads is repeated after whatever may pass. A request that changes something
is repeated only where it is certain that nothing was changed: nothing was sent, or the server
refused to act. Where nobody can say, the caller has to look first.

The server's own ``Retry-After`` is kept to as long as it is within what the user will wait.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from bpmsync.export.spotify.failure import Failure, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace", "backoff_s", "drift_of", "patiently", "seconds_asked", "wait_before_repeating"]

_Answer = TypeVar("_Answer")

_FIRST_WAIT_S = 0.5
_TELL_FROM_S = 2.0
_TOO_MANY = 429
_QUOTA = "QUOTA_EXCEEDED"


def _say_nothing(message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient to be, and the clock, sleep and chance to be it with.

    Parameters
    ----------
    max_wait_s : float
        Longest wait that the server may ask for.
    tries : int
        How often one request is sent at most.
    connect_s, read_s : float
        Seconds to wait for a connection, and for each piece of an answer.
    clock, sleep : callable
        The time of day in seconds since 1970, and a pause of so many seconds.
    chance : callable
        A number from 0 to 1, so that many clients don't come back at one moment.
    notify : callable
        Told why it takes longer.
    """

    max_wait_s: float = 60.0
    tries: int = 4
    connect_s: float = 10.0
    read_s: float = 30.0
    clock: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], None] = field(default=time.sleep)
    chance: Callable[[], float] = field(default=random.random)
    notify: Callable[[str], None] = field(default=_say_nothing)

    def pause(self, number: int) -> None:
        """Sleep after the n-th change that nobody answered, n from 0: longer each time."""
        self.sleep(backoff_s(number + 2, chance=self.chance()))


def seconds_asked(header: str | None, *, now: float) -> float | None:
    """Return how long a ``Retry-After`` asks to wait: seconds, or until a date; None if it says nothing.

    Examples
    --------
    >>> seconds_asked("86236", now=0), seconds_asked("Thu, 01 Jan 1970 00:00:30 GMT", now=10)
    (86236.0, 20.0)
    >>> seconds_asked("soon", now=0), seconds_asked(None, now=0), seconds_asked("-5", now=0)
    (None, None, 0.0)
    """
    if header is None:
        return None
    try:
        seconds: float | None = float(header)
    except ValueError:
        seconds = drift_of(header, now=now)
    return max(0.0, seconds) if seconds is not None and math.isfinite(seconds) else None


def drift_of(header: str, *, now: float) -> float | None:
    """Return how far a date of HTTP lies ahead, in seconds; None if it is no date."""
    try:
        return email.utils.parsedate_to_datetime(header).timestamp() - now
    except (ValueError, OverflowError):
        return None


def backoff_s(attempt: int, *, chance: float) -> float:
    """Return the wait after the n-th try: it doubles, and half of it is chance.

    Examples
    --------
    >>> backoff_s(1, chance=1.0), backoff_s(2, chance=1.0), backoff_s(2, chance=0.0)
    (0.5, 1.0, 0.5)
    """
    return _FIRST_WAIT_S * 2.0 ** (attempt - 1) * (1 + chance) / 2


def wait_before_repeating(
    failure: Failure, attempt: int, *, reads: bool, pace: Pace, chance: float
) -> float | None:
    """Return the seconds after which a request is sent again, or None where it is not.

    Parameters
    ----------
    failure : Failure
        What came of the last try.
    attempt : int
        Tries so far.
    reads : bool
        Whether the request changes nothing at the server.
    pace : Pace
        The limits.
    chance : float
        A number from 0 to 1.
    """
    if attempt >= pace.tries:
        return None
    backoff = backoff_s(attempt, chance=chance)
    if failure.status == _TOO_MANY:
        asked = failure.retry_after_s
        if asked is None:
            return None if failure.reason == _QUOTA else backoff
        # never before the moment it names, and not all clients at that very moment
        return None if asked > pace.max_wait_s else asked + backoff
    if failure.trouble is Trouble.UNSENT:
        return backoff
    passes = failure.trouble in (Trouble.LOST, Trouble.GARBLED, Trouble.BROKEN)
    return backoff if reads and passes else None


def patiently(send: Callable[[], _Answer], *, reads: bool, pace: Pace) -> _Answer:
    """Call `send` until it returns an answer or repeating makes no sense; return the answer.

    Raises
    ------
    Failure
        The last one.
    """
    attempt = 1
    while True:
        try:
            return send()
        except Failure as failure:
            wait_s = wait_before_repeating(failure, attempt, reads=reads, pace=pace, chance=pace.chance())
            if wait_s is None:
                raise
            if wait_s >= _TELL_FROM_S:
                asked = ", as Spotify asked" if failure.retry_after_s is not None else ""
                pace.notify(f"waiting {wait_s:.0f} s{asked}")
        pace.sleep(wait_s)
        attempt += 1
