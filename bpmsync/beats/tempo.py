"""Which tempo the music has, and how else it could be counted."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from bpmsync.beats.detection import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import Floats, OnsetStrength

__all__ = ["CONSTRAINT_WIDTH", "Tempo", "find_tempo"]

CONSTRAINT_WIDTH = 0.04
_WINDOW_S = 10.0
_SLOWEST, _FASTEST, _STEP = 50.0, 215.0, 1.004
# How much the beats 1 to 8 later are worth: 4/4 repeats after 1, 2, 4 and 8, hardly after 5 and 7.
_COMB = np.array([1, 0.8, 0.3, 0.8, 0, 0.3, 0, 0.8])
_PRIOR_BPM = 150.0
_PRIOR_OCTAVES = 1.0
_RATIOS = (Fraction(1, 2), Fraction(2, 3), Fraction(1), Fraction(3, 2), Fraction(2))
# Scores are averages of correlations; this sharpness makes their ratios behave like odds.
_SHARPNESS = 4.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """The winning tempo.

    Parameters
    ----------
    bpm : float
        To about half a per cent; tracking and fitting find the exact one.
    salience : float
        Its comb over the usual comb, in units of correlation: near 0 for noise.
    readings : tuple of Reading
        The same music counted otherwise, most probable first.
    """

    bpm: float
    salience: float
    readings: tuple[Reading, ...]


def find_tempo(onsets: OnsetStrength, *, near_bpm: float | None = None) -> Tempo:
    """Return the tempo whose beats the onsets repeat at.

    Parameters
    ----------
    onsets : OnsetStrength
        At least two seconds of it.
    near_bpm : float, optional
        A person's word: only tempi within 4 % are considered.
    """
    similarity = _self_similarity(onsets.strength, onsets.frame_s)
    if near_bpm is None:
        bpms = np.exp(np.arange(np.log(_SLOWEST), np.log(_FASTEST), np.log(_STEP)))
    else:
        bpms = near_bpm * np.linspace(1 - CONSTRAINT_WIDTH, 1 + CONSTRAINT_WIDTH, 41)
    combs = _comb(similarity, bpms, onsets.frame_s)
    score = np.maximum(combs, 0) * _prior(bpms)
    best = int(np.argmax(score))
    usual = _comb(similarity, np.geomspace(_SLOWEST, _FASTEST, 200), onsets.frame_s)
    salience = float(combs[best] - np.median(usual))
    bpm = float(bpms[best])
    return Tempo(bpm, salience, _readings(similarity, bpm, onsets.frame_s))


def _self_similarity(strength: Floats, frame_s: float) -> NDArray[np.float64]:
    """Return the autocorrelation by lag in frames, mean over windows, 1 at lag 0."""
    length = min(round(_WINDOW_S / frame_s), len(strength))
    starts = range(0, max(len(strength) - length, 0) + 1, max(length // 2, 1))
    smooth = np.convolve(strength, [0.25, 0.5, 0.25], "same")
    windows = np.stack([smooth[s : s + length] for s in starts])
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.abs(scipy.fft.rfft(windows, scipy.fft.next_fast_len(2 * length), axis=1)) ** 2
    raw = scipy.fft.irfft(power, axis=1)[:, :length]
    loud = raw[:, 0] > 0.05 * raw[:, 0].max()
    if not loud.any():
        return np.zeros(length)
    # Fewer pairs lie far apart: without this, fast tempi would always win.
    pairs = np.maximum(1 - np.arange(length) / length, 0.15)
    similarity: NDArray[np.float64] = (raw[loud] / raw[loud, :1]).mean(axis=0) / pairs
    return similarity


def _comb(similarity: NDArray[np.float64], bpms: NDArray[np.float64], frame_s: float) -> NDArray[np.float64]:
    """Return the weighted mean similarity at 1 to 8 beats; beats beyond the window are left out."""
    lags = np.outer(60.0 / (bpms * frame_s), np.arange(1, len(_COMB) + 1))
    inside = lags < len(similarity) * 0.85
    values = np.interp(lags, np.arange(len(similarity)), similarity)
    weights = _COMB * inside
    total: NDArray[np.float64] = (values * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 0.1)
    return total


def _prior(bpms: NDArray[np.float64]) -> NDArray[np.float64]:
    prior: NDArray[np.float64] = np.exp(-0.5 * (np.log2(bpms / _PRIOR_BPM) / _PRIOR_OCTAVES) ** 2)
    return prior


def _readings(similarity: NDArray[np.float64], bpm: float, frame_s: float) -> tuple[Reading, ...]:
    ratios = [r for r in _RATIOS if 30 <= bpm * r <= 400]  # noqa: PLR2004 - what a grid can be
    scores = []
    for ratio in ratios:
        around = bpm * float(ratio) * np.linspace(0.99, 1.01, 9)
        peak = np.max(np.maximum(_comb(similarity, around, frame_s), 1e-3) * _prior(around))
        scores.append(float(peak) ** _SHARPNESS)
    total = sum(scores)
    found = [Reading(r, s / total) for r, s in zip(ratios, scores, strict=True)]
    return tuple(sorted(found, key=lambda reading: -reading.probability))
