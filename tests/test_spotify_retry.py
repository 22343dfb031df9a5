"""Waiting and repeating: as long as Spotify asks and the user allows, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_cases import Clock, put_login
from bpmsync.errors import RateLimited
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.refusals import span
from bpmsync.export.spotify.retry import Pace, backoff_s, drift_of, seconds_asked, wait_before_repeating
from spotify_cases import recordings
from spotify_server import Fault, SpotifyServer
from spotify_server.messages import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
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


# --- waiting


def test_a_wait_that_spotify_asks_for_is_kept_to(
    client: SpotifyClient, server: SpotifyServer, clock: Clock
) -> None:
    busy = Reply(429, {"error": {"status": 429, "message": "slow"}}, {"Retry-After": "42"})
    server.faults.script(Fault("busy", reply=busy, sound=True), method="GET", path="/search")
    assert client.search("Kettle")
    assert 42 <= clock.slept[0] <= 43
    assert clock.told == ["waiting 42 s, as Spotify asked"]


def test_a_longer_wait_stops_and_says_when_to_come_back(
    client: SpotifyClient, server: SpotifyServer, clock: Clock
) -> None:
    server.faults.script("429, 86236 s", method="GET", path="/search")
    with pytest.raises(RateLimited, match=r"come back at \d\d:\d\d on .* in 23 h 58 min") as caught:
        client.search("Kettle")
    assert caught.value.retry_after_s == 86236
    assert "what was found so far is kept" in str(caught.value)
    assert clock.slept == []


def test_max_wait_is_the_users_word(server: SpotifyServer, clock: Clock, tmp_path: Path) -> None:
    put_login(server, tmp_path)
    server.faults.script("429, 1 s", method="GET", path="/me")
    with clock.client(tmp_path, max_wait_s=0.5) as client, pytest.raises(RateLimited, match="--max-wait"):
        client.me()
    assert clock.slept == []


def test_a_budget_ends_a_run_that_asks_too_much(server: SpotifyServer, clock: Clock, tmp_path: Path) -> None:
    put_login(server, tmp_path)
    with clock.client(tmp_path, budget=3) as client:
        for query in ("a", "b", "c"):
            client.search(query)
        with pytest.raises(RateLimited, match=r"3 calls .* goes on from there"):
            client.search("d")
        assert client.calls == len(server.requests) == 3


@given(
    st.sampled_from(Trouble),
    st.sampled_from([0, 200, 400, 401, 403, 404, 429, 500, 503]),
    st.none() | st.floats(0, 1e6),
    st.integers(1, 6),
    st.booleans(),
    st.floats(0, 1),
)
def test_the_rules_of_repeating(  # noqa: PLR0917 - hypothesis gives them
    trouble: Trouble,
    status: int,
    asked: float | None,
    attempt: int,
    reads: bool,  # noqa: FBT001 - hypothesis gives it
    chance: float,
) -> None:
    pace = Pace(max_wait_s=60)
    failure = Failure(trouble, status, retry_after_s=asked)
    wait = wait_before_repeating(failure, attempt, reads=reads, pace=pace, chance=chance)
    if wait is None:
        return
    assert attempt < pace.tries
    assert status == 429 or trouble is Trouble.UNSENT or reads
    if status == 429 and asked is not None:
        assert asked <= wait <= pace.max_wait_s + backoff_s(attempt, chance=1)


@given(st.integers(1, 8), st.floats(0, 1))
def test_waits_grow_and_are_never_nothing(attempt: int, chance: float) -> None:
    assert backoff_s(attempt, chance=chance) >= 0.25
    assert backoff_s(attempt, chance=chance) <= backoff_s(attempt + 1, chance=chance)


@given(st.text())
def test_any_retry_after_is_a_wait_or_nothing(text: str) -> None:
    asked = seconds_asked(text, now=0.0)
    assert asked is None or 0 <= asked < float("inf")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:10:00 GMT", 500.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("inf", None),
        ("nan", None),
        ("", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert seconds_asked(text, now=100.0) == seconds
    assert drift_of("no date", now=0.0) is None


@given(st.floats(0, 1e9))
def test_a_span_is_never_shorter_than_what_it_tells(seconds: float) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "days": 86400}
    words = span(seconds).split()
    told = sum(int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
    assert seconds <= told <= seconds + 86400
