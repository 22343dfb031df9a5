"""``bpmsync coverage`` as people and programs meet it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from bpmsync.cli.coveragepicture import Coverage, show_coverage
from bpmsync.cli.main import main
from bpmsync.library.store import Store
from bpmsync.planner.coverage import cadence_bands
from cli_cases import fill

if TYPE_CHECKING:
    from pathlib import Path

RUN = ("--ramp", "165/6:40 190/6:40")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    return path


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    captured = capsys.readouterr()
    return int(status), captured.out, captured.err


def document(capsys: pytest.CaptureFixture[str], *args: object) -> Any:  # noqa: ANN401 - JSON
    status, out, _ = run(capsys, *args, "--json")
    assert status == 0
    return json.loads(out)


def test_bands_tell_what_each_limit_brings(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = document(capsys, "--db", db, "coverage")
    assert (told["mode"], told["run"]) == ("native", None)
    for band in told["bands"]:
        assert [one["percent"] for one in band["within"]] == [2, 4, 8]
        minutes = [one["minutes"] for one in band["within"]]
        assert minutes == sorted(minutes)
        assert minutes[0] >= band["minutes"]
    stretched = document(capsys, "--db", db, "coverage", "--stretch", "--lowest", "150", "--highest", "160")
    assert stretched["mode"] == "stretch"
    assert [band["from_spm"] for band in stretched["bands"]] == [150, 155]
    assert [one["percent"] for one in stretched["bands"][0]["within"]] == [4, 8, 12]


def test_a_run_is_told_part_by_part_with_what_would_close_its_holes(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    svg = tmp_path / "coverage.svg"
    status, out, _ = run(capsys, "--db", db, "coverage", *RUN, "--svg", svg)
    assert status == 0
    assert "for each" in out
    assert "the music covers 6m40s of 13m20s" in out
    assert "no music from 6:40 to 13:20 (6m40s), at 190 spm" in out
    assert " BPM" in out
    picture = svg.read_text("utf-8")
    assert "no&#160;music&#160;from" in picture
    run(capsys, "--db", db, "coverage", *RUN, "--svg", svg)
    assert svg.read_text("utf-8") == picture
    told = document(capsys, "--db", db, "coverage", *RUN)["run"]
    assert (told["duration_s"], told["covered_s"]) == (800, 400)
    assert [part["needed_minutes"] for part in told["parts"]] == pytest.approx([20 / 3] * 2)
    (hole,) = told["holes"]
    assert hole["remedies"] == []
    assert told["add"]["silent_s"] == 0
    assert told["add"]["bands"][0]["low_bpm"] < 190 < told["add"]["bands"][0]["high_bpm"]


def test_a_remedy_is_named_with_its_songs(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--db", db, "coverage", "--spm", "174", "--duration", "6m", "--max-off", "2%")
    status, out, _ = run(capsys, *args)
    assert status == 0
    assert "  --max-off 5% closes it, with 2 tracks: " in out
    assert "Éa - Café" in out
    (hole,) = document(capsys, *args)["run"]["holes"]
    (remedy,) = (one for one in hole["remedies"] if one["option"] == "--max-off")
    assert (remedy["value"], remedy["closes"], remedy["silent_s"]) == ("5%", True, 0)


def test_a_run_that_is_covered_tells_where_it_is_thinnest(
    db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "--db", db, "coverage", "--spm", "165", "--duration", "10m")
    assert status == 0
    assert "the music covers the run; it is thinnest from " in out
    assert document(capsys, "--db", db, "coverage", "--spm", "165", "--duration", "10m")["run"]["holes"] == []


def test_no_music_is_a_hole_from_end_to_end(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = document(capsys, "--db", db, "coverage", "artist:nobody", "--spm", "170", "--duration", "10m")
    assert told["run"]["covered_s"] == 0
    assert [hole["end_s"] for hole in told["run"]["holes"]] == [600]
    run(capsys, "--db", db, "fix", "1", "--ignore")
    assert run(capsys, "--db", db, "coverage", "title:Roof", "--stretch", "--spm", "165")[0] == 0
    status, _, err = run(capsys, "--db", tmp_path / "empty.db", "coverage", "--spm", "170")
    assert (status, "the library is empty" in err) == (1, True)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--duration", "20m"), "at which cadence do you run?"),
        (("--from", "160"), "where to, from 160 spm?"),
        (("--spm", "170", "--max-stretch", "4%"), "--max-stretch needs --stretch"),
        (("--spm", "170", "--stretch", "--max-off", "4%"), "with --stretch it is --max-stretch"),
        (("--lowest", "170", "--highest", "160"), "make no table"),
    ],
)
def test_what_makes_no_sense_is_refused(
    db: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...], words: str
) -> None:
    status, _, err = run(capsys, "--db", db, "coverage", *args)
    assert status in {1, 2}
    assert words in err


def test_terminals_without_unicode_get_plain_bars(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from io import BytesIO, TextIOWrapper

    with Store(db) as store:
        bands = cadence_bands(store.tracks())
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    show_coverage(Console(file=stream, width=90), Coverage(bands))
    stream.seek(0)
    text = stream.read()
    assert "#" in text
    assert "<= 2 %" in text
    assert max(map(len, text.splitlines())) <= 90
    assert capsys.readouterr().out == ""
