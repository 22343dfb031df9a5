"""Weights: what they are called, how they are written, and that each does what it says."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.native import Effort, plan_native
from bpmsync.planner.plan import plan_from_json, plan_to_json
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.stretch import plan_stretch
from bpmsync.planner.swap import options_of
from bpmsync.planner.weights import MEANINGS, Weights, parse_weights
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

NAMES = [field.name for field in fields(Weights)]
# As a person types them
VALUES = st.integers(0, 10**9).map(lambda number: number / 1000)
EXACT = Effort(gap=0)


def test_each_weight_has_a_meaning() -> None:
    assert list(MEANINGS) == NAMES
    assert all("%" in meaning for meaning in MEANINGS.values())


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_what_is_written_is_read_again(changed: dict[str, float]) -> None:
    weights = Weights(**changed)
    text = weights.text()
    assert parse_weights(text.split(",") if text else []) == weights
    assert parse_weights([f" {name} = {value!r} " for name, value in changed.items()]) == weights
    assert {one.partition("=")[0] for one in text.split(",") if one} == {
        name for name, value in changed.items() if value != getattr(Weights(), name)
    }


def test_only_what_is_named_changes_and_the_last_word_counts() -> None:
    assert parse_weights([]) == Weights()
    assert Weights().text() == ""
    base = Weights(artist=1, join=2)
    assert parse_weights(["artist=5", "cut=0", "artist=6"], base) == replace(base, artist=6, cut=0)


@pytest.mark.parametrize("value", ["", "much", "nan", "inf", "-inf", "1,5", "0x10"])
def test_what_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ParameterError, match="is not a number"):
        parse_weights([f"artist={value}"])


@pytest.mark.parametrize("value", [-1e-9, 1e6 + 1, math.nan, math.inf])
def test_weights_are_from_nothing_to_a_million(value: float) -> None:
    with pytest.raises(ParameterError, match="from 0 to 1,000,000"):
        Weights(album=value)


@given(st.text(max_size=8).filter(lambda name: name.strip() not in MEANINGS and "=" not in name))
def test_names_that_do_not_exist_are_told_which_do(name: str) -> None:
    with pytest.raises(ParameterError, match="there are doubt, beatless, unsteady"):
        parse_weights([f"{name}=1"])


def test_a_name_without_a_value_is_refused() -> None:
    with pytest.raises(ParameterError, match="is not a number"):
        parse_weights(["artist"])


RAMP = Ramp(((0, 166), (300, 174)))
LIBRARY = [
    track(
        f"t{number}",
        (160 + 3 * number) * (1, 0.5, 2)[number % 3],
        60.0 + 5 * number,
        artist="AB"[number % 2],
        album="one",
        confidence=0.5 + number / 20,
        usable=((5.0, 55.0),),
        first_downbeat=0,
        level_db=-20.0 + 2 * number,
        energy=number / 8,
        beats_per_bar=4,
    )
    for number in range(8)
]
WHOLE = NativeOptions(max_off=0.1, min_length_s=20, partial=True)
WARPED = StretchOptions(max_stretch=0.12, min_length_s=20, partial=True)


@settings(max_examples=15)
@given(st.sampled_from(NAMES), VALUES.map(lambda value: value / 100), VALUES.map(lambda value: value / 100))
def test_a_greater_weight_never_makes_a_run_cheaper(name: str, one: float, other: float) -> None:
    less, more = (
        replace(Weights(), **{name: value}) for value in (min(one, other, 900), min(max(one, other), 900))
    )
    for light, heavy in (
        (
            plan_native(LIBRARY, RAMP, replace(WHOLE, weights=less), effort=EXACT),
            plan_native(LIBRARY, RAMP, replace(WHOLE, weights=more), effort=EXACT),
        ),
        (
            plan_stretch(LIBRARY, RAMP, replace(WARPED, weights=less), effort=EXACT),
            plan_stretch(LIBRARY, RAMP, replace(WARPED, weights=more), effort=EXACT),
        ),
    ):
        assert light.bound <= heavy.cost + 1e-5


def test_a_plan_tells_the_weights_that_it_was_made_with() -> None:
    weights = Weights(artist=1000, doubt=0.25)
    plan = plan_native(LIBRARY, RAMP, replace(WHOLE, weights=weights))
    assert plan.parameters["weights"] == "doubt=0.25,artist=1000"
    again = plan_from_json(plan_to_json(plan))
    assert options_of(again.parameters).weights == weights
    assert "weights" not in plan_native(LIBRARY, RAMP, WHOLE).parameters
    warped = plan_stretch(LIBRARY, RAMP, replace(WARPED, weights=weights))
    assert warped.parameters["weights"] == plan.parameters["weights"]


@pytest.mark.parametrize(("weight", "middle"), [(0, "two"), (10_000, "three")])
def test_a_heavy_weight_for_artists_puts_another_one_between(weight: float, middle: str) -> None:
    songs = [track("one", 170.0, artist="A"), track("two", 171.0, artist="A"), track("three", 173.0)]
    options = NativeOptions(weights=Weights(artist=weight))
    plan = plan_native(songs, Ramp(((0, 170), (600, 173))), options, effort=EXACT)
    assert plan.legs[1].track.tags.title == middle
