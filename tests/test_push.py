"""A plan becomes a playlist: once, in order, read back; an old list is changed where it differs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from account_cases import put_login
from bpmsync.errors import NotAuthorised, ParameterError, SpotifyError
from bpmsync.export.spotify.push import push_list, undo_push
from bpmsync.export.spotify.targets import find_target, name_plan
from push_cases import NOON, Pusher, plan_of, tracks_of
from spotify_cases import recordings

if TYPE_CHECKING:
    from pathlib import Path

    from spotify_server import Playlist, SpotifyServer

_SONGS = recordings(300)
_WRITES = ("POST", "PUT", "DELETE")


@pytest.fixture
def pusher(spotify: SpotifyServer, tmp_path: Path) -> Pusher:
    put_login(spotify, tmp_path)
    return Pusher(tmp_path)


def _only(server: SpotifyServer) -> Playlist:
    (playlist,) = server.playlists.values()
    return playlist


def _writes(server: SpotifyServer) -> list[tuple[str, str]]:
    return [
        (one.method, re.sub(r"playlists/\w+", "playlists/ID", one.path))
        for one in server.requests
        if one.method in _WRITES
    ]


@pytest.mark.parametrize("count", [1, 25, 100, 101, 250])
def test_a_plan_becomes_a_private_playlist_in_order(
    spotify: SpotifyServer, pusher: Pusher, count: int
) -> None:
    pushed = pusher.push(plan_of(tracks_of(_SONGS[:count])))
    playlist = _only(spotify)
    assert playlist.uris == [one.uri for one in _SONGS[:count]]
    assert (playlist.name, playlist.public) == ("Run", False)
    assert pushed.created
    assert pushed.added == count
    assert pushed.playlist.url.endswith(playlist.id)
    more = -(-count // 100) - 1
    assert _writes(spotify) == [
        ("POST", "/v1/me/playlists"),
        ("PUT", "/v1/playlists/ID/items"),
        *[("POST", "/v1/playlists/ID/items")] * more,
    ]
    assert pusher.searches == count, "by ISRC, one search a song"


def test_the_same_plan_again_changes_nothing_and_searches_nothing(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    plan = plan_of(tracks_of(_SONGS[:25]))
    pusher.push(plan)
    spotify.requests.clear()
    pusher.searches = 0
    again = pusher.push(plan)
    assert not again.changed
    assert (pusher.searches, _writes(spotify)) == (0, [])
    assert len(spotify.playlists) == 1


def test_a_changed_plan_changes_only_what_differs(spotify: SpotifyServer, pusher: Pusher) -> None:
    tracks = tracks_of(_SONGS[:26])
    pusher.push(plan_of(tracks[:25]))
    playlist = _only(spotify)
    stayed = {row.uri: row.added_at for row in playlist.rows}
    spotify.requests.clear()
    pushed = pusher.push(plan_of((*tracks[:7], tracks[25], *tracks[8:25])), update=True)
    assert (pushed.created, pushed.added, pushed.removed) == (False, 1, 1)
    assert playlist.uris == [one.uri for one in (*_SONGS[:7], _SONGS[25], *_SONGS[8:25])]
    assert all(row.added_at == stayed[row.uri] for row in playlist.rows if row.uri in stayed)
    assert _writes(spotify) == [
        ("DELETE", "/v1/playlists/ID/items"),
        ("POST", "/v1/playlists/ID/items"),
        ("PUT", "/v1/playlists/ID"),
    ]
    assert name_plan(plan_of(tracks[:25]), today=NOON.date()).plan_id not in playlist.description


def test_another_plan_without_update_leaves_the_old_playlist_alone(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    tracks = tracks_of(_SONGS[:20])
    pusher.push(plan_of(tracks[:10]))
    first = _only(spotify)
    pusher.push(plan_of(tracks[10:]))
    assert first.uris == [one.uri for one in _SONGS[:10]]
    assert len(spotify.playlists) == 2


def test_a_playlist_that_a_person_changed_is_mended(spotify: SpotifyServer, pusher: Pusher) -> None:
    plan = plan_of(tracks_of(_SONGS[:25]))
    pusher.push(plan)
    playlist = _only(spotify)
    playlist.rows.reverse()
    playlist.changed()
    pushed = pusher.push(plan)
    assert playlist.uris == [one.uri for one in _SONGS[:25]]
    assert pushed.saved is not None


def test_a_playlist_that_a_person_deleted_is_made_anew(spotify: SpotifyServer, pusher: Pusher) -> None:
    plan = plan_of(tracks_of(_SONGS[:10]))
    first = pusher.push(plan).playlist.id
    spotify.playlists[first].followers.clear()
    second = pusher.push(plan)
    assert second.created
    assert second.playlist.id != first


def test_undo_brings_the_old_list_back_then_removes_the_playlist(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    tracks = tracks_of(_SONGS[:30])
    pusher.push(plan_of(tracks[:20]))
    playlist = _only(spotify)
    before = (playlist.uris, playlist.name, playlist.description)
    pusher.push(plan_of(tracks[5:]), update=True)
    assert playlist.uris == [one.uri for one in _SONGS[5:30]]
    with pusher.client() as client:
        assert not undo_push(client, pusher.journal, pause=pusher.pace.pause).saved.created
        assert (playlist.uris, playlist.name, playlist.description) == before
        assert undo_push(client, pusher.journal, pause=pusher.pace.pause).saved.created
        assert not playlist.followers
        with pytest.raises(SpotifyError, match="no push to undo"):
            undo_push(client, pusher.journal, pause=pusher.pace.pause)


def test_undo_sends_no_name_that_is_right_already(spotify: SpotifyServer, pusher: Pusher) -> None:
    odd = spotify.add_playlist("a  b\x07", [_SONGS[40].uri])  # older than today's rules for names
    plan = plan_of(tracks_of(_SONGS[:10]))
    with pusher.client() as client:
        naming = name_plan(plan, today=NOON.date())
        target = find_target(client, pusher.journal, naming, playlist_id=odd.id)
        push_list(client, pusher.journal, target, [_SONGS[1].uri], now=NOON, pause=pusher.pace.pause)
        assert odd.description
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
    assert (odd.name, odd.description, odd.uris) == ("a  b\x07", "", [_SONGS[40].uri])


def test_undo_brings_doubled_rows_back_and_counts_what_cannot_be(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    uris = [_SONGS[0].uri, _SONGS[1].uri, _SONGS[0].uri]
    mine = spotify.add_playlist("Mine", [*uris, "spotify:local:Me:Home:Demo:60"], description="my own words")
    plan = plan_of(tracks_of(_SONGS[5:15]))
    with pusher.client() as client:
        naming = name_plan(plan, today=NOON.date())
        target = find_target(client, pusher.journal, naming, playlist_id=mine.id)
        wanted = pusher.select(client, plan).uris
        assert [row.title for row in target.lost_rows(wanted)] == ["Demo"]
    _push_into(pusher, mine.id, wanted)
    assert mine.uris == list(wanted)
    assert mine.description == "my own words", "a person's description is not ours to change"
    with pusher.client() as client:
        assert undo_push(client, pusher.journal, pause=pusher.pace.pause).lost == 1
    assert mine.uris == uris


def _push_into(pusher: Pusher, playlist_id: str, uris: tuple[str, ...]) -> None:
    from bpmsync.export.spotify.push import push_list

    naming = name_plan(plan_of(tracks_of(_SONGS[5:15])), today=NOON.date())
    with pusher.client() as client:
        target = find_target(client, pusher.journal, naming, playlist_id=playlist_id)
        push_list(client, pusher.journal, target, uris, now=NOON, pause=pusher.pace.pause)


def test_somebody_elses_playlist_is_refused(spotify: SpotifyServer, pusher: Pusher) -> None:
    theirs = spotify.add_playlist("Theirs", [_SONGS[0].uri], owner="somebody")
    naming = name_plan(plan_of(tracks_of(_SONGS[:5])), today=NOON.date())
    with pusher.client() as client, pytest.raises(SpotifyError, match="somebody"):
        find_target(client, pusher.journal, naming, playlist_id=theirs.id)


def test_a_creation_that_went_unheard_is_found_again(spotify: SpotifyServer, pusher: Pusher) -> None:
    spotify.faults.script("applied, but 503", method="POST", path="/me/playlists")
    pushed = pusher.push(plan_of(tracks_of(_SONGS[:25])))
    assert _only(spotify).uris == [one.uri for one in _SONGS[:25]]
    assert pushed.created


def test_a_push_stopped_for_a_day_is_completed_by_the_next(spotify: SpotifyServer, pusher: Pusher) -> None:
    plan = plan_of(tracks_of(_SONGS[:250]))
    scripted = spotify.faults.script(
        "429, 86400 s", method="POST", path="/playlists/*/items", nth=2, onwards=True
    )
    with pytest.raises(SpotifyError, match=r"the first 200 of 250 songs; push again") as stopped:
        pusher.push(plan)
    assert "in 24 h" in str(stopped.value)
    assert _only(spotify).uris == [one.uri for one in _SONGS[:200]]
    assert scripted.hits == 1, "a service that names a day is not asked again"
    spotify.faults.clear()
    spotify.requests.clear()
    pushed = pusher.push(plan)
    assert _only(spotify).uris == [one.uri for one in _SONGS[:250]]
    assert (pushed.created, pushed.added, pushed.saved) == (False, 50, None)
    assert _writes(spotify) == [("POST", "/v1/playlists/ID/items")]


def test_a_list_that_was_only_half_cleared_is_told_as_it_is(spotify: SpotifyServer, pusher: Pusher) -> None:
    tracks = tracks_of(_SONGS[:260])
    pusher.push(plan_of(tracks))
    spotify.faults.script("429, 86400 s", method="DELETE", path="/playlists/*/items", nth=2, onwards=True)
    with pytest.raises(SpotifyError, match="holds 110 of 110 songs, and 50 rows that are to go; push again"):
        pusher.push(plan_of(tracks[150:]), update=True)
    spotify.faults.clear()
    assert pusher.push(plan_of(tracks[150:]), update=True).saved is None, "what was there is saved already"
    assert _only(spotify).uris == [one.uri for one in _SONGS[150:260]]
    with pusher.client() as client:
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
    assert _only(spotify).uris == [one.uri for one in _SONGS[:260]]


def test_what_a_person_added_to_a_stopped_push_is_saved_first(spotify: SpotifyServer, pusher: Pusher) -> None:
    plan = plan_of(tracks_of(_SONGS[:250]))
    spotify.faults.script("429, 86400 s", method="POST", path="/playlists/*/items", nth=2, onwards=True)
    with pytest.raises(SpotifyError, match="the first 200 of 250"):
        pusher.push(plan)
    spotify.faults.clear()
    _only(spotify).add([_SONGS[280].uri], None, now=0.0)
    mine = _only(spotify).uris
    assert pusher.push(plan).saved is not None
    with pusher.client() as client:
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
    assert _only(spotify).uris == mine


def test_after_an_undo_the_first_plan_is_at_home_in_its_playlist(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    tracks = tracks_of(_SONGS[:30])
    pusher.push(plan_of(tracks[:20]))
    pusher.push(plan_of(tracks[5:]), update=True)
    with pusher.client() as client:
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
    spotify.requests.clear()
    assert not pusher.push(plan_of(tracks[:20])).changed
    assert not _writes(spotify)
    assert pusher.push(plan_of(tracks[5:])).created, "the other plan is nowhere any more"


@pytest.mark.parametrize("name", ["two\nlines", "x" * 300, "\U0001f3c3" * 80, " Run "])
def test_a_name_that_spotify_would_not_take_is_given_once(
    name: str, spotify: SpotifyServer, pusher: Pusher
) -> None:
    plan = plan_of(tracks_of(_SONGS[:10]))
    pusher.push(plan, name=None)
    before = (_only(spotify).name, _only(spotify).description)
    renamed = pusher.push(plan, name=name, rename=True)
    assert (renamed.described, renamed.added) == (True, 0)
    assert not pusher.push(plan, name=name, rename=True).changed
    with pusher.client() as client:
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
    assert (_only(spotify).name, _only(spotify).description) == before


def test_a_name_of_nothing_is_refused() -> None:
    for name in ("", " \n"):
        with pytest.raises(ParameterError, match="no name for a playlist"):
            name_plan(plan_of(tracks_of(_SONGS[:5])), today=NOON.date(), name=name)


def test_without_a_login_nothing_is_asked(tmp_path: Path, spotify: SpotifyServer) -> None:
    with pytest.raises(NotAuthorised, match="bpmsync spotify login"):
        Pusher(tmp_path / "nobody").push(plan_of(tracks_of(_SONGS[:5])))
    assert not spotify.requests


def test_the_name_tells_the_run_and_the_description_the_plan() -> None:
    plan = plan_of(tracks_of(_SONGS[:5]))
    naming = name_plan(plan, today=NOON.date())
    assert re.fullmatch(r"Run 168 spm, 12m\S+", naming.name)
    assert re.fullmatch(
        r"Music for running at 168 steps per minute, \S+\. Made by bpmsync on 2026-11-21, plan [0-9a-f]{8}\.",
        naming.description,
    )
    other_day = name_plan(plan, today=NOON.date().replace(day=22))
    assert other_day.plan_id == naming.plan_id
    assert name_plan(plan_of(tracks_of(_SONGS[:6])), today=NOON.date()).plan_id != naming.plan_id


def test_another_computer_finds_the_playlist_and_makes_no_second(
    spotify: SpotifyServer, pusher: Pusher, tmp_path: Path
) -> None:
    plan = plan_of(tracks_of(_SONGS[:25]))
    pusher.push(plan)
    other = Pusher(tmp_path / "other")
    put_login(spotify, other.folder)
    spotify.requests.clear()
    pushed = other.push(plan)
    assert (pushed.changed, len(spotify.playlists), _writes(spotify)) == (False, 1, [])


def test_a_playlist_that_is_gone_is_not_said_to_be_brought_back(
    spotify: SpotifyServer, pusher: Pusher
) -> None:
    tracks = tracks_of(_SONGS[:20])
    pusher.push(plan_of(tracks[:10]))
    pusher.push(plan_of(tracks[5:15]), update=True)
    _only(spotify).followers.clear()
    with pusher.client() as client, pytest.raises(SpotifyError, match="Recover playlists"):
        undo_push(client, pusher.journal, pause=pusher.pace.pause)
