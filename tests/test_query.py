"""The query language picks the tracks that it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import Constraint
from bpmsync.errors import ParameterError
from bpmsync.library.query import parse_query
from bpmsync.library.track import Override, Tags, Track
from planner_cases import track


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
