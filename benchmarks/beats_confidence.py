"""How far the confidence can be believed, judged by Run1: is the tempo one to run to.

The expected calibration error is the mean distance, over five bins of equal count, between the
mean confidence and the share of tracks that are right. It is told for the confidence as it is
shipped, and for one that is fitted anew (a rising step function of the first) to nine tenths of
the tracks and judged on the last tenth, ten times. A track without an answer has confidence 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import isotonic_regression

from bpmsync.beats.detection import PLANNED

if TYPE_CHECKING:
    from types import ModuleType

    from beats_scores import Estimates
    from numpy.typing import NDArray

__all__ = ["calibration_error", "confidence_lines", "crossfitted", "trusted"]

_BINS, _FOLDS, _DRAWS, _SEED = 5, 10, 2000, 3
_HIGH = 0.9


def trusted(
    scorer: ModuleType, tracks: list[dict[str, Any]], ours: Estimates
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the confidence of each track and whether its tempo is usable (1 or 0)."""
    _, rows = scorer.score(tracks, ours.lines)
    judged = [(ours.lines[row["path"]], row["Run1"]) for row in rows if "Run1" in row]
    confidence = [line.get("confidence", 0.0) if "tempo" in line else 0.0 for line, _ in judged]
    return np.array(confidence), np.array([float(right) for _, right in judged])


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return the expected calibration error over bins of equal count."""
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    return sum(len(p) * abs(confidence[p].mean() - right[p].mean()) for p in parts) / len(order)


def crossfitted(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the confidence as fitted to the other nine tenths of the tracks."""
    folds = np.random.default_rng(_SEED).permutation(len(right)) % _FOLDS
    fitted = np.empty(len(right))
    for fold in range(_FOLDS):
        rest = np.flatnonzero(folds != fold)
        rest = rest[np.argsort(confidence[rest], kind="stable")]
        steps = isotonic_regression(right[rest]).x
        fitted[folds == fold] = np.interp(confidence[folds == fold], confidence[rest], steps)
    return fitted


def confidence_lines(scorer: ModuleType, tracks: list[dict[str, Any]], ours: Estimates) -> list[str]:
    """Return what is printed of the confidence."""
    confidence, right = trusted(scorer, tracks, ours)
    fitted = crossfitted(confidence, right)
    lines = [
        f"Calibration error of the confidence as shipped: {_with_interval(confidence, right)}",
        f"Calibration error fitted anew, {_FOLDS}-fold cross-fitted: {_with_interval(fitted, right)}",
    ]
    for least in (PLANNED, _HIGH):
        kept = confidence >= least
        share = 100 * kept.mean()
        usable = 100 * right[kept].mean() if kept.any() else float("nan")
        name = " (planned by default)" if least == PLANNED else ""
        lines.append(f"Confidence from {least:g}{name}: {share:.1f} % of the tracks, Run1 {usable:.1f}")
    bins = np.array_split(np.argsort(confidence, kind="stable"), _BINS)
    told = [f"{confidence[b].mean():.2f} -> {right[b].mean():.2f}" for b in bins if len(b)]
    return [*lines, f"Bins, mean confidence -> share right: {', '.join(told)}"]


def _with_interval(confidence: NDArray[np.float64], right: NDArray[np.float64]) -> str:
    """Return the error with the middle 95 % of its bootstrap."""
    random = np.random.default_rng(_SEED)
    draws = random.integers(len(right), size=(_DRAWS, len(right)))
    low, high = np.percentile([calibration_error(confidence[d], right[d]) for d in draws], [2.5, 97.5])
    return f"{calibration_error(confidence, right):.3f} (95 % of bootstraps: {low:.3f} to {high:.3f})"
