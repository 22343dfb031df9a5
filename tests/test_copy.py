"""Copies for a player: names, order, whose files are replaced, and what is checked first."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ExportError
from bpmsync.export.copy import MARKER, copy_files
from bpmsync.export.m3u import read_m3u
from bpmsync.export.names import legal_name, numbered_name
from bpmsync.library.track import Tags
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Sequence


class Song(NamedTuple):
    file: str
    artist: str | None
    title: str | None


SONGS = (Song("b.mp3", "AC/DC", "Who?"), Song("a.ogg", None, None), Song("ü.flac", "Ü", "x" * 500))


def made_plan(folder: Path, songs: Sequence[Song] = SONGS) -> Plan:
    folder.mkdir(exist_ok=True)
    legs = []
    for number, song in enumerate(songs):
        path = folder / song.file
        path.write_bytes(song.file.encode() * 1000)
        one = track(f"t{number}", 165.0, 100.0)
        one = replace(one, path=str(path), tags=Tags(artist=song.artist, title=song.title))
        legs.append(WholeLeg(one, Fraction(1), number * 100.0))
    return Plan(Ramp.constant(165, duration_s=300), tuple(legs))


def listing(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != MARKER}


def test_files_in_order_with_the_playlist_beside(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    done = list(copy_files(plan, dest, name="morning"))
    names = ["01 - AC_DC - Who_.mp3", "02 - a.ogg", done[2].target.name]
    assert names[2].startswith("03 - Ü - xxx")
    assert len(names[2]) == 120
    assert [one.number for one in done] == [1, 2, 3]
    assert sorted(listing(dest)) == sorted([*names, "morning.m3u8"])
    assert read_m3u(dest / "morning.m3u8") == [dest / name for name in names]
    for leg, name in zip(plan.legs, names, strict=True):
        assert (dest / name).read_bytes() == Path(leg.track.path).read_bytes()


def test_a_second_copy_replaces_only_what_is_ours(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    list(copy_files(plan, dest))
    (dest / "mine.mp3").write_bytes(b"mine")
    again = list(copy_files(plan, dest))
    assert not any(one.fresh for one in again)
    shorter = replace(plan, legs=(replace(plan.legs[2], start_s=0.0),))
    assert [one.fresh for one in copy_files(shorter, dest, name="other")] == [True]
    assert sorted(listing(dest)) == sorted(
        [again[2].target.name.replace("03", "01", 1), "mine.mp3", "other.m3u8"]
    )


def test_a_changed_source_is_copied_again(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    list(copy_files(plan, dest))
    Path(plan.legs[1].track.path).write_bytes(b"new")
    assert [one.fresh for one in copy_files(plan, dest)] == [False, True, False]
    assert (dest / "02 - a.ogg").read_bytes() == b"new"


def test_a_stopped_copy_goes_on(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    job = copy_files(plan, dest)
    next(job)
    job.close()  # type: ignore[attr-defined]  # a generator
    (dest / ".02 - a.ogg.123.part").write_bytes(b"half")
    assert [one.fresh for one in copy_files(plan, dest)] == [False, True, True]
    assert not list(dest.glob(".*.part"))


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    dest.mkdir()
    (dest / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ExportError, match=r"not empty.*holiday\.jpg"):
        copy_files(plan, dest)
    assert listing(dest) == {"holiday.jpg": b"x"}


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    dest = tmp_path / "phone"
    dest.mkdir()
    assert len(list(copy_files(made_plan(tmp_path / "music"), dest))) == 3


def test_a_stranger_in_our_folder_is_kept(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    list(copy_files(replace(plan, legs=plan.legs[:1]), dest))
    (dest / "02 - A.OGG").write_bytes(b"mine")  # the same name, where case makes no difference
    with pytest.raises(ExportError, match="in the way"):
        copy_files(plan, dest)


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": ["../x"]}', '{"files": [1]}'])
def test_a_broken_marker_is_refused(tmp_path: Path, text: str) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    dest.mkdir()
    (dest / MARKER).write_text(text)
    with pytest.raises(ExportError, match="name a new folder"):
        copy_files(plan, dest)


def test_a_missing_source_changes_nothing(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    (tmp_path / "music" / "ü.flac").unlink()
    with pytest.raises(ExportError, match=r"ü\.flac.*nothing was changed"):
        copy_files(plan, dest)
    assert not dest.exists()


def test_no_room_changes_nothing(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    huge = tmp_path / "music" / "b.mp3"
    try:  # a hole: larger than the disk, and takes no room
        os.truncate(huge, shutil.disk_usage(tmp_path).total * 2)
    except OSError:
        pytest.skip("this file system takes no sparse file larger than itself")
    with pytest.raises(ExportError, match="MB free"):
        copy_files(plan, dest)
    assert not dest.exists()


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    plan = made_plan(tmp_path / "music")
    with pytest.raises(ExportError, match="there is no folder"):
        copy_files(plan, tmp_path / "stick" / "run")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError, match="cannot copy to"):
        copy_files(plan, tmp_path / "file")


def test_copies_are_not_copied_onto_themselves(tmp_path: Path) -> None:
    plan, dest = made_plan(tmp_path / "music"), tmp_path / "phone"
    done = list(copy_files(plan, dest))
    legs = [
        replace(leg, track=replace(leg.track, path=str(one.target)))
        for leg, one in zip(plan.legs, done, strict=True)
    ]
    with pytest.raises(ExportError, match="already lies"):
        copy_files(replace(plan, legs=tuple(legs)), dest)


@given(
    st.text(max_size=400), st.one_of(st.just(""), st.text(max_size=12), st.sampled_from([".mp3", ".FLAC"]))
)
def test_every_name_is_legal(stem: str, ending: str) -> None:
    name = legal_name(stem, ending)
    assert 1 <= len(name) <= 120
    assert len(name.encode()) <= 220
    assert not set(name) & set('<>:"/\\|?*#%')
    assert all(ord(c) >= 32 for c in name)
    assert name == name.strip(" ")
    assert not name.endswith(".")
    assert not name.startswith(".")


@pytest.mark.parametrize("stem", ["con", "PRN", "nul.tar", "COM1", "lpt9 ", "aux ."])
def test_device_names_are_avoided(stem: str) -> None:
    assert legal_name(stem, ".m3u8").startswith("_")


def test_names_stay_unique_and_in_order() -> None:
    tracks = [
        replace(track("x", 165.0), path="/m/Same.mp3", tags=Tags(title=t))
        for t in ("A", "a", "Á", "A\u0301") * 30
    ]
    names = [numbered_name(i, len(tracks), one) for i, one in enumerate(tracks, 1)]
    assert names == sorted(names)
    assert len({name.casefold() for name in names}) == len(names)
