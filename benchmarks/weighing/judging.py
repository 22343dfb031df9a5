"""How good an answer is: one number for the beats, and what is right of the bars and the tempo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mir_eval
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.float64]

__all__ = ["PARTS", "UTILITY", "bars_right", "beats_worth", "step_lock", "tempo_usable"]

PARTS = ("F", "AMLt", "SL50", "Run1")
# A runner needs the step and the tempo; a listener hears whether the step is the beat.
UTILITY = np.array([0.25, 0.25, 0.3, 0.2])
_LEAST_ESTIMATED = 5
_LEAST_JUDGED = 3
_EARLY_S = 5.0  # the first seconds are not judged where enough is left
_LATE_BEATS = 8
_SLOWEST_STEPS = 125.0
_NEAR_S = 0.05
_BAR_NEAR_S = 0.07
_USABLE = 0.01


def beats_worth(truth: Times, bpm: float, beats: Times) -> NDArray[np.float64] | None:
    """Return F, AMLt, step lock within 50 ms and a usable tempo, each 0 to 1.

    Parameters
    ----------
    truth, beats : numpy.ndarray of float64, shape (n,)
        In s, increasing; at least two true beats.
    bpm : float
        The true tempo.

    Returns
    -------
    numpy.ndarray of float64, shape (4,)
        In the order of `PARTS`; None where there are too few beats to judge.
    """
    late = int((truth >= _EARLY_S).sum()) > _LATE_BEATS
    wanted = truth[truth >= _EARLY_S] if late else truth
    given = beats[beats >= _EARLY_S - _NEAR_S] if late else beats
    if len(beats) < _LEAST_ESTIMATED or len(given) < _LEAST_JUDGED:
        return None
    return np.array(
        [
            mir_eval.beat.f_measure(wanted, given),
            mir_eval.beat.continuity(wanted, given)[3],
            step_lock(truth, beats),
            tempo_usable(bpm, _bpm(beats)),
        ]
    )


def tempo_usable(bpm: float | None, found: float) -> bool:
    """Return whether a tempo is within 1 % of the true one, of half or of double it."""
    return bpm is not None and min(abs(found / (bpm * k) - 1) for k in (0.5, 1, 2)) <= _USABLE


def step_lock(truth: Times, beats: Times) -> float:
    """Return the share of true steps with a found step within 50 ms, both at 125 to 250 a minute."""
    shares = (
        float(np.mean(_distances(wanted, found) <= _NEAR_S))
        for wanted in _steps(truth)
        for found in _steps(beats)
    )
    return max(shares, default=0.0)


def bars_right(truth: Times, downbeats: NDArray[np.int64], beats: Times, length: int, first: int) -> float:
    """Return the share of bar lines that are right; below 0 where the number of beats is wrong.

    Parameters
    ----------
    truth, beats : numpy.ndarray of float64, shape (n,)
        In s, increasing.
    downbeats : numpy.ndarray of int64, shape (m,)
        Numbers of the true beats that begin a bar, m >= 2.
    length, first : int
        Beats per bar, and number of the first beat that begins one.
    """
    lines = truth[downbeats]
    told = beats[first::length]
    told = told[(told >= lines[0] - 0.1) & (told <= lines[-1] + 0.1)]
    share = float(np.mean(_distances(told, lines) < _BAR_NEAR_S)) if len(told) else 0.0
    return share if length == int(np.median(np.diff(downbeats))) else -share


def _bpm(beats: Times) -> float:
    return 60.0 / float(np.median(np.diff(beats)))


def _distances(wanted: Times, found: Times) -> Times:
    after = np.clip(np.searchsorted(found, wanted), 1, len(found) - 1)
    nearest: Times = np.minimum(np.abs(found[after] - wanted), np.abs(wanted - found[after - 1]))
    return nearest


def _steps(beats: Times) -> list[Times]:
    """Return the beats as steps: every reading of them where some are left out."""
    readings, bpm = [beats], _bpm(beats)
    while bpm < _SLOWEST_STEPS:
        readings = [np.sort(np.concatenate([b, 0.5 * (b[1:] + b[:-1])])) for b in readings]
        bpm *= 2
    while bpm >= 2 * _SLOWEST_STEPS:
        readings = [b[first::2] for b in readings for first in (0, 1)]
        bpm /= 2
    return [steps for steps in readings if len(steps) > 1]
