"""push, playlist --push and spotify link on the command line, against the stand-in."""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from account_cases import assert_silent, put_login
from bpmsync.library.entries import ScannedFile
from bpmsync.library.store import Store
from bpmsync.planner.plan import load_plan, save_plan
from command_line import Answer, bpmsync
from push_cases import plan_of, tracks_of
from spotify_cases import recordings
from spotify_server import Recording, SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bpmsync.library.track import Track

_SONGS = recordings(60)


class _Home:
    """A folder with a library, an account that is logged in, and a plan of 25 songs."""

    def __init__(self, folder: Path, server: SpotifyServer, tracks: Sequence[Track], planned: int) -> None:
        self.folder, self.server, self.tracks = folder, server, tracks
        self.plan = folder / "run.plan.json"
        put_login(server, folder / "account")
        with Store(folder / "library.db") as store:
            for track in tracks:
                store.save(_scanned(track))
        save_plan(plan_of(tracks[:planned]), self.plan)

    def run(self, *words: str | Path, stdin: str = "") -> Answer:
        """Run a command in the folder; no token may appear in what it says."""
        answer = bpmsync(
            "--db",
            self.folder / "library.db",
            *words,
            cwd=self.folder,
            env={"BPMSYNC_SPOTIFY_ACCOUNT": str(self.folder / "account")},
            stdin=stdin.encode(),
        )
        assert_silent(self.server, answer.out + answer.err)
        return answer

    def pushed(self, *words: str | Path) -> dict[str, Any]:
        """Push with --json and return the document."""
        answer = self.run("push", self.plan, "--json", "--name", "Run", *words)
        assert answer.status == 0, answer.err
        document = json.loads(answer.out)
        assert isinstance(document, dict)
        return document


def _scanned(track: Track) -> ScannedFile:
    return ScannedFile(
        track.path,
        1,
        1,
        audio_hash=track.audio_hash,
        duration_s=track.duration_s,
        tags=track.tags,
        detection=track.detection,
        engine="bpmsync",
        version="1",
    )


@pytest.fixture
def home(spotify: SpotifyServer, tmp_path: Path) -> _Home:
    return _Home(tmp_path, spotify, tracks_of(_SONGS), 25)


@pytest.fixture
def small() -> Iterator[SpotifyServer]:
    """Run a stand-in that has the first nine songs only, and the tenth as a live take."""
    live = Recording(
        title=f"{_SONGS[9].title} - Live at the Old Pier",
        artists=_SONGS[9].artists,
        duration_s=_SONGS[9].duration_s + 31,
        album="Old Pier",
    )
    with SpotifyServer([*_SONGS[:9], live]) as server:
        yield server


def _uris(server: SpotifyServer) -> list[str]:
    (playlist,) = server.playlists.values()
    return playlist.uris


def test_25_songs_are_pushed_once_and_again_for_nothing(home: _Home) -> None:
    answer = home.run("push", home.plan, "--name", "Run")
    assert answer.status == 0, answer.err
    assert _uris(home.server) == [one.uri for one in _SONGS[:25]]
    assert "with 25 songs, read back and equal (25 searches" in answer.err
    assert "https://open.spotify.com/playlist/" in answer.err
    assert answer.err.endswith("in Spotify: turn off Shuffle, Smart Shuffle, Automix and Crossfade\n")
    assert _SONGS[24].title in answer.out
    again = home.pushed()
    assert again["searches"] == 0
    assert again["changes"] == {"created": False, "added": 0, "removed": 0, "described": False}
    assert again["uris"] == [one.uri for one in _SONGS[:25]]


def test_a_changed_plan_changes_only_what_differs(home: _Home) -> None:
    home.pushed()
    save_plan(plan_of((*home.tracks[:12], home.tracks[30], *home.tracks[13:25])), home.plan)
    changed = home.pushed("--update")
    assert changed["changes"] == {"created": False, "added": 1, "removed": 1, "described": True}
    assert changed["searches"] == 1
    assert _uris(home.server) == [_SONGS[30].uri if n == 12 else _SONGS[n].uri for n in range(25)]
    undone = home.run("push", "--undo", "--yes", "--json")
    assert json.loads(undone.out)["removed"] is False
    assert _uris(home.server) == [one.uri for one in _SONGS[:25]]


