"""Where bars begin: the evidence turns with the accents, and short music has none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import Heard, chords, drums, hear
from bpmsync.beats.bars import BAR_EVIDENCE, LENGTHS, find_bars, weigh_bars

TIMES = np.arange(0.4, 39.0, 0.5)


@cache
def accented(beats_per_bar: int, first: int) -> Heard:
    """Return drums with a thump and a new chord on the first beat of every bar."""
    starts = TIMES[first::beats_per_bar]
    harmony = chords(starts, 40.0, (440.0, 587.3, 392.0, 523.3))
    return hear(drums(TIMES, 40.0, beats_per_bar=beats_per_bar, first=first) + harmony)


@pytest.mark.parametrize("beats_per_bar", [3, 4])
@pytest.mark.parametrize("first", range(4))
def test_the_first_beat_of_the_bar_turns_with_the_accent(beats_per_bar: int, first: int) -> None:
    heard = accented(beats_per_bar, first % beats_per_bar)
    found = find_bars(heard.onsets, heard.tempo, heard.harmony, heard.frames(TIMES))
    assert found.beats_per_bar == beats_per_bar
    assert found.first == first % beats_per_bar
    assert found.confidence > 0.5


@pytest.mark.parametrize("dropped", range(1, 6))
def test_beats_that_are_left_out_at_the_front_turn_the_first_of_the_bar(dropped: int) -> None:
    heard = accented(4, 0)
    found = find_bars(heard.onsets, heard.tempo, heard.harmony, heard.frames(TIMES[dropped:]))
    assert found.beats_per_bar == 4
    assert found.first == -dropped % 4


@given(count=st.integers(0, 30))
def test_bars_need_three_of_themselves(count: int) -> None:
    heard = accented(4, 0)
    beats = heard.frames(TIMES[:count])
    bars, evidence = weigh_bars(heard.onsets, heard.tempo, heard.harmony, beats)
    assert set(bars) == {(m, k) for m in LENGTHS for k in range(m) if 3 * m <= count}
    assert evidence.shape == (len(bars), len(BAR_EVIDENCE))
    found = find_bars(heard.onsets, heard.tempo, heard.harmony, beats)
    if count < 6:
        assert found.beats_per_bar is None
        assert found.confidence == 0
    else:
        assert (found.beats_per_bar, found.first) in bars


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000))
def test_even_where_the_beats_are_nonsense_there_is_a_share_of_belief(seed: int) -> None:
    heard = accented(4, 1)
    rng = np.random.default_rng(seed)
    beats = heard.frames(np.sort(rng.uniform(0, 40, rng.integers(6, 80))))
    bars, evidence = weigh_bars(heard.onsets, heard.tempo, heard.harmony, beats)
    found = find_bars(heard.onsets, heard.tempo, heard.harmony, beats)
    assert np.isfinite(evidence).all()
    assert 1 / len(bars) - 1e-3 <= found.confidence <= 1


def test_beats_without_accents_are_less_sure_than_beats_with_them() -> None:
    plain = hear(drums(TIMES, 40.0, beats_per_bar=1))
    even = find_bars(plain.onsets, plain.tempo, plain.harmony, plain.frames(TIMES))
    heard = accented(4, 0)
    found = find_bars(heard.onsets, heard.tempo, heard.harmony, heard.frames(TIMES))
    assert even.confidence < found.confidence - 0.1
