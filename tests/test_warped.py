"""Legs on steps: whole numbers decide, every q-th beat lands on a step, and their JSON reads back."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ExportError, ParameterError, PlanError
from bpmsync.export.copy import copy_files
from bpmsync.export.files import require_whole_tracks
from bpmsync.export.m3u import m3u_text
from bpmsync.export.spotify.choosing import match_legs
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.planner.plan import load_plan, plan_from_json, plan_to_json, save_plan
from bpmsync.timeline.ramp import Ramp
from command_line import bpmsync
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path

RAMP = Ramp(((0, 160), (300, 172), (300, 168), (600, 176)))
HALF = Fraction(1, 2)


def leg(name: str = "a", first_step: int = 0, *, beats: int = 64) -> WarpedLeg:
    return WarpedLeg(track(name, 165.0, first_downbeat=0), 4, 4 + beats, Fraction(1), first_step)


def make_plan() -> Plan[WarpedLeg]:
    return Plan(RAMP, (leg("a"), leg("b", 64), leg("c", 160)), mode="stretch", cost=1.5, bound=1.0)


@given(
    st.sampled_from([Fraction(1), Fraction(2), HALF, Fraction(3, 2)]),
    st.integers(0, 40),
    st.integers(1, 30),
    st.integers(0, 1200),
    st.floats(75, 190),
)
def test_every_qth_beat_lands_on_a_whole_step(
    ratio: Fraction, first: int, groups: int, first_step: int, bpm: float
) -> None:
    q = ratio.denominator
    drift = 1 + 0.01 * np.sin(np.arange(200) / 9)
    song = track("t", 100.0, beats=np.round(0.25 + np.cumsum(60 / bpm * drift), 6), beats_per_bar=None)
    warped = WarpedLeg(song, first, first + groups * q, ratio, first_step)
    knots = warped.timemap(RAMP)
    steps = RAMP.steps_at(knots.out_s[::q])
    due = RAMP.time_of(first_step + np.arange(groups + 1) * ratio.numerator)
    assert np.abs(knots.out_s[::q] - due).max() <= 1e-6
    assert np.abs(steps - np.round(steps)).max() < 1e-5
    assert len(knots.source_s) == warped.beats + 1
    assert warped.last_step == first_step + warped.steps == round(float(steps[-1]))
    assert (warped.start_s(RAMP), warped.end_s(RAMP)) == pytest.approx((knots.out_s[0], knots.out_s[-1]))
    assert (warped.source_start_s, warped.source_end_s) == (knots.source_s[0], knots.source_s[-1])
    percents = warped.stretch_percents(RAMP)
    assert len(percents) == warped.beats
    assert warped.worst_stretch_percent(RAMP) == max(abs(percents.min()), abs(percents.max()))


def test_stretch_is_above_zero_where_the_music_is_hurried() -> None:
    slow = WarpedLeg(track("t", 160.0), 0, 32, Fraction(1), 0)
    ramp = Ramp.constant(168.0, duration_s=300.0)
    assert slow.stretch_percents(ramp) == pytest.approx(np.full(32, 5.0), abs=1e-3)
    assert slow.native_spm == pytest.approx(160.0, abs=1e-3)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 0, Fraction(1), 0), "no range of beats"),
        ((-1, 8, Fraction(1), 0), "no range of beats"),
        ((0, 100_000, Fraction(1), 0), "no range of beats"),
        ((0, 8, Fraction(1), -1), "step -1"),
        ((0, 7, HALF, 0), "between two steps"),
        ((1, 9, HALF, 0), "begin on a downbeat"),
        ((0, 8, Fraction(0), 0), "no number of steps"),
        ((0.0, 8, Fraction(1), 0), "whole numbers"),
        ((0, True, Fraction(1), 0), "whole numbers"),
    ],
)
def test_what_is_no_leg_is_refused(numbers: tuple[int, int, Fraction, int], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        WarpedLeg(track("t", 165.0, first_downbeat=0), *numbers)


def test_odd_bars_take_one_or_two_steps_a_beat() -> None:
    waltz = track("waltz", 165.0, beats_per_bar=3)
    assert WarpedLeg(waltz, 0, 6, Fraction(2), 0).steps == 12
    for ratio in (HALF, Fraction(3, 2), Fraction(3)):
        with pytest.raises(ParameterError, match="bars of 3"):
            WarpedLeg(waltz, 0, 12, ratio, 0)
    six_eight = track("jig", 60.0, beats_per_bar=2)
    assert WarpedLeg(six_eight, 0, 12, Fraction(3), 0).steps == 36


def test_fades_take_what_usable_beats_follow_in_whole_bars() -> None:
    song = track("t", 120.0, first_downbeat=0, usable=((0.0, 60.5),))  # beats 0 to 120
    one, two = (WarpedLeg(song, 0, 110, ratio, 0) for ratio in (Fraction(1), Fraction(2)))
    assert (one.usable_after, one.fade_steps(16), one.fade_steps(8), one.fade_steps(3)) == (10, 8, 8, 3)
    assert (two.fade_steps(16), two.fade_steps(32)) == (16, 16)
    assert WarpedLeg(song, 0, 120, Fraction(1), 0).fade_steps(16) == 0
    assert WarpedLeg(song, 0, 140, Fraction(1), 0).fade_steps(16) == 0


def test_a_stretched_plan_reads_back_and_writes_the_same(tmp_path: Path) -> None:
    plan = make_plan()
    text = plan_to_json(plan)
    again = plan_from_json(text)
    assert again == plan_from_json(plan_to_json(again))
    assert plan_to_json(again) == text
    decisive = [(one.first_beat, one.last_beat, one.first_step, one.steps_per_beat) for one in plan.legs]
    assert [
        (one.first_beat, one.last_beat, one.first_step, one.steps_per_beat) for one in again.legs
    ] == decisive
    save_plan(plan, tmp_path / "run.plan.json")
    assert load_plan(tmp_path / "run.plan.json").mode == "stretch"


def test_the_keys_of_a_stretched_leg_tell_where_it_lies() -> None:
    document = json.loads(plan_to_json(make_plan()))
    native = Plan(RAMP, (WholeLeg(track("a", 165.0), Fraction(1), 0.0),))
    one, whole = document["legs"][1], json.loads(plan_to_json(native))["legs"][0]
    assert list(one) == list(whole)
    assert (document["format"], document["mode"]) == (1, "stretch")
    assert [one[key] for key in ("first_beat", "last_beat", "first_step", "steps")] == [4, 68, 64, 64]
    plan_leg = make_plan().legs[1]
    assert one["stretch_percent"] == pytest.approx(plan_leg.worst_stretch_percent(RAMP), abs=1e-4)
    assert (one["start_s"], one["end_s"]) == pytest.approx(
        (plan_leg.start_s(RAMP), plan_leg.end_s(RAMP)), abs=1e-6
    )
    assert (one["source_start_s"], one["source_end_s"]) == (
        plan_leg.source_start_s,
        plan_leg.source_end_s,
    )
    assert one["duration_s"] == 200.0
    assert document["coverage"]["covered_s"] == pytest.approx(
        sum(leg["end_s"] - leg["start_s"] for leg in document["legs"]), abs=1e-5
    )


@pytest.mark.parametrize("change", [{"first_beat": None}, {"last_beat": 6.5}, {"steps": 65}])
def test_a_leg_that_does_not_add_up_is_no_plan(change: dict[str, object]) -> None:
    document = json.loads(plan_to_json(make_plan()))
    document["legs"][1] |= change
    with pytest.raises(PlanError, match="not a whole plan"):
        plan_from_json(json.dumps(document))


def test_a_plan_has_legs_of_its_own_kind_that_do_not_overlap() -> None:
    with pytest.raises(ParameterError, match="overlap"):
        Plan(RAMP, (leg("a"), leg("b", 63)), mode="stretch")
    with pytest.raises(ParameterError, match="native"):
        Plan(RAMP, (leg("a"),))
    with pytest.raises(ParameterError, match="stretch"):
        Plan(RAMP, (WholeLeg(track("a", 165.0), Fraction(1), 0.0),), mode="stretch")


def test_what_plays_whole_tracks_refuses_a_stretched_plan(tmp_path: Path) -> None:
    path = tmp_path / "run.plan.json"
    save_plan(make_plan(), path)
    plan = load_plan(path)
    words = "a stretched plan has to be rendered"
    for refused in (
        lambda: require_whole_tracks(plan),
        lambda: m3u_text(plan, folder=tmp_path),
        lambda: copy_files(plan, tmp_path / "phone"),
        lambda: match_legs(plan, lambda _song: pytest.fail("asked for a match")),
    ):
        with pytest.raises(ExportError, match=words):
            refused()
    answer = bpmsync("export", path, "--svg", "run.svg", cwd=tmp_path)
    assert (answer.status, answer.out) == (1, "")
    assert words in " ".join(answer.err.split())
    assert sorted(item.name for item in tmp_path.iterdir()) == ["run.plan.json"]
