"""The two loops that must be compiled: the path through the beats and the rigid grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - the compiler reads the module as it is

from bpmsync.beats.jit import compiled

__all__ = ["best_rigid", "best_steady_path"]


@compiled
def best_steady_path(  # noqa: C901 - one loop, compiled as one
    gain: NDArray[np.float32], shortest: int, longest: int, stiffness: float
) -> NDArray[np.int64]:
    """Return the ticks of the beats with the highest gain minus the cost of tempo changes.

    Parameters
    ----------
    gain : numpy.ndarray of float32, shape (n,)
        What a beat at a tick is worth; may be negative.
    shortest, longest : int
        Limits of a beat interval in ticks, shortest >= 2.
    stiffness : float
        Cost of one interval being twice as long as the one before.
    """
    n = len(gain)
    widths = longest - shortest + 1
    best = np.full((n, widths), -1e30, np.float32)
    back = np.zeros((n, widths), np.int16)
    for t in range(n):
        for w in range(widths):
            d = shortest + w
            s = t - d
            if s < 0:
                best[t, w] = gain[t]
                back[t, w] = -1
                continue
            reach = max(1, d // 16)
            top = np.float32(-1e30)
            where = w
            for v in range(max(0, w - reach), min(widths, w + reach + 1)):
                value = best[s, v] - stiffness * abs(w - v) / (shortest + v)
                if value > top:
                    top = value
                    where = v
            best[t, w] = top + gain[t]
            back[t, w] = where
    # The last beat lies within the last interval.
    t_end, w_end, top = n - 1, 0, np.float32(-1e30)
    for w in range(widths):
        for t in range(max(0, n - shortest - w), n):
            if best[t, w] > top:
                top = best[t, w]
                t_end = t
                w_end = w
    ticks = np.empty(n // shortest + 2, np.int64)
    count = 0
    t, w = t_end, w_end
    while True:
        ticks[count] = t
        count += 1
        before = back[t, w]
        if before < 0:
            break
        t -= shortest + w
        w = before
    return ticks[:count][::-1].copy()


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
