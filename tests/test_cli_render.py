"""`render` and `playlist --render`: what they write, what is read back, what they refuse."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import mutagen
import numpy as np
import pytest

from bpmsync.audio.decode import open_audio
from bpmsync.audio.writer import read_chapters, read_plan_text
from bpmsync.beats.engines import engine_version
from bpmsync.cli.main import main
from bpmsync.cli.progress import watch
from bpmsync.cli.promise import PROMISE
from bpmsync.export.m3u import read_m3u
from bpmsync.library.scan import ScannedFile
from bpmsync.library.store import Store
from bpmsync.library.track import Tags
from bpmsync.planner.artefacts import plan_artefacts
from bpmsync.planner.fades import fades_of
from bpmsync.planner.native import plan_native
from bpmsync.planner.plan import load_plan, plan_from_json, save_plan
from bpmsync.render.moved import find_moved
from bpmsync.render.values import Progress
from bpmsync.timeline.ramp import Ramp
from planner_cases import track
from render_cases import click_song, heard_clicks, short_plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg

RATE = 44_100
NAMES = ("Ada - Tin Roof", "Bo - Gravel: Part 2", "three")
LAST_WORDS = "in the player: turn off crossfade and shuffle\n"


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[Track]:
    folder = tmp_path_factory.mktemp("songs")
    made = [
        click_song(folder, "one", 164.0, seconds=11.5, hertz=1700.0),
        click_song(folder, "two", 83.0, seconds=12.0, hertz=2300.0, level=0.8),
        click_song(folder, "three", 168.0, seconds=11.5, hertz=3100.0),
    ]
    tags = (Tags(artist="Ada", title="Tin Roof"), Tags(artist="Bo", title="Gravel: Part 2"), Tags())
    return [replace(song, tags=tag) for song, tag in zip(made, tags, strict=True)]


@pytest.fixture(scope="module")
def plan(songs: list[Track]) -> Plan[WarpedLeg]:
    made = short_plan(songs, seconds=22.5)
    assert sorted(leg.track.name for leg in made.legs) == sorted(NAMES)
    return made


@pytest.fixture(scope="module")
def mix(plan: Plan[WarpedLeg], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a mix that the command line has rendered, beside what it said (mix.txt)."""
    folder = tmp_path_factory.mktemp("mix")
    save_plan(plan, folder / "run.plan.json")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        status = main(["-q", "render", str(folder / "run.plan.json"), str(folder / "mix.flac"), "-j", "1"])
    assert status == 0
    (folder / "mix.txt").write_text(out.getvalue(), "utf-8")
    return folder / "mix.flac"


