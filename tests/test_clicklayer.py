"""Clicks over a mix: each on its step to the sample, however the mix is cut."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.render.clicklayer import (
    CLICK_CHOICES,
    LAYER_LEVEL,
    ClickChoice,
    ClickLayer,
    StepClicks,
    step_clicks_of,
)
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

RATE = 8_000


def leg(
    first_step: int, steps: int, ratio: Fraction = Fraction(1), *, downbeats: bool = True, first_beat: int = 0
) -> WarpedLeg:
    song = track(f"t{first_step}", 100.0, first_downbeat=first_beat if downbeats else None)
    beats = int(steps / ratio)
    return WarpedLeg(song, first_beat, first_beat + beats, ratio, first_step)


def plan_of(*legs: WarpedLeg, ramp: Ramp | None = None) -> Plan[WarpedLeg]:
    return Plan(ramp or Ramp(((0.0, 160.0), (30.0, 180.0))), legs, mode="stretch")


def layer_sound(layer: ClickLayer, frames: int, cuts: list[int]) -> np.ndarray:
    sound = np.zeros((2, frames), np.float32)
    edges = [0, *sorted(cuts), frames]
    for start, end in pairwise(edges):
        layer.add(sound[:, start:end], start)
    return sound


@given(
    low=st.floats(140, 180),
    high=st.floats(140, 200),
    cuts=st.lists(st.integers(0, 12 * RATE), max_size=12),
    rate=st.sampled_from([8_000, 44_100]),
)
@settings(max_examples=40)
def test_every_step_is_a_click_on_its_sample_however_the_mix_is_cut(
    low: float, high: float, cuts: list[int], rate: int
) -> None:
    ramp = Ramp(((0.0, low), (10.0, high)))
    plan = plan_of(leg(0, 24), ramp=ramp)
    layer = ClickLayer.of(plan, "all", rate)
    whole = layer_sound(layer, 12 * rate, [])
    assert np.array_equal(layer_sound(layer, 12 * rate, cuts), whole)
    assert np.array_equal(whole[0], whole[1])
    loud = np.flatnonzero(np.abs(whole[0]) > LAYER_LEVEL / 100)
    onsets = loud[np.diff(loud, prepend=-rate) > rate // 20]
    last = max(24, int(np.floor(float(ramp.steps_at(10.0)) + 1e-6)))
    due = np.rint(ramp.time_of(np.arange(last + 1)) * rate)
    assert np.array_equal(onsets, due[due < 12 * rate])
    peaks = np.abs(whole[0][onsets])
    assert all(np.abs(whole[0][i : i + rate // 20]).max() == p for i, p in zip(onsets, peaks, strict=True))


@pytest.mark.parametrize(
    ("ratio", "steps", "missing"),
    [
        (Fraction(1), 16, []),
        (Fraction(1, 2), 16, []),
        (Fraction(2), 8, [1, 3, 5, 7]),
        (Fraction(3, 2), 9, [1, 2, 4, 5, 7, 8]),
    ],
)
def test_only_the_steps_that_the_music_leaves_out(ratio: Fraction, steps: int, missing: list[int]) -> None:
    clicks = step_clicks_of(plan_of(leg(0, steps, ratio), ramp=Ramp(((0.0, 170.0), (1.0, 170.0)))), "missing")
    assert clicks.steps.tolist() == missing
    assert not len(clicks.accented)


def test_a_hole_is_clicked_through_and_so_is_the_end_of_the_run() -> None:
    ramp = Ramp(((0.0, 120.0), (12.0, 120.0)))  # 24 steps
    plan = plan_of(leg(2, 4), leg(12, 8, Fraction(2)), ramp=ramp)
    assert step_clicks_of(plan, "all").steps.tolist() == list(range(25))
    missing = [0, 1, *range(6, 12), 13, 15, 17, 19, 21, 22, 23, 24]
    assert step_clicks_of(plan, "missing").steps.tolist() == missing
    # Its last beats are still heard while it fades into the hole
    assert step_clicks_of(plan, "missing", fades=[2]).steps.tolist() == [
        s for s in missing if s not in (6, 7)
    ]


def test_a_step_in_a_cross_fade_is_missing_where_neither_track_has_a_beat() -> None:
    plan = plan_of(leg(0, 8), leg(8, 8, Fraction(2)), ramp=Ramp(((0.0, 170.0), (1.0, 170.0))))
    assert step_clicks_of(plan, "missing").steps.tolist() == [9, 11, 13, 15]
    assert step_clicks_of(plan, "missing", fades=[4]).steps.tolist() == [13, 15]
    halves = plan_of(leg(0, 8, Fraction(2)), leg(8, 8, Fraction(2)), ramp=Ramp(((0.0, 170.0), (1.0, 170.0))))
    assert step_clicks_of(halves, "missing", fades=[4]).steps.tolist() == [1, 3, 5, 7, 9, 11, 13, 15]


def test_accents_are_the_downbeats_that_the_grids_know() -> None:
    ramp = Ramp(((0.0, 170.0), (1.0, 170.0)))
    plan = plan_of(leg(0, 8), leg(8, 16, Fraction(2), first_beat=2), leg(24, 4, downbeats=False), ramp=ramp)
    clicks = step_clicks_of(plan, "all")
    assert clicks.accented.tolist() == [0, 4, 8, 16]
    halves = plan_of(leg(0, 8, Fraction(1, 2)), ramp=ramp)
    assert step_clicks_of(halves, "all").accented.tolist() == [0, 2, 4, 6]
    sound = layer_sound(ClickLayer.of(plan, "all", RATE), 3 * RATE, [])
    assert sound[0][0] == pytest.approx(LAYER_LEVEL)
    assert sound[0][round(60 / 170 * RATE)] == pytest.approx(0.6 * LAYER_LEVEL)


def test_without_a_click_the_mix_stays_as_it_is() -> None:
    layer = ClickLayer.of(plan_of(leg(0, 8)), "off", RATE)
    noise = np.random.default_rng(1).uniform(-1, 1, (2, RATE)).astype(np.float32)
    before = noise.copy()
    layer.add(noise, 0)
    assert layer.over(noise, 100) is noise
    assert np.array_equal(noise, before)


def test_a_softer_mix_has_softer_clicks_and_a_louder_one_no_louder_ones() -> None:
    plan = plan_of(leg(0, 8))
    peaks = [
        np.abs(
            ClickLayer.of(plan, "all", RATE, loudness_lufs=lufs).over(np.zeros((2, 100), np.float32), 0)
        ).max()
        for lufs in (-20, -14, -9)
    ]
    assert peaks == pytest.approx([LAYER_LEVEL * 10 ** (-6 / 20), LAYER_LEVEL, LAYER_LEVEL])


def test_the_middle_of_a_mix_has_the_clicks_of_its_own_frames() -> None:
    layer = ClickLayer.of(plan_of(leg(0, 32)), "all", RATE)
    whole = layer_sound(layer, 6 * RATE, [])
    part = np.zeros((2, RATE), np.float32)
    layer.add(part, 12_345)
    assert np.array_equal(part, whole[:, 12_345 : 12_345 + RATE])
    early = np.zeros((2, 100), np.float32)
    layer.add(early, -50)
    assert not early[:, :50].any()
    assert np.array_equal(early[:, 50:], whole[:, :50])


@pytest.mark.parametrize("click", CLICK_CHOICES)
def test_a_native_plan_has_no_steps_to_click_on(click: ClickChoice) -> None:
    native = Plan(Ramp(((0.0, 170.0), (60.0, 170.0))), (WholeLeg(track("n", 170.0), Fraction(1), 0.0),))
    with pytest.raises(ParameterError, match="over native"):
        step_clicks_of(native, click)  # type: ignore[arg-type]  # the very mistake


def test_steps_in_no_order_and_foreign_accents_are_refused() -> None:
    for steps, accented in (([2, 1], []), ([1, 1], []), ([1, 2], [3])):
        with pytest.raises(ParameterError, match="order of their steps"):
            StepClicks(np.array(steps), np.array(accented, dtype=np.int64))
    one = StepClicks(np.array([1, 2]), np.array([2]))
    assert one == StepClicks(np.array([1, 2]), np.array([2]))
    assert one != StepClicks(np.array([1, 2]), np.array([1]))
