"""Sound into files: every frame in its place, and all that is said beside it read back by others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import mutagen
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.atomic import replacing
from bpmsync.audio.cuesheet import cue_text
from bpmsync.audio.decode import Samples, open_audio
from bpmsync.audio.encode import write_wav
from bpmsync.audio.writer import (
    FORMATS,
    Chapter,
    SoundFormat,
    SoundTags,
    encode_sound,
    find_format,
    read_chapters,
    read_plan_text,
)
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 44_100
each_format = pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg program to read with")
needs_ffprobe = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe program to read with")
TAGS = SoundTags(
    title="Läufe »früh« 🏃",
    artist="Some; One / Two",
    album="Runs",
    album_artist="Many",
    genre="Mix",
    date="2026-11-21",
    comment="one\ntwo",
    track=3,
)
CHAPTERS = (Chapter(0, 0.5, "Ünø — first"), Chapter(0.5, 1.5, 'Say "two"'), Chapter(1.5, 2.999, "three"))
PLAN = json.dumps({"format": 1, "ramp": "160..180 ünder 🏃", "beats": [n / 7 for n in range(9000)]}, indent=1)


def music(seconds: float, rate: int = RATE) -> Samples:
    """Return two sides that differ: tones and clicks, quiet enough for every codec."""
    t = np.arange(round(seconds * rate)) / rate
    left = 0.2 * np.sin(2 * np.pi * 440 * t) + 0.3 * np.sin(2 * np.pi * 2000 * t) * np.exp(-40 * (t % 0.5))
    right = 0.2 * np.sin(2 * np.pi * 550 * t) + 0.3 * np.sin(2 * np.pi * 3000 * t) * np.exp(-40 * (t % 0.25))
    return np.asarray([left, right], np.float32)


def write(path: Path, sound: Samples, rate: int = RATE, **words: Any) -> Path:  # noqa: ANN401 - passed on
    frames = encode_sound(path, find_format(path), in_blocks(sound), rate, **words)
    assert frames == pytest.approx(sound.shape[1] * find_format(path).rate_for(rate) / rate, abs=1)
    return path


def in_blocks(sound: Samples) -> Iterator[Samples]:
    random, first = np.random.default_rng(1), 0
    while first < sound.shape[1]:
        size = int(random.integers(1, 20_000))
        yield sound[:, first : first + size]
        first += size


def read(path: Path, rate: int = RATE) -> Samples:
    return np.concatenate(list(open_audio(path, sample_rate=rate, channels=2).blocks()), axis=1)


def by_ffmpeg(path: Path) -> Samples:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.float32).reshape(-1, 2).T


def probed(path: Path) -> dict[str, Any]:
    shown = ["-show_format", "-show_streams", "-show_chapters"]
    command = ["ffprobe", "-v", "error", *shown, "-of", "json", str(path)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return answer


def lag(one: Samples, other: Samples) -> int:
    """Return by how many frames the second comes later than the first."""
    size = 1 << 17
    a, b = np.fft.rfft(one[0, :size], 2 * size), np.fft.rfft(other[0, :size], 2 * size)
    best = int(np.argmax(np.fft.irfft(b * a.conj())))
    return best if best < size else best - 2 * size


@pytest.mark.parametrize("frames", [1, 1000, 1024, 1025, 50_000, 61_440])
@needs_ffmpeg
@needs_ffprobe
def test_an_m4a_whose_length_is_known_before_ends_with_its_sound(tmp_path: Path, frames: int) -> None:
    sound = np.ascontiguousarray(music(2)[:, 500 : 500 + frames])
    path = write(tmp_path / "a.m4a", sound, frames=frames)
    for back in (read(path), by_ffmpeg(path)):
        if frames < 1024:  # a single packet is given whole
            check_length(find_format(path), frames, back.shape[1])
            continue
        assert back.shape == sound.shape
        assert lag(sound, back) == 0
    answer = probed(path)["streams"][0]
    assert int(answer["duration_ts"]) == frames


def check_length(sound_format: SoundFormat, written: int, back: int) -> None:
    if sound_format.name == "M4A":  # FFmpeg, which both ask, gives the last frame of the codec whole
        assert written <= back < written + 1024
    else:
        assert back == written


@each_format
@needs_ffmpeg
def test_as_many_frames_come_back_and_each_in_its_place(tmp_path: Path, one: SoundFormat) -> None:
    rate = one.rate_for(RATE)
    sound = music(3.0117, rate)
    path = write(tmp_path / f"a{one.suffix}", sound, rate)
    for back in (read(path, rate), by_ffmpeg(path)):
        check_length(one, sound.shape[1], back.shape[1])
        assert lag(sound, back) == 0
        away = back[:, : sound.shape[1]] - sound
        assert np.sqrt(np.mean(away**2)) < (0.01 if one.lossy else 2e-5)


@each_format
@pytest.mark.parametrize("frames", [1, 100, 1105, 30_000])
def test_however_short_it_is(tmp_path: Path, one: SoundFormat, frames: int) -> None:
    rate = one.rate_for(RATE)
    path = write(tmp_path / f"a{one.suffix}", music(1, rate)[:, :frames], rate)
    if one.name == "MP3" and frames < 5000:  # too few frames for FFmpeg to know what it is
        soundfile = pytest.importorskip("soundfile")
        assert abs(soundfile.info(path).frames - frames) < 50
    else:
        check_length(one, frames, read(path, rate).shape[1])


@each_format
def test_both_sides_alike_stay_alike_and_silence_stays_silence(tmp_path: Path, one: SoundFormat) -> None:
    rate = one.rate_for(RATE)
    sound = np.repeat(music(1, rate)[:1], 2, axis=0)
    sound[:, rate // 2 :] = 0
    back = read(write(tmp_path / f"a{one.suffix}", sound, rate), rate)
    away = np.abs(back[0] - back[1]).max()
    assert away < 1e-3 if one.name in {"M4A", "Opus"} else away == 0
    assert np.abs(back[:, -rate // 4 :]).max() == (pytest.approx(0, abs=1e-4) if one.lossy else 0)


@each_format
def test_equal_sound_gives_equal_bytes_however_it_is_cut(tmp_path: Path, one: SoundFormat) -> None:
    sound = music(1)
    for name, blocks in (("a", [sound]), ("b", in_blocks(sound))):
        encode_sound(tmp_path / name, one, blocks, one.rate_for(RATE), tags=TAGS, plan_text="{}")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@each_format
def test_sound_at_a_rate_that_the_format_has_not(tmp_path: Path, one: SoundFormat) -> None:
    rate = one.rate_for(96_000 if one.name != "M4A" else 192_000)
    sound = music(2, 96_000)
    path = write(tmp_path / f"a{one.suffix}", sound, 96_000)
    back = read(path, 96_000)
    assert back.shape[1] == pytest.approx(sound.shape[1], abs=2 * 1024 if one.name == "M4A" else 4)
    assert abs(lag(sound, back)) <= 1
    assert rate in {48_000, 96_000, 192_000}


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_sixteen_bits_stay_as_they_are_and_finer_steps_are_dithered(tmp_path: Path, ending: str) -> None:
    whole = np.asarray(np.random.default_rng(2).integers(-32_768, 32_768, (2, 50_000)) / 32_768, np.float32)
    assert np.array_equal(read(write(tmp_path / f"a.{ending}", whole)), whole)
    # a tone of half a step, which rounding alone would lose or square off, is there under noise
    t = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * t)
    faint = np.asarray([tone, tone], np.float32) * np.float32(0.4 / 32_768)
    back = read(write(tmp_path / f"b.{ending}", faint))[0] * 32_768
    spectrum = np.abs(np.fft.rfft(back)) / (len(back) / 2)
    assert spectrum[4000] == pytest.approx(0.4, abs=0.02)
    assert max(spectrum[8000], spectrum[12_000]) < 0.02
    assert set(np.unique(back)) <= {-1.0, 0.0, 1.0, -2.0, 2.0}


@pytest.mark.parametrize("ending", ["flac", "wav"])
def test_what_is_too_loud_is_cut_off_not_turned_over(tmp_path: Path, ending: str) -> None:
    loud = np.asarray([[2.0, -2.0, 1.0, -1.0] * 100] * 2, np.float32)
    back = read(write(tmp_path / f"a.{ending}", loud))
    assert np.array_equal(np.sign(back), np.sign(loud))
    assert np.abs(back).min() > 0.999


@each_format
def test_tags_and_the_plan_are_read_back(tmp_path: Path, one: SoundFormat) -> None:
    path = write(tmp_path / f"a{one.suffix}", music(1), tags=TAGS, chapters=CHAPTERS[:2], plan_text=PLAN)
    assert read_plan_text(path) == PLAN
    assert read_plan_text(write(tmp_path / f"b{one.suffix}", music(1), tags=TAGS)) is None


@each_format
@needs_ffprobe
def test_tags_by_ffprobe(tmp_path: Path, one: SoundFormat) -> None:
    path = write(tmp_path / f"a{one.suffix}", music(1), tags=TAGS, plan_text=PLAN)
    answer = probed(path)
    found = answer["format"].get("tags", {}) | answer["streams"][0].get("tags", {})
    found = {name.lower(): value for name, value in found.items()}
    said = TAGS.as_metadata()
    if one.name == "WAV":
        del said["album_artist"]  # RIFF knows none
    assert {name: found.get(name) for name in said} == said
    assert PLAN in found.values()


MUTAGEN_NAMES = {
    "MP3": ("TIT2", "TPE1", "TALB", "TXXX:bpmsync_plan"),
    "M4A": ("\xa9nam", "\xa9ART", "\xa9alb", "ldes"),
    "Opus": ("title", "artist", "album", "bpmsync_plan"),
    "FLAC": ("title", "artist", "album", "bpmsync_plan"),
}


@pytest.mark.parametrize("name", MUTAGEN_NAMES)
def test_tags_by_mutagen(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / f"a.{name.lower()}", music(1), tags=TAGS, plan_text=PLAN)
    tags = mutagen.File(path)
    wanted = (TAGS.title, TAGS.artist, TAGS.album, PLAN)
    for key, value in zip(MUTAGEN_NAMES[name], wanted, strict=True):
        assert value in (str(tags[key]), *tags[key])


def check_chapters(found: list[tuple[float, str]]) -> None:
    assert [title for _, title in found] == [one.title for one in CHAPTERS]
    np.testing.assert_allclose([start for start, _ in found], [one.start_s for one in CHAPTERS], atol=5e-4)


@pytest.mark.parametrize("ending", ["mp3", "m4a", "opus", "flac"])
@needs_ffprobe
def test_chapters_are_read_back_by_us_and_by_ffprobe(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"a.{ending}", music(3), chapters=CHAPTERS)
    ours = read_chapters(path)
    check_chapters([(one.start_s, one.title) for one in ours])
    check_chapters([(float(one["start_time"]), one["tags"]["title"]) for one in probed(path)["chapters"]])
    np.testing.assert_allclose([one.end_s for one in ours], [one.end_s for one in CHAPTERS], atol=0.01)


def test_chapters_by_mutagen(tmp_path: Path) -> None:
    words: dict[str, Any] = {"chapters": CHAPTERS, "tags": TAGS}
    frames = mutagen.File(write(tmp_path / "a.mp3", music(3), **words)).tags.getall("CHAP")
    check_chapters([(one.start_time / 1000, str(one.sub_frames["TIT2"])) for one in frames])
    chapters = mutagen.File(write(tmp_path / "a.m4a", music(3), **words)).chapters
    check_chapters([(one.start, one.title) for one in chapters])
    tags = mutagen.File(write(tmp_path / "a.opus", music(3), **words))
    starts = [tags[f"CHAPTER{n:03}"][0] for n in range(3)]
    assert starts == ["00:00:00.000", "00:00:00.500", "00:00:01.500"]
    assert [tags[f"CHAPTER{n:03}NAME"][0] for n in range(3)] == [one.title for one in CHAPTERS]


def test_a_hundred_chapters_of_many_hours(tmp_path: Path) -> None:
    many = [Chapter(n * 100.25, (n + 1) * 100.25, f"no. {n}") for n in range(120)]
    for ending in ("mp3", "m4a", "opus"):
        found = read_chapters(write(tmp_path / f"a.{ending}", music(0.5), chapters=many))
        assert [one.title for one in found] == [one.title for one in many]
        starts = [one.start_s for one in found]
        np.testing.assert_allclose(starts, [one.start_s for one in many], atol=1e-3)


@each_format
def test_words_that_no_container_can_hold_do_no_harm(tmp_path: Path, one: SoundFormat) -> None:
    tags = SoundTags(title="a\0b\udcff", comment="")
    chapters = [Chapter(0, 1, "c\0d\udcff")]
    path = write(tmp_path / f"a{one.suffix}", music(1), tags=tags, chapters=chapters)
    assert len(read(path)) == 2


def test_files_of_others_hold_no_plan(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", music(1), RATE)
    assert read_plan_text(tmp_path / "a.wav") is None
    assert read_chapters(tmp_path / "a.wav") == ()


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    one = music(1)
    for sound_format in (find_format("a.flac"), find_format("a.opus")):
        peaks = []
        for seconds in (5, 20):
            tracemalloc.start()
            encode_sound(tmp_path / "a", sound_format, (one for _ in range(seconds)), RATE)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.skipif(os.name == "nt", reason="limits on file sizes are POSIX")
@each_format
def test_a_full_disk_is_told_and_the_old_file_kept(tmp_path: Path, one: SoundFormat) -> None:
    old = tmp_path / f"a{one.suffix}"
    old.write_bytes(b"old")
    code = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from bpmsync.atomic import replacing\n"
        "from bpmsync.audio.writer import encode_sound, find_format\n"
        "from bpmsync.errors import ExportError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "noise = np.random.default_rng(0).normal(0, 0.1, (2, 22_050)).astype(np.float32)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "try:\n"
        "    with replacing(sys.argv[1]) as part:\n"
        "        encode_sound(part, find_format(sys.argv[1]), [noise], 44_100)\n"
        "except ExportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(old)], capture_output=True, text=True, check=True)
    assert "cannot write" in done.stdout
    assert "File too large" in done.stdout
    assert old.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [old.name]  # noqa: PTH208 - names are wanted


@each_format
def test_a_stop_in_the_middle_is_passed_on(tmp_path: Path, one: SoundFormat) -> None:
    def stopped() -> Iterator[Samples]:
        yield music(0.3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "a") as part:
        encode_sound(part, one, stopped(), RATE)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names are wanted


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        encode_sound(tmp_path / "none" / "a", find_format("a.mp3"), [music(1)], RATE)


@pytest.mark.parametrize("blocks", [[], [np.zeros((2, 0), np.float32)], [np.zeros((1, 9), np.float32)]])
def test_what_is_no_stereo_sound_is_refused(tmp_path: Path, blocks: list[Samples]) -> None:
    with pytest.raises(ParameterError):
        encode_sound(tmp_path / "a", find_format("a.flac"), blocks, RATE)


def test_the_name_tells_the_format() -> None:
    assert [find_format(f"x{one.suffix.upper()}") for one in FORMATS] == list(FORMATS)
    assert [one.name for one in FORMATS if one.chapters] == ["MP3", "M4A", "Opus"]
    assert find_format("a.opus").sample_rate == 48_000
    assert find_format("a.mp3").sample_rate is None
    with pytest.raises(ParameterError, match=r"a\.ogg .*\.mp3, \.m4a, \.opus, \.flac, \.wav"):
        find_format("a.ogg")


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_a_chapter_that_cannot_be(start: float, end: float) -> None:
    with pytest.raises(ParameterError):
        Chapter(start, end, "x")


def parsed(sheet: str) -> list[tuple[float, str]]:
    """Return start and title of each track of a CUE sheet, read line by line."""
    tracks: list[tuple[float, str]] = []
    title = ""
    for line in sheet.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "TRACK":
            title = ""
        elif word == "TITLE":
            assert rest.count('"') == 2
            title = rest[1:-1]
        elif word == "INDEX":
            minutes, seconds, frames = map(int, rest.removeprefix("01 ").split(":"))
            assert seconds < 60
            assert frames < 75
            tracks.append((minutes * 60 + seconds + frames / 75, title))
    return tracks


@given(
    st.lists(
        st.tuples(st.floats(0, 20_000), st.text(st.characters(exclude_categories=["Cs"]))),
        min_size=1,
        max_size=20,
    ),
    st.text(),
)
def test_a_sheet_has_every_chapter_whatever_its_title(rows: list[tuple[float, str]], title: str) -> None:
    rows.sort()
    sheet = cue_text("mix.flac", [Chapter(at, at, name) for at, name in rows], title=title)
    tracks = parsed(sheet)
    assert len(tracks) == len(rows)
    for (at, name), (start, said) in zip(rows, tracks, strict=True):
        assert at - 1 / 75 < start <= at + 1e-6
        assert said.replace("'", '"') == " ".join(name.splitlines()).replace("\0", " ").replace("'", '"')


def test_a_sheet_names_its_file_and_who_plays() -> None:
    sheet = cue_text("Früh los.flac", CHAPTERS, title="Run\nfast", performer='The "X"')
    assert sheet.splitlines()[:3] == [
        'TITLE "Run fast"',
        "PERFORMER \"The 'X'\"",
        'FILE "Früh los.flac" WAVE',
    ]
    assert parsed(sheet) == [
        (0.0, CHAPTERS[0].title),
        (0.5 - 0.5 / 75, "Say 'two'"),
        (1.5 - 0.5 / 75, "three"),
    ]


def test_a_sheet_of_nothing_or_for_a_name_with_quotes_is_refused() -> None:
    with pytest.raises(ParameterError):
        cue_text("a.wav", [])
    with pytest.raises(ParameterError, match="quotes"):
        cue_text('a "b".wav', CHAPTERS)


@pytest.mark.skipif(shutil.which("mpv") is None, reason="no mpv to read the sheet")
def test_a_player_reads_the_sheet(tmp_path: Path) -> None:
    path = write(tmp_path / "früh.wav", music(3))
    (tmp_path / "früh.cue").write_text(cue_text(path.name, CHAPTERS, title="T"), encoding="utf-8")
    show = "--term-playing-msg=${chapter-list}"
    command = [
        "mpv",
        "--no-config",
        "--ao=null",
        "--vid=no",
        "--length=0.05",
        show,
        str(tmp_path / "früh.cue"),
    ]
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8", errors="replace")
    assert CHAPTERS[0].title in done.stdout
    assert "three" in done.stdout
