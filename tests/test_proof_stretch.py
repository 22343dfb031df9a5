"""What a stretched plan claims is true, and it keeps whatever it is told to."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.plan import plan_to_json
from bpmsync.planner.stretch import Effort, StretchOptions, Wishes, plan_stretch
from bpmsync.planner.weights import Weights
from planner_cases import never_dearer, warped_cost
from test_plan_stretch import SLOW_LAW, check_legs, check_tiling, libraries, ramps, songs

if TYPE_CHECKING:
    from random import Random

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.timeline.ramp import Ramp

OPTIONS = StretchOptions(max_stretch=0.1, min_length_s=15, max_length_s=200, min_confidence=0.4, partial=True)
EXACT = Effort(gap=0, ways=50_000)
LIMITS = ["stretch", "margin", "confidence", "artist", "held", "weights"]


def planned(
    library: list[Track] | Shelf,
    ramp: Ramp,
    options: StretchOptions = OPTIONS,
    wishes: Wishes | None = None,
    effort: Effort = EXACT,
) -> Plan[WarpedLeg] | None:
    try:
        return plan_stretch(library, ramp, options, wishes=wishes, effort=effort)
    except PlanError:
        return None


@settings(parent=SLOW_LAW, max_examples=100)
@given(libraries(most=8), ramps(), st.data())
def test_what_a_run_has_to_hold(library: list[Track], ramp: Ramp, data: st.DataObject) -> None:
    """Limits, moments and numbers are kept by every plan; else it is an error that says so."""
    shelf = Shelf.of(library)
    row = st.integers(0, len(library) - 1)
    pin = st.tuples(st.floats(0, ramp.duration_s * 0.99), row)
    wishes = Wishes(
        rows=data.draw(st.lists(row, max_size=2)),
        pins=data.draw(st.lists(pin, max_size=2)),
        most_per_artist=data.draw(st.integers(0, 2)),
        recent=[{song.audio_hash for song in library[::3]}],
    )
    options = replace(
        OPTIONS,
        max_stretch=data.draw(st.floats(0.03, 0.15)),
        min_length_s=data.draw(st.floats(10, 30)),
        max_length_s=data.draw(st.floats(60, 120)),
        min_confidence=data.draw(st.floats(0.3, 0.7)),
        fade_steps=data.draw(st.sampled_from([0, 16])),
        partial=data.draw(st.booleans()),
    )
    effort = Effort(gap=0.05, ways=data.draw(st.sampled_from([1, 1000, 100_000])))
    try:
        plan = plan_stretch(shelf, ramp, options, wishes=wishes, effort=effort)
    except PlanError as error:
        assert len(str(error)) > 40  # noqa: PT017 - both outcomes are right
        return
    check_legs(plan, options)
    check_tiling(plan)
    assert options.partial or not plan.uncovered
    assert plan.bound <= plan.cost
    rows = [shelf.audio_hash.index(leg.track.audio_hash) for leg in plan.legs]
    assert len(set(rows)) == len(rows)
    assert set(wishes.rows) <= set(rows)
    for second, pinned in wishes.pins:
        step = round(float(ramp.steps_at(second)))
        (playing,) = (
            r for r, leg in zip(rows, plan.legs, strict=True) if leg.first_step <= step < leg.last_step
        )
        assert playing == pinned
    artists = [leg.track.tags.artist for leg in plan.legs if leg.track.tags.artist]
    if wishes.most_per_artist:
        assert all(artists.count(artist) <= wishes.most_per_artist for artist in artists)


@settings(parent=SLOW_LAW, max_examples=60)
@given(libraries(most=5), ramps(), songs("new"))
def test_more_music_is_never_dearer(library: list[Track], ramp: Ramp, new: Track) -> None:
    old = planned(library, ramp)
    if old is not None and not old.uncovered:
        never_dearer(planned([*library, new], ramp), old)


@settings(parent=SLOW_LAW, max_examples=100)
@given(
    libraries(most=5),
    ramps(),
    st.sampled_from(["stretch", "margin", "confidence", "artist", "held", "weights"]),
)
def test_a_looser_limit_is_never_dearer(library: list[Track], ramp: Ramp, what: str) -> None:
    tight = replace(OPTIONS, min_confidence=0.5, margin=0.1)
    wishes = Wishes(rows=[len(library) // 2], most_per_artist=1)
    old = planned(library, ramp, tight, wishes)
    if old is None or old.uncovered:
        return
    loose, free = {
        "stretch": (replace(tight, max_stretch=0.13), wishes),
        "margin": (replace(tight, margin=0), wishes),
        "confidence": (replace(tight, min_confidence=0.4), wishes),
        "artist": (tight, replace(wishes, most_per_artist=2)),
        "held": (tight, replace(wishes, rows=())),
        "weights": (replace(tight, weights=Weights(artist=100, cut=50, join=0, half=0)), wishes),
    }[what]
    never_dearer(planned(library, ramp, loose, free), old)


@settings(parent=SLOW_LAW, max_examples=25)
@given(libraries(most=6), ramps(), st.randoms(use_true_random=False))
def test_more_effort_is_never_dearer_and_the_order_of_files_is_nothing(
    library: list[Track], ramp: Ramp, random: Random
) -> None:
    gaps = (math.inf, 0.3, 0.05, 0)
    plans = [planned(library, ramp, effort=replace(EXACT, gap=gap)) for gap in gaps]
    plans.insert(0, planned(library, ramp, effort=Effort(time_limit_s=0)))
    # Little effort may stop at a run in silence, which is no plan; what was found stays found
    assert [plan is None for plan in plans] == sorted([plan is None for plan in plans], reverse=True)
    found = [plan for plan in plans if plan]
    for less, more in pairwise(found):
        assert more.cost <= less.cost
        assert more.bound >= less.bound * (1 - 1e-8)
    for plan in found:
        check_legs(plan, OPTIONS)
        check_tiling(plan)
        assert plan.cost == pytest.approx(warped_cost(plan, library, OPTIONS), rel=1e-9, abs=1e-3)
    shuffled = random.sample(library, len(library))
    copy = replace(library[0], path="/zzz/copy.mp3")
    for mixed in (shuffled, [copy, *shuffled]):
        again = planned(mixed, ramp)
        assert (again and plan_to_json(again)) == (plans[-1] and plan_to_json(plans[-1]))
