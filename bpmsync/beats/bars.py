"""Where bars begin, and how many beats they have.

Each number of beats with each first beat is a hypothesis; low drums, chord changes, the way the
music repeats and where it begins speak for or against it. The evidence is weighed as in `metre`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.smoothing import running_max
from bpmsync.beats.weights import BAR_WEIGHTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.metre import Harmony
    from bpmsync.beats.onsets import OnsetStrength
    from bpmsync.beats.tempo import Tempo

__all__ = ["BAR_EVIDENCE", "LENGTHS", "Bars", "find_bars", "weigh_bars"]

LENGTHS = (2, 3, 4, 5, 6, 7)
BAR_EVIDENCE = (
    *(f"of_{beats}" for beats in LENGTHS),
    *("low", "middle", "high", "low_in_the_middle", "middle_after", "chords", "chords_in_the_middle"),
    *("begins", "repeats", "repeats_twice"),
)
_WEIGHTS = np.array([BAR_WEIGHTS[name] for name in BAR_EVIDENCE])
_FEWEST_BARS = 3
_NEAR = 0.15  # of a beat: what begins nearer to a beat begins on it


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars that the evidence favours.

    Parameters
    ----------
    beats_per_bar : int or None
        None where the track is too short to tell.
    first : int
        Number of the first beat that begins a bar.
    confidence : float
        Probability that both are right, 0 to 1.
    """

    beats_per_bar: int | None
    first: int
    confidence: float


def find_bars(onsets: OnsetStrength, tempo: Tempo, harmony: Harmony, beats: NDArray[np.float64]) -> Bars:
    """Return the most probable bars of a track.

    Parameters
    ----------
    onsets, tempo, harmony
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        In frames.
    """
    bars, evidence = weigh_bars(onsets, tempo, harmony, beats)
    if not bars:
        return Bars(None, 0, 0.0)
    scores = evidence @ _WEIGHTS
    odds = np.exp(scores - scores.max())
    best = int(np.argmax(scores))
    length, first = bars[best]
    return Bars(length, first, round(float(odds[best] / odds.sum()), 4))


def weigh_bars(
    onsets: OnsetStrength, tempo: Tempo, harmony: Harmony, beats: NDArray[np.float64]
) -> tuple[tuple[tuple[int, int], ...], NDArray[np.float64]]:
    """Return every (beats per bar, first beat) that the track is long enough for, and its evidence.

    Parameters
    ----------
    onsets, tempo, harmony
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        In frames.

    Returns
    -------
    bars : tuple of (int, int)
        Each beats per bar and first beat.
    evidence : numpy.ndarray of float64, shape (len(bars), len(BAR_EVIDENCE))
        In the order of `BAR_EVIDENCE`.
    """
    bars = tuple((m, k) for m in LENGTHS if len(beats) >= _FEWEST_BARS * m for k in range(m))
    if not bars:
        return (), np.empty((0, len(BAR_EVIDENCE)))
    at = np.clip(np.rint(beats).astype(np.int64), 0, len(onsets.bands) - 1)
    bands = running_max(onsets.bands, 3)[at].astype(np.float64)
    lag = float(np.median(np.diff(beats)))
    begin_frame = harmony.begin_s / onsets.frame_s
    heard = _OnBeats(
        low=bands[:, :2].mean(axis=1),
        middle=bands[:, 2:4].mean(axis=1),
        high=bands[:, 4:].mean(axis=1),
        chords=harmony.changes_at(beats * onsets.frame_s),
        tonal=harmony.tonal,
        begin=float(np.interp(begin_frame, beats, np.arange(len(beats))))
        + min(begin_frame - beats[0], 0.0) / lag,
        again={k: tempo.similarity_at(k * lag) for m in LENGTHS for k in (m, 2 * m)},
    )
    return bars, np.array([_evidence(heard, m, k) for m, k in bars])


@dataclass(frozen=True, slots=True, eq=False)
class _OnBeats:
    """What is heard on each beat."""

    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]
    chords: NDArray[np.float64]  # how much the harmony changes
    tonal: float
    begin: float  # the beat, and part of one, at which sound begins
    again: dict[int, float]  # how like itself the music is some beats later


def _evidence(heard: _OnBeats, m: int, first: int) -> list[float]:
    """Return what speaks for bars of m beats from a first beat, in the order of `BAR_EVIDENCE`."""
    even, half = m % 2 == 0, first + m // 2
    after = (_over_usual(heard.middle, m, first + 1, 0.1), _over_usual(heard.middle, m, first - 1, 0.1))
    off = (heard.begin - first) / m
    return [
        *(float(m == length) for length in LENGTHS),
        *(_over_usual(band, m, first, 0.1) for band in (heard.low, heard.middle, heard.high)),
        _over_usual(heard.low, m, half, 0.1) if even else 0.0,
        0.5 * sum(after),
        heard.tonal * _over_usual(heard.chords, m, first, 0.01),
        heard.tonal * _over_usual(heard.chords, m, half, 0.01) if even else 0.0,
        float(abs(off - round(off)) * m < _NEAR),
        heard.again[m] - sum(heard.again[k] for k in LENGTHS) / len(LENGTHS),
        heard.again[2 * m],
    ]


def _over_usual(values: NDArray[np.float64], m: int, first: int, floor: float) -> float:
    """Return the log of the mean at every m-th beat over the mean at all."""
    part = values[first % m :: m]
    # Asked for hundreds of times a track; `mean` takes four times as long over so few values.
    mean, usual = np.add.reduce(part) / len(part), np.add.reduce(values) / len(values)
    return log((mean + floor) / (usual + floor))
