"""What listen writes and plays: a click on every step, measured in the sound itself."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import wave
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.library.store import Store
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.planner.plan import save_plan
from bpmsync.render.click import CLICK_LEVEL, mix_clicks, read_excerpt, step_clicks
from bpmsync.timeline.ramp import Ramp
from command_line import Answer, bpmsync
from conftest import ROOT
from make_fixtures import encode
from synth import drum_loop, silence

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a library of three files and a plan of two."""
    folder = tmp_path_factory.mktemp("listen")
    encode(folder / "fast.flac", drum_loop(164, 12.0, seed=1))
    encode(folder / "slow.flac", drum_loop(84, 12.0, seed=2))
    encode(folder / "nothing.flac", silence(6.0))
    answer = bpmsync("--db", "lib.db", "scan", ".", cwd=folder)
    assert answer.status == 0, answer.err
    with Store(folder / "lib.db") as store:
        fast, slow = (store.track_by_path(folder / name) for name in ("fast.flac", "slow.flac"))
    assert fast is not None
    assert slow is not None
    legs = (WholeLeg(fast, Fraction(1), 0.0), WholeLeg(slow, Fraction(2), fast.duration_s))
    save_plan(Plan(Ramp.constant(166, duration_s=24), legs), folder / "run.plan.json")
    return folder


def listen(library: Path, *args: str | Path, env: dict[str, str] | None = None) -> Answer:
    return bpmsync("--db", "lib.db", "listen", *args, cwd=library, env=env)


