"""The stand-in's accounts service: consent, codes, tokens, and whom the API lets in."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from spotify_cases import Caller, recordings
from spotify_server import SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
REDIRECT = "http://127.0.0.1:4321/callback"
SCOPE = "playlist-read-private playlist-modify-private"


@dataclass(slots=True)
class Clock:
    """A clock that a test sets."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[SpotifyServer]:
    with SpotifyServer(recordings(10), clock=clock, provoked=True) as running:
        yield running


def consent(server: SpotifyServer, **changes: str) -> requests.Response:
    """Walk to the page where the person consents; an empty value leaves a parameter out."""
    query = {
        "client_id": "demo",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": SCOPE,
        "state": "a state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    given = {name: value for name, value in query.items() if value}
    return requests.get(f"{server.url}/authorize", params=given, allow_redirects=False, timeout=30)


def told(answer: requests.Response) -> dict[str, str]:
    """Return the query that the browser is sent back with."""
    assert answer.status_code == 302
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def ask_token(server: SpotifyServer, **form: str) -> requests.Response:
    return requests.post(f"{server.url}/api/token", data={"client_id": "demo", **form}, timeout=30)


def exchange(server: SpotifyServer, code: str, **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return ask_token(server, **{**form, **changes})


def refresh(server: SpotifyServer, token: str, **changes: str) -> requests.Response:
    return ask_token(server, **{"grant_type": "refresh_token", "refresh_token": token, **changes})


def error_of(answer: requests.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


def me(server: SpotifyServer, token: str | None) -> requests.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.get(f"{server.url}/v1/me", headers=headers, timeout=30)


def test_a_log_in_from_start_to_end(server: SpotifyServer) -> None:
    answer = consent(server)
    assert answer.headers["Location"].startswith(f"{REDIRECT}?")
    assert told(answer)["state"] == "a state"
    tokens = exchange(server, told(answer)["code"]).json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, SCOPE)
    assert me(server, tokens["access_token"]).json()["id"] == "runner"


def test_a_code_counts_once(server: SpotifyServer) -> None:
    code = told(consent(server))["code"]
    assert exchange(server, code).status_code == 200
    assert error_of(exchange(server, code)) == (400, "invalid_grant", "Invalid authorization code")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:4322/callback"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_grant"),
        ({"client_id": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_is_exchanged_for_whoever_asked_for_it_only(
    server: SpotifyServer, changes: dict[str, str], error: str
) -> None:
    answer = exchange(server, told(consent(server))["code"], **changes)
    assert error_of(answer)[:2] == (400, error)


def test_a_code_does_not_wait_for_ever(server: SpotifyServer, clock: Clock) -> None:
    code = told(consent(server))["code"]
    clock.now += 601
    assert error_of(exchange(server, code))[1] == "invalid_grant"


@pytest.mark.parametrize(
    "redirect",
    [
        "http://localhost:4321/callback",
        "https://localhost/callback",
        "http://example.org/callback",
        "http://192.168.1.5/callback",
        "bpmsync:/callback",
        "",
    ],
)
def test_redirects_that_the_rules_forbid(server: SpotifyServer, redirect: str) -> None:
    answer = consent(server, redirect_uri=redirect)
    assert (answer.status_code, answer.text) == (400, "INVALID_CLIENT: Invalid redirect URI")


def test_a_loopback_address_is_registered_for_any_port() -> None:
    registered = ["http://127.0.0.1/callback", "https://example.org/back"]
    with SpotifyServer(redirects=registered, clients=["demo"]) as server:
        assert told(consent(server))["code"]
        assert told(consent(server, redirect_uri="https://example.org/back"))["code"]
        for wrong in ("http://127.0.0.1:4321/other", "https://example.org/other", "http://[::1]:1/callback"):
            assert consent(server, redirect_uri=wrong).status_code == 400
        answer = consent(server, client_id="unheard-of")
        assert (answer.status_code, answer.text) == (400, "INVALID_CLIENT: Invalid client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_what_is_no_question_for_consent(server: SpotifyServer, changes: dict[str, str], error: str) -> None:
    assert told(consent(server, **changes)) == {"error": error, "state": "a state"}


def test_a_person_may_say_no(server: SpotifyServer) -> None:
    server.account(denies=True)
    assert told(consent(server)) == {"error": "access_denied", "state": "a state"}


def test_each_refresh_gives_a_new_token_and_kills_the_old(server: SpotifyServer) -> None:
    first = server.issue_tokens()
    second = refresh(server, first.refresh_token).json()
    assert me(server, second["access_token"]).status_code == 200
    revoked = (400, "invalid_grant", "Refresh token revoked")
    assert error_of(refresh(server, first.refresh_token)) == revoked
    assert refresh(server, second["refresh_token"]).status_code == 200
    assert error_of(refresh(server, "AQ nonsense"))[1] == "invalid_grant"


def test_a_refresh_token_is_one_apps(server: SpotifyServer) -> None:
    token = server.issue_tokens(client_id="demo").refresh_token
    assert error_of(refresh(server, token, client_id="another"))[1] == "invalid_grant"
    assert refresh(server, token).status_code == 200


def test_tokens_age(server: SpotifyServer, clock: Clock) -> None:
    tokens = server.issue_tokens()
    clock.now += 3599
    assert me(server, tokens.access_token).status_code == 200
    clock.now += 1
    answer = me(server, tokens.access_token)
    assert (answer.status_code, answer.json()["error"]["message"]) == (401, "The access token expired")
    again = refresh(server, tokens.refresh_token).json()
    clock.now += 184 * 24 * 3600  # consent was given more than six months ago by now
    assert error_of(refresh(server, again["refresh_token"]))[1] == "invalid_grant"


def test_tokens_that_open_nothing(server: SpotifyServer) -> None:
    assert me(server, None).json()["error"] == {"status": 401, "message": "No token provided"}
    assert me(server, "BQ nonsense").json()["error"] == {"status": 401, "message": "Invalid access token"}
    tokens = server.issue_tokens()
    server.accounts.revoke()
    assert me(server, tokens.access_token).status_code == 401
    assert error_of(refresh(server, tokens.refresh_token))[2] == "Refresh token revoked"


def test_people_whom_the_api_turns_away(server: SpotifyServer) -> None:
    person = server.account("walker")
    with Caller(server) as call:
        person.premium = False
        assert "premium" in call("GET", "/me").json()["error"]["message"]
        person.premium, person.listed = True, False
        assert "not be registered" in call("GET", "/me").json()["error"]["message"]
        assert call("GET", "/me").status_code == 403
        person.listed = True
        assert call("GET", "/me").json()["id"] == "walker"
