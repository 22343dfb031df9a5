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
    "band_0": 0.222,
    "band_1": 0.102,
    "band_2": -0.230,
    "band_3": -0.132,
    "band_4": 0.078,
    "band_5": 0.052,
    "middle_over_half": -0.150,
    "high_over_half": 0.140,
    "bass_alternates": 0.339,
    "again_1": 0.983,
    "again_2": 1.302,
    "again_3": 0.462,
    "again_4": 1.498,
    "again_8": 0.844,
    "tempo": 0.338,
    "tempo_squared": -0.283,
    "chords": 1.430,
    "chords_by_bar": 2.417,
    "begins": 1.079,
    "as_tracked": 0.414,
    "third": -0.289,
    "two_thirds": -0.165,
    "lesser_third": -0.477,
    "quarter": -0.286,
    "three_quarters": 0.034,
}

BAR_WEIGHTS = {
    "of_2": 1.030,
    "of_3": 0.947,
    "of_4": 2.593,
    "of_5": 0.112,
    "of_6": -1.955,
    "of_7": -0.888,
    "low": 2.219,
    "middle": 0.669,
    "high": -1.820,
    "low_in_the_middle": -0.357,
    "middle_after": -0.360,
    "chords": 4.084,
    "chords_in_the_middle": -0.728,
    "begins": 3.065,
    "repeats": 1.601,
    "repeats_twice": 3.308,
}

CONFIDENCE_WEIGHTS = {
    "bias": -7.460,
    "steps": 10.191,
    "salience": 4.343,
    "freedom": -6.217,
}
