"""The shelf shows each recording once, and says of it just what its track would say."""

from __future__ import annotations

import shutil
import sys
from dataclasses import fields, replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.beats.detection import Constraint, Detection
from bpmsync.errors import LibraryError
from bpmsync.library.imported import ImportedSong
from bpmsync.library.query import FIELDS, parse_query
from bpmsync.library.shelf import Shelf, facts_of, rows_matching
from bpmsync.library.shelving import load_shelf
from bpmsync.library.songbook import SongBook
from bpmsync.library.songcsv import SongRow
from bpmsync.library.store import Store
from bpmsync.library.track import Override, Tags, Track
from bpmsync.timeline.grid import BeatGrid
from conftest import ROOT
from library_cases import detection, entry
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Iterable

sys.path.insert(0, str(ROOT / "benchmarks"))
make_big_library = import_module("planning.library").make_big_library

DATA = Path(__file__).resolve().parent / "data"
COLUMNS = [field.name for field in fields(Shelf) if field.name not in {"audio_hash", "place", "drawer"}]
PATHS = [f"/m/{name}.mp3" for name in "abcdef"] + ["/m/book.m4b"]
HASHES = ["b2:1", "b2:2", "b2:3", "b2:4"]
SILENT = Detection("bpmsync", "1", failure="no beat")
ODD = BeatGrid(np.arange(0.5, 200.0, 0.375), np.arange(0, 500, 3), 3)


def assert_equal(one: Shelf, other: Shelf) -> None:
    assert one.audio_hash == other.audio_hash
    for name in COLUMNS:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine.dtype == theirs.dtype, name
        assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), name
    everything = range(len(one))
    assert one.fetch(everything) == other.fetch(everything)
    assert one.paths(everything) == other.paths(everything)


