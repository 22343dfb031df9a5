"""The worked examples in playlists/ are what the README's commands make of the fixtures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from bpmsync.export.m3u import m3u_text
from bpmsync.planner.plan import load_plan, plan_to_json
from command_line import bpmsync
from conftest import ROOT

PLAYLISTS = ROOT / "playlists"
PLANS = sorted(PLAYLISTS.glob("*.plan.json"))


def documented() -> dict[str, list[str]]:
    """The README's commands that write into playlists/, by the playlist's name."""
    lines = re.findall(
        r"^bpmsync (.*-o playlists/.*)$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    commands = [shlex.split(line) for line in lines]
    return {Path(words[words.index("-o") + 1]).name: words for words in commands}


def test_every_example_has_its_command_and_its_plan() -> None:
    playlists = {path.name for path in PLAYLISTS.glob("*.m3u8")}
    assert len(playlists) >= 3
    assert set(documented()) == playlists
    assert {path.name.removesuffix(".plan.json") + ".m3u8" for path in PLANS} == playlists


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_the_playlist_comes_from_its_plan_byte_for_byte(path: Path) -> None:
    playlist = path.with_name(path.name.replace(".plan.json", ".m3u8"))
    made = m3u_text(load_plan(path), folder=PLAYLISTS, name=playlist.stem)
    assert made.encode() == playlist.read_bytes()


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_a_plan_reads_back_as_it_was_written(path: Path) -> None:
    assert plan_to_json(load_plan(path), beside=PLAYLISTS).encode() == path.read_bytes()


@pytest.mark.slow
def test_the_commands_make_the_same_runs_from_the_audio(tmp_path: Path) -> None:
    for name, words in documented().items():
        words[words.index("-o") + 1] = str(tmp_path / name)
        words[words.index("fixtures/audio")] = str(ROOT / "fixtures" / "audio")
        answer = bpmsync("--db", tmp_path / "library.db", *words, cwd=tmp_path)
        assert answer.status == 0, answer.err
        plan_name = name.replace(".m3u8", ".plan.json")
        made, kept = load_plan(tmp_path / plan_name), load_plan(PLAYLISTS / plan_name)
        assert [Path(leg.track.path).name for leg in made.legs] == [
            Path(leg.track.path).name for leg in kept.legs
        ]
        for new, old in zip(made.legs, kept.legs, strict=True):
            assert new.start_s == pytest.approx(old.start_s, abs=0.010)
            assert new.native_spm == pytest.approx(old.native_spm, abs=0.05)
            assert new.track.grid is not None
            assert old.track.grid is not None
            assert np.abs(new.track.grid.beats - old.track.grid.beats).max() <= 0.010
