"""Where a new part of the music clearly begins.

Bars are compared with the eight before and the eight after them, by harmony, onsets and
loudness; a part begins where the two sides are each like themselves and unlike the other
(J. Foote's checkerboard kernel, 2000).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.smoothing import gaussian

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.onsets import OnsetStrength
    from bpmsync.beats.spectrum import Features

__all__ = ["find_sections"]

_REACH_BARS = 8
_CLEAR = 2.0  # novelty over its usual spread
_LEAST_NOVELTY = 0.08
_DYNAMIC_DB = 20.0  # a change of loudness that counts as a whole change


def find_sections(features: Features, onsets: OnsetStrength, bar_s: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the seconds at which a new section clearly begins, each the start of a bar.

    Parameters
    ----------
    features, onsets
        Of the whole track.
    bar_s : numpy.ndarray of float64, shape (n,)
        Where bars begin, in file seconds; with fewer than 17 nothing is told.
    """
    if len(bar_s) < 2 * _REACH_BARS + 1:
        return ()
    rows = _bar_by_bar(features, onsets, bar_s)
    novelty = _novelty(rows)
    smooth = gaussian(novelty, 0.7)
    spread = float(np.median(np.abs(smooth - np.median(smooth)))) * 1.4826
    least = max(float(np.median(smooth)) + _CLEAR * spread, _LEAST_NOVELTY)
    found: list[int] = []
    for k in np.argsort(-smooth, kind="stable"):
        if smooth[k] < least:
            break
        if all(abs(int(k) - other) >= _REACH_BARS // 2 for other in found):
            found.append(int(k))
    return tuple(round(float(bar_s[k]), 6) for k in sorted(found))


def _bar_by_bar(features: Features, onsets: OnsetStrength, bar_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one row of length 1 a bar, shape (bars, 19): harmony, onsets, loudness."""
    chroma = _means(features.chroma, bar_s / features.block_s)
    bands = _means(onsets.bands, bar_s / onsets.frame_s)
    level = 10 * np.log10(_means(features.power[:, None], bar_s / features.block_s) + 1e-9)
    parts = (
        chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-9),
        (bands - bands.mean(axis=0)) / (bands.mean() + 1e-9),
        (level - level.mean()) / _DYNAMIC_DB,
    )
    rows = np.concatenate(parts, axis=1)
    unit: NDArray[np.float64] = rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)
    return unit


def _means(values: NDArray[np.float32], borders: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the rows between one border and the next; the last goes to the end."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    starts = np.clip(np.rint(borders).astype(np.int64), 0, len(values) - 1)
    ends = np.append(np.maximum(starts[1:], starts[:-1] + 1), len(values))
    means: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)[:, None]
    return means


def _novelty(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much the bars from each on differ from those before it; 0 near both ends.

    The checkerboard is the product of one row of weights with itself, so that its sum over how
    like each other all bars around are is the length of their weighted sum, squared.
    """
    reach = _REACH_BARS
    weights = np.where(np.arange(-reach, reach) < 0, -1.0, 1.0) * np.hanning(2 * reach + 2)[1:-1]
    places = len(rows) - 2 * reach + 1
    change = sum(weight * rows[k : k + places] for k, weight in enumerate(weights))
    novelty = np.zeros(len(rows))
    novelty[reach : reach + places] = np.square(change).sum(axis=1) / np.abs(weights).sum() ** 2
    return novelty
