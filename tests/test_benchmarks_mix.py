"""The benchmark of whole mixes: its library is true, and its measure finds what is put wrong."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from bpmsync.beats.detection import Detection
from bpmsync.library.track import Tags, Track
from bpmsync.planner.legs import Plan
from bpmsync.planner.warped import WarpedLeg
from bpmsync.timeline.grid import BeatGrid
from bpmsync.timeline.ramp import Ramp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
costs = import_module("rendering.costs")
hearing = import_module("rendering.hearing")
landed = import_module("rendering.landed")
library = import_module("rendering.library")
sounding = import_module("rendering.sounding")

RATE = 44_100
RAMP = Ramp(((0, 160), (60, 170)))
FADE = 8
SECONDS = 20.0
# Steady, wandering between held chords, at half the tempo, in three
KINDS = (3, 6, 8, 10)


def short(number: int) -> object:
    song = library.SONGS[number]
    return replace(song, seconds=SECONDS, held_s=tuple(min(4.0, held_s) for held_s in song.held_s))


@pytest.mark.parametrize("number", KINDS)
def test_every_true_beat_of_a_song_is_heard_where_it_is_said_to_be(number: int) -> None:
    made = library.make_song(short(number), number)
    assert made.sound.shape == (2, SECONDS * RATE)
    assert np.abs(made.sound).max() <= 1
    heard = hearing.hear_clicks(made.sound, number, RATE)
    met = hearing.meet(made.beats, heard.seconds)
    assert len(met.extra) == 0
    errors_ms = 1000 * np.abs(met.seconds - made.beats)
    assert np.median(errors_ms) < 0.25
    assert np.percentile(errors_ms, 95) < 1.0


def test_a_wandering_tempo_stays_within_two_percent_and_truth_counts_the_bars() -> None:
    made = library.make_song(short(3), 3)
    tempi = 60 / np.diff(made.beats)
    assert np.abs(tempi / library.SONGS[3].bpm - 1).max() <= 0.0201
    assert np.ptp(tempi) > 1
    assert made.bar_positions[:5].tolist() == [1, 2, 3, 4, 1]


def test_a_song_and_its_truth_are_the_same_bytes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "SONGS", tuple(replace(song, seconds=6.0) for song in library.SONGS))
    folders = [tmp_path / name for name in ("one", "two", "other")]
    for folder, seed in zip(folders, (0, 0, 1), strict=True):
        folder.mkdir()
        library.write_song(folder, 1, seed=seed)
    contents = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert len(contents[0]) == 2
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def song(folder: Path, number: int, bpm: float) -> Track:
    """Return a track whose truth lies in a folder; nobody looks at its sound."""
    beats = np.round(0.5 + np.arange(80) * 60 / bpm, 6)
    path = folder / f"{number + 1:02d} song.flac"
    lines = [f"{beat:.6f}\t{place % 4 + 1}\n" for place, beat in enumerate(beats)]
    (folder / f"{path.name}.beats").write_text("".join(lines), encoding="utf-8")
    grid = BeatGrid(beats, np.arange(0, 80, 4), 4)
    found = Detection("truth", "1", grid=grid, confidence=1.0, usable=((beats[0], beats[-1]),))
    return Track(str(path), f"b2:{number}", float(beats[-1]) + 1, Tags(), found)


def two_legs(folder: Path) -> Plan[WarpedLeg]:
    one = WarpedLeg(song(folder, 0, 163), 0, 48, Fraction(1), 0)
    two = WarpedLeg(song(folder, 1, 84), 0, 24, Fraction(2), 48)
    return Plan(RAMP, (one, two), mode="stretch")


def clicked(plan: Plan[WarpedLeg], *, skip: int = -1, late_s: float = 0.0) -> np.ndarray:
    """Return a mix of the clicks alone; the second song late, one step left out of both."""
    sound = np.zeros((round((plan.legs[-1].end_s(RAMP) + 1) * RATE), 2), np.float32)
    for number, leg in enumerate(plan.legs):
        click = library.click_of(number)
        for beat in range(leg.beats + FADE):
            step = leg.first_step + int(beat * leg.steps_per_beat)
            if step > leg.last_step + FADE * (1 - number) or step == skip:
                continue
            place = round((float(RAMP.time_of(step)) + late_s * number) * RATE)
            part = sound[place : place + len(click)]
            part += (0.3 * click[: len(part), None]).astype(np.float32)
    return sound


@pytest.mark.parametrize("late_ms", [-11.7, 0.0, 4.3])
def test_a_song_that_is_late_lands_late_by_as_much(late_ms: float, tmp_path: Path) -> None:
    plan = two_legs(tmp_path)
    heard = landed.hear_legs(plan, clicked(plan, late_s=late_ms / 1000), [FADE, 0])
    errors = [1000 * (leg.heard_s - leg.step_s) for leg in heard]
    assert np.abs(errors[0]).max() < 0.2
    assert np.abs(errors[1] - late_ms).max() < 0.2


def test_steps_at_a_change_are_counted(tmp_path: Path) -> None:
    plan = two_legs(tmp_path)
    changes = [
        landed.count_changes(plan, landed.hear_legs(plan, sound, [FADE, 0]), [FADE, 0])
        for sound in (clicked(plan), clicked(plan, skip=50), clicked(plan, skip=40))
    ]
    assert changes[0].lost == changes[0].added == ()
    # 16 before the border, then of both songs, then every other one
    assert changes[0].wanted == changes[0].heard > 24
    for change, step in zip(changes[1:], (50, 40), strict=True):
        assert change.lost == pytest.approx([float(RAMP.time_of(step))])
        assert change.heard == change.wanted - 1


def test_a_step_too_many_at_a_change_is_counted(tmp_path: Path) -> None:
    plan = two_legs(tmp_path)
    sound, click = clicked(plan), library.click_of(1)
    at_s = float(RAMP.time_of(61))  # the second song has a beat on even steps only
    place = round(at_s * RATE)
    sound[place : place + len(click)] += (0.3 * click[:, None]).astype(np.float32)
    changes = landed.count_changes(plan, landed.hear_legs(plan, sound, [FADE, 0]), [FADE, 0])
    assert changes.lost == ()
    assert changes.added == pytest.approx([at_s], abs=1e-3)


def test_a_jump_at_a_joint_is_seen() -> None:
    rng = np.random.default_rng(1)
    sound = np.cumsum(rng.normal(0, 1e-3, (20 * RATE, 2)), axis=0).astype(np.float32)
    whole = sounding.joint_steps(sound, [5.0, 10.0])
    assert max(whole.joints) < 1.5 * whole.rare
    sound[round(10.02 * RATE) :] += 0.3
    broken = sounding.joint_steps(sound, [5.0, 10.0])
    assert broken.joints[0] == whole.joints[0]
    assert broken.joints[1] > 20 * broken.rare


def test_what_a_process_and_its_children_cost_is_told() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        pytest.skip("this system does not tell what memory is shared")
    filled = "import time; kept = bytearray(b'1') * 60_000_000; time.sleep(0.8); print(len(kept))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {filled!r}], check=True)"
    cost = costs.run_measured([sys.executable, "-c", child])
    assert cost.told == "60000000\n"
    assert 57 < cost.peak_mib < 200
    assert 0 < cost.cpu_s < 20
