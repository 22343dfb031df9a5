"""The laws of planning, each held against a case that was drawn from a number (see `planner_draws`).

What a plan has to keep is told here from the tracks, the ramp and the options alone, so that
nothing of the planner judges itself but the definition of its costs.
A case that failed can be tried again by itself, from the folder of the tests:

    python -c "from planner_laws import check_case; check_case('native', 17)"
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING, Any

from bpmsync.errors import PlanError
from bpmsync.planner.native import Effort, NativeOptions, Wishes
from bpmsync.planner.plan import plan_to_json
from bpmsync.planner.weights import MEANINGS, Weights
from planner_cases import never_dearer, warped_cost, whole_cost
from planner_draws import Case, draw_case, draw_song
from test_native import check_constraints
from test_plan_stretch import check_legs, check_tiling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

__all__ = ["check_case", "check_cases"]

_STRONG = Effort(gap=0, ways=20_000)
# What takes long is done in one case of so many: plans that are equal have equal texts
_SELDOM = 12


def check_cases(mode: str, seeds: range) -> Counter[str]:
    """Check cases one after another, and return how many had a plan, a proof of it, and so on."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        try:
            seen.update(check_case(mode, seed))
        except Exception as error:
            error.add_note(f"case: check_case({mode!r}, {seed})")
            raise
    return seen


def check_case(mode: str, seed: int) -> list[str]:
    """Check all laws in one case, and return what was seen of it."""
    case, dice = draw_case(mode, seed), Random(f"laws {mode} {seed}")  # noqa: S311 - no secret
    plan = case.plan()
    mixed = dice.sample(case.library, len(case.library))
    again = case.with_music([*mixed, _copy(dice, case.library)]).plan()
    assert again == plan
    if seed % _SELDOM == 0:
        assert plan_to_json(again) == plan_to_json(plan)
        _check_what_a_user_gets(case, plan)
    if not plan.legs and case.wishes.held:  # which is an error; without these there may be a plan
        case = replace(case, wishes=replace(case.wishes, rows=(), pins=()))
        plan = case.plan()
    if not plan.legs:
        _check_that_nothing_fits(case)
        return ["nothing"]
    check_plan(case, plan)
    if plan.uncovered:
        return ["holes"]
    if plan.bound == plan.cost or dice.random() < 0.5:
        what, loose = dice.choice(_easier(case, plan, dice))
        _check_that_it_is_no_dearer(loose, plan)
    else:
        what = "more effort"
        _check_that_more_effort_keeps_the_bound(case, plan)
    return ["whole", what] + ["proved"] * (plan.bound == plan.cost)


def check_plan(case: Case, plan: Plan[Any]) -> None:
    """Check that a plan keeps whatever it was told to, and that its numbers are what they say."""
    tracks = [leg.track for leg in plan.legs]
    assert 0 <= plan.bound <= plan.cost
    for track in tracks:
        _check_that_it_is_allowed(track, case)
    for one, other in combinations(tracks, 2):
        assert one.audio_hash != other.audio_hash
        assert _song(one) is None or _song(one) != _song(other) or abs(one.duration_s - other.duration_s) > 1
    shelf = case.shelf
    rows = [shelf.audio_hash.index(track.audio_hash) for track in tracks]
    _check_wishes(case.wishes, rows, tracks)
    _check_pins(case, plan, rows)
    # The music among which there is a choice at all
    ordered = {row for place in case.wishes.order for row in place} or set(range(len(shelf)))
    choice = shelf.fetch(sorted(ordered))
    if isinstance(case.options, NativeOptions):
        check_constraints(plan, case.options)
        cost = whole_cost(plan, choice, case.options, recent=case.wishes.recent)
    else:
        check_legs(plan, case.options)
        check_tiling(plan)
        cost = warped_cost(plan, choice, case.options, recent=case.wishes.recent)
    assert math.isclose(plan.cost, cost, rel_tol=1e-9, abs_tol=1e-3), (plan.cost, cost)


def _check_that_it_is_allowed(track: Track, case: Case) -> None:
    options, settled = case.options, track.override.settles_beat
    assert any(track is one for one in case.library)
    assert not track.override.ignore
    assert track.detection.confidence >= options.min_confidence or settled
    assert options.spoken or track.tags.genre != "Podcast"
    assert options.min_length_s <= track.duration_s <= options.max_length_s
    assert isinstance(options, NativeOptions) or track.path


def _check_wishes(wishes: Wishes, rows: Sequence[int], tracks: Sequence[Track]) -> None:
    assert set(wishes.held) <= set(rows)
    artists = Counter(_plain(track.tags.artist) for track in tracks if _plain(track.tags.artist))
    assert not wishes.most_per_artist or max(artists.values(), default=0) <= wishes.most_per_artist
    if wishes.order:
        (*places,) = (next(n for n, some in enumerate(wishes.order) if row in some) for row in rows)
        assert places == sorted(set(places))
        assert wishes.skip or places == list(range(len(places)))


