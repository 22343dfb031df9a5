"""Which beat of which song is heard when in a mix: found in its sound, by the clicks of the library.

Every true beat of a song of `library` has a click at a pitch of the song's own. The sound of a leg is
matched with that click (`library.click_of`) and read between samples, so the beats of two songs that
sound together are told apart; nothing of the engines, and no place where a click should be, is
used to find it. `meet` then says which of the beats that should be heard were found, and which are one
too many.

Attacks of the music itself are looked for by `landing.land`, where one song sounds alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import fftconvolve, hilbert

from rendering.library import click_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NEAR_S", "Heard", "Met", "hear_clicks", "meet"]

NEAR_S = 0.060  # further from its place a beat is another beat
_APART_S = 0.080  # of two clicks of one song
_CLEAR = 0.45  # of the usual click; a fade is heard down to this
_NOISE = 4.0  # clicks stand above what the band makes at their pitch


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Clicks of one song.

    Parameters
    ----------
    seconds
        Of the sound, increasing.
    levels
        Of each, re the usual one.
    """

    seconds: NDArray[np.float64]
    levels: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Met:
    """Wanted beats and heard ones.

    Parameters
    ----------
    seconds
        Where each wanted beat was heard; nan where it was not.
    extra
        Seconds of what was heard and not wanted.
    """

    seconds: NDArray[np.float64]
    extra: NDArray[np.float64]


def hear_clicks(sound: NDArray[np.float32], number: int, sample_rate: int) -> Heard:
    """Return the clicks of a song of the library in sound of shape (channels, frames)."""
    click = hilbert(click_of(number, sample_rate))
    reach = round(_APART_S * sample_rate)
    mono = np.pad(sound.mean(axis=0, dtype=np.float64), reach)  # a click may be on the first sample
    match = np.abs(fftconvolve(mono, np.conj(click[::-1]), "full"))[len(click) - 1 :]
    highest = maximum_filter1d(match, 2 * reach + 1)
    peaks = np.flatnonzero((match == highest) & (match > _NOISE * np.median(match)))
    peaks = peaks[(peaks > 0) & (peaks < len(match) - 1)]
    if not len(peaks):
        return Heard(np.empty(0), np.empty(0))
    levels = match[peaks] / np.percentile(match[peaks], 75)
    peaks, levels = peaks[levels > _CLEAR], levels[levels > _CLEAR]
    left, middle, right = match[peaks - 1], match[peaks], match[peaks + 1]
    between = 0.5 * (left - right) / np.minimum(left - 2 * middle + right, -1e-12)
    return Heard((peaks + between - reach) / sample_rate, levels)


def meet(wanted_s: NDArray[np.float64], heard_s: NDArray[np.float64], *, near_s: float = NEAR_S) -> Met:
    """Return which wanted beat is which heard one: the nearest, within `near_s`, each once."""
    seconds = np.full(len(wanted_s), np.nan)
    taken = np.zeros(len(heard_s), bool)
    if len(wanted_s) and len(heard_s):
        distances = np.abs(wanted_s[:, None] - heard_s)
        for beat, click in zip(*np.nonzero(distances <= near_s), strict=True):
            is_nearest = distances[beat].argmin() == click and distances[:, click].argmin() == beat
            if is_nearest:
                seconds[beat], taken[click] = heard_s[click], True
    return Met(seconds, heard_s[~taken])
