"""The two forms that turn a consent into tokens (OAuth 2 with PKCE, RFC 7636).

The two posts are made here and not by spotipy, whose log-in writes tokens into its debug
log, waits for ever, and gives up at the first stray request.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.retry import patiently
from bpmsync.export.spotify.tokens import Secret, is_token

if TYPE_CHECKING:
    from bpmsync.export.spotify.retry import Pace
    from bpmsync.export.spotify.tokens import Login, Server

__all__ = ["SCOPES", "Consent", "Grant", "code_grant", "grant_of", "new_state", "refresh_grant"]

SCOPES = ("playlist-modify-private", "playlist-modify-public", "playlist-read-private")
_LIFE_S = 3600.0
_LONGEST_LIFE_S = 366 * 86400.0


def new_state() -> str:
    """Return a word by which the answer to a question is known."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Consent:
    """A question to the user that only this program can use the answer of.

    Parameters
    ----------
    client_id : str
        The app that asks.
    server : Server
        Where the user is asked.
    redirect_uri : str
        Where the browser is sent with the answer.
    state : str
        Comes back with the answer; another one belongs to another question.
    verifier : Secret
        Proves that who asked is who redeems the answer.
    """

    client_id: str
    server: Server
    redirect_uri: str
    state: str
    verifier: Secret

    @classmethod
    def ask(cls, client_id: str, *, server: Server, redirect_uri: str, state: str) -> Consent:
        """Return a new question."""
        return cls(client_id, server, redirect_uri, state, Secret(secrets.token_urlsafe(64)))

    @property
    def address(self) -> str:
        """The page to open in a browser."""
        digest = hashlib.sha256(self.verifier.reveal().encode()).digest()
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": self.state,
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        }
        return f"{self.server.accounts}/authorize?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Grant:
    """What the log-in server gave.

    Parameters
    ----------
    access : Secret
        For the next `lasts_s` seconds.
    refresh : Secret or None
        For the next refresh; None: the old one stays.
    lasts_s : float
        Life of `access`.
    scopes : tuple of str or None
        What was agreed to, sorted; None where the server does not say.
    """

    access: Secret
    refresh: Secret | None
    lasts_s: float
    scopes: tuple[str, ...] | None


def code_grant(consent: Consent, code: Secret, *, pace: Pace) -> Grant:
    """Return the tokens for a code, which is good once and so is sent once.

    Raises
    ------
    Failure
        If there are none.
    """
    form = {
        "grant_type": "authorization_code",
        "client_id": consent.client_id,
        "code": code.reveal(),
        "redirect_uri": consent.redirect_uri,
        "code_verifier": consent.verifier.reveal(),
    }
    return patiently(lambda: _post(consent.server, form, pace), reads=False, pace=pace)


def refresh_grant(login: Login, *, pace: Pace) -> Grant:
    """Return new tokens for a refresh token.

    Where an answer was lost, the old token is tried again: the worst that comes of it is the
    refusal that a lost answer means anyway.

    Raises
    ------
    Failure
        If there are none.
    """
    form = {
        "grant_type": "refresh_token",
        "client_id": login.client_id,
        "refresh_token": login.refresh.reveal(),
    }
    return patiently(lambda: _post(login.server, form, pace), reads=True, pace=pace)


def _post(server: Server, form: dict[str, str], pace: Pace) -> Grant:
    from bpmsync.export.spotify.exchange import Exchange

    with Exchange(
        connect_s=pace.connect_s, read_s=pace.read_s, clock=pace.clock, local=server.local
    ) as session:
        response = session.post(f"{server.accounts}/api/token", data=form)
    return grant_of(response.json() if response.content.strip() else None)


def grant_of(document: Any) -> Grant:  # noqa: ANN401 - any JSON
    """Return what an answer of the log-in server grants.

    Raises
    ------
    Failure
        If there is no token in it that could be sent.
    """
    given = document if isinstance(document, dict) else {}
    access, refresh, life = given.get("access_token"), given.get("refresh_token"), given.get("expires_in")
    if not is_token(access):
        raise Failure(Trouble.GARBLED)
    scope = given.get("scope")
    return Grant(
        access=Secret(str(access)),
        refresh=Secret(str(refresh)) if is_token(refresh) else None,
        lasts_s=float(life) if isinstance(life, int | float) and 0 <= life <= _LONGEST_LIFE_S else _LIFE_S,
        scopes=tuple(sorted(scope.split())) if isinstance(scope, str) else None,
    )
