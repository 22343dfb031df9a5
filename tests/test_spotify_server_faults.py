"""The stand-in's scripted faults, what the contract catches, and spotipy as a witness."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
import requests
import spotipy

from conftest import ROOT
from spotify_cases import Caller, recordings
from spotify_contract import contract
from spotify_server import FAULTS, Catalogue, Fault, Reply, SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SONGS = recordings(120)
URIS = [song.uri for song in SONGS]


@pytest.fixture
def server() -> Iterator[SpotifyServer]:
    with SpotifyServer(SONGS) as running:
        yield running


@pytest.fixture
def call(server: SpotifyServer) -> Iterator[Caller]:
    with Caller(server) as caller:
        yield caller


def outcome(call: Caller, path: str) -> requests.Response | None:
    """Return the answer to adding one row, None where there was none."""
    try:
        return call("POST", path, json={"uris": URIS[9:10]}, timeout=0.3)
    except (requests.ConnectionError, requests.Timeout):
        return None


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_strikes_once_as_its_name_says(call: Caller, server: SpotifyServer, name: str) -> None:
    fault, playlist = FAULTS[name], call.new_playlist(URIS[:2])
    path = f"/playlists/{playlist}/items"
    scripted = server.faults.script(name, method="POST", path="/playlists/{id}/items")
    answer = outcome(call, path)
    if fault.end == "answer":
        assert answer is not None
        assert (answer.status_code, answer.content) == (fault.reply.status, fault.reply.content)
        assert answer.headers.get("Retry-After") == fault.reply.headers.get("Retry-After")
    else:
        assert answer is None
    assert server.playlists[playlist].uris == URIS[:2] + URIS[9:10] * fault.applied
    assert scripted.hits == 1
    struck = server.requests[-1]
    assert (struck.fault, struck.status) == (name, fault.reply.status if answer is not None else 0)
    call.session.close()
    again = outcome(call, path)
    assert again is not None
    assert again.status_code == 201


def test_names_tell_the_status_and_the_wait() -> None:
    for name, fault in FAULTS.items():
        words = name.removeprefix("applied, but ").replace(",", "").split()
        if words[0].isdigit():
            assert fault.reply.status == int(words[0])
        if words[-1] == "s":
            assert fault.reply.headers["Retry-After"] == words[-2]
        assert fault.applied == name.startswith("applied")
        assert fault.end == {"cut": "cut", "hang": "hang"}.get(words[-1], "answer")


def test_the_nth_fitting_call_and_from_then_on(call: Caller, server: SpotifyServer) -> None:
    second = server.faults.script("503", path="/me", nth=2)
    assert [call("GET", "/me").status_code for _ in range(4)] == [200, 503, 200, 200]
    call("GET", "/me/playlists")
    assert (second.seen, second.hits) == (4, 1)
    server.faults.clear()
    server.faults.script("429, 86400 s", nth=3, onwards=True)
    assert [call("GET", "/me").status_code for _ in range(5)] == [200, 200, 429, 429, 429]
    assert call("GET", "/me/playlists").status_code == 429


def test_a_fault_for_some_calls_by_a_rule_of_ones_own(call: Caller, server: SpotifyServer) -> None:
    server.faults.script("500", where=lambda method, path: method == "GET" and path != "/me")
    assert call("GET", "/me").status_code == 200
    assert call("GET", "/me/playlists").status_code == 500


def test_a_fault_of_the_accounts_service(server: SpotifyServer) -> None:
    server.faults.script("503", path="/api/token")
    form = {"client_id": "demo", "grant_type": "refresh_token", "refresh_token": "x"}
    assert requests.post(f"{server.url}/api/token", data=form, timeout=30).status_code == 503
    assert requests.post(f"{server.url}/api/token", data=form, timeout=30).status_code == 400


def test_closing_does_not_wait_for_a_call_that_hangs() -> None:
    given_up = threading.Event()

    def call_me() -> None:
        with pytest.raises(requests.ConnectionError):
            call("GET", "/me", timeout=600)
        given_up.set()

    with SpotifyServer(SONGS) as server:
        call = Caller(server)
        server.faults.script("hang")
        waiting = threading.Thread(target=call_me)
        waiting.start()
        while not server.requests:
            given_up.wait(0.01)
    waiting.join(timeout=60)
    call.session.close()
    assert given_up.is_set()


def test_many_at_once_lose_nothing(server: SpotifyServer) -> None:
    with Caller(server) as call:
        name = call.new_playlist()

    def add(first: int) -> None:
        with Caller(server) as one:
            for uri in URIS[first : first + 15]:
                one("POST", f"/playlists/{name}/items", json={"uris": [uri]}).raise_for_status()

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 120, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(server.playlists[name].uris) == sorted(URIS)
    assert len(server.requests) == 121


def test_spotipy_can_talk_to_it(server: SpotifyServer) -> None:
    plain = requests.Session()
    spotify = spotipy.Spotify(auth=server.issue_tokens().access_token, requests_session=plain)
    spotify.prefix = f"{server.url}/v1/"
    assert spotify.me()["id"] == "runner"
    found = spotify.search(f"isrc:{SONGS[3].isrc}", limit=10, type="track")["tracks"]["items"]
    assert [one["uri"] for one in found] == [URIS[3]]
    made = spotify.current_user_playlist_create("Run", public=False, description="A run")
    spotify.playlist_replace_items(made["id"], URIS[:70])
    page = spotify.playlist_items(made["id"], limit=50)
    rows = page["items"] + spotify.next(page)["items"]
    assert [row["item"]["uri"] for row in rows] == URIS[:70]
    spotify.playlist_change_details(made["id"], name="Longer run")
    assert server.playlists[made["id"]].name == "Longer run"
    server.faults.script("429, 86400 s", path="/me")
    with pytest.raises(spotipy.SpotifyException) as refused:
        spotify.me()
    assert (refused.value.http_status, refused.value.headers["Retry-After"]) == (429, "86400")
    plain.close()


@pytest.fixture
def rules() -> None:
    if contract() is None:
        pytest.skip("no contract beside the project, or no openapi-core to read it with")


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("method", "path", "about"),
    [
        ("GET", "/search", {"params": {"q": "Red", "type": "track", "limit": 11}}),
        ("GET", "/search", {"params": {"q": "Red", "type": "song"}}),
        ("GET", "/search", {"params": {"type": "track"}}),
        ("GET", "/me/playlists", {"params": {"limit": 51}}),
        ("POST", "/me/playlists", {"json": {"public": True}}),
        ("POST", "/me/playlists", {"json": {"name": "Run", "public": "yes"}}),
        ("POST", "/playlists/{}/items", {"json": ["spotify:track:x"]}),
        ("POST", "/playlists/{}/items", {"json": {"uris": "spotify:track:x"}}),
        ("DELETE", "/playlists/{}/items", {"json": {"tracks": []}}),
        ("PUT", "/me/library", {}),
        ("POST", "/users/runner/playlists", {"json": {"name": "Run"}}),
    ],
)
def test_the_contract_catches_wrong_requests(method: str, path: str, about: dict[str, object]) -> None:
    with SpotifyServer(SONGS, provoked=True) as server, Caller(server) as call:
        call(method, path.format(call.new_playlist()), **about)
        exchange, sent = server._unchecked[-1]
    rules = contract()
    assert rules is not None
    assert rules.violations(exchange, sent)
    assert not rules.violations(exchange, sent, requests=False)


@pytest.mark.usefixtures("rules")
def test_a_server_remembers_what_was_against_the_contract() -> None:
    with SpotifyServer(SONGS) as server, Caller(server) as call:
        call("GET", "/me/playlists", params={"limit": 51})
        call("GET", "/me/playlists", params={"limit": 50})
        assert len(server.violations()) == 1
        assert server.violations()[0].startswith("GET /v1/me/playlists: ")
        server._violations.clear()  # or this test would fail as it should


@pytest.mark.usefixtures("rules")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"id": 7}),
        (200, {"id": None}),
        (200, {"images": [{"url": "x"}]}),
        (403, {"error": {"message": "no status"}}),
        (401, {"error": "invalid_token"}),
        (204, {"id": "x"}),
    ],
)
def test_the_contract_catches_wrong_answers(status: int, body: object) -> None:
    rules = contract()
    assert rules is not None
    with SpotifyServer(SONGS) as server, Caller(server) as call:
        server.faults.script(Fault("wrong", reply=Reply(status, body), sound=True))
        call("GET", "/me")
        exchange, sent = server._unchecked.pop()
    assert rules.violations(exchange, sent)


@pytest.mark.usefixtures("rules")
def test_one_wrong_row_among_many_is_caught() -> None:
    rules = contract()
    assert rules is not None
    with SpotifyServer(SONGS) as server, Caller(server) as call:
        path = f"/playlists/{call.new_playlist(URIS[:50])}/items"
        page = call("GET", path, params={"limit": 50}).json()
        exchange, sent = server._unchecked[-1]
        assert json.loads(sent) == page
        page["items"][31]["item"]["duration_ms"] = "long"
        assert rules.violations(exchange, json.dumps(page).encode())
        page["items"][31]["item"]["duration_ms"] = 7
        assert not rules.violations(exchange, json.dumps(page).encode())
        del page["total"]
        assert rules.violations(exchange, json.dumps(page).encode())


def test_it_starts_by_hand(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "tests.spotify_server", "--json-log", str(log), "--legacy"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        told = run.stdout.readline()
        url = told.split()[-1]
        assert (
            f"bpmsync spotify login --server {url} --client-id demo"
            in run.stdout.readline() + run.stdout.readline()
        )
        answer = requests.get(f"{url}/v1/me", timeout=30)
        run.terminate()
        run.communicate()
    assert int(told.split("with ")[1].split()[0]) >= 25 * 6
    assert answer.status_code == 401
    assert [json.loads(line)["path"] for line in log.read_text().splitlines()] == ["/v1/me"]


def test_its_songs_are_found_by_isrc_or_else_by_field(fixtures_audio: Path) -> None:
    from bpmsync.library.analysis import identify_file
    from bpmsync.library.walk import find_music
    from spotify_server.demo import demo_catalogue

    catalogue = Catalogue(demo_catalogue(fixtures_audio))
    ways = {"isrc": 0, "field": 0}
    for found in find_music([fixtures_audio]):
        file = identify_file(str(found.path))
        tags, duration_s = file.tags, file.duration_s
        if not (tags and tags.title and tags.artist and duration_s and duration_s > 5):
            continue
        hits = catalogue.search(f"isrc:{tags.isrc}") if tags.isrc else ()
        ways["isrc" if hits else "field"] += 1
        hits = hits or catalogue.search(f'track:"{tags.title}" artist:"{tags.artist}"')
        near = [hit for hit in hits if abs(hit.duration_s - duration_s) <= 0.5]
        assert [hit.title for hit in near if hit.artists == (tags.artist,)] == [tags.title]
    assert min(ways.values()) >= 5
    assert len(catalogue) == 6 * sum(ways.values())


def test_a_demo_is_the_same_every_time(fixtures_audio: Path) -> None:
    from spotify_server.demo import demo_catalogue

    songs = tuple(demo_catalogue(fixtures_audio))
    assert len({song.isrc for song in songs}) == len(songs)
    assert songs == tuple(demo_catalogue(fixtures_audio))
