"""Sound that is no music, or music that came through something bad: an answer, never a traceback."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_judge import distances, share_on_step, tempo_error
from bpmsync.audio.encode import write_wav
from bpmsync.beats.engines import find_tracker
from bpmsync.library.analysis import analyse_file
from speech import talk
from styles import Piece, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from bpmsync.beats.detection import Detection

    Sound = NDArray[np.float32]

RATE = 22_050
SECONDS = 25.0
BPM = 164.0
MISSED = pytest.mark.xfail(strict=False, reason="the engine is fooled by it")


def track(sound: NDArray[np.floating], rate: int = RATE) -> Detection:
    return find_tracker()(sound.astype(np.float32), rate)


def is_doubted(found: Detection) -> bool:
    """Whether nobody is told to run to it: no grid, or one marked for checking."""
    return found.grid is None or found.confidence < 0.5


@cache
def music() -> Piece:
    return make("ska", bpm=BPM, seed=5, seconds=SECONDS)


@cache
def clean() -> Detection:
    return track(music().samples)


def pink(seed: int, seconds: float = SECONDS) -> Sound:
    """Return noise whose power falls by 3 dB an octave."""
    size = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(spectrum.size)))
    sound = np.fft.irfft(spectrum, size)
    scaled: Sound = (0.3 * sound / np.abs(sound).max()).astype(np.float32)
    return scaled


def lone_click() -> Sound:
    sound = np.zeros(round(SECONDS * RATE), np.float32)
    sound[9 * RATE : 9 * RATE + 40] = 0.9
    return sound


def rain() -> Sound:
    """Return drops that fall at random: attacks without any order."""
    rng = np.random.default_rng(8)
    sound = np.zeros(round(SECONDS * RATE), np.float32)
    drop = (rng.standard_normal(800) * np.exp(-np.arange(800) / 120)).astype(np.float32)
    for start in rng.integers(0, sound.size - drop.size, 200):
        sound[start : start + drop.size] += np.float32(rng.uniform(0.05, 0.3)) * drop
    return sound


def sweep() -> Sound:
    """Return a tone that climbs all the time: it changes, but it never begins anew."""
    t = np.arange(round(SECONDS * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * (100 * t + 60 * t**2))).astype(np.float32)


BEATLESS: dict[str, Callable[[], NDArray[np.floating]]] = {
    "silence": lambda: np.zeros(round(SECONDS * RATE)),
    "nearly silence": lambda: 1e-5 * np.random.default_rng(1).standard_normal(round(SECONDS * RATE)),
    "white noise": lambda: 0.1 * np.random.default_rng(2).standard_normal(round(SECONDS * RATE)),
    "loud white noise": lambda: np.random.default_rng(3).standard_normal(round(SECONDS * RATE)),
    "pink noise": lambda: pink(4),
    "speech": lambda: talk(SECONDS, seed=1),
    "other speech": lambda: talk(2 * SECONDS, seed=2),
    "one click": lone_click,
    "a tone": lambda: 0.5 * np.sin(np.arange(round(SECONDS * RATE)) * 0.0627),
    "a sweep": sweep,
    "rain": rain,
    "a constant": lambda: np.full(round(SECONDS * RATE), 0.5),
    "full scale": lambda: np.ones(round(SECONDS * RATE)),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[MISSED] if kind == "a sweep" else []) for kind in BEATLESS]
)
def test_where_there_is_no_beat_none_is_told_with_confidence(kind: str) -> None:
    assert track(BEATLESS[kind]()).confidence < 0.3


@pytest.mark.parametrize(
    "kind", ["silence", "nearly silence", "one click", "a tone", "a constant", "full scale"]
)
def test_where_nothing_repeats_there_is_no_grid(kind: str) -> None:
    found = track(BEATLESS[kind]())
    assert found.failure
    assert found.confidence == 0


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), seconds=st.floats(5.0, 40.0), is_pink=st.booleans())
def test_noise_is_hardly_believed(seed: int, seconds: float, is_pink: bool) -> None:  # noqa: FBT001
    white = 0.2 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    assert track(pink(seed, seconds) if is_pink else white).confidence < 0.3


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000))
def test_nobody_who_talks_is_believed(seed: int) -> None:
    assert track(talk(20.0, seed=seed)).confidence < 0.6


def test_a_real_voice_is_not_told_with_confidence(tmp_path: Path) -> None:
    program = shutil.which("espeak-ng")
    if program is None:
        pytest.skip("espeak-ng, which would speak here, is not installed")
    text = (
        "The first train leaves at six, the second one a little later. Nobody knows when the ferry comes, "
        "or whether it does. Bring a coat, two apples, and something to read; we shall be there for a while. "
        "If the rain stops we walk, and if it does not, we wait under the roof by the old signal box."
    )
    path = tmp_path / "voice.wav"
    subprocess.run([program, "-v", "en", "-s", "150", "-w", str(path), text], check=True)
    found = analyse_file(str(path))
    assert not found.error
    assert found.detection is not None
    assert is_doubted(found.detection)


@pytest.mark.parametrize("samples", [0, 1, 2, 63, 1023, 1025, 4000, 2 * RATE])
def test_too_short_a_sound_has_an_answer(samples: int) -> None:
    found = track(music().samples[5 * RATE : 5 * RATE + samples])
    assert found.confidence < 0.5


@settings(max_examples=25)
@given(
    values=st.lists(st.floats(-1.0, 1.0, width=32), max_size=40),
    repeats=st.integers(1, 4000),
    rate=st.sampled_from([8000, 11_025, 22_050, 44_100]),
)
def test_any_short_sound_has_an_answer(values: list[float], repeats: int, rate: int) -> None:
    found = track(np.repeat(np.array(values, np.float32), repeats), rate)
    assert (found.grid is None) == bool(found.failure)
    assert 0.0 <= found.confidence <= 1.0


def assert_same_grid(found: Detection, *, within_s: float = 0.005) -> None:
    """Every beat of the clean music, where the other has one at all, is within some ms of it."""
    whole = clean().grid
    assert whole is not None
    assert found.grid is not None
    assert found.grid.tempo_bpm == pytest.approx(whole.tempo_bpm, rel=1e-3)
    inner = whole.beats[2:-2]
    assert distances(inner, found.grid.beats).max() <= within_s


def test_the_clean_music_is_heard_right() -> None:
    grid = clean().grid
    assert grid is not None
    assert share_on_step(music().beats, grid.beats) > 0.95
    assert clean().confidence >= 0.5


DAMAGES: dict[str, Callable[[Sound], NDArray[np.floating]]] = {
    "offset up": lambda sound: 0.5 * sound + 0.5,
    "offset down": lambda sound: sound - 0.5,
    "clipped": lambda sound: np.clip(10.0 * sound, -1.0, 1.0),
    "clipped and offset": lambda sound: np.clip(6.0 * sound + 0.4, -1.0, 1.0),
    "beyond full scale": lambda sound: 20.0 * sound,
    "soft": lambda sound: 0.003 * sound,
    "upside down": lambda sound: -sound,
    "eight bits": lambda sound: np.round(sound * 127.0) / 127.0,
    "under a hum": lambda sound: sound + 0.3 * np.sin(2 * np.pi * 50.0 / RATE * np.arange(sound.size)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_done_to_the_sound_leaves_the_beat_where_it_is(damage: str) -> None:
    assert_same_grid(track(DAMAGES[damage](music().samples)))


def at_rate(sound: Sound, rate: int) -> Sound:
    """Return the sound at another rate, by its spectrum."""
    size = round(sound.size * rate / RATE)
    spectrum = np.fft.rfft(sound)
    wanted = np.zeros(size // 2 + 1, complex)
    kept = min(wanted.size, spectrum.size)
    wanted[:kept] = spectrum[:kept]
    return (np.fft.irfft(wanted, size) * (size / sound.size)).astype(np.float32)


def surround(path: Path, sound: Sound, rate: int) -> None:
    """Write 5.1 FLAC: the music in front, a low rumble in the sixth channel, noise behind."""
    rng = np.random.default_rng(3)
    hum = 0.2 * np.sin(2 * np.pi * 40.0 / rate * np.arange(sound.size))
    back = 0.02 * rng.standard_normal((2, sound.size))
    channels = np.stack([sound, 0.8 * sound, 0.5 * sound, hum, *back])
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(channels.astype(np.float32)), format="fltp", layout="5.1"
    )
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    with av.open(str(path), "w") as box:
        stream = box.add_stream("flac", rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "5.1"
        resampler = av.AudioResampler("s16", "5.1", rate, frame_size=4096)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            box.mux(stream.encode(part))
        box.mux(stream.encode(None))


def assert_heard_in(path: Path, *, within_s: float = 0.005) -> None:
    found = analyse_file(str(path))
    assert not found.error
    assert found.detection is not None
    assert_same_grid(found.detection, within_s=within_s)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000, 192_000])
def test_a_file_of_any_rate_has_the_same_grid(tmp_path: Path, rate: int) -> None:
    write_wav(tmp_path / "a.wav", at_rate(music().samples, rate), rate)
    assert_heard_in(tmp_path / "a.wav")


def test_a_file_of_8_khz_has_the_same_grid(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", at_rate(music().samples, 8000), 8000)
    # Half of what a cymbal is made of is gone.
    assert_heard_in(tmp_path / "a.wav", within_s=0.01)


def test_six_channels_have_the_same_grid(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    surround(path, at_rate(music().samples, 48_000), 48_000)
    assert_heard_in(path, within_s=0.01)


def test_six_channels_of_wav_have_the_same_grid(tmp_path: Path) -> None:
    sound = 0.7 * music().samples
    write_wav(tmp_path / "a.wav", np.stack([sound, sound, sound, 0 * sound, 0 * sound, 0 * sound]), RATE)
    assert_heard_in(tmp_path / "a.wav")


def test_channels_that_cancel_each_other_are_silence(tmp_path: Path) -> None:
    sound = music().samples
    write_wav(tmp_path / "a.wav", np.stack([sound, -sound]), RATE)
    found = analyse_file(str(tmp_path / "a.wav"))
    # As is a player with one speaker.
    assert found.detection is not None
    assert found.detection.failure


@pytest.mark.parametrize("samples", [0, 1, 100, 2 * RATE])
def test_a_file_with_hardly_any_sound_is_a_failure_that_is_told(tmp_path: Path, samples: int) -> None:
    write_wav(tmp_path / "a.wav", music().samples[:samples], RATE)
    found = analyse_file(str(tmp_path / "a.wav"))
    if found.detection is None:
        assert found.error
    else:
        assert found.detection.failure
    assert "Error" not in (found.error or "")


def test_silence_around_music_changes_nothing_within() -> None:
    lead_s = 7.0
    quiet = np.zeros(round(lead_s * RATE), np.float32)
    found = track(np.concatenate([quiet, music().samples, quiet]))
    assert found.grid is not None
    assert tempo_error(BPM, found.grid.tempo_bpm) < 0.003
    assert share_on_step(music().beats + lead_s, found.grid.beats) > 0.9
    assert found.usable
    assert found.usable[0][0] > lead_s - 2.0
    assert found.usable[-1][1] < lead_s + SECONDS + 2.0
