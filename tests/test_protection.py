"""Plateaus of rate 1 around beats: no beat moves, and no attack is stretched."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.timeline.protection import AFTER_S, BEFORE_S, protect, rates
from bpmsync.timeline.timemap import TimeMap


@st.composite
def legs(draw: st.DrawFn) -> TimeMap:
    count = draw(st.integers(1, 30))
    intervals = st.lists(st.floats(0.15, 2), min_size=count, max_size=count)
    source = np.concatenate(([0], np.cumsum(draw(intervals)))) + draw(st.floats(0, 3000))
    out = np.concatenate(([0], np.cumsum(draw(intervals)))) + draw(st.floats(0, 3000))
    return TimeMap(source, out)


@given(legs(), st.integers(1, 3))
def test_every_beat_stays_where_it_was_and_runs_at_rate_1(timemap: TimeMap, every: int) -> None:
    beats, landings = timemap.source_s[::every], timemap.out_s[::every]
    protected = protect(timemap, beats)
    np.testing.assert_array_equal(protected.out_s[[0, -1]], timemap.out_s[[0, -1]])
    np.testing.assert_allclose(protected.forward(beats), landings, atol=1e-8)
    # 30 ms before and after, or a quarter of the shorter interval
    room = min(np.diff(source := beats).min(), np.diff(landings).min()) / 4 if len(beats) > 1 else 0.0
    for side in (-min(room, BEFORE_S), min(room, AFTER_S)):
        inside = (beats + side >= source[0]) & (beats + side <= source[-1])
        np.testing.assert_allclose(
            protected.forward(beats + side)[inside], (landings + side)[inside], atol=1e-7
        )


@given(legs())
def test_the_rate_between_beats_grows_by_what_the_plateaus_take_and_no_more(timemap: TimeMap) -> None:
    protected = protect(timemap, timemap.source_s)
    # With at most half of an interval on plateaus, (D - x) / (d - x) is at most 2 D / d - 1 (or 1 / that)
    most = np.maximum(rates(timemap), 1 / rates(timemap)).max()
    reached = np.maximum(rates(protected), 1 / rates(protected)).max()
    assert reached <= (2 * most - 1) * (1 + 1e-6)


def test_eight_per_cent_at_172_beats_a_minute_is_ten_between_the_beats() -> None:
    beats = np.arange(10, dtype=np.float64) * 60 / 172
    inside = rates(protect(TimeMap(beats, beats / 1.08), beats))
    assert 1.095 < inside.max() < 1.1


def test_a_map_without_beats_is_left_alone() -> None:
    timemap = TimeMap((0.0, 10.0), (0.0, 9.0))  # type: ignore[arg-type]
    assert protect(timemap, [-1.0, 11.0]) == timemap
