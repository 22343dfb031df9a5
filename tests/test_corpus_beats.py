"""The engine on real recordings with known beats, by judges that are not its own.

The corpus is not part of the project (`conftest.corpus`). A track without an answer is wrong.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import mir_eval
import numpy as np
import pytest

from beat_judge import share_on_step, tempo_error
from bpmsync.library.analysis import analyse_file

if TYPE_CHECKING:
    from pathlib import Path

    from beat_cases import Times
    from bpmsync.beats.detection import Detection

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One recording: its truth and what the engine says."""

    bpm: float
    truth: Times | None  # None where only the tempo is known
    found: Detection

    @property
    def usable(self) -> bool:
        """Whether the tempo is within 1 % of the true one, of half or of double it."""
        grid = self.found.grid
        return grid is not None and tempo_error(self.bpm, grid.tempo_bpm) <= 0.01

    @property
    def exact(self) -> bool:
        grid = self.found.grid
        return grid is not None and tempo_error(self.bpm, grid.tempo_bpm) <= 0.003


def truth_of(folder: Path, row: dict[str, str]) -> Times | None:
    """Return the true beats inside what is annotated, where they are and are regular."""
    if not row["beats_file"] or row["meter_irregular"] == "yes":
        return None
    beats = np.sort(np.loadtxt(folder / row["beats_file"], ndmin=2, usecols=0)[:, 0])
    first, last = (float(row[key] or end) for key, end in (("truth_start_s", "0"), ("truth_end_s", "1e9")))
    return np.asarray(beats[(beats >= first) & (beats <= last)], np.float64)


@cache
def judged(folder: Path) -> tuple[Judged, ...]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        # Every other one tells what has broken; benchmarks/beats.py measures them all
        rows = [row for row in csv.DictReader(file) if row["tempo_bpm"]][::2]
    tracks = []
    for row in rows:
        found = analyse_file(str(folder / row["path"])).detection
        assert found is not None, row["path"]
        tracks.append(Judged(float(row["tempo_bpm"]), truth_of(folder, row), found))
    return tuple(tracks)


def near(truth: Times, beats: Times) -> Times:
    """Return the beats that lie inside the annotated part."""
    inside: Times = beats[(beats > truth[0] - 0.07) & (beats < truth[-1] + 0.07)]
    return inside


def judge_beats(track: Judged) -> tuple[float, float, float] | None:
    """Return F-measure, continuity at any level (AMLt) and the share of steps hit; None without truth."""
    if track.truth is None:
        return None
    if track.found.grid is None:
        return 0.0, 0.0, 0.0
    truth, beats = track.truth, near(track.truth, track.found.grid.beats)
    late, later = mir_eval.beat.trim_beats(truth), mir_eval.beat.trim_beats(beats)
    return (
        float(mir_eval.beat.f_measure(late, later)),
        float(mir_eval.beat.continuity(late, later)[3]),
        share_on_step(truth, beats, within_s=0.05),
    )


def test_runners_can_use_the_tempo_of_nine_in_ten(corpus: Path) -> None:
    tracks = judged(corpus)
    assert np.mean([track.usable for track in tracks]) >= 0.9
    assert np.mean([track.exact for track in tracks]) >= 0.8


def test_beats_and_steps_are_found(corpus: Path) -> None:
    scores = [score for track in judged(corpus) if (score := judge_beats(track)) is not None]
    f_measure, continuity, steps = np.mean(scores, axis=0)
    assert f_measure >= 0.8
    assert continuity >= 0.87
    assert steps >= 0.9


def test_the_grid_is_neither_early_nor_late(corpus: Path) -> None:
    offsets = []
    for track in judged(corpus):
        if track.truth is not None and track.found.grid is not None:
            beats = track.found.grid.beats
            nearest = beats[np.abs(track.truth[:, None] - beats).argmin(axis=1)]
            off_s = nearest - track.truth
            if np.median(np.abs(off_s)) < 0.05:
                offsets.append(float(np.median(off_s)))
    assert len(offsets) >= 10
    assert abs(np.median(offsets)) <= 0.004


def test_the_confidence_is_a_probability(corpus: Path) -> None:
    tracks = judged(corpus)
    sure = [track.usable for track in tracks if track.found.confidence >= 0.9]
    planned = [track.usable for track in tracks if track.found.confidence >= 0.5]
    assert np.mean(sure) >= 0.9
    assert np.mean(planned) >= 0.93
    assert len(planned) >= 0.8 * len(tracks)
