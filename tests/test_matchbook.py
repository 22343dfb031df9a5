"""What was found out about a song is kept until it expires, and a person's word beyond every search."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.library.answers import Answer
from bpmsync.library.imported import ImportedSong
from bpmsync.library.matchbook import MatchBook
from bpmsync.library.songbook import SongBook
from bpmsync.library.songcsv import SongRow
from bpmsync.library.store import Store
from library_cases import detection, entry

if TYPE_CHECKING:
    from bpmsync.export.spotify.memory import MatchMemory

DATA = Path(__file__).resolve().parent / "data"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HIT = Answer("spotify:track:0000000000000000000000", "sure", reason="same title", title="A", duration_s=180.5)
MISS = Answer(None, "none", reason="nothing near", expires_at=NOW + DAY)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
answers = st.builds(
    Answer,
    uri=st.none() | texts,
    grade=st.sampled_from(["exact", "sure", "ask", "none"]),
    source=st.sampled_from(["search", "person"]),
    reason=texts,
    title=texts,
    artist=texts,
    duration_s=st.none() | st.floats(0, 1e5),
    expires_at=st.none() | st.datetimes(dt.datetime(2027, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
)


def book(store: Store, now: dt.datetime = NOW) -> MatchBook:
    return MatchBook(store, now=lambda: now)


@given(st.dictionaries(texts, answers, max_size=4))
def test_what_is_remembered_is_recalled_equal(said: dict[str, Answer]) -> None:
    with Store(":memory:") as store:
        for key, answer in said.items():
            book(store).remember(key, answer)
        assert {key: book(store).recall(key) for key in said} == said
        assert book(store).answers() == said
        assert list(book(store).answers()) == sorted(said, key=str.encode)


@given(answers, answers)
def test_a_search_never_replaces_a_persons_word(first: Answer, second: Answer) -> None:
    with Store(":memory:") as store:
        book(store).remember("b2:a", first)
        book(store).remember("b2:a", second)
        stays = first.source == "person" and second.source == "search"
        assert book(store).recall("b2:a") == (first if stays else second)


def test_an_answer_stands_until_the_moment_it_expires() -> None:
    with Store(":memory:") as store:
        book(store).remember("b2:a", MISS)
        assert book(store, NOW + DAY - dt.timedelta(microseconds=1)).recall("b2:a") == MISS
        late = book(store, NOW + DAY)
        assert late.recall("b2:a") is None
        assert late.answers() == {}
        late.remember("b2:a", HIT)
        assert late.recall("b2:a") == HIT


def test_a_persons_word_that_has_expired_gives_way() -> None:
    with Store(":memory:") as store:
        book(store).remember("b2:a", replace(MISS, source="person"))
        late = book(store, NOW + DAY)
        late.remember("b2:a", HIT)
        assert late.recall("b2:a") == HIT


def test_a_moment_is_kept_whatever_its_time_zone() -> None:
    east = dt.timezone(dt.timedelta(hours=9))
    with Store(":memory:") as store:
        book(store).remember("b2:a", replace(MISS, expires_at=MISS.expires_at.astimezone(east)))  # type: ignore[union-attr]
        assert book(store).recall("b2:a") == MISS
        with pytest.raises(ParameterError, match="time zone"):
            book(store).remember("b2:a", replace(MISS, expires_at=dt.datetime(2027, 1, 1)))  # noqa: DTZ001


def test_what_is_forgotten_is_gone_for_good() -> None:
    with Store(":memory:") as store:
        book(store).remember("b2:a", replace(HIT, source="person"))
        assert book(store).forget("b2:a")
        assert not book(store).forget("b2:a")
        assert book(store).recall("b2:a") is None


def test_an_answer_is_in_the_file_at_once_and_outlives_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with Store(path) as store:
        store.save(entry("/m/a.mp3", "b2:a", found=detection()))
        book(store).remember("b2:a", HIT)
        with Store(path) as beside:
            assert book(beside).recall("b2:a") == HIT
        store.prune(["/m/a.mp3"])
    with Store(path) as store:
        memory: MatchMemory = book(store)
        assert memory.recall("b2:a") == HIT


@pytest.mark.parametrize("name", ["library-v1.db", "library-v2.db"])
def test_an_old_library_takes_answers_and_songs(tmp_path: Path, name: str) -> None:
    path = shutil.copyfile(DATA / name, tmp_path / "l.db")
    song = ImportedSong("One", "A", 200.0, 170.0)
    with Store(path) as store:
        overrides = store.overrides()
        assert overrides
        book(store).remember("b2:plain", HIT)
        assert SongBook(store).take_in([SongRow(2, song)]).new
    with Store(path) as store:
        assert book(store).recall("b2:plain") == HIT
        assert list(SongBook(store).songs().values()) == [song]
        assert store.overrides() == overrides


def test_a_text_that_is_no_unicode_is_kept_as_far_as_it_is() -> None:
    with Store(":memory:") as store:
        book(store).remember("b2:a", replace(HIT, title="a\ud800b"))
        assert book(store).recall("b2:a") == replace(HIT, title="a?b")


def test_what_is_true_of_a_stand_in_is_not_told_of_the_service() -> None:
    with Store(":memory:") as store:
        service, stand_in = book(store), MatchBook(store, now=lambda: NOW, catalogue="stand-in")
        stand_in.remember("b2:1", HIT)
        assert service.recall("b2:1") is None
        service.remember("b2:1", MISS)
        assert (stand_in.recall("b2:1"), service.recall("b2:1")) == (HIT, MISS)
        assert stand_in.forget("b2:1")
        assert service.recall("b2:1") == MISS
