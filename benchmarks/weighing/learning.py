"""Log-linear models: which of several hypotheses is right, and how sure one answer is.

Both are convex with a ridge, so there is one best set of weights and the order of the clips does
not matter. Columns are brought to unit spread before the ridge is laid on them, and the weights
are given for the columns as they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["fit_choice", "fit_odds", "folds"]

_TINY = 1e-9


def fit_choice(evidence: Sequence[Values], targets: Sequence[Values], *, ridge: float) -> Values:
    """Return the weights with which the softmax of the evidence comes nearest to the targets.

    Parameters
    ----------
    evidence : sequence of numpy.ndarray of float64, shape (h, k)
        For each clip, what speaks for each of its h hypotheses.
    targets : sequence of numpy.ndarray of float64, shape (h,)
        The probability that each should have; of each clip they sum to 1.
    ridge : float
        Price of a squared weight, in cross entropy summed over the clips.

    Returns
    -------
    numpy.ndarray of float64, shape (k,)
        One weight for each kind of evidence.
    """
    rows, wanted = np.vstack(evidence), np.concatenate(targets)
    sizes = [len(clip) for clip in evidence]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    clip_of = np.repeat(np.arange(len(sizes)), sizes)
    spread = rows.std(axis=0) + _TINY
    scaled = rows / spread

    def cost(weights: Values) -> tuple[float, Values]:
        scores = scaled @ weights
        scores -= np.maximum.reduceat(scores, starts)[clip_of]
        scores -= np.log(np.add.reduceat(np.exp(scores), starts))[clip_of]
        return -float(wanted @ scores), scaled.T @ (np.exp(scores) - wanted)

    scaled_weights = _least(cost, rows.shape[1], np.full(rows.shape[1], ridge))
    weights: Values = scaled_weights / spread
    return weights


def fit_odds(evidence: Values, right: Values, *, ridge: float) -> tuple[float, Values]:
    """Return the bias and the weights of a logistic model.

    Parameters
    ----------
    evidence : numpy.ndarray of float64, shape (n, k)
        What speaks for each answer.
    right : numpy.ndarray of float64, shape (n,)
        1 where it is right, 0 where not.
    ridge : float
        Price of a squared weight.
    """
    mean, spread = evidence.mean(axis=0), evidence.std(axis=0) + _TINY
    scaled = np.column_stack([np.ones(len(right)), (evidence - mean) / spread])

    def cost(weights: Values) -> tuple[float, Values]:
        odds = scaled @ weights
        return float((np.logaddexp(0, odds) - right * odds).sum()), scaled.T @ (expit(odds) - right)

    found = _least(cost, scaled.shape[1], np.array([0.0] + [ridge] * evidence.shape[1]))
    weights = found[1:] / spread
    return float(found[0] - mean @ weights), weights


def folds(count: int, parts: int, *, seed: int) -> NDArray[np.int64]:
    """Return for each of some clips in which part of the cross-validation it is judged."""
    return np.random.default_rng([seed, parts]).permutation(count) % parts


def _least(cost: Callable[[Values], tuple[float, Values]], size: int, ridge: Values) -> Values:
    def with_ridge(weights: Values) -> tuple[float, Values]:
        value, slope = cost(weights)
        return value + float(ridge @ weights**2), slope + 2 * ridge * weights

    options = {"maxiter": 2000, "gtol": 1e-7, "ftol": 1e-14}
    found: Values = minimize(with_ridge, np.zeros(size), jac=True, method="L-BFGS-B", options=options).x
    return found
