"""What a person is asked to check, in which order and why; and what plans leave out."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import PLANNED, SURE, Constraint, Detection, Reading
from bpmsync.cli.main import main
from bpmsync.library.store import Store
from bpmsync.library.track import Override, Track
from bpmsync.planner.candidates import NativeOptions, find_candidates, refusal
from bpmsync.planner.doubt import doubtful, left_out
from bpmsync.timeline.grid import BeatGrid
from bpmsync.timeline.ramp import Ramp
from library_cases import detection, entry
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path

SAID = (Override(Constraint(85.0)), Override(beats=BeatGrid(np.array([0.0, 0.5]))), Override(ignore=True))


def changed(song: Track, **values: Any) -> Track:  # noqa: ANN401
    return replace(song, detection=replace(song.detection, **values))


def without_beat(name: str, failure: str) -> Track:
    return replace(track(name, 100), detection=Detection("bpmsync", "1", failure=failure))


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.sampled_from(SAID)), max_size=12))
def test_all_that_is_not_sure_and_nothing_else_the_most_doubtful_first(
    library: list[tuple[float, Override | None]],
) -> None:
    songs = [
        replace(track(str(i), 100, confidence=confidence), override=said or Override())
        for i, (confidence, said) in enumerate(library)
    ]
    found = [doubt.track for doubt in doubtful(songs)]
    assert {t.path for t in found} == {
        t.path for t in songs if t.detection.confidence < SURE and not t.override
    }
    confidences = [t.detection.confidence for t in found]
    assert confidences == sorted(confidences)
    assert all(doubt.reasons for doubt in doubtful(songs))


@given(st.permutations(range(5)))
def test_the_order_of_the_library_does_not_matter(order: list[int]) -> None:
    songs = [track(str(i), 100, confidence=0.3) for i in range(4)]
    songs.append(track("copy", 100, confidence=0.3, audio_hash="b2:0"))
    found = [doubt.track.path for doubt in doubtful(songs[i] for i in order)]
    assert found == [f"/music/{i}.mp3" for i in range(4)]


def test_music_without_a_beat_comes_last_and_speech_not_at_all() -> None:
    songs = [
        without_beat("noise", "no beat: nothing in it repeats"),
        without_beat("blip", "only 2.0 s long"),
        replace(without_beat("talk", "no beat: speech"), path="/music/talk.m4b"),
        track("song", 100, confidence=0.7),
    ]
    found = doubtful(songs)
    assert [doubt.track.tags.title for doubt in found] == ["song", "blip", "noise"]
    assert [doubt.reasons for doubt in found[1:]] == [
        ("no beat: only 2.0 s long",),
        ("no beat: nothing in it repeats",),
    ]


def reasons(song: Track) -> str:
    (doubt,) = doubtful([song])
    return "; ".join(doubt.reasons)


def readings(**odds: float) -> tuple[Reading, ...]:
    names = {"half": "1/2", "two_thirds": "2/3", "one": "1", "more": "3/2", "twice": "2", "thrice": "3"}
    return tuple(Reading(Fraction(names[name]), p) for name, p in odds.items())


def test_each_reason_is_said() -> None:
    unsure = track("song", 84, confidence=0.31)
    assert reasons(unsure) == "the tracker is not sure of this beat"
    rival = changed(unsure, readings=readings(one=0.45, more=0.41, half=0.14))
    assert reasons(rival) == "another tempo is nearly as likely: 3/2 (126.0 BPM, 0.41)"
    waltz = changed(unsure, readings=readings(one=0.4, thrice=0.35, two_thirds=0.25))
    assert "likely: 3 (252.0 BPM, 0.35)" in reasons(waltz)
    assert "a clear beat in only 25 % of it" in reasons(changed(unsure, usable=((0.0, 50.0),)))
    assert "faint beat (salience 0.12)" in reasons(changed(unsure, salience=0.12))
    number = np.arange(250)
    loose = np.round(0.4 + 0.7 * number + 0.5 * np.sin(number / 5), 6)
    assert "beat not regular" in reasons(track("live", 0, beats=loose, confidence=0.5))


@given(half=st.floats(0, 1), twice=st.floats(0, 1))
def test_half_and_double_are_no_other_cadence(half: float, twice: float) -> None:
    song = changed(track("song", 84, confidence=0.5), readings=readings(one=0.2, half=half, twice=twice))
    assert "another tempo" not in reasons(song)


@given(st.floats(0, 1))
def test_what_is_left_out_is_what_the_planner_refuses(confidence: float) -> None:
    song = track("song", 170, confidence=confidence)
    words = left_out(song)
    assert (words is None) == (refusal(song, NativeOptions()) is None) == (confidence >= PLANNED)
    if words is not None:
        said, least = words.removeprefix("confidence ").split(" (")[0].split(" < ")
        assert float(said) < float(least)


def test_other_reasons_to_leave_a_track_out_name_the_option() -> None:
    assert left_out(track("short", 170, 80.0)) == "shorter than 1m30s (--min-length)"
    assert left_out(track("long", 170, 800.0)) == "longer than 12m (--max-length)"
    assert left_out(track("talk", 170, genre="Podcast")) == "spoken word (--spoken)"
    assert "fix --use" in (left_out(track("never", 170, ignore=True)) or "")
    assert left_out(without_beat("noise", "no beat")) == "no beat"


def test_what_a_person_said_outweighs_the_machines_doubt() -> None:
    ramp = Ramp.constant(170.0, duration_s=200.0)
    song = track("song", 85, confidence=0.2)
    assert find_candidates([song], ramp, NativeOptions()) == ()
    told = replace(song, override=Override(Constraint(85.0)))
    (candidate,) = find_candidates([told], ramp, NativeOptions())
    (certain,) = find_candidates([changed(told, confidence=1.0)], ramp, NativeOptions())
    assert candidate.penalty == certain.penalty
    shut = replace(told, override=replace(told.override, ignore=True))
    assert find_candidates([shut], ramp, NativeOptions()) == ()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Return a library of one sure, one likely, one doubtful and one beatless recording."""
    path = tmp_path / "library.db"
    with Store(path) as store:
        for name, confidence in (("sure", 0.9), ("likely", 0.625), ("doubtful", 0.3125)):
            found = replace(
                detection(84),
                confidence=confidence,
                readings=readings(one=0.5, more=0.4, half=0.1),
                bar_confidence=0.75,
                salience=0.5,
                sections=(0.25, 34.5),
            )
            looked = entry(f"/music/{name}.mp3", f"b2:{name}", found=found)
            store.save(replace(looked, duration_s=200.0))
        store.save(
            entry("/music/noise.mp3", "b2:noise", found=Detection("bpmsync", "1", failure="no beat: noise"))
        )
    return path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_list_and_what_to_do_next(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--db", db, "tracks", "--doubtful")
    assert status == 0
    places = [out.index(word) for word in ("b2:doubtful", "b2:likely", "b2:noise")]
    assert places == sorted(places)
    assert "b2:sure" not in out
    assert "another tempo is nearly as likely: 3/2 (126.0 BPM, 0.40)" in out
    assert "check  0.31   84.0 BPM  b2:doubtful" in out
    assert "3 of 4 tracks to check" in err
    assert f"1 of them left out of plans: confidence below {PLANNED:g}" in err
    assert "bpmsync listen ID" in err
    assert "bpmsync fix ID" in err
    _, out, err = run(capsys, "--db", db, "tracks", "--doubtful", "likely")
    assert "b2:likely" in out
    assert "b2:doubtful" not in out
    assert "1 of 1 tracks" in err


def test_as_json_and_with_nothing_to_say(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = json.loads(run(capsys, "--db", db, "tracks", "--doubtful", "--json")[1])
    assert [item["title"] for item in listed] == ["b2:doubtful", "b2:likely", "b2:noise"]
    assert [item["left_out"] for item in listed] == [
        f"confidence 0.31 < {PLANNED:g} (--min-confidence)",
        None,
        "no beat",
    ]
    assert all(item["reasons"] for item in listed)
    assert "1 of them left out of plans" in run(capsys, "--db", db, "tracks")[2]
    status, out, err = run(capsys, "--db", db, "tracks", "--doubtful", "confidence:sure")
    assert (status, out) == (0, "")
    assert "none of 1 tracks is doubtful" in err
    assert json.loads(run(capsys, "--db", db, "tracks", "confidence:sure", "--doubtful", "--json")[1]) == []
    assert run(capsys, "--db", db, "tracks", "--doubtful", "--failed")[0] == 2


def test_show_tells_bars_sections_and_every_reading_in_steps(
    db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "--db", db, "show", "doubtful")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "bars 4 beats each, the first at 0.250 s (confidence 0.75)" in lines
    assert f"left out of plans confidence 0.31 < {PLANNED:g} (--min-confidence)" in lines
    assert "salience 0.50" in lines
    assert "sections 0:00, 0:34" in lines
    assert "3/2 x 126.0 126.0 1 0.40" in lines
    assert "1/2 x 42.0 84.0 2 0.10" in lines
    shown = json.loads(run(capsys, "--db", db, "show", "doubtful", "--json")[1])
    assert shown["beats_per_bar"] == 4
    assert (shown["bar_confidence"], shown["salience"], shown["sections"]) == (0.75, 0.5, [0.25, 34.5])
    by_ratio = {reading["ratio"]: reading for reading in shown["readings"]}
    assert by_ratio["1"]["spm"] == pytest.approx(168, abs=1e-3)
    assert by_ratio["1"]["steps_per_beat"] == "2"
    assert by_ratio["3/2"]["bpm"] == pytest.approx(126, abs=1e-3)
