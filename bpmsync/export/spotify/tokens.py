"""A log-in as a value: tokens that show themselves nowhere, and the server that issued them.

Whoever holds a token acts for the account. So tokens are `Secret` values, which no message,
repr or traceback shows, and a log-in remembers its server: they are never sent anywhere else.

Moments are seconds since 1970 (UTC), as `time.time` counts.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import secrets
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from bpmsync.errors import ParameterError
from bpmsync.export.spotify.values import Account

__all__ = ["SPOTIFY", "Login", "Secret", "Server", "consent_ends", "is_token"]

_MONTHS_OF_CONSENT = 6
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_LAST_MOMENT = 32_503_680_000.0  # the year 3000: a calendar ends somewhere


class Secret:
    """A text that is shown nowhere.

    Examples
    --------
    >>> Secret("abc"), Secret("abc").reveal(), Secret("abc") == Secret("abc")
    (<hidden>, 'abc', True)
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, to send it to where it belongs."""
        return self._text

    def __repr__(self) -> str:
        return "<hidden>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Server:
    """Where the account lives.

    Parameters
    ----------
    api : str
        Address of the Web API, with the slash at its end.
    accounts : str
        Address of the log-in, without a slash at its end.

    Raises
    ------
    ParameterError
        If an address would carry tokens over the open network.
    """

    api: str
    accounts: str

    def __post_init__(self) -> None:
        for address in (self.api, self.accounts):
            try:
                parts = urlsplit(address)
                host, _ = parts.hostname, parts.port
            except ValueError:
                host = None
            if (
                not host
                or parts.scheme not in ("http", "https")
                or (parts.scheme == "http" and not _near(host))
            ):
                msg = f"{address!r} is no server: write https://..., or http://127.0.0.1:PORT for a stand-in"
                raise ParameterError(msg)
            if parts.username or parts.query or parts.fragment:
                msg = f"{address!r} is no server: give its host and port, and nothing else"
                raise ParameterError(msg)

    @property
    def local(self) -> bool:
        """Whether it is a stand-in on this computer."""
        return _near(urlsplit(self.api).hostname)

    @classmethod
    def standing_in(cls, origin: str) -> Server:
        """Return the server whose API and log-in share one address, as a stand-in's do."""
        origin = origin.rstrip("/")
        return cls(api=f"{origin}/v1/", accounts=origin)


SPOTIFY = Server(api="https://api.spotify.com/v1/", accounts="https://accounts.spotify.com")


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in: what may be done, for whom, and until when.

    Parameters
    ----------
    client_id : str
        The app that the user registered.
    server : Server
        Who issued the tokens.
    scopes : tuple of str
        What the user agreed to, sorted.
    access, refresh : Secret
        The tokens.
    expires_at : float
        Moment from which `access` no longer counts.
    consented_at : float
        Moment at which the user agreed.
    account : Account or None
        Who it is; None where Spotify would not say.
    """

    client_id: str
    server: Server
    scopes: tuple[str, ...]
    access: Secret
    refresh: Secret
    expires_at: float
    consented_at: float
    account: Account | None = None

    def as_json(self) -> str:
        """Return the text of the file, tokens included."""
        account = self.account
        document = {
            "format": 1,
            "client_id": self.client_id,
            "api": self.server.api,
            "accounts": self.server.accounts,
            "scopes": list(self.scopes),
            "access_token": self.access.reveal(),
            "refresh_token": self.refresh.reveal(),
            "expires_at": self.expires_at,
            "consented_at": self.consented_at,
            "account": None if account is None else {"id": account.id, "display_name": account.display_name},
        }
        return json.dumps(document, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Login:
        """Return the log-in of a file's text.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is not one; the message may hold a token, so it must not be shown.
        """
        document: dict[str, Any] = json.loads(text)
        account = document.get("account")
        return cls(
            client_id=_text(document["client_id"]),
            server=Server(_text(document["api"]), _text(document["accounts"])),
            scopes=tuple(sorted(map(_text, _listed(document["scopes"])))),
            access=_token(document["access_token"]),
            refresh=_token(document["refresh_token"]),
            expires_at=_moment(document["expires_at"]),
            consented_at=_moment(document["consented_at"]),
            account=_account(account) if account else None,
        )

    def renewed(self, access: Secret, refresh: Secret | None, expires_at: float) -> Login:
        """Return the log-in with new tokens; the old refresh token stays where none came."""
        return replace(self, access=access, refresh=refresh or self.refresh, expires_at=expires_at)


def consent_ends(consented_at: float) -> dt.datetime:
    """Return the moment (UTC) at which Spotify forgets a consent: six months after it.

    Examples
    --------
    >>> import datetime as dt
    >>> consent_ends(dt.datetime(2026, 8, 31, 12, tzinfo=dt.UTC).timestamp()).isoformat()
    '2027-02-28T12:00:00+00:00'
    """
    given = dt.datetime.fromtimestamp(consented_at, dt.UTC)
    months = given.month - 1 + _MONTHS_OF_CONSENT
    year, month = given.year + months // 12, months % 12 + 1
    for day in (given.day, 30, 29, 28):  # 31 August + 6 months is the last of February
        with contextlib.suppress(ValueError):
            return given.replace(year=year, month=month, day=day)
    msg = "every month has 28 days"
    raise AssertionError(msg)


def is_token(text: object) -> bool:
    r"""Tell whether a text can be sent as a token: visible ASCII without blanks.

    Examples
    --------
    >>> is_token("AQB-x_9."), is_token("two lines\n"), is_token("")
    (True, False, False)
    """
    return isinstance(text, str) and text.isascii() and text.isprintable() and text != "" and " " not in text


def _near(host: str | None) -> bool:
    return host in _LOOPBACK


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        msg = "not a text"
        raise TypeError(msg)
    return value


def _token(value: object) -> Secret:
    if not is_token(value):
        msg = "not a token"
        raise TypeError(msg)
    return Secret(str(value))


def _moment(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        msg = "not a moment"
        raise TypeError(msg)
    return float(value)


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        msg = "not a list"
        raise TypeError(msg)
    return value


def _account(value: Any) -> Account:  # noqa: ANN401 - any JSON
    name = value.get("display_name")
    return Account(_text(value["id"]), None if name is None else _text(name))
