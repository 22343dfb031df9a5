"""Playlists: the exact form, awkward names, hostile tags, and what may be replaced."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ExportError, ParameterError
from bpmsync.export.files import refuse_foreign
from bpmsync.export.m3u import m3u_text, read_m3u, write_m3u
from bpmsync.library.track import Tags
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.plan import load_plan, plan_from_json, plan_to_json, save_plan
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

RAMP = Ramp(((0, 160), (600, 170)))


def plan_of(*paths: str | Path, tags: Tags | None = None) -> Plan:
    legs = []
    for number, path in enumerate(paths):
        one = replace(track(f"t{number}", 164.0, 200.4), path=str(path))
        one = one if tags is None else replace(one, tags=tags)
        legs.append(WholeLeg(one, Fraction(1), number * 200.4))
    return Plan(RAMP, tuple(legs))


def entries(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def test_the_whole_text(tmp_path: Path) -> None:
    tags = Tags(artist="Anna", title="Läuft")
    plan = replace(
        plan_of(tmp_path / "a.mp3", tmp_path / "sub" / "#b.mp3", tags=tags), uncovered=((401.0, 600.0),)
    )
    assert m3u_text(plan, folder=tmp_path, name="run") == (
        "#EXTM3U\n"
        "#PLAYLIST:run\n"
        "#BPMSYNC:ramp 160@0 170@10:00, 2 tracks, 6:41 of music, whole files\n"
        "#EXTINF:200,Anna - Läuft\n"
        "#BPMSYNC:target 160.0-163.3 spm, native 164.0 spm, 1 step per beat, off +2.3 spm (+1.4 %), sure\n"
        "./a.mp3\n"
        "#EXTINF:200,Anna - Läuft\n"
        "#BPMSYNC:target 163.3-166.7 spm, native 164.0 spm, 1 step per beat, off -1.0 spm (-0.6 %), sure\n"
        "./sub/#b.mp3\n"
        "#BPMSYNC:hole from 6:41 to 10:00: no track fits, the music goes straight on\n"
    )


def test_a_hole_stands_where_it_is(tmp_path: Path) -> None:
    legs = plan_of(tmp_path / "a.mp3", tmp_path / "b.mp3").legs
    plan = Plan(RAMP, (legs[0], replace(legs[1], start_s=300.0)), uncovered=((200.4, 300.0),))
    lines = m3u_text(plan, folder=tmp_path).split("\n")
    hole = next(i for i, line in enumerate(lines) if line.startswith("#BPMSYNC:hole"))
    assert lines.index("./a.mp3") < hole < lines.index("./b.mp3")


@pytest.mark.parametrize("steps", [Fraction(1, 2), Fraction(2)])
def test_steps_per_beat_in_words(tmp_path: Path, steps: Fraction) -> None:
    leg = replace(plan_of(tmp_path / "a.mp3").legs[0], steps_per_beat=steps)
    words = {Fraction(2): "2 steps per beat", Fraction(1, 2): "1/2 step per beat"}[steps]
    assert f", {words}, " in m3u_text(Plan(RAMP, (leg,)), folder=tmp_path)


def test_relative_entries_start_with_dots(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "music" / "a.mp3", tmp_path / "lists" / "..b.mp3")
    assert entries(m3u_text(plan, folder=tmp_path / "lists")) == ["../music/a.mp3", "./..b.mp3"]


def test_absolute_entries(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "music" / "a.mp3")
    assert entries(m3u_text(plan, folder=tmp_path, paths="absolute")) == [
        (tmp_path / "music" / "a.mp3").as_posix()
    ]


@pytest.mark.parametrize("prefix", ["/sdcard/Music", "/sdcard/Music/"])
def test_a_prefix_stands_for_the_music_folder(tmp_path: Path, prefix: str) -> None:
    plan = plan_of(tmp_path / "music" / "x" / "a.mp3")
    text = m3u_text(plan, folder=tmp_path, prefix=prefix, music=tmp_path / "music")
    assert entries(text) == ["/sdcard/Music/x/a.mp3"]
    assert entries(m3u_text(plan, folder=tmp_path, prefix="/")) == ["/music/x/a.mp3"]


def test_a_prefix_needs_its_tracks_in_the_folder(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "elsewhere" / "a.mp3")
    with pytest.raises(ExportError, match="does not lie in"):
        m3u_text(plan, folder=tmp_path / "lists", prefix="/sdcard/Music")


@pytest.mark.parametrize("prefix", ["", " ", "#x", "a\nb"])
def test_a_prefix_that_cannot_begin_an_entry(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(ParameterError, match="cannot begin"):
        m3u_text(plan_of(tmp_path / "a.mp3"), folder=tmp_path, prefix=prefix)


def test_bytes_without_mark_unless_asked(tmp_path: Path) -> None:
    plan, out = plan_of(tmp_path / "ä.mp3"), tmp_path / "run.m3u8"
    write_m3u(plan, out)
    assert out.read_bytes().startswith(b"#EXTM3U\n")
    assert b"\r" not in out.read_bytes()
    write_m3u(plan, out, bom=True)
    assert out.read_bytes().startswith(b"\xef\xbb\xbf#EXTM3U\n")
    assert read_m3u(out) == [tmp_path / "ä.mp3"]
    write_m3u(plan, out)  # the one with a mark is ours, too


@pytest.mark.parametrize("name", ["a\nb.mp3", "a\rb.mp3", "a\udcffb.mp3"])
def test_names_that_no_playlist_can_carry(tmp_path: Path, name: str) -> None:
    out = tmp_path / "run.m3u8"
    with pytest.raises(ExportError, match="no playlist can carry"):
        write_m3u(plan_of(f"{tmp_path}/{name}"), out)
    assert not out.exists()


def test_hostile_tags_stay_on_their_line(tmp_path: Path) -> None:
    tags = Tags(artist="A\x1b[31m\x00\r\n#EXTM3U\n/etc/passwd", title="T\u2028" * 5000 + "\udc80")
    text = m3u_text(plan_of(tmp_path / "a.mp3", tags=tags), folder=tmp_path)
    assert entries(text) == ["./a.mp3"]
    assert max(map(len, text.split("\n"))) < 300
    assert not any(ord(c) < 32 and c != "\n" for c in text)
    text.encode("utf-8")


def test_without_tags_the_file_is_named(tmp_path: Path) -> None:
    text = m3u_text(plan_of(tmp_path / "my song.mp3", tags=Tags(title="\x00", artist="\n")), folder=tmp_path)
    assert "#EXTINF:200,my song\n" in text


def test_foreign_files_are_kept(tmp_path: Path) -> None:
    plan, out = plan_of(tmp_path / "a.mp3"), tmp_path / "run.m3u8"
    for foreign in (b"#EXTM3U\nmine.mp3\n#BPMSYNC:x\n", b"", b"\xff\xfe", b"#EXTM3U\n"):
        out.write_bytes(foreign)
        with pytest.raises(ExportError, match="--force"):
            write_m3u(plan, out)
        assert out.read_bytes() == foreign
    write_m3u(plan, out, force=True)
    write_m3u(plan_of(), out)
    assert read_m3u(out) == []
    with pytest.raises(ExportError, match="folder"):
        write_m3u(plan, tmp_path, force=True)


def test_our_plan_may_be_replaced_too(tmp_path: Path) -> None:
    out = tmp_path / "run.plan.json"
    save_plan(plan_of(tmp_path / "a.mp3"), out)
    refuse_foreign(out, force=False)
    out.write_text('{"name": 1}')
    with pytest.raises(ExportError, match="--force"):
        refuse_foreign(out, force=False)


def test_a_plan_and_its_file_give_the_same_playlist(tmp_path: Path) -> None:
    plan, out = plan_of(tmp_path / "a.mp3", tmp_path / "b.mp3"), tmp_path / "run.plan.json"
    save_plan(plan, out)
    assert m3u_text(load_plan(out), folder=tmp_path) == m3u_text(plan, folder=tmp_path)


@given(st.floats(60, 300), st.floats(60, 300), st.floats(61, 299))
def test_rounding_never_tells_plan_and_file_apart(one: float, two: float, bpm: float) -> None:
    leg = WholeLeg(track("x", bpm, 100.123456789), Fraction(1), 0.1234567)
    plan = Plan(Ramp(((0, one), (600, two))), (leg,))
    again = plan_from_json(plan_to_json(plan))
    assert m3u_text(plan, folder="/") == m3u_text(again, folder="/")


NAMES = st.text(
    st.characters(exclude_characters="/\0\n\r", exclude_categories=["Cs"]), min_size=1, max_size=60
).filter(lambda name: name not in {".", ".."})


@pytest.mark.skipif(os.name == "nt", reason="POSIX names")
@given(st.lists(NAMES, min_size=1, max_size=4), NAMES)
def test_any_name_comes_back(names: list[str], folder: str) -> None:
    files = [f"/music/{folder}/{name}" for name in names]
    text = m3u_text(plan_of(*files), folder=f"/music/{names[0]}")
    for entry, file in zip(entries(text), files, strict=True):
        assert entry.startswith(("./", "../"))
        assert os.path.normpath(f"/music/{names[0]}/{entry}") == file


def test_reading_foreign_playlists(tmp_path: Path) -> None:
    out = tmp_path / "x.m3u"
    out.write_bytes("#EXTM3U\r\nmüsic.mp3\r\n\r\n/abs/a.mp3\r\n".encode("latin-1"))
    assert read_m3u(out) == [tmp_path / "müsic.mp3", Path("/abs/a.mp3")]
    with pytest.raises(ExportError, match="cannot read"):
        read_m3u(tmp_path / "none.m3u8")
