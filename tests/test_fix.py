"""Corrections through the real command line, on a real library of small made audio."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats import engines
from bpmsync.beats.detection import Constraint
from bpmsync.cli.correcting import Correction, Shift, apply_override, corrected, parse_shift, read_beats
from bpmsync.cli.tapping import FEWEST_TAPS, MOST_TAPS, read_taps, tapped_tempo
from bpmsync.errors import ParameterError
from bpmsync.library.scan import ScanResult, scan_files
from bpmsync.library.store import Store
from bpmsync.library.track import Override
from bpmsync.timeline.grid import BeatGrid
from command_line import Answer, bpmsync
from conftest import ROOT
from make_fixtures import encode
from planner_cases import track
from synth import drum_loop, silence


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two files and the library that knows them."""
    folder = tmp_path_factory.mktemp("fix")
    (folder / "music").mkdir()
    encode(folder / "music" / "drums.flac", drum_loop(160, 12.0))
    encode(folder / "music" / "nothing.flac", silence(6.0))
    answer = bpmsync("--db", "lib.db", "scan", "music", cwd=folder)
    assert answer.status == 0, answer.err
    return folder


@pytest.fixture
def library(scanned: Path, tmp_path: Path) -> Path:
    """Return a folder of its own with the library of `scanned`, as no correction has touched it."""
    for path in scanned.glob("lib.db*"):
        shutil.copy(path, tmp_path)
    return tmp_path


def run(library: Path, *args: str) -> Answer:
    return bpmsync("--db", "lib.db", "fix", *args, cwd=library)


