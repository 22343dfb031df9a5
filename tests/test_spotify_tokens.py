"""Tokens at rest and their renewal: private, whole, and never spent twice."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_cases import Clock, assert_silent, put_login
from bpmsync.errors import NotAuthorised, ParameterError, SpotifyError
from bpmsync.export.spotify.failure import Failure
from bpmsync.export.spotify.grants import SCOPES, grant_of
from bpmsync.export.spotify.keeper import TokenKeeper
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import SPOTIFY, Login, Secret, Server, consent_ends
from bpmsync.export.spotify.values import Account
from conftest import ROOT
from spotify_server import SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[SpotifyServer]:
    with SpotifyServer(clock=clock) as running:
        yield running


def assert_silent_after(server: SpotifyServer, error: BaseException) -> None:
    assert_silent(server, str(error), repr(error), "".join(traceback.format_exception(error)))


# --- tokens at rest


def a_login(**about: Any) -> Login:  # noqa: ANN401 - fields of Login
    plain = Login("demo", SPOTIFY, SCOPES, Secret("access-1"), Secret("refresh-1"), 2e9, 1.9e9)
    return replace(plain, **about)


_TOKENS = st.text("".join(map(chr, range(33, 127))), min_size=1)


@given(_TOKENS, _TOKENS, st.floats(0, 4e9), st.none() | st.text(min_size=1))
def test_a_log_in_reads_back_as_it_was_written(
    access: str, refresh: str, moment: float, name: str | None
) -> None:
    account = None if name is None else Account(name, None)
    login = a_login(access=Secret(access), refresh=Secret(refresh), expires_at=moment, account=account)
    assert Login.from_json(login.as_json()) == login


def test_a_secret_shows_itself_nowhere() -> None:
    login = a_login()
    shown = f"{login!r} {login} {login.access} {login.access!r} {[login]}"
    assert "access-1" not in shown
    assert "refresh-1" not in shown
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1


@POSIX
def test_the_file_is_private_from_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[tuple[str, int, int]] = []
    opened = Path("/proc/self/fd")
    real = os.fdopen

    def watching(descriptor: int, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        status = os.fstat(descriptor)
        name = str((opened / str(descriptor)).readlink())
        modes.append((name, stat.S_IMODE(status.st_mode), status.st_size))
        return real(descriptor, *args, **kwargs)

    if not opened.is_dir():
        pytest.skip("needs /proc, to tell the name of an open file")
    monkeypatch.setattr(os, "fdopen", watching)
    before = os.umask(0)
    try:
        file = TokenFile(tmp_path / "account")
        with file.locked():
            file.save(a_login())
            file.save(a_login(access=Secret("access-2")))
    finally:
        os.umask(before)
    assert [(mode, size) for name, mode, size in modes if "token.json" in name] == [(0o600, 0)] * 2
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.folder.stat().st_mode) == 0o700
    assert {path.name for path in file.folder.iterdir()} <= {"token.json", "token.lock"}
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in file.folder.iterdir())


@POSIX
def test_a_file_that_others_could_read_is_mended_with_a_word(tmp_path: Path) -> None:
    told: list[str] = []
    file = TokenFile(tmp_path, notify=told.append)
    file.save(a_login())
    file.path.chmod(0o644)
    assert file.load() == a_login()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert len(told) == 1
    assert "withdraw the consent" in told[0]
    file.load()
    assert len(told) == 1


@POSIX
def test_somebody_elses_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = TokenFile(tmp_path)
    file.save(a_login())
    monkeypatch.setattr(os, "geteuid", lambda: file.path.stat().st_uid + 1)
    with pytest.raises(SpotifyError, match="another user"):
        file.load()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"access_token": "SECRETSECRETSECRETSECRET"',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"client_id": "SECRETSECRETSECRETSECRET"}).encode(),
        a_login().as_json().replace("https://api.spotify.com/v1/", "http://evil.example/").encode(),
        a_login().as_json().replace("access-1", "").encode(),
        a_login().as_json().replace("access-1", "SECRETSECRETSECRETSECRET\\nX: y").encode(),
        a_login().as_json().replace("refresh-1", "SECRETSECRETSECRETSECRET\\u65e5").encode(),
        a_login().as_json().replace("1900000000.0", "1e300").encode(),
        a_login().as_json().replace("1900000000.0", "NaN").encode(),
        a_login().as_json().replace("2000000000.0", "1e400").encode(),
        a_login().as_json().replace("2000000000.0", '"tomorrow"').encode(),
        json.dumps(json.loads(a_login().as_json()) | {"scopes": "playlist"}).encode(),
        json.dumps(json.loads(a_login().as_json()) | {"account": {"id": "me", "display_name": 5}}).encode(),
    ],
)
def test_a_damaged_file_says_log_in_again_and_nothing_else(content: bytes, tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    file.path.write_bytes(content)
    with pytest.raises(NotAuthorised, match="log in again") as caught:
        file.load()
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "given",
    [
        {"access_token": "two\nlines"},
        {"access_token": "日"},
        {"access_token": 5},
    ],
)
def test_a_grant_without_a_token_is_none(given: dict[str, Any]) -> None:
    with pytest.raises(Failure):
        grant_of({"refresh_token": "r", "expires_in": 3600} | given)


@pytest.mark.parametrize("life", [1e400, float("nan"), -5, "long", None])
def test_a_life_that_cannot_be_is_an_hour(life: object) -> None:
    grant = grant_of({"access_token": "a", "refresh_token": "r\n", "expires_in": life})
    assert (grant.lasts_s, grant.refresh) == (3600.0, None)


def test_a_file_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = TokenFile(tmp_path)
    file.save(a_login())

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SpotifyError, match="No space left"):
        file.save(a_login(access=Secret("access-2")))
    assert file.load() == a_login()
    assert [path.name for path in tmp_path.iterdir()] == ["token.json"]


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / ".token.json.0123.part"
    left.write_text("SECRET")
    TokenFile(tmp_path).save(a_login())
    assert not left.exists()
    left.write_text("SECRET")
    assert TokenFile(tmp_path).remove()
    assert not left.exists()
    assert not TokenFile(tmp_path).remove()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpotifyError, match="--account"), TokenFile(tmp_path / "file" / "account").locked():
        pass


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com", "ftp://127.0.0.1", "127.0.0.1:80", "https://", "http://[::1", "https://a:b@c",
        "http://127.0.0.1.evil.example", "https://x?q=1", "http://127.0.0.1:99999", "",
    ],
)  # fmt: skip
def test_tokens_are_sent_over_safe_ways_only(address: str) -> None:
    with pytest.raises(ParameterError, match="is no server"):
        Server(api=address, accounts=address)


def test_servers_that_are_fine() -> None:
    stand_in = Server.standing_in("http://127.0.0.1:8765/")
    assert stand_in == Server("http://127.0.0.1:8765/v1/", "http://127.0.0.1:8765")
    assert stand_in.local
    assert not SPOTIFY.local
    assert Server.standing_in("https://proxy.example").api == "https://proxy.example/v1/"


@given(st.floats(0, 4e9))
def test_a_consent_lasts_six_months(moment: float) -> None:
    days = (consent_ends(moment).timestamp() - moment) / 86400
    assert 180 < days < 185


# --- tokens that lapse


def test_a_lapsed_token_is_renewed_before_it_is_used(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    old = put_login(server, tmp_path)
    with clock.client(tmp_path) as client:
        client.me()
        clock.now += 3600
        client.search("Kettle")
    new = TokenFile(tmp_path).load()
    assert new.access != old.access
    assert new.refresh != old.refresh
    assert new.consented_at == old.consented_at
    assert [one.status for one in server.requests] == [200, 200, 200]


def test_a_token_that_is_refused_early_is_renewed_once(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path, lasts_s=1e6)
    clock.now += 4000
    with clock.client(tmp_path) as client:
        client.me()
    assert [one.status for one in server.requests] == [401, 200, 200]


def test_a_token_that_is_refused_twice_needs_a_person(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path)
    server.faults.script("401", path="/me", onwards=True)
    with clock.client(tmp_path) as client, pytest.raises(NotAuthorised, match="log in again"):
        client.me()
    assert [one.status for one in server.requests] == [401, 200, 401]


def test_a_consent_of_more_than_six_months_is_over(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path, consented_at=clock.now - 200 * 86400, lasts_s=0)
    with clock.client(tmp_path) as client, pytest.raises(NotAuthorised, match="six months") as caught:
        client.me()
    assert_silent_after(server, caught.value)


@pytest.mark.parametrize("how", ["withdrawn", "client gone"])
def test_a_consent_that_was_withdrawn_is_said(
    how: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path)
    if how == "withdrawn":
        server.accounts.revoke()
    else:
        clock.now += 4000
        server.accounts.clients = {"another"}
    with clock.client(tmp_path) as client, pytest.raises(NotAuthorised, match="log in again") as caught:
        client.me()
    assert ("withdrawn" in str(caught.value)) == (how == "withdrawn")


@pytest.mark.parametrize("fault", ["applied, but cut", "applied, but hang", "applied, but 503"])
def test_a_renewal_whose_answer_was_lost_says_log_in_again(
    fault: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path, lasts_s=0)
    server.faults.script(fault, path="/api/token")
    with clock.client(tmp_path, read_s=0.3) as client, pytest.raises(NotAuthorised, match="log in again"):
        client.me()
    assert len(server.calls("POST", "/api/token")) == 2


@pytest.mark.parametrize("fault", ["cut", "500", "hang", "429, 1 s", "200, not JSON"])
def test_a_renewal_outlives_what_passes(
    fault: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path, lasts_s=0)
    server.faults.script(fault, path="/api/token")
    with clock.client(tmp_path, read_s=0.3) as client:
        assert client.me().id == "runner"


@pytest.mark.parametrize("fault", ["500", "429, 86400 s"])
def test_a_log_in_survives_a_service_that_is_down(
    fault: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    before = put_login(server, tmp_path, lasts_s=0)
    server.faults.script(fault, path="/api/token", onwards=True)
    with clock.client(tmp_path) as client, pytest.raises(SpotifyError) as caught:
        client.me()
    assert not isinstance(caught.value, NotAuthorised)
    assert TokenFile(tmp_path).load() == before


def test_a_disk_that_is_full_is_seen_before_the_old_token_is_spent(
    server: SpotifyServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = put_login(server, tmp_path, lasts_s=0)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with clock.client(tmp_path) as client, pytest.raises(SpotifyError, match="No space left"):
            client.me()
    assert not server.requests
    assert TokenFile(tmp_path).load() == before


def test_another_programs_renewal_is_used(server: SpotifyServer, clock: Clock, tmp_path: Path) -> None:
    stale = put_login(server, tmp_path)
    fresh = put_login(server, tmp_path)
    assert TokenKeeper(tmp_path, pace=clock.pace()).after_refusal(stale.access) == fresh
    assert not server.calls("POST", "/api/token")


def test_a_token_is_never_sent_to_another_server(server: SpotifyServer, clock: Clock, tmp_path: Path) -> None:
    put_login(server, tmp_path)
    with clock.client(tmp_path) as client, SpotifyServer(clock=clock) as another:
        client.me()
        put_login(another, tmp_path)
        with pytest.raises(NotAuthorised, match="another server"):
            client.search("Kettle")
        assert len(server.requests) == 1
        assert not another.requests


_RENEW = """
import sys, time
from pathlib import Path
from bpmsync.export.spotify.client import open_client
folder, mine, other = map(Path, sys.argv[1:])
with open_client(folder) as client:
    mine.touch()
    while not other.exists():
        time.sleep(0.005)
    for _ in range(3):
        client.search("Kettle")
    print(client.me().id)
