"""Rendering that goes wrong: what was there stays, what is wrong is named, nothing is half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bpmsync.audio.decode import identify
from bpmsync.audio.writer import encode_sound, find_format, read_plan_text
from bpmsync.cli.main import main
from bpmsync.errors import ExitStatus
from bpmsync.planner.plan import load_plan, save_plan
from command_line import bpmsync
from conftest import ROOT
from render_cases import click_song, short_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.library.track import Track

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits of POSIX systems")
RATE = 44_100
OLD = b"what was there before"


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Track]:
    folder = tmp_path_factory.mktemp("songs")
    return [
        click_song(folder, name, bpm, seconds=seconds)
        for name, bpm, seconds in (("one", 164.0, 11.5), ("two", 83.0, 12.0), ("three", 168.0, 11.5))
    ]


@pytest.fixture
def here(songs: list[Track], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a plan, its songs beside it, and an old mix."""
    for song in songs:
        shutil.copy(song.path, tmp_path)
    plan = short_plan(
        [replace(song, path=str(tmp_path / Path(song.path).name)) for song in songs], seconds=22.5
    )
    assert len(plan.legs) == 3
    save_plan(plan, tmp_path / "run.plan.json")
    for name in ("mix.wav", "mix.cue", "mix.mp3"):
        (tmp_path / name).write_bytes(OLD)
    # Sound between stretch and mix lies where the test can see it
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check_untouched(here: Path) -> None:
    for name in ("mix.wav", "mix.cue", "mix.mp3"):
        assert (here / name).read_bytes() == OLD
    assert not parts(here)


def parts(here: Path) -> list[str]:
    return sorted(path.name for path in here.rglob(".*.part"))


def scratch(here: Path) -> list[str]:
    return sorted(path.name for path in (here / "scratch").glob("bpmsync-render-*"))


def delete(song: Path) -> None:
    song.unlink()


def cut_off(song: Path) -> None:
    song.write_bytes(song.read_bytes()[: song.stat().st_size * 3 // 4])


def change(song: Path) -> None:
    data = bytearray(song.read_bytes())
    data[len(data) // 2] ^= 0xFF
    song.write_bytes(data)


def empty(song: Path) -> None:
    song.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (delete, "is gone"),
        (cut_off, "holds other sound than when it was scanned (changed, or cut off)"),
        (change, "holds other sound"),
        (empty, "cannot be read"),
    ],
)
def test_music_that_is_not_what_was_planned(
    here: Path, capsys: pytest.CaptureFixture[str], harm: Callable[[Path], None], words: str
) -> None:
    harm(here / "two.wav")
    for dest in (["mix.wav"], ["parts", "--split"], ["mix.mp3", "--preview"]):
        assert main(["render", "run.plan.json", *dest, "--force", "-j", "1"]) == ExitStatus.FAILED
        said = capsys.readouterr()
        assert said.out == ""
        assert f"{here / 'two.wav'} {words}" in said.err
        assert "one.wav" not in said.err
        assert "Scan the folder again" in said.err
    check_untouched(here)
    assert not (here / "parts").exists()


def test_music_that_was_damaged_before_it_was_planned(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = load_plan(here / "run.plan.json")
    luck = np.random.default_rng(1)
    noise = (0.1 * luck.standard_normal((2, 16 * RATE))).astype(np.float32)
    broken = here / "broken.flac"
    encode_sound(broken, find_format(broken), [noise], RATE)
    data = bytearray(broken.read_bytes())
    data[len(data) // 3 : 2 * len(data) // 3] = bytes(len(data) // 3)
    broken.write_bytes(data)
    *before, last = plan.legs
    track = replace(last.track, path=str(broken), audio_hash=identify(broken).audio_hash)
    save_plan(replace(plan, legs=(*before, replace(last, track=track))), here / "run.plan.json")
    assert main(["render", "run.plan.json", "mix.wav", "--force", "-j", "1"]) == ExitStatus.FAILED
    said = capsys.readouterr().err
    assert f"cannot render {broken}: " in said
    assert "s of it are damaged" in said
    assert "what was there is untouched" in said
    check_untouched(here)
    assert not scratch(here)


@posix
@pytest.mark.parametrize(
    ("bytes_", "words"),
    [
        (3_800_000, "cannot write mix.wav: File too large (what was there is untouched)"),
        (1_000_000, "no room for the sound of"),
    ],
    ids=["where it is written", "between stretch and mix"],
)
def test_a_full_disk(here: Path, bytes_: int, words: str) -> None:
    import resource

    answer = bpmsync(
        *("render", "run.plan.json", "mix.wav", "--force", "-j", "1"),
        cwd=here,
        env={"TMPDIR": str(here / "scratch")},
        before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_)),
    )
    assert (answer.status, answer.out) == (ExitStatus.FAILED, "")
    assert words in answer.err
    assert "Traceback" not in answer.err
    check_untouched(here)
    assert not scratch(here)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no place where nobody can write")
def test_a_place_where_nobody_can_write(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for dest in (["/proc/self/mix.wav"], ["/proc/self/parts", "--split"]):
        assert main(["render", "run.plan.json", *dest, "-j", "1"]) == ExitStatus.FAILED
        said = capsys.readouterr()
        assert said.out == ""
        assert "bpmsync: cannot " in said.err
        assert dest[0].removesuffix(".wav") in said.err
    check_untouched(here)


@posix
@pytest.mark.parametrize("dest", [["mix.mp3", "--force"], ["parts", "--split"]], ids=["mix", "split"])
def test_ctrl_c_leaves_what_was_there(here: Path, dest: list[str]) -> None:
    jobs = "2" if "--split" in dest else "1"
    status, err = _stopped(here, signal.SIGINT, *dest, "-j", jobs)
    assert status == ExitStatus.INTERRUPTED, err
    assert "Traceback" not in err
    assert err.endswith("bpmsync: interrupted\n")
    check_untouched(here)
    assert not scratch(here)
    if "--split" in dest:
        assert "parts: nothing was written\n" in err
        assert not (here / "parts").exists()
    else:
        assert "mix.mp3: what was there is untouched\n" in err


@posix
def test_a_killed_job_leaves_one_part_which_the_next_one_removes(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, err = _stopped(here, signal.SIGKILL, "mix.mp3", "--force", "-j", "1")
    assert (status, err) == (-signal.SIGKILL, "")
    assert len(parts(here)) == len(scratch(here)) == 1
    assert parts(here)[0].startswith(".mix.mp3.")
    assert (here / "mix.mp3").read_bytes() == OLD
    assert main(["-q", "render", "run.plan.json", "mix.mp3", "--force", "--preview", "-j", "1"]) == 0
    assert not parts(here) + scratch(here)
    assert read_plan_text(here / "mix.mp3")
    assert capsys.readouterr().err == ""
    for name in ("mix.wav", "mix.cue"):
        assert (here / name).read_bytes() == OLD


def _stopped(here: Path, number: int, *args: str) -> tuple[int, str]:
    """Return how a render ends, and what it says, that gets a signal while it makes sound."""
    with subprocess.Popen(
        [sys.executable, "-m", "bpmsync", "render", "run.plan.json", *args],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(here / "scratch")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        while running.poll() is None and not list(here.glob("scratch/bpmsync-render-*/*.f32")):
            time.sleep(0.01)
        # To the whole group, as a terminal does
        os.killpg(running.pid, number)
        out, err = running.communicate(timeout=60)
    assert out == b""
    return running.returncode, err.decode()
