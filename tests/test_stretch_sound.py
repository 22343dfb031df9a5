"""What stretched sound keeps: the place and strength of attacks, pitch, stereo image, silence."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.audio.signalsmith import stretch_evenly
from bpmsync.audio.stretch import find_stretcher, stretch
from bpmsync.audio.vocoder import vocode
from bpmsync.errors import MissingDependency
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.audio.stretch import Sound, Stretcher

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
# An onset measurement that knows nothing of the engines
land = import_module("rendering.landing").land
material = import_module("rendering.material")

RATE = 44_100


def heard(sound: Sound, timemap: TimeMap, *, way: Stretcher = stretch, rate: int = RATE) -> Sound:
    blocks = (sound[:, first : first + 10_000] for first in range(0, sound.shape[1], 10_000))
    return np.concatenate(list(way(blocks, timemap, sample_rate=rate)), axis=1)


def even(seconds: float, faster: float, *, period: float = 0.35) -> TimeMap:
    beats = np.arange(0, seconds + 1e-9, period)
    return TimeMap(beats, beats / faster)


def noise(seconds: float, *, rate: int = RATE, channels: int = 1) -> Sound:
    generator = np.random.default_rng(2)
    return (0.1 * generator.standard_normal((channels, round(seconds * rate)))).astype(np.float32)


def tone(hertz: float, seconds: float) -> Sound:
    phases = 2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(phases)).astype(np.float32)[None]


def cents_of(sound: Sound, hertz: float) -> Sound:
    """Return how far a tone is from its pitch, sample by sample, 10 ms smoothed."""
    spectrum = np.fft.fft(sound[0].astype(np.float64) * np.hanning(sound.shape[1]))
    frequencies = np.fft.fftfreq(sound.shape[1], 1 / RATE)
    spectrum[np.abs(frequencies - hertz) > 100] = 0
    phases = np.unwrap(np.angle(np.fft.ifft(spectrum)))[RATE // 2 : -RATE // 2]
    found = np.convolve(np.diff(phases) * RATE / (2 * np.pi), np.full(441, 1 / 441), "valid")
    cents: Sound = 1200 * np.log2(found / hertz)
    return cents


@pytest.mark.parametrize("kind", ["clicks", "drums"])
@pytest.mark.parametrize("faster", [0.87, 1.13, None])
def test_beats_land_within_a_millisecond_and_keep_their_attack(kind: str, faster: float | None) -> None:
    beats = material.steady(172, 8, drift=0.02 if faster is None else 0.0)
    out = material.ramped(beats, 172, 184) if faster is None else (beats - beats[0]) / faster
    timemap = TimeMap(beats, out)
    piece = getattr(material, kind)(beats)
    landing = land(piece.sound, heard(piece.sound, timemap), RATE, timemap.source_s, timemap.out_s - out[0])
    assert len(landing.errors_ms) >= len(beats) - 4
    assert landing.p95_ms <= 1
    assert np.quantile(landing.kept, 0.05) >= 0.95


def test_the_measurement_sees_a_beat_that_is_late() -> None:
    beats = material.steady(172, 8)
    sound = material.drums(beats).sound
    late = np.roll(sound, 88, axis=1)  # 2 ms
    assert np.median(land(sound, late, RATE, beats, beats).errors_ms) == pytest.approx(2, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("percent", [-8.0, -4.0, 4.0, 8.0, 12.5])
def test_beats_of_real_music_land_within_2_milliseconds(corpus: Path, percent: float) -> None:
    errors, kept = [], []
    for piece in material.real_pieces(corpus, every=25):
        beats = piece.beats_s[piece.beats_s <= 25]
        timemap = TimeMap(beats, np.arange(len(beats)) * np.diff(beats).mean() / (1 + percent / 100))
        landing = land(piece.sound, heard(piece.sound, timemap), RATE, timemap.source_s, timemap.out_s)
        errors.extend(np.abs(landing.errors_ms))
        kept.extend(landing.kept)
    assert len(errors) > 50
    assert np.quantile(errors, 0.95) <= 2
    assert np.median(kept) >= 0.95


@pytest.mark.parametrize("faster", [0.87, 1.08])
def test_a_tone_keeps_its_pitch_and_does_not_waver(faster: float) -> None:
    sound = heard(tone(440, 8), TimeMap((0.0, 8.0), (0.0, 8 / faster)), way=vocode)  # type: ignore[arg-type]
    cents = cents_of(sound, 440)
    assert abs(cents.mean()) < 0.5
    assert np.abs(cents - cents.mean()).max() < 1
    assert sound[:, RATE:-RATE].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_resampling_moves_a_tone_by_what_it_says_and_adds_nothing() -> None:
    sound = heard(tone(1000, 6), even(6, 1.0025))
    assert cents_of(sound, 1002.5).mean() == pytest.approx(0, abs=0.05)
    middle = sound[0, RATE:-RATE].astype(np.float64) * np.hanning(sound.shape[1] - 2 * RATE)
    power = np.abs(np.fft.rfft(middle)) ** 2
    beside = np.abs(np.fft.rfftfreq(len(middle), 1 / RATE) - 1002.5) > 20
    assert 10 * np.log10(power[beside].sum() / power.sum()) < -85


@pytest.mark.parametrize("faster", [0.9, 1.002, 1.1])
def test_the_stereo_image_is_exact(faster: float) -> None:
    mono = noise(4)
    both = heard(np.concatenate((mono, mono, -mono)), even(3.5, faster))
    np.testing.assert_array_equal(both[0], both[1])
    np.testing.assert_array_equal(both[0], -both[2])
    delayed = np.concatenate((mono, np.roll(mono, 13, axis=1)))
    left, right = heard(delayed, even(3.5, faster))
    match = [np.dot(left[100:-100], right[100 + lag : len(right) - 100 + lag]) for lag in range(40)]
    assert np.argmax(match) == 13


def test_channels_that_cancel_are_heard() -> None:
    mono = noise(4)
    opposed = heard(np.concatenate((mono, -mono)), even(3.5, 1.1))
    assert opposed.std() > 0.8 * mono.std()


@pytest.mark.parametrize("faster", [0.9, 1, 1.002, 1.1])
def test_silence_stays_silence(faster: float) -> None:
    assert not heard(np.zeros((2, 4 * RATE), np.float32), even(3.5, faster)).any()


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 48_000, 96_000, 192_000])
def test_every_rate_lands_clicks(rate: int) -> None:
    beats = np.arange(1, 4, 0.4)
    sound = np.zeros((1, 4 * rate), np.float32)
    sound[0, np.rint(beats * rate).astype(int)] = 1
    result = heard(sound, TimeMap(beats, (beats - 1) / 1.08), rate=rate)[0]
    for landing in (beats[1:-1] - 1) / 1.08:
        around = round((landing - 0.1) * rate)
        found = around + result[around : around + round(0.2 * rate)].argmax()
        assert abs(found / rate - landing) <= 1.01 / rate
        assert result[found] == 1


@pytest.mark.parametrize("faster", [0.9, 1, 1.002, 1.1])
def test_the_source_is_read_no_further_than_the_map_goes(faster: float) -> None:
    read = []

    def blocks() -> Iterator[Sound]:
        for number in range(600):
            read.append(number)
            yield noise(0.1)

    timemap = TimeMap(even(3.5, faster).source_s + 5, even(3.5, faster).out_s)
    output = stretch(blocks(), timemap, sample_rate=RATE)
    next(output)
    assert max(read) < 72  # a batch: it does not wait for the end of the leg
    list(output)
    assert max(read) <= 85 + 16  # whole blocks, and at most a block of the copy beyond the end


def test_an_absent_package_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_stretch.Signalsmith", None)
    engine = find_stretcher("python-stretch")
    assert engine is stretch_evenly
    with pytest.raises(MissingDependency, match=r"python-stretch is not installed: pip install"):
        heard(noise(1), even(0.7, 1.1), way=engine)


def test_python_stretch_follows_the_map_too() -> None:
    pytest.importorskip("python_stretch", reason="python-stretch is optional")
    beats = material.steady(172, 8, drift=0.02)
    out = material.ramped(beats, 172, 184)
    piece, timemap = material.clicks(beats), TimeMap(beats, out)
    sound = heard(piece.sound, timemap, way=stretch_evenly)
    assert sound.shape == (2, round((out[-1] - out[0]) * RATE))
    assert land(piece.sound, sound, RATE, beats, out - out[0]).p95_ms <= 5
