"""Logging in: what the browser brings back, and what becomes of it."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_cases import Clock, assert_silent, browse
from bpmsync.errors import NotAuthorised, SpotifyError
from bpmsync.export.spotify.answer import StrayAnswer, TimedOut, code_in, code_in_pasted
from bpmsync.export.spotify.grants import SCOPES, Consent, new_state
from bpmsync.export.spotify.loopback import Loopback, redirect_on
from bpmsync.export.spotify.session import introduce, log_in, missing_scopes
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import SPOTIFY, Secret, Server
from bpmsync.export.spotify.values import Account
from spotify_server import SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[SpotifyServer]:
    with SpotifyServer(clock=clock) as running:
        yield running


# --- the browser's way back


def ask(port: int, request: bytes) -> bytes:
    """Return all that the listener says to a raw request."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def get(port: int, path: str, method: str = "GET") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path)
        return connection.getresponse().status


def test_strays_are_turned_away_and_the_wait_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    state = new_state()
    with Loopback(state) as loopback, socket.create_connection(("127.0.0.1", loopback.port)):
        # a connection that says nothing is open all the while, as browsers make them ahead
        assert get(loopback.port, "/favicon.ico") == 404
        assert get(loopback.port, f"/?code=evil&state={state}") == 404
        assert get(loopback.port, "/callback") == 400
        assert get(loopback.port, "/callback?code=evil&state=another") == 400
        assert get(loopback.port, "/callback?error=access_denied&state=another") == 400
        assert get(loopback.port, f"/callback?state={state}") == 400
        assert get(loopback.port, f"/callback?code=a&state={state}&state=b") == 400
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            assert get(loopback.port, f"/callback?code=evil&state={state}", method) in {400, 404}
        for garbage in (
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"GET /callback HTTP/9.9\r\n\r\n",
            b"GET " + b"a" * 70_000,
        ):
            assert b"200" not in ask(loopback.port, garbage)
        assert get(loopback.port, f"/callback?code=the-one&state={state}") == 200
        assert loopback.wait(timeout_s=10) == Secret("the-one")
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_an_answer_that_comes_before_anybody_waits_is_kept() -> None:
    state = new_state()
    with Loopback(state) as loopback:
        get(loopback.port, f"/callback?code=early&state={state}")
        assert loopback.wait(timeout_s=10).reveal() == "early"


def test_a_refusal_in_the_browser_ends_the_wait() -> None:
    state = new_state()
    with Loopback(state) as loopback:
        assert get(loopback.port, f"/callback?error=access_denied&state={state}") == 200
        with pytest.raises(NotAuthorised, match="choose Agree"):
            loopback.wait(timeout_s=10)
        get(loopback.port, f"/callback?error=%1b[31mbad&state={state}")
        with pytest.raises(NotAuthorised, match=re.escape("([31mbad)")):
            loopback.wait(timeout_s=10)


def test_a_browser_that_never_comes_ends_the_wait() -> None:
    with Loopback(new_state()) as loopback, pytest.raises(TimedOut, match="no answer within"):
        loopback.wait(timeout_s=0.05)


def test_it_listens_on_this_computer_only_and_a_taken_port_is_said() -> None:
    with Loopback(new_state()) as loopback:
        assert loopback.redirect_uri == redirect_on(loopback.port)
        assert loopback._server.server_address[0] == "127.0.0.1"
        with pytest.raises(SpotifyError, match="another --port"):
            Loopback(new_state(), port=loopback.port)


def test_the_page_keeps_the_code_to_itself() -> None:
    state = new_state()
    with Loopback(state) as loopback:
        page = browse(f"{loopback.redirect_uri}?{urlencode({'code': 'the-one', 'state': state})}")
    assert "may be closed" in page.text
    assert "the-one" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1/callback?code=AQabc&state=right",
        "  'http://127.0.0.1/callback?state=right&code=AQabc'\n",
        "code=AQabc&state=right",
        "?code=AQabc&state=right",
        "127.0.0.1/callback?code=AQabc&state=right",
        "AQabc",
        "AQabc\n",
    ],
)
def test_what_may_be_pasted(text: str) -> None:
    assert code_in_pasted(text, "right").reveal() == "AQabc"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing was pasted"),
        ("\n", "nothing was pasted"),
        ("http://127.0.0.1/callback?code=AQabc&state=wrong", "another"),
        ("http://127.0.0.1/callback?code=AQabc", "another"),
        ("http://127.0.0.1/callback?state=right", "no code"),
        ("http://127.0.0.1/callback?code=&state=right", "no code"),
        ("http://[/?code=AQabc", "another"),
        ("open the page", "another"),
    ],
)
def test_what_may_not_be_pasted(text: str, words: str) -> None:
    with pytest.raises(StrayAnswer, match=words):
        code_in_pasted(text, "right")


