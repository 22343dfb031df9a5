"""Loudness against its published reference points, a judge of true peaks, and FFmpeg's program."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.audio.encode import write_wav
from bpmsync.audio.loudness import Loudness, LoudnessMeter, gain_to, measure_loudness, measure_true_peak
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.audio.frames import Samples

RATE = 48_000
LU = 0.1  # what EBU Tech 3341 allows a meter


def sine(
    level_db: float, seconds: float, *, rate: int = RATE, hz: float = 997.0, channels: int = 2
) -> Samples:
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)
    return np.tile(np.asarray(wave, np.float32), (channels, 1))


def loudness_of(*parts: Samples, rate: int = RATE) -> Loudness:
    return measure_loudness(parts, rate)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_a_stereo_sine_at_minus_20_dbfs_has_minus_20_lufs_at_every_rate(rate: int) -> None:
    measured = loudness_of(sine(-20, 3, rate=rate), rate=rate)
    assert measured.integrated_lufs == pytest.approx(-20, abs=LU)
    assert measured.true_peak_dbtp == pytest.approx(-20, abs=0.1)


# BS.1770: the channels' powers add up; surround channels count 1.41 times and the LFE channel nothing.
@pytest.mark.parametrize(
    ("channels", "weight"), [(1, 1), (2, 2), (3, 2), (5, 3 + 2 * 1.41), (6, 3 + 2 * 1.41)]
)
def test_channels_are_weighed_by_their_place(channels: int, weight: float) -> None:
    measured = loudness_of(sine(-20, 2, channels=channels))
    assert measured.integrated_lufs == pytest.approx(-23.01 + 10 * math.log10(weight), abs=LU)


def test_eight_channels_are_measured_and_nine_refused() -> None:
    assert loudness_of(sine(-20, 2, channels=8)).integrated_lufs > -20
    with pytest.raises(ParameterError, match="9 channels"):
        loudness_of(sine(-20, 2, channels=9))


def test_quiet_passages_do_not_count() -> None:
    """Signals as EBU Tech 3341, cases 3 and 4: the relative gate, then the absolute one."""
    relative = (sine(-36, 5), sine(-23, 30), sine(-36, 5))
    assert loudness_of(*relative).integrated_lufs == pytest.approx(-23, abs=LU)
    both = (sine(-72, 5), *relative, sine(-72, 5))
    assert loudness_of(*both).integrated_lufs == pytest.approx(-23, abs=LU)


def test_silence_and_what_is_too_short_have_no_loudness_and_no_gain() -> None:
    silence = Loudness(-math.inf, -math.inf)
    assert loudness_of() == silence
    assert loudness_of(np.zeros((2, RATE), np.float32)) == silence
    assert loudness_of(sine(-80, 2)).integrated_lufs == -math.inf
    short = loudness_of(sine(-20, 0.2))
    assert short.integrated_lufs == -math.inf
    assert short.true_peak_dbtp == pytest.approx(-20, abs=0.1)
    assert gain_to(-14, silence) == 0


def test_damaged_values_spoil_nothing() -> None:
    sound = sine(-20, 3)
    sound[:, 1000] = np.nan
    measured = loudness_of(sound)
    assert measured.integrated_lufs == pytest.approx(-20, abs=LU)
    assert math.isfinite(measured.true_peak_dbtp)


def test_a_peak_between_the_samples_is_found() -> None:
    """A sine at a quarter of the rate, met 45 degrees off its crest: its samples are 3 dB too low."""
    wave = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4) * np.hanning(RATE)
    measured = loudness_of(np.asarray(wave[None], np.float32))
    assert 20 * math.log10(float(np.abs(wave).max())) < -3
    assert measured.true_peak_dbtp == pytest.approx(0, abs=0.05)


def test_a_peak_is_found_wherever_the_blocks_end() -> None:
    sound = np.zeros((2, 70_000), np.float32)
    sound[1, [0, 65_535, 69_999]] = 0.1, 0.3, 0.5
    for size in (97, 777, 65_536, 70_000):
        blocks = (sound[:, at : at + size] for at in range(0, 70_000, size))
        assert measure_loudness(blocks, RATE).true_peak_dbtp == pytest.approx(20 * math.log10(0.5), abs=0.01)


def test_gain_is_what_is_missing_and_never_a_raise_without_end() -> None:
    assert gain_to(-14, Loudness(-20, -3)) == 6
    assert gain_to(-14, Loudness(-6, 1)) == -8
    assert gain_to(-14, Loudness(-60, -50)) == 12
    assert gain_to(-14, Loudness(-60, -50), most_raise_db=20) == 20


@pytest.mark.parametrize("rate", [7_999, 192_001, 0])
def test_other_rates_are_refused(rate: int) -> None:
    with pytest.raises(ParameterError, match="8,000 to 192,000"):
        measure_loudness([sine(-20, 1)], rate)


@pytest.mark.parametrize("block", [np.zeros(5, np.float32), np.zeros((0, 5), np.float32)])
def test_what_is_not_sound_is_refused(block: Samples) -> None:
    with pytest.raises(ParameterError, match="shape"):
        measure_loudness([block], RATE)


def test_channels_do_not_change_on_the_way() -> None:
    with pytest.raises(ParameterError, match=r"\(2, frames\)"):
        loudness_of(sine(-20, 1), sine(-20, 1, channels=1))


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs the ffmpeg program")
def test_the_ffmpeg_program_reads_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    swell = 0.3 * np.abs(np.sin(np.arange(8 * RATE) / RATE))
    sound = np.asarray(np.clip(swell * rng.standard_normal((2, 8 * RATE)), -1, 1), np.float32)
    write_wav(tmp_path / "a.wav", sound, RATE)
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(tmp_path / "a.wav")]
    command += ["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = told.rpartition("Summary:")[2]
    read = [float(re.search(rf"{name}:\s+(\S+)", summary)[1]) for name in ("I", "Peak")]  # type: ignore[index]
    measured = loudness_of(sound)
    assert measured.integrated_lufs == pytest.approx(read[0], abs=LU)
    # white noise is the hardest case for two readings at different points
    assert measured.true_peak_dbtp == pytest.approx(read[1], abs=0.6)


def test_sound_passes_a_meter_unchanged_and_peaks_are_measured_alone() -> None:
    # A quarter of the rate, half way between two samples: they show 3 dB less than there is
    wave = 0.5 * np.cos(np.pi / 2 * np.arange(2 * RATE) + np.pi / 4)
    wave *= np.minimum(1, np.minimum(np.arange(2 * RATE), np.arange(2 * RATE)[::-1]) / (RATE / 10))
    sound = np.tile(wave.astype(np.float32), (2, 1))
    meter = LoudnessMeter(RATE, between=False)
    passed = np.concatenate(list(meter.through([sound[:, :777], sound[:, 777:]])), axis=1)
    assert np.array_equal(passed, sound)
    whole = measure_loudness([sound], RATE)
    assert meter.loudness.integrated_lufs == whole.integrated_lufs
    assert meter.loudness.true_peak_dbtp == pytest.approx(-9.03, abs=0.01)
    assert whole.true_peak_dbtp == pytest.approx(-6.02, abs=0.05)
    assert measure_true_peak([sound]) == whole.true_peak_dbtp
    assert measure_true_peak([]) == -math.inf
