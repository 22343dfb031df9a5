"""A push of 250 songs, with every fault at every call: what the account is left with.

The end is the exact list, the untouched old one, or, where the service refuses to go on, the
beginning of the new one, which the next push completes. Never is a row doubled or out of
order, and never are there two playlists. Clock, pauses and time-outs are the test's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from account_cases import put_login
from bpmsync.errors import SpotifyError
from bpmsync.export.spotify.journal import Record
from bpmsync.export.spotify.memory import PassingMemory
from push_cases import Pusher, plan_of, tracks_of
from spotify_cases import recordings
from spotify_server import FAULTS, SpotifyServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bpmsync.planner.legs import Plan
    from spotify_server import Exchange

_SONGS = recordings(510)
_NEW, _OLD = _SONGS[:250], _SONGS[250:500]
_WANTED = [one.uri for one in _NEW]
_BEFORE = [one.uri for one in _OLD]
# One song out, another in: most of the list stays
_NEARLY = [*_WANTED[:30], _SONGS[505].uri, *_WANTED[31:]]
_PLAN = plan_of(tracks_of(_NEW))
# Where every further call is answered so, the service refuses for good
_FOR_GOOD = ("401", "403", "429, 86400 s", "quota exceeded", "503", "cut")
# Where it goes on all the same and only then gives up; the others stop at their first answer
_TRIES_ON = ("401", "503", "cut")
_STOPS = ("403", "429, 86400 s", "429, 86236 s", "quota exceeded", "error as text")
_SCENES = {"made": None, "replaced": _BEFORE, "mended": _NEARLY}
# With these every song is searched for; with the others only those around the fault, the rest is known
_FROM_NOTHING = ("429, 86400 s", "503", "applied, but cut")
# Told apart by the client alone, so that one scene does for them
_ALIKE = ("429, 86236 s", "quota exceeded, 1 s", "500", "502", "502, not JSON", "503, error as text")
_TRIED = [(name, scene) for scene in _SCENES for name in FAULTS if scene == "made" or name not in _ALIKE]


@dataclass(slots=True)
class _Stage:
    """One account before a push."""

    server: SpotifyServer
    folder: Path
    memory: PassingMemory
    before: list[str] | None
    name: str = ""
    number: int = 0
    login: bytes = b""
    ends: set[str] = field(default_factory=set)

    @property
    def patience_s(self) -> float:
        """Wait no longer than needed for what hangs, and as long as a busy machine needs for the rest."""
        return 0.4 if "hang" in self.name else 20.0

    def fresh(self) -> Pusher:
        """Set the account and its notes back."""
        self.server.faults.clear()
        self.server.requests.clear()
        self.server.playlists.clear()
        self.number += 1
        pusher = Pusher(self.folder / str(self.number), self.memory, read_s=self.patience_s)
        put_login(self.server, pusher.folder)
        self.login = (pusher.folder / "token.json").read_bytes()
        if self.before is not None:
            old = self.server.add_playlist("Run", self.before, description="Made earlier, plan 00000000.")
            owner = self.server.accounts.person.id
            pusher.journal.note(Record(owner, "00000000", "Run", old.id, "done", len(self.before)))
        return pusher

    def calls(self) -> list[Exchange]:
        """Return the calls of a push that nothing disturbs, searches left out."""
        self.fresh().push(_PLAN, update=True)
        return [one for one in self.server.requests if one.path != "/v1/search"]

    def is_known(self, pusher: Pusher) -> bool:
        """Tell whether account and folder are as they were before: the next push would be the same."""
        text = repr(
            [(one.name, one.description, one.public, one.uris) for one in self.server.playlists.values()]
        )
        for path in sorted(path for path in pusher.folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            # Tokens are new each time: what counts is whether the push renewed them
            told = content != self.login if path.name == "token.json" else content.decode()
            text += f" {path.parent.name if path.parent != pusher.folder else ''}/{path.name}: {told}"
        for place, name in enumerate(self.server.playlists):
            text = text.replace(name, f"list {place}")
        known = text in self.ends
        self.ends.add(text)
        return known

    @property
    def lists(self) -> list[list[str]]:
        """The account's playlists."""
        return [playlist.uris for playlist in self.server.playlists.values()]