def wav(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return data.astype(np.float64) / 32_767, file.getframerate()


def click_at(sound: np.ndarray, first: int) -> float:
    """How much of a click of ours begins at a sample: the tone against what the music has there."""
    t = np.arange(150) / 44_100
    shape = np.cos(2 * np.pi * 1500 * t) * np.exp(-t / 0.006)
    return float(sound[first : first + 150] @ shape / (shape @ shape))


def test_the_clicks_of_the_wav_are_on_the_steps(library: Path, tmp_path: Path) -> None:
    answer = listen(library, "fast", "-o", tmp_path / "a.wav", "--length", "5s")
    assert answer.status == 0, answer.err
    sound, rate = wav(tmp_path / "a.wav")
    assert rate == 44_100
    assert len(sound) == 5 * rate
    assert np.max(np.abs(sound)) <= 1.0
    with Store(library / "lib.db") as store:
        track = store.track_by_path(library / "fast.flac")
    assert track is not None
    assert track.grid is not None
    (begin, end), *_ = track.detection.usable
    start = round((begin + end - 5.0) / 2 * rate) / rate
    due = [s - start for s in track.grid.beats if 0.05 < s - start < 4.9]
    assert len(due) >= 12
    # A click jumps from nothing to its level within one sample; find that jump near each beat
    jump = np.abs(np.diff(sound))
    heard = []
    for second in due:
        near = round(second * rate)
        found = near - 40 + int(np.argmax(jump[near - 41 : near + 40]))
        heard.append(abs(found - near) <= 1 and click_at(sound, near) > CLICK_LEVEL * 0.3)
    # The beat is on the attack of the drums: one of them may cancel a click out in this measure
    assert np.mean(heard) >= 0.75


def test_steps_per_beat_can_be_chosen(library: Path, tmp_path: Path) -> None:
    sounds = {}
    for steps in ("1/2", "1", "2"):
        out = tmp_path / "s.wav"
        assert listen(library, "slow", "-o", out, "--steps-per-beat", steps, "--length", "6s").status == 0
        sounds[steps], _ = wav(out)
    # 84 BPM: 8.4 beats. The music is the same, so what differs is clicks alone
    assert onsets(sounds["1"] - sounds["1/2"]) == pytest.approx(4.2, abs=1)
    # Where no bars are known two clicks a beat accent the beat, so that every click differs
    with Store(library / "lib.db") as store:
        track = store.track_by_path(library / "slow.flac")
    assert track is not None
    assert track.grid is not None
    differing = 12.6 if len(track.grid.downbeats) else 16.8
    assert onsets(sounds["2"] - sounds["1/2"]) == pytest.approx(differing, abs=1)


def onsets(sound: np.ndarray) -> int:
    loud = np.flatnonzero(np.abs(sound) > CLICK_LEVEL * 0.1)
    return int(np.count_nonzero(np.diff(loud, prepend=-44_100) > 4_410))


def test_a_plan_is_heard_track_by_track(library: Path, tmp_path: Path) -> None:
    answer = listen(library, "run.plan.json", "-o", tmp_path / "p.wav", "--length", "2s")
    assert answer.status == 0, answer.err
    sound, rate = wav(tmp_path / "p.wav")
    assert len(sound) == round(4.5 * rate)
    assert not sound[2 * rate : round(2.5 * rate)].any()


def test_a_track_of_a_plan_that_is_gone_is_status_3(library: Path, tmp_path: Path) -> None:
    for name in ("fast.flac", "run.plan.json"):
        shutil.copy(library / name, tmp_path)
    answer = bpmsync("listen", "run.plan.json", "-o", "p.wav", "--length", "1s", cwd=tmp_path)
    assert answer.status == 3
    assert "slow.flac" in answer.err
    assert len(wav(tmp_path / "p.wav")[0]) == 44_100
    (tmp_path / "fast.flac").unlink()
    (tmp_path / "p.wav").unlink()
    answer = bpmsync("listen", "run.plan.json", "-o", "p.wav", cwd=tmp_path)
    assert answer.status == 1
    assert not (tmp_path / "p.wav").exists()


def test_without_a_beat_there_is_nothing_to_click_on(library: Path, tmp_path: Path) -> None:
    answer = listen(library, "nothing", "-o", tmp_path / "n.wav")
    assert answer.status == 3
    assert "silent" in answer.err
    assert not (tmp_path / "n.wav").exists()


def test_without_a_player_the_hint_names_the_way(library: Path, tmp_path: Path) -> None:
    answer = listen(library, "fast", env={"PATH": str(tmp_path)})
    assert answer.status == 1
    assert "mpv or ffplay" in answer.err
    assert "-o FILE" in answer.err


def test_no_length_is_wrong_usage(library: Path) -> None:
    assert listen(library, "fast", "--length", "0s").status == 2


@pytest.fixture
def silent_mpv(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which the real mpv plays to no device."""
    if shutil.which("mpv") is None:
        pytest.skip("mpv is not installed")
    (tmp_path / "mpv").mkdir()
    (tmp_path / "mpv" / "mpv.conf").write_text("ao=null\nuntimed=yes\n", "utf-8")
    return {"MPV_HOME": str(tmp_path / "mpv"), "PYTHONPATH": str(ROOT)}


def test_the_real_mpv_plays(library: Path, silent_mpv: dict[str, str]) -> None:
    answer = listen(library, "run.plan.json", "--length", "1s", env=silent_mpv)
    assert answer.status == 0, answer.err
    assert "1/2 fast: 164.0 BPM, 164.0 steps per minute" in answer.err
    assert "2/2 slow: 84.0 BPM, 168.0 steps per minute" in answer.err


def test_a_player_that_fails_is_said(library: Path, tmp_path: Path) -> None:
    (tmp_path / "mpv").symlink_to(shutil.which("false") or "false")
    answer = listen(library, "fast", "--length", "1s", env={"PATH": str(tmp_path)})
    assert answer.status == 1
    assert "mpv could not play" in answer.err


def test_keys_on_a_terminal_are_kept(library: Path, tmp_path: Path, silent_mpv: dict[str, str]) -> None:
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")
    termios = pytest.importorskip("termios")
    for path in library.glob("lib.db*"):
        shutil.copy(path, tmp_path)
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "bpmsync", "--db", str(tmp_path / "lib.db")),
            *("listen", "run.plan.json", "--length", "1s"),
        ],
        cwd=library,
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, **silent_mpv},
        close_fds=True,
    )
    os.close(child)
    screen = b""
    try:
        # Halve the first and find it right then; never use the second
        for key in (b"h", b"\r", b"x"):
            prompts = screen.count(b"q stop")
            while screen.count(b"q stop") == prompts:
                screen += _more(parent)
            # What is typed before the prompt reads single keys would be thrown away
            while termios.tcgetattr(parent)[3] & termios.ICANON:
                assert process.poll() is None, screen.decode()
            os.write(parent, key)
        while process.poll() is None:
            screen += _more(parent)
    finally:
        process.kill()
        os.close(parent)
    assert process.returncode == 0, screen.decode()
    assert b"after" in screen
    with Store(tmp_path / "lib.db") as store:
        fast, slow = (store.track_by_path(library / name) for name in ("fast.flac", "slow.flac"))
    assert fast is not None
    assert slow is not None
    assert fast.detection.tempo_bpm == pytest.approx(82, abs=0.05)
    assert slow.override.ignore


def _more(terminal: int) -> bytes:
    """Read what is there; nothing once the other side has closed, an error after a long silence."""
    ready, _, _ = select.select([terminal], [], [], 120)
    assert ready, "the command waits for something that no test will type"
    try:
        return os.read(terminal, 1024)
    except OSError:  # what Linux says when the other side has closed
        return b""


def test_of_a_stretched_plan_the_part_that_it_plays_is_heard(library: Path, tmp_path: Path) -> None:
    with Store(library / "lib.db") as store:
        track = store.track_by_path(library / "fast.flac")
    assert track is not None
    leg = WarpedLeg(track, 16, 28, Fraction(1), 0)
    save_plan(Plan(Ramp.constant(166, duration_s=4), (leg,), mode="stretch"), tmp_path / "run.plan.json")
    answer = listen(library, tmp_path / "run.plan.json", "-o", tmp_path / "p.wav", "--length", "2s")
    assert answer.status == 0, answer.err
    sound, rate = wav(tmp_path / "p.wav")
    start = round(((leg.source_start_s + leg.source_end_s - 2.0) / 2) * rate) / rate
    excerpt = read_excerpt(library / "fast.flac", start_s=start, length_s=2.0, sample_rate=rate)
    assert track.grid is not None
    clicks = step_clicks(track.grid, steps_per_beat=Fraction(1), start_s=start, length_s=2.0)
    assert len(clicks.seconds) >= 5
    assert np.abs(sound - mix_clicks(excerpt, rate, clicks)).max() < 1e-3
