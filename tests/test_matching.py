"""Songs meet the recording that they are, never another version of it, and few searches are spent."""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import replace
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import RateLimited
from bpmsync.export.spotify.finding import find_match, match_song, recall_match, remember_person
from bpmsync.export.spotify.matching import grade_candidates
from bpmsync.export.spotify.memory import PassingMemory
from bpmsync.export.spotify.readings import isrcs_in
from bpmsync.export.spotify.values import CatalogueTrack, Grade, Song
from bpmsync.export.spotify.versions import split_title
from matching_cases import HALVES, Case, Half, cases, figures, measure, search_all, table

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
RANKS = {Grade.NONE: 0, Grade.ASK: 1, Grade.SURE: 2, Grade.EXACT: 3}
SONG = Song("k", "River of Tin", 200.0, artist="The Owls", album="Tin")
FOUND = CatalogueTrack("spotify:track:0", "River of Tin", ("The Owls",), "Tin", 200.4, "QZCC33300001")
a_case = st.sampled_from(cases())
Form: TypeAlias = Literal["NFC", "NFD", "NFKC", "NFKD"]
WRONG = (
    " - Live",
    " (Live at the Mill)",
    " - Karaoke Version",
    " (Instrumental)",
    " - Sped Up",
    " (Slowed + Reverb)",
    " - Extended Mix",
    " (Ola Verne Remix)",
    " - Demo",
    " [Acoustic]",
    " - Re-Recorded",
    " (Made Famous by The Owls)",
    " - Ao Vivo",
    " (カラオケ)",
    " - Ремикс",
    " (Orchestral Version)",
    ", Pt. 2",
    " Live",
    " Karaoke",
    " - Nightcore",
    " (The Owls' Version)",
    " - 2012 Version",
    " - Radio Edit",
)


def named(case: Case) -> str:
    return f"{case.half}: {case.song.name}"


@pytest.mark.parametrize("half", HALVES)
def test_no_wrong_version_is_pushed_and_nine_of_ten_right_ones_are(
    half: Half, capsys: pytest.CaptureFixture[str]
) -> None:
    results = measure(case for case in cases() if case.half == half)
    with capsys.disabled():
        print(f"\nmatching, {half}:\n{table(results)}")  # noqa: T201 - the figures are what was asked for
    of = figures(results)
    assert [named(result.case) for result in results if result.label == "wrong"] == []
    assert of.recall >= 0.9
    assert of.searches <= 2.0


def test_the_set_is_as_large_and_as_mixed_as_it_should_be() -> None:
    assert sum(len(case.tracks) for case in cases()) >= 200
    kinds = {half: {case.kind for case in cases() if case.half == half} for half in HALVES}
    assert kinds["tune"] == kinds["check"]
    assert len({track.uri for case in cases() for track in case.tracks}) == sum(
        len(case.tracks) for case in cases()
    )


@given(case=a_case, seed=st.randoms(use_true_random=False))
def test_the_order_of_candidates_changes_no_grade(case: Case, seed: st.randoms) -> None:  # type: ignore[valid-type]
    shuffled = list(case.tracks)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert grade_candidates(case.song, shuffled).grade is grade_candidates(case.song, case.tracks).grade


@given(
    case=a_case,
    form=st.sampled_from(("NFC", "NFD", "NFKC", "NFKD")),
    upper=st.booleans(),
    theirs=st.booleans(),
)
def test_case_and_unicode_forms_change_no_grade(case: Case, form: Form, upper: bool, theirs: bool) -> None:  # noqa: FBT001
    def written(text: str) -> str:
        text = unicodedata.normalize(form, text)
        return text.upper() if upper else text

    def same(text: str) -> str:
        return text

    ours, their = (same, written) if theirs else (written, same)
    song = replace(case.song, title=ours(case.song.title), artist=case.song.artist and ours(case.song.artist))
    tracks = [
        replace(track, title=their(track.title), artists=tuple(map(their, track.artists)))
        for track in case.tracks
    ]
    assert grade_candidates(song, tracks).grade is grade_candidates(case.song, case.tracks).grade


