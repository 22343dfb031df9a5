"""`bpmsync swap`: one song changes, all others stay, and the old plan is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bpmsync.planner.plan import load_plan
from command_line import bpmsync

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.planner.legs import Plan
    from command_line import Answer

RAMP = ("--from", "160", "--to", "178", "--duration", "4m", "--min-length", "10s")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, fixtures_audio: Path) -> Path:
    path = tmp_path_factory.mktemp("swap") / "library.db"
    assert bpmsync("--db", path, "scan", fixtures_audio, cwd=path.parent).status == 0
    return path


def planned(library: Path, out: Path, *more: str) -> Plan[Any]:
    answer = bpmsync("--db", library, "plan", *RAMP, *more, "-o", out, cwd=out.parent)
    assert answer.status == 0, answer.err
    return load_plan(out if out.name.endswith(".json") else out.with_suffix(".plan.json"))


def hashes(plan: Plan[Any]) -> list[str]:
    return [leg.track.audio_hash for leg in plan.legs]


@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_another_song_and_all_others_in_their_order(library: Path, tmp_path: Path, mode: str) -> None:
    out = tmp_path / ("run.m3u8" if mode == "native" else "run.plan.json")
    more = ("--max-off", "8%") if mode == "native" else ("--stretch", "--max-stretch", "12%")
    old = planned(library, out, *more)
    path = tmp_path / "run.plan.json"
    before = path.read_bytes()
    answer = bpmsync("--db", library, "swap", path, "2", cwd=tmp_path)
    assert answer.status == 0, answer.err
    assert answer.out.startswith("leg 2: ")
    new = load_plan(path)
    was, now = hashes(old), hashes(new)
    assert now[1] not in was
    rest = [key for number, key in enumerate(was) if number != 1]
    assert [key for number, key in enumerate(now) if number != 1] == rest[: len(now) - 1]
    assert new.parameters == old.parameters
    assert path.with_name("run.plan.json.before").read_bytes() == before
    if mode == "native":
        assert new.legs[1].track.path.rsplit("/", 1)[1] in out.read_text("utf-8")


def swapped(library: Path, folder: Path, *words: str | Path) -> Answer:
    return bpmsync("--db", library, "swap", folder / "run.plan.json", *words, cwd=folder)


def test_a_song_by_name_to_another_file(library: Path, tmp_path: Path) -> None:
    old = planned(library, tmp_path / "run.plan.json", "--stretch", "--max-stretch", "12%")
    first = swapped(library, tmp_path, "1", "--json", "-o", tmp_path / "a.plan.json")
    other = json.loads(first.out)["legs"][0]
    answer = swapped(library, tmp_path, "1", "--with", other["path"], "-o", tmp_path / "b.plan.json")
    assert answer.status == 0, answer.err
    assert load_plan(tmp_path / "b.plan.json").legs[0].track.audio_hash == other["audio_hash"]
    assert hashes(load_plan(tmp_path / "run.plan.json")) == hashes(old)
    assert not (tmp_path / "run.plan.json.before").exists()


def test_what_cannot_be_is_said(library: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.plan.json"
    old = planned(library, path, "--stretch", "--max-stretch", "12%")
    before = path.read_bytes()
    answer = swapped(library, tmp_path, "99")
    assert answer.status == 2
    assert f"it has {len(old.legs)}" in answer.err
    assert swapped(library, tmp_path, "0").status == 2
    assert swapped(library, tmp_path, "1", "--with", "no such song at all").status == 1
    answer = swapped(library, tmp_path, "1", "--with", old.legs[1].track.path)
    assert answer.status == 1
    assert "no other song fits" in answer.err
    answer = swapped(tmp_path / "none.db", tmp_path, "1")
    assert answer.status == 1
    assert path.read_bytes() == before
    assert not (tmp_path / "run.plan.json.before").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("swap", "run.m3u8", "2"),
        ("render", "run.m3u8", "mix.flac"),
        ("export", "run.m3u8"),
        ("listen", "run.m3u8"),
    ],
)
def test_a_playlist_in_place_of_its_plan(library: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    planned(library, tmp_path / "run.m3u8", "--max-off", "8%")
    there = sorted((item.name, item.read_bytes()) for item in tmp_path.iterdir())
    answer = bpmsync("--db", library, *words, cwd=tmp_path)
    assert (answer.status, answer.out) == (1, "")
    assert "run.m3u8 is a playlist, not a plan: give run.plan.json" in " ".join(answer.err.split())
    assert sorted((item.name, item.read_bytes()) for item in tmp_path.iterdir()) == there
    (tmp_path / "run.plan.json").unlink()
    answer = bpmsync("--db", library, *words, cwd=tmp_path)
    assert answer.status == 1
    assert "no plan beside it (bpmsync plan --from-playlist run.m3u8 makes one)" in " ".join(
        answer.err.split()
    )


def test_the_last_plan_only_is_kept(library: Path, tmp_path: Path) -> None:
    planned(library, tmp_path / "run.plan.json", "--max-off", "8%")
    assert swapped(library, tmp_path, "1").status == 0
    first = (tmp_path / "run.plan.json").read_bytes()
    assert swapped(library, tmp_path, "2").status == 0
    assert (tmp_path / "run.plan.json.before").read_bytes() == first
    assert sorted(item.name for item in tmp_path.iterdir()) == ["run.plan.json", "run.plan.json.before"]
