"""The loops that must be compiled: a path through the beats, regular beats, curves and lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - the compiler reads the module as it is

from bpmsync.beats.jit import compiled

__all__ = ["best_cuts", "best_rigid", "best_steady_path", "fold_beats", "robust_curve", "whittaker"]

_BLOCKS_KEPT = 16  # moved to the front of a buffer together, for moving costs time as well


@compiled
def best_steady_path(
    gain: NDArray[np.float32], shortest: int, longest: int, stiffness: float
) -> NDArray[np.int64]:
    """Return the ticks of the beats with the highest gain minus the cost of tempo changes.

    Dynamic programming over the interval after each beat. An interval may be longer or shorter than
    the one before by a tick, or by a 16th of itself where that is more. Ticks are looked at in
    blocks so short that no beat of a block follows another of it: then neighbouring ticks are
    worked on together by one instruction of the processor.

    Parameters
    ----------
    gain : numpy.ndarray of float32, shape (n,)
        What a beat at a tick is worth; may be negative.
    shortest, longest : int
        Limits of a beat interval in ticks, shortest >= 2.
    stiffness : float
        Cost of one interval being twice as long as the one before.
    """
    n, block = len(gain), shortest
    widths = longest - shortest + 1
    padded = np.zeros(n + block, np.float32)
    padded[:n] = gain
    # leaving[w, column + i]: the best up to a beat at tick `first` + i that is followed by an interval
    # of `shortest` + w; 0 before the first tick. Columns behind the longest interval are not needed.
    kept = 2 * longest + block
    leaving = np.zeros((widths, kept + _BLOCKS_KEPT * block), np.float32)
    longer_by = np.zeros((widths, n + block), np.int8)  # than the interval that arrives at the beat
    arriving = np.empty((widths, block), np.float32)
    column = kept
    for first in range(0, n, block):
        if column + block > leaving.shape[1]:
            _move_to_front(leaving, column, kept)
            column = kept
        for w in range(widths):
            for i in range(block):
                arriving[w, i] = leaving[w, column - shortest - w + i] + padded[first + i]
        _choose_intervals(arriving, leaving[:, column:], longer_by[:, first:], shortest, stiffness)
        column += block
    ends_at = column - (n + block - 1) // block * block  # the column of tick 0, were it still there
    end, width = _last_beat(gain, leaving, ends_at, shortest)
    return _trace_back(longer_by, end, width, shortest)


@compiled
def _move_to_front(leaving: NDArray[np.float32], column: int, kept: int) -> None:
    for w in range(len(leaving)):
        for i in range(kept):
            leaving[w, i] = leaving[w, column - kept + i]


@compiled
def _choose_intervals(
    arriving: NDArray[np.float32],
    leaving: NDArray[np.float32],
    longer_by: NDArray[np.int8],
    shortest: int,
    stiffness: float,
) -> None:
    """Fill in the best up to each beat of a block by the interval that follows, and what came before."""
    widths, block = arriving.shape
    # Two rows take turns: a value that is kept is written again, which is faster than to ask whether.
    top = np.empty((2, block), np.float32)
    step = np.empty((2, block), np.int32)
    for w in range(widths):
        reach = max(1, (shortest + w) // 16)
        new = 0
        for i in range(block):
            top[new, i] = -np.inf
            step[new, i] = 0
        for v in range(max(0, w - reach), min(widths, w + reach + 1)):
            cost = np.float32(stiffness * abs(w - v) / (shortest + v))
            longer = np.int32(w - v)
            old, new = new, 1 - new
            for i in range(block):
                value = arriving[v, i] - cost
                better = value > top[old, i]
                top[new, i] = value if better else top[old, i]
                step[new, i] = longer if better else step[old, i]
        for i in range(block):
            leaving[w, i] = top[new, i]
        for i in range(block):
            longer_by[w, i] = step[new, i]


@compiled
def _last_beat(
    gain: NDArray[np.float32], leaving: NDArray[np.float32], column: int, shortest: int
) -> tuple[int, int]:
    """Return the tick of the best last beat, within an interval of the end, and the interval before it."""
    n = len(gain)
    best, end, width = np.float32(-np.inf), n - 1, 0
    for w in range(len(leaving)):
        interval = shortest + w
        for t in range(max(0, n - interval), n):
            value = leaving[w, column + t - interval] + gain[t]
            if value > best:
                best, end, width = value, t, w
    return end, width


@compiled
def _trace_back(longer_by: NDArray[np.int8], end: int, width: int, shortest: int) -> NDArray[np.int64]:
    ticks = np.empty(end // shortest + 1, np.int64)
    first = len(ticks)
    while end >= 0:
        first -= 1
        ticks[first] = end
        end -= shortest + width
        if end >= 0:
            width -= longer_by[width, end]
    return ticks[first:].copy()


@compiled
def fold_beats(strength: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Return the strength summed over the beats of each period from one length to the next.

    The fast folding algorithm (D. Staelin, 1969). The track is cut into rows of a whole number of
    frames, their number rounded up to a power of two. Sums of half as many rows are put together,
    again and again, so that each addition serves many periods.

    Parameters
    ----------
    strength : numpy.ndarray of float32, shape (n,)
        Of each frame.
    length : int
        Frames of a row, 2 or more.

    Returns
    -------
    numpy.ndarray of float32, shape (rows, length)
        By drift and phase: beats that drift by d frames, from the first row to the last, and start
        at that frame of the first. They are length**2 / (length - d / (rows - 1)) frames apart.
    """
    rows = 2
    while rows * length < len(strength):
        rows *= 2
    sums = np.zeros((rows, length), np.float32)
    sums.reshape(-1)[: len(strength)] = strength
    joined = np.empty_like(sums)
    half = 1
    while half < rows:
        for first in range(0, rows, 2 * half):
            for drift in range(2 * half):
                a = first + drift // 2
                later = (drift + 1) // 2 % length
                for i in range(length - later):
                    joined[first + drift, i] = sums[a, i] + sums[a + half, i + later]
                for i in range(length - later, length):
                    joined[first + drift, i] = sums[a, i] + sums[a + half, i + later - length]
        sums, joined = joined, sums
        half *= 2
    return sums


