"""The stand-in's playlists: adding, replacing, moving and removing rows, against plain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spotify_cases import Caller, recordings
from spotify_server import SpotifyServer
from spotify_server.playlists import Playlist, StoredRow

if TYPE_CHECKING:
    from collections.abc import Iterator

SONGS = recordings(210)
URIS = [song.uri for song in SONGS]
LOCAL = "spotify:local:Some+Band:An+Album:A+Song:187"


@pytest.fixture
def server() -> Iterator[SpotifyServer]:
    """Run a server that takes wrong requests in its stride; its answers are still checked."""
    with SpotifyServer(SONGS, provoked=True) as running:
        yield running


@pytest.fixture
def call(server: SpotifyServer) -> Iterator[Caller]:
    with Caller(server) as caller:
        yield caller


def test_adding(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist(URIS[:3])
    path, playlist = f"/playlists/{name}/items", server.playlists[name]
    answer = call("POST", path, json={"uris": [URIS[5], URIS[5]], "position": 1})
    assert answer.status_code == 201
    assert answer.json() == {"snapshot_id": playlist.snapshot}
    assert playlist.uris == [URIS[0], URIS[5], URIS[5], URIS[1], URIS[2]]
    call("POST", path, params={"position": 0}, json={"uris": [URIS[9]]})
    assert playlist.uris[0] == URIS[9]


def test_uris_in_the_query_win_over_the_body(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist()
    query = {"uris": f"{URIS[1]},{URIS[2]}"}
    call("POST", f"/playlists/{name}/items", params=query, json={"uris": URIS[7:9]})
    assert server.playlists[name].uris == URIS[1:3]
    call("PUT", f"/playlists/{name}/items", params=query, json={"uris": URIS[7:9]})
    assert server.playlists[name].uris == URIS[1:3]


WRONG = [
    ({"uris": URIS[:101]}, "Too many uris"),
    ({"uris": [URIS[3], LOCAL]}, f"Invalid track uri: {LOCAL}"),
    ({"uris": [URIS[3], "spotify:track:short"]}, "Invalid track uri: spotify:track:short"),
    ({"uris": [URIS[3], f"spotify:track:{'x' * 22}"]}, "Payload contains a non-existing ID"),
    ({"uris": [URIS[3], None]}, "Invalid track uri"),
]


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("body", "message"), [*WRONG, ({}, "No uris provided"), (URIS[:2], "Error parsing JSON")]
)
def test_what_cannot_be_put_into_rows_changes_nothing(
    call: Caller, server: SpotifyServer, method: str, body: object, message: str
) -> None:
    name = call.new_playlist(URIS[:2])
    before = server.playlists[name].snapshot
    answer = call(method, f"/playlists/{name}/items", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert (server.playlists[name].uris, server.playlists[name].snapshot) == (URIS[:2], before)


def test_nothing_cannot_be_added_but_clears(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist(URIS[:2])
    answer = call("POST", f"/playlists/{name}/items", json={"uris": []})
    assert answer.json()["error"]["message"] == "No uris provided"
    assert call("PUT", f"/playlists/{name}/items", json={"uris": []}).status_code == 200
    assert server.playlists[name].uris == []


def test_a_bare_array_is_taken_where_the_service_is_lenient() -> None:
    with SpotifyServer(SONGS, strict=False, provoked=True) as server, Caller(server) as call:
        name = call.new_playlist()
        assert call("POST", f"/playlists/{name}/items", json=URIS[:2]).status_code == 201
        assert server.playlists[name].uris == URIS[:2]


def test_replacing_drops_local_rows_too(call: Caller, server: SpotifyServer) -> None:
    playlist = server.add_playlist("Mixed", [LOCAL, *URIS[:2]])
    answer = call("PUT", f"/playlists/{playlist.id}/items", json={"uris": URIS[:100]})
    assert answer.json() == {"snapshot_id": playlist.snapshot}
    assert playlist.uris == URIS[:100]


def test_removing_takes_every_occurrence(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist([URIS[0], URIS[1], URIS[0], URIS[2], URIS[1]])
    path, playlist = f"/playlists/{name}/items", server.playlists[name]
    first = playlist.snapshot
    answer = call("DELETE", path, json={"items": [{"uri": URIS[0]}, {"uri": URIS[9]}], "snapshot_id": first})
    assert answer.json() == {"snapshot_id": playlist.snapshot}
    assert playlist.uris == [URIS[1], URIS[2], URIS[1]]
    for body in (
        {},
        {"tracks": [{"uri": URIS[1]}]},
        {"items": [{"uri": uri} for uri in URIS[:101]]},
        {"items": [{"uri": URIS[1]}], "snapshot_id": "of another list"},
        {"items": [URIS[1]]},
    ):
        assert call("DELETE", path, json=body).status_code == 400
    assert playlist.uris == [URIS[1], URIS[2], URIS[1]]


def test_moving(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist(URIS[:6])
    path, playlist = f"/playlists/{name}/items", server.playlists[name]
    first = playlist.snapshot
    answer = call("PUT", path, json={"range_start": 0, "insert_before": 6, "snapshot_id": first})
    assert answer.json() == {"snapshot_id": playlist.snapshot}
    assert playlist.uris == [*URIS[1:6], URIS[0]]
    call("PUT", path, json={"range_start": 3, "range_length": 3, "insert_before": 0})
    assert playlist.uris == [URIS[4], URIS[5], URIS[0], *URIS[1:4]]
    for body in (
        {"range_start": 0, "insert_before": 2, "uris": URIS[:1]},
        {"range_start": 5, "insert_before": 0, "range_length": 2},
        {"range_start": 0, "insert_before": 7},
        {"range_start": 0},
        {"range_start": 0, "insert_before": 2, "snapshot_id": "of another list"},
        {"range_start": "0", "insert_before": 2},
    ):
        assert call("PUT", path, json=body).status_code == 400
    assert playlist.uris == [URIS[4], URIS[5], URIS[0], *URIS[1:4]]


@settings(max_examples=200)
@given(st.integers(1, 12), st.data())
def test_a_move_keeps_all_rows_and_the_order_of_the_others(total: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, total - 1))
    length = data.draw(st.integers(1, total - start))
    before = data.draw(st.integers(0, total))
    uris = [str(number) for number in range(total)]
    playlist = Playlist("p", "me", "Run", rows=[StoredRow(uri) for uri in uris])
    playlist.move(start, before, length)
    moved = uris[start : start + length]
    others = [uri for uri in uris if uri not in moved]
    assert [uri for uri in playlist.uris if uri not in moved] == others
    at = playlist.uris.index(moved[0])
    assert playlist.uris[at : at + length] == moved
    # What stood before `insert_before`, less what was moved, stands before the range now.
    assert playlist.uris[:at] == [uri for uri in uris[:before] if uri not in moved]
