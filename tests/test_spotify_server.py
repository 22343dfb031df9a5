"""The stand-in itself, row by row of what the Web API does."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from spotify_cases import Caller, recordings
from spotify_server import ALL_SCOPES, Recording, SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

SONGS = recordings(300)
URIS = [song.uri for song in SONGS]


@pytest.fixture
def server() -> Iterator[SpotifyServer]:
    """Run a server that takes wrong requests in its stride; its answers are still checked."""
    with SpotifyServer(SONGS, provoked=True) as running:
        yield running


@pytest.fixture
def call(server: SpotifyServer) -> Iterator[Caller]:
    with Caller(server) as caller:
        yield caller


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return status and message of an error in the Web API's form."""
    error = answer.json()["error"]
    assert error["status"] == answer.status_code
    return answer.status_code, error["message"]


def test_me_has_what_is_left_of_a_profile(call: Caller) -> None:
    profile = call("GET", "/me").json()
    kept = {"id", "account_id", "display_name", "uri", "type", "href", "external_urls", "images"}
    assert set(profile) == kept


def test_search_gives_five_of_all_and_pages_through_the_rest(call: Caller) -> None:
    first = call("GET", "/search", params={"q": "Red", "type": "track"}).json()["tracks"]
    assert (len(first["items"]), first["limit"], first["offset"], first["previous"]) == (5, 5, 0, None)
    seen, page = list(first["items"]), first
    while page["next"]:
        page = call.session.get(page["next"], timeout=30).json()["tracks"]
        seen += page["items"]
    assert len(seen) == first["total"] == 30
    assert len({one["id"] for one in seen}) == 30


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"q": "Red", "type": "track", "limit": 11}, "Invalid limit"),
        ({"q": "Red", "type": "track", "limit": "ten"}, "Invalid limit"),
        ({"q": "Red", "type": "track", "limit": -1}, "Invalid limit"),
        ({"q": "Red", "type": "track", "offset": 1001}, "Invalid offset"),
        ({"type": "track"}, "No search query"),
        ({"q": "", "type": "track"}, "No search query"),
        ({"q": "Red"}, "Missing parameter type"),
        ({"q": "Red", "type": "song"}, "Bad search type field song"),
    ],
)
def test_search_refuses(call: Caller, params: dict[str, Any], message: str) -> None:
    assert refusal(call("GET", "/search", params=params)) == (400, message)


def test_a_track_of_a_search_is_whole_but_for_what_was_taken_away(call: Caller) -> None:
    song = SONGS[17]
    found = call("GET", "/search", params={"q": f"isrc:{song.isrc}", "type": "track"}).json()["tracks"][
        "items"
    ]
    assert [one["uri"] for one in found] == [song.uri]
    assert found[0]["external_ids"] == {"isrc": song.isrc}
    assert found[0]["duration_ms"] == round(song.duration_s * 1000)
    assert not found[0].keys() & {"popularity", "available_markets", "linked_from"}
    assert call("GET", f"/tracks/{song.id}").json() == found[0]


VERSIONS = (
    Recording(title="Último Tren", artists=("Señor Metrónomo",), album="Compás", duration_s=180, year=2024),
    Recording(
        title="Último Tren - Live", artists=("Señor Metrónomo",), album="Vivo", duration_s=200, year=2025
    ),
    Recording(title="Ultimo Tren", artists=("Other People",), album="Rails", duration_s=180, popularity=100),
    Recording(title="逆さの雨", artists=("砂時計オーケストラ",), album="落ちる音", duration_s=170, isrc=""),
    Recording(
        title="Don't “Stop” Here", artists=("A", "B"), album="Twos", duration_s=190, isrc="XXABC2400001"
    ),
    Recording(title="Don't Stop", artists=("A",), album="Deluxe", duration_s=191, isrc="XXABC2400001"),
)


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ('track:"Ultimo Tren" artist:"senor metronomo"', [0, 1]),
        ("track:Ultimo Tren artist:metronomo", [0, 1]),
        ('artist:"Señor Metrónomo" year:2025', [1]),
        ("artist:Metronomo year:2020-2024", [0]),
        ("ultimo tren senor metronomo", [0, 1, 2]),
        ("ultimo tren other people", [2, 0, 1]),
        ("live album:vivo", [1]),
        ("逆さの雨", [3]),
        ("isrc:xxabc2400001", [5, 4]),
        ("isrc:XXABC240000", []),
        ("track:dont stop here", [4]),
        ("quite something else", []),
    ],
)
def test_search_sifts_by_field_and_ranks_by_words(query: str, hits: list[int]) -> None:
    with SpotifyServer(VERSIONS) as server, Caller(server) as call:
        found = call("GET", "/search", params={"q": query, "type": "track"}).json()["tracks"]["items"]
        ids = [one["id"] for one in found]
    expected = [VERSIONS[index].id for index in hits]
    assert (sorted(ids) == sorted(expected)) if query.startswith("isrc") else ids == expected


