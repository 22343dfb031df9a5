"""Parts of a song: a border where the music changes for good, none where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beat_cases import Sound, chords, drums, hear
from bpmsync.beats import sections
from bpmsync.beats.sections import find_sections

BAR_S = 2.0
BARS = 40
SECONDS = BARS * BAR_S
BAR_STARTS = np.arange(BARS, dtype=np.float64) * BAR_S
BEATS = np.arange(0, SECONDS - 0.1, BAR_S / 4)


def loop(*, seed: int = 1) -> Sound:
    """Return two bars of drums and two chords, again and again."""
    sound: Sound = drums(BEATS, SECONDS, seed=seed) + chords(BAR_STARTS, SECONDS, (440.0, 587.3))
    return sound


def other() -> Sound:
    """Return a third of the drums and other chords."""
    sound: Sound = drums(BEATS[::3], SECONDS, seed=2) + chords(BAR_STARTS, SECONDS, (523.3, 698.5))
    return sound


def halves(border_bar: int) -> Sound:
    border = round(border_bar * BAR_S * 22_050)
    return np.concatenate([loop()[:border], other()[border:]])


@settings(max_examples=8)
@given(border_bar=st.integers(10, BARS - 10))
def test_two_different_parts_have_one_border(border_bar: int) -> None:
    heard = hear(halves(border_bar))
    (found,) = find_sections(heard.features, heard.onsets, BAR_STARTS)
    assert abs(found - border_bar * BAR_S) <= BAR_S


@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_a_loop_has_no_parts(seed: int) -> None:
    heard = hear(loop(seed=seed))
    assert find_sections(heard.features, heard.onsets, BAR_STARTS) == ()


def test_a_part_that_comes_back_has_a_border_at_either_end() -> None:
    one, two = (round(bar * BAR_S * 22_050) for bar in (13, 27))
    sound = np.concatenate([loop()[:one], other()[one:two], loop()[two:]])
    heard = hear(sound)
    found = find_sections(heard.features, heard.onsets, BAR_STARTS)
    assert found == pytest.approx((13 * BAR_S, 27 * BAR_S), abs=BAR_S)


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), bars=st.integers(0, BARS))
def test_borders_are_in_order_and_on_bar_lines(seed: int, bars: int) -> None:
    rng = np.random.default_rng(seed)
    heard = hear(halves(int(rng.integers(5, 35))))
    lines = np.sort(rng.uniform(0, SECONDS, bars))
    found = find_sections(heard.features, heard.onsets, lines)
    assert list(found) == sorted(set(found))
    assert set(found) <= set(np.round(lines, 6))
    if bars < 17:
        assert found == ()


@given(seed=st.integers(0, 2**32 - 1), bars=st.integers(16, 60))
def test_novelty_is_a_checkerboard_over_how_alike_the_bars_are(seed: int, bars: int) -> None:
    rows = np.random.default_rng(seed).standard_normal((bars, 19))
    alike = rows @ rows.T
    taper = np.hanning(18)[1:-1]
    signs = np.sign(np.arange(-8, 8) + 0.5)
    board = np.outer(signs * taper, signs * taper)
    board /= np.abs(board).sum()
    expected = [
        (board * alike[k - 8 : k + 8, k - 8 : k + 8]).sum() if 8 <= k <= bars - 8 else 0.0
        for k in range(bars)
    ]
    np.testing.assert_allclose(sections._novelty(rows), expected, atol=1e-12)
