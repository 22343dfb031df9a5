"""What is said to close a hole closes it: each option, and each piece of music to add, is tried."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.cli.options import PERCENT
from bpmsync.errors import ParameterError, PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.additions import Additions, find_additions, made_of_beats, shelf_with
from bpmsync.planner.native import NativeOptions, best_native, plan_native
from bpmsync.planner.relaxations import Relaxation, tries
from bpmsync.planner.shortage import QUICK, Case, closed_s, find_closings, holes_of
from bpmsync.planner.shortfall import not_covered, nothing_fits
from bpmsync.planner.stretch import StretchOptions, best_stretch, plan_stretch
from bpmsync.planner.survey import Survey, survey_run
from bpmsync.timeline.durations import parse_duration
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.coverage import Limits
    from bpmsync.planner.legs import Plan

MODES = st.sampled_from([NativeOptions(partial=True), StretchOptions(partial=True)])


@st.composite
def libraries(draw: st.DrawFn) -> list[Track]:
    """Draw a few songs, some of them left out by one option or another."""
    rng = random.Random(draw(st.integers(0, 10**6)))  # noqa: S311 - no secret
    return [
        track(
            f"song {number}",
            rng.uniform(74, 92) * rng.choice([1, 2]),
            rng.choice([rng.uniform(40, 90), rng.uniform(90, 240), rng.uniform(90, 240), 800.0]),
            confidence=rng.choice([0.3, 0.6, 0.9]),
            genre=rng.choice([None, None, "Podcast"]),
        )
        for number in range(rng.randint(0, 9))
    ]


@st.composite
def ramps(draw: st.DrawFn) -> Ramp:
    low, rise = draw(st.integers(155, 170)), draw(st.sampled_from([0, 5, 10]))
    return Ramp.linear(low, low + rise, duration_s=60 * draw(st.integers(5, 12)))


def planned(shelf: Shelf, ramp: Ramp, options: Limits) -> Plan[Any]:
    """Plan as the commands do; where nothing fits, silence."""
    if isinstance(options, StretchOptions):
        return best_stretch(shelf, ramp, options)
    return best_native(shelf, ramp, options)


def quick_case(shelf: Shelf, ramp: Ramp, options: Limits) -> Case:
    def replan(shelf: Shelf, options: Limits) -> Plan[Any]:
        if isinstance(options, StretchOptions):
            return best_stretch(shelf, ramp, options, None, QUICK)
        return best_native(shelf, ramp, options, None, QUICK)

    return Case(shelf, ramp, options, replan)


def read_percent(text: str) -> float:
    return PERCENT.convert(text, None, None)


READ: dict[str, tuple[str, Callable[[str], object]]] = {
    "--max-off": ("max_off", read_percent),
    "--max-stretch": ("max_stretch", read_percent),
    "--min-length": ("min_length_s", parse_duration),
    "--max-length": ("max_length_s", parse_duration),
    "--min-confidence": ("min_confidence", float),
    "--spoken": ("spoken", lambda text: text == ""),
}


def typed(relaxation: Relaxation, options: Limits) -> Limits:
    """Return what one gets who types an option."""
    if relaxation.option == "--stretch":
        return StretchOptions(partial=True)
    name, read = READ[relaxation.option]
    changed: dict[str, Any] = {name: read(relaxation.value)}
    return replace(options, **changed)


@settings(max_examples=12)
@given(libraries(), ramps(), MODES)
def test_what_is_said_to_close_a_hole_closes_it(library: list[Track], ramp: Ramp, options: Limits) -> None:
    shelf = Shelf.of(library)
    survey = survey_run(shelf, ramp, options)
    assert survey.holes == holes_of(survey.plan)
    for hole in survey.holes:
        remedies = survey.remedies(hole)
        # All that close it, or one that closes most
        assert len(remedies) < 2 or all(one.is_whole for one in remedies)
        for one in remedies:
            after = planned(shelf, ramp, typed(one.relaxation, options))
            assert closed_s(hole, survey.plan, after) >= one.closed_s - 0.5
            assert one.tracks


def other_songs(additions: Additions, seed: int) -> list[Track]:
    """Return songs as they might be bought: any tempo of a band, or half of it, any usual length."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    found: list[Track] = []
    for band in additions.bands:
        minutes, songs = 0.0, 0
        while minutes < band.minutes or songs < band.songs:
            length_s = rng.uniform(180, 240)
            bpm = rng.uniform(band.low_bpm, band.high_bpm) * rng.choice([1.0, 0.5])
            found.append(track(f"new {len(found)}", bpm, length_s))
            minutes, songs = minutes + length_s / 60, songs + 1
    return found