def _try(pusher: Pusher, plan: Plan = _PLAN) -> str | None:
    """Push, and return the message where it was stopped."""
    try:
        pusher.push(plan, update=True)
    except SpotifyError as error:
        return str(error)
    return None


def _is_part_in_order(rows: list[str], whole: list[str]) -> bool:
    rest = iter(whole)
    return all(any(uri == other for other in rest) for uri in rows)


def _judge(stage: _Stage, message: str | None, *, refused: bool) -> None:
    """Hold what is left against what may be left."""
    assert len(stage.lists) <= 1, "two playlists"
    rows = stage.lists[0] if stage.lists else []
    if message is None:
        assert rows == _WANTED
        return
    assert any(words in message for words in ("again", "come back", "log in", "doctor")), message
    if rows in (_WANTED, stage.before or []):
        return
    assert refused, "stopped half-way although the service would have gone on"
    if stage.before is _NEARLY:  # rows that are only missing are better than an early end
        assert _is_part_in_order(rows, _WANTED)
    else:
        assert rows == _WANTED[: len(rows)]


@pytest.fixture(scope="module")
def known() -> PassingMemory:
    """Every song's answer, so that the calls of the playlist are all that is left."""
    return PassingMemory()


def _stage(server: SpotifyServer, folder: Path, known: PassingMemory, *, scene: str, name: str) -> _Stage:
    stage = _Stage(server, folder, known, _SCENES[scene], name)
    stage.fresh().push(_PLAN)  # fills the memory
    return stage


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scene"), _TRIED)
def test_a_fault_at_each_call_of_the_playlist(
    tmp_path: Path,
    known: PassingMemory,
    name: str,
    scene: str,
    record_property: Callable[[str, object], None],
) -> None:
    tried = 0
    with SpotifyServer(_SONGS) as server:
        stage = _stage(server, tmp_path, known, scene=scene, name=name)
        for_good = _FOR_GOOD if scene == "made" else _TRIES_ON
        for onwards in (False, True) if name in for_good else (False,):
            for number, call in enumerate(stage.calls(), start=1):
                pusher = stage.fresh()
                scripted = server.faults.script(name, nth=number, onwards=onwards)
                message = _try(pusher)
                assert scripted.hits, f"{name} never struck at call {number}, {call.method} {call.path}"
                _judge(stage, message, refused=onwards or name in _STOPS)
                server.faults.clear()
                if not stage.is_known(pusher):
                    assert _try(pusher) is None
                    assert stage.lists == [_WANTED], "the next push completes it"
                tried += 1
    record_property("push combinations", tried)


def _knowing_all_but(songs: range, known: PassingMemory) -> PassingMemory:
    """Return a memory as pushes leave it that found every song but these."""
    memory = PassingMemory()
    assert len(known._answers) == len(_NEW)
    for place, (key, answer) in enumerate(known._answers.items()):
        if place not in songs:
            memory.remember(key, answer)
    return memory


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_a_search(
    tmp_path: Path, known: PassingMemory, name: str, record_property: Callable[[str, object], None]
) -> None:
    tried = 0
    with SpotifyServer(_SONGS) as server:
        _stage(server, tmp_path / "known", known, scene="made", name=name)
        for song in (0, 124, 249):
            songs = range(250) if name in _FROM_NOTHING else range(max(0, song - 5), min(250, song + 6))
            for onwards in (False, True) if name in _FOR_GOOD else (False,):
                memory = _knowing_all_but(songs, known)
                stage = _Stage(server, tmp_path / f"{song}{onwards}", memory, None, name)
                pusher = stage.fresh()
                nth = song - songs.start + 1
                scripted = server.faults.script(name, path="/search", nth=nth, onwards=onwards)
                message = _try(pusher)
                assert scripted.hits
                if message is not None:
                    assert stage.lists == [], "nothing is made before all songs are found"
                _judge(stage, message, refused=False)
                server.faults.clear()
                done = sum(
                    one.path == "/v1/search" and one.status == 200 and not one.fault
                    for one in server.requests
                )
                server.requests.clear()
                assert _try(pusher) is None
                assert stage.lists == [_WANTED]
                searched = len(server.calls("GET", "/search"))
                assert searched == (0 if message is None else len(songs) - done), "what was found is kept"
                tried += 1
    record_property("push combinations", tried)