def test_a_track_that_is_not_there(call: Caller) -> None:
    assert refusal(call("GET", f"/tracks/{'x' * 22}"))[0] == 404


def test_own_playlists_come_in_pages_the_newest_first(call: Caller, server: SpotifyServer) -> None:
    ids = [call.new_playlist(URIS[:number]) for number in range(25)]
    first = call("GET", "/me/playlists").json()
    assert (first["limit"], first["total"], len(first["items"])) == (20, 25, 20)
    assert first["items"][0]["id"] == ids[-1]
    assert first["items"][0]["items"]["total"] == 24
    rest = call.session.get(first["next"], timeout=30).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]
    assert refusal(call("GET", "/me/playlists", params={"limit": 51})) == (400, "Invalid limit")
    assert len(server.playlists) == 25


def test_a_new_playlist(call: Caller, server: SpotifyServer) -> None:
    body = {"name": "Run", "description": "5 % & more / 'so'", "public": False}
    answer = call("POST", "/me/playlists", json=body)
    made = answer.json()
    assert answer.status_code == 201
    assert made["items"]["total"] == 0
    assert (made["public"], made["collaborative"], made["owner"]["id"]) == (False, False, "runner")
    assert made["description"] == "5 % &amp; more &#x2F; &#x27;so&#x27;"
    assert server.playlists[made["id"]].description == body["description"]
    assert made["snapshot_id"] == server.playlists[made["id"]].snapshot


def test_a_playlist_is_public_unless_it_is_said(call: Caller) -> None:
    assert call("POST", "/me/playlists", json={"name": "Run"}).json()["public"] is True


def test_a_private_playlist_may_be_shown_as_public() -> None:
    with SpotifyServer(always_public=True) as server, Caller(server) as call:
        made = call("POST", "/me/playlists", json={"name": "Run", "public": False}).json()
        assert made["public"] is True
        assert server.playlists[made["id"]].public is False
        call("PUT", f"/playlists/{made['id']}", json={"public": False})
        assert call("GET", f"/playlists/{made['id']}").json()["public"] is False


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": ""}, 400),
        ({"name": 7}, 400),
        ({"name": "Run", "public": True, "collaborative": True}, 400),
        ({"name": "n" * 100, "description": "d" * 300}, 201),
        ({"name": "n" * 101}, 500),
        ({"name": "Run", "description": "d" * 301}, 500),
        ({"name": "Run", "description": "two\nlines"}, 500),
        ({"name": "two\nlines"}, 500),
        (["Run"], 400),
    ],
)
def test_limits_of_a_new_playlist(call: Caller, server: SpotifyServer, body: object, status: int) -> None:
    assert call("POST", "/me/playlists", json=body).status_code == status
    assert len(server.playlists) == (status == 201)


@pytest.mark.parametrize("public", [True, False])
def test_making_a_playlist_needs_the_scope_for_its_kind(server: SpotifyServer, *, public: bool) -> None:
    other = f"playlist-modify-{'private' if public else 'public'}"
    with Caller(server, scopes=[other]) as call:
        answer = call("POST", "/me/playlists", json={"name": "Run", "public": public})
    assert refusal(answer) == (403, "Insufficient client scope")


