"""What a native plan claims is true: nothing is cheaper than its bound, and exact plans are the best."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import NativeOptions, find_candidates
from bpmsync.planner.costs import make_problem
from bpmsync.planner.native import Effort, Wishes, plan_native
from bpmsync.planner.plan import plan_to_json
from bpmsync.planner.weights import Weights
from bpmsync.timeline.ramp import Ramp
from planner_cases import cheapest_whole, never_dearer, track, whole_cost
from test_native import SLOW_LAW, check_constraints

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

OPTIONS = NativeOptions(max_off=0.08, min_length_s=20, max_length_s=200, min_confidence=0.3, partial=True)
EXACT, NEARLY_EXACT = Effort(gap=0, ways=200_000), Effort(gap=0, ways=20_000)
# Of a sum of terms that are rounded to a millionth each
ROUNDING = 1e-5


ANY_BPM = st.floats(155, 182) | st.floats(77, 91)


@st.composite
def seconds(draw: st.DrawFn, least: int, most: int) -> float:
    """Whole microseconds, as the planner counts them."""
    return draw(st.integers(least * 1_000_000, most * 1_000_000)) / 1e6


LENGTHS = seconds(40, 400)


@st.composite
def songs(draw: st.DrawFn, name: str, *, bpm: st.SearchStrategy[float] = ANY_BPM) -> Track:
    measured = draw(st.booleans())
    return track(
        name,
        draw(bpm),
        draw(seconds(25, 110)),
        artist=draw(st.sampled_from([None, "A", "B", "C"])),
        album=draw(st.sampled_from([None, "one", "two"])),
        confidence=draw(st.floats(0.2, 1)),
        beats_per_bar=draw(st.sampled_from([3, 4])),
        level_db=draw(st.floats(-24, -6)) if measured else -120.0,
        energy=draw(st.floats(0, 1)) if measured else 0.0,
    )


@st.composite
def libraries(draw: st.DrawFn, *, least: int = 1, most: int = 8) -> list[Track]:
    return [draw(songs(f"t{number}")) for number in range(draw(st.integers(least, most)))]


@st.composite
def ramps(
    draw: st.DrawFn, *, run_s: st.SearchStrategy[float] = LENGTHS, jumps_s: Sequence[float] = ()
) -> Ramp:
    spm = st.floats(160, 178)
    kind = draw(st.sampled_from(["steady", "rising", "up and down", "jumps", "walk"]))
    length_s, low, high = draw(run_s), draw(spm), draw(spm)
    if kind == "steady":
        return Ramp(((0, low), (length_s, low)))
    if kind == "rising":
        return Ramp(((0, low), (length_s, high)))
    if kind == "up and down":
        return Ramp(((0, low), (round(length_s / 2, 6), high), (length_s, low)))
    low = low / 2 if kind == "walk" else low
    jumps_s = [jump_s for jump_s in jumps_s if jump_s < length_s - 1] or [length_s / 2]
    jump_s = round(draw(st.sampled_from(jumps_s)), 6)
    return Ramp(((0, low), (jump_s, low), (jump_s, high), (length_s, high)))


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Track], Ramp]:
    """A run, and up to eight songs near its targets that last longer than it does."""
    count = draw(st.integers(1, 8))
    spm = st.floats(161, 177)
    library = [draw(songs(f"t{n}", bpm=spm | spm | spm.map(lambda x: x / 2))) for n in range(count)]
    ends_s = np.cumsum([song.duration_s for song in library]).tolist()
    share = st.floats(min(0.7, 25 / ends_s[-1]), 0.7)
    run_s = share.map(lambda share: round(share * ends_s[-1], 6))
    return library, draw(ramps(run_s=run_s, jumps_s=ends_s))


def planned(
    library: list[Track] | Shelf,
    ramp: Ramp,
    options: NativeOptions = OPTIONS,
    wishes: Wishes | None = None,
    effort: Effort = NEARLY_EXACT,
) -> Plan | None:
    try:
        return plan_native(library, ramp, options, wishes=wishes, effort=effort)
    except PlanError:
        return None


@settings(parent=SLOW_LAW, max_examples=200)
@given(runs(), st.sampled_from([0.09, 0.1]))
def test_whole_songs_against_every_order(run: tuple[list[Track], Ramp], max_off: float) -> None:
    """Up to eight songs at every ratio: the best there is, and known to be; nearly all can be covered."""
    library, ramp = run
    options = replace(OPTIONS, max_off=max_off)
    candidates = find_candidates(library, ramp, options)
    best = cheapest_whole(make_problem(candidates, ramp, max_off=max_off)) if candidates else math.inf
    plan = planned(library, ramp, options, effort=EXACT)
    near = planned(library, ramp, options, effort=Effort(ways=200_000))
    assert (plan is None) == (near is None)
    if plan is None or near is None:
        assert best == math.inf
        return
    assert plan.cost == pytest.approx(whole_cost(plan, library, options), rel=1e-9, abs=ROUNDING)
    assert near.cost == pytest.approx(whole_cost(near, library, options), rel=1e-9, abs=ROUNDING)
    assert plan.cost <= best * (1 + 1e-9) + ROUNDING
    assert plan.cost <= near.cost
    if not plan.uncovered:  # silence lasts whole cells of time, which are finer in a longer search
        assert near.bound <= plan.cost + ROUNDING
        assert plan.bound == plan.cost
        assert plan.cost == pytest.approx(best, rel=1e-9, abs=ROUNDING)


@settings(parent=SLOW_LAW, max_examples=100)
@given(libraries(), ramps(), st.data())
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
        max_off=data.draw(st.floats(0.02, 0.12)),
        min_length_s=data.draw(st.floats(20, 60)),
        max_length_s=data.draw(st.floats(60, 120)),
        min_confidence=data.draw(st.floats(0, 0.6)),
        partial=data.draw(st.booleans()),
    )
    effort = Effort(gap=0.05, ways=data.draw(st.sampled_from([1, 1000, 100_000])))
    try:
        plan = plan_native(shelf, ramp, options, wishes=wishes, effort=effort)
    except PlanError as error:
        assert len(str(error)) > 40  # noqa: PT017 - both outcomes are right
        return
    check_constraints(plan, options)
    assert all(leg.track.detection.confidence >= options.min_confidence for leg in plan.legs)
    assert options.partial or not plan.uncovered
    rows = [shelf.audio_hash.index(leg.track.audio_hash) for leg in plan.legs]
    assert set(wishes.rows) <= set(rows)
    for second, pinned in wishes.pins:
        (playing,) = (r for r, leg in zip(rows, plan.legs, strict=True) if leg.start_s <= second < leg.end_s)
        assert playing == pinned
    artists = [leg.track.tags.artist for leg in plan.legs if leg.track.tags.artist]
    if wishes.most_per_artist:
        assert all(artists.count(artist) <= wishes.most_per_artist for artist in artists)


@settings(parent=SLOW_LAW, max_examples=60)
@given(runs(), songs("new"), st.floats(0, 0.1))
def test_more_music_is_never_dearer(run: tuple[list[Track], Ramp], new: Track, gap: float) -> None:
    library, ramp = run
    old = planned(library, ramp, effort=Effort(gap=gap))
    if old is not None and not old.uncovered:
        never_dearer(planned([*library, new], ramp, effort=Effort(gap=gap)), old)


@settings(parent=SLOW_LAW, max_examples=100)
@given(runs(), st.sampled_from(["max_off", "length", "confidence", "artist", "held", "weights"]), st.data())
def test_a_looser_limit_is_never_dearer(
    run: tuple[list[Track], Ramp], what: str, data: st.DataObject
) -> None:
    library, ramp = run
    tight = replace(OPTIONS, min_length_s=30, max_length_s=100, min_confidence=0.4)
    shelf = Shelf.of(library)
    wishes = Wishes(rows=[data.draw(st.integers(0, len(library) - 1))], most_per_artist=1)
    old = planned(library, ramp, tight, wishes)
    # What an early end costs depends on the limit
    if old is None or old.uncovered or (what == "max_off" and old.legs[-1].end_s < ramp.duration_s):
        return
    loose, free = {
        "max_off": (replace(tight, max_off=0.12), wishes),
        "length": (replace(tight, min_length_s=20, max_length_s=110), wishes),
        "confidence": (replace(tight, min_confidence=0.2), wishes),
        "artist": (tight, replace(wishes, most_per_artist=data.draw(st.sampled_from([0, 2])))),
        "held": (tight, replace(wishes, rows=())),
        "weights": (replace(tight, weights=Weights(artist=100, album=0, doubt=10, half=0)), wishes),
    }[what]
    never_dearer(planned(shelf, ramp, loose, free), old)


@settings(parent=SLOW_LAW, max_examples=20)
@given(libraries(most=10), ramps(), st.randoms(use_true_random=False))
def test_more_effort_is_never_dearer_and_the_order_of_files_is_nothing(
    library: list[Track], ramp: Ramp, random: Random
) -> None:
    gaps = (math.inf, 0.3, 0.05, 0)
    plans = [planned(library, ramp, effort=replace(NEARLY_EXACT, gap=gap)) for gap in gaps]
    plans.insert(0, planned(library, ramp, effort=Effort(time_limit_s=0)))
    # Little effort may stop at a run in silence, which is no plan; what was found stays found
    assert [plan is None for plan in plans] == sorted([plan is None for plan in plans], reverse=True)
    for less, more in pairwise(plan for plan in plans if plan):
        assert more.cost <= less.cost
        assert more.bound >= less.bound * (1 - 1e-8)
    shuffled = random.sample(library, len(library))
    copy = replace(library[0], path="/zzz/copy.mp3")
    for songs in (shuffled, [copy, *shuffled]):
        again = planned(songs, ramp)
        assert (again and plan_to_json(again)) == (plans[-1] and plan_to_json(plans[-1]))
    for plan in plans:
        if plan:
            check_constraints(plan, OPTIONS)
