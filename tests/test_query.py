"""The query language picks the tracks that it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import Constraint, Detection
from bpmsync.errors import ParameterError
from bpmsync.library.imported import ImportedSong
from bpmsync.library.query import parse_query
from bpmsync.library.shelving import tracks_matching
from bpmsync.library.songbook import SongBook
from bpmsync.library.songcsv import SongRow
from bpmsync.library.store import Store
from bpmsync.library.track import Override, Tags, Track
from library_cases import detection, entry
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def song() -> Track:
    base = track("Élan", 85.3, 250.0, artist="Daft Punk", genre="House", confidence=0.45)
    return replace(base, id=7, tags=replace(base.tags, album="Alive", year=1997, explicit=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "daft",
        "DAFT house",
        "élan",
        "e\u0301lan",  # decomposed, as some file systems write it
        '"daft punk"',
        'artist:"daft punk"',
        "ARTIST:punk",
        "path:music",
        "bpm:80..92",
        "bpm:85",
        "bpm:..92",
        "bpm:80..",
        "confidence:..0.5",
        "confidence:check",
        "duration:4:00..5:00",
        "duration:250s",
        "year:1997",
        "id:7",
        "explicit:yes",
        "ignored:no",
        "beat:yes",
        "hash:b2:",
        "album:alive bpm:85 punk",
    ],
)
def test_a_query_finds_its_track(song: Track, text: str) -> None:
    assert parse_query(text).matches(song)


@pytest.mark.parametrize(
    "text",
    [
        "queen",
        "daft queen",
        "artist:house",
        "bpm:86..92",
        "bpm:170",
        "confidence:sure",
        "confidence:0.5..",
        "year:..1996",
        "rating:0..1",  # not rated at all
        "explicit:no",
        "corrected:yes",
        '"punk daft"',
    ],
)
def test_a_query_leaves_others_out(song: Track, text: str) -> None:
    assert not parse_query(text).matches(song)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("colour:red", "there are path"),
        ("bpm:fast", "bpm:80..92"),
        ("bpm:92..80", "empty range"),
        ("bpm:..", "empty range"),
        ("bpm:nan", "bpm:80..92"),
        ("duration:250", "duration:2:00..6:00"),
        ("explicit:maybe", "explicit:yes"),
        ('artist:"daft', "not closed"),
    ],
)
def test_nonsense_is_refused_with_the_right_form(text: str, hint: str) -> None:
    with pytest.raises(ParameterError, match=hint):
        parse_query(text)


def test_a_correction_can_be_asked_for(song: Track) -> None:
    fixed = replace(song, override=Override(Constraint(tempo_bpm=170.6)))
    assert parse_query("corrected:yes").matches(fixed)


def test_a_quoted_colon_and_a_drive_are_plain_words(song: Track) -> None:
    named = replace(song, path="C:/Music/a.mp3", tags=Tags(title="Mission: Possible"))
    assert parse_query('"mission: possible"').matches(named)
    assert parse_query("c:/music").matches(named)


@given(st.text(max_size=30))
def test_any_text_is_a_query_or_a_clear_error(text: str) -> None:
    try:
        query = parse_query(text)
    except ParameterError:
        return
    assert isinstance(query.matches(track("x", 100)), bool)


@given(st.floats(40, 300), st.floats(40, 300), st.floats(40, 300))
def test_a_range_means_its_ends_and_what_lies_between(bpm: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    song = track("x", bpm)
    tempo = song.detection.tempo_bpm
    assert tempo is not None
    assert parse_query(f"bpm:{low}..{high}").matches(song) == (low <= tempo <= high)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A library with copies, corrections, a file without a beat, and imported songs, one a file too."""
    with Store(":memory:") as store:
        for path, name, found in [
            ("/z/last.mp3", "b2:a", detection(85.0)),
            ("/m/copy.mp3", "b2:b", detection(128.0)),
            ("/m/Copy 2.mp3", "b2:b", None),
            ("/é/accent.mp3", "b2:c", detection(170.0)),
            ("/m/silent.mp3", "b2:d", Detection("bpmsync", "1", failure="silence")),
        ]:
            store.save(entry(path, name, found=found, tags=Tags(title=name, artist="A", year=1990)))
        store.set_override("b2:c", Override(ignore=True))
        songs = [
            ImportedSong("b2:a", "A", 61.5, 170.0),  # there as a file
            ImportedSong("Song", "Z", 200.0, 85.0),
            ImportedSong("Another", "B", 200.0, 128.0),
        ]
        SongBook(store).take_in([SongRow(line, song) for line, song in enumerate(songs, start=2)])
        yield store


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "b2:a",
        "copy",
        "bpm:84..129",
        "ignored:yes",
        "corrected:no",
        "beat:no",
        "imported:yes",
        "year:1990",
        "hash:b2:b",
        "É",
        "imported:no another",
        "confidence:0.5..",
        "duration:61s..62s",
        "nothing at all",
    ],
)
def test_a_library_answers_as_its_tracks_would(store: Store, text: str) -> None:
    text = f'"{text}"' if text == "b2:a" else text
    meant = parse_query(text).matches
    files, songs = store.tracks(), SongBook(store).tracks()
    assert (len(files), len(songs)) == (5, 2)
    assert tracks_matching(store, meant) == [track for track in files if meant(track)]
    both = [track for track in [*files, *songs] if meant(track)]
    assert tracks_matching(store, meant, imported=True) == both
    assert bool(both) == (text not in {"nothing at all", "imported:no another"})
