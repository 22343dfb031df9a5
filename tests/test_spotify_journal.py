"""The account folder's notes: what was pushed where, and the lists from before."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from bpmsync.errors import SpotifyError
from bpmsync.export.spotify.journal import Journal, Record, SavedList
from bpmsync.export.spotify.values import Row

if TYPE_CHECKING:
    from pathlib import Path

_NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
_SAVED = SavedList(
    "me",
    "P1",
    "Run",
    "what it was",
    (Row("spotify:track:a", "A"), Row(None), Row("spotify:local:x", "X", True)),  # noqa: FBT003
)


def test_a_creation_is_noted_before_and_after(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "account")
    journal.note(Record("me", "plan1", "Run"))
    assert journal.of_plan("me", "plan1") == Record("me", "plan1", "Run")
    assert journal.of_name("me", "Run") is None, "there is no playlist yet"
    made = Record("me", "plan1", "Run", "P1", "writing", 250)
    journal.note(made)
    assert Journal(tmp_path / "account").of_plan("me", "plan1") == made
    journal.note(replace(made, state="done"))
    assert json.loads((tmp_path / "account" / "playlists.json").read_text("utf-8"))["playlists"] == [
        {
            "user_id": "me",
            "plan_id": "plan1",
            "name": "Run",
            "playlist_id": "P1",
            "state": "done",
            "rows": 250,
        }
    ]


def test_a_playlist_has_one_record_the_newest(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(Record("me", "plan1", "Run", "P1", "done", 3))
    journal.note(Record("me", "plan2", "Run", "P1", "done", 4))
    assert journal.of_plan("me", "plan1") is None
    assert journal.of_name("me", "Run") == Record("me", "plan2", "Run", "P1", "done", 4)
    journal.forget("me", "P1")
    assert journal.of_playlist("me", "P1") is None


def test_accounts_are_kept_apart(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.note(Record("me", "plan1", "Run", "P1", "done", 3))
    journal.note(Record("you", "plan1", "Run", "P2", "done", 3))
    mine, yours = journal.of_plan("me", "plan1"), journal.of_plan("you", "plan1")
    assert (mine and mine.playlist_id, yours and yours.playlist_id) == ("P1", "P2")
    journal.save(_SAVED, now=_NOON)
    assert journal.last_saved("you") is None


def test_lists_come_back_newest_first_and_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.save(_SAVED, now=_NOON)
    journal.save(replace(_SAVED, playlist_id="P2"), now=_NOON + dt.timedelta(seconds=1))
    for playlist_id in ("P2", "P1"):
        last = journal.last_saved("me")
        assert last is not None
        assert last[1].playlist_id == playlist_id
        assert last[1].rows == _SAVED.rows
        journal.mark_undone(last[0])
    assert journal.last_saved("me") is None


def _noted(**about: object) -> str:
    record = asdict(Record("me", "plan1", "Run", "P1", "done", 3))
    return json.dumps({"format": 1, "playlists": [record | about]})


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", '{"format": 99, "playlists": []}', '{"format": 1}'),
        *('{"format": 1, "playlists": 5}', '{"format": 1, "playlists": [5]}', "[" * 200_000),
        *(_noted(playlist_id=5), _noted(playlist_id="../../me"), _noted(name=None), _noted(state="lost")),
    ],
)
def test_a_damaged_note_is_named_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "playlists.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SpotifyError, match=r"playlists\.json is damaged or comes from a newer bpmsync"):
        Journal(tmp_path).of_plan("me", "plan1")
    assert path.read_text("utf-8") == text


@pytest.mark.parametrize(
    "about",
    [
        {"rows": [5]},
        {"rows": [{"uri": 5}]},
        {"rows": 5},
        {"playlist_id": "../x"},
        {"playlist_id": 5},
        {"name": 7},
        {"more": 1},
    ],
)
def test_a_damaged_list_is_named_and_left_alone(tmp_path: Path, about: dict[str, object]) -> None:
    journal = Journal(tmp_path)
    path = journal.save(_SAVED, now=_NOON)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | about), "utf-8")
    with pytest.raises(SpotifyError, match=rf"{path.name} is damaged or comes from a newer bpmsync"):
        journal.last_saved("me")


def test_a_lock_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "push.lock").mkdir()
    with pytest.raises(SpotifyError, match=r"cannot lock .*push\.lock"), Journal(tmp_path).locked():
        pass


def test_one_push_at_a_time(tmp_path: Path) -> None:
    with (
        Journal(tmp_path).locked(),
        pytest.raises(SpotifyError, match="another push"),
        Journal(tmp_path).locked(),
    ):
        pass
    with Journal(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SpotifyError, match="--account"):
        Journal(tmp_path / "file" / "account").note(Record("me", "plan1", "Run"))