@settings(max_examples=12)
@given(libraries(), ramps(), MODES, st.integers(0, 999))
def test_what_is_said_to_be_missing_covers_the_run_once_it_is_there(
    library: list[Track], ramp: Ramp, options: Limits, seed: int
) -> None:
    shelf = Shelf.of(library)
    plan = planned(shelf, ramp, options)
    additions = find_additions(quick_case(shelf, ramp, options), plan)
    if not plan.uncovered:
        assert additions == Additions()
        return
    assert additions.bands
    assert additions.silent_s == 0
    assert planned(Shelf.of([*library, *other_songs(additions, seed)]), ramp, options).uncovered == ()


@pytest.mark.parametrize(
    ("options", "library"),
    [
        (NativeOptions(), []),
        (NativeOptions(), [track("only", 170.0)]),
        (StretchOptions(), [track("only", 170.0)]),
        (NativeOptions(), [track("never", 170.0, ignore=True)] * 3),
        (StretchOptions(), [track("never", 170.0, ignore=True)]),
        (StretchOptions(), []),
    ],
)
def test_hardly_any_music_is_a_hole_that_music_fills(options: Limits, library: list[Track]) -> None:
    survey = survey_run(Shelf.of(library), Ramp.constant(170, duration_s=600), options)
    assert survey.closings == ()
    assert sum(hole.length_s for hole in survey.holes) >= 300
    (band,) = survey.additions.bands
    assert band.low_bpm < 170 < band.high_bpm
    assert survey.additions.silent_s == 0


def test_a_run_needs_a_length() -> None:
    for ramp in (Ramp(((0, 170),)), Ramp.constant(170, duration_s=25 * 3600)):
        with pytest.raises(ParameterError, match="24 hours"):
            survey_run(Shelf.of([]), ramp, NativeOptions())


def remedies(survey: Survey) -> dict[str, float]:
    return {one.relaxation.words: one.closed_s for one in survey.closings}


@pytest.mark.parametrize(
    ("more", "options", "words"),
    [
        ([track("near", 161.0)], NativeOptions(), "--max-off 5.5%"),
        ([track("near", 153.0)], StretchOptions(), "--max-stretch 11.5%"),
        ([track(f"short {i}", 170.0, 62.0) for i in range(4)], NativeOptions(), "--min-length 60s"),
        ([track("long", 170.0, 400.0)], NativeOptions(max_length_s=300), "--max-length 7m"),
        ([track("doubtful", 170.0, confidence=0.42)], NativeOptions(), "--min-confidence 0.4"),
        ([track("told", 170.0, genre="Hörbuch")], StretchOptions(), "--spoken"),
    ],
)
def test_each_option_is_named_with_the_gentlest_value(
    more: Sequence[Track], options: Limits, words: str
) -> None:
    ramp = Ramp.constant(170, duration_s=360)
    survey = survey_run(Shelf.of([track("one", 170.0), *more]), ramp, options)
    assert words in remedies(survey)
    (closing,) = (one for one in survey.closings if one.relaxation.words == words)
    assert closing.is_whole
    assert closing.tracks[0].name.split()[0] == more[0].name.split()[0]