def one_of_each(tracks: Iterable[Track]) -> list[Track]:
    """Return what a shelf keeps, the plain way: nothing that is the same as something better."""
    first: dict[str, Track] = {}
    for one in sorted(tracks, key=lambda one: one.path):
        first.setdefault(one.audio_hash, one)
    kept: list[Track] = []
    for one in sorted(first.values(), key=lambda one: (-one.detection.confidence, one.audio_hash)):
        if not any(same_song(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.audio_hash)


def same_song(one: Track, other: Track) -> bool:
    names = [
        [(text or "").lower() for text in (t.tags.title, t.tags.artist, t.tags.album)] for t in (one, other)
    ]
    told = bool(one.tags.title and one.tags.artist)
    return told and names[0] == names[1] and abs(one.duration_s - other.duration_s) <= 1.0


few_tags = st.builds(
    Tags,
    title=st.sampled_from([None, "Run", "RUN", "Walk"]),
    artist=st.sampled_from([None, "Anna", "anna ", "Ben"]).map(lambda name: name and name.strip()),
    album=st.sampled_from([None, "One"]),
    genre=st.sampled_from([None, "Rock", "Podcast"]),
    isrc=st.sampled_from([None, "GBAYE0601498", "gb-aye-06-01499; GBAYE0601500"]),
    year=st.none() | st.integers(1990, 1993),
    explicit=st.none() | st.booleans(),
)
tracks = st.builds(
    lambda name, audio_hash, seconds, tags, sure: replace(
        track(name, 120.0, seconds, audio_hash=audio_hash, confidence=sure), tags=tags
    ),
    st.uuids(version=4).map(str),
    st.sampled_from(HASHES + [f"b2:{number}" for number in range(10, 20)]),
    st.sampled_from([30.0, 30.9, 31.8, 40.0]),
    few_tags,
    st.sampled_from([0.5, 0.8, 0.9]),
)


@given(st.lists(tracks, max_size=12))
def test_a_recording_counts_once(known: list[Track]) -> None:
    shelf = Shelf.of(known)
    kept = one_of_each(known)
    assert shelf.fetch(range(len(shelf))) == kept
    assert shelf.paths(range(len(shelf))) == [one.path for one in kept]
    assert shelf.duration_s.tolist() == [one.duration_s for one in kept]
    assert shelf.confidence.tolist() == [one.detection.confidence for one in kept]
    names = [(one.tags.artist or "").lower() for one in kept]
    assert [bool(name) for name in names] == (shelf.artist >= 0).tolist()
    for number, name in zip(shelf.artist, names, strict=True):
        assert [number == other for other in shelf.artist] == [name == other for other in names]
    assert set(shelf.artist.tolist()) - {-1} == set(range(len(set(names) - {""})))


@given(st.lists(tracks, max_size=8), st.randoms())
def test_a_shelf_is_the_same_in_whatever_order_the_tracks_come(known: list[Track], random: Any) -> None:  # noqa: ANN401
    shuffled = list(known)
    random.shuffle(shuffled)
    assert_equal(Shelf.of(known), Shelf.of(shuffled))


def test_what_a_shelf_says_of_a_track() -> None:
    waltz = replace(
        track("waltz", 160.0, artist="A", genre="Spoken word"), override=Override(Constraint(160.0))
    )
    waltz = replace(waltz, detection=replace(waltz.detection, grid=ODD, usable=((1.0, 51.0), (60.0, 300.0))))
    nothing = replace(track("nothing", 100.0), detection=SILENT, override=Override(ignore=True))
    shelf = Shelf.of([waltz, nothing])
    assert np.isnan(shelf.tempo_bpm[0])
    assert shelf.tempo_bpm[1] == facts_of(waltz).tempo_bpm == pytest.approx(160.0)
    assert (shelf.clear_s.tolist(), shelf.steady_s.tolist()) == ([0.0, 190.0], [0.0, 140.0])
    # Of the second stretch, from bar line to bar line
    assert (shelf.slowest_bpm[1], shelf.fastest_bpm[1]) == (pytest.approx(160.0), pytest.approx(160.0))
    assert np.isnan(shelf.slowest_bpm[0])
    assert np.isnan(shelf.fastest_bpm[0])
    assert shelf.longest_s.tolist() == [0.0, pytest.approx(127.125)]
    assert (shelf.odd.tolist(), shelf.settled.tolist()) == ([False, True], [False, True])
    assert (shelf.ignored.tolist(), shelf.spoken.tolist()) == ([True, False], [False, True])
    assert (shelf.artist.tolist(), shelf.album.tolist()) == ([-1, 0], [-1, -1])
    chosen = shelf.chosen(np.array([1]))
    assert (chosen.audio_hash, chosen.fetch([0])) == (("b2:waltz",), [waltz])
    assert len(Shelf.of([])) == 0


# --- from the library file ------------------------------------------------------------------

detections = st.one_of(
    st.just(SILENT),
    st.builds(
        lambda bpm, sure, grid: replace(detection(bpm), confidence=sure, **({"grid": grid} if grid else {})),
        st.sampled_from([90.0, 120.0, 171.5]),
        st.sampled_from([0.4, 0.8, 0.9]),
        st.none() | st.just(ODD),
    ),
)
overrides = st.sampled_from(
    [
        Override(),
        Override(ignore=True),
        Override(Constraint(180.0)),
        Override(Constraint(None, Fraction(1, 2))),
        Override(beats=ODD),
        Override(Constraint(90.0), BeatGrid(np.array([1.0, 1.5, 2.1, 2.6])), ignore=True),
    ]
)
path, audio_hash = st.sampled_from(PATHS), st.sampled_from(HASHES)
changes = st.one_of(
    st.tuples(st.just("scan"), path, audio_hash, detections, few_tags, st.sampled_from([60.0, 60.9, 200.0])),
    st.tuples(st.just("retag"), path, audio_hash, few_tags),
    st.tuples(st.just("fail"), path),
    st.tuples(st.just("move"), path, path),
    st.tuples(st.just("say"), audio_hash, overrides, st.none() | detections),
    st.tuples(st.just("prune"), st.lists(path, max_size=3)),
)


def make(store: Store, change: tuple[Any, ...]) -> None:
    known = {file.path: file.audio_hash for file in store.known_files()}
    match change:
        case "scan", where, sound, found, tags, seconds:
            store.save(replace(entry(where, sound, found=found, tags=tags), duration_s=seconds))
        case "retag", where, sound, tags:
            store.save(entry(where, sound, tags=tags))
        case "fail", where:
            store.save(entry(where, "", error="cut off"))
        case "move", where, old if old in known:
            store.save(entry(where, known[old]), moved_from=old)
        case "say", sound, said, found:
            store.set_override(sound, said, found if sound in known.values() else None)
        case "prune", paths:
            store.prune(paths)


histories = st.lists(changes, max_size=14)
songs = st.lists(
    st.builds(
        ImportedSong,
        st.sampled_from(["Run", "Walk!", "Other"]),
        st.sampled_from(["Anna", "BEN"]),
        st.sampled_from([60.0, 62.5, 200.0]),
        st.just(150.0),
        album=st.none() | st.just("One"),
        isrc=st.none() | st.sampled_from(["GBAYE0601498", "GBAYE0601500"]),
    ),
    max_size=4,
)


@settings(max_examples=150)
@given(histories)
def test_a_loaded_shelf_is_the_shelf_of_all_tracks(history: list[tuple[Any, ...]]) -> None:
    with Store(":memory:") as store:
        for change in history:
            make(store, change)
        assert_equal(load_shelf(store), Shelf.of(store.tracks()))


@settings(max_examples=60)
@given(histories, songs)
def test_imported_songs_join_the_shelf_unless_they_are_files(
    history: list[tuple[Any, ...]], known: list[ImportedSong]
) -> None:
    with Store(":memory:") as store:
        for change in history:
            make(store, change)
        SongBook(store).take_in([SongRow(number, song) for number, song in enumerate(known)])
        files = store.tracks()
        assert_equal(load_shelf(store), Shelf.of(files))
        joined = load_shelf(store, imported=True)
        assert_equal(joined, Shelf.of([*files, *SongBook(store).tracks(files)]))
        assert (
            rows_matching(joined, parse_query("imported:yes").matches).tolist() == (~joined.has_file).tolist()
        )


def test_a_copy_takes_the_place_of_a_file_that_is_pruned() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.save(entry("/m/b.mp3", "b2:a", tags=Tags(title="Run", artist="Ben")))
        store.prune(["/m/a.mp3"])
        shelf = load_shelf(store)
        assert_equal(shelf, Shelf.of(store.tracks()))
        assert (shelf.paths([0]), shelf.artist.tolist()) == (["/m/b.mp3"], [0])


QUERIES = [
    "run",
    "artist:anna bpm:100..200",
    "genre:rock",
    "title:walk year:1990..1991",
    "isrc:gb",
    "confidence:sure",
    "confidence:..0.5",
    "duration:0..61",
    "beat:no",
    "corrected:yes",
    "ignored:no",
    "explicit:yes",
    "imported:no",
    "energy:0.5..1 level:-20..0",
    "path:b",
    "hash:2",
    "id:1..3",
    "rating:0..1",
]


@settings(max_examples=60)
@given(histories, songs, st.sampled_from(QUERIES), st.sets(path))
def test_what_is_not_asked_for_or_not_there_gives_its_place_to_a_copy(
    history: list[tuple[Any, ...]], known: list[ImportedSong], text: str, gone: set[str]
) -> None:
    matches = parse_query(text).matches
    with Store(":memory:") as store:
        for change in history:
            make(store, change)
        SongBook(store).take_in([SongRow(number, song) for number, song in enumerate(known)])
        files = store.tracks()
        usable = [one for one in files if one.path not in gone and matches(one)]
        loaded = load_shelf(store, where=matches, is_there=lambda where: where not in gone)
        assert_equal(loaded, Shelf.of(usable))
        everything = load_shelf(store, imported=True)
        every = everything.fetch(range(len(everything)))
        lost = everything.missing(range(len(every)), lambda where: where not in gone)
        assert lost == [row for row, one in enumerate(every) if one.path in gone]
        wanted = [matches(one) for one in every]
        assert rows_matching(everything, matches).tolist() == wanted


@pytest.mark.parametrize("field", FIELDS)
def test_a_glance_answers_for_every_field(field: str) -> None:
    texts = ("a", "yes", "no", "0..1", "1..500", "..0", "0:30..1:30")
    said = Override(Constraint(120.0), ignore=True)
    tags = Tags("a", "a", "a", "a", 3, 1, "a", 1, "a", 120.0, "a", -3.0, 0.75, True, "a", {"a": "a"})  # noqa: FBT003
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection(), tags=tags))
        store.save(replace(entry("/m/b.mp3", "b2:b", found=SILENT, tags=Tags()), duration_s=200.0))
        store.set_override("b2:a", said)
        shelf = load_shelf(store)
        answers = set()
        for text in texts:
            try:
                matches = parse_query(f"{field}:{text}").matches
            except ValueError:
                continue  # a word in a field of numbers, or the other way round
            seen = [matches(one) for one in shelf.look()]
            assert seen == [matches(one) for one in shelf.fetch([0, 1])], text
            answers |= set(seen)
    assert answers == {True, False} or field == "imported"


