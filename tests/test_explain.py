"""What a plan costs, leg by leg: the reasons add up to what the planner says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.candidates import NativeOptions, square_spm
from bpmsync.planner.explain import explain
from bpmsync.planner.native import Effort, plan_native
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.stretch import plan_stretch
from bpmsync.planner.weights import Weights
from bpmsync.planner.wishes import Wishes
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

NATIVE = {
    "tempo", "doubt", "beatless", "unsteady", "level", "recent", "overhang",
    "artist", "album", "loudness", "energy",
}  # fmt: skip
# What any plan costs has its reasons, the best or not
LITTLE = Effort(ways=50_000)
STRETCH = {"stretch", "doubt", "level", "recent", "join", "cut", "artist", "album", "energy"}


def wavering(bpm: float, duration_s: float, waver: float) -> np.ndarray:
    """Return beats whose tempo comes and goes by a share."""
    even = np.arange(0.25, duration_s, 60 / bpm)
    return np.round(even + waver * np.sin(even / 9), 6)[1:-1]


@st.composite
def libraries(draw: st.DrawFn) -> list[Track]:
    found = []
    for number in range(draw(st.integers(1, 9))):
        bpm = draw(st.sampled_from([81.0, 83.5, 160.0, 163.0, 166.5, 170.0, 326.0]))
        length_s = draw(st.integers(61, 260)) + draw(st.floats(0, 0.5))
        found.append(
            track(
                f"t{number}",
                bpm,
                length_s,
                artist=draw(st.sampled_from([None, "Ada", "Bo"])),
                album=draw(st.sampled_from([None, "One", "Two"])),
                confidence=draw(st.sampled_from([0.55, 0.8, 1.0])),
                first_downbeat=draw(st.sampled_from([None, 0, 2])),
                usable=((draw(st.floats(0, 5)), length_s - draw(st.floats(0, 20))),),
                beats=wavering(bpm, length_s, draw(st.sampled_from([0.0, 0.01]))),
                level_db=draw(st.sampled_from([-120.0, -30.0, -20.0])),
                energy=draw(st.sampled_from([0.1, 0.5, 0.9])),
            )
        )
    return found


RAMPS = st.sampled_from(
    [
        Ramp.constant(163, duration_s=300.0),
        Ramp.linear(160, 168, duration_s=400.5, warm_up_s=60.0, cool_down_s=60.0),
        Ramp(((0, 160), (120, 160), (120, 166), (350, 166))),
    ]
)
RECENT = st.lists(st.frozensets(st.sampled_from([f"b2:t{n}" for n in range(9)])), max_size=3)
WEIGHTS = st.sampled_from([Weights(), Weights(artist=5.0, cut=7.0, join=1.0, doubt=3.0, recent=9.0)])


@given(libraries(), RAMPS, RECENT, WEIGHTS)
@settings(max_examples=40, deadline=None)
def test_the_reasons_of_a_native_plan_add_up_to_its_cost(
    tracks: list[Track], ramp: Ramp, recent: list[frozenset[str]], weights: Weights
) -> None:
    options, wishes = NativeOptions(partial=True, min_length_s=60.0, weights=weights), Wishes(recent=recent)
    plan = planned(lambda: plan_native(tracks, ramp, options, wishes=wishes))
    if plan is None:
        return
    found = explain(plan, tracks, wishes)
    assert all(set(leg) == NATIVE for leg in found.legs)
    assert all(value >= 0 for leg in found.legs for value in leg.values())
    assert found.unit == square_spm(ramp)
    assert (found.silence > 0) == bool(plan.uncovered)
    assert found.cost * found.unit == pytest.approx(plan.cost, rel=1e-6, abs=1e-4)


@given(libraries(), RAMPS, RECENT, WEIGHTS)
@settings(max_examples=40, deadline=None)
def test_the_reasons_of_a_stretched_plan_add_up_to_its_cost(
    tracks: list[Track], ramp: Ramp, recent: list[frozenset[str]], weights: Weights
) -> None:
    options, wishes = StretchOptions(partial=True, weights=weights), Wishes(recent=recent)
    plan = planned(lambda: plan_stretch(tracks, ramp, options, wishes=wishes, effort=LITTLE))
    if plan is None:
        return
    found = explain(plan, tracks, wishes)
    assert all(set(leg) == STRETCH for leg in found.legs)
    assert (found.unit, found.early_end) == (1.0, 0.0)
    assert (found.silence > 0) == bool(plan.uncovered)
    assert found.cost == pytest.approx(plan.cost, rel=1e-6, abs=1e-4)


def test_each_reason_is_told_of_the_leg_that_has_it() -> None:
    tracks = [
        track("a", 160, 200.0, artist="Ada", album="One", confidence=1.0, level_db=-20.0, energy=0.5),
        track("b", 80, 200.0, artist="Ada", album="One", confidence=0.5, level_db=-30.0, energy=0.9),
        track("c", 320, 200.0, artist="Ada", confidence=1.0, usable=((0.0, 150.0),), level_db=-30.0),
    ]
    ramp = Ramp.constant(160, duration_s=590.0)
    wishes = Wishes(rows=[0, 1, 2], pins=[(1.0, 0), (300.0, 1)], recent=[{"b2:x"}, {"b2:c"}])
    plan = plan_native(tracks, ramp, wishes=wishes)
    first, second, third = explain(plan, tracks, wishes).legs
    assert {name for name, cost in first.items() if cost > 1e-6} == set()
    assert second == pytest.approx(
        {
            **dict.fromkeys(NATIVE, 0.0),
            "doubt": 20 * 0.5 * 200,
            "level": 0.7 * 200,
            "artist": 300,
            "album": 100,
            "loudness": 2 * (10 - 3) ** 2,
            "energy": 300 * (0.4 - 0.2) ** 2,
        },
        abs=1e-6,
    )
    assert third == pytest.approx(
        {
            **dict.fromkeys(NATIVE, 0.0),
            "beatless": 10 * 50,
            "level": 1.4 * 200,
            "recent": 4 / 2 * 200,
            "overhang": 1.4 * 10,
            "artist": 300 + 150,
            "energy": third["energy"],
        },
        abs=1e-6,
    )


def test_silence_and_an_early_end_belong_to_no_leg() -> None:
    tracks, ramp = [track("a", 160, 200.0, confidence=1.0)], Ramp.constant(160, duration_s=280.0)
    early = explain(plan_native(tracks, ramp), tracks)
    # 4 % off for 80 s is what it costs that there is no music
    assert (early.silence, early.early_end) == pytest.approx((0.0, 4**2 * 80), abs=1e-6)
    plan = plan_stretch(tracks, ramp, StretchOptions(partial=True))
    silent = explain(plan, tracks)
    assert silent.silence == pytest.approx(sum(256 * (end - start) + 1280 for start, end in plan.uncovered))


def test_nothing_is_explained_that_is_not_known() -> None:
    tracks, ramp = [track("a", 160), track("b", 160)], Ramp.constant(160, duration_s=190.0)
    plan = plan_native(tracks[:1], ramp)
    with pytest.raises(ParameterError, match=r"a\.mp3 is not in the library"):
        explain(plan, tracks[1:])
    stretched = plan_stretch(tracks, ramp)
    for parameters in ({"max_stretch": "much"}, {"weights": "foo=3"}, {"fade_steps": -1}):
        with pytest.raises(PlanError, match="make the plan again"):
            explain(replace(stretched, parameters=parameters), tracks)
    nothing = explain(replace(plan, legs=(), cost=0.0), tracks)
    assert (nothing.legs, nothing.cost) == ((), 0.0)


def planned(make: Callable[[], Plan[Any]]) -> Plan[Any] | None:
    try:
        return make()
    except PlanError:  # nothing of the library fits at all
        return None
