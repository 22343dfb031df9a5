"""The beat engine: known clicks, what a person says, and what has no beat."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import RATE, Sound, Times, drums
from bpmsync.beats.detection import Constraint, Detection
from bpmsync.beats.engines import (
    ENGINES,
    caches_are_cold,
    engine_version,
    find_tracker,
    warm_up,
)
from bpmsync.errors import ParameterError
from styles import make


def straight(bpm: float, seconds: float, first: float = 0.4) -> Sound:
    return drums(np.arange(first, seconds - 0.1, 60 / bpm), seconds)


def worst_off(beats: Times, truth: Times) -> float:
    return float(np.abs(truth[:, None] - beats[None, :]).min(axis=1).max())


@settings(max_examples=8)
@given(bpm=st.floats(85, 185), first=st.floats(0.1, 0.9))
def test_constant_music_gives_a_straight_exact_grid(bpm: float, first: float) -> None:
    found = find_tracker()(straight(bpm, 45, first), RATE)
    assert found.grid is not None
    beats = found.grid.beats
    ratio = found.grid.tempo_bpm / bpm
    assert min(abs(ratio / level - 1) for level in (0.5, 1, 2)) < 1e-3
    line = np.linspace(beats[0], beats[-1], len(beats))
    assert np.abs(beats - line).max() < 2e-6
    assert np.array_equal(beats, np.round(beats, 6))
    assert found.confidence > 0.7
    assert sum(reading.probability for reading in found.readings) == pytest.approx(1)


def test_beats_lie_on_the_clicks() -> None:
    found = find_tracker()(straight(165.3, 60), RATE)
    assert found.grid is not None
    truth = np.arange(0.4, 59, 60 / 165.3)
    assert worst_off(found.grid.beats, truth) < 0.010


def test_drifting_music_is_followed_smoothly() -> None:
    number = np.arange(150)
    truth = 0.5 + 0.4 * number + 0.6 * np.sin(number / 24)
    found = find_tracker()(drums(truth, truth[-1] + 1), RATE)
    assert found.grid is not None
    assert worst_off(found.grid.beats, truth[4:-4]) < 0.045
    # Step to step the tempo moves by no more than the music does.
    assert np.abs(np.diff(np.diff(found.grid.beats))).max() < 0.01


@pytest.mark.parametrize("bpm", [64, 128, 132])
def test_a_tempo_that_a_person_set_is_kept(bpm: float) -> None:
    found = find_tracker()(straight(128, 30), RATE, constraint=Constraint(tempo_bpm=bpm))
    assert found.grid is not None
    assert abs(found.grid.tempo_bpm / bpm - 1) <= 0.0401


def test_a_shift_moves_the_grid_by_part_of_a_beat() -> None:
    sound = straight(120, 30)
    plain = find_tracker()(sound, RATE).grid
    moved = find_tracker()(sound, RATE, constraint=Constraint(shift_beats=Fraction(1, 2))).grid
    assert plain is not None
    assert moved is not None
    assert moved.beats[0] - plain.beats[0] == pytest.approx(0.25, abs=2e-3)


def test_a_beatless_intro_is_not_usable() -> None:
    t = np.arange(20 * RATE) / RATE
    intro = (0.1 * np.sin(2 * np.pi * 220 * t)).astype(np.float32)
    found = find_tracker()(np.concatenate([intro, straight(140, 40)]), RATE)
    assert len(found.usable) == 1
    assert found.usable[0][0] == pytest.approx(20, abs=5)
    assert found.usable[0][1] > 57


def _nothing(kind: str) -> Sound:
    sounds = {
        "silence": np.zeros(20 * RATE),
        "tone": np.sin(np.arange(20 * RATE) * 0.1),
        "two seconds": straight(120, 2),
        "nothing": np.zeros(0),
        "a few samples": np.zeros(100),
    }
    return np.asarray(sounds[kind], np.float32)


@pytest.mark.parametrize("kind", ["silence", "tone", "two seconds", "nothing", "a few samples"])
def test_without_a_beat_no_grid_is_invented(kind: str) -> None:
    found = find_tracker()(_nothing(kind), RATE)
    assert found.failure
    assert found.grid is None
    assert found.confidence == 0


@cache
def song() -> Sound:
    return make("house", bpm=126.0, seed=3, seconds=25.0).samples


@cache
def found_in_song() -> Detection:
    return find_tracker()(song(), RATE)


def assert_beats_are(found: Detection, due: Times, *, within_s: float) -> None:
    """Every beat due is found, those at either end apart."""
    assert found.grid is not None
    assert worst_off(found.grid.beats, due[1:-1]) <= within_s


@settings(max_examples=6)
@given(gain=st.floats(0.02, 3.0))
def test_level_does_not_move_the_beats(gain: float) -> None:
    plain, found = found_in_song(), find_tracker()((gain * song()).astype(np.float32), RATE)
    assert plain.grid is not None
    assert_beats_are(found, plain.grid.beats, within_s=0.001)
    assert found.level_db - plain.level_db == pytest.approx(20 * np.log10(gain), abs=0.3)


@settings(max_examples=6)
@given(samples=st.integers(0, 3 * RATE))
def test_silence_before_shifts_the_beats_by_its_length(samples: int) -> None:
    plain = found_in_song()
    found = find_tracker()(np.concatenate([np.zeros(samples, np.float32), song()]), RATE)
    assert plain.grid is not None
    assert_beats_are(found, plain.grid.beats + samples / RATE, within_s=0.002)


def test_polarity_does_not_move_the_beats() -> None:
    plain, found = found_in_song(), find_tracker()(-song(), RATE)
    assert plain.grid is not None
    assert_beats_are(found, plain.grid.beats, within_s=1e-4)
    assert found.confidence == pytest.approx(plain.confidence, abs=1e-3)


def test_the_same_sound_gives_the_same_detection() -> None:
    sound = straight(133, 20)
    assert find_tracker()(sound, RATE) == find_tracker()(sound, RATE)


def test_warm_up_fills_the_caches() -> None:
    warm_up()
    assert not caches_are_cold()


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    assert engine_version("bpmsync")
    for use in (find_tracker, engine_version, caches_are_cold):
        with pytest.raises(ParameterError, match=f"choose one of {', '.join(ENGINES)}"):
            use("nope")


def test_importing_the_engines_is_light_and_the_default_leaves_librosas_tracker_out() -> None:
    code = (
        "import sys; import bpmsync.beats.engines as e; "
        "assert not {'librosa', 'numba', 'scipy'} & set(sys.modules); e.find_tracker(); "
        "assert not {'librosa.beat', 'librosa.onset', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