def _check_pins(case: Case, plan: Plan[Any], rows: Sequence[int]) -> None:
    for second, pinned in case.wishes.pins:
        if plan.mode == "native":
            spans = [(leg.start_s, leg.end_s) for leg in plan.legs]
            now = second
        else:
            spans = [(leg.first_step, leg.last_step) for leg in plan.legs]
            now = round(float(case.ramp.steps_at(second)))
        (playing,) = (row for row, (start, end) in zip(rows, spans, strict=True) if start <= now < end)
        assert playing == pinned


def _check_that_nothing_fits(case: Case) -> None:
    """Check an error where it is plain what there is: one cadence, nothing that has to be played."""
    options = case.options
    steady = case.ramp.lowest_spm == case.ramp.highest_spm
    free = not case.wishes.held and not case.wishes.order and options.weights == Weights()
    if not (steady and free and isinstance(options, NativeOptions)):
        return
    fitting = any(_fits(track, case) for track in case.shelf.fetch(range(len(case.shelf))))
    plan = replace(case, effort=_STRONG).plan()
    assert bool(plan.legs) == fitting


def _fits(track: Track, case: Case) -> bool:
    grid, options = track.grid, case.options
    assert isinstance(options, NativeOptions)
    try:
        _check_that_it_is_allowed(track, replace(case, library=[track]))
    except AssertionError:
        return False
    odd = grid is not None and (grid.beats_per_bar or 4) % 2
    ratios = (1, 2) if odd else (1, 2, 0.5)
    off = [abs(grid.tempo_bpm * ratio / case.ramp.lowest_spm - 1) for ratio in ratios if grid is not None]
    return min(off, default=1) <= options.max_off and track.duration_s <= 2 * case.ramp.duration_s


def _check_that_it_is_no_dearer(loose: Case, old: Plan[Any]) -> None:
    new = loose.plan()
    if not new.legs:  # little effort may not find what there is
        new = replace(loose, effort=_STRONG).plan()
    assert new.legs
    never_dearer(new, old)


def _check_that_more_effort_keeps_the_bound(case: Case, plan: Plan[Any]) -> None:
    better = replace(case, effort=_STRONG).plan()
    assert better.cost <= plan.cost
    # Silence lasts whole cells of time, which are finer in a longer search
    assert better.uncovered or plan.bound <= better.cost + 1e-5


def _easier(case: Case, plan: Plan[Any], dice: Random) -> list[tuple[str, Case]]:
    """Return cases in which all that a plan without holes did is possible too, at no higher cost."""
    options, wishes = case.options, case.wishes

    def with_options(**changes: Any) -> Case:  # noqa: ANN401 - any option
        return replace(case, options=replace(options, **changes))

    def with_wishes(**changes: Any) -> Case:  # noqa: ANN401 - any wish
        return replace(case, wishes=replace(wishes, **changes))

    spm = dice.uniform(case.ramp.lowest_spm, case.ramp.highest_spm)
    new = replace(draw_song(dice, "new", spm, dice.uniform(15, 50)), audio_hash="b2:zz")
    lighter = {name: getattr(options.weights, name) * dice.choice([0, 0.5, 1]) for name in MEANINGS}
    found = [
        ("more music", case.with_music([*case.library, new])),
        ("confidence", with_options(min_confidence=0.0)),
        ("weights", with_options(weights=Weights(**lighter))),
        ("speech", with_options(spoken=True)),
    ]
    if isinstance(options, NativeOptions):
        found.append(("lengths", with_options(min_length_s=1.0, max_length_s=720.0)))
        # What an early end costs depends on the limit
        if plan.legs[-1].end_s >= case.ramp.duration_s:
            found.append(("limit", with_options(max_off=options.max_off * 1.5)))
    else:
        found += [
            ("limit", with_options(max_stretch=options.max_stretch * 1.5)),
            ("margin", with_options(margin=0.0)),
        ]
    if wishes.held:
        found += [("wishes", with_wishes(rows=(), pins=())), ("pins", with_wishes(rows=wishes.held, pins=()))]
    if wishes.most_per_artist:
        found.append(("artists", with_wishes(most_per_artist=dice.choice([0, wishes.most_per_artist + 1]))))
    if wishes.recent:
        found.append(("recent", with_wishes(recent=())))
    if wishes.order:
        found += [("gaps", with_wishes(skip=True)), ("order", with_wishes(order=()))]
    return found


def _check_what_a_user_gets(case: Case, plan: Plan[Any]) -> None:
    whole = bool(plan.legs) and (case.options.partial or not plan.uncovered)
    try:
        assert case.plan_or_raise() == plan
    except PlanError as error:
        assert len(str(error)) > 40  # noqa: PT017 - both outcomes are right
        assert not whole
    else:
        assert whole


def _copy(dice: Random, library: Sequence[Track]) -> Track:
    """Return one more file of a recording, which comes after the others."""
    return replace(dice.choice(library), path="/zzz/copy.mp3")


def _song(track: Track) -> tuple[str, ...] | None:
    tags = track.tags
    return tuple(map(_plain, (tags.title, tags.artist, tags.album))) if tags.title and tags.artist else None


def _plain(name: str | None) -> str:
    return (name or "").casefold().strip()