def fixed(library: Path, *args: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run fix and return what its JSON says was before and is after."""
    answer = run(library, "drums", "--json", *args)
    assert answer.status == 0, answer.err
    document = json.loads(answer.out)
    return document["before"], document["after"]


def test_halve_and_double_add_up_and_reset_undoes(library: Path) -> None:
    free, halved = fixed(library, "--halve")
    assert free["tempo"] == pytest.approx(160, abs=0.05)
    assert halved["tempo"] == pytest.approx(80, abs=0.05)
    again, doubled = fixed(library, "--double")
    assert again == halved
    assert doubled["tempo"] == pytest.approx(160, abs=0.05)
    assert fixed(library, "--reset") == (doubled, free)


def test_bpm_shift_and_show(library: Path) -> None:
    free, set_to = fixed(library, "--bpm", "81")
    assert set_to["tempo"] == pytest.approx(80, abs=0.05)
    fixed(library, "--reset")
    _, later = fixed(library, "--shift", "20ms")
    moved = np.array(later["first_beats"]) - free["first_beats"]
    assert np.allclose(moved, 0.020, atol=2e-5)
    _, off_beat = fixed(library, "--shift", "1/2")
    phase = (off_beat["first_beats"][0] - free["first_beats"][0]) * free["tempo"] / 60 % 1
    # half a beat and the 20 ms of before
    assert phase == pytest.approx(0.5 + 0.020 * free["tempo"] / 60, abs=1e-3)
    table = run(library, "drums", "--shift", "-1/2")
    assert table.status == 0
    for words in ("before", "after", "tempo", "first beats", "confidence", "160.0"):
        assert words in table.out


def test_ignore_and_use(library: Path) -> None:
    _, ignored = fixed(library, "--ignore")
    assert ignored["ignore"] is True
    assert ignored["override"] == "never use"
    _, used = fixed(library, "--use")
    assert used["ignore"] is False
    assert used["override"] is None


def test_another_reading_is_tracked_again(library: Path) -> None:
    free, other = fixed(library, "--reading", "3/2")
    assert other["tempo"] == pytest.approx(1.5 * free["tempo"], rel=0.04)
    assert other["override"] == f"tempo {round(1.5 * free['tempo'], 3):g} BPM"
    _, back = fixed(library, "--reading", "2/3")
    assert back["tempo"] == pytest.approx(free["tempo"], rel=0.04)


def scan_with_a_newer_engine(db: Path, music: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, ScanResult]:
    monkeypatch.setitem(engines._VERSIONS, "bpmsync", "newer")
    with Store(db) as store, ThreadPoolExecutor(1) as executor:
        return {Path(r.path).name: r for r in scan_files([music], store, executor=executor)}


@pytest.mark.parametrize(
    ("args", "bpm", "shift", "copied"),
    [
        (("--halve",), 80, None, True),
        (("--reading", "3/2"), 240, None, False),
        (("--bpm", "83"), 80, None, False),
        (("--shift", "1/4"), 160, 0.25, False),
    ],
    ids=["halved, in a copy", "another reading", "a tempo set", "shifted"],
)
def test_a_scan_with_a_newer_engine_keeps_to_what_was_said(
    library: Path,
    scanned: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    args: tuple[str, ...],
    bpm: float,
    shift: float | None,
    copied: bool,
) -> None:
    _, told = fixed(library, *args)
    music = scanned / "music"
    if copied:
        music = shutil.copytree(music, library / "elsewhere")
    results = scan_with_a_newer_engine(library / "lib.db", music, monkeypatch)
    assert results["drums.flac"].status == ("new" if copied else "changed")
    with Store(library / "lib.db") as store:
        song = store.track_by_path(music / "drums.flac")
        assert song is not None
        assert song.detection.version == "newer"
        assert song.override.constraint
        free = store.detection(song.audio_hash)
    assert free is not None
    assert free.version != "newer", "only what is in force is tracked again"
    assert song.grid is not None
    assert free.grid is not None
    assert song.grid.tempo_bpm == pytest.approx(bpm, rel=0.04 if args[0] == "--reading" else 1e-3)
    assert song.grid.beats[:4].tolist() == pytest.approx(told["first_beats"], abs=2e-3)
    if shift is not None:
        phase = float(free.grid.beat_at(song.grid.beats[2])) % 1
        assert min(abs(phase - shift), 1 - abs(phase - shift)) < 0.02
    assert {r.status for r in scan_with_a_newer_engine(library / "lib.db", music, monkeypatch).values()} == {
        "unchanged"
    }


def test_taking_a_correction_back_after_such_a_scan_asks_the_newer_engine(
    library: Path, scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed(library, "--halve")
    scan_with_a_newer_engine(library / "lib.db", scanned / "music", monkeypatch)
    with Store(library / "lib.db") as store:
        song = store.track_by_path(scanned / "music" / "drums.flac")
        assert song is not None
        now = apply_override(store, song, Override())
    assert now.detection.version == "newer"
    assert now.detection.tempo_bpm == pytest.approx(160, abs=0.05)


def test_hand_made_beats(library: Path) -> None:
    beats = 0.3 + np.arange(16) * 0.4
    lines = [f"{second:.3f} {number % 4 + 1}" for number, second in enumerate(beats)]
    (library / "mine.beats").write_text("# mine\n\n" + "\n".join(lines), "utf-8")
    _, mine = fixed(library, "--beats", "mine.beats")
    assert mine["tempo"] == pytest.approx(150)
    assert mine["first_beats"] == pytest.approx([0.3, 0.7, 1.1, 1.5])
    _, halved = fixed(library, "--halve")
    assert halved["first_beats"] == pytest.approx([0.3, 1.1, 1.9, 2.7])
    _, later = fixed(library, "--shift", "100ms")
    assert later["first_beats"] == pytest.approx([0.4, 1.2, 2.0, 2.8])


def test_a_correction_outlives_a_scan(library: Path, scanned: Path) -> None:
    _, halved = fixed(library, "--halve")
    assert bpmsync("--db", "lib.db", "scan", scanned / "music", cwd=library).status == 0
    before, _ = fixed(library, "--reset")
    assert before == halved


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "say what is wrong"),
        (("--double", "--halve"), "contradict"),
        (("--double", "--reading", "3/2"), "contradict"),
        (("--reading", "5/7"), "one of"),
        (("--bpm", "90", "--tap"), "contradict"),
        (("--reset", "--ignore"), "alone"),
        (("--shift", "much"), "not a shift"),
        (("--shift", "1/0"), "not a shift"),
        (("--bpm", "20"), "30"),
        (("--beats", "none.beats"), "does not exist"),
        (("--tap",), "too few"),
    ],
)
def test_wrong_usage_is_status_2(library: Path, args: tuple[str, ...], words: str) -> None:
    answer = run(library, "drums", *args)
    assert answer.status == 2
    assert words in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [("0.5\nsoon\n", "line 2"), ("1 1 1\n", "line 1"), ("1\n1\n", "no grid"), ("", "no grid")],
)
def test_a_bad_beats_file_says_where(library: Path, text: str, words: str) -> None:
    (library / "bad.beats").write_text(text, "utf-8")
    answer = run(library, "drums", "--beats", "bad.beats")
    assert answer.status == 2
    assert words in answer.err


def test_no_beat_to_double_points_on(library: Path) -> None:
    answer = run(library, "nothing", "--double")
    assert answer.status == 2
    assert "--beats" in answer.err
    answer = run(library, "nothing", "--bpm", "120")
    assert answer.status == 1
    assert "nothing was changed" in answer.err


def test_a_file_that_changed_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    encode(tmp_path / "a.flac", drum_loop(150, 8.0))
    assert bpmsync("--db", "lib.db", "scan", "a.flac", cwd=tmp_path).status == 0
    encode(tmp_path / "a.flac", drum_loop(170, 8.0))
    answer = run(tmp_path, "a.flac", "--halve")
    assert answer.status == 1
    assert "scan it again" in answer.err
    (tmp_path / "a.flac").unlink()
    answer = run(tmp_path, "a.flac", "--halve")
    assert answer.status == 1
    assert "nothing was changed" in answer.err


def test_taps_come_through_a_pipe(library: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bpmsync", "--db", "lib.db", "fix", "drums", "--tap", "--json"],
        cwd=library,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    # The first taps wait for Python to start and count as one moment; the median does not mind
    for _ in range(16):
        process.stdin.write(b"\n")
        process.stdin.flush()
        time.sleep(0.375)
    out, err = process.communicate(b"q\n")
    assert process.returncode == 0, err.decode()
    assert b"you tapped" in err
    assert json.loads(out)["after"]["tempo"] == pytest.approx(160, abs=0.05)


class _Keys:
    """A keyboard on which Enter is pressed at given seconds."""

    def __init__(self, seconds: list[float], last: str = "") -> None:
        self.seconds, self.last, self.second = list(seconds), last, 0.0

    def readline(self) -> str:
        if not self.seconds:
            return self.last
        self.second = self.seconds.pop(0)
        return "\n"


@given(bpm=st.floats(40, 350), count=st.integers(FEWEST_TAPS, 40), start=st.floats(0, 1e4))
def test_even_taps_have_their_tempo(bpm: float, count: int, start: float) -> None:
    keys = _Keys([start + n * 60 / bpm for n in range(count)])
    taps = read_taps(keys, now=lambda: keys.second)  # type: ignore[arg-type]
    assert len(taps) == min(count, MOST_TAPS)
    assert tapped_tempo(taps) == pytest.approx(bpm, rel=1e-6)


def test_a_pause_starts_anew_or_ends() -> None:
    early = _Keys([0.0, 0.5, *(10 + 0.4 * n for n in range(9))], last="q\n")
    assert tapped_tempo(read_taps(early, now=lambda: early.second)) == pytest.approx(150)  # type: ignore[arg-type]
    late = _Keys([*(0.4 * n for n in range(9)), 20.0, 20.5])
    assert len(read_taps(late, now=lambda: late.second)) == 9  # type: ignore[arg-type]


def test_too_few_or_simultaneous_taps_are_refused() -> None:
    with pytest.raises(ParameterError, match="too few"):
        tapped_tempo([0.5 * n for n in range(7)])
    with pytest.raises(ParameterError, match="without time"):
        tapped_tempo([1.0] * 9)


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("1/2", Shift(Fraction(1, 2))),
        ("-0.25", Shift(Fraction(-1, 4))),
        ("+20 ms", Shift(shift_ms=20.0)),
        ("-7.5ms", Shift(shift_ms=-7.5)),
    ],
)
def test_shifts_are_parts_of_a_beat_or_milliseconds(text: str, shift: Shift) -> None:
    assert parse_shift(text) == shift


@given(st.lists(st.fractions(-3, 3, max_denominator=64), max_size=6))
def test_shifts_add_up_to_at_most_half_a_beat(shifts: list[Fraction]) -> None:
    song = track("song", 150)
    for shift in shifts:
        song = replace(song, override=corrected(song, Correction(shift=Shift(shift))))
    total = song.override.constraint.shift_beats
    assert -Fraction(1, 2) < total <= Fraction(1, 2)
    assert (sum(shifts, Fraction(0)) - total).denominator == 1


def test_a_tempo_that_is_set_replaces_what_was_said_and_keeps_never_use() -> None:
    song = track("song", 150)
    said = Override(beats=BeatGrid(np.array([0.0, 0.5, 1.0])), ignore=True)
    after = corrected(replace(song, override=said), Correction(tempo_bpm=90.0))
    assert after.beats is None
    assert after.ignore
    assert after.constraint.tempo_bpm == 90.0


def test_a_reading_of_1_holds_on_to_the_tempo_and_the_phase() -> None:
    song = track("song", 150)
    song = replace(song, override=corrected(song, Correction(shift=Shift(Fraction(1, 3)))))
    said = corrected(song, Correction(ratio=Fraction(1)))
    assert said.constraint == Constraint(150.0, Fraction(1, 3))


def test_beats_with_bars_know_their_downbeats(tmp_path: Path) -> None:
    (tmp_path / "b.beats").write_text("0.1\t3\n0.5\t1\n0.9\t2\n1.3\t3\n1.7\t1\n", "utf-8")
    grid = read_beats(tmp_path / "b.beats")
    assert grid.downbeats.tolist() == [1, 4]
    assert grid.beats_per_bar == 3