"""


def test_two_processes_that_renew_at_once_both_end_logged_in(tmp_path: Path) -> None:
    import time

    def slow_renewal(exchange: Any) -> None:  # noqa: ANN401 - the stand-in's
        if exchange.path == "/api/token":
            time.sleep(0.5)  # the second one comes while the first holds the lock

    with SpotifyServer(on_exchange=slow_renewal) as server:
        for _ in range(3):
            server.requests.clear()
            put_login(server, tmp_path / "account", lasts_s=0)
            outcome = _race(tmp_path)
            assert [one.strip() for one, _, _ in outcome] == ["runner", "runner"], outcome
            assert [status for _, _, status in outcome] == [0, 0]
            assert len(server.calls("POST", "/api/token")) == 1
            assert all(one.status == 200 for one in server.requests)
            assert_silent(server, *(text for said in outcome for text in said[:2]))
            TokenKeeper(tmp_path / "account", pace=Clock().pace()).after_refusal(
                TokenFile(tmp_path / "account").load().access
            )


def _race(folder: Path) -> list[tuple[str, str, int]]:
    """Let two processes use one lapsed log-in at the same moment; return what each said."""
    marks = [folder / "first", folder / "second"]
    for mark in marks:
        mark.unlink(missing_ok=True)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _RENEW, str(folder / "account"), str(mine), str(other)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for mine, other in (marks, marks[::-1])
    ]
    return [(*one.communicate(timeout=60), one.returncode) for one in running]
