"""What was learned: the weights of the evidence for each way to count the music.

Written by `benchmarks/weigh_evidence.py` from 280 pieces in 28 styles that the project makes
itself; the log odds of a count are the sum of weight times evidence (see `metre`).
"""

from __future__ import annotations

__all__ = ["BAR_WEIGHTS", "CONFIDENCE_WEIGHTS", "EVIDENCE_WEIGHTS"]

EVIDENCE_WEIGHTS = {
    "band_0": 0.206,
    "band_1": 0.112,
    "band_2": -0.236,
    "band_3": -0.142,
    "band_4": 0.072,
    "band_5": 0.048,
    "middle_over_half": -0.154,
    "high_over_half": 0.153,
    "bass_alternates": 0.297,
    "again_1": 0.982,
    "again_2": 1.237,
    "again_3": 0.348,
    "again_4": 1.387,
    "again_8": 0.856,
    "tempo": 0.296,
    "tempo_squared": -0.271,
    "chords": 1.447,
    "chords_by_bar": 2.474,
    "begins": 1.081,
    "as_tracked": 0.421,
    "third": -0.295,
    "two_thirds": -0.161,
    "lesser_third": -0.495,
    "quarter": -0.284,
    "three_quarters": 0.034,
}

BAR_WEIGHTS = {
    "of_2": 0.979,
    "of_3": 0.961,
    "of_4": 2.617,
    "of_5": 0.123,
    "of_6": -1.950,
    "of_7": -0.906,
    "low": 2.287,
    "middle": 0.675,
    "high": -1.777,
    "low_in_the_middle": -0.341,
    "middle_after": -0.410,
    "chords": 4.078,
    "chords_in_the_middle": -0.768,
    "begins": 2.974,
    "repeats": 1.317,
    "repeats_twice": 3.155,
}

CONFIDENCE_WEIGHTS = {
    "bias": -7.3,
    "steps": 10.5,
    "salience": 4.6,
    "freedom": -15.0,
}
