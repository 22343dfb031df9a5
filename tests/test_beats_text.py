"""What `bpmsync beats` writes of a grid with bars, as text and as JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpmsync.beats.detection import Detection
from bpmsync.cli.beats import beats_json, beats_text
from bpmsync.cli.correcting import read_beats
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from pathlib import Path


@st.composite
def barred(draw: st.DrawFn) -> BeatGrid:
    """Return a grid in regular bars that begins anywhere in one."""
    steps = draw(st.lists(st.integers(150_000, 2_000_000), min_size=15, max_size=60))
    beats = np.cumsum([draw(st.integers(0, 10_000_000)), *steps]) / 1e6
    per_bar = draw(st.integers(2, 7))
    first = draw(st.integers(0, per_bar - 1))
    return BeatGrid(beats, np.arange(first, len(beats), per_bar), per_bar)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(barred())
def test_a_beats_file_holds_the_whole_grid(tmp_path: Path, grid: BeatGrid) -> None:
    path = tmp_path / "song.beats"
    path.write_text(beats_text(grid), "utf-8")
    assert read_beats(path) == grid


@given(barred())
def test_the_second_column_counts_the_beats_of_each_bar(grid: BeatGrid) -> None:
    rows = [line.split("\t") for line in beats_text(grid).splitlines()]
    assert [float(second) for second, _ in rows] == grid.beats.tolist()
    places = [int(place) for _, place in rows]
    assert [number for number, place in enumerate(places) if place == 1] == grid.downbeats.tolist()
    assert all(after in (1, before + 1) for before, after in pairwise(places))
    assert max(places) == grid.beats_per_bar


@given(barred())
def test_json_has_the_downbeats_in_seconds(grid: BeatGrid) -> None:
    document = beats_json("a.mp3", Detection("e", "1", grid=grid), duration_s=99.0, cpu_s=0.5)
    assert document["beats"] == grid.beats.tolist()
    assert document["downbeats"] == [grid.beats.tolist()[number] for number in grid.downbeats]
    free = BeatGrid(grid.beats)
    assert beats_json("a", Detection("e", "1", grid=free), duration_s=9.0, cpu_s=0.5)["downbeats"] == []
    assert "\t" not in beats_text(free)


@pytest.mark.parametrize(
    ("downbeats", "per_bar", "places"),
    [
        ([2], 4, "3 4 1 2 3 4 5 6"),
        ([6], 4, "3 4 1 2 3 4 1 2"),
        ([1, 4, 7], None, "3 1 2 3 1 2 3 1"),
        ([0, 3, 7], 4, "1 2 3 1 2 3 4 1"),
    ],
)
def test_bars_that_are_only_partly_known(downbeats: list[int], per_bar: int | None, places: str) -> None:
    grid = BeatGrid(np.arange(0.5, 8.5), np.array(downbeats), per_bar)
    assert " ".join(line.split("\t")[1] for line in beats_text(grid).splitlines()) == places


def test_a_long_stretch_without_bar_lines_is_read_all_the_same(tmp_path: Path) -> None:
    grid = BeatGrid(np.arange(0.5, 40.5), np.array([0, 4, 8]), 4)
    (tmp_path / "a.beats").write_text(beats_text(grid), "utf-8")
    assert read_beats(tmp_path / "a.beats") == grid
    lone = BeatGrid(np.arange(0.5, 40.5), np.array([0]))
    (tmp_path / "a.beats").write_text(beats_text(lone), "utf-8")
    assert read_beats(tmp_path / "a.beats") == lone
