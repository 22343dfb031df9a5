"""Which tempo the music repeats at.

The winner is a guess to half a per cent at one metrical level; tracking and fitting make it
exact, and `metre` decides whether another level, or another phase, is the beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from bpmsync.beats.onsets import WORTH

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
_INSIDE = 0.85  # of a window; at longer lags too little of it overlaps itself


@dataclass(frozen=True, slots=True, eq=False)
class Tempo:
    """The winning tempo, and what it was found in.

    Parameters
    ----------
    bpm : float
        To about half a per cent.
    salience : float
        Its comb over the usual comb, in units of correlation: near 0 for noise.
    similarity : numpy.ndarray of float64, shape (n,)
        How like itself the music is some frames later, by their number; 1 at 0.
    """

    bpm: float
    salience: float
    similarity: NDArray[np.float64]

    def similarity_at(self, lag: float) -> float:
        """Return the similarity at a lag in frames; 0 where the windows are too short to tell."""
        if lag >= _INSIDE * len(self.similarity):
            return 0.0
        return float(np.interp(lag, np.arange(len(self.similarity)), self.similarity))


def find_tempo(onsets: OnsetStrength, *, near_bpm: float | None = None) -> Tempo:
    """Return the tempo at which the onsets repeat most clearly.

    A comb over the autocorrelation (Percival and Tzanetakis, 2014), with a prior for tempi
    that people tap.

    Parameters
    ----------
    onsets : OnsetStrength
        At least two seconds of it.
    near_bpm : float, optional
        A person's word: only tempi within 4 % are considered.
    """
    similarity = _self_similarity(onsets.bands, onsets.frame_s)
    if near_bpm is None:
        bpms = np.exp(np.arange(np.log(_SLOWEST), np.log(_FASTEST), np.log(_STEP)))
    else:
        bpms = near_bpm * np.linspace(1 - CONSTRAINT_WIDTH, 1 + CONSTRAINT_WIDTH, 41)
    combs = _comb(similarity, bpms, onsets.frame_s)
    best = int(np.argmax(np.maximum(combs, 0) * _prior(bpms)))
    usual = _comb(similarity, np.geomspace(_SLOWEST, _FASTEST, 200), onsets.frame_s)
    return Tempo(float(bpms[best]), float(combs[best] - np.median(usual)), similarity)


def _self_similarity(bands: Floats, frame_s: float) -> NDArray[np.float64]:
    """Return the autocorrelation by lag in frames, mean over windows and bands, 1 at lag 0.

    Band by band: a bass drum then a snare is another thing than two bass drums.
    """
    length = min(round(_WINDOW_S / frame_s), len(bands))
    starts = range(0, max(len(bands) - length, 0) + 1, max(length // 2, 1))
    smooth = bands.copy()
    smooth[1:-1] = 0.25 * bands[:-2] + 0.5 * bands[1:-1] + 0.25 * bands[2:]
    size = scipy.fft.next_fast_len(2 * length, real=True)
    raw = np.empty((len(starts), length))
    for row, start in zip(raw, starts, strict=True):
        window = smooth[start : start + length]
        power = np.abs(scipy.fft.rfft(window - window.mean(axis=0), size, axis=0)) ** 2
        row[:] = scipy.fft.irfft(power @ WORTH**2, size)[:length]
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
    inside = lags < len(similarity) * _INSIDE
    values = np.interp(lags, np.arange(len(similarity)), similarity)
    weights = _COMB * inside
    total: NDArray[np.float64] = (values * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 0.1)
    return total


def _prior(bpms: NDArray[np.float64]) -> NDArray[np.float64]:
    prior: NDArray[np.float64] = np.exp(-0.5 * (np.log2(bpms / _PRIOR_BPM) / _PRIOR_OCTAVES) ** 2)
    return prior
