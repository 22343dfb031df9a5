"""The accounts service: consent, tokens and what they allow (PKCE only, no client secret)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from .messages import RefusedError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["ALL_SCOPES", "HOUR_S", "SIX_MONTHS_S", "Account", "Accounts", "Tokens"]

HOUR_S = 3600
SIX_MONTHS_S = 183 * 24 * 3600
_CODE_LASTS_S = 600
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
ALL_SCOPES = (
    "playlist-read-private",
    "playlist-modify-private",
    "playlist-modify-public",
)


@dataclass(slots=True)
class Account:
    """A person with an account; a test may change it while the server runs.

    Parameters
    ----------
    premium, listed
        False: every call to the API is refused with 403, as for an app whose owner has no
        Premium or whose allow-list lacks this person.
    denies
        Answers the question for consent with no.
    """

    id: str
    display_name: str | None = "Ro Runner"
    premium: bool = True
    listed: bool = True
    denies: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a log-in yields."""

    access_token: str
    refresh_token: str
    scope: str
    expires_in: int = HOUR_S


@dataclass(frozen=True, slots=True)
class _Consent:
    """One person's yes to one app: the life of its refresh tokens counts from here."""

    account: Account
    client_id: str
    scope: str
    given_at: float


@dataclass(frozen=True, slots=True)
class _Code:
    consent: _Consent
    redirect_uri: str
    challenge: str


class Accounts:
    """All that the accounts service knows.

    Parameters
    ----------
    clock
        Seconds since whenever, asked at each call.
    clients
        The client ids that exist; None: every one.
    redirects
        The registered redirect addresses (a loopback address counts with any port); None: every
        one that the rules allow.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        clients: Collection[str] | None = None,
        redirects: Collection[str] | None = None,
    ) -> None:
        self.clients = clients
        self.redirects = redirects
        self.person = Account("runner")
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[_Consent, float]] = {}
        self._refresh: dict[str, _Consent] = {}
        self._spent: set[str] = set()

    def authorize(self, query: Mapping[str, str]) -> Reply:
        """Answer ``GET /authorize``: the person consents or denies at once."""
        client_id, redirect = query.get("client_id", ""), query.get("redirect_uri", "")
        if not client_id or (self.clients is not None and client_id not in self.clients):
            return Reply(400, b"INVALID_CLIENT: Invalid client")
        if not self._may_redirect(redirect):
            return Reply(400, b"INVALID_CLIENT: Invalid redirect URI")
        answer = {"state": query["state"]} if "state" in query else {}
        challenge = query.get("code_challenge", "")
        if query.get("response_type") != "code":
            answer["error"] = "unsupported_response_type"
        elif query.get("code_challenge_method") != "S256" or len(challenge) != 43:
            answer["error"] = "invalid_request"
        elif self.person.denies:
            answer["error"] = "access_denied"
        else:
            code = f"AQ{secrets.token_urlsafe(40)}"
            consent = _Consent(self.person, client_id, query.get("scope", ""), self._clock())
            self._codes[code] = _Code(consent, redirect, challenge)
            answer["code"] = code
        glue = "&" if urlsplit(redirect).query else "?"
        return Reply(302, None, {"Location": f"{redirect}{glue}{urlencode(answer)}"})

    def _may_redirect(self, redirect: str) -> bool:
        """Tell whether the rules and the register allow an address."""
        parts = urlsplit(redirect)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            return False
        if parts.hostname == "localhost" or parts.fragment:
            return False
        if self.redirects is None or redirect in self.redirects:
            return True
        return parts.hostname in _LOOPBACK and any(
            (known.scheme, known.hostname, known.port, known.path)
            == (parts.scheme, parts.hostname, None, parts.path)
            for known in map(urlsplit, self.redirects)
        )

    def token(self, form: Mapping[str, str]) -> Reply:
        """Answer ``POST /api/token``."""
        kind = form.get("grant_type")
        client_id = form.get("client_id", "")
        if not client_id or (self.clients is not None and client_id not in self.clients):
            return _oauth_error("invalid_client", "Invalid client")
        if kind == "authorization_code":
            return self._by_code(form, client_id)
        if kind == "refresh_token":
            return self._by_refresh(form.get("refresh_token", ""), client_id)
        return _oauth_error("unsupported_grant_type", "grant_type parameter is missing or unknown")

    def _by_code(self, form: Mapping[str, str], client_id: str) -> Reply:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.consent.given_at + _CODE_LASTS_S < self._clock():
            return _oauth_error("invalid_grant", "Invalid authorization code")
        if code.consent.client_id != client_id:
            return _oauth_error("invalid_grant", "Invalid authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            return _oauth_error("invalid_grant", "Invalid redirect URI")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            return _oauth_error("invalid_grant", "code_verifier was incorrect")
        return _token_reply(self._new_tokens(code.consent))

    def _by_refresh(self, token: str, client_id: str) -> Reply:
        if token in self._spent:
            return _oauth_error("invalid_grant", "Refresh token revoked")
        consent = self._refresh.get(token)
        if consent is None or consent.client_id != client_id:
            return _oauth_error("invalid_grant", "Invalid refresh token")
        del self._refresh[token]
        self._spent.add(token)
        if consent.given_at + SIX_MONTHS_S < self._clock():
            return _oauth_error("invalid_grant", "Refresh token expired")
        return _token_reply(self._new_tokens(consent))

    def _new_tokens(self, consent: _Consent) -> Tokens:
        tokens = Tokens(f"BQ{secrets.token_urlsafe(60)}", f"AQ{secrets.token_urlsafe(60)}", consent.scope)
        self._access[tokens.access_token] = (consent, self._clock() + HOUR_S)
        self._refresh[tokens.refresh_token] = consent
        return tokens

    def issue(self, *, client_id: str, scopes: Collection[str], given_at: float | None = None) -> Tokens:
        """Return tokens as a log-in of `person` would yield them."""
        now = self._clock() if given_at is None else given_at
        return self._new_tokens(_Consent(self.person, client_id, " ".join(scopes), now))

    def revoke(self) -> None:
        """Take back every consent, as the person may on their account page."""
        self._access.clear()
        self._spent |= self._refresh.keys()
        self._refresh.clear()

    def who(self, headers: Mapping[str, str]) -> tuple[Account, frozenset[str]]:
        """Return whose call it is and with what scopes; refuse it where the token is no good."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise RefusedError(401, "No token provided")
        consent, until = self._access.get(token, (None, 0.0))
        if consent is None:
            raise RefusedError(401, "Invalid access token")
        if until <= self._clock():
            raise RefusedError(401, "The access token expired")
        if not consent.account.premium:
            raise RefusedError(403, "Active premium subscription required for the owner of the app.")
        if not consent.account.listed:
            raise RefusedError(
                403, "Check settings on developer.spotify.com/dashboard, the user may not be registered."
            )
        return consent.account, frozenset(consent.scope.split())


def _token_reply(tokens: Tokens) -> Reply:
    body = {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        "refresh_token": tokens.refresh_token,
        "scope": tokens.scope,
    }
    return Reply(200, body)


def _oauth_error(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})