def test_changing_details(call: Caller, server: SpotifyServer) -> None:
    name = call.new_playlist()
    before = server.playlists[name].snapshot
    answer = call("PUT", f"/playlists/{name}", json={"name": "Other", "description": "New"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert (server.playlists[name].name, server.playlists[name].description) == ("Other", "New")
    assert server.playlists[name].snapshot != before
    assert call("PUT", f"/playlists/{name}", json={"description": "a\rb"}).status_code == 500
    assert refusal(call("PUT", f"/playlists/{'x' * 22}", json={"name": "y"}))[0] == 404


def test_what_belongs_to_someone_else(call: Caller, server: SpotifyServer) -> None:
    theirs = server.add_playlist("Theirs", URIS[:3], owner="someone").id
    assert "items" not in call("GET", f"/playlists/{theirs}").json()
    for method, path, body in (
        ("PUT", "", {"name": "Mine"}),
        ("GET", "/items", None),
        ("POST", "/items", {"uris": URIS[:1]}),
        ("PUT", "/items", {"uris": []}),
        ("DELETE", "/items", {"items": [{"uri": URIS[0]}]}),
    ):
        assert refusal(call(method, f"/playlists/{theirs}{path}", json=body))[0] == 403
    assert server.playlists[theirs].uris == URIS[:3]
    server.playlists[theirs].collaborative = True
    server.playlists[theirs].followers.add("runner")
    server.playlists[theirs].public = False
    assert call("GET", f"/playlists/{theirs}/items").json()["total"] == 3


def test_rows_come_in_pages(call: Caller) -> None:
    path = f"/playlists/{call.new_playlist(URIS[:120])}/items"
    assert len(call("GET", path).json()["items"]) == 20
    page = call("GET", path, params={"limit": 50, "offset": 100}).json()
    assert [row["item"]["uri"] for row in page["items"]] == URIS[100:120]
    assert page["next"] is None
    assert "track" not in page["items"][0]
    assert refusal(call("GET", path, params={"limit": 51})) == (400, "Invalid limit")


def test_fields_choose_what_is_told(call: Caller) -> None:
    name = call.new_playlist(URIS[:2])
    fields = {"fields": "total,items(is_local,item(uri,name))"}
    rows = call("GET", f"/playlists/{name}/items", params=fields).json()
    items = [{"is_local": False, "item": {"uri": one.uri, "name": one.title}} for one in SONGS[:2]]
    assert rows == {"total": 2, "items": items}
    some = call("GET", f"/playlists/{name}", params={"fields": "name,owner.id"}).json()
    assert some == {"name": "Run", "owner": {"id": "runner"}}
    less = call("GET", f"/playlists/{name}/items", params={"fields": "items(!item,!added_by)"}).json()
    assert less["items"][0].keys() == {"added_at", "is_local"}


def test_rows_of_tracks_that_are_gone_and_of_local_files(call: Caller, server: SpotifyServer) -> None:
    local = "spotify:local:Some+Band:An+Album:A+Song:187"
    playlist = server.add_playlist("Mixed", [URIS[0], local, URIS[1]])
    server.catalogue.remove(SONGS[0].id)
    gone, file, there = call("GET", f"/playlists/{playlist.id}/items").json()["items"]
    assert (gone["item"], gone["is_local"]) == (None, False)
    assert (file["is_local"], file["item"]["uri"], file["item"]["id"]) == (True, local, None)
    assert there["item"]["uri"] == URIS[1]


def test_older_apps_see_older_things() -> None:
    with SpotifyServer(SONGS, legacy=True) as server, Caller(server) as call:
        name = call.new_playlist(URIS[:3])
        row = call("GET", f"/playlists/{name}/items").json()["items"][0]
        found = call("GET", "/search", params={"q": "Red", "type": "track"}).json()["tracks"]["items"][0]
        listed = call("GET", "/me/playlists").json()["items"][0]
        whole = call("GET", f"/playlists/{name}").json()
    assert "item" not in row
    assert row["track"]["uri"] == URIS[0]
    assert found.keys() >= {"popularity", "available_markets"}
    assert listed["tracks"]["total"] == whole["tracks"]["total"] == 3
    assert "items" not in whole


def test_a_cover(server: SpotifyServer) -> None:
    picture = base64.b64encode(b"\xff\xd8\xff\xe0 a picture").decode()
    jpeg = {"Content-Type": "image/jpeg"}
    with Caller(server) as call:
        name = call.new_playlist()
        path = f"/playlists/{name}/images"
        assert refusal(call("PUT", path, data=picture, headers=jpeg)) == (403, "Insufficient client scope")
    with Caller(server, scopes=[*ALL_SCOPES, "ugc-image-upload"]) as call:
        assert call("GET", path).json() == []
        assert refusal(call("PUT", path, data="A" * (256 * 1024 + 4), headers=jpeg))[0] == 400
        assert refusal(call("PUT", path, data="no base64!", headers=jpeg))[0] == 400
        answer = call("PUT", path, data=picture, headers=jpeg)
        assert (answer.status_code, answer.content) == (202, b"")
        assert len(call("GET", path).json()) == 1


def test_unfollowing_takes_a_playlist_off_the_list_and_no_further(call: Caller) -> None:
    name = call.new_playlist(URIS[:2])
    uris = {"uris": f"spotify:playlist:{name}"}
    assert call("GET", "/me/library/contains", params=uris).json() == [True]
    answer = call("DELETE", "/me/library", params=uris)
    assert (answer.status_code, answer.content) == (200, b"")
    assert call("GET", "/me/playlists").json()["total"] == 0
    assert call("GET", f"/playlists/{name}/items").json()["total"] == 2
    assert call("GET", "/me/library/contains", params=uris).json() == [False]
    assert call("PUT", "/me/library", params=uris).status_code == 200
    assert call("GET", "/me/playlists").json()["total"] == 1


def test_limits_of_the_library(server: SpotifyServer) -> None:
    with Caller(server, scopes=["user-library-modify", "user-library-read"]) as call:
        for method, path in (
            ("PUT", "/me/library"),
            ("DELETE", "/me/library"),
            ("GET", "/me/library/contains"),
        ):
            for uris in (",".join(URIS[:41]), "", "spotify:song:1"):
                assert refusal(call(method, path, params={"uris": uris}))[0] == 400
        assert call("PUT", "/me/library", params={"uris": ",".join(URIS[:40])}).status_code == 200
        kept = call("GET", "/me/library/contains", params={"uris": ",".join(URIS[39:41])}).json()
        assert kept == [True, False]
    with Caller(server, scopes=["user-library-read"]) as call:
        assert refusal(call("PUT", "/me/library", params={"uris": URIS[0]}))[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/runner/playlists"),
        ("POST", "/users/runner/playlists"),
        ("GET", "/playlists/{name}/tracks"),
        ("POST", "/playlists/{name}/tracks"),
        ("DELETE", "/playlists/{name}/followers"),
        ("GET", "/audio-features/{name}"),
        ("GET", "/tracks?ids={name}"),
        ("GET", "/recommendations"),
    ],
)
def test_what_was_removed_is_forbidden_and_noted(
    call: Caller, server: SpotifyServer, method: str, path: str
) -> None:
    name = call.new_playlist()
    assert refusal(call(method, path.format(name=name))) == (403, "Forbidden")
    assert server.removed_calls == [f"{method} /v1{path.format(name=name).partition('?')[0]}"]


def test_every_exchange_is_listed(call: Caller, server: SpotifyServer) -> None:
    call("GET", "/search", params={"q": "Red", "type": "track"})
    call.new_playlist(URIS[:2])
    listed = [(one.method, one.path.rpartition("/")[2], one.status) for one in server.requests]
    assert listed == [("GET", "search", 200), ("POST", "playlists", 201), ("POST", "items", 201)]
    assert server.calls("GET", "/search")[0].query == {"q": "Red", "type": "track"}
    assert server.calls("POST", "/v1/playlists")[0].body == {"uris": URIS[:2]}