def test_another_plan_is_another_playlist_and_the_first_is_named(home: _Home) -> None:
    home.run("push", home.plan, "--name", "Run")
    save_plan(plan_of(home.tracks[25:50]), home.plan)
    answer = home.run("push", home.plan, "--name", "Run")
    assert "a playlist Run from another plan is left as it is; --update would change that one" in answer.err
    assert len(home.server.playlists) == 2


def test_a_dry_run_tells_the_difference_and_changes_nothing(home: _Home) -> None:
    assert "would be made with 25 songs" in home.run("push", home.plan, "-n").err
    assert not home.server.playlists
    home.pushed()
    save_plan(plan_of((*home.tracks[:24], home.tracks[40])), home.plan)
    answer = home.run("push", home.plan, "--name", "Run", "--update", "--dry-run")
    assert f"  - {_SONGS[24].title}\n" in answer.err
    assert f"  + {_SONGS[40].artists[0]} - {_SONGS[40].title}\n" in answer.err
    assert _uris(home.server) == [one.uri for one in _SONGS[:25]]


def test_a_dry_run_tells_another_order(home: _Home) -> None:
    home.pushed()
    (playlist,) = home.server.playlists.values()
    playlist.rows.reverse()
    playlist.changed()
    assert "the same songs in another order" in home.run("push", home.plan, "-n").err


def test_a_playlist_is_named_by_its_address(home: _Home) -> None:
    mine = home.server.add_playlist("Mine", [_SONGS[50].uri])
    address = f"https://open.spotify.com/playlist/{mine.id}?si=abc"
    assert home.pushed("--playlist", address)["playlist"]["id"] == mine.id
    assert mine.uris == [one.uri for one in _SONGS[:25]]
    assert home.run("push", home.plan, "--playlist", "my running list").status == 2


def test_rows_that_nobody_can_put_back_are_asked_about(home: _Home) -> None:
    local = "spotify:local:Me:Home:My+Demo:60"
    mine = home.server.add_playlist("Mine", [_SONGS[50].uri, local])
    refused = home.run("push", home.plan, "--playlist", mine.id)
    assert refused.status == 1
    assert "Mine holds files from a computer, which no program can put back" in refused.err
    assert mine.uris == [_SONGS[50].uri, local]
    assert home.pushed("--playlist", mine.id, "--yes")["changes"]["removed"] == 2


def test_a_missing_song_is_replaced_by_the_next_best(tmp_path: Path, small: SpotifyServer) -> None:
    tracks = tracks_of(_SONGS)
    home = _Home(tmp_path, small, (*tracks[:8], tracks[9], tracks[20], tracks[8]), 10)
    answer = home.run("push", home.plan, "--json", "-o", "pushed.plan.json")
    document = json.loads(answer.out)
    assert answer.status == 3, answer.err
    assert _uris(small) == [one.uri for one in (*_SONGS[:8], _SONGS[8])]
    assert f"{_SONGS[8].artists[0]} - {_SONGS[8].title} stands in for" in answer.err
    assert "1 of 10 songs are missing" in answer.err
    assert document["missing"] == 1
    assert document["missing_s"] > 100
    assert [song["pushed"] for song in document["songs"]].count(None) == 1
    kept = load_plan(tmp_path / "pushed.plan.json")
    assert [leg.track.audio_hash for leg in kept.legs] == [
        track.audio_hash for track in (*tracks[:8], tracks[8])
    ]
    none = home.run("push", home.plan, "--no-replace", "--update")
    assert none.status == 3
    assert "2 of 10 songs are missing" in none.err


def test_few_songs_are_asked_about_and_none_is_refused(tmp_path: Path, small: SpotifyServer) -> None:
    tracks = tracks_of(_SONGS)
    home = _Home(tmp_path, small, (*tracks[:3], *tracks[20:26]), 9)
    answer = home.run("push", home.plan)
    assert answer.status == 1
    assert "only 3 of 9 songs are on Spotify: push them all the same?" in answer.err
    assert not small.playlists
    assert home.run("push", home.plan, "--yes").status == 3
    assert _uris(small) == [one.uri for one in _SONGS[:3]]
    save_plan(plan_of(tracks[30:40]), home.plan)
    nothing = home.run("push", home.plan, "--no-replace", "--yes")
    assert (nothing.status, len(small.playlists)) == (1, 1)
    assert "none of 10 songs could be matched, so nothing was made or changed" in nothing.err