@given(case=a_case, words=st.sampled_from(WRONG))
def test_a_wrong_version_word_never_raises_a_grade_and_is_never_pushed(case: Case, words: str) -> None:
    for track in case.tracks:
        before = grade_candidates(case.song, [track]).grade
        match = grade_candidates(case.song, [replace(track, title=track.title + words)])
        if before in (Grade.SURE, Grade.EXACT):
            assert RANKS[match.grade] <= RANKS[before]
            # Cuts of one recording may share an ISRC; what is the same word twice is no wrong one.
            new = split_title(track.title + words).versions - split_title(track.title).versions
            if new and new not in ({"radio edit"}, {"extended"}):
                assert match.grade not in (Grade.SURE, Grade.EXACT), match


@given(case=a_case, off_s=st.floats(3.01, 600.0))
def test_another_length_is_never_pushed(case: Case, off_s: float) -> None:
    tracks = [replace(track, duration_s=case.song.duration_s + off_s) for track in case.tracks]
    assert not grade_candidates(case.song, tracks).pushed


@given(case=a_case, off_s=st.floats(2.01, 3.0))
def test_without_the_isrc_two_seconds_are_the_limit(case: Case, off_s: float) -> None:
    tracks = [replace(track, duration_s=case.song.duration_s + off_s) for track in case.tracks]
    assert not grade_candidates(replace(case.song, isrc=None), tracks).pushed


@given(case=a_case)
def test_another_artist_is_never_pushed(case: Case) -> None:
    song = replace(case.song, isrc=None, artist="Quite Another Ensemble Zyx", title=case.song.title)
    tracks = [track for track in case.tracks if case.song.artist]
    assert not grade_candidates(song, tracks).pushed


@given(case=a_case)
def test_without_artist_and_isrc_a_person_is_asked_at_best(case: Case) -> None:
    song = replace(case.song, isrc=None, artist=None, title="River of Tin")
    tracks = [replace(track, title="River of Tin") for track in case.tracks]
    assert not grade_candidates(song, tracks).pushed


@given(text=st.text(max_size=60), other=st.text(max_size=60))
def test_any_text_can_be_taken_apart_and_graded(text: str, other: str) -> None:
    queries: list[str] = []

    def search(query: str) -> list[CatalogueTrack]:
        queries.append(query)
        return [replace(FOUND, title=other, artists=(text,))]

    match = find_match(Song("k", text * 9, 200.0, artist=other * 9, isrc=text), search)
    assert match.grade in Grade
    assert len(queries) <= 3
    assert all(query.strip() and len(query) <= 250 for query in queries)


@pytest.mark.parametrize(
    "tag", ["qzcc33300001", "QZ-CC3-33-00001", " QZ CC3 33 00001 ", "ISRC QZCC33300001", "x; QZCC33300001"]
)
def test_an_isrc_is_read_however_it_is_written_and_ends_the_search(tag: str) -> None:
    queries: list[str] = []

    def search(query: str) -> list[CatalogueTrack]:
        queries.append(query)
        return [FOUND]

    assert find_match(replace(SONG, isrc=tag), search).grade is Grade.EXACT
    assert queries == ["isrc:QZCC33300001"]


@pytest.mark.parametrize("tag", ["", "unknown", "QZCC3330001", "123456789012", None])
def test_what_is_no_isrc_is_never_asked_for(tag: str | None) -> None:
    assert isrcs_in(tag) == ()


