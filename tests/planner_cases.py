"""Tracks made of numbers, and what runs of them cost by the definition, for the tests of the planner."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.library.track import Override, Tags, Track
from bpmsync.planner.candidates import NativeOptions, find_candidates, square_spm, unique_recordings
from bpmsync.planner.costs import US, join_costs, leg_costs, make_problem
from bpmsync.planner.ranges import find_ranges
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from bpmsync.planner.costs import Problem
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.planner.ranges import BeatRange, StretchOptions
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "cheapest_warped",
    "cheapest_whole",
    "last_step_of",
    "never_dearer",
    "staleness",
    "track",
    "warped_cost",
    "whole_cost",
]


def track(
    name: str,
    bpm: float,
    duration_s: float = 200.0,
    *,
    artist: str | None = None,
    album: str | None = None,
    genre: str | None = None,
    confidence: float = 0.9,
    beats_per_bar: int | None = 4,
    first_downbeat: int | None = None,
    usable: tuple[tuple[float, float], ...] | None = None,
    beats: np.ndarray | None = None,
    audio_hash: str | None = None,
    ignore: bool = False,
    title: str | None = None,
    level_db: float = -120.0,
    energy: float = 0.0,
) -> Track:
    """Return a track of constant tempo, its grid on whole microseconds.

    With a first downbeat it has one every `beats_per_bar` beats from there on. How loud and how
    driving it is nobody knows, unless both are told.
    """
    if beats is None:
        beats = np.round(np.arange(0.25, duration_s, 60 / bpm), 6)
    bars = () if first_downbeat is None else range(first_downbeat, len(beats), beats_per_bar or 4)
    grid = BeatGrid(beats, np.array(bars, dtype=np.int64), beats_per_bar)
    span = ((0.0, duration_s),) if usable is None else usable
    return Track(
        path=f"/music/{name}.mp3",
        audio_hash=audio_hash or f"b2:{name}",
        duration_s=duration_s,
        tags=Tags(title=title or name, artist=artist, album=album, genre=genre),
        detection=Detection(
            "bpmsync",
            "1",
            grid=grid,
            confidence=confidence,
            usable=span,
            level_db=level_db,
            energy=energy,
        ),
        override=Override(ignore=ignore),
    )


def whole_cost(
    plan: Plan, library: Iterable[Track], options: NativeOptions, recent: Sequence[Collection[str]] = ()
) -> float:
    """Return what a native plan costs by the definition, in spm^2 s: legs, joins, holes and its end."""
    each = square_spm(plan.ramp) * options.weights.recent
    candidates = [
        replace(one, penalty=one.penalty + each * staleness(one.track, recent))
        for one in find_candidates(library, plan.ramp, options)
    ]
    problem = make_problem(candidates, plan.ramp, max_off=options.max_off, weights=options.weights)
    numbers = {(one.track.audio_hash, one.steps_per_beat): n for n, one in enumerate(candidates)}
    chosen = np.array([numbers[leg.track.audio_hash, leg.steps_per_beat] for leg in plan.legs])
    starts_us = np.array([round(leg.start_s * US) for leg in plan.legs])
    ends_us = starts_us + problem.length_us[chosen]
    holes_us = starts_us - np.append(0, ends_us[:-1])
    holes_us = holes_us[holes_us > 10]  # seconds as floats are not whole microseconds
    left_us = max(0, problem.run_us - int(ends_us[-1]))
    tail = problem.tail_price * left_us / US
    if left_us > problem.longest_tail_us(int(problem.length_us[chosen[-1]])):
        holes_us, tail = np.append(holes_us, left_us), 0.0
    silence = problem.hole_price * holes_us.sum() / US + problem.hole_opening * len(holes_us)
    legs = leg_costs(problem, starts_us, chosen).sum() + float(join_costs(problem, chosen))
    return float(legs + silence + tail)


def cheapest_whole(problem: Problem) -> float:
    """Return the least cost of a native run without a hole, by trying every order; inf if there is none."""
    best, items = math.inf, np.arange(len(problem.spm))
    orders, starts_us, costs = np.zeros((1, 0), dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1)
    while len(orders):
        fresh = (problem.track[orders][:, :, np.newaxis] != problem.track[items]).all(axis=1)
        row, item = np.nonzero(fresh & (starts_us < problem.run_us)[:, np.newaxis])
        each = leg_costs(problem, starts_us[row], item)
        allowed = np.isfinite(each)
        row, item, each = row[allowed], item[allowed], each[allowed]
        orders = np.concatenate([orders[row], item[:, np.newaxis]], axis=1)
        costs, starts_us = costs[row] + each, starts_us[row] + problem.length_us[item]
        left_us = np.maximum(problem.run_us - starts_us, 0)
        longest_us = np.array([problem.longest_tail_us(int(length)) for length in problem.length_us])
        ends = left_us <= longest_us[item]
        totals = costs + join_costs(problem, orders) + problem.tail_price * left_us / US
        best = min(best, float(totals[ends].min(initial=math.inf)))
    return best


def last_step_of(ramp: Ramp) -> int:
    """Return the last whole step of a run."""
    return math.floor(float(ramp.steps_at(ramp.duration_s)) + 1e-6)


def staleness(song: Track, recent: Sequence[Collection[str]]) -> float:
    """Return 1 for what the last plan played, 1/2 for the one before, and so on."""
    return max((0.5**back for back, played in enumerate(recent) if song.audio_hash in played), default=0.0)


def warped_cost(
    plan: Plan[WarpedLeg],
    library: Iterable[Track],
    options: StretchOptions,
    recent: Sequence[Collection[str]] = (),
) -> float:
    """Return what a stretched plan costs by the definition, in %^2 s: leg by leg, hole by hole."""
    weights, total = options.weights, 0.0
    ranges = [
        replace(one, penalty=one.penalty + weights.recent * staleness(song, recent))
        for song in unique_recordings(library)
        for one in find_ranges(song, plan.ramp, options)
    ]
    for leg in plan.legs:
        (one,) = (
            one
            for one in ranges
            if (one.track.audio_hash, one.first_beat, one.steps_per_beat)
            == (leg.track.audio_hash, leg.first_beat, leg.steps_per_beat)
        )
        lasting_s = np.diff(leg.timemap(plan.ramp).out_s)
        total += float(np.sum(leg.stretch_percents(plan.ramp) ** 2 * lasting_s))
        total += one.penalty * (leg.source_end_s - leg.source_start_s) + weights.join
        whole = leg.beats == _free_ends(one, plan.ramp, options)[-1]
        total += 0.0 if whole or leg.last_step >= last_step_of(plan.ramp) else weights.cut
    for back, price in ((1, weights.artist), (2, weights.artist / 2)):
        for early, late in zip(plan.legs, plan.legs[back:], strict=False):
            total += price * _same(early.track.tags.artist, late.track.tags.artist)
    for early, late in pairwise(plan.legs):
        total += weights.album * _same(early.track.tags.album, late.track.tags.album)
        before, after = early.track.detection, late.track.detection
        if min(before.level_db, after.level_db) > -100:  # else nobody has measured it
            jump = abs(before.energy - after.energy)
            total += weights.energy * max(0.0, jump - 0.2) ** 2
    hole_price = max(256.0, 2 * (100 * options.max_stretch) ** 2 + max(one.penalty for one in ranges))
    steps = [0, *(step for leg in plan.legs for step in (leg.first_step, leg.last_step))]
    steps.append(max(steps[-1], last_step_of(plan.ramp)))
    for start, end in zip(steps[::2], steps[1::2], strict=True):
        if start < end:
            total += 1280.0 + hole_price * float(np.diff(plan.ramp.time_of([start, end]))[0])
    return total


def _same(one: str | None, other: str | None) -> bool:
    plain, also = ((name or "").casefold().strip() for name in (one, other))
    return plain != "" and plain == also


def never_dearer(new: Plan[Any] | None, old: Plan[Any]) -> None:
    """Check a plan where all that another one did is possible too: no proof may say that it costs more."""
    rounding = 1e-5
    assert new is not None
    assert new.bound <= old.cost + rounding
    # With a gap, no more than this above it
    assert new.cost <= old.cost * max(1.0, new.cost / max(new.bound, 1e-9)) + rounding


def cheapest_warped(library: Sequence[Track], ramp: Ramp, options: StretchOptions) -> float:
    """Return the least cost of a stretched run without a hole, by trying every way; inf if there is none.

    Artists count, albums and energy do not.
    """
    ranges = [one for song in unique_recordings(library) for one in find_ranges(song, ramp, options)]
    names = [one.track.tags.artist for one in ranges]
    hashes = [one.track.audio_hash for one in ranges]
    last_step, artist = last_step_of(ramp), options.weights.artist

    @cache
    def ways_on(number: int, step: int) -> list[tuple[int, float]]:
        return list(_legs_from(ranges[number], step, ramp, options))

    @cache
    def rest(step: int, played: frozenset[str], before: tuple[str | None, str | None]) -> float:
        if step >= last_step:
            return 0.0
        best = math.inf
        for number, name in enumerate(names):
            if hashes[number] in played:
                continue
            again = sum(artist / back for back in (1, 2) if name is not None and before[-back] == name)
            for end, cost in ways_on(number, step):
                onwards = rest(end, played | {hashes[number]}, (before[1], name))
                best = min(best, cost + again + onwards)
        return best

    return rest(0, frozenset(), (None, None))


def _legs_from(one: BeatRange, step: int, ramp: Ramp, options: StretchOptions) -> Iterator[tuple[int, float]]:
    """Return the steps at which a range may be left that begins on a step, and what it costs until there."""
    grid, ratio = one.track.grid, float(one.steps_per_beat)
    assert grid is not None
    beats_s = grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1]
    played_s = np.diff(beats_s)
    lasting_s = np.diff(ramp.time_of(step + np.arange(len(beats_s)) * ratio))
    off = played_s / lasting_s - 1
    squares = np.cumsum((100 * off) ** 2 * lasting_s)
    free, last_step = _free_ends(one, ramp, options), last_step_of(ramp)
    for beats in one.ends.tolist():
        if np.abs(off[:beats]).max() > options.limit + 1e-9:
            return
        source_s, end = float(beats_s[beats] - beats_s[0]), step + round(beats * ratio)
        cost = float(squares[beats - 1]) + one.penalty * source_s + options.weights.join
        if end >= last_step:
            if source_s >= _shortest_s(ramp, options):
                yield end, cost
            return
        if beats in free:
            yield end, cost + (0.0 if beats == free[-1] else options.weights.cut)


def _free_ends(one: BeatRange, ramp: Ramp, options: StretchOptions) -> list[int]:
    """Return the beats after which another leg may follow: with room for a fade, where there is any."""
    grid = one.track.grid
    assert grid is not None
    lengths_s = grid.beats[one.first_beat + one.ends] - grid.beats[one.first_beat]
    long = one.ends[lengths_s >= _shortest_s(ramp, options)].tolist()
    fade = math.ceil(options.fade_steps / one.steps_per_beat)
    return [beats for beats in long if beats <= one.beats_there - fade] or long


def _shortest_s(ramp: Ramp, options: StretchOptions) -> float:
    return min(options.min_length_s, ramp.duration_s / 2)
