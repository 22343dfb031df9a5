"""What was learned: the weights of the evidence for each way to count the music.

Written by

    python benchmarks/weigh_evidence.py --music MANIFEST.csv ... --leave-out amen --write

from 280 pieces in 28 styles that the project makes itself, and for the confidence from
45 clips of noise and talk and 150 freely licensed recordings as well. The log odds of a
count are the sum of weight times evidence (see `metre`, `bars` and `confidence`).
"""

from __future__ import annotations

__all__ = ["BAR_WEIGHTS", "CONFIDENCE_WEIGHTS", "EVIDENCE_WEIGHTS"]

EVIDENCE_WEIGHTS = {
    "band_0": 0.223,
    "band_1": 0.100,
    "band_2": -0.228,
    "band_3": -0.131,
    "band_4": 0.080,
    "band_5": 0.046,
    "middle_over_half": -0.151,
    "high_over_half": 0.141,
    "bass_alternates": 0.312,
    "again_1": 0.986,
    "again_2": 1.302,
    "again_3": 0.440,
    "again_4": 1.510,
    "again_8": 0.852,
    "tempo": 0.339,
    "tempo_squared": -0.284,
    "chords": 1.401,
    "chords_by_bar": 2.340,
    "begins": 1.084,
    "as_tracked": 0.410,
    "third": -0.291,
    "two_thirds": -0.167,
    "lesser_third": -0.474,
    "quarter": -0.281,
    "three_quarters": 0.030,
}

BAR_WEIGHTS = {
    "of_2": 1.057,
    "of_3": 0.941,
    "of_4": 2.583,
    "of_5": 0.110,
    "of_6": -1.952,
    "of_7": -0.888,
    "low": 2.262,
    "middle": 0.680,
    "high": -1.817,
    "low_in_the_middle": -0.346,
    "middle_after": -0.367,
    "chords": 3.884,
    "chords_in_the_middle": -0.898,
    "begins": 3.046,
    "repeats": 1.645,
    "repeats_twice": 3.250,
}

CONFIDENCE_WEIGHTS = {
    "bias": -4.146,
    "steps": 9.551,
    "salience": 1.050,
    "freedom": -6.222,
}