@compiled
def best_rigid(
    strength: NDArray[np.float32], periods: NDArray[np.float64], phase_step: float
) -> tuple[float, float, float]:
    """Return period, phase (both in frames) and mean strength of the best regular grid."""
    n = len(strength)
    best_mean, best_period, best_phase = -1.0, 0.0, 0.0
    for period in periods:
        phase = 0.0
        while phase < period:
            total = 0.0
            count = 0
            x = phase
            while x < n - 1:
                i = int(x)
                f = x - i
                total += strength[i] * (1 - f) + strength[i + 1] * f
                count += 1
                x += period
            if count > 0 and total / count > best_mean:
                best_mean, best_period, best_phase = total / count, period, phase
            phase += phase_step
    return best_period, best_phase, best_mean


@compiled
def whittaker(
    values: NDArray[np.float64], weight: NDArray[np.float64], stiffness: float
) -> NDArray[np.float64]:
    """Return the curve near some values with small second differences (Whittaker, 1923).

    Parameters
    ----------
    values, weight : numpy.ndarray of float64, shape (n,)
        What is observed and how much it is to be believed, n >= 3, weights > 0.
    stiffness : float
        Worth of small second differences against closeness; infinite for a straight line.
    """
    n = len(values)
    if stiffness == np.inf:
        numbers = np.arange(n) - (weight * np.arange(n)).sum() / weight.sum()
        mean = (weight * values).sum() / weight.sum()
        slope = (weight * numbers * (values - mean)).sum() / (weight * numbers**2).sum()
        straight: NDArray[np.float64] = mean + slope * numbers
        return straight
    # Only the deviation from a line is solved for: a line comes out as it went in.
    line = np.linspace(values[0], values[-1], n)
    # The equations' diagonal and the two beside it; Gauss's elimination needs no pivots here.
    middle, next_to, beyond = np.zeros(n + 2), np.zeros(n + 2), np.zeros(n + 2)
    curve = np.zeros(n + 2)
    middle[:n] = weight
    curve[:n] = weight * (values - line)
    for i in range(n - 2):
        middle[i] += stiffness
        middle[i + 1] += 4 * stiffness
        middle[i + 2] += stiffness
        next_to[i] -= 2 * stiffness
        next_to[i + 1] -= 2 * stiffness
        beyond[i] += stiffness
    for i in range(n):
        first, second = next_to[i] / middle[i], beyond[i] / middle[i]
        middle[i + 1] -= first * next_to[i]
        next_to[i + 1] -= first * beyond[i]
        middle[i + 2] -= second * beyond[i]
        curve[i + 1] -= first * curve[i]
        curve[i + 2] -= second * curve[i]
    curve[n:] = 0
    for i in range(n - 1, -1, -1):
        curve[i] = (curve[i] - next_to[i] * curve[i + 1] - beyond[i] * curve[i + 2]) / middle[i]
    return line + curve[:n]