@pytest.mark.parametrize(
    ("track", "grade"),
    [
        (FOUND, Grade.EXACT),
        (replace(FOUND, duration_s=202.9), Grade.EXACT),
        (replace(FOUND, duration_s=203.2), Grade.ASK),
        (replace(FOUND, title="River of Tin - Live"), Grade.ASK),
        (replace(FOUND, title="River of Tin - Radio Edit"), Grade.EXACT),
        (replace(FOUND, title="Something Else", artists=("Nobody",)), Grade.NONE),
        (replace(FOUND, title="Something Else"), Grade.ASK),
        (replace(FOUND, artists=("Nobody",)), Grade.ASK),
        (replace(FOUND, title="River of Tin (Karaoke)"), Grade.NONE),
    ],
)
def test_an_isrc_alone_decides_nothing(track: CatalogueTrack, grade: Grade) -> None:
    assert grade_candidates(replace(SONG, isrc=FOUND.isrc), [track]).grade is grade


def test_of_equal_candidates_the_album_decides_then_the_order() -> None:
    sampler = replace(FOUND, uri="spotify:track:1", album="Now Running")
    assert grade_candidates(SONG, [sampler, FOUND]).found == FOUND
    again = replace(sampler, uri="spotify:track:2", album="Then Running")
    assert grade_candidates(SONG, [again, sampler]).found == again
    assert grade_candidates(SONG, [sampler, again]).found == sampler


@pytest.mark.parametrize("case", cases(), ids=named)
def test_what_is_remembered_costs_no_search_and_is_the_same(case: Case) -> None:
    memory = PassingMemory()
    first = match_song(case.song, search_all, memory, now=NOW)
    again = match_song(case.song, _never, memory, now=NOW + dt.timedelta(days=29))
    assert (again.song, again.grade, again.reason) == (first.song, first.grade, first.reason)
    assert (again.found and (again.found.uri, again.found.title, again.found.duration_s)) == (
        first.found and (first.found.uri, first.found.title, first.found.duration_s)
    )
    assert (again.found and again.found.name) == (first.found and first.found.name)


def _never(query: str) -> list[CatalogueTrack]:
    pytest.fail(f"asked for {query}")


@pytest.mark.parametrize(
    ("found", "days"), [([FOUND], 365), ([replace(FOUND, title="River of Tin (Live)")], 30), ([], 30)]
)
def test_answers_expire(found: list[CatalogueTrack], days: int) -> None:
    memory = PassingMemory()
    match_song(SONG, lambda _: found, memory, now=NOW)
    last = NOW + dt.timedelta(days=days)
    assert recall_match(SONG, memory, now=last - dt.timedelta(seconds=1)) is not None
    assert recall_match(SONG, memory, now=last) is None
    assert match_song(SONG, lambda _: [FOUND], memory, now=last).grade is Grade.SURE


@pytest.mark.parametrize("track", [FOUND, None])
def test_what_a_person_said_stays_for_good(track: CatalogueTrack | None) -> None:
    memory = PassingMemory()
    match_song(SONG, lambda _: [replace(FOUND, uri="spotify:track:9")], memory, now=NOW)
    said = remember_person(SONG, track, memory)
    later = match_song(SONG, _never, memory, now=NOW + dt.timedelta(days=9999))
    assert later == said
    assert (later.grade, later.found and later.found.uri) == (
        (Grade.EXACT, FOUND.uri) if track else (Grade.NONE, None)
    )


def test_a_track_that_an_import_names_is_taken_unless_a_person_said_otherwise() -> None:
    memory = PassingMemory()
    song = replace(SONG, uri="spotify:track:5")
    match = match_song(song, _never, memory, now=NOW)
    assert (match.grade, match.found and match.found.uri) == (Grade.EXACT, "spotify:track:5")
    remember_person(song, FOUND, memory)
    found = match_song(song, _never, memory, now=NOW).found
    assert found is not None
    assert found.uri == FOUND.uri


def test_a_search_that_fails_leaves_nothing_behind() -> None:
    stopped = RateLimited("come back later", 60.0)

    def search(_: str) -> list[CatalogueTrack]:
        raise stopped

    memory = PassingMemory()
    with pytest.raises(RateLimited):
        match_song(SONG, search, memory, now=NOW)
    assert memory.recall(SONG.key) is None
