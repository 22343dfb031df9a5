"""The library file gives back what was put in, and never loses what a person said."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import Constraint, Detection, Reading
from bpmsync.errors import LibraryError, ParameterError
from bpmsync.library import rows
from bpmsync.library.matchbook import MatchBook
from bpmsync.library.schema import APPLICATION_ID, MIGRATIONS
from bpmsync.library.songbook import SongBook
from bpmsync.library.store import Store
from bpmsync.library.track import Override, Tags
from bpmsync.timeline.grid import BeatGrid
from library_cases import detection, entry

DATA = Path(__file__).resolve().parent / "data"
RATIOS = [Fraction(text) for text in ("1/3", "1/2", "2/3", "3/4", "1", "4/3", "3/2", "2", "3")]


@st.composite
def grids(draw: st.DrawFn) -> BeatGrid:
    first = draw(st.integers(-2_000_000, 10_000_000_000))
    steps = draw(st.lists(st.integers(150_000, 2_000_000), min_size=1, max_size=60))
    beats = np.cumsum([first, *steps]) / 1e6
    downbeats = draw(st.sets(st.integers(0, len(steps)), max_size=8))
    return BeatGrid(beats, np.array(sorted(downbeats), dtype=np.int64), draw(st.none() | st.integers(1, 16)))


@st.composite
def detections(draw: st.DrawFn) -> Detection:
    unit = st.floats(0, 1)
    grid = draw(st.none() | grids())
    ends = sorted(draw(st.lists(st.floats(0, 4000), max_size=6)))
    return Detection(
        draw(st.sampled_from(["bpmsync", "librosa"])),
        draw(st.text(max_size=3)),
        grid=grid,
        failure=None if grid else "no beat",
        readings=tuple(Reading(ratio, draw(unit)) for ratio in draw(st.sets(st.sampled_from(RATIOS)))),
        confidence=draw(unit),
        usable=tuple(zip(ends[::2], ends[1::2], strict=False)),
        level_db=draw(st.floats(-120, 6)),
        energy=draw(unit),
        bar_confidence=draw(unit),
        salience=draw(unit),
        sections=tuple(sorted(draw(st.sets(st.floats(0, 4000), max_size=6)))),
    )


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.none() | st.integers(1, 2**31)
floats = st.none() | st.floats(-60, 60)
tags = st.builds(
    Tags,
    title=texts,
    artist=texts,
    key=texts,
    track_number=numbers,
    year=numbers,
    bpm=floats,
    rating=floats,
    explicit=st.none() | st.booleans(),
    other=st.dictionaries(st.text(max_size=9), st.text(st.characters(exclude_categories=["Cs"]), max_size=9)),
)
overrides = st.builds(
    Override,
    st.builds(
        Constraint,
        st.none() | st.floats(30, 400),
        st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(-1, 3)]),
    ),
    st.none() | grids(),
    st.booleans(),
)


@given(detections(), tags, overrides)
def test_what_is_read_equals_what_was_written(found: Detection, tagged: Tags, said: Override) -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=found, tags=tagged))
        assert store.detection("b2:a") == found
        assert store.tracks()[0].tags == tagged
        assert store.tracks()[0].detection == found
        store.set_override("b2:a", said)
        assert store.override("b2:a") == said
        assert store.tracks()[0].override == said


@given(grids())
def test_a_grid_is_kept_in_four_bytes_a_beat(grid: BeatGrid) -> None:
    assert len(rows.grid_columns(grid)["deltas_us"]) == 4 * (len(grid) - 1)


def test_text_that_is_no_unicode_is_kept_as_far_as_it_is() -> None:
    with Store(":memory:") as store:
        store.save(
            entry("/m/a.mp3", "b2:a", found=detection(), tags=Tags(title="a\ud800b\0", other={"x": "\udfff"}))
        )
        assert store.tracks()[0].tags == Tags(title="a?b\0", other={"x": "?"})


def test_copies_share_a_detection_and_an_override() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.save(entry("/m/b.mp3", "b2:a"))
        store.set_override("b2:a", Override(ignore=True))
        assert [t.path for t in store.tracks_by_hash("b2:a")] == ["/m/a.mp3", "/m/b.mp3"]
        assert all(t.override.ignore and t.detection == detection() for t in store.tracks())


def test_a_track_shows_the_detection_that_its_override_asks_for() -> None:
    said = Override(Constraint(180.0))
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection(90)))
        store.set_override("b2:a", said, detection(180))
        assert store.tracks()[0].detection == detection(180)
        assert store.detection("b2:a") == detection(90)
        store.save(entry("/m/a.mp3", "b2:a", found=detection(91, version="2")))
        assert store.tracks()[0].detection == detection(180), "a free detection touches no correction"
        store.clear_override("b2:a")
        assert store.tracks()[0].detection == detection(91, version="2")
        assert not store.override("b2:a")


def test_a_hand_made_grid_replaces_even_a_failure() -> None:
    grid = BeatGrid(np.array([1.0, 1.5, 2.0]))
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=Detection("bpmsync", "1", failure="no beat")))
        store.set_override("b2:a", Override(beats=grid))
        track = store.tracks()[0]
    assert track.grid == grid
    assert track.detection.failure is None
    assert track.detection.usable == ((1.0, 2.0),)


def test_a_file_replaced_at_its_path_inherits_nothing() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.set_override("b2:a", Override(ignore=True))
        store.save(entry("/m/a.mp3", "b2:other", found=detection(100)))
        track = store.tracks()[0]
    assert (track.audio_hash, bool(track.override)) == ("b2:other", False)


def test_a_moved_file_keeps_its_number() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        before = store.tracks()[0]
        store.save(entry("/m/b.mp3", "b2:a"), moved_from="/m/a.mp3")
        assert store.tracks() == [replace(before, path="/m/b.mp3")]


def test_a_failed_file_is_no_track_until_it_is_good_again() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.save(entry("/m/a.mp3", "", error="cut off"))
        assert store.tracks() == []
        assert [(f.path, f.reason) for f in store.failures()] == [("/m/a.mp3", "cut off")]
        store.save(entry("/m/a.mp3", "b2:a"))
        assert store.failures() == []
        assert len(store.tracks()) == 1, "its detection was still there"


def test_pruning_leaves_overrides() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.save(entry("/m/b.mp3", "b2:b", found=detection()))
        store.save(entry("/m/c.mp3", "", error="cut off"))
        store.set_override("b2:a", Override(Constraint(90.0)))
        assert store.prune(["/m/a.mp3", "/m/c.mp3", "/m/never.mp3"]) == 2
        assert [t.path for t in store.tracks()] == ["/m/b.mp3"]
        assert store.failures() == []
        assert store.detection("b2:a") is None
        assert store.overrides() == {"b2:a": Override(Constraint(90.0))}


def test_tracks_below_a_folder_are_compared_in_nfc(tmp_path: Path) -> None:
    with Store(":memory:") as store:
        for name in ("Cafe\u0301/a.mp3", "Café2/b.mp3", "c.mp3"):
            store.save(entry(str(tmp_path / name), f"b2:{name}", found=detection()))
        below = [Path(t.path).name for t in store.tracks([tmp_path / "Café"])]
        assert below == ["a.mp3"]
        assert [Path(t.path).name for t in store.tracks([tmp_path / "c.mp3", tmp_path / "Café2"])] == [
            "b.mp3",
            "c.mp3",
        ]
        assert store.tracks([]) == []
        found = store.track_by_path(tmp_path / "Café" / "a.mp3")
        assert found is not None
        assert store.track_by_id(found.id or 0) == found
        assert store.track_by_path(tmp_path / "d.mp3") is None
        assert store.track_by_id(99) is None


def test_a_name_that_is_no_text_is_refused() -> None:
    with Store(":memory:") as store:
        with pytest.raises(ParameterError, match="rename"):
            store.save(entry("/m/\udce9.mp3", "b2:a", found=detection()))
        assert store.track_by_path("/m/\udce9.mp3") is None


def test_a_detection_of_unknown_audio_is_refused() -> None:
    with Store(":memory:") as store, pytest.raises(ParameterError, match="scan it first"):
        store.set_override("b2:a", Override(Constraint(90.0)), detection())
    with Store(":memory:") as store:
        assert store.overrides() == {}


def test_an_error_inside_a_change_leaves_the_state_before(tmp_path: Path) -> None:
    with Store(tmp_path / "l.db") as store:
        store.set_override("b2:a", Override(ignore=True))
        with pytest.raises(ParameterError):
            store.set_override("b2:a", Override(Constraint(90.0)), detection())
        assert store.override("b2:a") == Override(ignore=True)


def test_the_file_is_set_up_as_the_design_says(tmp_path: Path) -> None:
    with Store(tmp_path / "l.db") as store:
        pragmas = {
            p: store.database.rows(f"PRAGMA {p}")[0][p]
            for p in ("journal_mode", "synchronous", "foreign_keys")
        }
        strict = {
            r["name"]: r["strict"] for r in store.database.rows("PRAGMA table_list") if r["schema"] == "main"
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
    ours = {"audio", "files", "detections", "overrides", "failures", "answers", "imports"}
    ours |= {"shelf", "derived", "plans", "plan_tracks"}
    assert ours <= strict.keys()
    assert all(strict[name] for name in ours)


def test_a_newer_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(LibraryError, match="update bpmsync"):
        Store(path)
    assert _version(path) == len(MIGRATIONS) + 1


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    path.write_text("milk, eggs, bread\n" * 100)
    with pytest.raises(LibraryError, match="not a bpmsync library"):
        Store(path)
    assert path.read_text().startswith("milk")


def test_other_peoples_databases_are_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryError, match="not a bpmsync library"):
        Store(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="nowhere"):
        Store(tmp_path / "nowhere" / "l.db")


def test_a_locked_library_says_so(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    Store(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store(path, busy_s=0.05) as store:
        assert store.tracks() == [], "reading goes on beside a writer"
        with pytest.raises(LibraryError, match="locked by another"):
            store.set_override("b2:a", Override(ignore=True))
    other.close()


def test_a_closed_library_says_so() -> None:
    store = Store(":memory:")
    store.close()
    store.close()
    with pytest.raises(LibraryError, match="closed"):
        store.tracks()


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    return Path(shutil.copyfile(DATA / "library-v1.db", tmp_path / "library.db"))


def test_the_version_1_library_is_one(version_1: Path) -> None:
    connection = sqlite3.connect(version_1)
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    connection.close()
    assert (_version(version_1), owner) == (1, APPLICATION_ID)


def test_a_version_1_library_comes_along_with_its_overrides(version_1: Path) -> None:
    doubled = Override(Constraint(180.0, Fraction(1, 2)))
    tapped = Override(beats=BeatGrid(np.array([1.0, 1.6, 2.2]), np.array([0]), 3))
    with Store(version_1) as store:
        assert store.overrides() == {
            "b2:doubled": doubled,
            "b2:gone": Override(Constraint(166.0)),
            "b2:never": Override(ignore=True),
            "b2:tapped": tapped,
        }
        tracks = {Path(t.path).name: t for t in store.tracks()}
        assert [f.path for f in store.failures()] == ["/music/broken.mp3"]
    assert _version(version_1) == len(MIGRATIONS)
    plain = tracks["plain.mp3"]
    assert plain.detection == tracks["copy.mp3"].detection == detection(120)
    assert plain.tags == Tags(title="Élan", artist="A; B", year=1999, explicit=True, other={"mood": "brisk"})
    assert tracks["doubled.flac"].detection == detection(180)
    assert tracks["tapped.ogg"].grid == tapped.beats
    assert tracks["never.m4a"].override.ignore
    assert (plain.detection.bar_confidence, plain.detection.salience, plain.detection.sections) == (0, 0, ())


def test_a_version_2_library_comes_along_with_its_overrides(tmp_path: Path) -> None:
    path = Path(shutil.copyfile(DATA / "library-v2.db", tmp_path / "library.db"))
    assert _version(path) == 2
    doubled = Override(Constraint(180.0, Fraction(1, 2)))
    with Store(path) as store:
        assert store.overrides() == {"b2:doubled": doubled, "b2:gone": Override(ignore=True)}
        tracks = {Path(t.path).name: t for t in store.tracks()}
        assert [f.path for f in store.failures()] == ["/music/broken.mp3"]
    assert _version(path) == len(MIGRATIONS)
    found = replace(detection(120, version="2"), bar_confidence=0.5, salience=0.25, sections=(0.25, 20.5))
    assert tracks["plain.mp3"].detection == found
    assert tracks["plain.mp3"].tags == Tags(title="Élan", isrc="XX")
    assert tracks["doubled.flac"].detection == detection(180, version="2")


def test_a_version_3_library_comes_along_with_its_overrides(tmp_path: Path) -> None:
    path = Path(shutil.copyfile(DATA / "library-v3.db", tmp_path / "library.db"))
    assert _version(path) == 3
    tapped = BeatGrid(np.array([1.0, 1.6, 2.2, 2.8]), np.array([0, 3]), 3)
    with Store(path) as store:
        assert store.overrides() == {
            "b2:doubled": Override(Constraint(180.0, Fraction(1, 2))),
            "b2:gone": Override(ignore=True),
            "b2:tapped": Override(beats=tapped),
        }
        tracks = {Path(t.path).name: t for t in store.tracks()}
        assert [song.name for song in SongBook(store).songs().values()] == ["Anna - Élan", "Ben - Run"]
        answer = MatchBook(store, now=lambda: dt.datetime(2026, 11, 21, tzinfo=dt.UTC)).recall("b2:plain")
    assert _version(path) == len(MIGRATIONS)
    assert answer is not None
    assert answer.title == "Élan"
    assert tracks["doubled.flac"].detection == detection(180)
    assert tracks["tapped.ogg"].grid == tapped
    assert tracks["silent.ogg"].grid is None


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_a_library_killed_in_the_middle_of_a_migration_is_as_before(version_1: Path) -> None:
    killed = """