def test_jumps_that_no_whole_song_follows_are_for_stretched_plans() -> None:
    ramp = Ramp.steady_pieces([(160, 100), (180, 100)] * 3)
    library = [track(f"song {number}", 170.0) for number in range(4)]
    survey = survey_run(Shelf.of(library), ramp, NativeOptions())
    assert "--stretch" in remedies(survey)
    assert survey.additions.bands == ()


def test_a_shelf_with_songs_still_has_its_own_rows() -> None:
    library = [track("one", 170.0), track("two", 165.0)]
    survey = survey_run(Shelf.of([]), Ramp.constant(170, duration_s=600), NativeOptions())
    songs = made_of_beats(survey.additions.bands[0], (200.0,))
    both = shelf_with(Shelf.of(library), songs)
    assert len(both) == 2 + len(songs)
    fetched = both.fetch([len(both) - 1, 0, 2, 1])
    assert [t.name for t in fetched[1::2]] == ["one", "two"]
    assert [t.audio_hash for t in fetched] == [both.audio_hash[row] for row in (len(both) - 1, 0, 2, 1)]
    assert both.paths([1, 2]) == ["/music/two.mp3", ""]
    assert [t.audio_hash for t in both.look()] == list(both.audio_hash)


@settings(max_examples=12)
@given(libraries(), ramps(), MODES)
def test_the_advice_of_an_error_is_true_and_takes_six_plans_at_most(
    library: list[Track], ramp: Ramp, options: Limits
) -> None:
    shelf = Shelf.of(library)
    case, count = quick_case(shelf, ramp, options), 0

    def counted(shelf: Shelf, options: Limits) -> Plan[Any]:
        nonlocal count
        count += 1
        return case.replan(shelf, options)

    plan = planned(shelf, ramp, options)
    if not plan.uncovered:
        return
    words = (not_covered if plan.legs else nothing_fits)(replace(case, replan=counted), plan)
    assert count <= 6
    advised = re.search(r"(--[a-z-]+)(?: ([^ ]+))? covers (all of it|[0-9hms]+)", words)
    if advised is None:
        assert "BPM" in words
        return
    option, value, covers = advised[1], advised[2] or "", advised[3]
    after = case.replan(shelf, typed(Relaxation(option, value, options), options))
    if covers == "all of it":
        assert after.uncovered == ()
    else:
        assert plan.covered_s < after.covered_s == pytest.approx(parse_duration(covers), abs=0.51)


@given(libraries(), MODES)
def test_only_what_lets_music_in_is_worth_trying(library: list[Track], options: Limits) -> None:
    ramp = Ramp.constant(170, duration_s=600)
    for values in tries(Shelf.of(library), ramp, options):
        assert values
        assert {one.option for one in values} == {values[0].option}
        assert all(typed(one, options) == one.options for one in values if one.option != "--stretch")
    assert not list(tries(Shelf.of([]), ramp, options))


def test_what_cannot_be_played_at_all_is_no_remedy() -> None:
    def refuse(_: Shelf, __: Limits) -> Plan[Any]:
        msg = "it cannot be played"
        raise PlanError(msg)

    shelf, ramp = Shelf.of([track("near", 161.0)]), Ramp.constant(170, duration_s=200)
    plan = best_native(shelf, ramp, NativeOptions())
    case = Case(shelf, ramp, NativeOptions(), refuse)
    assert find_closings(case, plan) == ()
    assert math.isclose(find_additions(case, plan).silent_s, 200)
    assert "no song of a steady tempo would fill it" in nothing_fits(case, plan)


def test_errors_of_both_modes_say_what_helps() -> None:
    ramp = Ramp.constant(170, duration_s=400)
    with pytest.raises(PlanError, match="--stretch covers all of it"):
        plan_native([track("a", 160.0, 210.0), track("b", 180.0, 210.0)], ramp, NativeOptions(max_off=0.02))
    with pytest.raises(
        PlanError, match=r"more music would fill it: 7 min \(2 songs\) at 83-88 or 166-176 BPM"
    ):
        plan_stretch([track("a", 170.0, 200.0), track("b", 120.0)], ramp)
