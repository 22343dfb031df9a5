"""The client: one answer or one error for each call, nothing twice, and never a word too much."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_cases import Clock, assert_silent, put_login
from bpmsync.errors import NotAuthorised, ParameterError, SpotifyError, Unanswered
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.limits import fit_description, fit_name
from bpmsync.export.spotify.reading import found_in, only_answer, page_of, playlist_of, row_of, track_of
from bpmsync.export.spotify.refusals import error_for
from bpmsync.export.spotify.values import Account, Row
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


def uris_of(client: SpotifyClient, ident: str) -> list[str | None]:
    return [row.uri for row in client.rows(ident)]


def test_what_is_asked_is_what_is_answered(client: SpotifyClient, server: SpotifyServer) -> None:
    assert client.me() == Account("runner", "Ro Runner")
    found = client.search(f"isrc:{SONGS[7].isrc}")
    assert [one.uri for one in found] == [URIS[7]]
    assert found[0] == client.track(URIS[7])
    assert (found[0].title, found[0].artists, found[0].isrc) == (
        SONGS[7].title,
        SONGS[7].artists,
        SONGS[7].isrc,
    )
    assert found[0].duration_s == pytest.approx(SONGS[7].duration_s)
    assert client.calls == len(server.requests) == 3
    client.me()
    assert client.calls == 3


def test_a_playlist_from_its_making_to_its_end(client: SpotifyClient, server: SpotifyServer) -> None:
    made = client.create_playlist("Run", description="160 & more", public=False)
    assert (made.name, made.description, made.owner_id, made.total) == ("Run", "160 & more", "runner", 0)
    assert server.playlists[made.id].public is False
    client.replace_rows(made.id, URIS[:100])
    client.add_rows(made.id, URIS[100:130], position=100)
    client.add_rows(made.id, URIS[130:132], position=0)
    assert uris_of(client, made.id) == [*URIS[130:132], *URIS[:130]]
    client.remove_rows(made.id, URIS[130:132])
    assert tuple(uris_of(client, made.id)) == URIS[:130]
    assert client.playlist(made.id).total == 130
    client.change_playlist(made.id, name="Rain", description='"quoted" <b>')
    assert (client.playlist(made.id).name, client.playlist(made.id).description) == ("Rain", '"quoted" <b>')
    client.replace_rows(made.id, [])
    assert uris_of(client, made.id) == []
    assert client.follows(made.id)
    client.unfollow(made.id)
    assert not client.follows(made.id)
    assert [one.id for one in client.playlists()] == []


def test_calls_that_would_change_nothing_are_not_made(client: SpotifyClient) -> None:
    client.change_playlist("abc")
    client.add_rows("abc", [], position=0)
    client.remove_rows("abc", [])
    assert client.calls == 0


def test_older_apps_and_rows_that_are_no_songs_are_understood(clock: Clock, tmp_path: Path) -> None:
    local = "spotify:local:Ada:Roof:Tin+Roof:180"
    with SpotifyServer(SONGS, legacy=True, clock=clock) as server:
        put_login(server, tmp_path)
        kept = server.add_playlist("Mixed", [URIS[0], local, URIS[1]])
        with clock.client(tmp_path) as client:
            rows = client.rows(kept.id)
            assert [row.uri for row in rows] == [URIS[0], local, URIS[1]]
            assert [row.is_local for row in rows] == [False, True, False]
            assert [row.restorable for row in rows] == [True, False, True]
            assert client.playlist(kept.id).total == 3
            assert client.search("Kettle")


def test_all_pages_are_read_and_only_own_playlists_told(client: SpotifyClient, server: SpotifyServer) -> None:
    long = server.add_playlist("Long", URIS[:237])
    for number in range(60):
        server.add_playlist(f"List {number}")
    foreign = server.add_playlist("Foreign", owner="somebody")
    foreign.followers.add("runner")
    assert tuple(uris_of(client, long.id)) == URIS[:237]
    names = [one.name for one in client.playlists()]
    assert len(names) == 61
    assert "Foreign" not in names


# --- refusals


@pytest.mark.parametrize(
    ("about", "words"),
    [({"premium": False}, "Premium"), ({"listed": False}, "User Management")],
)
def test_a_refusal_says_what_is_the_matter(
    about: dict[str, bool], words: str, server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    server.account("runner", **about)
    put_login(server, tmp_path)
    with clock.client(tmp_path) as client, pytest.raises(SpotifyError, match=words) as caught:
        client.me()
    assert not isinstance(caught.value, NotAuthorised)


def test_a_missing_scope_is_a_matter_of_logging_in(
    server: SpotifyServer, clock: Clock, tmp_path: Path
) -> None:
    put_login(server, tmp_path, scopes=["playlist-read-private"])
    with clock.client(tmp_path) as client, pytest.raises(NotAuthorised, match="log in again"):
        client.create_playlist("Run", description="", public=False)


def test_what_is_not_there_is_said_to_be_gone(client: SpotifyClient) -> None:
    with pytest.raises(SpotifyError, match="was deleted"):
        client.rows("0" * 22)


@pytest.mark.parametrize("ident", ["", "../me", "a/b", "a?b", "spotify:playlist:abc", "é"])
def test_an_id_cannot_lead_elsewhere(ident: str, client: SpotifyClient) -> None:
    for work in (client.rows, client.playlist, client.unfollow, client.follows):
        with pytest.raises(ParameterError, match="not the id"):
            work(ident)
    with pytest.raises(ParameterError, match="no Spotify track"):
        client.track(ident)
    assert client.calls == 0


def test_more_rows_than_spotify_takes_are_a_callers_mistake(client: SpotifyClient) -> None:
    with pytest.raises(ParameterError, match="101 rows"):
        client.add_rows("abc", URIS[:101], position=0)
    with pytest.raises(ParameterError, match="101 rows"):
        client.replace_rows("abc", URIS[:101])
    assert client.calls == 0


@given(
    st.sampled_from(Trouble), st.integers(300, 599), st.text(max_size=60), st.text(max_size=30), st.booleans()
)
def test_every_failure_is_an_error_of_ours(
    trouble: Trouble,
    status: int,
    message: str,
    reason: str,
    reads: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    failure = Failure(trouble, status, message, reason=reason, retry_after_s=1e12 if reads else None)
    error = error_for(failure, "searching", reads=reads, tries=2, now=1.79e9)
    assert isinstance(error, SpotifyError)
    assert str(error)
    assert isinstance(error, Unanswered) <= (not reads)


# --- texts and shapes


@given(st.text(max_size=400))
def test_names_and_descriptions_are_ones_that_spotify_takes(text: str) -> None:
    for fit, limit in ((fit_name, 100), (fit_description, 300)):
        try:
            fitted = fit(text)
        except ParameterError:
            assert fit is fit_name
            assert not text.strip() or not any(c.isprintable() and not c.isspace() for c in text)
            continue
        assert len(fitted) <= limit
        assert len(fitted.encode("utf-16-le", "surrogatepass")) <= 2 * limit
        assert fitted.splitlines() in ([fitted], [])
        assert fit(fitted or "x") == (fitted or "x")


def test_a_name_that_would_be_a_500_is_cut_before_it_is_sent(
    client: SpotifyClient, server: SpotifyServer
) -> None:
    made = client.create_playlist("x" * 150 + "\n", description="d\r\n" * 200, public=False)
    client.change_playlist(made.id, name="y\n" * 150, description="e" * 301)
    assert all(one.status < 500 for one in server.requests)
    assert len(server.playlists[made.id].name) <= 100


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "uri", "name", "items", "item", "track", "total", "tracks", "artists", "album",
             "duration_ms", "external_ids", "isrc", "owner", "description", "is_local", "public"]
        ),
        inner,
        max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@given(_JSON)
def test_odd_shapes_are_a_failure_and_no_accident(document: object) -> None:
    for read in (track_of, playlist_of, row_of, page_of, found_in, only_answer):
        with contextlib.suppress(Failure):
            read(document)


def test_rows_without_a_track_and_escaped_words() -> None:
    assert row_of({"is_local": False, "item": None}) == Row(None)
    assert row_of({"is_local": True, "track": {"uri": "spotify:local:::x:1", "name": "x"}}).is_local
    assert row_of({"item": {"uri": "spotify:episode:1", "name": "Talk"}}) == Row("spotify:episode:1", "Talk")
    assert playlist_of({"id": "a", "description": "Tom &amp; J&#x27;s"}).description == "Tom & J's"
    assert playlist_of({"id": "a", "description": None}).description == ""
    assert playlist_of({"id": "a", "external_urls": {"spotify": "https://x/\x1b[2J"}}).url.endswith(
        "/playlist/a"
    )
    for ident in ("../../me", "a/b", "a\n", ""):  # it becomes part of addresses and of names of files
        with pytest.raises(Failure):
            playlist_of({"id": ident})


def test_an_answer_that_is_no_answer_to_the_question(client: SpotifyClient, server: SpotifyServer) -> None:
    kept = server.add_playlist("Kept")
    server.faults.script(Fault("odd", reply=Reply(200, {"hello": 1})), path="/search", onwards=True)
    server.faults.script(Fault("odd", reply=Reply(200, [])), path="/playlists/*/items", method="POST")
    with pytest.raises(SpotifyError, match="no answer from Spotify"):
        client.search("Kettle")
    with pytest.raises(Unanswered):
        client.add_rows(kept.id, URIS[:1], position=0)


def test_a_redirect_is_not_followed(client: SpotifyClient, server: SpotifyServer) -> None:
    away = Reply(302, None, {"Location": f"{server.url}/elsewhere"})
    server.faults.script(Fault("away", reply=away), path="/me")
    with pytest.raises(SpotifyError, match="302"):
        client.me()
    assert not server.calls(None, "/elsewhere")


def test_no_log_holds_a_token(
    client: SpotifyClient, server: SpotifyServer, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level("DEBUG")
    client.me()
    clock.now += 4000  # past the token's life: a refresh goes over the wire as well
    client.search("Kettle")
    server.faults.script("403", path="/search")
    with pytest.raises(SpotifyError):
        client.search("Kettle")
    assert len(server.calls("POST", "/api/token")) == 1
    assert caplog.text
    assert_silent(server, caplog.text)
