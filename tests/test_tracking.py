"""The compiled loops against the same thing said plainly, and the beats that they find."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from bpmsync.beats.kernels import best_rigid, best_steady_path, fold_beats, robust_curve, whittaker
from bpmsync.beats.onsets import OnsetStrength
from bpmsync.beats.pieces import SHORTEST_PIECE, straight_pieces
from bpmsync.beats.smoothing import running_max
from bpmsync.beats.tracking import track_path, track_rigid

Array = NDArray[np.float64]
seeds = st.integers(0, 2**32 - 1)
FRAME_S = 0.01


def worth_of_path(ticks: list[int], gain: Array, stiffness: float) -> float:
    """Return the gain at the ticks less the cost of each change of interval."""
    intervals = np.diff(ticks)
    return float(gain[ticks].sum() - (stiffness * np.abs(np.diff(intervals)) / intervals[:-1]).sum())


def best_paths(gain: Array, shortest: int, longest: int, stiffness: float) -> dict[tuple[int, int], float]:
    """Return the worth of the best path to each beat with each interval before it."""
    best: dict[tuple[int, int], float] = {}
    for tick in range(len(gain)):
        for interval in range(shortest, longest + 1):
            before = tick - interval
            reach = max(1, interval // 16)
            best[tick, interval] = gain[tick]
            if before >= 0:
                best[tick, interval] += max(
                    best[before, other] - stiffness * abs(interval - other) / other
                    for other in range(max(shortest, interval - reach), min(longest, interval + reach) + 1)
                )
    return best


def pulse_train(period: float, phase: float, frames: int, seed: int, noise: float) -> OnsetStrength:
    """Return onsets of strength 1 at regular frames, in noise."""
    rng = np.random.default_rng(seed)
    pulse = noise * rng.random(frames)
    at = np.rint(np.arange(phase, frames, period)).astype(np.int64)
    pulse[at[at < frames]] = 1.0
    strength = pulse.astype(np.float32)
    return OnsetStrength(np.repeat(strength[:, None], 6, axis=1), strength, strength, FRAME_S)


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    n=st.integers(1, 300),
    shortest=st.integers(2, 40),
    more=st.integers(0, 25),
    stiffness=st.sampled_from([0.0, 1.0, 10.0, 100.0]),
)
def test_no_path_is_worth_more(seed: int, n: int, shortest: int, more: int, stiffness: float) -> None:
    longest = shortest + more
    gain = np.random.default_rng(seed).standard_normal(n).astype(np.float32)
    ticks = best_steady_path(gain, shortest, longest, stiffness).tolist()
    assert ticks[0] < longest
    assert ticks[-1] >= max(0, n - longest)
    intervals = np.diff(ticks)
    assert all(shortest <= interval <= longest for interval in intervals)
    assert all(abs(b - a) <= max(1, b // 16) for a, b in pairwise(intervals))
    best = best_paths(gain.astype(np.float64), shortest, longest, stiffness)
    most = max(worth for (tick, interval), worth in best.items() if tick >= n - interval)
    assert worth_of_path(ticks, gain.astype(np.float64), stiffness) == pytest.approx(most, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=seeds, period=st.integers(30, 70), frames=st.integers(6000, 12_000))
def test_a_long_path_stays_on_the_beats(seed: int, period: int, frames: int) -> None:
    onsets = pulse_train(period, 10, frames, seed, 0.2)
    beats = track_path(onsets, 60 / (period * FRAME_S))
    assert np.all((beats - 10) % period == 0)
    assert len(beats) >= frames // period - 1


@settings(max_examples=40, deadline=None)
@given(seed=seeds, n=st.integers(1, 700), length=st.integers(2, 60))
def test_a_fold_sums_along_the_straightest_lines_that_halving_allows(seed: int, n: int, length: int) -> None:
    strength = np.random.default_rng(seed).random(n).astype(np.float32)
    sums = fold_beats(strength, length)
    rows = len(sums)
    padded = np.zeros((rows, length))
    padded.reshape(-1)[:n] = strength
    for drift in {0, 1, rows // 3, rows - 1}:
        columns = drifted(rows, drift)
        for phase in (0, length // 2, length - 1):
            line = padded[np.arange(rows), (phase + columns) % length]
            assert sums[drift, phase] == pytest.approx(line.sum(), rel=1e-4, abs=1e-4)
        straight = drift * np.arange(rows) / (rows - 1)
        assert np.abs(columns - straight).max() <= max(1.0, np.log2(rows) / 3)


def drifted(rows: int, drift: int) -> NDArray[np.int64]:
    """Return by how much each row is moved so that the last is moved by the drift."""
    if rows == 1:
        return np.zeros(1, np.int64)
    half = drifted(rows // 2, drift // 2)
    return np.concatenate([half, half + (drift + 1) // 2])


@settings(max_examples=30, deadline=None)
@given(
    seed=seeds,
    period=st.floats(28, 110),
    share=st.floats(0, 0.99),
    beats=st.integers(24, 1500),
    off=st.floats(-0.009, 0.009),
)
def test_regular_beats_are_found_however_long_the_track(
    seed: int, period: float, share: float, beats: int, off: float
) -> None:
    onsets = pulse_train(period, share * period, round(beats * period), seed, 0.3)
    path = np.arange(share * period, beats * period, period * (1 + off))
    found = track_rigid(onsets, path)
    nearest = share * period + period * np.rint((found - share * period) / period)
    assert np.abs(found - nearest).max() < 2.5
    assert len(found) >= beats - 2


@settings(max_examples=15, deadline=None)
@given(seed=seeds, period=st.floats(42.6, 43.4), noise=st.floats(0, 1.0))
def test_the_fold_finds_what_trying_every_period_finds(seed: int, period: float, noise: float) -> None:
    onsets = pulse_train(period, 7, 2400, seed, noise)
    near = running_max(onsets.pulse, 3)
    periods = 43.0 * np.linspace(0.988, 1.012, 1001)
    _, _, most = best_rigid(near, periods, 0.5)
    found = track_rigid(onsets, np.arange(5.0, 2400, 43.0))
    _, _, reached = best_rigid(near, np.diff(found)[:1], 0.5)
    assert reached > most - 0.01


def scipys(values: Array, weight: Array, stiffness: float) -> Array:
    """Return Whittaker's curve by LAPACK."""
    n = len(values)
    bands = np.zeros((3, n))
    for offset, product in enumerate(([1, 4, 1], [-2, -2], [1])):
        for start, value in enumerate(product):
            bands[offset, start : n - 2 + start] += stiffness * value
    bands[0] += weight
    line = np.linspace(values[0], values[-1], n)
    curve: Array = line + solveh_banded(bands, weight * (values - line), lower=True)
    return curve