@pytest.fixture
def here(plan: Plan[WarpedLeg], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_plan(plan, tmp_path / "run.plan.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(arg) for arg in args])
    said = capsys.readouterr()
    return status, said.out, said.err


def read(path: Path) -> NDArray[np.float32]:
    return np.concatenate(list(open_audio(path, sample_rate=RATE, channels=2).blocks()), axis=1)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def length_s(plan: Plan[WarpedLeg]) -> float:
    return plan.legs[-1].end_s(plan.ramp)


def starts_s(plan: Plan[WarpedLeg]) -> list[float]:
    return [leg.start_s(plan.ramp) for leg in plan.legs]


def probed(path: Path, plan: Plan[WarpedLeg]) -> list[float]:
    """Return the seconds at which ffprobe finds chapters, and hold its other words against the plan."""
    shown = ["-show_format", "-show_chapters", "-show_streams"]
    command = ["ffprobe", "-v", "error", *shown, "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    tags = {**told["format"].get("tags", {}), **told["streams"][0].get("tags", {})}
    assert {name.lower(): text for name, text in tags.items()}["title"] == "Run 163 to 169 spm, 22s"
    assert float(told["format"]["duration"]) == pytest.approx(length_s(plan), abs=0.06)
    return [float(chapter["start_time"]) for chapter in told["chapters"]]


def chapters_by_mutagen(path: Path) -> list[float]:
    """Return the seconds at which chapters begin; MP3 and M4A have them in forms of their own."""
    found = mutagen.File(path)
    if path.suffix == ".mp3":
        return sorted(frame.start_time / 1000 for frame in found.tags.getall("CHAP"))
    if path.suffix == ".m4a":
        return [chapter.start for chapter in found.chapters]
    texts = [
        found[f"CHAPTER{number:03}"][0] for number in range(sum(name.endswith("name") for name in found))
    ]
    return [sum(float(part) * 60**i for i, part in enumerate(reversed(text.split(":")))) for text in texts]


def cue_starts(sheet: str) -> list[float]:
    times = re.findall(r"INDEX 01 (\d+):(\d\d):(\d\d)", sheet)
    return [int(m) * 60 + int(s) + int(f) / 75 for m, s, f in times]


def check_whole(path: Path, plan: Plan[WarpedLeg]) -> None:
    """Hold against the plan what a mix plays and says."""
    assert read(path).shape[1] / RATE == pytest.approx(length_s(plan), abs=0.001)
    embedded = plan_from_json(read_plan_text(path) or "")
    assert embedded.ramp == plan.ramp
    assert [leg.first_step for leg in embedded.legs] == [leg.first_step for leg in plan.legs]
    if path.suffix != ".wav":
        assert chapters_by_mutagen(path) == pytest.approx(starts_s(plan), abs=0.002)
        assert [chapter.title for chapter in read_chapters(path)] == [leg.track.name for leg in plan.legs]


@pytest.mark.parametrize("ending", ["mp3", "m4a", "opus"])
def test_each_format_is_whole_and_read_back(
    here: Path, plan: Plan[WarpedLeg], capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    two = replace(plan, legs=plan.legs[:2])
    save_plan(two, here / "run.plan.json")
    status, out, err = run(capsys, "render", "run.plan.json", f"mix.{ending}", "-j", "1")
    # Into a pipe no bar is drawn
    assert (status, err) == (0, f"wrote mix.{ending}\n{LAST_WORDS}")
    assert names_in(here) == [f"mix.{ending}", "run.plan.json"]
    check_whole(here / f"mix.{ending}", two)
    assert re.search(r"^2 songs, 0:\d\d$", out, re.MULTILINE)
    assert re.search(r"^loudness -1[34]\.\d LUFS, true peak -\d+\.\d dBTP once decoded$", out, re.MULTILINE)
    if shutil.which("ffprobe"):
        assert probed(here / f"mix.{ending}", two) == pytest.approx(starts_s(two), abs=0.002)


def test_flac_has_a_sheet_and_all_is_told(mix: Path, plan: Plan[WarpedLeg]) -> None:
    check_whole(mix, plan)
    sheet = (mix.parent / "mix.cue").read_text("utf-8")
    assert sheet.startswith("REM BPMSYNC\n")
    assert 'FILE "mix.flac" WAVE\n' in sheet
    found = [start - true for start, true in zip(cue_starts(sheet), starts_s(plan), strict=True)]
    assert all(-1 / 75 <= off <= 1e-4 for off in found)
    out = (mix.parent / "mix.txt").read_text("utf-8")
    worst = plan_artefacts(plan)
    rows = re.findall(
        r"^ *(\d)   (\d:\d\d)   (.+?)  .* +(\d\.\d) %   (\w+) +([+-]\d+\.\d) dB +(\d*)", out, re.MULTILINE
    )
    assert [row[2] for row in rows] == [leg.track.name for leg in plan.legs]
    assert [float(row[3]) for row in rows] == [round(leg.worst_percent, 1) for leg in worst.legs]
    assert [row[4] for row in rows] == [leg.word for leg in worst.legs]
    assert [row[6] for row in rows] == [*map(str, fades_of(plan)), ""]
    assert f"worst {worst.worst_percent:.1f} % of 8 % allowed" in out
    assert out.endswith(f"{PROMISE}\n")


def test_a_pipe_a_document_and_options(
    here: Path, mix: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (here / "run.plan.json").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    options = ("--loudness", "-24", "--fade", "0", "--click", "missing")
    status, out, err = run(capsys, "render", "-", "mix.wav", "-j", "1", "--json", "-q", *options)
    told = json.loads(out)
    assert (status, err) == (0, "")
    assert (told["files"], told["cue"], told["playlist"]) == (["mix.wav"], "mix.cue", None)
    assert told["promise"] == PROMISE
    assert told["loudness_lufs"] == pytest.approx(-24, abs=1)
    assert [leg["fade_steps"] for leg in told["legs"]] == [0, 0, 0]
    assert [leg["steps_per_beat"] for leg in told["legs"]].count("2") == 1
    assert len(told["stretch"]["legs"]) == 3
    assert told["duration_s"] == pytest.approx(read(here / "mix.wav").shape[1] / RATE, abs=1e-6)
    check_whole(here / "mix.wav", load_plan(here / "run.plan.json"))
    assert cue_starts((here / "mix.cue").read_text("utf-8")) == pytest.approx(
        [leg["start_s"] for leg in told["legs"]], abs=1 / 75
    )
    # The song at two steps per beat has a click between its beats, and the others have none
    half = next(leg for leg in told["legs"] if leg["steps_per_beat"] == "2")
    after = next(leg["start_s"] for leg in told["legs"] if leg["start_s"] > half["start_s"])
    within = [
        ((times > half["start_s"] + 1) & (times < after - 1)).sum()
        for times in (heard_clicks(5 * read(here / "mix.wav")), heard_clicks(read(mix)))
    ]
    assert within[0] >= 1.5 * within[1]


def test_files_of_a_split_run_are_the_mix(
    here: Path, mix: Path, plan: Plan[WarpedLeg], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "render", "run.plan.json", "parts", "--split", "-j", "1")
    assert (status, err) == (0, f"wrote parts and parts/run.m3u8\n{LAST_WORDS}")
    assert re.search(r"^3 songs, 0:\d\d in 3 files$", out, re.MULTILINE)
    stems = {name: f"{number:02d} - {name.replace(':', '_')}" for number, name in enumerate(_order(plan), 1)}
    assert names_in(here / "parts") == sorted([*(f"{stem}.flac" for stem in stems.values()), "run.m3u8"])
    files = read_m3u(here / "parts" / "run.m3u8")
    sounds = [read(path) for path in files]
    lengths = [sound.shape[1] / RATE for sound in sounds]
    ends = [*starts_s(plan)[1:], length_s(plan)]
    assert np.cumsum(lengths) == pytest.approx(ends, abs=0.001)
    whole = read(mix)
    assert sum(sound.shape[1] for sound in sounds) == whole.shape[1]
    # 16 bits with dither to either side
    assert np.abs(np.concatenate(sounds, axis=1) - whole).max() <= 4 / 32_768
    lines = (here / "parts" / "run.m3u8").read_text("utf-8").splitlines()
    assert lines[:2] == ["#EXTM3U", "#PLAYLIST:run"]
    assert lines[2].startswith("#BPMSYNC:ramp 163@0 169@0:22.5, 3 files, 0:")
    entries = [line for line in lines if not line.startswith("#")]
    assert entries == [f"./{stem}.flac" for stem in stems.values()]
    told = [line.removeprefix("#EXTINF:").split(",", 1) for line in lines if line.startswith("#EXTINF")]
    assert [int(seconds) for seconds, _ in told] == [round(length) for length in lengths]
    assert [name for _, name in told] == _order(plan)
    numbers = [mutagen.File(path)["tracknumber"][0] for path in files]
    assert numbers == ["1", "2", "3"]


def test_another_run_takes_the_place_of_the_files(
    here: Path, plan: Plan[WarpedLeg], capsys: pytest.CaptureFixture[str]
) -> None:
    short = replace(plan, legs=plan.legs[:1])
    save_plan(short, here / "run.plan.json")
    (here / "parts").mkdir()
    (here / "parts" / "notes.txt").write_text("mine")
    command = ("render", "run.plan.json", "parts", "--split", "-j", "1", "-q", "--format")
    assert run(capsys, *command, "wav") == run(capsys, *command, "wav")  # its own files are no strangers
    assert run(capsys, *command, "opus")[0] == 0
    name = f"01 - {_order(plan)[0].replace(':', '_')}"
    assert names_in(here / "parts") == sorted([f"{name}.opus", "notes.txt", "run.m3u8"])
    (here / "parts" / f"{name}.wav").write_bytes(b"a take of mine")
    status, _, err = run(capsys, *command, "wav")
    assert status == 1
    assert f"parts/{name}.wav exists and bpmsync did not make it" in err
    assert (here / "parts" / f"{name}.wav").read_bytes() == b"a take of mine"


def _order(plan: Plan[WarpedLeg]) -> list[str]:
    return [leg.track.name for leg in plan.legs]


def test_a_preview_is_ten_seconds_around_every_joint(
    here: Path, mix: Path, plan: Plan[WarpedLeg], capsys: pytest.CaptureFixture[str]
) -> None:
    shorter = replace(plan, legs=plan.legs[:2])
    save_plan(shorter, here / "run.plan.json")
    status, out, err = run(capsys, "render", "run.plan.json", "pre.flac", "--preview", "-j", "1")
    assert (status, err) == (0, f"wrote pre.flac\n{LAST_WORDS}")
    assert re.search("^0:10 around the joints of 2 songs$", out, re.MULTILINE)
    heard = read(here / "pre.flac")
    assert heard.shape[1] == 10 * RATE
    # The same joint as in the mix: its clicks lie as far from one another
    joint = heard_clicks(heard)
    whole = heard_clicks(read(mix))
    shift = whole[np.abs(whole - starts_s(plan)[1]).argmin()]
    near = joint[np.abs(joint[:, None] + (shift - 5.0) - whole).min(axis=1) < 1.5]
    assert len(near) >= 20


def test_songs_that_moved_are_found_by_their_sound(
    plan: Plan[WarpedLeg], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    old, new = tmp_path / "old", tmp_path / "new" / "deeper"
    new.mkdir(parents=True)
    elsewhere = {leg.track.audio_hash: str(old / f"{i}.wav") for i, leg in enumerate(plan.legs)}
    for number, leg in enumerate(plan.legs):
        shutil.copy(leg.track.path, new / f"renamed {number}.wav")
    (new / "not music.mp3").write_text("nothing")
    lost = replace(
        plan,
        legs=tuple(
            replace(leg, track=replace(leg.track, path=elsewhere[leg.track.audio_hash])) for leg in plan.legs
        ),
    )
    save_plan(lost, tmp_path / "run.plan.json")
    status, _, err = run(capsys, "render", "run.plan.json", "pre.wav")
    assert status == 1
    assert f"{old / '0.wav'} is gone" in err
    assert "--music" in err
    found = find_moved(lost, [tmp_path / "new"])
    assert [leg.track.path for leg in found.legs] == [str(new / f"renamed {i}.wav") for i in range(3)]
    assert find_moved(plan, [tmp_path / "new"]) == plan
    assert find_moved(lost, [old.parent / "new" / "deeper"]) == found
    status, _, err = run(
        capsys, "render", "run.plan.json", "new/deeper/renamed 1.wav", "--music", "new", "-f"
    )
    assert status == 1
    assert "is a song of yours" in err


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["run.plan.json", "mix.ogg"], 2, "must end in one of .mp3, .m4a, .opus, .flac, .wav"),
        (["run.plan.json", "mix"], 2, "must end in one of"),
        (["run.plan.json", "none/mix.mp3"], 1, "there is no folder none"),
        (["run.plan.json", "none/parts", "--split"], 1, "there is no folder none"),
        (["run.plan.json", "run.plan.json", "--split"], 1, "it is a file"),
        (["run.plan.json", "dir.flac"], 1, "it is a folder"),
        (["run.plan.json", "theirs.mp3"], 1, "theirs.mp3 exists and bpmsync did not make it"),
        (["run.plan.json", "theirs.mp3", "--preview"], 1, "replace it with --force"),
        (["run.plan.json", "dir.flac", "--split"], 1, "run.m3u8 exists and bpmsync did not write it"),
        (["run.plan.json", "new.flac"], 1, "new.cue exists and bpmsync did not make it"),
        (["run.plan.json", "mix.mp3", "--split"], 2, "give a folder's name (--format mp3"),
        (["run.plan.json", "mix.mp3", "--split", "--preview"], 2, "two things"),
        (["run.plan.json", "mix.mp3", "--format", "wav"], 2, "--format is for --split"),
        (["run.plan.json", "mix.mp3", "--loudness", "3"], 2, "from -40 to -6"),
        (["run.plan.json", "mix.mp3", "--fade", "65"], 2, "0<=x<=64"),
        (["run.plan.json", "mix.mp3", "--cues", "quiet feat"], 2, "did you mean quiet-feet?"),
        (["run.plan.json", "mix.mp3", "--cues-folder", "dir.flac"], 2, "there is no WAV file in dir.flac"),
        (["run.plan.json", "mix.mp3", "--stretcher", "rubber"], 2, "there is no stretcher 'rubber'"),
        (["run.plan.json", "mix.mp3", "--music", "none"], 2, "does not exist"),
        (["run.plan.json"], 2, "Missing argument 'DEST'"),
        (["native.plan.json", "mix.mp3"], 1, "bpmsync export writes it as a playlist"),
        (["native.plan.json", "mix.mp3"], 1, "plan with bpmsync plan --stretch"),
        (["theirs.mp3", "mix.mp3"], 1, "theirs.mp3: not a plan"),
    ],
)
def test_what_cannot_be_is_refused_before_any_sound(
    here: Path, capsys: pytest.CaptureFixture[str], args: list[str], status: int, words: str
) -> None:
    ramp = Ramp.constant(165, duration_s=200)
    save_plan(plan_native([track("a", 165.0)], ramp), here / "native.plan.json")
    (here / "theirs.mp3").write_bytes(b"a song")
    (here / "new.cue").write_text("FILE")
    (here / "dir.flac").mkdir()
    (here / "dir.flac" / "run.m3u8").write_text("#EXTM3U\nmine.mp3\n")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    found = run(capsys, "render", *args)
    assert (found[0], found[1]) == (status, "")
    assert words in " ".join(found[2].split())
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_song_of_the_plan_is_never_replaced(
    here: Path, songs: list[Track], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("link.wav", "hard.wav"):
        make = (here / name).symlink_to if name == "link.wav" else (here / name).hardlink_to
        make(songs[0].path)
        with_force = run(capsys, "render", "run.plan.json", name, "--force")
        assert with_force[0] == 1
        assert "is a song of yours: bpmsync never writes over your music" in with_force[2]
    assert (here / "link.wav").is_symlink()


def test_the_themes_need_no_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("render", "playlist"):
        status, out, err = run(capsys, command, "--cues", "list")
        assert (status, err) == (0, "")
        assert "quiet-feet\n  Listen to your steps." in out
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "cues.toml").write_text('tea = ["Sip it."]')
    monkeypatch.chdir(tmp_path)
    assert "tea\n  Sip it.\n" in run(capsys, "--config", "config.toml", "render", "--cues", "list")[1]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_and_a_second_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for stream, drawn in ((_Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setenv("COLUMNS", "100")
        said.clear()
        with watch(quiet=False, say=said.append) as told:
            for attempt, done_s in ((1, 0.0), (1, 60.0), (1, 120.0), (2, 30.0), (2, 60.0)):
                told(Progress(done_s, 120.0, attempt))
        assert said == ["once more, with a lower ceiling: what came out of the file was too hot"]
        assert bool(stream.getvalue()) is drawn
        assert ("1:00/2:00" in stream.getvalue()) is drawn


@pytest.fixture
def library(songs: list[Track], tmp_path: Path) -> Path:
    """Return a library that knows the songs, so that a scan has nothing to do."""
    path = tmp_path / "library.db"
    with Store(path) as store:
        for song in songs:
            status = Path(song.path).stat()
            entry = ScannedFile(
                song.path,
                status.st_size,
                status.st_mtime_ns,
                audio_hash=song.audio_hash,
                duration_s=song.duration_s,
                tags=song.tags,
                detection=replace(song.detection, version=engine_version()),
                engine="bpmsync",
                version=engine_version(),
            )
            store.save(entry)
    return path


def test_one_command_from_a_folder_to_a_mix(
    songs: list[Track],
    library: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    music = Path(songs[0].path).parent
    ramp = ("--ramp", "163@0 169@0:22.5", "--min-length", "6s", "--max-length", "60s", "--fade", "8")
    command = ("--db", library, "playlist", music, *ramp, "--render", "mix.flac", "-j", "1")
    status, out, err = run(capsys, *command, "-n", "--explain")
    assert (status, out.count("steps/beat"), out.count("what it costs")) == (0, 1, 1), err
    assert err.endswith("a dry run: nothing was written\n")
    assert names_in(tmp_path) == ["library.db"]
    status, out, err = run(capsys, *command)
    assert (status, out.count("steps/beat")) == (0, 2)
    assert err.endswith(f"wrote mix.flac and mix.cue and mix.plan.json\n{LAST_WORDS}")
    assert (out.count("stretch: mean"), out.count(PROMISE)) == (1, 1)
    made = load_plan(tmp_path / "mix.plan.json")
    assert (made.mode, made.parameters["max_stretch"], made.parameters["fade_steps"]) == ("stretch", 0.08, 8)
    assert read(tmp_path / "mix.flac").shape[1] == round(length_s(made) * RATE)
    assert names_in(tmp_path) == ["library.db", "mix.cue", "mix.flac", "mix.plan.json"]
    # Everything is there already, and ours: refused only where a song would be lost
    status, _, err = run(capsys, *command[:-3], music / "one.wav", "--force")
    assert status == 1
    assert "is a song of yours" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--render", "mix.mp3", "-o", "run.m3u8"], "no playlist"),
        (["--render", "mix.mp3", "--copy", "phone"], "--copy would copy untouched songs"),
        (["--render", "mix.mp3", "--push"], "Spotify plays songs at their own tempo"),
        (["--render", "mix.mp3", "--bom"], "nothing for --bom"),
        (["--render", "mix.mp3", "--max-off", "3%"], "with --render it is --max-stretch"),
        (["--render", "mix.txt"], "must end in one of"),
        (["--click", "all"], "--click needs --render"),
        (["--cues", "posture"], "--cues needs --render"),
        (["--max-stretch", "3%"], "--max-stretch needs --render"),
    ],
)
def test_a_mix_and_a_playlist_are_two_things(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    args: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "playlist", tmp_path, "--spm", "165", *args)
    assert (status, out) == (2, "")
    assert words in " ".join(err.split())
    assert not names_in(tmp_path)