def test_a_doubtful_song_is_asked_about_and_the_answer_kept(tmp_path: Path, small: SpotifyServer) -> None:
    tracks = tracks_of(_SONGS)
    close = Recording(
        title=_SONGS[9].title,
        artists=_SONGS[9].artists,
        duration_s=_SONGS[9].duration_s + 6,
        album="Elsewhere",
    )
    small.catalogue.add(close)
    home = _Home(tmp_path, small, tracks[:10], 10)
    left_out = home.run("push", home.plan, "--no-replace", "--dry-run")
    assert left_out.status == 3
    assert f"left out: {_SONGS[9].artists[0]} - {_SONGS[9].title}" in left_out.err
    assert "--review asks about doubtful ones" in left_out.err
    unanswered = home.run("push", home.plan, "--review")
    assert unanswered.status == 1
    assert "nobody answers here: run it in a terminal, or leave --review out" in unanswered.err
    assert not small.playlists
    answer = home.run("push", home.plan, "--review", stdin="9\n1\n")
    assert answer.status == 0, answer.err
    assert "'9' is no answer" in answer.err
    assert "(+6 s)" in answer.err
    assert _uris(small)[-1] == close.uri
    again = home.pushed()
    assert (again["searches"], again["changes"]["added"]) == (0, 0)


def test_link_names_a_version_and_takes_it_back(home: _Home) -> None:
    address = f"https://open.spotify.com/track/{_SONGS[40].id}"
    linked = home.run("spotify", "link", "1", address)
    assert linked.status == 0, linked.err
    assert _SONGS[40].uri in linked.err
    assert "if it is another version, its beat may be another, too" in linked.err
    home.pushed()
    assert _uris(home.server)[0] == _SONGS[40].uri
    assert home.run("spotify", "link", "1", "--forget").status == 0
    assert home.pushed()["changes"] == {"created": False, "added": 1, "removed": 1, "described": False}
    assert _uris(home.server)[0] == _SONGS[0].uri
    assert home.run("spotify", "link", "1", "--none").status == 0
    assert home.pushed()["songs"][0]["not_pushed_because"] is not None


def test_link_takes_an_imported_song(home: _Home) -> None:
    line = b"title,artist,duration,bpm\nGhost Ferry,Nobody Yet,3:00,168\n"
    assert home.run("import", "-", stdin=line.decode()).status == 0
    linked = home.run("spotify", "link", "Ghost Ferry", _SONGS[40].uri)
    assert linked.status == 0, linked.err
    assert "Nobody Yet - Ghost Ferry is " in linked.err
    assert home.run("spotify", "link", "Ghost Ferry", "--forget").status == 0


def test_a_track_that_the_catalogue_lacks_is_named_with_what_to_do(home: _Home) -> None:
    gone = "spotify:track:0123456789abcdefABCDEF"
    lines = f"title,artist,duration,bpm,uri\nGhost Ferry,Nobody Yet,3:00,168,{gone}\n"
    assert home.run("import", "-", stdin=lines).status == 0
    plan = (
        "--imported",
        "--include",
        "artist:Nobody",
        "--spm",
        "168",
        "--duration",
        "3m",
        "-o",
        "ghost.plan.json",
    )
    made = home.run("plan", *plan)
    assert made.status == 0, made.err
    refused = home.run("push", "ghost.plan.json", "--yes")
    assert refused.status == 1
    assert f"{gone} is Nobody Yet - Ghost Ferry" in refused.err
    assert "bpmsync spotify link names another track" in refused.err
    assert home.run("spotify", "link", "Ghost Ferry", _SONGS[40].uri).status == 0
    pushed = home.run("push", "ghost.plan.json", "--yes")
    assert pushed.status == 0, pushed.err
    assert _uris(home.server) == [_SONGS[40].uri]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["push"], 2, "give a PLAN to push, or --undo without one"),
        (["push", "run.plan.json", "--undo"], 2, "give a PLAN to push, or --undo without one"),
        (["push", "gone.plan.json"], 2, "gone.plan.json"),
        (["push", "--undo", "--yes"], 1, "there is no push to undo"),
        (["push", "run.plan.json", "--account", "nobody"], 1, "bpmsync spotify login"),
        (["spotify", "link", "1"], 2, "--none or --forget"),
        (["spotify", "link", "1", "no address"], 2, "is no Spotify track"),
        (["spotify", "link", "1", "spotify:track:0123456789abcdefABCDEF"], 1, "Spotify knows no such thing"),
    ],
)
def test_mistakes_are_told(home: _Home, words: list[str], status: int, said: str) -> None:
    answer = home.run(*words)
    assert (answer.status, said in answer.err) == (status, True), answer.err
    assert not home.server.playlists