@compiled
def robust_curve(
    values: NDArray[np.float64], weight: NDArray[np.float64], stiffness: float, spread: float, rounds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Whittaker's curve through most values, and what say each kept.

    Parameters
    ----------
    values, weight, stiffness
        As of `whittaker`.
    spread : float
        A value that lies this far off the curve keeps a quarter of its say.
    rounds : int
        How often the say is taken from those off the curve.
    """
    trust = weight.copy()
    curve = whittaker(values, trust, stiffness)
    for _ in range(rounds):
        for i in range(len(values)):
            off = (values[i] - curve[i]) / spread
            trust[i] = weight[i] / (1 + off * off) ** 2 + 1e-6
        curve = whittaker(values, trust, stiffness)
    return curve, trust


@compiled
def best_cuts(totals: NDArray[np.float64], shortest: int, longest: int, price: float) -> NDArray[np.int64]:
    """Return where the last piece starts in the best cut of the points up to each into straight pieces.

    Parameters
    ----------
    totals : numpy.ndarray of float64, shape (6, n + 1)
        Running sums over the points of weight times 1, x, x x, y, x y and y y, the first of them 0.
    shortest, longest : int
        Limits of the points of a piece, longest >= 2 * shortest; fewer than the shortest are one piece.
    price : float
        What one more piece must save of the weighted squares.

    Returns
    -------
    numpy.ndarray of int64, shape (n + 1,)
        By the number of points.
    """
    n = totals.shape[1] - 1
    w, x, xx, y, xy, yy = totals
    best = np.full(n + 1, np.inf)
    best[0] = -price
    start_of = np.zeros(n + 1, np.int64)
    cost = np.empty(n + 1)
    for end in range(min(shortest, n), n + 1):
        first, last = max(end - longest, 0), max(end - shortest, 0)
        for k in range(first, last + 1):  # no branch in it: four at once
            weight = max(w[end] - w[k], 1e-12)
            mean_x, mean_y = (x[end] - x[k]) / weight, (y[end] - y[k]) / weight
            spread_x = xx[end] - xx[k] - (x[end] - x[k]) * mean_x
            spread_y = yy[end] - yy[k] - (y[end] - y[k]) * mean_y
            together = xy[end] - xy[k] - (x[end] - x[k]) * mean_y
            cost[k] = best[k] + max(spread_y - together * together / max(spread_x, 1e-12), 0.0)
        start = first + np.argmin(cost[first : last + 1])
        start_of[end] = start
        best[end] = cost[start] + price
    return start_of
