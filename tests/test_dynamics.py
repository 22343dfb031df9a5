"""Level, clear stretches and salience of a track: laws with known answers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import RATE, Sound, drums, hear
from bpmsync.beats.dynamics import SILENCE_DB, beat_salience, energy_of, level_db, usable_ranges

BLOCK_S = 0.1
BEATS = np.arange(0.5, 29.5, 0.5)
ENERGETIC = hear(drums(BEATS, 30.0))


def sine(amplitude: float, seconds: float = 4.0) -> Sound:
    t = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 441 * t)).astype(np.float32)


@settings(max_examples=10)
@given(amplitude=st.floats(0.001, 1.0))
def test_a_sine_is_three_decibels_below_its_amplitude(amplitude: float) -> None:
    features = hear(sine(amplitude)).features
    inner = ((0.0, 3.5),)  # the last block is filled up with silence
    expected = 20 * np.log10(amplitude / np.sqrt(2))
    assert level_db(features.power, features.block_s, inner) == pytest.approx(expected, abs=0.05)


@given(
    power=st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=50),
    gain_db=st.floats(-40, 40),
)
def test_a_gain_adds_its_decibels(power: list[float], gain_db: float) -> None:
    plain = np.array(power, np.float32)
    louder = (plain * 10 ** (gain_db / 10)).astype(np.float32)
    change = level_db(louder, BLOCK_S, ()) - level_db(plain, BLOCK_S, ())
    assert change == pytest.approx(gain_db, abs=0.005)


def test_the_level_is_that_of_the_ranges() -> None:
    power = np.array([1.0] * 10 + [0.01] * 10, np.float32)
    assert level_db(power, BLOCK_S, ((0.0, 1.0),)) == 0
    assert level_db(power, BLOCK_S, ((1.0, 2.0),)) == -20
    assert level_db(power, BLOCK_S, ()) == pytest.approx(10 * np.log10(0.505), abs=0.001)
    assert level_db(power, BLOCK_S, ((0.5, 1.0), (1.0, 1.5))) == pytest.approx(
        10 * np.log10(0.505), abs=0.001
    )


@pytest.mark.parametrize("power", [[], [0.0, 0.0]])
def test_silence_has_a_level(power: list[float]) -> None:
    assert level_db(np.array(power, np.float32), BLOCK_S, ()) == SILENCE_DB


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), quiet=st.tuples(st.floats(0, 20), st.floats(0, 20)))
def test_usable_ranges_are_in_order_apart_and_on_beats(seed: int, quiet: tuple[float, float]) -> None:
    sound = drums(BEATS, 30.0, seed=seed)
    start, length = (round(value * RATE) for value in quiet)
    sound[start : start + length] *= 0.001
    heard = hear(sound)
    found = usable_ranges(heard.onsets, BEATS, heard.features.power, heard.features.block_s)
    ends = [end for span in found for end in span]
    assert set(ends) <= set(BEATS)
    assert all(one < other for one, other in pairwise(ends))


def test_a_long_silence_is_not_usable_and_drums_all_through_are() -> None:
    whole = hear(drums(BEATS, 30.0))
    assert usable_ranges(whole.onsets, BEATS, whole.features.power, whole.features.block_s) == ((0.5, 29.0),)
    # A pause of fewer than 16 beats is bridged.
    kept = (BEATS < 8) | (BEATS > 22)
    broken = hear(drums(BEATS[kept], 30.0))
    found = usable_ranges(broken.onsets, BEATS, broken.features.power, broken.features.block_s)
    assert len(found) == 2
    assert found[0][1] < 13
    assert found[1][0] > 17


def test_a_few_beats_are_no_range() -> None:
    heard = hear(drums(BEATS, 30.0))
    assert usable_ranges(heard.onsets, BEATS[:7], heard.features.power, heard.features.block_s) == ()


def wash(seed: int) -> Sound:
    """Return noise that swells and fades without a beat."""
    rng = np.random.default_rng(seed)
    return (0.2 * rng.standard_normal(30 * RATE)).astype(np.float32)


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_beats_alone_stand_out_and_noise_does_not(seed: int) -> None:
    heard, steady = hear(drums(BEATS, 30.0, seed=seed)), hear(wash(seed))
    alone, none = beat_salience(heard.onsets, BEATS), beat_salience(steady.onsets, BEATS)
    assert 0 <= none < 0.25
    assert 0.8 < alone <= 1


def test_the_more_noise_the_less_beats_stand_out() -> None:
    saliences = [
        beat_salience(hear(drums(BEATS, 30.0) + share * wash(4)).onsets, BEATS) for share in (0, 0.1, 1, 10)
    ]
    assert saliences == sorted(saliences, reverse=True)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000))
def test_salience_of_any_beats_is_a_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    heard = hear(drums(BEATS, 30.0))
    assert 0 <= beat_salience(heard.onsets, np.sort(rng.uniform(0, 35, rng.integers(2, 60)))) <= 1


@given(level=st.floats(-120, 0), bpm=st.floats(30, 400), louder=st.floats(0, 20), faster=st.floats(0, 100))
def test_energy_never_falls_with_loudness_or_tempo(
    level: float, bpm: float, louder: float, faster: float
) -> None:
    onsets = ENERGETIC.onsets
    energy = energy_of(onsets, level, bpm)
    assert 0 <= energy <= 1
    assert energy_of(onsets, level + louder, bpm) >= energy
    assert energy_of(onsets, level, bpm + faster) >= energy


def test_denser_music_has_more_energy() -> None:
    dense = hear(drums(np.arange(0.5, 29.5, 0.125), 30.0))
    assert energy_of(dense.onsets, -15, 120) > energy_of(ENERGETIC.onsets, -15, 120) + 0.1
