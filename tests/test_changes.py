"""Random changes to whole plans: what they keep, that they help, and that chance is the same each time."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bpmsync.library.shelf import Shelf
from bpmsync.planner import native, stretch, wholechanges
from bpmsync.planner.changes import BEGIN, COLUMNS, ITEM, WAITS
from bpmsync.planner.native import Effort, NativeOptions, Wishes, best_native
from bpmsync.planner.proof import Found, prove
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.stretch import best_stretch
from bpmsync.planner.wholetask import WholeTask, find_items
from bpmsync.timeline.ramp import Ramp
from planner_cases import track
from planner_draws import draw_case
from planner_laws import check_plan

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.task import Legs, Task

LITTLE = Effort(ways=1)
SECONDS = 120.0


class Changing:
    """A solver that changes the first plan it finds, and one that is nearly empty, at random."""

    def __init__(self, *, steps: int, seed: int = 0, begin: int | None = None, rounds: int = 1) -> None:
        self.steps, self.seed, self.begin, self.rounds = steps, seed, begin, rounds
        self.before, self.after = 0.0, 0.0
        self.broken = False

    def __call__(self, task: Task, effort: Effort) -> Found:  # noqa: ARG002
        found = prove(task, LITTLE)
        if not found.legs or task.rough()[0].layers > 1:
            return found
        legs: Legs = found.legs[: self.begin]
        for seed in range(self.seed, self.seed + self.rounds):
            legs, cost, self.broken, steps = task.changed(legs, self.steps, seed)
            assert steps <= 2 * self.steps + 100_000, "work is limited"
            self.before, self.after = found.cost, cost / 1e6
            assert task.changed(legs, 0, seed)[:3] == (legs, cost, self.broken), "counted part by part"
        return Found(legs, self.after, 0.0)


def solving(monkeypatch: pytest.MonkeyPatch, solver: Changing) -> None:
    """Have plans made by a solver."""
    monkeypatch.setattr(native, "prove", solver)
    monkeypatch.setattr(stretch, "prove", solver)


@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_changed_plans_keep_all_that_plans_have_to(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    better = 0
    for seed in range(50):
        case, solver = draw_case(mode, seed), Changing(steps=200_000, seed=seed)
        solving(monkeypatch, solver)
        plan = case.plan()
        if not plan.legs or not solver.after:
            continue
        check_plan(case, plan)
        assert solver.after <= solver.before + 1e-5, seed
        assert solver.broken == bool(plan.uncovered), seed
        better += solver.after < solver.before - 1e-3
        assert case.plan() == plan, seed
    assert better, "none of the first plans could be bettered: nothing is tried"


def scattered(mode: str) -> Plan[Any]:
    """Plan a run that is filled only if each of its 20 songs is where it belongs."""
    ramp = Ramp.linear(150, 190, duration_s=20 * SECONDS)
    middles = [(number + 0.5) * SECONDS for number in range(20)]
    songs = [
        track(f"{number * 7 % 20}", float(ramp.spm_at(middle)), SECONDS, first_downbeat=0)
        for number, middle in enumerate(middles)
    ]
    if mode == "native":
        return best_native(Shelf.of(songs), ramp, NativeOptions(max_off=0.02, partial=True))
    options = StretchOptions(max_stretch=0.03, min_length_s=60, max_length_s=200, partial=True, fade_steps=0)
    return best_stretch(Shelf.of(songs), ramp, options)


@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_a_run_with_one_song_is_filled_by_chance_alone(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    best = scattered(mode)
    assert len(best.legs) == 20
    solver = Changing(steps=3_000_000, begin=1, rounds=3)
    solving(monkeypatch, solver)
    plan = scattered(mode)
    assert len(plan.legs) == 20
    assert best.bound <= solver.after <= 1.2 * best.cost  # with one song it costs some sixty times as much


@pytest.mark.parametrize("mode", ["native", "stretch"])
@pytest.mark.parametrize("seed", range(2))
def test_costs_are_counted_well_where_silence_comes_and_goes(
    mode: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = Random(f"silence {seed}")  # noqa: S311 - no secret
    songs = [
        track(f"{number}", dice.uniform(82, 90), dice.uniform(60, 240), first_downbeat=0)
        for number in range(50)
    ]
    ramp = Ramp.steady_pieces([(165.0, 200.0), (176.0, 130.0), (150.0, 40.0)] * 8)
    solver = Changing(steps=2_000_000, seed=seed, rounds=3)
    solving(monkeypatch, solver)
    if mode == "native":
        plan: Plan[Any] = best_native(Shelf.of(songs), ramp, NativeOptions(max_off=0.03, partial=True))
    else:
        options = StretchOptions(max_stretch=0.04, min_length_s=45, max_length_s=200, partial=True)
        plan = best_stretch(Shelf.of(songs), ramp, options)
    assert plan.legs
    assert solver.after <= solver.before


@pytest.mark.parametrize("mode", ["native", "stretch"])
def test_another_seed_is_another_chance(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = set()
    for seed in range(8):
        solver = Changing(steps=8_000, seed=seed, begin=1)
        solving(monkeypatch, solver)
        scattered(mode)
        costs.add(solver.after)
    assert len(costs) > 1


def test_silence_that_a_longer_song_fills_is_no_longer_waited_for() -> None:
    # Four songs, a second of silence, a fifth; then the first gives its place to one that lasts a second more
    lengths = [60.0, 60.0, 60.0, 60.0, 60.0, 61.0]
    songs = [track(f"{number}", 160.0, length_s) for number, length_s in enumerate(lengths)]
    shelf, ramp, options = (
        Shelf.of(songs),
        Ramp.linear(160, 160, duration_s=301.0),
        NativeOptions(min_length_s=30.0),
    )
    items = find_items(shelf, ramp, options, Wishes())
    task = WholeTask(shelf, items, ramp, options, Wishes())
    run, hole = (task.whole, task.limits, task.joins, task.scene), (1.0, 1_000_000)
    order = np.argsort(items.row[items.ratio == 0])  # items by row
    now, tried = np.zeros((9, COLUMNS), np.int64), np.zeros((9, COLUMNS), np.int64)
    done, done_tried = np.zeros(9, np.int64), np.zeros(9, np.int64)
    tried[:5, ITEM], tried[4, BEGIN], tried[4, WAITS] = order[:5], 241_000_000, 1
    broken, count, silent, _ = wholechanges._lay_out(
        *run, hole, now, 0, done, tried, 5, done_tried, 0, 0, 2**62
    )
    assert (count, silent) == (5, True)
    now[:], done[:] = tried, done_tried
    tried[0, ITEM] = order[5]
    filled, count, silent, _ = wholechanges._lay_out(
        *run, hole, now, 5, done, tried, 5, done_tried, 0, 1, 2**62
    )
    assert (count, silent) == (5, False)
    assert tried[:5, WAITS].tolist() == [0] * 5
    now[:], done[:] = tried, done_tried
    tried[0, ITEM], tried[4, WAITS] = order[0], 1
    assert wholechanges._lay_out(*run, hole, now, 5, done, tried, 5, done_tried, 0, 1, 2**62)[0] == broken
    assert broken - filled > 1_000_000