def test_loading_reads_no_beats_and_fetching_only_those_asked_for() -> None:
    read: set[tuple[str, str]] = set()
    with Store(":memory:") as store:
        for number in range(5):
            store.save(entry(f"/m/{number}.mp3", f"b2:{number}", found=detection(100.0 + number)))

        def notice(_action: int, table: str | None, column: str | None, *_: object) -> int:
            read.add((table or "", column or ""))
            return 0

        assert store.database._connection is not None
        store.database._connection.set_authorizer(notice)
        shelf = load_shelf(store, where=parse_query("bpm:102..").matches)
        assert shelf.paths([0]) == ["/m/2.mp3"]
        assert ("shelf", "facts") in read
        assert "detections" not in {table for table, _ in read}
        assert [one.path for one in shelf.fetch([2, 0])] == ["/m/4.mp3", "/m/2.mp3"]
        assert ("detections", "deltas_us") in read


def test_a_track_that_is_gone_meanwhile_is_said_to_be() -> None:
    with Store(":memory:") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        shelf = load_shelf(store)
        store.prune(["/m/a.mp3"])
        for ask in (shelf.fetch, shelf.paths, lambda rows: list(shelf.look(rows))):
            with pytest.raises(LibraryError, match="changed while it was read"):
                ask([0])


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_library_gets_its_shelf_when_it_is_opened(tmp_path: Path, version: int) -> None:
    path = shutil.copyfile(DATA / f"library-v{version}.db", tmp_path / "library.db")
    with Store(path) as store:
        tracks = store.tracks()
        assert len(tracks) > 1
        assert_equal(load_shelf(store), Shelf.of(tracks))


