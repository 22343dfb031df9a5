"""The benchmark of the beat trackers: its parts, on real processes and on made-up estimates."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from fractions import Fraction
    from types import ModuleType

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

confidence = import_module("beats_confidence")
peers = import_module("beats_peers")
reasons = import_module("beats_reasons")
scores = import_module("beats_scores")

BEAT_S = 0.4  # 150 BPM: the scorer doubles what is below 125, and a doubled beat has no off-beat
BEATS = np.arange(1.0, 60.0, BEAT_S)


@pytest.fixture(scope="session")
def scorer(corpus: Path) -> ModuleType:
    file = corpus.parent / "tools" / "score_beats.py"
    if not file.is_file():
        pytest.skip(f"no scorer at {file}, which is not part of the project")
    loaded: ModuleType = scores.load_scorer(file)
    return loaded


def as_track(beats: np.ndarray, tempo: float = 60 / BEAT_S) -> dict[str, Any]:
    return {"path": "a.ogg", "beats": beats, "tempo": tempo, "grade": "A", "genre": "techno"}


def as_line(beats: np.ndarray) -> dict[str, Any]:
    tempo = 60 / float(np.median(np.diff(beats)))
    return {"tempo": tempo, "beats": beats.tolist(), "duration_s": 60.0, "cpu_s": 1.0, "confidence": 0.9}


def test_a_tracker_answers_file_by_file_and_outlives_a_bad_one(tmp_path: Path, fixtures_audio: Path) -> None:
    pytest.importorskip("resource", reason="costs are measured on Unix only")
    music = max(fixtures_audio.glob("*.flac"), key=lambda file: file.stat().st_size)
    with peers.Peer(peers.TRACKERS["bpmsync"], Path(sys.executable), tmp_path / "log") as peer:
        assert "error" in peer.ask(tmp_path / "nothing.flac")
        answer = peer.ask(music)
    assert 40 < answer["tempo"] < 300
    assert answer["beats"] == sorted(answer["beats"])
    assert min(answer["cpu_s"], answer["decode_s"], answer["peak_mib"]) > 0
    assert peer.version


def test_a_tracker_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(peers.PeerError, match=r"run_no_such\.py"):
        peers.Peer(peers.Tracker("no_such", "no such"), Path(sys.executable), tmp_path / "log")


def test_every_peer_has_its_packages_pinned() -> None:
    for name, tracker in peers.TRACKERS.items():
        assert tracker.script.is_file()
        listed = tracker.script.with_name(f"{name}.txt")
        assert listed.is_file() == (name != peers.OURS)
        if listed.is_file():
            assert all("==" in line for line in listed.read_text(encoding="utf-8").split())


@given(st.floats(40, 250), st.sampled_from(scores.LEVELS), st.floats(-0.039, 0.039))
def test_a_tempo_near_a_level_is_at_that_level(truth: float, level: Fraction, off: float) -> None:
    assert scores.level_of(truth * float(level) * (1 + off), truth) == level


@given(st.floats(40, 250), st.sampled_from((0.58, 0.83, 1.15, 1.7, 2.5)))
def test_a_tempo_between_the_levels_is_at_none(truth: float, ratio: float) -> None:
    assert scores.level_of(truth * ratio, truth) is None


@pytest.mark.parametrize(
    ("genre", "group"),
    [
        ("rhythm-game electronic", "electronic"),
        ("game rock/metal/ambient (MIDI render)", "game"),
        ("trap/hip-hop", "hip-hop"),
        ("jazz/blues/rock/latin", "jazz and blues"),
        ("Zeppelin", "rock and pop"),
        ("", "other"),
    ],
)
def test_a_genre_belongs_to_one_kind(genre: str, group: str) -> None:
    assert scores.group_of({"genre": genre}) == group


@given(st.lists(st.booleans(), min_size=10, max_size=200))
def test_an_oracle_has_no_calibration_error(right: list[bool]) -> None:
    truth = np.array(right, float)
    assert confidence.calibration_error(truth, truth) == pytest.approx(0)


@given(st.floats(0, 1), st.integers(10, 200))
def test_the_calibration_error_of_the_always_wrong_is_their_confidence(said: float, count: int) -> None:
    error = confidence.calibration_error(np.full(count, said), np.zeros(count))
    assert error == pytest.approx(said)


@given(st.integers(0, 1000))
def test_a_confidence_fitted_anew_mends_one_that_boasts(seed: int) -> None:
    random = np.random.default_rng(seed)
    honest = random.uniform(0, 1, 500)
    right = (random.uniform(0, 1, 500) < honest).astype(float)
    boasting = 0.9 + honest / 10
    fitted = confidence.crossfitted(boasting, right)
    assert fitted.min() >= 0
    assert fitted.max() <= 1
    assert confidence.calibration_error(boasting, right) > 0.35
    assert confidence.calibration_error(fitted, right) < 0.15


@pytest.mark.parametrize(
    ("beats", "told"),
    [
        (BEATS + BEAT_S / 2, "off-beat"),
        (BEATS + 0.06, "late by 60 ms"),
        (BEATS - 0.06, "early by 60 ms"),
        (BEATS[::2] + BEAT_S / 2, "counted 1:2, 0.25 beat off"),
        (np.arange(1.0, 60.0, 1.5 * BEAT_S), "tempo 2:3"),
        (np.arange(1.0, 60.0, 1.02 * BEAT_S), "-2.0 % off"),
        (np.arange(1.0, 60.0, 1.22 * BEAT_S), "no simple ratio"),
        (BEATS[::2], "locked from end to end counted 1:2"),
        (np.concatenate([BEATS[:75], BEATS[75:] + BEAT_S / 2]), "locked 50 %, out of phase 50 %"),
    ],
)
def test_the_reason_is_what_was_done_to_the_beats(scorer: ModuleType, beats: np.ndarray, told: str) -> None:
    assert told in reasons.reason_of(scorer, as_track(BEATS), as_line(beats))


def test_no_answer_is_a_reason_with_the_trackers_own_words(scorer: ModuleType) -> None:
    assert "it is silent" in reasons.reason_of(scorer, as_track(BEATS), {"error": "it is silent"})


def test_the_scores_are_joined_by_path_and_a_failure_counts_as_wrong(scorer: ModuleType) -> None:
    tracks = [as_track(BEATS), as_track(BEATS) | {"path": "b.ogg"}]
    found = scores.Estimates("one", "one 1 (MIT)", {"a.ogg": as_line(BEATS), "b.ogg": {"error": "no"}})
    absent = scores.Estimates("two", "two (GPL)", {}, failure="not installed: no wheel")
    rows = scores.accuracy_table(scorer, tracks, [found, absent]).splitlines()[2:]
    cells = [cell.strip() for cell in rows[0].strip("| ").split("|")]
    assert cells[0] == "one 1 (MIT)"
    # A beat at the very edge of the first five seconds may count or not
    assert [float(cell) for cell in cells[1:9]] == pytest.approx(8 * [50], abs=0.5)
    assert cells[-1] == "1"
    assert "not installed: no wheel" in rows[1]


def test_a_missing_manifest_is_told(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "beats.py"), "--manifest", str(tmp_path / "none.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "none.csv" in done.stderr
    assert "BPMSYNC_TEST_CORPUS" in done.stderr
