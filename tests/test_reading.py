"""What is said of music that is not read is never more than what its legs cost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import PlanError
from bpmsync.library.facts import WINDOW_BEATS
from bpmsync.library.shelf import Shelf
from bpmsync.planner import reading
from bpmsync.planner.ranges import find_ranges
from bpmsync.planner.stretch import Effort, StretchOptions, Wishes, plan_stretch
from bpmsync.planner.warpedtask import WarpedTask
from bpmsync.timeline.ramp import Ramp
from planner_cases import track
from test_plan_stretch import SLOW_LAW, libraries, ramps

if TYPE_CHECKING:
    import pytest

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg

OPTIONS = StretchOptions(max_stretch=0.1, min_length_s=8, max_length_s=200, min_confidence=0.4, partial=True)


@settings(parent=SLOW_LAW, max_examples=25)
@given(libraries(most=4), ramps(), st.sampled_from([8, 32, 128]), st.floats(5, 30), st.data())
def test_no_leg_costs_less_than_is_said_of_its_row(
    library: list[Track], ramp: Ramp, cell: int, min_length_s: float, data: st.DataObject
) -> None:
    shelf = Shelf.of(library)
    options = replace(OPTIONS, min_length_s=min_length_s, max_stretch=data.draw(st.floats(0.02, 0.2)))
    wishes = Wishes(recent=[{song.audio_hash for song in library[::2]}])
    stale = options.weights.recent * wishes.staleness(shelf)
    found = [
        (replace(one, penalty=one.penalty + float(stale[row])), row)
        for row, song in enumerate(shelf.fetch(range(len(shelf))))
        for one in find_ranges(song, ramp, options)
    ]
    if not found:
        return
    ranges, row_of = [one for one, _ in found], np.array([row for _, row in found])
    network, _ = WarpedTask((ranges, row_of, shelf), ramp, options, wishes=wishes).rough()
    assert not len(network.rate), "all legs are listed"

    entries = reading._entries_of(shelf, np.arange(len(shelf)), ramp, options, wishes)
    cells = reading._cells_of(ramp, cell)
    shortest_s = min(options.min_length_s, ramp.duration_s / 2)
    fees = reading._Fees(options.weights.join, options.limit, shortest_s)
    count = len(entries.row)
    assert count > 0
    rates, numbers = reading.least_rates(entries, cells, fees, count)
    least = np.full((len(rates), len(shelf)), np.inf)
    for at, (some, which) in enumerate(zip(rates, numbers, strict=True)):
        known = which >= 0
        np.minimum.at(least[at], entries.row[which[known]], some[known])
    begins = np.repeat(np.arange(len(network.wait)), np.diff(network.first))
    lasting_s = network.seconds[network.end] - network.seconds[begins]
    said = least[begins * network.size // cell, row_of[network.item]]
    assert (network.cost >= said * lasting_s).all()


@settings(parent=SLOW_LAW, max_examples=100)
@given(libraries(most=4), ramps())
def test_every_window_of_a_range_is_within_what_is_said_of_its_row(library: list[Track], ramp: Ramp) -> None:
    shelf = Shelf.of(library)
    options = replace(OPTIONS, min_length_s=5, min_confidence=0.0)
    for row, song in enumerate(shelf.fetch(range(len(shelf)))):
        for one in find_ranges(song, ramp, options):
            assert song.grid is not None
            beats = song.grid.beats[one.first_beat : one.first_beat + int(one.ends[-1]) + 1]
            assert beats[-1] - beats[0] <= shelf.longest_s[row]
            tempi = 60 * WINDOW_BEATS / np.diff(beats[::WINDOW_BEATS])
            assert (tempi >= shelf.slowest_bpm[row]).all()
            assert (tempi <= shelf.fastest_bpm[row]).all()


@settings(parent=SLOW_LAW, max_examples=15)
@given(libraries(most=8), ramps(), st.integers(1, 4))
def test_a_bound_holds_for_music_that_is_not_read(library: list[Track], ramp: Ramp, most: int) -> None:
    def planned() -> Plan[WarpedLeg] | None:
        try:
            return plan_stretch(library, ramp, OPTIONS, effort=Effort(gap=0, ways=50_000))
        except PlanError:
            return None

    usual = reading._MOST_READ
    best = planned()
    try:
        reading._MOST_READ = most
        hasty = planned()
    finally:
        reading._MOST_READ = usual
    if hasty is None:
        return
    assert best is not None
    assert hasty.bound <= hasty.cost
    assert hasty.bound <= best.cost * (1 + 1e-9)


def test_what_has_to_be_played_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_READ", 2)
    # The last is the worst by far
    shelf = Shelf.of([track(f"t{i}", 165 + 2.0 * i, 150.0) for i in range(6)])
    ramp = Ramp.constant(165, duration_s=400)
    rows, unread = reading.worth_looking_at(shelf, ramp, OPTIONS, Wishes())
    assert 5 not in rows.tolist()
    assert len(rows) == 2
    assert unread is not None
    for wishes in (Wishes(rows=[5]), Wishes(pins=[(200.0, 5)])):
        rows, _ = reading.worth_looking_at(shelf, ramp, OPTIONS, wishes)
        assert 5 in rows.tolist()
    rows, unread = reading.worth_looking_at(shelf, ramp, OPTIONS, Wishes(order=[[5], [3, 4], [2]]))
    assert (rows.tolist(), unread) == ([2, 3, 4, 5], None)
