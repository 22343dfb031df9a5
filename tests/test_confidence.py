"""The confidence: more evidence is never less of it, and it stays a probability."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.beats.confidence import CONFIDENCE_EVIDENCE, confidence_evidence, rate_confidence
from bpmsync.beats.detection import LIKELY, SURE, Reading, confidence_word

SHARES = st.floats(0, 1)
SALIENCES = st.floats(-7, 0)  # of its logarithm
MORE = {"steps": 1, "salience": 1, "freedom": -1}


@given(steps=SHARES, salience=SALIENCES, freedom=SHARES)
def test_it_is_a_probability(steps: float, salience: float, freedom: float) -> None:
    assert 0 <= rate_confidence((steps, salience, freedom)) <= 1


@given(
    steps=SHARES, salience=SALIENCES, freedom=SHARES, which=st.sampled_from(CONFIDENCE_EVIDENCE), more=SHARES
)
def test_more_of_what_speaks_for_a_grid_is_never_less_confidence(
    steps: float, salience: float, freedom: float, which: str, more: float
) -> None:
    plain = [steps, salience, freedom]
    better = list(plain)
    better[CONFIDENCE_EVIDENCE.index(which)] += MORE[which] * more
    assert rate_confidence(better) >= rate_confidence(plain)


def test_a_clear_steady_beat_is_sure_and_doubt_of_each_kind_lowers_it() -> None:
    heard, lost = np.log(0.5), np.log(0.02)  # of music with a beat, and of noise
    clear = rate_confidence((1.0, heard, 2 / 150))
    assert clear > SURE
    for doubtful in ((0.4, heard, 2 / 150), (1.0, lost, 2 / 150), (1.0, heard, 0.6)):
        assert rate_confidence(doubtful) < clear - 0.05
    assert rate_confidence((0.5, lost, 0.6)) < 0.2


@given(
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=9),
    freedom=st.floats(2, 100),
    beats=st.integers(6, 500),
)
def test_readings_that_ask_for_the_same_steps_count_together(
    weights: list[float], freedom: float, beats: int
) -> None:
    ratios = [Fraction(r) for r in ("1", "2", "1/2", "3/2", "2/3", "4/3", "3/4", "3", "1/3")]
    shares = np.array(weights) / sum(weights)
    readings = [Reading(ratio, float(share)) for ratio, share in zip(ratios, shares, strict=False)]
    found = confidence_evidence(readings, salience=0.3, freedom=freedom, beat_count=beats)
    assert found[0] == pytest.approx(shares[:3].sum())
    assert found[1:] == pytest.approx((np.log(0.3), freedom / beats))


@given(SHARES)
def test_the_words_are_in_the_order_of_the_confidence(confidence: float) -> None:
    order = ["check", "likely", "sure"]
    word = order.index(confidence_word(confidence))
    assert word == (confidence >= LIKELY) + (confidence >= SURE)
