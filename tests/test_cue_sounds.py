"""What cues sound like: recordings, the system's speech, chimes; and what is refused by name."""

from __future__ import annotations

import os
import stat
import sys
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.audio.loudness import measure_loudness
from bpmsync.errors import ExitStatus, ParameterError, RenderError
from bpmsync.render.cuesounds import LONGEST_CUE_S, CueSounds, change_chime, make_cue_sounds
from bpmsync.render.cuetexts import load_themes
from bpmsync.render.speech import SPEAKER, find_speaker, speak

if TYPE_CHECKING:
    from pathlib import Path

RATE = 44_100
TEXTS = ("Run tall.", "Easy hands.")


def write_wav(path: Path, sound: np.ndarray, rate: int = 22_050) -> None:
    """Write sound of shape (frames,) or (channels, frames) in 16 bits."""
    planes = np.atleast_2d(sound)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(planes))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(planes.T * 32767).astype("<i2").tobytes())


def tone(seconds: float, hz: float = 300.0, level: float = 0.05, rate: int = 22_050) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return level * np.sin(2 * np.pi * hz * t)


def pitch(sound: np.ndarray, rate: int = RATE) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 18))
    return float(np.argmax(spectrum)) * rate / (1 << 18)


def lufs(sound: np.ndarray) -> float:
    padded = np.pad(sound, (0, max(0, RATE // 2 - len(sound))))
    return measure_loudness([np.stack([padded, padded])], RATE).integrated_lufs


def program(folder: Path, script: str) -> str:
    """Return a program of our own in the place of the one that speaks."""
    if sys.platform == "win32":
        pytest.skip("a script with a first line that names its program runs on POSIX only")
    path = folder / "speaker"
    path.write_text(f"#!{sys.executable}\n{script}", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_recordings_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name, hz in (("cue 10.wav", 1000.0), ("cue 2.WAV", 600.0), ("cue 1.wav", 400.0), ("Anna.wav", 250.0)):
        write_wav(tmp_path / name, tone(1.0, hz))
    (tmp_path / "notes.txt").write_text("not a recording")
    (tmp_path / "._cue 1.wav").write_bytes(b"what some systems leave")
    (tmp_path / "old.wav").mkdir()
    sounds = make_cue_sounds(TEXTS, RATE, folder=tmp_path, speaker="not asked")
    assert sounds.texts == ("Anna", "cue 1", "cue 2", "cue 10")
    assert sounds.source == "folder"
    assert [pitch(sound) for sound in sounds.sounds] == pytest.approx([250, 400, 600, 1000], abs=1)


@pytest.mark.parametrize("loudness", [-14.0, -20.0])
def test_recordings_are_trimmed_and_level_with_each_other(tmp_path: Path, loudness: float) -> None:
    write_wav(tmp_path / "1 soft.wav", np.pad(tone(1.0, level=0.01), (30_000, 50_000)))
    write_wav(tmp_path / "2 loud stereo.wav", np.stack([tone(1.0, level=0.9)] * 2), 48_000)
    sounds = make_cue_sounds(TEXTS, RATE, folder=tmp_path, loudness_lufs=loudness)
    assert 1.0 <= len(sounds.sounds[0]) / RATE <= 1.05
    assert sounds.longest_s == max(len(sound) for sound in sounds.sounds) / RATE
    for sound in sounds.sounds:
        assert sound.dtype == np.float32
        assert lufs(sound) == pytest.approx(loudness, abs=0.5)
        assert abs(sound[0]) < 1e-3 > abs(sound[-1])


def test_a_voice_with_high_peaks_is_limited(tmp_path: Path) -> None:
    spiky = tone(2.0, level=0.02)
    spiky[::2205] = 0.9
    write_wav(tmp_path / "1.wav", spiky)
    (sound,) = make_cue_sounds(TEXTS, RATE, folder=tmp_path).sounds
    peak = measure_loudness([sound[np.newaxis]], RATE).true_peak_dbtp
    assert -6.5 < peak <= -5.4


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "as a cue: "),
        (b"RIFF but no more than that", "as a cue: "),
        ("silent", "it is silent"),
        ("long", "20 s of sound, where 15 s is the most"),
        ("endless", "longer than"),
    ],
)
def test_a_recording_that_cannot_be_used_is_named(tmp_path: Path, content: str | bytes, why: str) -> None:
    write_wav(tmp_path / "1.wav", tone(1.0))
    bad = tmp_path / "2 bad.wav"
    if isinstance(content, bytes):
        bad.write_bytes(content)
    else:
        seconds = {"silent": 1.0, "long": 20.0, "endless": 4 * LONGEST_CUE_S + 1}[content]
        write_wav(bad, tone(seconds, level=0.0 if content == "silent" else 0.1))
    with pytest.raises(RenderError, match=why) as caught:
        make_cue_sounds(TEXTS, RATE, folder=tmp_path)
    assert str(bad) in str(caught.value)
    assert caught.value.exit_status == ExitStatus.FAILED


def test_a_folder_that_is_none_or_empty_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.wav").write_bytes(b"")
    for name, words in (
        ("nowhere", "no folder with"),
        ("file.wav", "no folder with"),
        ("empty", "no WAV file"),
    ):
        with pytest.raises(ParameterError, match=words) as caught:
            make_cue_sounds(TEXTS, RATE, folder=tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)


def test_without_a_voice_a_chime_marks_every_sentence() -> None:
    sounds = make_cue_sounds(TEXTS, RATE)
    assert (sounds.texts, sounds.source) == (TEXTS, "chime")
    assert np.array_equal(sounds.sounds[0], sounds.sounds[1])
    assert 0.4 < np.abs(sounds.sounds[0]).max() <= 0.45


def test_the_chime_of_a_change_tells_its_way() -> None:
    part = round(0.16 * RATE)
    ways = {}
    for text in ("faster", "slower", "even"):
        sound = change_chime(text, RATE)
        ways[text] = (pitch(sound[:part]), pitch(sound[part:]))
        assert np.abs(np.diff(sound, prepend=0, append=0)).max() < 0.1  # neither end is a click
        assert np.abs(change_chime(text, RATE, loudness_lufs=-20.0)).max() < 0.6 * np.abs(sound).max()
    assert ways["faster"][1] > 1.3 * ways["faster"][0]
    assert ways["slower"][1] < 0.8 * ways["slower"][0]
    assert ways["even"][1] == pytest.approx(ways["even"][0], rel=0.02)


def test_the_system_speaks_every_shipped_sentence_shortly(tmp_path: Path) -> None:
    speaker = find_speaker()
    if speaker is None:
        pytest.skip(f"{SPEAKER} is not installed")
    texts = [max(theme, key=len) for theme in load_themes().values()]
    sounds = make_cue_sounds(texts, RATE, speaker=speaker)
    assert (sounds.texts, sounds.source) == (tuple(texts), "speech")
    assert all(1.0 < len(sound) / RATE < 6.0 for sound in sounds.sounds)
    assert all(-18 < lufs(sound) < -13.5 for sound in sounds.sounds)
    # What looks like an option or markup is words to it
    odd = tmp_path / "odd.wav"
    speak("--version <b>; $(touch x) -w", odd, program=speaker)
    assert odd.stat().st_size > 20_000


def test_the_text_goes_through_the_standard_input_alone(tmp_path: Path) -> None:
    write_wav(tmp_path / "sample.wav", tone(1.0))
    script = (
        "import pathlib, sys\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / 'told').write_bytes(sys.stdin.buffer.read())\n"
        "(here / 'words').write_text(repr(sys.argv[1:]))\n"
        "target = sys.argv[sys.argv.index('-w') + 1]\n"
        "pathlib.Path(target).write_bytes((here / 'sample.wav').read_bytes())\n"
    )
    sounds = make_cue_sounds(["-w /etc/x; “é”"], RATE, speaker=program(tmp_path, script))
    assert (tmp_path / "told").read_bytes() == "-w /etc/x; “é”".encode()
    assert "etc" not in (tmp_path / "words").read_text()
    assert len(sounds.sounds) == 1


@pytest.mark.parametrize(
    ("script", "timeout_s", "why"),
    [
        ("import sys; print('no such voice', file=sys.stderr); sys.exit(2)", 60, "no such voice"),
        ("import sys; sys.exit(3)", 60, "its status is 3"),
        ("", 60, "its status is 0"),
        ("import time; time.sleep(60)", 0.5, "no answer within 0.5 s"),
    ],
)
def test_a_program_that_does_not_speak_is_an_error(
    tmp_path: Path, script: str, timeout_s: float, why: str
) -> None:
    with pytest.raises(RenderError, match=why) as caught:
        speak("Run tall.", tmp_path / "x.wav", program=program(tmp_path, script), timeout_s=timeout_s)
    assert "'Run tall.'" in str(caught.value)
    assert "--cues-folder" in str(caught.value)


def test_a_program_that_writes_no_sound_is_named(tmp_path: Path) -> None:
    script = "import sys; open(sys.argv[sys.argv.index('-w') + 1], 'w').write('nothing')"
    with pytest.raises(RenderError, match=r"cannot use what speaker spoke for 'Run tall.' as a cue"):
        make_cue_sounds(TEXTS, RATE, speaker=program(tmp_path, script))


def test_a_program_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="could not speak"):
        speak("Run tall.", tmp_path / "x.wav", program=str(tmp_path / "nowhere"))


def test_the_program_is_looked_for_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_speaker() is None
    if os.name == "posix":
        (tmp_path / SPEAKER).write_text("#!/bin/sh\n")
        (tmp_path / SPEAKER).chmod(0o755)
        assert find_speaker() == str(tmp_path / SPEAKER)


def test_as_many_sounds_as_texts() -> None:
    for texts, sounds in (((), ()), (("a", "b"), (np.zeros(1, np.float32),))):
        with pytest.raises(ParameterError, match="as many"):
            CueSounds(texts, sounds, RATE, "chime")
    with pytest.raises(ParameterError, match="sample_rate"):
        make_cue_sounds(TEXTS, 100)
