"""Fades: on bar lines, over usable beats within the limit, never two at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.planner.fades import fades_of, tails_of
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.timeline.ramp import Ramp
from bpmsync.timeline.timemap import TimeMap
from planner_cases import track

RAMP = Ramp(((0, 160), (200, 172), (200, 164), (500, 176)))
ONE, TWO, HALF = Fraction(1), Fraction(2), Fraction(1, 2)
PARAMETERS = {"max_stretch": 0.08, "margin": 0.0, "fade_steps": 16}


def make_leg(
    name: str,
    first_step: int,
    *,
    bars: int = 16,
    beats_per_bar: int = 4,
    ratio: Fraction = ONE,
    after: int = 40,
    bpm: float = 165.0,
) -> WarpedLeg:
    """Return a leg of whole bars from beat 0; so many usable beats come after it."""
    beats = bars * beats_per_bar
    grid = np.round(0.5 + np.arange(beats + after + 8) * 60 / bpm, 6)
    song = track(
        name,
        bpm,
        float(grid[-1]) + 1,
        beats=grid,
        beats_per_bar=beats_per_bar,
        first_downbeat=0,
        usable=((float(grid[0]), float(grid[beats + after])),),
    )
    return WarpedLeg(song, 0, beats, ratio, first_step)


def make_plan(*legs: WarpedLeg, **parameters: float) -> Plan[WarpedLeg]:
    return Plan(RAMP, legs, mode="stretch", parameters=PARAMETERS | parameters)


@st.composite
def plans(draw: st.DrawFn) -> Plan[WarpedLeg]:
    """Legs of any bars and ratio one after another, with a hole here and there."""
    legs: list[WarpedLeg] = []
    step = 0
    for number in range(draw(st.integers(1, 5))):
        per_bar = draw(st.sampled_from([2, 3, 4, 5, 7]))
        ratio = draw(st.sampled_from([ONE, TWO] if per_bar % 2 else [ONE, TWO, HALF]))
        leg = make_leg(
            f"t{number}",
            step + draw(st.sampled_from([0, 0, 0, 5, 40])),
            bars=draw(st.integers(1, 20)),
            beats_per_bar=per_bar,
            ratio=ratio,
            after=draw(st.integers(0, 60)),
            bpm=draw(st.floats(150, 182)) / float(ratio),
        )
        if draw(st.booleans()):  # a track whose bars are not known
            grid = leg.track.grid
            assert grid is not None
            bare = replace(leg.track.detection, grid=type(grid)(grid.beats))
            leg = replace(leg, track=replace(leg.track, detection=bare))
        legs.append(leg)
        step = leg.last_step
    limit = draw(st.sampled_from([0.02, 0.05, 0.12]))
    return make_plan(*legs, max_stretch=limit, margin=draw(st.sampled_from([0.0, 0.2])))


def bar_steps(leg: WarpedLeg) -> Fraction:
    grid = leg.track.grid
    assert grid is not None
    return (grid.beats_per_bar or 4) * leg.steps_per_beat


def check_tail(plan: Plan[WarpedLeg], leg: WarpedLeg, steps: int) -> None:
    """What sounds after the leg are usable beats, none stretched beyond the limit."""
    if not steps:
        return
    beats = -(-steps // leg.steps_per_beat)
    assert beats <= leg.usable_after
    grid = leg.track.grid
    assert grid is not None
    tail = TimeMap.onto_ramp(
        grid,
        plan.ramp,
        first_beat=leg.last_beat,
        last_beat=leg.last_beat + int(beats),
        steps_per_beat=leg.steps_per_beat,
        first_step=leg.last_step,
    )
    rate = np.diff(tail.source_s) / np.diff(tail.out_s)
    limit = float(plan.parameters["max_stretch"]) / (1 + float(plan.parameters["margin"]))  # type: ignore[arg-type]
    assert np.abs(rate - 1).max() <= limit + 2e-6


@settings(max_examples=80, deadline=None)
@given(plans(), st.integers(0, 64))
def test_every_fade_keeps_its_laws(plan: Plan[WarpedLeg], wish: int) -> None:
    fades = fades_of(plan, fade_steps=wish)
    assert len(fades) == max(0, len(plan.legs) - 1)
    last_end = 0
    for (one, following), steps in zip(pairwise(plan.legs), fades, strict=True):
        assert 0 <= steps <= wish
        assert steps <= following.steps // 2
        check_tail(plan, one, steps)
        if one.last_step != following.first_step:
            assert steps == 0
            continue
        assert one.last_step >= last_end  # the fade before is over
        last_end = one.last_step + steps
        assert steps % bar_steps(following) == 0 or steps == wish < bar_steps(following)
        # Where any bar line of both was in reach, the fade ends on one
        both = np.lcm(bar_steps(one).numerator, bar_steps(following).numerator)
        if steps >= both:
            assert steps % both == 0


@settings(max_examples=50, deadline=None)
@given(plans(), st.integers(0, 64))
def test_tails_are_there_where_nothing_follows(plan: Plan[WarpedLeg], wish: int) -> None:
    tails = tails_of(plan, fade_steps=wish)
    borders = [leg.first_step for leg in plan.legs[1:]] + [10**9]
    assert len(tails) == len(plan.legs)
    for leg, steps, border in zip(plan.legs, tails, borders, strict=True):
        assert 0 <= steps <= min(wish, border - leg.last_step)
        assert steps % bar_steps(leg) == 0 or steps == wish < bar_steps(leg)
        check_tail(plan, leg, steps)


def test_a_fade_of_sixteen_steps_where_both_have_room() -> None:
    plan = make_plan(make_leg("a", 0), make_leg("b", 64), make_leg("c", 128))
    assert (fades_of(plan), fades_of(plan, fade_steps=8), fades_of(plan, fade_steps=0)) == (
        (16, 16),
        (8, 8),
        (0, 0),
    )
    assert tails_of(plan) == (0, 0, 16)


def test_it_is_shortened_by_whole_bars_down_to_a_cut() -> None:
    for after, steps in ((40, 16), (15, 12), (9, 8), (4, 4), (3, 0), (0, 0)):
        plan = make_plan(make_leg("a", 0, after=after), make_leg("b", 64))
        assert fades_of(plan) == (steps,)


def test_it_ends_on_bar_lines_of_both_where_they_meet() -> None:
    waltz = make_leg("w", 64, beats_per_bar=3)
    assert fades_of(make_plan(make_leg("a", 0), waltz)) == (12,)
    # No bar line of both within 11 steps: the incoming one counts
    assert fades_of(make_plan(make_leg("a", 0), waltz), fade_steps=11) == (9,)
    doubled = make_leg("d", 64, ratio=TWO, bpm=82.5)
    assert fades_of(make_plan(make_leg("a", 0), doubled), fade_steps=12) == (8,)


def test_a_wish_shorter_than_a_bar_is_kept() -> None:
    plan = make_plan(make_leg("a", 0), make_leg("b", 64))
    assert (fades_of(plan, fade_steps=2), tails_of(plan, fade_steps=3)) == ((2,), (0, 3))
    bare = make_plan(make_leg("a", 0, after=1), make_leg("b", 64))
    assert fades_of(bare, fade_steps=2) == (0,)


def test_a_short_leg_is_half_faded_at_most() -> None:
    plan = make_plan(make_leg("a", 0), make_leg("b", 64, bars=5), make_leg("c", 84, bars=6))
    assert fades_of(plan) == (8, 12)


def test_a_tail_that_would_be_stretched_too_far_is_cut_short() -> None:
    """The music slows down after its leg, while the ramp goes on."""
    song = make_leg("a", 0)
    grid = song.track.grid
    assert grid is not None
    slowing = np.diff(grid.beats) * np.where(np.arange(len(grid) - 1) < 64 + 9, 1.0, 1.2)
    slow = replace(grid, beats=np.round(grid.beats[0] + np.append(0.0, np.cumsum(slowing)), 6))
    usable = ((0.0, float(slow.beats[-1])),)
    changed = replace(song.track, detection=replace(song.track.detection, grid=slow, usable=usable))
    plan = make_plan(replace(song, track=changed), make_leg("b", 64))
    assert fades_of(plan) == (8,)
    assert fades_of(replace(plan, parameters=PARAMETERS | {"max_stretch": 0.3})) == (16,)


def test_holes_have_tails_and_no_fades() -> None:
    plan = make_plan(make_leg("a", 0), make_leg("b", 74), make_leg("c", 200))
    assert (fades_of(plan), tails_of(plan)) == ((0, 0), (8, 16, 16))


def test_a_plan_that_tells_no_limits_has_the_usual_ones() -> None:
    plan = replace(make_plan(make_leg("a", 0), make_leg("b", 64)), parameters={})
    assert fades_of(plan) == (16,)
    empty = make_plan()
    assert (fades_of(empty), tails_of(empty)) == ((), ())


def test_what_has_no_fades_is_refused() -> None:
    native = Plan(RAMP, (WholeLeg(track("a", 165.0), ONE, 0.0),))
    with pytest.raises(ParameterError, match="whole files"):
        fades_of(native)  # type: ignore[arg-type]
    plan = make_plan(make_leg("a", 0), make_leg("b", 64))
    for wish, words in ((-1, "from 0 to 64"), (65, "from 0 to 64"), (4.5, "whole number")):
        with pytest.raises(ParameterError, match=words):
            tails_of(plan, fade_steps=wish)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no numbers"):
        fades_of(replace(plan, parameters={"fade_steps": "16"}))
