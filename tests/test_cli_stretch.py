"""`plan --stretch`: what it prints and writes, and what it refuses, over a real library."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bpmsync.cli.main import main
from bpmsync.planner.artefacts import plan_artefacts
from bpmsync.planner.plan import load_plan, plan_from_json, plan_to_json
from cli_cases import fill

if TYPE_CHECKING:
    from pathlib import Path

RUN = ("plan", "--stretch", "--from", "160", "--to", "172", "--duration", "12m", "--baseline", "165")
TABLE = """\
#    at  artist - title                           target  music  steps/beat         stretch  sound   beat
1  0:00  Ada - Tin Roof                          160-162  162.0           2  -1.2 to +0.2 %  gentle  sure
2  2:20  Cy - Harbour                            162-166  164.0           1  -1.0 to +0.9 %  gentle  sure
3  5:33  Bo - Gravel                             166-169  166.0           2  -0.3 to +1.7 %  gentle  sure
4  8:46  Éa - Café                               169-172  168.0           2  +0.5 to +2.4 %  gentle  sure
"""
TOTALS = """\
4 tracks, 12:00 of music for 12:00
stretch: mean 0.8 %, worst 2.4 % of 8 % allowed, at 11:59 in Éa - Café; 2.6 % at most between the attacks, \
which are kept
cost 2885 %^2 s, proved: no better plan
top 172 spm, 4.2 % above your 165
"""


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    monkeypatch.setenv("COLUMNS", "105")
    monkeypatch.chdir(tmp_path)
    return path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_table_and_the_totals_tell_the_stretch(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--db", db, *RUN)
    assert (status, err) == (0, "")
    table, chart, *_ = out.split("\n\n")
    assert table + "\n" == TABLE
    assert out.endswith(TOTALS)
    assert "▀▀ stretched up to 4 %" in chart
    assert "cadence error" not in out


def test_it_is_written_shown_and_drawn_alike(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "--db", db, *RUN, "-o", "run.plan.json", "--svg", "run.svg")
    assert (status, err) == (0, "wrote run.plan.json\n")
    text = (tmp_path / "run.plan.json").read_text("utf-8")
    plan = load_plan(tmp_path / "run.plan.json")
    assert plan_to_json(plan, beside=tmp_path) == text
    assert plan.mode == "stretch"
    assert plan.parameters["fade_steps"] == 16
    assert run(capsys, "--db", db, *RUN, "-o", "-")[1] == plan_to_json(plan)
    picture = (tmp_path / "run.svg").read_text("utf-8").replace("&#160;", " ")
    for words in ("stretch", "sound", "gentle", "-1.2 to +0.2 %"):
        assert words in picture
    assert sorted(item.name for item in tmp_path.glob("run*")) == ["run.plan.json", "run.svg"]


def test_json_has_the_stretch_beside_the_plan(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--db", db, *RUN, "--json")
    plan = plan_from_json(out)
    assert plan_to_json(plan) == run(capsys, "--db", db, *RUN, "-o", "-")[1]
    told, found = json.loads(out)["stretch"], plan_artefacts(plan)
    assert (told["closest_leg"], told["limit_percent"]) == (4, 8.0)
    assert told["worst_percent"] == pytest.approx(found.worst_percent, abs=1e-5)
    assert told["mean_percent"] == pytest.approx(found.mean_percent, abs=1e-5)
    assert [leg["sound"] for leg in told["legs"]] == ["gentle"] * 4
    assert told["legs"][3]["worst_at_s"] == pytest.approx(found.legs[3].worst_at_s, abs=1e-5)


def test_filters_and_limits_hold(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("--db", db, "plan", "--stretch", "--spm", "165", "--duration", "6m", "-o", "-")
    limits = ("--max-stretch", "3%", "--fade", "8", "--min-length", "70s", "--max-length", "5m")
    out = run(capsys, *command, *limits, "--exclude", "steps", "--include", "bo", "--include", "harbour")[1]
    plan = plan_from_json(out)
    assert {leg.track.tags.title for leg in plan.legs} == {"Gravel", "Harbour"}
    recorded = {name: plan.parameters[name] for name in ("max_stretch", "fade_steps", "min_length_s")}
    assert recorded == {"max_stretch": 0.03, "fade_steps": 8, "min_length_s": 70.0}
    assert (plan.parameters["include"], plan.parameters["exclude"]) == ("bo | harbour", "steps")
    assert all(leg.worst_stretch_percent(plan.ramp) <= 3.0 + 1e-4 for leg in plan.legs)
    # The planner's own shortest part, not the default for whole songs; a word of the query counts too
    plan = plan_from_json(run(capsys, *command[:-2], "-o", "-", "artist:ada", "--partial")[1])
    assert plan.parameters["min_length_s"] == 60.0
    assert {leg.track.tags.artist for leg in plan.legs} == {"Ada"}


def test_a_hole_is_an_error_that_names_the_options_or_a_row(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("--db", db, "plan", "--stretch", "--spm", "165", "--duration", "5m", "gravel")
    status, out, err = run(capsys, *command, "-o", "run.plan.json")
    assert (status, out) == (1, "")
    assert "the music covers 3m18s of 5m stretched by at most 8 %: the hole is from 0:00 to 1:42" in err
    assert "--partial plans with the hole left silent" in err
    assert not (tmp_path / "run.plan.json").exists()
    status, out, err = run(capsys, *command, "--partial")
    assert status == 0
    assert "no music until 1:42" in out
    assert "no music from 0:00 to 1:42" in out
    far = ("--db", db, "plan", "--stretch", "--spm", "178", "--duration", "3m", "--max-stretch", "4%")
    assert "--max-stretch 8% covers all of it" in run(capsys, *far)[2]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--stretch", "-o", "run.m3u8"], "bpmsync render run.plan.json run.mp3"),
        (["--stretch", "-o", "run.txt"], "neither a playlist"),
        (["--stretch", "--max-off", "3%"], "with --stretch it is --max-stretch"),
        (["--stretch", "--imported"], "songs without sound"),
        (["--max-stretch", "3%"], "--max-stretch needs --stretch"),
        (["--fade", "8"], "--fade needs --stretch"),
        (["--no-stretch", "--fade", "8"], "--fade needs --stretch"),
        (["--stretch", "--fade", "65"], "0<=x<=64"),
        (["--stretch", "--max-stretch", "8"], "write it as 4%"),
        (["--stretch", "--max-stretch", "31%"], "a stretch limit of 31 % must be above 0 and at most 30 %"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    status, out, err = run(capsys, "--db", db, "plan", "--spm", "165", "--duration", "6m", *args)
    assert (status, out) == (2, "")
    assert words in " ".join(err.split())
    assert not list(tmp_path.glob("run*"))


def test_settings_of_both_kinds_live_side_by_side(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "my.toml"
    settings.write_text(
        '[plan]\nspm = 165\nduration = "6m"\nmax-off = "5%"\nmax-stretch = "3%"\nimported = true\n'
    )
    command = ("--config", settings, "--db", db, "plan", "-o", "-")
    assert plan_from_json(run(capsys, *command)[1]).parameters["max_off"] == 0.05
    assert plan_from_json(run(capsys, *command, "--stretch")[1]).parameters["max_stretch"] == 0.03
    monkeypatch.setenv("BPMSYNC_PLAN_STRETCH", "1")
    assert plan_from_json(run(capsys, *command)[1]).mode == "stretch"
    assert plan_from_json(run(capsys, *command, "--no-stretch", "--max-off", "4%")[1]).mode == "native"
    assert run(capsys, *command, "--max-off", "4%")[0] == 2


def test_players_and_spotify_refuse_the_plan(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "--db", db, *RUN, "-o", "run.plan.json")[0] == 0
    for name, *rest in (["export"], ["export", "--copy", "phone"], ["push", "--account", "nobody"]):
        status, out, err = run(capsys, "--db", db, name, "run.plan.json", *rest)
        assert (status, out) == (1, "")
        assert "a stretched plan has to be rendered (bpmsync render PLAN run.mp3)" in err
        assert "plan without --stretch" in err
    assert not (tmp_path / "run.m3u8").exists()
    assert not (tmp_path / "phone").exists()


def test_a_native_plan_is_what_it_was(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("--db", db, "plan", "--spm", "165", "--duration", "6m")
    out = run(capsys, *command, "--json")[1]
    assert out == run(capsys, *command, "--no-stretch", "-o", "-")[1]
    assert "stretch" not in json.loads(out)
    assert "cadence error: mean" in run(capsys, *command)[1]
