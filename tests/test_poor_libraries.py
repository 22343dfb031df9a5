"""Libraries that hold little, or all of one kind: a plan or an error that says why, in both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import PlanError
from bpmsync.planner.candidates import NativeOptions
from bpmsync.planner.native import Wishes, plan_native
from bpmsync.planner.stretch import StretchOptions, plan_stretch
from bpmsync.timeline.ramp import Ramp
from planner_cases import track
from test_native import SLOW_LAW, check_constraints
from test_plan_stretch import check_legs, check_tiling

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

BOTH = pytest.mark.parametrize("plan_run", [plan_native, plan_stretch])
KINDS = {plan_native: NativeOptions, plan_stretch: StretchOptions}


def steady(spm: float, minutes: float) -> Ramp:
    return Ramp.constant(spm, duration_s=minutes * 60)


def titles(plan: Plan[Any]) -> list[str | None]:
    return [leg.track.tags.title for leg in plan.legs]


@BOTH
def test_no_music_at_all(plan_run: Callable[..., Plan[Any]]) -> None:
    with pytest.raises(PlanError, match="no music to plan with: scan a folder first"):
        plan_run([], steady(170, 20))


@BOTH
@pytest.mark.parametrize("count", [1, 5])
def test_few_songs_make_a_short_run(plan_run: Callable[..., Plan[Any]], count: int) -> None:
    library = [track(f"t{n}", 169.0 + n / 2, 200.0, first_downbeat=0) for n in range(count)]
    plan = plan_run(library, steady(170, 3 * count))
    assert (len(plan.legs), plan.uncovered) == (count, ())
    if count == 1:
        with pytest.raises(PlanError, match="the music covers"):
            plan_run(library, steady(170, 20))
    partial = KINDS[plan_run](partial=True)
    plan = plan_run(library, steady(170, 20 * count), partial)
    assert len(plan.legs) == count
    assert plan.uncovered
    assert plan.bound <= plan.cost


@BOTH
def test_all_by_one_artist(plan_run: Callable[..., Plan[Any]]) -> None:
    library = [track(f"t{n}", 170.0 + n / 4, 200.0, artist="A", first_downbeat=0) for n in range(6)]
    plan = plan_run(library, steady(171, 15))
    assert plan.uncovered == ()
    assert len(plan.legs) >= 4
    partial, few = KINDS[plan_run](partial=True), Wishes(most_per_artist=2)
    plan = plan_run(library, steady(171, 15), partial, wishes=few)
    assert len(plan.legs) == 2
    assert plan.uncovered


@BOTH
def test_all_at_128_bpm(plan_run: Callable[..., Plan[Any]]) -> None:
    library = [track(f"t{n:02}", 128.0, 180.0 + n, first_downbeat=0) for n in range(12)]
    for spm, ratio in ((127, 1), (257, 2), (64.5, 0.5)):
        plan = plan_run(library, steady(spm, 20))
        assert plan.uncovered == ()
        assert {float(leg.steps_per_beat) for leg in plan.legs} == {ratio}
    with pytest.raises(PlanError, match="none of 12 tracks fits"):
        plan_run(library, steady(170, 20))


@BOTH
def test_copies_count_once(plan_run: Callable[..., Plan[Any]]) -> None:
    same_sound = [track(f"t{n}", 170.0, 200.0, audio_hash="b2:same", title="song") for n in range(3)]
    same_song = [
        track(f"t{n}", 170.0, 200.0 + n / 4, title="Song", artist="A", album="B", confidence=0.7 + n / 10)
        for n in range(3)
    ]
    partial = KINDS[plan_run](partial=True)
    for library, chosen in ((same_sound, "/music/t0.mp3"), (same_song, "/music/t2.mp3")):
        with pytest.raises(PlanError):
            plan_run(library, steady(170, 9))
        assert [leg.track.path for leg in plan_run(library, steady(170, 9), partial).legs] == [chosen]
    other_lengths = [track(f"t{n}", 170.0, 190.0 + 10 * n, title="Song", artist="A") for n in range(3)]
    assert len(plan_run(other_lengths, steady(170, 9)).legs) == 3


def changing(name: str, tempi: list[float], minutes: float) -> Track:
    """A mix: so many minutes at each tempo, with no clear beat for a while between."""
    beats, usable, start_s = [], [], 0.0
    for bpm in tempi:
        piece = np.arange(start_s, start_s + minutes * 60, 60 / bpm)
        beats.append(piece)
        usable.append((float(piece[16].round(6)), float(piece[-16].round(6))))
        start_s = float(piece[-1]) + 60 / bpm
    found = np.round(np.concatenate(beats), 6)
    return track(name, 0, start_s, beats=found, usable=tuple(usable), first_downbeat=0)


def test_mixes_of_an_hour_serve_by_their_steady_ranges() -> None:
    mixes = [changing(f"m{n}", [150.0 + n, 160.0 + n, 170.0 + n], 20) for n in range(3)]
    ramp = Ramp(((0, 161), (2400, 171)))
    with pytest.raises(PlanError, match="3 too long"):
        plan_native(mixes, ramp)
    with pytest.raises(PlanError, match="3 too long"):
        plan_stretch(mixes, ramp)
    options = StretchOptions(max_length_s=4000)
    plan = plan_stretch(mixes, ramp, options)
    check_legs(plan, options)
    check_tiling(plan)
    assert len(plan.legs) >= 2
    assert plan.uncovered == ()
    assert max(leg.worst_stretch_percent(ramp) for leg in plan.legs) < 8


def test_a_song_that_changes_tempo_is_used_where_it_fits() -> None:
    song = changing("slow then fast", [140.0, 172.0], 2.5)
    (leg,) = plan_stretch([song], steady(172, 2)).legs
    assert leg.source_start_s > 150
    assert leg.worst_stretch_percent(steady(172, 2)) < 0.1
    steadier = track("steady", 172.0, 300.0)
    assert titles(plan_native([song, steadier], steady(172, 4.8))) == ["steady"]


@settings(parent=SLOW_LAW, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([64.0, 85.0, 128.0, 170.0, 170.0001]),
            st.sampled_from([3.0, 60.0, 200.0, 200.0, 721.0]),
            st.sampled_from(["", "A", "a "]),
            st.sampled_from([(), None, ((10.0, 11.0),), ((0.5, 0.9), (20.0, 59.0))]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([1.0, 30.0, 200.0, 600.0]),
)
def test_whatever_there_is_a_plan_or_an_error_comes_back(
    kinds: list[tuple[float, float, str, tuple[tuple[float, float], ...] | None]], run_s: float
) -> None:
    library = [
        track(f"t{n}", bpm, length_s, artist=artist, usable=usable)
        for n, (bpm, length_s, artist, usable) in enumerate(kinds)
    ]
    ramp = Ramp(((0, 170), (run_s, 171)))
    options = NativeOptions(min_length_s=1, partial=True)
    try:
        check_constraints(plan_native(library, ramp, options), options)
    except PlanError as error:
        assert "spm" in str(error)  # noqa: PT017 - both outcomes are right
    warped = StretchOptions(min_length_s=1, partial=True)
    try:
        plan = plan_stretch(library, ramp, warped)
    except PlanError as error:
        assert "spm" in str(error)  # noqa: PT017 - both outcomes are right
        return
    check_legs(plan, warped)
    check_tiling(plan)