def shelf_rows(store: Store) -> list[tuple[Any, ...]]:
    return store.database.tuples("SELECT * FROM shelf ORDER BY audio_hash, copy")


def test_facts_worked_out_in_another_way_are_worked_out_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "l.db") as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        store.save(entry("/m/b.mp3", "b2:a"))
        store.save(entry("/m/c.mp3", "b2:c", found=SILENT))
        store.set_override("b2:c", Override(beats=ODD))
        right = shelf_rows(store)
        with store.database.transaction() as change:
            change.run("UPDATE shelf SET facts = x'00'")
        wrong = shelf_rows(store)
    with Store(tmp_path / "l.db") as store:
        assert shelf_rows(store) == wrong, "nothing is worked out twice"
    monkeypatch.setattr("bpmsync.library.schema.FACTS_VERSION", 999)
    with Store(tmp_path / "l.db") as store:
        assert shelf_rows(store) == right

    def broken(_tracks: object) -> None:
        raise ZeroDivisionError

    monkeypatch.undo()
    monkeypatch.setattr("bpmsync.library.schema.records_of", broken)
    with pytest.raises(ZeroDivisionError):
        Store(tmp_path / "l.db")
    monkeypatch.undo()
    with Store(tmp_path / "l.db") as store:
        assert shelf_rows(store) == right


def test_a_library_made_of_numbers_is_one(tmp_path: Path) -> None:
    make_big_library(tmp_path / "one.db", 150, 7)
    make_big_library(tmp_path / "two.db", 150, 7)
    with Store(tmp_path / "one.db") as store, Store(tmp_path / "two.db") as again:
        tracks = store.tracks()
        assert tracks == again.tracks()
        shelf = load_shelf(store)
        assert_equal(shelf, Shelf.of(tracks))
    assert len(shelf) == 150
    assert 300 < np.mean([len(one.grid) for one in tracks if one.grid is not None]) < 700
    assert 100 < np.nanmedian(shelf.tempo_bpm) < 140
    assert 0 < shelf.settled.mean() < 0.1
    assert 0 < np.isnan(shelf.tempo_bpm).mean() < 0.1
