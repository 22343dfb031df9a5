"""Every exit status and every error class, provoked through the real command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from account_cases import put_login
from bpmsync import errors
from bpmsync.errors import BpmsyncError, ExitStatus
from bpmsync.planner.plan import save_plan
from cli_cases import HOSTILE, fill
from command_line import Answer, bpmsync
from conftest import ROOT
from render_cases import short_plan, three_songs

if TYPE_CHECKING:
    from spotify_server import SpotifyServer

posix = pytest.mark.skipif(os.name == "nt", reason="signals, limits and permissions of POSIX")

# Each error class, and the test in this file that meets it
PROVOKED = {
    "BpmsyncError": "test_no_such_folder",
    "ParameterError": "test_nonsense_ramp_text",
    "ConfigError": "test_an_unknown_setting",
    "LibraryError": "test_a_library_of_a_newer_version",
    "TrackError": "test_broken_files_among_good_ones",
    "TagError": "test_broken_tags_do_not_stop_a_track",
    "DecodeError": "test_broken_files_among_good_ones",
    "NoBeat": "test_sound_without_a_beat",
    "PlanError": "test_a_ramp_that_cannot_be_filled",
    "ExportError": "test_a_full_disk_keeps_the_old_file",
    "RenderError": "test_a_plan_whose_music_is_gone",
    "MissingDependency": "test_a_missing_player",
    "SpotifyError": "test_a_song_that_spotify_does_not_know",
    "NotAuthorised": "test_nobody_is_logged_in",
    "RateLimited": "test_spotify_asks_to_come_back_tomorrow",
    "Unanswered": "test_a_change_that_nobody_answers",
}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    fill(tmp_path / "music", path)
    return path


@pytest.fixture
def two_good_one_broken(tmp_path: Path, fixtures_audio: Path) -> Path:
    music = tmp_path / "some music"
    music.mkdir()
    for name in ("Gutter Ballet.mp3", "Two Gears.m4a", "broken/empty.mp3", "broken/shopping list.mp3"):
        shutil.copy(fixtures_audio / name, music)
    return music


def test_every_error_class_is_provoked_here() -> None:
    classes = {
        name
        for name in errors.__all__
        if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), BpmsyncError)
    }
    assert classes == set(PROVOKED)
    assert set(PROVOKED.values()) <= set(globals())


def failed(answer: Answer, status: ExitStatus, *words: str) -> None:
    """Check a failure: its status, nothing on stdout, the reason on stderr, no traceback."""
    assert answer.status == status, answer.err
    assert answer.out == ""
    for word in words:
        assert word in answer.err
    assert "Traceback" not in answer.err
    assert "mistake in bpmsync" not in answer.err


def test_done(db: Path, tmp_path: Path) -> None:
    answer = bpmsync("--db", db, "tracks", cwd=tmp_path)
    assert answer.status == ExitStatus.DONE
    assert "Café" in answer.out


def test_no_such_folder(tmp_path: Path) -> None:
    ramp = ("--from", "160", "--to", "166")
    failed(
        bpmsync("playlist", "no such", *ramp, cwd=tmp_path), ExitStatus.FAILED, "there is no folder no such"
    )
    failed(bpmsync("scan", "no such", cwd=tmp_path), ExitStatus.FAILED, "there is no folder no such")
    failed(bpmsync("--db", "x.db", "scan", ".", cwd=tmp_path), ExitStatus.FAILED, "no music in")


def test_a_folder_without_music(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no sound")
    answer = bpmsync("playlist", ".", "--spm", "170", cwd=tmp_path)
    failed(answer, ExitStatus.FAILED, "no music in", "mp3")
    assert list(tmp_path.iterdir()) == [tmp_path / "notes.txt"]


def test_nonsense_ramp_text(tmp_path: Path) -> None:
    answer = bpmsync("playlist", ".", "--ramp", "fast please", cwd=tmp_path)
    failed(answer, ExitStatus.USAGE, "'fast' in 'fast please'", "160@0 170@10:00 184@40:00")


def test_no_ramp_says_what_to_type(tmp_path: Path) -> None:
    failed(bpmsync("playlist", ".", cwd=tmp_path), ExitStatus.USAGE, "right foot", "times 4", "--count 40")


def test_an_unknown_setting(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[playlist]\nmax-of = '5%'\n")
    answer = bpmsync("--config", "config.toml", "tracks", cwd=tmp_path)
    failed(answer, ExitStatus.USAGE, "unknown key in [playlist] 'max-of'", "did you mean max-off?")


def test_a_setting_of_the_wrong_kind(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[plan]\nspm = 'brisk'\n")
    answer = bpmsync("--config", "config.toml", "plan", cwd=tmp_path)
    failed(answer, ExitStatus.USAGE, "'brisk' is not a cadence")


def test_a_library_of_a_newer_version(db: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(db)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    before = db.read_bytes()
    failed(bpmsync("--db", db, "tracks", cwd=tmp_path), ExitStatus.FAILED, str(db), "newer")
    assert db.read_bytes() == before


def test_a_plan_whose_music_is_gone(tmp_path: Path) -> None:
    songs = three_songs(tmp_path)
    save_plan(short_plan(songs), tmp_path / "run.plan.json")
    (tmp_path / "mix.flac").write_bytes(b"old")
    Path(songs[1].path).unlink()
    answer = bpmsync("render", "run.plan.json", "mix.flac", "--force", cwd=tmp_path)
    failed(answer, ExitStatus.FAILED, f"{songs[1].path} is gone", "--music")
    assert (tmp_path / "mix.flac").read_bytes() == b"old"


def test_a_library_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_text("these are shopping notes, not a database at all" * 20)
    failed(bpmsync("--db", "library.db", "tracks", cwd=tmp_path), ExitStatus.FAILED, "library.db")
    (tmp_path / "file").touch()
    failed(bpmsync("--db", "file/library.db", "tracks", cwd=tmp_path), ExitStatus.FAILED, "file", "--db")


def test_verbose_traces_an_error(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_text("these are shopping notes, not a database at all" * 20)
    answer = bpmsync("-v", "--db", "library.db", "tracks", cwd=tmp_path)
    assert answer.status == ExitStatus.FAILED
    assert "Traceback" in answer.err
    assert "LibraryError" in answer.err


def test_a_plan_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "run.plan.json").write_text("{}")
    answer = bpmsync("export", "run.plan.json", cwd=tmp_path)
    failed(answer, ExitStatus.FAILED, "run.plan.json", "not a plan")


def test_a_ramp_that_cannot_be_filled(db: Path, tmp_path: Path) -> None:
    args = ("--db", db, "plan", "--from", "162", "--to", "184", "--duration", "8m")
    answer = bpmsync(*args, "-o", "run.m3u8", cwd=tmp_path)
    failed(answer, ExitStatus.FAILED, "covers 3m20s of 8m", "from 3:20 to 8:00", "--partial")
    assert not (tmp_path / "run.m3u8").exists()
    answer = bpmsync(*args, "--partial", cwd=tmp_path)
    assert answer.status == ExitStatus.DONE
    assert "no music from" in answer.out


def test_broken_files_among_good_ones(two_good_one_broken: Path, tmp_path: Path) -> None:
    args = ("--db", tmp_path / "library.db", "playlist", two_good_one_broken, "--spm", "175")
    limits = ("--duration", "50s", "--min-length", "20s", "--max-off", "6%")
    answer = bpmsync(*args, *limits, cwd=tmp_path)
    assert answer.status == ExitStatus.SOME_FAILED, answer.err
    assert "empty.mp3: " in answer.err
    assert "shopping list.mp3: " in answer.err
    assert "2 new, 2 failed" in answer.err
    assert "turn off shuffle, crossfade and automix" in answer.err
    playlist = (tmp_path / "run-175-50s.m3u8").read_text("utf-8")
    assert "./some music/Gutter Ballet.mp3" in playlist
    assert (tmp_path / "run-175-50s.plan.json").is_file()


def test_beats_goes_on_past_a_broken_file(two_good_one_broken: Path, tmp_path: Path) -> None:
    names = [str(two_good_one_broken / name) for name in ("empty.mp3", "Gutter Ballet.mp3")]
    answer = bpmsync("beats", "--nl", *names, "gone.mp3", cwd=tmp_path)
    assert answer.status == ExitStatus.SOME_FAILED
    broken, good, gone = map(json.loads, answer.out.splitlines())
    assert set(broken) == set(gone) == {"path", "error"}
    assert [line["path"] for line in (broken, good, gone)] == [*names, "gone.mp3"]
    keys = ["path", "tempo", "beats", "downbeats", "confidence", "usable", "duration_s", "cpu_s"]
    assert list(good) == keys
    assert good["tempo"] == pytest.approx(178, abs=0.05)
    assert "failed: " + names[0] in answer.err


def test_sound_without_a_beat(fixtures_audio: Path, tmp_path: Path) -> None:
    answer = bpmsync("beats", fixtures_audio / "two seconds.wav", cwd=tmp_path)
    failed(answer, ExitStatus.SOME_FAILED, "two seconds.wav: ", "too short")


def test_broken_tags_do_not_stop_a_track(fixtures_audio: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy(fixtures_audio / "broken tags.mp3", music)
    assert bpmsync("--db", "library.db", "scan", "music", cwd=tmp_path).status == ExitStatus.DONE
    assert "180.0" in bpmsync("--db", "library.db", "tracks", cwd=tmp_path).out


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(two_good_one_broken: Path, tmp_path: Path) -> None:
    (two_good_one_broken / "Gutter Ballet.mp3").chmod(0)
    answer = bpmsync("--db", "library.db", "scan", two_good_one_broken, cwd=tmp_path)
    assert answer.status == ExitStatus.SOME_FAILED
    assert "Gutter Ballet.mp3" in answer.err


def test_a_file_that_cannot_be_opened(tmp_path: Path, fixtures_audio: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy(fixtures_audio / "Two Gears.m4a", music)
    (music / "dangling.mp3").symlink_to(tmp_path / "nowhere.mp3")
    answer = bpmsync("beats", music / "dangling.mp3", music, cwd=tmp_path)
    assert answer.status == ExitStatus.SOME_FAILED
    assert answer.err.count("failed: ") == 2


def test_a_missing_player(db: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    answer = bpmsync("--db", db, "listen", "gravel", cwd=tmp_path, env={"PATH": str(tmp_path / "bin")})
    failed(answer, ExitStatus.FAILED, "is not installed")


def _tiny_disk() -> None:
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@posix
def test_a_full_disk_keeps_the_old_file(db: Path, tmp_path: Path) -> None:
    args = ("--db", db, "plan", "--spm", "165", "--duration", "6m", "--json")
    plan = tmp_path / "run.plan.json"
    plan.write_text(bpmsync(*args, cwd=tmp_path).out, encoding="utf-8")
    assert bpmsync("export", plan, cwd=tmp_path).status == ExitStatus.DONE
    files = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    # Whatever is written from here on: a picture needs more than the disk has
    answer = bpmsync("export", plan, "--svg", "run.svg", cwd=tmp_path, before=_tiny_disk)
    failed(answer, ExitStatus.FAILED, "cannot write run.svg", "File too large")
    (tmp_path / "run.svg").write_text("the old picture")
    failed(
        bpmsync("export", plan, "--svg", "run.svg", cwd=tmp_path, before=_tiny_disk),
        ExitStatus.FAILED,
        "untouched",
    )
    assert (tmp_path / "run.svg").read_text() == "the old picture"
    (tmp_path / "run.svg").unlink()
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == files


@posix
def test_a_full_disk_under_a_playlist(db: Path, tmp_path: Path) -> None:
    args = ("--db", db, "plan", "--spm", "165", "--duration", "6m", "-o", "run.m3u8")
    assert bpmsync(*args, cwd=tmp_path).status == ExitStatus.DONE
    before = {path: path.read_bytes() for path in tmp_path.glob("run.*")}
    other = ("--db", db, "plan", "--spm", "163", "--duration", "6m", "-o", "run.m3u8")
    answer = bpmsync(*other, cwd=tmp_path, before=_tiny_disk)
    assert answer.status == ExitStatus.FAILED
    assert {path: path.read_bytes() for path in tmp_path.glob("run.*")} == before
    assert not list(tmp_path.glob(".*"))


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_stdout_that_is_full_or_closed(db: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bpmsync", "--db", str(db), "tracks", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, check=False, cwd=tmp_path, env=environment
        )
    assert ended.returncode == ExitStatus.FAILED
    assert b"No space left" in ended.stderr
    assert b"Traceback" not in ended.stderr
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, check=False, cwd=tmp_path, env=environment
    )
    os.close(writing)
    assert ended.returncode == ExitStatus.FAILED
    assert ended.stderr == b""


def test_hostile_tags_in_terminal_and_playlist(tmp_path: Path) -> None:
    db = tmp_path / "library.db"
    fill(tmp_path / "music", db, songs=((HOSTILE, HOSTILE, 82.5),))
    args = ("--db", db, "plan", "--spm", "165", "--duration", "3m", "-o", "run.m3u8")
    answer = bpmsync(*args, cwd=tmp_path)
    assert answer.status == ExitStatus.DONE, answer.err
    playlist = (tmp_path / "run.m3u8").read_text("utf-8")
    for text in (answer.out, answer.err, playlist):
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
    assert [line for line in playlist.splitlines() if line and not line.startswith("#")] == ["./music/01.mp3"]
    assert max(map(len, answer.out.splitlines())) < 300


@posix
def test_interrupted_in_mid_scan_keeps_what_is_scanned(fixtures_audio: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    # Different recordings, enough for a second or two of work
    for path in sorted(fixtures_audio.glob("*.mp3")) + sorted(fixtures_audio.glob("*.opus")):
        shutil.copy(path, music)
    command = [sys.executable, "-m", "bpmsync", "--db", "library.db", "playlist", "music", "-j", "1"]
    with subprocess.Popen(
        [*command, "--from", "160", "--to", "168"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        _wait_for_a_track(tmp_path / "library.db", running)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == ExitStatus.INTERRUPTED, err
    assert out == b""
    assert b"what is scanned is kept" in err
    assert b"run the same command again" in err
    assert b"Traceback" not in err
    assert json.loads(bpmsync("--db", "library.db", "tracks", "--json", cwd=tmp_path).out)
    assert not list(tmp_path.glob("run-*"))


def _wait_for_a_track(db: Path, running: subprocess.Popen[bytes]) -> None:
    while running.poll() is None:
        time.sleep(0.02)
        try:
            connection = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
        except sqlite3.OperationalError:
            continue
        try:
            if connection.execute("SELECT count(*) FROM files").fetchone()[0]:
                return
        except sqlite3.OperationalError:
            continue
        finally:
            connection.close()


def test_output_is_utf8_whatever_the_console_says(db: Path, tmp_path: Path) -> None:
    ascii_console = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    answer = bpmsync("--db", db, "tracks", cwd=tmp_path, env=ascii_console)
    assert answer.status == ExitStatus.DONE
    assert "Éa - Café" in answer.out


@posix
@pytest.mark.skipif(sys.platform == "darwin", reason="its names are always UTF-8")
def test_a_name_that_is_not_utf8_is_reported(tmp_path: Path, fixtures_audio: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    shutil.copy(fixtures_audio / "Two Gears.m4a", music / os.fsdecode(b"bad\xff.m4a"))
    answer = bpmsync("--db", "library.db", "scan", "music", cwd=tmp_path)
    assert answer.status == ExitStatus.SOME_FAILED
    assert "not valid UTF-8" in answer.err
    answer = bpmsync("beats", "--nl", os.fsdecode(b"music/bad\xff.m4a"), cwd=tmp_path)
    assert json.loads(answer.out)["path"] == os.fsdecode(b"music/bad\xff.m4a")


def test_output_is_plain_where_no_terminal_is(db: Path, tmp_path: Path) -> None:
    answer = bpmsync("--db", db, "tracks", cwd=tmp_path, env={"NO_COLOR": "", "FORCE_COLOR": ""})
    assert "\x1b" not in answer.out + answer.err


def _read_terminal(terminal: int) -> str:
    """The next part of what was drawn; empty at the end, which Linux tells as an error."""
    try:
        return os.read(terminal, 65_536).decode("utf-8", "replace")
    except OSError:
        return ""


@posix
def test_a_bar_is_drawn_on_a_terminal_only(fixtures_audio: Path, tmp_path: Path) -> None:
    import pty

    command = [
        sys.executable,
        "-m",
        "bpmsync",
        "--db",
        "library.db",
        "scan",
        str(fixtures_audio / "hiss.opus"),
    ]
    terminal, ours = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"}
    ended = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=ours,
        stderr=ours,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    os.close(ours)
    drawn = "".join(iter(lambda: _read_terminal(terminal), ""))
    os.close(terminal)
    assert ended.returncode == ExitStatus.DONE
    assert "scanning" in drawn
    assert "1/1" in drawn
    assert "1 file: 1 new" in drawn
    again = bpmsync("--db", "library.db", "scan", fixtures_audio / "hiss.opus", cwd=tmp_path)
    assert again.err == "1 file: 1 unchanged\n"


def test_a_dash_is_a_pipe(fixtures_audio: Path, db: Path, tmp_path: Path) -> None:
    name = fixtures_audio / "Gutter Ballet.mp3"
    answer = bpmsync("beats", "--nl", "-", cwd=tmp_path, stdin=name.read_bytes())
    assert answer.status == ExitStatus.DONE, answer.err
    assert json.loads(answer.out)["path"] == "-"
    plan = bpmsync("--db", db, "plan", "--spm", "165", "--duration", "6m", "-o", "-", cwd=tmp_path)
    playlist = bpmsync("export", "-", "-", cwd=tmp_path, stdin=plan.out.encode())
    assert playlist.status == ExitStatus.DONE, playlist.err
    assert playlist.out.startswith("#EXTM3U\n")
    assert "\n./music/0" in playlist.out


def test_the_wrong_engine(tmp_path: Path, fixtures_audio: Path) -> None:
    answer = bpmsync("beats", "--engine", "psychic", fixtures_audio / "Two Gears.m4a", cwd=tmp_path)
    failed(answer, ExitStatus.USAGE, "'psychic'", "librosa")


def _link(db: Path, folder: Path) -> Answer:
    uri = f"spotify:track:{'0' * 22}"
    return bpmsync("--db", db, "spotify", "link", "Gravel", uri, "--account", folder / "account", cwd=folder)


def test_nobody_is_logged_in(db: Path, tmp_path: Path) -> None:
    failed(_link(db, tmp_path), ExitStatus.FAILED, "nobody is logged in", "bpmsync spotify login")


def test_a_song_that_spotify_does_not_know(db: Path, tmp_path: Path, spotify: SpotifyServer) -> None:
    put_login(spotify, tmp_path / "account")
    failed(_link(db, tmp_path), ExitStatus.FAILED, "knows no such thing", "0" * 22)


def test_spotify_asks_to_come_back_tomorrow(db: Path, tmp_path: Path, spotify: SpotifyServer) -> None:
    put_login(spotify, tmp_path / "account")
    spotify.faults.script("429, 86400 s", path="/tracks/*")
    failed(_link(db, tmp_path), ExitStatus.FAILED, "come back at", "24 h 0 min")


def test_a_change_that_nobody_answers(tmp_path: Path, spotify: SpotifyServer) -> None:
    put_login(spotify, tmp_path / "account")
    spotify.faults.script("applied, but 503", method="POST", path="/me/playlists")
    answer = bpmsync("spotify", "doctor", "--account", tmp_path / "account", cwd=tmp_path)
    assert answer.status == ExitStatus.FAILED
    assert "it may or may not be done" in answer.out
