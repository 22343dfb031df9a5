"""How far a grid can be trusted."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.weights import CONFIDENCE_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.beats.detection import Reading

__all__ = ["CONFIDENCE_EVIDENCE", "confidence_evidence", "rate_confidence"]

CONFIDENCE_EVIDENCE = ("steps", "salience", "freedom")
_SAME_STEPS = (Fraction(1, 2), Fraction(1), Fraction(2))
_LEAST_SALIENCE = 1e-3
_WEIGHTS = np.array([CONFIDENCE_WEIGHTS[name] for name in CONFIDENCE_EVIDENCE])


def rate_confidence(evidence: Sequence[float]) -> float:
    """Return the probability that a runner can step to these beats, 0 to 1.

    That the tempo is within 1 % of the true one, of half or of double it: a logistic model
    (`benchmarks/weigh_evidence.py`), learned from generated pieces, noise and talk, and from
    freely licensed recordings of known tempo. Of tracks at 0.9, nine in ten are usable.

    Parameters
    ----------
    evidence : sequence of float, length 3
        As `confidence_evidence` gives it.
    """
    odds = float(np.dot(_WEIGHTS, evidence)) + CONFIDENCE_WEIGHTS["bias"]
    return round(1 / (1 + float(np.exp(-odds))), 4)


def confidence_evidence(
    readings: Sequence[Reading], *, salience: float, freedom: float, beat_count: int
) -> tuple[float, float, float]:
    """Return what speaks for a grid, in the order of `CONFIDENCE_EVIDENCE`.

    Parameters
    ----------
    readings : sequence of Reading
        The posterior over tempi.
    salience : float
        Of the tempo's comb, in units of correlation; twice as much is one step more, whatever it was.
    freedom : float
        Degrees of freedom of the curve through the beats.
    beat_count : int
        Number of beats.
    """
    steps = sum(reading.probability for reading in readings if reading.ratio in _SAME_STEPS)
    return steps, float(np.log(max(salience, _LEAST_SALIENCE))), freedom / beat_count