def test_a_push_works_without_a_library(home: _Home) -> None:
    library = home.folder / "library.db"
    library.write_bytes(b"this is no library, and longer than a hundred bytes of header " * 4)
    answer = home.run("push", home.plan)
    assert answer.status == 0, answer.err
    assert "going on without a library: what is found is not remembered" in answer.err
    assert _uris(home.server) == [one.uri for one in _SONGS[:25]]


@pytest.mark.slow
def test_a_folder_becomes_a_playlist_in_one_go(tmp_path: Path, fixtures_audio: Path) -> None:
    from spotify_server.demo import demo_catalogue

    music = tmp_path / "music"
    music.mkdir()
    for file in sorted(fixtures_audio.glob("*.mp3"))[:8]:
        shutil.copy(file, music)
    with SpotifyServer(demo_catalogue(music)) as server:
        put_login(server, tmp_path / "account")
        run = ["--spm", "170", "--duration", "2m", "--min-length", "10s", "--max-off", "9%"]
        account = {"BPMSYNC_SPOTIFY_ACCOUNT": "account"}
        words = ["playlist", str(music), *run, "--push", "--json"]
        answer = bpmsync("--db", "library.db", *words, cwd=tmp_path, env=account)
        assert answer.status == 0, answer.err
        document = json.loads(answer.out)
        assert _uris(server) == document["push"]["uris"]
        assert len(document["push"]["songs"]) == len(document["plan"]["legs"])
        assert_silent(server, answer.out + answer.err)


@pytest.mark.slow
def test_the_readme_leads_from_nothing_to_a_playlist(tmp_path: Path, root: Path) -> None:
    from spotify_server.demo import demo_catalogue, listed_catalogue

    readme = (root / "README.md").read_text("utf-8")
    block = re.search(r"```bash\n(bpmsync spotify login --server.*?)```", readme, re.DOTALL)
    assert block is not None
    browser = {"BROWSER": f"{sys.executable} {root / 'tests' / 'browser.py'} %s"}
    fixtures = root / "fixtures"
    songs = [*demo_catalogue(fixtures / "audio"), *listed_catalogue(fixtures / "songs.csv")]
    with SpotifyServer(songs) as server:
        for line in block[1].splitlines():
            here = line.replace("http://127.0.0.1:8765", server.url).replace("fixtures/", f"{fixtures}/")
            words = here.split()
            answer = bpmsync(*words[1:], cwd=tmp_path, env=browser)
            assert answer.status == 0, answer.err
            assert_silent(server, answer.out + answer.err)
        pushed = load_plan(tmp_path / "run.plan.json")
        titles = {recording.uri: recording.title for recording in server.catalogue}
        assert [titles[uri] for uri in _uris(server)] == [leg.track.tags.title for leg in pushed.legs]
        assert len(pushed.legs) == 25
        assert any(not leg.track.has_file for leg in pushed.legs)
        server.requests.clear()
        again = bpmsync("push", "run.plan.json", cwd=tmp_path)
        assert "nothing was changed (0 searches" in again.err
        assert {one.method for one in server.requests} == {"GET"}


def test_refresh_looks_for_every_song_anew_but_for_linked_ones(home: _Home) -> None:
    home.run("spotify", "link", "1", _SONGS[40].uri)
    home.pushed()
    refreshed = home.pushed("--refresh")
    assert refreshed["searches"] == 24
    assert refreshed["changes"]["added"] == 0
    assert _uris(home.server)[0] == _SONGS[40].uri
