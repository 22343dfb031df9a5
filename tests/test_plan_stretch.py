"""Stretched plans: steps without gap or overlap, the limit at every beat, nothing below the bound."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.plan import plan_from_json, plan_to_json
from bpmsync.planner.stretch import Effort, StretchOptions, plan_stretch
from bpmsync.timeline.ramp import Ramp
from planner_cases import cheapest_warped, last_step_of, track, warped_cost

if TYPE_CHECKING:
    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg

# A failing plan is small as it is; tracing the solver to explain it would take minutes
SLOW_LAW = settings(
    phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow], deadline=None
)
OPTIONS = StretchOptions(min_length_s=15, max_length_s=200, partial=True)


@st.composite
def songs(draw: st.DrawFn, name: str) -> Track:
    bpm, duration_s = draw(st.floats(75, 190)), draw(st.floats(25, 110))
    beats = None
    if draw(st.booleans()):  # a player who breathes
        swing = 1 + draw(st.floats(0, 0.02)) * np.sin(np.arange(int(duration_s * bpm / 60)) / 13)
        beats = np.round(0.3 + np.cumsum(60 / bpm * swing), 6)
    return track(
        name,
        bpm,
        duration_s,
        artist=draw(st.sampled_from([None, "A", "B"])),
        confidence=draw(st.floats(0.4, 1)),
        beats_per_bar=draw(st.sampled_from([None, 3, 4])),
        first_downbeat=draw(st.none() | st.integers(0, 3)),
        usable=draw(st.sampled_from([None, ((6.0, 24.0),), ((3.0, 22.0), (23.0, 110.0)), ()])),
        beats=beats,
    )


@st.composite
def libraries(draw: st.DrawFn, *, most: int = 10) -> list[Track]:
    return [draw(songs(f"t{i}")) for i in range(draw(st.integers(1, most)))]


@st.composite
def ramps(draw: st.DrawFn) -> Ramp:
    spm = st.floats(150, 190)
    if draw(st.booleans()):
        return Ramp(((0, draw(spm)), (draw(st.floats(40, 300)), draw(spm))))
    pieces = st.lists(st.tuples(spm, st.floats(20, 100)), min_size=1, max_size=3)
    return Ramp.steady_pieces(draw(pieces))


def check_legs(plan: Plan[WarpedLeg], options: StretchOptions) -> None:
    for leg in plan.legs:
        worst = leg.worst_stretch_percent(plan.ramp)
        assert worst * (1 + options.margin) <= 100 * options.max_stretch + 1e-4
        knots, q = leg.timemap(plan.ramp), leg.steps_per_beat.denominator
        due = leg.first_step + np.arange(leg.beats // q + 1) * leg.steps_per_beat.numerator
        assert np.abs(knots.out_s[::q] - plan.ramp.time_of(due)).max() <= 1e-6
        grid, usable = leg.track.grid, leg.track.detection.usable
        assert grid is not None
        inside = [s - 1e-5 <= leg.source_start_s and leg.source_end_s <= e + 1e-5 for s, e in usable]
        assert inside.count(True) == 1
        if len(grid.downbeats):
            assert {leg.first_beat, leg.last_beat} <= set(grid.downbeats.tolist())
        length_s = leg.source_end_s - leg.source_start_s
        shortest_s = min(options.min_length_s, plan.ramp.duration_s / 2)
        assert shortest_s - 1e-6 <= length_s <= options.max_length_s + 1e-6
        settled = leg.track.override.settles_beat
        assert settled or leg.track.detection.confidence >= options.min_confidence


def check_tiling(plan: Plan[WarpedLeg]) -> None:
    """Steps are covered once, up to the bar line at or after the last one; the rest is named."""
    last = last_step_of(plan.ramp)
    silent = [
        (one.last_step, two.first_step) for one, two in pairwise(plan.legs) if one.last_step != two.first_step
    ]
    if plan.legs[0].first_step:
        silent.insert(0, (0, plan.legs[0].first_step))
    if plan.legs[-1].last_step < last:
        silent.append((plan.legs[-1].last_step, last))
    assert all(start < end for start, end in silent)
    told = [tuple(round(float(plan.ramp.steps_at(s))) for s in hole) for hole in plan.uncovered]
    assert [start for start, _ in told] == [start for start, _ in silent]
    assert all(abs(end - due) <= 1 for (_, end), (_, due) in zip(told, silent, strict=True))
    over = plan.legs[-1].last_step - last
    grid = plan.legs[-1].track.grid
    assert grid is not None
    assert over < (grid.beats_per_bar or 4) * plan.legs[-1].steps_per_beat
    assert all(leg.last_step <= last for leg in plan.legs[:-1])


@settings(parent=SLOW_LAW, max_examples=12)
@given(libraries(), ramps(), st.sampled_from([0.04, 0.08, 0.12]), st.sampled_from([0.0, 0.1]))
def test_every_plan_keeps_its_limits_and_its_bytes(
    library: list[Track], ramp: Ramp, max_stretch: float, margin: float
) -> None:
    options = replace(OPTIONS, max_stretch=max_stretch, margin=margin)
    try:
        plan = plan_stretch(library, ramp, options)
    except PlanError:
        return
    hashes = [leg.track.audio_hash for leg in plan.legs]
    assert len(set(hashes)) == len(hashes)
    check_legs(plan, options)
    check_tiling(plan)
    assert 0 <= plan.bound <= plan.cost
    assert plan.cost == pytest.approx(warped_cost(plan, library, options), rel=1e-9, abs=1e-3)
    text = plan_to_json(plan)
    assert plan_to_json(plan_stretch(library[::-1], ramp, options)) == text
    again = plan_from_json(text)
    assert plan_to_json(again) == text
    assert plan_from_json(plan_to_json(again)) == again


@settings(parent=SLOW_LAW, max_examples=8)
@given(libraries(), ramps())
def test_without_partial_a_plan_has_no_hole(library: list[Track], ramp: Ramp) -> None:
    try:
        plan = plan_stretch(library, ramp, replace(OPTIONS, partial=False))
    except PlanError as error:
        assert "spm" in str(error)  # noqa: PT017 - both outcomes are right
        return
    assert plan.uncovered == ()
    assert plan.legs[0].first_step == 0
    assert all(one.last_step == two.first_step for one, two in pairwise(plan.legs))
    assert plan.legs[-1].last_step >= last_step_of(ramp)


@settings(parent=SLOW_LAW, max_examples=40)
@given(st.data())
def test_tiny_libraries_against_every_way(data: st.DataObject) -> None:
    spm = st.floats(158, 178)
    ramp = Ramp(((0, data.draw(spm)), (data.draw(st.floats(30, 150)), data.draw(spm))))
    # So few bar lines that a leg may end on each
    library = [
        track(
            f"t{i}",
            data.draw(st.floats(150, 186)) / data.draw(st.sampled_from([1, 2])),
            data.draw(st.floats(25, 55)),
            artist=data.draw(st.sampled_from(["A", None])),
            beats_per_bar=8,
            first_downbeat=0,
        )
        for i in range(data.draw(st.integers(1, 4)))
    ]
    options = replace(OPTIONS, fade_steps=data.draw(st.sampled_from([0, 16])))
    best = cheapest_warped(library, ramp, options)
    try:
        plan = plan_stretch(library, ramp, options, effort=Effort(gap=0))
    except PlanError:
        assert math.isinf(best)
        return
    assert plan.bound - 1e-5 <= plan.cost <= best + 1e-5
    if not plan.uncovered:
        assert plan.bound == pytest.approx(plan.cost, rel=0, abs=2e-6)
        assert plan.cost == pytest.approx(best, rel=1e-9, abs=1e-5)


def steady(spm: float, minutes: float) -> Ramp:
    return Ramp.constant(spm, duration_s=minutes * 60)


def test_beatless_intros_and_outros_are_skipped() -> None:
    song = track("t", 170.0, first_downbeat=1, usable=((20.0, 150.0),))
    (leg,) = plan_stretch([song], steady(172, 2)).legs
    assert 20.0 <= leg.source_start_s < 20.0 + 4 * 60 / 170
    assert leg.source_end_s <= 150.0
    assert leg.first_beat % 4 == leg.last_beat % 4 == 1


def test_the_last_leg_is_cut_where_the_run_is_full() -> None:
    ramp = steady(170, 2.9)  # 493 steps
    (leg,) = plan_stretch([track("t", 170.0)], ramp).legs
    assert (leg.first_step, leg.last_step) == (0, 496)
    assert plan_stretch([track("t", 170.0)], steady(170, 2)).legs[0].last_step == 340


def test_one_two_and_half_steps_a_beat_are_found() -> None:
    library = [track("one", 170.0), track("two", 85.0), track("half", 340.0)]
    plan = plan_stretch(library, steady(170, 8))
    assert {leg.track.tags.title: leg.steps_per_beat for leg in plan.legs} == {
        "one": 1,
        "two": 2,
        "half": Fraction(1, 2),
    }


def test_legs_leave_room_for_their_fades() -> None:
    plan = plan_stretch([track(f"t{i}", 170.0, 100.0) for i in range(5)], steady(171, 6))
    assert len(plan.legs) >= 4
    assert all(leg.fade_steps(16) == 16 for leg in plan.legs[:-1])


def test_a_jump_that_no_single_leg_can_take_gets_a_change_of_music() -> None:
    ramp = Ramp.steady_pieces([(160, 120), (184, 120)])
    library = [track("slow", 160.0), track("fast", 184.0)]
    plan = plan_stretch(library, ramp, StretchOptions(max_stretch=0.06))
    assert [leg.track.tags.title for leg in plan.legs] == ["slow", "fast"]
    assert plan.legs[1].first_step == 320


def test_music_that_is_just_enough_is_enough() -> None:
    """Eight tracks for 17 of their 20 minutes: what is used up must count from the start."""
    library = [track(f"t{i}", 158 + 1.7 * i, 150.0, first_downbeat=0) for i in range(8)]
    plan = plan_stretch(library, steady(165, 17), StretchOptions(min_length_s=45))
    assert (len(plan.legs), plan.uncovered) == (8, ())
    # Without the prices of tracks the bound would be a third of the cost
    assert plan.cost * 0.7 < plan.bound <= plan.cost


def test_a_hole_is_named_with_what_would_fill_it() -> None:
    ramp = Ramp.steady_pieces([(160, 120), (178, 120)])
    library = [track("slow", 160.0)]
    with pytest.raises(PlanError) as caught:
        plan_stretch(library, ramp, StretchOptions(max_stretch=0.04))
    text = str(caught.value)
    assert "stretched by at most 4 %" in text
    assert "from 2:00 to 4:00, at 178 spm" in text
    assert "--max-stretch 12% covers 3m06s" in text
    plan = plan_stretch(library, ramp, StretchOptions(max_stretch=0.04, partial=True))
    ((start_s, end_s),) = plan.uncovered
    assert (start_s, end_s) == pytest.approx((120.0, 240.0))
    near = [track("near", 160.0), track("far", 168.0)]
    with pytest.raises(PlanError, match="--max-stretch 8% covers all of it"):
        plan_stretch(near, ramp, StretchOptions(max_stretch=0.04))


def test_what_is_left_out_is_counted() -> None:
    bad = [
        track("ignored", 170.0, ignore=True),
        track("talk", 170.0, genre="Podcast"),
        track("short", 170.0, 40.0),
        track("calm", 170.0, usable=()),
        track("slow", 110.0),
        replace(track("song", 170.0), path=""),
    ]
    with pytest.raises(PlanError) as caught:
        plan_stretch(bad, steady(170, 3))
    for words in (
        "none of 6 tracks fits",
        "1 ignored",
        "1 spoken word",
        "1 too short",
        "1 no steady beat",
        "1 without a file",
        "1 never within 8 %",
    ):
        assert words in str(caught.value)
    with pytest.raises(PlanError, match="no music to plan with"):
        plan_stretch([], steady(170, 3))
    with pytest.raises(ParameterError, match="24 hours"):
        plan_stretch([track("a", 170.0)], Ramp(((0, 170),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_stretch": 0},
        {"max_stretch": 0.4},
        {"margin": -0.1},
        {"fade_steps": -1},
        {"min_length_s": 0},
        {"min_confidence": 2},
    ],
)
def test_nonsense_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        StretchOptions(**wrong)  # type: ignore[arg-type]


def test_a_library_follows_closely_and_gently() -> None:
    random = np.random.default_rng(7)
    library = [
        track(f"{i:03d}", bpm, 150 + i % 120, artist=f"a{i % 30}", first_downbeat=i % 4)
        for i, bpm in enumerate(random.uniform(70, 190, 150))
    ]
    ramp = Ramp(((0, 162), (300, 162), (1500, 176), (1800, 162)))
    plan = plan_stretch(library, ramp)
    check_legs(plan, StretchOptions())
    check_tiling(plan)
    assert plan.uncovered == ()
    assert plan.cost <= 1.2 * plan.bound
    assert max(leg.worst_stretch_percent(ramp) for leg in plan.legs) < 6
