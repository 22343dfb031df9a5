"""The benchmark of `listen`: clicks are found again in the sound, and judged at the runner's level."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.render.click import Clicks, mix_clicks
from styles import make

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
bench = import_module("listen")

RATE = 44_100
TRUTH = np.arange(1.0, 30.0, 60 / 150)


@settings(max_examples=10)
@given(
    first=st.floats(0.01, 0.4),
    period=st.floats(0.2, 0.7),
    seed=st.integers(0, 100),
    level=st.floats(0.02, 1.0),
)
def test_clicks_are_found_again_over_music(first: float, period: float, seed: int, level: float) -> None:
    music = level * make("funk", bpm=104.0, seed=seed, seconds=6.0, sample_rate=RATE).samples
    at = np.arange(first, 5.9, period)
    accents = tuple(number % 4 == 0 for number in range(len(at)))
    found = bench.click_times(mix_clicks(music, RATE, Clicks(at, accents)), music, RATE)
    assert len(found) == len(at)
    assert np.abs(found - at).max() <= 1 / RATE


@pytest.mark.parametrize("ratio", [1, 2, 0.5])
@pytest.mark.parametrize("off_ms", [-20.0, 0.0, 12.0])
def test_clicks_at_another_level_are_judged_as_steps(ratio: float, off_ms: float) -> None:
    clicks = np.arange(TRUTH[0], TRUTH[-1] + 0.01, 0.4 / ratio) + off_ms / 1000
    row = bench.compared("rock", "a.ogg", TRUTH, clicks)
    assert row.tempo == pytest.approx(ratio)
    assert row.offset_ms == pytest.approx(off_ms, abs=0.01)
    assert row.spread_ms == pytest.approx(0, abs=0.01)
    assert row.on_step_percent > 98


def test_clicks_beside_the_beat_are_not_on_step() -> None:
    assert bench.compared("rock", "a.ogg", TRUTH, TRUTH + 0.1).on_step_percent == 0
    half = np.where(np.arange(len(TRUTH)) < len(TRUTH) / 2, TRUTH, TRUTH + 0.1)
    assert bench.compared("rock", "a.ogg", TRUTH, half).on_step_percent == pytest.approx(50, abs=2)


def test_the_first_track_of_each_of_the_largest_genres_is_taken(tmp_path: Path) -> None:
    rows = [
        ("c", "rock"),
        ("a", "rock"),
        ("b", "jazz"),
        ("d", "jazz"),
        ("e", "jazz"),
        ("f", "ska"),
        ("g", "odd"),
    ]
    lines = ["path,genre,beats_file,meter_irregular"]
    lines += [f"{path},{genre},x.beats,{'yes' if genre == 'odd' else 'no'}" for path, genre in rows]
    (tmp_path / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    assert [row["path"] for row in bench.chosen(tmp_path, 2)] == ["b", "a"]
    assert [row["path"] for row in bench.chosen(tmp_path, 10)] == ["b", "a", "f"]
