"""Where attacks are, heard in the sound alone: nothing of the engines is used here.

The strength of an onset is how fast the loudness of the high-passed sound rises, 16 times a
millisecond at 44.1 kHz. The attack at a beat of the source is looked for around where it should be
in the output by the normalised correlation of both strengths, and read between samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Landing", "attack_strength", "land", "side_share"]

_DECIMATE_TO = 16_000
_SMOOTH_S = 0.002
_BEFORE_S, _AFTER_S = 0.020, 0.030
_SEARCH_S = 0.050
_CLEAR = 0.3
_NEARLY = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Landing:
    """What was measured at the beats where the source has a clear attack.

    Parameters
    ----------
    errors_ms : numpy.ndarray
        Output later than wanted is positive.
    kept : numpy.ndarray
        Peak strength of the output's attack over the source's.
    """

    errors_ms: np.ndarray
    kept: np.ndarray

    @property
    def p95_ms(self) -> float:
        """95 of 100 beats land nearer than this."""
        return float(np.percentile(np.abs(self.errors_ms), 95)) if len(self.errors_ms) else float("nan")


def attack_strength(sound: np.ndarray, rate: int) -> tuple[np.ndarray, float]:
    """Return the onset strength of sound of shape (channels, frames), and its rate in Hz."""
    step = max(1, rate // _DECIMATE_TO)
    loud = np.zeros(sound.shape[1] - 1)
    for channel in sound:
        loud += np.abs(np.diff(channel.astype(np.float64)))
    width = max(3, round(_SMOOTH_S * rate))
    window = np.hanning(width + 2)[1:-1]
    smooth = np.convolve(loud, window / window.sum(), "same")[::step]
    lag = max(1, round(_SMOOTH_S / 2 * rate / step))
    rise = np.zeros_like(smooth)
    rise[lag:-lag] = smooth[2 * lag :] - smooth[: -2 * lag]
    return np.maximum(rise, 0), rate / step


def land(
    source: np.ndarray, output: np.ndarray, rate: int, source_s: np.ndarray, out_s: np.ndarray
) -> Landing:
    """Measure where the attacks at some seconds of the source came out."""
    before, per_s = attack_strength(source, rate)
    after, _ = attack_strength(output, rate)
    found = [_attack(before, after, per_s, at, to) for at, to in zip(source_s, out_s, strict=True)]
    whole = [row for row in found if row is not None]
    if not whole:
        return Landing(np.empty(0), np.empty(0))
    lags, peaks, first = np.array(whole).T
    clear = first > _CLEAR * np.percentile(first, 90)
    return Landing(1000 * lags[clear], peaks[clear] / first[clear])


def _attack(
    before: np.ndarray, after: np.ndarray, per_s: float, at_s: float, to_s: float
) -> tuple[float, float, float] | None:
    """Return the lag in seconds and both peaks, None too near to an end."""
    back, on, reach = (round(s * per_s) for s in (_BEFORE_S, _AFTER_S, _SEARCH_S))
    at, to = round(at_s * per_s), round(to_s * per_s)
    if at < back or at + on > len(before) or to < back + reach or to + on + reach > len(after):
        return None
    wanted, heard = before[at - back : at + on], after[to - back - reach : to + on + reach]
    taper = np.hanning(len(wanted) + 2)[1:-1]
    dots = np.correlate(heard, wanted * taper, "valid")
    sizes = np.sqrt(np.maximum(np.correlate(heard**2, taper, "valid"), 1e-20))
    match = dots / sizes
    best = _nearest_good(match, reach)
    left, middle, right = match[best - 1 : best + 2]
    bend = left - 2 * middle + right
    between = 0.5 * (left - right) / bend if bend < 0 else 0.0
    # What rounding to the grid of the strength moved, on both sides
    rounding = (to - to_s * per_s) - (at - at_s * per_s)
    lag = (best - reach + between + rounding) / per_s
    peak = heard[best : best + len(wanted)].max()
    return lag, float(peak), float(wanted.max())


def _nearest_good(match: np.ndarray, centre: int) -> int:
    """Return the peak nearest to where the attack should be, of those that match nearly best.

    In favour of engines that soften an attack: a neighbour of it may match better by chance.
    """
    inner = match[1:-1]
    peaks = 1 + np.flatnonzero((inner >= match[:-2]) & (inner > match[2:]) & (inner >= _NEARLY * inner.max()))
    return int(peaks[np.abs(peaks - centre).argmin()]) if len(peaks) else centre


def side_share(sound: np.ndarray) -> float:
    """Return how much of a stereo sound's power its channels do not share, in dB."""
    middle, side = sound[0] + sound[1], sound[0] - sound[1]
    return float(10 * np.log10(np.mean(side**2.0) / max(float(np.mean(middle**2.0)), 1e-20) + 1e-12))
