"""What a failed exchange means for the user: which error, and what to do next (pure)."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from bpmsync.errors import NotAuthorised, RateLimited, SpotifyError, Unanswered
from bpmsync.export.spotify.failure import Failure, Trouble

__all__ = ["DASHBOARD", "LOG_IN_AGAIN", "error_for", "span", "too_many"]

DASHBOARD = "https://developer.spotify.com/dashboard"
LOG_IN_AGAIN = "log in again with bpmsync spotify login"
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400
_LONGEST_DATE_S = 365 * _DAY_S  # a calendar ends somewhere

_NO_PREMIUM = (
    "the owner of the app needs Spotify Premium: subscribe, or use the client id of somebody who has it"
)
_NOT_LISTED = (
    f"you are not on the app's list of users: its owner adds your e-mail address at {DASHBOARD}, "
    "User Management (five users at most)"
)

# words of a 403's message -> what is the matter, and what to do
_FORBIDDEN = (
    (("premium",), _NO_PREMIUM),
    (("not registered", "not be registered", "allowlist", "allow list", "developer dashboard"), _NOT_LISTED),
    (("scope",), f"the log-in does not cover this: {LOG_IN_AGAIN}, and agree to everything that it asks for"),
)


# words of a 400's message that is about one of the tracks sent
_NO_TRACK = ("track uri", "non-existing id", "invalid base62", "invalid id")
_LEFT_CATALOGUE = (
    "a track of the list is not in the catalogue, or no longer. bpmsync push --refresh looks for every song "
    "anew; for a song that was imported with its address, bpmsync spotify link names another track"
)


def error_for(failure: Failure, doing: str, *, reads: bool, tries: int, now: float) -> SpotifyError:
    """Return the error that a failed exchange is for the user.

    Parameters
    ----------
    failure : Failure
        What came of the last try.
    doing : str
        What was wanted, in words that fit after "while ".
    reads : bool
        Whether the request changes nothing at the server.
    tries : int
        How often it was sent.
    now : float
        The time of day.
    """
    if failure.trouble is Trouble.REFUSED:
        return _refused(failure, doing, now)
    if failure.trouble is Trouble.UNSENT:
        return SpotifyError(f"cannot reach Spotify while {doing}: are you online? Then try again")
    if failure.trouble is Trouble.UNSAFE:
        why = f"({failure.message}): check this computer's clock, and any proxy"
        return SpotifyError(f"the connection to Spotify is not safe {why}")
    what = f"{failure.trouble.value}, status {failure.status}" if failure.status else failure.trouble.value
    if reads:
        often = f" after {tries} tries" if tries > 1 else ""
        return SpotifyError(
            f"no answer from Spotify while {doing}{often} ({what}): try again in some minutes"
        )
    hint = "it may or may not be done. The same command again looks first, and does only what is missing"
    return Unanswered(f"no answer from Spotify while {doing} ({what}): {hint}")


def _refused(failure: Failure, doing: str, now: float) -> SpotifyError:
    said = f' ("{failure.message}")' if failure.message else ""
    match failure.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return too_many(failure, doing, now)
        case HTTPStatus.UNAUTHORIZED:
            return NotAuthorised(f"Spotify no longer accepts the log-in{said}: {LOG_IN_AGAIN}")
        case HTTPStatus.FORBIDDEN:
            return _forbidden(failure, doing, said)
        case HTTPStatus.NOT_FOUND:
            hint = "it was deleted, or it is not yours to see"
            return SpotifyError(f"Spotify knows no such thing while {doing}{said}: {hint}")
        case HTTPStatus.BAD_REQUEST if any(mark in failure.message.casefold() for mark in _NO_TRACK):
            return SpotifyError(f"Spotify refused {doing}{said}: {_LEFT_CATALOGUE}")
        case status:
            hint = "try again later; if it stays so, a newer bpmsync may help"
            return SpotifyError(f"Spotify refused {doing} with status {status}{said}: {hint}")


def _forbidden(failure: Failure, doing: str, said: str) -> SpotifyError:
    words = failure.message.casefold()
    for marks, meaning in _FORBIDDEN:
        if any(mark in words for mark in marks):
            kind = NotAuthorised if "scope" in marks else SpotifyError
            return kind(f"Spotify refused {doing}{said}: {meaning}")
    hint = "is the playlist yours? bpmsync spotify doctor finds out what the account may do"
    return SpotifyError(f"Spotify refused {doing}{said}: {hint}")


def too_many(failure: Failure, doing: str, now: float) -> RateLimited:
    """Return the error for a 429 that nobody waits for."""
    what = (
        "this app has used up its quota at Spotify"
        if failure.reason == "QUOTA_EXCEEDED"
        else "Spotify gets too many requests from this app"
    )
    kept = "what was found so far is kept"
    if failure.retry_after_s is None:
        return RateLimited(
            f"{what} (while {doing}) and does not say for how long; {kept}: try again in an hour"
        )
    moment = dt.datetime.fromtimestamp(now, dt.UTC) + dt.timedelta(
        seconds=min(failure.retry_after_s, 365 * _DAY_S)
    )
    back = f"come back at {moment.astimezone():%H:%M on %d %B %Y}, in {span(failure.retry_after_s)}"
    wait = " (--max-wait would wait for it)" if failure.retry_after_s < _HOUR_S else ""
    return RateLimited(f"{what} (while {doing}); {kept}: {back}{wait}", failure.retry_after_s)


def span(seconds: float) -> str:
    """Return a length of time in the two largest units, rounded up.

    Examples
    --------
    >>> span(59.2), span(61), span(86236), span(86400 * 30)
    ('60 s', '2 min', '23 h 58 min', '30 days')
    """
    whole = -int(-seconds // 1)
    if whole <= _MINUTE_S:
        return f"{whole} s"
    minutes = -(-whole // _MINUTE_S)
    hours, minutes_left = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if whole < 2 * _DAY_S:
        return f"{hours} h {minutes_left} min"
    return f"{-(-whole // _DAY_S)} days"
