"""The commands that read the library: what they print, and where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bpmsync.cli.main import main
from cli_cases import HOSTILE, SONGS, fill

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    return path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_tracks_lists_all_and_says_how_many_on_stderr(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--db", db, "tracks")
    assert status == 0
    for title, artist, bpm in SONGS:
        assert f"{artist} - {title}" in out
        assert f"{bpm:.1f}" in out
    assert err == "6 tracks\n"


def test_tracks_takes_a_query_and_the_common_options_after_the_command(
    db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "tracks", "tin", "bpm:81.5..90", "-q", "--db", db)
    assert (status, err) == (0, "")
    assert "Tin Whistle" in out
    assert "Tin Roof" not in out


def test_tracks_as_json(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--db", db, "tracks", "artist:Ada", "--json")
    tracks = json.loads(out)
    assert [track["title"] for track in tracks] == ["Tin Roof", "Tin Whistle"]
    assert [track["tempo"] for track in tracks] == pytest.approx([81, 82], abs=0.001)


def test_tracks_shows_what_failed(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "it holds no sound" in run(capsys, "--db", db, "tracks", "--failed")[1]
    (failure,) = json.loads(run(capsys, "--db", db, "tracks", "--failed", "--json")[1])
    assert failure["reason"] == "it holds no sound"


def test_an_empty_library_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--db", tmp_path / "new" / "library.db", "tracks")
    assert (status, out) == (0, "")
    assert "bpmsync scan FOLDER" in err


@pytest.mark.parametrize("how", ["id", "path", "query"])
def test_a_track_is_a_path_an_id_or_a_query(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    (track,) = json.loads(run(capsys, "--db", db, "tracks", "gravel", "--json")[1])
    text = {"id": str(track["id"]), "path": str(tmp_path / "music" / "03.mp3"), "query": "gravel"}[how]
    status, out, _ = run(capsys, "--db", db, "show", text)
    assert status == 0
    assert "Bo - Gravel" in out
    assert "83.00 BPM" in out
    assert "sure" in out


def test_show_as_json_holds_the_beats(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(run(capsys, "--db", db, "show", "gravel", "--json")[1])
    assert shown["beats"][0] == 0.25
    assert shown["downbeats"][:2] == [0, 4]
    assert shown["tags"]["genre"] == "Test"


def test_several_hits_show_the_candidates_with_status_2(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "--db", db, "show", "tin")
    assert (status, out) == (2, "")
    assert "matches 2 tracks" in err
    assert "Ada - Tin Roof" in err
    assert "Ada - Tin Whistle" in err


@pytest.mark.parametrize(
    ("text", "words"), [("qzx", "no track matches"), ("999", "no track matches")], ids=["word", "number"]
)
def test_no_hit_is_an_error(db: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    status, _, err = run(capsys, "--db", db, "show", text)
    assert status == 1
    assert words in err


def test_a_file_that_failed_or_was_never_scanned_says_so(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(capsys, "--db", db, "show", tmp_path / "music" / "broken.mp3")
    assert status == 1
    assert "it holds no sound" in err
    (tmp_path / "other.mp3").touch()
    assert "scan it first" in run(capsys, "--db", db, "show", tmp_path / "other.mp3")[2]


def test_hostile_tags_stay_on_their_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = tmp_path / "library.db"
    fill(tmp_path / "music", db, songs=((HOSTILE, "[bold]Eve[/bold]\x07", 82.0),))
    for command in (["tracks"], ["show", "1"]):
        status, out, err = run(capsys, "--db", db, *command)
        assert status == 0
        assert "[bold]Eve[/bold] - ]0;gotcha[31mRed Alert" in out
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(out + err)
        assert max(map(len, out.splitlines())) < 300
    (track,) = json.loads(run(capsys, "--db", db, "tracks", "--json")[1])
    assert track["title"] == HOSTILE


def test_coverage_shows_minutes_as_bars_and_as_json(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--db", db, "coverage")
    assert status == 0
    assert "█" in out
    bands = json.loads(run(capsys, "--db", db, "coverage", "--json")[1])["bands"]
    assert any(band["minutes"] > 0 for band in bands)
    assert all(band["from_spm"] < band["to_spm"] for band in bands)
    nothing = json.loads(run(capsys, "--db", db, "coverage", "artist:nobody", "--json")[1])["bands"]
    assert not any(band["minutes"] for band in nothing)


def test_plan_shows_writes_and_exports(db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "run.plan.json"
    args = ("--db", db, "plan", "--from", "162", "--to", "168", "--duration", "10m", "-o")
    status, out, err = run(capsys, *args, plan, "--svg", tmp_path / "run.svg")
    assert status == 0
    assert "top 168 spm, 3.7 % above the ramp's first value, 162" in out
    assert "cadence error: mean" in out
    assert f"wrote {plan}" in err
    assert "<svg" in (tmp_path / "run.svg").read_text("utf-8")
    assert run(capsys, "export", plan)[0] == 0
    playlist = (tmp_path / "run.m3u8").read_text("utf-8")
    assert playlist.startswith("#EXTM3U\n")
    assert "./music/0" in playlist
    _, stdout, _ = run(capsys, "export", plan, "-", "--absolute")
    assert str(tmp_path / "music" / "0") in stdout
    _, _, err = run(capsys, *args, tmp_path / "both.m3u8")
    assert (tmp_path / "both.m3u8").is_file()
    assert (tmp_path / "both.plan.json").read_bytes() == plan.read_bytes()
    assert "turn off shuffle, crossfade and automix" in err


def test_plan_json_is_the_plan_itself(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--db", db, "plan", "--spm", "165", "--duration", "6m")
    _, out, _ = run(capsys, *args, "--json")
    document = json.loads(out)
    assert document["format"] == 1
    assert document["ramp"]["text"] == "165@0 165@6:00"
    assert run(capsys, *args, "-o", "-")[1] == out


def test_quiet_does_not_hide_a_large_rise(db: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--db", db, "-q", "plan", "--spm", "165", "--duration", "6m", "--baseline", "148", "--json")
    status, _, err = run(capsys, *args)
    assert status == 0
    assert "many take such a rise over weeks; 5 % above 148 would be 155 spm" in err
    assert "warning: 11.5 %" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["plan", "--spm", "165", "-o", "run.txt"], "neither a playlist"),
        (["plan", "--ramp", "nonsense"], "160@0 170@10:00"),
        (["plan"], "count your right foot"),
        (["playlist", "."], "count your right foot"),
        (["playlist"], "Missing argument"),
        (["tracks", "--nonsense"], "No such option"),
        (["trakcs"], "did you mean tracks"),
        (["export", "no-such.plan.json"], "does not exist"),
        (["plan", "--spm", "165", "--include", "bpm:x"], "bpm"),
    ],
)
def test_wrong_usage_is_status_2(
    db: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    status, out, err = run(capsys, "--db", db, *args)
    assert (status, out) == (2, "")
    assert words.lower() in err.lower()


def test_a_file_of_somebody_else_is_replaced_only_by_force(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.m3u8"
    mine.write_text("#EXTM3U\nsong.mp3\n")
    args = ("--db", db, "plan", "--spm", "165", "--duration", "6m", "-o", mine)
    status, _, err = run(capsys, *args)
    assert status == 1
    assert "--force" in err
    assert mine.read_text() == "#EXTM3U\nsong.mp3\n"
    assert not mine.with_suffix(".plan.json").exists()
    assert run(capsys, *args, "--force")[0] == 0
    assert run(capsys, *args)[0] == 0


def test_config_tells_where_each_value_came_from(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.toml").write_text('baseline = 160\n[playlist]\nduration = "30m"\nmax-off = "5%"\n')
    monkeypatch.setenv("BPMSYNC_PLAYLIST_DURATION", "20m")
    _, out, _ = run(capsys, "--config", tmp_path / "my.toml", "--db", db, "config", "--json")
    document = json.loads(out)
    found = {(s["command"], s["setting"]): (s["value"], s["source"]) for s in document["settings"]}
    assert found["playlist", "duration"] == ("20m", "environment")
    assert found["playlist", "max-off"] == ("5%", "config file")
    assert found["plan", "baseline"] == (160, "config file")
    assert found["plan", "max-off"] == ("4%", "default")
    assert found["", "db"] == (str(db), "command line")
    _, table, _ = run(capsys, "--config", tmp_path / "my.toml", "config", "--changed")
    assert "20m" in table
    assert "4%" not in table


def test_settings_take_part_in_a_command(
    db: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "my.toml"
    settings.write_text(f'db = {json.dumps(str(db))}\nquiet = true\n[plan]\nspm = 165\nduration = "6m"\n')
    status, out, err = run(capsys, "--config", settings, "plan", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["ramp"]["text"] == "165@0 165@6:00"
