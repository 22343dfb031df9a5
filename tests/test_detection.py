"""What a detection may hold: checked when it is made."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.detection import LIKELY, PLANNED, SURE, Detection, confidence_word
from bpmsync.errors import ParameterError
from bpmsync.planner.candidates import NativeOptions
from bpmsync.timeline.grid import BeatGrid
from conftest import ROOT

GRID = BeatGrid(np.arange(0.5, 15, 0.5), np.array([0, 4, 8]), 4)


@pytest.mark.parametrize("name", ["confidence", "energy", "bar_confidence", "salience"])
@pytest.mark.parametrize("share", [-0.001, 1.001, math.nan, math.inf])
def test_shares_are_from_0_to_1(name: str, share: float) -> None:
    with pytest.raises(ParameterError, match=name):
        Detection("e", "1", grid=GRID, **{name: share})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sections", [(2.0, 1.0), (1.0, 1.0), (math.nan,), (1.0, math.nan, 2.0), (1.0, math.inf), (-math.inf,)]
)
def test_sections_begin_one_after_the_other(sections: tuple[float, ...]) -> None:
    with pytest.raises(ParameterError, match="sections"):
        Detection("e", "1", grid=GRID, sections=sections)


@given(st.sets(st.floats(0, 1e5), max_size=20))
def test_any_increasing_sections_are_kept(seconds: set[float]) -> None:
    sections = tuple(sorted(seconds))
    found = Detection("e", "1", grid=GRID, sections=sections)
    assert found.sections == sections
    assert found != Detection("e", "1", grid=GRID, sections=(*sections, 2e5))


def test_a_detection_has_a_grid_or_a_reason_why_not() -> None:
    for wrong in ({}, {"grid": GRID, "failure": "no beat"}):
        with pytest.raises(ParameterError, match="either"):
            Detection("e", "1", **wrong)  # type: ignore[arg-type]


@given(st.floats(0, 1))
def test_the_words_follow_the_thresholds(confidence: float) -> None:
    word = confidence_word(confidence)
    assert (word == "sure") == (confidence >= SURE)
    assert (word == "check") == (confidence < LIKELY)


def test_the_planners_threshold_has_one_place() -> None:
    assert NativeOptions().min_confidence == PLANNED
    assert 0 < PLANNED <= SURE
    assert f"no song whose beat is less certain ({PLANNED:g})" in (ROOT / "README.md").read_text("utf-8")
