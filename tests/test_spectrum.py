"""The features of a track: what they mean, and that they do not depend on how sound is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bpmsync.beats import spectrum
from bpmsync.beats.spectrum import Features, measure_features

RATE = 22_050
Sound = NDArray[np.float32]


def noise(samples: int, seed: int = 3) -> Sound:
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def tone(hz: float, seconds: float, rate: int = RATE) -> Sound:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def same(a: Features, b: Features) -> bool:
    return (
        np.array_equal(a.flux, b.flux)
        and np.array_equal(a.power, b.power)
        and np.array_equal(a.chroma, b.chroma)
        and np.array_equal(a.attack, b.attack)
        and a.duration_s == b.duration_s
    )


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000])
def test_the_mel_bands_are_slaneys(rate: int) -> None:
    import librosa.filters  # seven seconds, which no other test needs to wait for

    size = 1 << round(np.log2(spectrum._WINDOW_S * rate))
    ours = spectrum._mel_weights(rate, size)
    highest = min(10_000.0, rate / 2)
    theirs = librosa.filters.mel(
        sr=rate, n_fft=size, n_mels=72, fmin=27.5, fmax=highest, norm=None, dtype=np.float64
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_parts_of_the_mel_weights_make_the_whole() -> None:
    shape = spectrum._shape(RATE)
    magnitudes = np.abs(noise(48 * 513)).reshape(48, 513)
    mel = spectrum._mel_weights(RATE, 1024)
    mel = mel[mel.sum(axis=1) > 0]
    whole = np.log1p(1000 * magnitudes @ mel.T)
    np.testing.assert_allclose(spectrum._log_mel(magnitudes, shape), whole, rtol=1e-5, atol=1e-5)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 130_000), max_size=12), length=st.integers(0, 130_000))
def test_blocks_of_any_length_give_what_the_whole_gives(cuts: list[int], length: int) -> None:
    sound = noise(length)
    blocks = np.split(sound, sorted(min(cut, length) for cut in cuts))
    assert same(measure_features(iter(blocks), RATE), measure_features(sound, RATE))


@given(length=st.one_of(st.integers(0, 5000), st.integers(50_000, 60_000)))
def test_there_is_a_frame_for_every_hop_and_a_block_for_every_ten(length: int) -> None:
    features = measure_features(noise(length), RATE)
    frames = length // 220 + 1
    assert features.flux.shape == (frames, spectrum.BANDS)
    assert features.power.shape == (-(-frames // 10),)
    assert features.chroma.shape == (-(-frames // 10), 12)
    assert features.duration_s == length / RATE
    assert features.flux.dtype == features.power.dtype == features.chroma.dtype == np.float32
    assert (features.flux >= 0).all()


@given(length=st.integers(220, 60_000))
def test_the_attack_is_what_neighbouring_samples_differ_by(length: int) -> None:
    sound = noise(length)
    attack = measure_features(sound, RATE).attack
    assert attack.shape == (spectrum.ATTACKS * (length // 220 + 1),)
    whole = length // 55
    change = np.diff(sound, prepend=np.float32(0))[: whole * 55].reshape(whole, 55)
    np.testing.assert_allclose(attack[:whole], (change**2).mean(axis=1), rtol=1e-4)
    assert np.all(attack[whole + 1 :] == 0)


@given(length=st.integers(0, 60_000))
def test_no_power_is_lost(length: int) -> None:
    sound = noise(length)
    features = measure_features(sound, RATE)
    # The last samples lie beyond the last block if no frame is centred on them: a frame at most.
    total = float(features.power.sum()) * 2200
    covered = sound[: len(features.power) * 2200]
    assert total == pytest.approx(float(np.dot(covered, covered)), rel=1e-4, abs=1e-6)
    assert len(sound) - len(covered) < 220


def test_an_onset_is_seen_at_its_frame_in_its_band() -> None:
    sound = np.zeros(4 * RATE, np.float32)
    at = 2 * RATE
    sound[at:] = tone(80, 2)
    features = measure_features(sound, RATE)
    peak = int(features.flux.sum(axis=1).argmax())
    assert abs(peak * features.frame_s - 2.0) < 0.02
    # The sine's own frame holds a click as well; after it only the lowest band still rises.
    assert features.flux[peak + 1].argmax() == 0
    assert np.all(features.flux[: peak - 8] == 0)


def test_sound_that_is_there_from_the_start_has_not_begun() -> None:
    features = measure_features(noise(RATE), RATE)
    assert np.all(features.flux[:2] == 0)
    assert features.flux[2:].any()


@pytest.mark.parametrize(("hz", "pitch_class"), [(440.0, 9), (880.0, 9), (1046.5, 0), (698.5, 5)])
def test_a_tone_is_in_its_pitch_class(hz: float, pitch_class: int) -> None:
    features = measure_features(tone(hz, 3), RATE)
    middle = features.chroma[5:-5]
    assert np.all(middle.argmax(axis=1) == pitch_class)
    # A sine of 0.5 shows in its own bin, and half as high in both neighbours: 1 where all are inside.
    assert 0.4 < float(middle.max()) < 1.01
    assert features.power[5:-5] == pytest.approx(0.125, rel=0.02)


@pytest.mark.parametrize("rate", [8000, 48_000, 192_000])
def test_other_rates_have_the_same_clock(rate: int) -> None:
    features = measure_features(tone(440, 2, rate), rate)
    assert features.frame_s == pytest.approx(0.01, rel=0.01)
    assert len(features.flux) == 2 * rate // (rate // 100) + 1
    assert np.all(features.chroma[3:-3].argmax(axis=1) == 9)


def test_the_shares_of_each_bin_add_up() -> None:
    shape = spectrum._shape(RATE)
    np.testing.assert_allclose(shape.classes.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(shape.pool.sum(axis=0), 1, atol=1e-5)
