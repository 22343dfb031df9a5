"""The limiter's laws: under the ceiling, in place, untouched where it can be, whatever the blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.audio.limiter import CEILING_DBTP, limit_peaks
from bpmsync.audio.loudness import measure_loudness
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from bpmsync.audio.frames import Samples


RATE = 44_100
PIECE = 32_768  # where the limiter cuts


def limited(
    sound: Samples, *, size: int = 10_000, rate: int = RATE, ceiling: float = CEILING_DBTP
) -> Samples:
    blocks = (sound[:, at : at + size] for at in range(0, sound.shape[1], size))
    return np.concatenate(list(limit_peaks(blocks, rate, ceiling_dbtp=ceiling)), axis=1)


def true_peak(sound: Samples, rate: int = RATE) -> float:
    return measure_loudness([sound], rate).true_peak_dbtp


def fine_peak(sound: Samples) -> float:
    """Return the true peak at 16 times the rate, by one transform of all of it: another judge."""
    padded = np.pad(sound.astype(float), ((0, 0), (1024, 1024 + sound.shape[1] % 2)))
    count = padded.shape[1]
    fine = np.fft.irfft(np.fft.rfft(padded), 16 * count) * 16
    return float(20 * np.log10(np.abs(fine).max()))


def music(seconds: float, *, gain: float, seed: int = 3) -> Samples:
    """Return noise with drum-like swells, nothing above 15 kHz, as music has next to nothing there."""
    count = round(seconds * RATE)
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((2, count)))
    spectrum[:, round(15_000 * seconds) :] = 0
    swell = np.exp(-((np.arange(count) / RATE) % 0.35) / 0.05)
    return np.asarray(gain * swell * np.fft.irfft(spectrum, count), np.float32)


def hostile(name: str) -> Samples:
    at = np.arange(2 * PIECE + 999)
    rng = np.random.default_rng(7)
    sound = np.zeros((1, len(at)))
    match name:
        case "impulses at the cuts":
            sound[0, [0, PIECE - 1, PIECE, PIECE + 16, 2 * PIECE - 17, len(at) - 1]] = 3, 8, -8, 2, 5, 4
        case "full-scale square":
            sound[0] = np.sign(np.sin(2 * np.pi * 997.3 * at / RATE))
        case "a quarter of the rate, 45 degrees off":
            sound[0] = 1.4 * np.sin(np.pi / 2 * at + np.pi / 4)
        case "random signs":
            sound[0] = rng.choice([-1.0, 1.0], len(at))
        case "the filter's worst":
            taps = np.sign(np.sinc(np.arange(-16, 16) + 0.5))
            sound[0, PIECE - 16 : PIECE + 16] = taps
        case "half the rate":
            sound[0] = 2 * np.cos(np.pi * at)
        case "a burst 40 dB too loud":
            sound[0] = 0.9 * np.sin(2 * np.pi * 0.39 * at)
            sound[0, 20_000:20_064] = 100 * rng.standard_normal(64)
    return np.asarray(sound, np.float32)


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize(
    "name",
    [
        "impulses at the cuts",
        "full-scale square",
        "a quarter of the rate, 45 degrees off",
        "random signs",
        "the filter's worst",
        "half the rate",
        "a burst 40 dB too loud",
    ],
)
def test_no_true_peak_of_a_hostile_signal_is_above_the_ceiling(name: str, rate: int) -> None:
    sound = hostile(name)
    assert true_peak(sound, rate) > CEILING_DBTP
    out = limited(sound, rate=rate)
    assert out.shape == sound.shape
    assert CEILING_DBTP - 0.2 < true_peak(out, rate) <= CEILING_DBTP


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    frames=st.integers(1, 3000),
    level=st.floats(0.2, 30),
    sparse=st.floats(0, 0.99),
    ceiling=st.floats(-12, 0),
    rate=st.sampled_from([8_000, 44_100, 96_000]),
)
def test_no_true_peak_of_random_sound_is_above_the_ceiling(
    *, seed: int, frames: int, level: float, sparse: float, ceiling: float, rate: int
) -> None:
    rng = np.random.default_rng(seed)
    values = level * rng.standard_normal((2, frames)) * (rng.random((2, frames)) >= sparse)
    sound: Samples = np.asarray(values, np.float32)
    out = limited(sound, size=int(rng.integers(1, 2000)), rate=rate, ceiling=ceiling)
    assert out.shape == sound.shape
    assert true_peak(out, rate) <= ceiling
    if true_peak(sound, rate) <= ceiling:
        assert np.array_equal(out, sound)


def test_another_judge_at_16_times_the_rate_finds_nothing_above_minus_1_dbtp() -> None:
    sound = music(1, gain=1.2)
    assert fine_peak(sound) > 6
    assert fine_peak(limited(sound)) <= -1.0


@settings(max_examples=12)
@given(size=st.integers(1, 100_000))
def test_other_blocks_give_the_same_samples(size: int) -> None:
    sound = music(2, gain=0.6)
    assert np.array_equal(limited(sound, size=max(size, 50)), limited(sound, size=sound.shape[1]))


def test_sound_below_the_ceiling_is_the_same_to_the_bit() -> None:
    sound = music(3, gain=0.05)
    assert np.array_equal(limited(sound), sound)


def test_one_peak_leaves_the_sound_before_and_long_after_it_untouched() -> None:
    sound = music(3, gain=0.05)
    sound[:, 50_000] = 2
    changed = np.flatnonzero((limited(sound) != sound).any(axis=0))
    assert 50_000 - 0.006 * RATE < changed.min() <= 50_000
    assert changed.max() < 50_000 + 1.0 * RATE


def test_the_gain_is_one_for_all_channels_and_never_above_1() -> None:
    left, right = music(2, gain=0.8)
    sound = np.stack([left, 0.25 * left, right])
    out = limited(sound)
    assert np.array_equal(out[1], np.float32(0.25) * out[0])
    assert np.all(np.abs(out) <= np.abs(sound))
    assert np.all(out * sound >= 0)


def test_the_gain_moves_smoothly() -> None:
    """A tone rides under one peak: what becomes of it is the gain."""
    sound = np.full((1, RATE), 0.25, np.float32)
    sound[0, 20_000] = 4
    gain = limited(sound)[0] / sound[0]
    steps = np.diff(gain)
    assert gain.min() == pytest.approx(10 ** ((CEILING_DBTP - 0.01) / 20) / 4, rel=0.01)
    assert np.abs(steps).max() < 0.02  # 5 ms down
    assert gain[20_000 + round(0.18 * RATE)] > 0.9


def test_damaged_values_do_not_come_out() -> None:
    sound = music(1, gain=0.05)
    sound[0, 1000], sound[1, 2000] = np.nan, np.inf
    out = limited(sound)
    assert np.isfinite(out).all()
    assert true_peak(out) <= CEILING_DBTP


def test_nothing_in_gives_nothing_out() -> None:
    assert not list(limit_peaks([], RATE))
    assert not list(limit_peaks([np.zeros((2, 0), np.float32)], RATE))


@pytest.mark.parametrize(("rate", "ceiling"), [(7_999, -1), (RATE, 0.1), (RATE, -41), (RATE, np.nan)])
def test_what_makes_no_sense_is_refused(rate: int, ceiling: float) -> None:
    with pytest.raises(ParameterError):
        list(limit_peaks([], rate, ceiling_dbtp=ceiling))
