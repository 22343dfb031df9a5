"""The click lands on the step, to the sample, and never distorts."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.render.click import (
    CLICK_LEVEL,
    Clicks,
    good_place,
    mix_clicks,
    step_clicks,
    usual_steps_per_beat,
)
from bpmsync.timeline.grid import BeatGrid

RATE = 44_100


def onsets(samples: np.ndarray) -> list[int]:
    """First samples of the clicks, measured in silence: what follows 50 ms below -40 dB."""
    loud = np.flatnonzero(np.abs(samples) > CLICK_LEVEL / 100)
    return [int(i) for i in loud[np.diff(loud, prepend=-RATE) > RATE // 20]]


@given(
    bpm=st.floats(60, 200),
    offset=st.floats(0, 0.5),
    start=st.floats(0, 20),
    ratio=st.sampled_from([Fraction(1), Fraction(2), Fraction(1, 2)]),
)
@settings(max_examples=60, deadline=None)
def test_every_step_is_a_click_on_its_sample(
    bpm: float, offset: float, start: float, ratio: Fraction
) -> None:
    beats = offset + np.arange(120) * 60 / bpm
    clicks = step_clicks(BeatGrid(beats), steps_per_beat=ratio, start_s=start, length_s=3.0)
    mixed = mix_clicks(np.zeros(3 * RATE, dtype=np.float32), RATE, clicks)
    step_s = 60 / bpm / float(ratio)
    due = offset + np.arange(-200, 400) * step_s - start
    inside = np.rint(due[(due >= 1e-9) & (due < 3.0 - 1e-9)] * RATE)
    found = [i for i in onsets(mixed) if 0 < i < len(mixed) - 2]
    wanted = [i for i in inside if 0 < i < len(mixed) - 2]
    assert len(found) == len(wanted)
    assert np.max(np.abs(np.array(found) - wanted), initial=0) <= 1  # rounding of .5 only


def test_a_click_begins_with_its_loudest_sample() -> None:
    mixed = mix_clicks(np.zeros(RATE, dtype=np.float32), RATE, Clicks(np.array([0.25, 0.75]), (True, False)))
    assert onsets(mixed) == [11025, 33075]
    assert int(np.argmax(np.abs(mixed))) == 11025
    assert mixed[11025] == pytest.approx(CLICK_LEVEL)
    assert 0.4 * CLICK_LEVEL < mixed[33075] < 0.8 * CLICK_LEVEL


def test_music_makes_room_and_nothing_clips() -> None:
    loud = np.random.default_rng(1).uniform(-1, 1, (2, RATE)).astype(np.float32)
    mixed = mix_clicks(loud, RATE, Clicks(np.arange(0, 1, 0.01), tuple(i % 3 == 0 for i in range(100))))
    assert mixed.shape == loud.shape
    assert np.max(np.abs(mixed)) <= 1.0 + 1e-6
    soft = (loud * 0.1).astype(np.float32)
    assert np.array_equal(mix_clicks(soft, RATE, Clicks(np.array([]), ())), soft)


def test_clicks_outside_the_samples_are_left_out() -> None:
    samples = np.zeros(100, dtype=np.float32)
    assert not mix_clicks(samples, RATE, Clicks(np.array([-0.5, 2.0]), (True, True))).any()
    assert mix_clicks(samples[:0], RATE, Clicks(np.array([0.0]), (True,))).shape == (0,)


def test_accents_are_downbeats_where_bars_are_known() -> None:
    beats = np.arange(16, dtype=np.float64) * 0.5
    known = BeatGrid(beats, np.array([1, 5, 9, 13]), 4)
    clicks = step_clicks(known, steps_per_beat=Fraction(1), start_s=0.0, length_s=4.0)
    assert [s for s, accent in zip(clicks.seconds, clicks.accented, strict=True) if accent] == [0.5, 2.5]


def test_without_bars_the_beat_is_accented_only_among_several_steps() -> None:
    grid = BeatGrid(np.arange(16, dtype=np.float64) * 0.5)
    twice = step_clicks(grid, steps_per_beat=Fraction(2), start_s=0.0, length_s=2.0)
    assert twice.accented == (True, False) * 4
    once = step_clicks(grid, steps_per_beat=Fraction(1), start_s=0.0, length_s=2.0)
    assert once.accented == (False,) * 4


def test_half_a_step_per_beat_starts_on_the_downbeat() -> None:
    grid = BeatGrid(np.arange(16, dtype=np.float64) * 0.2, np.array([1, 5, 9, 13]), 4)
    clicks = step_clicks(grid, steps_per_beat=Fraction(1, 2), start_s=0.0, length_s=2.0)
    assert np.allclose(clicks.seconds, [0.2, 0.6, 1.0, 1.4, 1.8])
    assert clicks.accented == (True, False, True, False, True)


@given(start=st.floats(0, 500), span=st.floats(0, 500), after=st.floats(0, 50), length=st.floats(0.5, 20))
def test_a_good_place_lies_inside_the_track(start: float, span: float, after: float, length: float) -> None:
    duration = start + span + after
    place = good_place([(start, start + span)], duration_s=duration, length_s=length)
    assert place >= 0
    assert place + length <= max(duration, length) + 1e-9
    if span >= length:
        assert start - 1e-9 <= place <= start + span - length + 1e-9


def test_a_good_place_of_a_track_without_a_beat_is_its_middle() -> None:
    assert good_place([], duration_s=60.0, length_s=10.0) == 25.0
    assert good_place([], duration_s=3600.0, length_s=10.0) == 90.0


def test_steps_per_beat_stay_near_running() -> None:
    assert usual_steps_per_beat(62) == 2
    assert usual_steps_per_beat(125) == 1
    assert usual_steps_per_beat(250) == Fraction(1, 2)


def test_clicks_out_of_order_are_refused() -> None:
    with pytest.raises(ParameterError, match="in order"):
        Clicks(np.array([1.0, 0.5]), (True, False))
    with pytest.raises(ParameterError, match="accented"):
        Clicks(np.array([1.0]), ())
