"""Curves through beats: as straight as the music, on its attacks, and no straighter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import RATE, Times, drums, hear, onsets_at
from bpmsync.beats.fitting import attack_lag_s, choose_curve, fit_curve
from bpmsync.beats.kernels import whittaker
from bpmsync.beats.spectrum import measure_features

SEEDS = st.integers(0, 10_000)
PERIODS = st.floats(30.0, 75.0)  # frames: 80 to 200 a minute


def regular(period: float, count: int = 120, first: float = 40.3) -> Times:
    return first + period * np.arange(count, dtype=np.float64)


def bends(beats: Times) -> float:
    return float(np.abs(np.diff(beats, 2)).max())


@settings(max_examples=15)
@given(period=PERIODS, seed=SEEDS, jitter=st.floats(0.0, 0.4))
def test_regular_attacks_give_a_line(period: float, seed: int, jitter: float) -> None:
    true = regular(period)
    struck = true + np.random.default_rng(seed).normal(0, jitter, len(true))
    curve = fit_curve(onsets_at(struck, round(true[-1]) + 60), true)
    assert curve.straight
    assert curve.freedom == 2
    assert bends(curve.beats) < 1e-6
    # The jitter's own mean remains, and what lies between frames.
    assert np.abs(curve.beats - true).max() < 0.15 + jitter


@settings(max_examples=15)
@given(period=PERIODS, change=st.sampled_from([-0.12, -0.06, 0.06, 0.12]))
def test_a_tempo_that_rises_evenly_is_followed(period: float, change: float) -> None:
    count = 120
    true = 40.3 + np.concatenate([[0.0], np.cumsum(period * np.linspace(1, 1 + change, count - 1))])
    curve = fit_curve(onsets_at(true, round(true[-1]) + 60), true)
    assert not curve.straight
    off_s = np.abs(curve.beats - true) * 0.01
    assert off_s[3:-3].max() < 0.010
    # Beyond its last beats a stiff curve knows of no further turn.
    assert off_s.max() < 0.025


@given(period=PERIODS, off=st.floats(-1.0, 1.0))
def test_beats_tracked_beside_the_attacks_are_moved_onto_them(period: float, off: float) -> None:
    true = regular(period)
    curve = fit_curve(onsets_at(true, round(true[-1]) + 60), true + off)
    assert np.abs(curve.beats - true).max() < 0.2


@settings(max_examples=15)
@given(period=PERIODS, seed=SEEDS)
def test_attacks_that_are_missing_leave_no_dent(period: float, seed: int) -> None:
    true = regular(period)
    kept = np.random.default_rng(seed).random(len(true)) > 0.3
    curve = fit_curve(onsets_at(true[kept], round(true[-1]) + 60), true)
    assert curve.straight
    assert np.abs(curve.beats - true).max() < 0.3


def test_the_candidate_that_meets_the_onsets_is_chosen() -> None:
    true = regular(50.0)
    onsets = onsets_at(true, round(true[-1]) + 60)
    beside = true + 25
    for candidates in ((true, beside), (beside, true)):
        assert np.abs(choose_curve(onsets, candidates).beats - true).max() < 0.2


@given(
    beats=st.lists(st.floats(0, 1000), min_size=3, max_size=60),
    seed=SEEDS,
)
def test_an_infinite_stiffness_is_the_line_of_least_squares(beats: list[float], seed: int) -> None:
    observed = np.array(beats)
    weight = np.random.default_rng(seed).uniform(0.1, 2.0, len(observed))
    numbers = np.arange(len(observed), dtype=float)
    columns = np.stack([np.ones_like(numbers), numbers], axis=1) * np.sqrt(weight)[:, None]
    start, slope = np.linalg.lstsq(columns, observed * np.sqrt(weight), rcond=None)[0]
    np.testing.assert_allclose(whittaker(observed, weight, np.inf), start + slope * numbers, atol=1e-6)


@given(
    first=st.floats(-100, 100),
    period=st.floats(0.1, 100),
    count=st.integers(3, 200),
    stiffness=st.floats(0.01, 1e8),
    seed=SEEDS,
)
def test_a_line_is_never_bent(first: float, period: float, count: int, stiffness: float, seed: int) -> None:
    line = first + period * np.arange(count, dtype=np.float64)
    weight = np.random.default_rng(seed).uniform(0.05, 1.5, count)
    for stiff in (stiffness, np.inf):
        np.testing.assert_allclose(whittaker(line, weight, stiff), line, atol=1e-6)


@given(seed=SEEDS, count=st.integers(5, 80))
def test_the_stiffer_the_smoother_and_the_looser_the_nearer(seed: int, count: int) -> None:
    observed = np.cumsum(np.random.default_rng(seed).uniform(40, 60, count))
    curves = [whittaker(observed, np.ones(count), stiffness) for stiffness in (1e-6, 1e1, 1e4, np.inf)]
    rough = [float((np.diff(curve, 2) ** 2).sum()) for curve in curves]
    off = [float(((curve - observed) ** 2).sum()) for curve in curves]
    assert all(later <= sooner + 1e-6 for sooner, later in pairwise(rough))
    assert all(later >= sooner - 1e-6 for sooner, later in pairwise(off))
    assert off[0] < 1e-3


def click_times(period_s: float, seconds: float = 20.0) -> Times:
    return np.arange(0.5, seconds - 0.5, period_s)


@settings(max_examples=12)
@given(period_s=st.floats(0.3, 0.7))
def test_clicks_begin_on_their_beat(period_s: float) -> None:
    times = click_times(period_s)
    sound = np.zeros(20 * RATE, np.float32)
    for start in np.rint(times * RATE).astype(int):
        sound[start : start + 60] = 0.8 * np.exp(-np.arange(60) / 15)
    assert abs(attack_lag_s(measure_features(sound, RATE), times)) < 0.003


@settings(max_examples=12)
@given(period_s=st.floats(0.3, 0.7), later_s=st.floats(-0.015, 0.015))
def test_the_lag_grows_with_the_delay_of_the_sound(period_s: float, later_s: float) -> None:
    times = click_times(period_s)
    features = measure_features(drums(times, 20.0), RATE)
    plain, moved = attack_lag_s(features, times), attack_lag_s(features, times - later_s)
    assert moved - plain == pytest.approx(later_s, abs=0.0015)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_few_beats_have_no_lag_on_average(count: int) -> None:
    times = click_times(0.5)[:count]
    assert attack_lag_s(hear(drums(times, 20.0)).features, times) == 0