def test_a_pasted_refusal_is_a_refusal() -> None:
    with pytest.raises(NotAuthorised, match="choose Agree"):
        code_in_pasted("http://127.0.0.1/callback?error=access_denied&state=right", "right")


@given(st.text(), st.text(min_size=1))
def test_any_address_is_a_code_or_a_refusal_of_ours(text: str, state: str) -> None:
    for read in (code_in, code_in_pasted):
        with contextlib.suppress(NotAuthorised):
            assert read(text, state).reveal()


# --- from consent to tokens


def consent_at(server: SpotifyServer, redirect_uri: str = redirect_on(8765)) -> Consent:
    where = Server.standing_in(server.url)
    return Consent.ask("demo", server=where, redirect_uri=redirect_uri, state=new_state())


def code_of(server: SpotifyServer, consent: Consent) -> Secret:
    """Agree, and take the code out of where the browser is sent."""
    query = dict(parse_qs(urlsplit(consent.address).query))
    reply = server.accounts.authorize({name: values[0] for name, values in query.items()})
    return code_in(urlsplit(reply.headers["Location"]).query, consent.state)


def test_the_question_proves_who_asks_and_shows_no_secret() -> None:
    consent = Consent.ask("demo", server=SPOTIFY, redirect_uri=redirect_on(None), state="s")
    query = parse_qs(urlsplit(consent.address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://127.0.0.1/callback"]
    assert query["scope"][0].split() == list(SCOPES)
    assert consent.verifier.reveal() not in consent.address
    assert 43 <= len(consent.verifier.reveal()) <= 128
    assert consent.verifier.reveal() not in repr(consent)
    assert consent.address.startswith("https://accounts.spotify.com/authorize?")


def test_a_log_in_from_consent_to_name(server: SpotifyServer, clock: Clock, tmp_path: Path) -> None:
    consent = consent_at(server)
    login = log_in(consent, code_of(server, consent), tmp_path / "deep" / "account", pace=clock.pace())
    assert login.account is None
    assert missing_scopes(login) == ()
    assert (login.consented_at, login.expires_at) == (clock.now, clock.now + 3600)
    named = introduce(tmp_path / "deep" / "account", pace=clock.pace())
    assert named.account == Account("runner", "Ro Runner")
    assert TokenFile(tmp_path / "deep" / "account").load() == named
    assert replace(named, account=None) == login
    assert len(server.calls("POST", "/api/token")) == 1


def test_a_code_is_sent_once_and_its_loss_is_said(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    consent = consent_at(server)
    server.faults.script("applied, but cut", path="/api/token")
    with pytest.raises(SpotifyError, match="run bpmsync spotify login again"):
        log_in(consent, code_of(server, consent), tmp_path, pace=clock.pace())
    assert len(server.calls("POST", "/api/token")) == 1
    assert not (tmp_path / "token.json").exists()


@pytest.mark.parametrize("fault", ["500", "hang", "200, not JSON", "429, 86400 s"])
def test_a_log_in_that_fails_writes_nothing(
    fault: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    consent = consent_at(server)
    server.faults.script(fault, path="/api/token", onwards=True)
    with pytest.raises(SpotifyError) as caught:
        log_in(consent, code_of(server, consent), tmp_path, pace=clock.pace(read_s=0.2))
    assert not (tmp_path / "token.json").exists()
    assert_silent_after(server, caught.value)


def assert_silent_after(server: SpotifyServer, error: BaseException) -> None:
    assert_silent(server, str(error), repr(error), "".join(traceback.format_exception(error)))


def test_a_wrong_code_and_a_wrong_verifier_are_refused(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    consent = consent_at(server)
    with pytest.raises(NotAuthorised, match="Invalid authorization code"):
        log_in(consent, Secret("made-up"), tmp_path, pace=clock.pace())
    code = code_of(server, consent)
    with pytest.raises(NotAuthorised, match="code_verifier"):
        log_in(replace(consent, verifier=Secret("x" * 64)), code, tmp_path, pace=clock.pace())
    server.accounts.clients = {"another"}
    with pytest.raises(NotAuthorised, match="INVALID_CLIENT"):
        log_in(consent, code, tmp_path, pace=clock.pace())
