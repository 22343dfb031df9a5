"""The benchmark of the planner: its music, and that others are charged just as our plans are."""

from __future__ import annotations

import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import NativeOptions, find_candidates
from bpmsync.planner.costs import US, join_costs, leg_costs, make_problem
from bpmsync.planner.native import plan_native
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.stretch import plan_stretch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
native_peers = import_module("planning.native_peers")
runs = import_module("planning.runs")
shelves = import_module("planning.shelves")
stretch_peers = import_module("planning.stretch_peers")
planner = import_module("planner")

COUNT = 150
MINUTES = 20.0
ENCLOSED = {"slowest_bpm": -1, "fastest_bpm": 1, "longest_s": 1}


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    # Out of the tracks, since what they say of themselves is rounded to a microsecond
    made = shelves.make_shelf(COUNT)
    return Shelf.of(made.fetch(range(COUNT)))


def test_columns_say_what_the_tracks_say(shelf: Shelf) -> None:
    made = shelves.make_shelf(COUNT)
    assert made.audio_hash == shelf.audio_hash
    for field in fields(Shelf):
        one, other = getattr(made, field.name), getattr(shelf, field.name)
        if field.name in {"artist", "album"}:
            assert np.array_equal(one[:, np.newaxis] == one, other[:, np.newaxis] == other)
        elif field.name in ENCLOSED:  # by what can be said without beats
            assert (ENCLOSED[field.name] * (one - other) >= 0)[~np.isnan(other)].all()
            assert np.nanmedian(one / other) == pytest.approx(1, rel=0.02)
        elif isinstance(one, np.ndarray):
            assert one == pytest.approx(other, rel=1e-5, abs=1e-3)


def test_a_made_library_is_as_mixed_as_it_says() -> None:
    made = shelves.make_shelf(20_000)
    assert np.median(made.duration_s) == pytest.approx(225, rel=0.02)
    assert made.odd.mean() == pytest.approx(0.06, abs=0.01)
    assert (made.unsteady_bpm > 0).mean() == pytest.approx(0.2, abs=0.02)
    assert 0.005 < np.bincount(made.artist).max() / len(made) < 0.05
    humps = [((made.tempo_bpm > low) & (made.tempo_bpm < low + 10)).mean() for low in (87, 117, 167)]
    assert min(humps) > 0.04


@pytest.mark.parametrize("shape", runs.SHAPES)
@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_a_run_is_as_long_as_was_asked_for(mode: str, shape: str) -> None:
    for minutes in (20, 47, 240):
        assert runs.make_run(shape, minutes, mode).duration_s == pytest.approx(60 * minutes)
    ramp = runs.make_run("intervals", 45, "native")
    assert ramp.highest_spm / ramp.lowest_spm < 1.06


@pytest.mark.parametrize("shape", ["linear", "intervals"])
def test_others_are_charged_as_native_plans_are(shelf: Shelf, shape: str) -> None:
    ramp, options = runs.make_run(shape, MINUTES, "native"), NativeOptions()
    plan = plan_native(shelf, ramp, options)
    peers = native_peers.NativePeers(shelf, ramp, options)
    assert peers.cost(peers.order_of(plan)) == pytest.approx(plan.cost, rel=1e-6)
    found = find_candidates(shelf.fetch(range(COUNT)), ramp, options)
    problem = make_problem(found, ramp, max_off=options.max_off)
    number = {(one.track.audio_hash, one.steps_per_beat): at for at, one in enumerate(found)}
    chosen = np.array([number[leg.track.audio_hash, leg.steps_per_beat] for leg in plan.legs])
    starts = np.array([round(leg.start_s * US) for leg in plan.legs])
    left_s = max(0.0, ramp.duration_s - plan.legs[-1].end_s)
    independent = leg_costs(problem, starts, chosen).sum() + join_costs(problem, chosen)
    assert independent + problem.tail_price * left_s == pytest.approx(plan.cost, rel=1e-6)


@pytest.mark.parametrize("shape", ["linear", "intervals"])
def test_others_are_charged_as_stretched_plans_are(shelf: Shelf, shape: str) -> None:
    ramp, options = runs.make_run(shape, MINUTES, "stretch"), StretchOptions()
    plan = plan_stretch(shelf, ramp, options)
    peers = stretch_peers.StretchPeers(shelf, ramp, options)
    assert peers.cost(peers.pieces_of(plan)) == pytest.approx(plan.cost, rel=1e-6)


def test_holes_are_charged_alike() -> None:
    few = shelves.make_shelf(9, seed=3)
    few = Shelf.of(few.fetch(range(len(few))))
    native, warped = (runs.make_run("linear", 25, mode) for mode in ("native", "stretch"))
    plan = plan_stretch(few, warped, StretchOptions(partial=True))
    peers = stretch_peers.StretchPeers(few, warped, StretchOptions())
    assert plan.uncovered
    assert peers.cost(peers.pieces_of(plan)) == pytest.approx(plan.cost, rel=1e-6)
    whole = plan_native(few, native, NativeOptions(partial=True))
    others = native_peers.NativePeers(few, native, NativeOptions())
    # Silence at the end of a native run lasts whole cells, of at most 4 s
    recounted = others.cost(others.order_of(whole))
    assert 0 <= recounted - whole.cost + 1e-6 * whole.cost <= 2 * 4.0 * others.problem.hole_price


@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_others_keep_the_limits_and_search_only_gets_better(shelf: Shelf, mode: str) -> None:
    ramp, random = runs.make_run("plateaus", MINUTES, mode), np.random.default_rng(1)
    if mode == "native":
        peers = native_peers.NativePeers(shelf, ramp, NativeOptions())
    else:
        peers = stretch_peers.StretchPeers(shelf, ramp, StretchOptions())
    nearest, passing = peers.cost(peers.nearest()), peers.cost(peers.sorted_by_tempo(passing=True))
    found, cost = peers.improved(0.2, random)
    assert cost <= nearest < passing < np.inf
    assert peers.cost(found) == pytest.approx(cost)
    assert peers.cost(peers.sorted_by_tempo(), limited=False) < np.inf


def test_cases_are_chosen_by_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["planner.py"])
    every = planner.cases_of(planner.parsed())
    assert len(every) == 2 * 4 * 13
    monkeypatch.setattr(sys, "argv", ["planner.py", "--quick", "--only", "native,200"])
    some = planner.cases_of(planner.parsed())
    assert {(case.mode, case.tracks) for case in some} == {("native", 200)}
    assert {case.minutes for case in some} == {20.0, 45.0}
