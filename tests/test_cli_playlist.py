"""The main job on real sound: a folder of music becomes a playlist at a cadence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bpmsync.cli.main import main
from bpmsync.export.m3u import read_m3u
from bpmsync.library.planbook import PlanBook
from bpmsync.library.store import Store
from bpmsync.planner.plan import load_plan
from command_line import Answer, bpmsync

RAMP = ("--from", "160", "--to", "184", "--duration", "4m", "--min-length", "10s")


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory, fixtures_audio: Path) -> Path:
    """Return a library of the fixtures, scanned once for all these tests."""
    db = tmp_path_factory.mktemp("scanned") / "library.db"
    answer = bpmsync("--db", db, "scan", fixtures_audio, cwd=db.parent)
    assert "new" in answer.err
    return db


@pytest.fixture
def db(scanned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(scanned, tmp_path / "library.db"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> Answer:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return Answer(status, said.out, said.err)


def test_a_playlist_and_its_plan_into_the_current_folder(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP)
    assert answer.status == 0, answer.err
    assert sorted(path.name for path in here.iterdir()) == ["run-160-184-4m.m3u8", "run-160-184-4m.plan.json"]
    plan = load_plan(here / "run-160-184-4m.plan.json")
    assert not plan.uncovered
    assert abs(plan.total_s - 240) < 30
    played = [path.resolve() for path in read_m3u(here / "run-160-184-4m.m3u8")]
    assert played == [Path(leg.track.path).resolve() for leg in plan.legs]
    assert len(set(played)) == len(played)
    assert all(path.is_file() for path in played)
    assert "cadence error: mean " in answer.out
    assert "top 184 spm, 15.0 % above the ramp's first value, 160" in answer.out
    assert "target" in answer.out
    assert "warning: 15.0 %" in answer.err
    assert "turn off shuffle, crossfade and automix" in answer.err


def test_the_same_again_gives_the_same_bytes(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ("--db", db, "playlist", fixtures_audio, *RAMP)
    run(capsys, *args)
    first = {path.name: path.read_bytes() for path in here.iterdir()}
    assert run(capsys, *args).status == 0
    assert {path.name: path.read_bytes() for path in here.iterdir()} == first


def test_as_json_for_programs(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = (
        "--db",
        db,
        "playlist",
        fixtures_audio,
        *RAMP,
        "--baseline",
        "172",
        "-o",
        "my.m3u8",
        "--json",
        "-q",
    )
    answer = run(capsys, *args)
    document = json.loads(answer.out)
    assert (document["playlist"], document["plan_file"]) == ("my.m3u8", "my.plan.json")
    assert document["plan"] == json.loads((here / "my.plan.json").read_text("utf-8"))
    assert document["rise_percent"] == pytest.approx(6.976744)
    assert document["baseline_is_own"] is True
    assert document["scan"]["new"] == 0
    assert document["mean_error_percent"] < 4
    assert "would be 180 spm" in answer.err
    assert "turn off" not in answer.err


def test_a_dry_run_writes_nothing(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extras = ("--dry-run", "--svg", "run.svg", "--copy", "phone")
    answer = run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP, *extras)
    assert answer.status == 0
    assert "nothing was written" in answer.err
    assert not list(here.iterdir())


def test_what_a_run_has_to_hold_and_what_it_costs(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ("--db", db, "playlist", fixtures_audio, *RAMP, "--explain", "--per-artist", "3")
    wish = ("--play", f"{fixtures_audio / 'Gutter Ballet.mp3'}@3m")
    answer = run(capsys, *args, *wish, "--dry-run")
    assert answer.status == 0, answer.err
    assert "what it costs" in answer.out
    assert (remembered(db), list(here.iterdir())) == ([], [])
    document = json.loads(run(capsys, *args, *wish, "--json").out)
    assert len(document["explain"]["legs"]) == len(document["plan"]["legs"])
    played = {leg["audio_hash"]: leg for leg in document["plan"]["legs"]}
    (leg,) = [one for one in played.values() if one["path"].endswith("Gutter Ballet.mp3")]
    assert leg["start_s"] <= 180 < leg["end_s"]
    assert [set(plan) for plan in remembered(db)] == [set(played)]
    again = json.loads(run(capsys, *args[:-3], "-f", "--max-off", "8%", "--avoid-recent", "1", "--json").out)
    assert again["explain"] is None
    assert {leg["audio_hash"] for leg in again["plan"]["legs"]} != set(played)
    assert run(capsys, *args, "--play", "nobody at all").status == 1


def remembered(db: Path) -> list[tuple[str, ...]]:
    with Store(db) as store:
        return PlanBook(store).recent(9)


def test_a_copy_for_the_phone_and_a_picture(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extras = ("--svg", "run.svg", "--copy", "phone")
    answer = run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP, *extras)
    assert answer.status == 0, answer.err
    assert "<svg" in (here / "run.svg").read_text("utf-8")
    copied = read_m3u(here / "phone" / "run-160-184-4m.m3u8")
    assert [path.name[:2] for path in copied[:2]] in (["01", "02"], ["1 ", "2 "])
    assert all(path.parent.name == "phone" and path.is_file() for path in copied)


def test_a_copy_into_somebodys_folder_is_refused_before_anything_is_written(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "phone").mkdir()
    (here / "phone" / "holiday.jpg").write_text("a picture")
    answer = run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP, "--copy", "phone")
    assert answer.status == 1
    assert "phone" in answer.err
    assert [path.name for path in here.iterdir()] == ["phone"]
    assert [path.name for path in (here / "phone").iterdir()] == ["holiday.jpg"]


def test_somebody_elses_playlist_is_found_before_the_scan(
    tmp_path: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "run-160-184-4m.m3u8").write_text("#EXTM3U\nmine.mp3\n")
    answer = run(capsys, "--db", tmp_path / "new.db", "playlist", fixtures_audio, *RAMP)
    assert answer.status == 1
    assert "--force" in answer.err
    assert not (tmp_path / "new.db").exists()


def test_only_what_lies_under_music_and_exists_is_planned(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    music = here / "music"
    music.mkdir()
    for name in ("Gutter Ballet.mp3", "Two Gears.m4a"):
        shutil.copy2(fixtures_audio / name, music)
    ramp = ("--spm", "178", "--duration", "30s", "--min-length", "10s")
    answer = run(capsys, "--db", db, "playlist", "music", *ramp)
    assert answer.status == 0, answer.err
    (leg,) = load_plan(here / "run-178-30s.plan.json").legs
    assert leg.track.path == str(music / "Gutter Ballet.mp3")
    (music / "Gutter Ballet.mp3").unlink()
    answer = run(capsys, "--db", db, "playlist", "music", *ramp)
    assert answer.status == 1
    assert "cannot follow 178 spm" in answer.err


def test_include_exclude_and_paths(
    db: Path, here: Path, fixtures_audio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filters = ("--include", "kettle", "--include", "ottilie", "--exclude", "title:stop", "--partial")
    answer = run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP, *filters, "--absolute")
    assert answer.status == 0, answer.err
    plan = load_plan(here / "run-160-184-4m.plan.json")
    assert {leg.track.tags.artist for leg in plan.legs} <= {"Kettle & Compass", "Ottilie Brandt"}
    assert not any("Stop" in (leg.track.tags.title or "") for leg in plan.legs)
    assert plan.parameters["include"] == "kettle | ottilie"
    text = (here / "run-160-184-4m.m3u8").read_text("utf-8")
    assert f"\n{fixtures_audio}/" in text
    prefixed = ("--prefix", "/storage/Music", "-o", "phone.m3u8")
    run(capsys, "--db", db, "playlist", fixtures_audio, *RAMP, *prefixed)
    assert "\n/storage/Music/" in (here / "phone.m3u8").read_text("utf-8")


def test_the_help_of_the_main_job_shows_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "playlist", "--help").out
    for default in ("40m", "4%", "1m30s", "12m", "bpmsync"):
        assert f"[default: {default}]" in " ".join(out.split())