def beats_in_noise(seed: int, n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return 50.0 * np.arange(n) + rng.normal(0, 3, n), rng.uniform(0.02, 1.5, n)


@settings(deadline=None)
@given(seed=seeds, n=st.integers(3, 400), power=st.floats(-1, 8))
def test_whittakers_curve_is_scipys(seed: int, n: int, power: float) -> None:
    values, weight = beats_in_noise(seed, n)
    ours = whittaker(values, weight, 10.0**power)
    np.testing.assert_allclose(ours, scipys(values, weight, 10.0**power), rtol=0, atol=1e-5)


@settings(deadline=None)
@given(seed=seeds, n=st.integers(3, 400))
def test_the_stiffest_curve_is_the_weighted_line(seed: int, n: int) -> None:
    values, weight = beats_in_noise(seed, n)
    slope, start = np.polyfit(np.arange(n), values, 1, w=np.sqrt(weight))
    np.testing.assert_allclose(whittaker(values, weight, np.inf), start + slope * np.arange(n), atol=1e-6)


@settings(deadline=None)
@given(n=st.integers(3, 50), stiffness=st.sampled_from([1.0, 1e6, np.inf]))
def test_a_line_comes_out_as_it_went_in(n: int, stiffness: float) -> None:
    line = 3.0 + 41.7 * np.arange(n, dtype=np.float64)
    np.testing.assert_allclose(whittaker(line, np.ones(n), stiffness), line, atol=1e-7)


@settings(deadline=None)
@given(seed=seeds, n=st.integers(40, 200), stiffness=st.sampled_from([1e2, 1e5, np.inf]))
def test_values_far_off_lose_their_say(seed: int, n: int, stiffness: float) -> None:
    rng = np.random.default_rng(seed)
    truth, weight = 50.0 * np.arange(n), rng.uniform(0.5, 1.5, n)
    far = np.arange(5, n, 10)
    values = truth + rng.normal(0, 0.5, n)
    values[far] += 10
    curve, trust = robust_curve(values, weight, stiffness, 1.6, 6)
    assert (trust[far] / weight[far]).max() < 0.05 < np.median(trust / weight)
    assert np.median(np.abs(curve - truth)) < 0.5  # a plain line: 1
    np.testing.assert_allclose(curve, whittaker(values, trust, stiffness), atol=1e-9)


def squares_left(values: Array, weight: Array) -> float:
    """Return the weighted squares that the best line through some points leaves."""
    line = np.polyfit(np.arange(len(values)), values, 1, w=np.sqrt(weight))
    return float((weight * (values - np.polyval(line, np.arange(len(values)))) ** 2).sum())


def dearest(values: Array, weight: Array, price: float) -> float:
    """Return what the best cut into straight pieces costs, by trying every one."""
    least = [-price] + [np.inf] * len(values)
    for end in range(SHORTEST_PIECE, len(values) + 1):
        least[end] = min(
            least[start] + squares_left(values[start:end], weight[start:end]) + price
            for start in range(end - SHORTEST_PIECE + 1)
            if np.isfinite(least[start])
        )
    return float(least[-1])


@settings(max_examples=15, deadline=None)
@given(seed=seeds, lengths=st.lists(st.integers(SHORTEST_PIECE, 30), min_size=1, max_size=3))
def test_no_cut_into_straight_pieces_is_better(seed: int, lengths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    intervals = np.repeat(rng.uniform(40, 60, len(lengths)), lengths)
    values = np.cumsum(intervals) + rng.normal(0, 1, len(intervals))
    weight = rng.uniform(0.1, 1.5, len(intervals))
    pieces = straight_pieces(values, weight, spread=1.0, price=9.0)
    borders = (*pieces.starts, len(values))
    left = sum(squares_left(values[a:b], weight[a:b] / 2) for a, b in pairwise(borders))
    found = left + 9.0 * (len(pieces.starts) - 1)
    assert found == pytest.approx(dearest(values, weight / 2, 9.0), rel=1e-6, abs=1e-6)
    for a, b in pairwise(borders):
        np.testing.assert_allclose(np.diff(pieces.beats[a:b], 2), 0, atol=1e-8)


def test_a_piece_may_be_longer_than_the_longest() -> None:
    intervals = np.repeat([50.0, 43.0], [2500, 1100])
    truth = np.cumsum(intervals)
    values = truth + np.random.default_rng(3).normal(0, 0.8, len(truth))
    pieces = straight_pieces(values, np.ones(len(truth)), spread=0.8, price=20.0)
    assert 2499 <= min(pieces.starts, key=lambda start: abs(start - 2500)) <= 2501
    assert len(pieces.starts) <= 6
    assert np.abs(pieces.beats - truth).max() < 1


def test_a_warm_up_compiles_every_loop() -> None:
    code = (
        "from bpmsync.beats import engines, kernels; engines.warm_up(); "
        "cold = [name for name in kernels.__all__ if not getattr(kernels, name).signatures]; "
        "assert set(cold) <= {'whittaker'}, cold"  # that one is a part of another
    )
    subprocess.run([sys.executable, "-c", code], check=True)
