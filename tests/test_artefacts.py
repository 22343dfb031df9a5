"""What stretching asks of the music: means, the worst place, the speed between attacks, the word."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.planner.artefacts import leg_artefacts, plan_artefacts
from bpmsync.planner.legs import Plan, WarpedLeg
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

STEADY = Ramp.constant(160.0, duration_s=300.0)


def leg(bpm: float, first_step: int = 0, *, beats: int = 64, name: str = "t") -> WarpedLeg:
    return WarpedLeg(track(name, bpm), 0, beats, Fraction(1), first_step)


@pytest.mark.parametrize(
    ("percent", "word"),
    [
        (0.0, "none"),
        (0.25, "inaudible"),
        (-0.25, "inaudible"),
        (0.35, "gentle"),
        (4.0, "gentle"),
        (-5.0, "usual"),
        (8.0, "usual"),
        (12.0, "audible"),
        (14.0, "strong"),
    ],
)
def test_the_word_follows_the_worst_stretch(percent: float, word: str) -> None:
    found = leg_artefacts(leg(160 / (1 + percent / 100)), STEADY)
    assert found.word == word
    assert found.worst_percent == pytest.approx(abs(percent), abs=1e-3)
    assert found.mean_percent == pytest.approx(abs(percent), abs=1e-3)
    assert (found.lowest_percent, found.highest_percent) == pytest.approx((percent, percent), abs=1e-3)
    assert found.worst_at_s == 0.0  # the first of equals


def test_between_attacks_the_speed_changes_more() -> None:
    """A beat of 405 ms lasts 375: of these 55 are kept at rate 1, so the rest makes up for them."""
    found = leg_artefacts(leg(160 / 1.08), STEADY)
    assert found.between_percent == pytest.approx(100 * ((0.405 - 0.055) / (0.375 - 0.055) - 1), abs=0.05)
    assert leg_artefacts(leg(160 / 1.002), STEADY).between_percent == pytest.approx(0.2, abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-0.06, 0.06), min_size=12, max_size=40), st.integers(0, 200))
def test_means_and_extremes_are_those_of_the_beat_intervals(changes: list[float], first_step: int) -> None:
    ramp = Ramp(((0, 158), (60, 170), (60, 165), (200, 170)))
    beats = np.round(0.3 + np.cumsum(60 / 164 * (1 + np.array([0.0, *changes]))), 6)
    one = WarpedLeg(track("t", 164.0, beats=beats), 0, len(changes), Fraction(1), first_step)
    found = leg_artefacts(one, ramp)
    percents = one.stretch_percents(ramp)
    out = one.timemap(ramp).out_s
    assert (found.lowest_percent, found.highest_percent) == (percents.min(), percents.max())
    assert found.mean_percent == pytest.approx(np.average(np.abs(percents), weights=np.diff(out)))
    assert found.worst_percent == np.abs(percents).max()
    at = int(np.searchsorted(out, found.worst_at_s))
    assert abs(percents[at]) == pytest.approx(found.worst_percent, abs=1e-3)
    if found.word not in ("none", "inaudible"):
        assert found.between_percent >= found.worst_percent - 1e-9


def test_a_plan_tells_where_the_limit_is_closest() -> None:
    legs = (leg(158), leg(150, 64, name="b"), leg(163, 128, beats=32, name="c"))
    plan = Plan(STEADY, legs, mode="stretch", parameters={"max_stretch": 0.08})
    found = plan_artefacts(plan)
    assert (found.closest, found.limit_percent) == (1, 8.0)
    assert found.worst_percent == pytest.approx(100 * (160 / 150 - 1), abs=1e-3)
    one, two, three = (part.mean_percent for part in found.legs)
    assert found.mean_percent == pytest.approx((64 * one + 64 * two + 32 * three) / 160)
    assert found.between_percent == max(part.between_percent for part in found.legs)


def test_a_plan_without_legs_or_limit() -> None:
    found = plan_artefacts(Plan(STEADY, (), mode="stretch"))
    assert (found.legs, found.mean_percent, found.closest, found.limit_percent) == ((), 0.0, None, None)