import os, signal, sys
from bpmsync.library import schema
from bpmsync.library.store import Store

def half_way(connection):
    schema_before(connection)
    connection.execute("DELETE FROM overrides")
    os.kill(os.getpid(), signal.SIGKILL)

schema_before = schema.MIGRATIONS[1]
schema.MIGRATIONS = (schema.MIGRATIONS[0], half_way)
Store(sys.argv[1])
"""
    ended = subprocess.run([sys.executable, "-c", killed, str(version_1)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert _version(version_1) == 1
    with Store(version_1) as store:
        assert len(store.overrides()) == 4
        assert len(store.tracks()) == 5
    assert _version(version_1) == len(MIGRATIONS)


def test_sections_move_to_the_bar_lines_of_hand_made_beats() -> None:
    grid = BeatGrid(np.arange(1.0, 40.0, 0.5), np.arange(1, 78, 4), 4)
    bars = grid.beats[grid.downbeats]
    found = replace(detection(), sections=(0.0, 2.6, 3.4, 20.0, 99.0))
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=found))
        store.set_override("b2:a", Override(beats=grid))
        barred = store.tracks()[0].detection
        store.set_override("b2:a", Override(beats=BeatGrid(grid.beats)))
        free = store.tracks()[0].detection
    assert barred.sections == (bars[0], bars[1], bars[9], bars[-1])
    assert (barred.bar_confidence, free.bar_confidence) == (1.0, 0.0)
    assert free.sections == found.sections


def test_a_migration_that_fails_leaves_the_version_before(
    version_1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_way(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE overrides")
        connection.execute("this is no SQL")

    monkeypatch.setattr("bpmsync.library.schema.MIGRATIONS", (*MIGRATIONS, half_way))
    with pytest.raises(LibraryError, match="failed"):
        Store(version_1)
    monkeypatch.undo()
    with Store(version_1) as store:
        assert len(store.overrides()) == 4
