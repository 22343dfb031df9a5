"""The client when things go wrong: reads outlive it, changes are made once or said to be unknown."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from account_cases import Clock, assert_silent, put_login
from bpmsync.errors import NotAuthorised, RateLimited, SpotifyError, Unanswered
from bpmsync.export.spotify.retry import Pace
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import Server
from spotify_cases import recordings
from spotify_server import FAULTS, SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bpmsync.export.spotify.client import SpotifyClient

SONGS = recordings(300)
URIS = tuple(f"spotify:track:{one.id}" for one in SONGS)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[SpotifyServer]:
    with SpotifyServer(SONGS, clock=clock) as running:
        yield running


@pytest.fixture
def client(server: SpotifyServer, clock: Clock, tmp_path: Path) -> Iterator[SpotifyClient]:
    put_login(server, tmp_path)
    with clock.client(tmp_path, read_s=0.3) as opened:
        yield opened


# --- every fault, at a call that reads and at calls that change something

ONE_GOES_ON = {
    "401", "429, 1 s", "429, no Retry-After", "quota exceeded, 1 s", "500", "502", "503", "applied, but 503",
    "applied, but cut", "hang", "applied, but hang", "cut", "200, not JSON", "applied, but 200, not JSON",
    "502, not JSON", "503, error as text",
}  # fmt: skip
FOR_GOOD: dict[str, type[SpotifyError]] = dict.fromkeys(
    ONE_GOES_ON | {"403", "error as text"}, SpotifyError
) | {
    "401": NotAuthorised,
    "429, 1 s": RateLimited,
    "429, no Retry-After": RateLimited,
    "429, 86400 s": RateLimited,
    "429, 86236 s": RateLimited,
    "quota exceeded": RateLimited,
    "quota exceeded, 1 s": RateLimited,
}
REFUSED = {"403", "error as text", "429, 86400 s", "429, 86236 s", "quota exceeded"}


def test_the_table_of_faults_is_whole() -> None:
    assert FOR_GOOD.keys() == FAULTS.keys()
    assert FAULTS.keys() == ONE_GOES_ON | REFUSED


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_call_that_reads_outlives_what_passes(
    name: str, client: SpotifyClient, server: SpotifyServer
) -> None:
    server.faults.script(name, method="GET", path="/search")
    if name in ONE_GOES_ON:
        assert client.search("Kettle")
        assert len(server.calls("GET", "/search")) == 2
    else:
        with pytest.raises(FOR_GOOD[name]):
            client.search("Kettle")
        assert len(server.calls("GET", "/search")) == 1


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_that_stays_ends_in_one_error_with_a_next_step(
    name: str, client: SpotifyClient, server: SpotifyServer, clock: Clock
) -> None:
    server.faults.script(name, method="GET", path="/search", onwards=True)
    with pytest.raises(FOR_GOOD[name]) as caught:
        client.search("Kettle")
    assert len(server.calls("GET", "/search")) <= 4
    assert sum(clock.slept) < 10
    assert ":" in str(caught.value)
    assert not isinstance(caught.value, Unanswered)
    assert_silent(server, str(caught.value), repr(caught.value))


Change = tuple[str, str, "Callable[[SpotifyClient, str], Any]"]
CHANGES: dict[str, Change] = {
    "create": (
        "POST",
        "/me/playlists",
        lambda client, _: client.create_playlist("Run", description="", public=False),
    ),
    "change": ("PUT", "/playlists/*", lambda client, ident: client.change_playlist(ident, name="New")),
    "replace": ("PUT", "/playlists/*/items", lambda client, ident: client.replace_rows(ident, URIS[:3])),
    "add": (
        "POST",
        "/playlists/*/items",
        lambda client, ident: client.add_rows(ident, URIS[5:8], position=1),
    ),
    "remove": ("DELETE", "/playlists/*/items", lambda client, ident: client.remove_rows(ident, URIS[10:11])),
    "unfollow": ("DELETE", "/me/library", lambda client, ident: client.unfollow(ident)),
}
NOT_MADE = {"401", "429, 1 s", "429, no Retry-After", "quota exceeded, 1 s"}


@pytest.mark.parametrize("name", sorted(FAULTS))
@pytest.mark.parametrize("change", sorted(CHANGES))
def test_a_change_is_made_once_or_refused_or_said_to_be_unknown(
    name: str, change: str, client: SpotifyClient, server: SpotifyServer
) -> None:
    method, path, work = CHANGES[change]
    kept = server.add_playlist("Kept", URIS[10:14])
    server.faults.script(name, method=method, path=path)
    if name in NOT_MADE:
        work(client, kept.id)
        assert len([one for one in server.calls(method, path.partition("*")[0]) if not one.fault]) == 1
        return
    expected = FOR_GOOD[name] if name in REFUSED else Unanswered
    with pytest.raises(expected) as caught:
        work(client, kept.id)
    assert isinstance(caught.value, Unanswered) == (name not in REFUSED)
    assert len(server.calls(method, "/me")) + len(server.calls(method, "/playlists")) == 1


def test_a_change_that_could_not_be_sent_is_sent_again(clock: Clock, tmp_path: Path) -> None:
    with SpotifyServer(SONGS, clock=clock) as server:
        put_login(server, tmp_path)
        kept = server.add_playlist("Kept")
        port = int(server.url.rpartition(":")[2])
    with clock.client(tmp_path) as client:
        with pytest.raises(SpotifyError, match="cannot reach Spotify") as caught:
            client.add_rows(kept.id, URIS[:2], position=0)
        assert not isinstance(caught.value, Unanswered)
        assert client.calls == 4
    listening: list[SpotifyServer] = []

    def come_back(seconds: float) -> None:
        if not listening:
            again = SpotifyServer(SONGS, clock=clock, port=port)
            again.accounts, again.world.accounts = server.accounts, server.accounts
            again.world.playlists.update(server.playlists)
            listening.append(again.__enter__())
        clock.now += seconds

    pace = Pace(clock=clock, sleep=come_back)
    from bpmsync.export.spotify.client import open_client

    try:
        with open_client(tmp_path, pace=pace) as client:
            client.add_rows(kept.id, URIS[:2], position=0)
            assert client.calls == 2
    finally:
        for one in listening:
            one.__exit__(None, None, None)
    assert kept.uris == list(URIS[:2])


# --- what else speaks on a wire


def _say(answers: list[bytes]) -> tuple[str, threading.Thread, socket.socket]:
    """Listen on a free port and answer each connection with raw bytes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with contextlib.suppress(OSError):  # nobody asks as often as there are answers
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", thread, listener


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-hello\r\n",
        _HEAD + b"Content-Length: 100\r\n\r\n{",
        _HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        _HEAD + b"Content-Length: 3\r\n\r\n\xff\xfe\xfd",
        _HEAD + b"Content-Length: %d\r\n\r\n" % len(_DEEP) + _DEEP,
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Busy\r\nRetry-After: tomorrow\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_whatever_a_server_says_ends_in_an_error_of_ours(
    answer: bytes, clock: Clock, tmp_path: Path, server: SpotifyServer
) -> None:
    from dataclasses import replace

    url, thread, listener = _say([answer] * 4)
    login = put_login(server, tmp_path)
    TokenFile(tmp_path).save(replace(login, server=Server.standing_in(url)))
    with listener, clock.client(tmp_path, read_s=0.5) as client, pytest.raises(SpotifyError) as caught:
        client.me()
    assert_silent(server, str(caught.value))
    thread.join(0)
