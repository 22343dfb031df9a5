"""How strongly something begins, a hundred times a second.

Six bands are looked at apart, each against its own neighbourhood in time, so that a quiet verse
counts as much as a loud chorus and a hi-hat cannot drown the bass drum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.smoothing import running_mean
from bpmsync.beats.spectrum import Floats

if TYPE_CHECKING:
    from bpmsync.beats.spectrum import Features

__all__ = ["Floats", "OnsetStrength", "measure_onsets"]

# What each band is worth: cymbals mark the off-beat as often as the beat.
_WORTH = np.array([1.0, 0.9, 0.8, 0.8, 0.6, 0.45], np.float32)
_NEAR = 100  # frames: a second
_WIDE = 800


@dataclass(frozen=True, slots=True, eq=False)
class OnsetStrength:
    """Onset strength of one track.

    Parameters
    ----------
    strength : numpy.ndarray of float32, shape (n,)
        0 where nothing begins, about 1 at a usual onset, at most 6.
    low : numpy.ndarray of float32, shape (n,)
        The same from the two lowest bands alone.
    frame_s : float
        Seconds from one frame to the next.
    """

    strength: Floats
    low: Floats
    frame_s: float


def measure_onsets(features: Features) -> OnsetStrength:
    """Return the onset strength of a track."""
    bands = _against_neighbourhood(features.flux)
    strength = (bands @ (_WORTH / _WORTH.sum())).astype(np.float32)
    low = bands[:, :2].mean(axis=1)
    return OnsetStrength(_unit(strength), _unit(low), features.frame_s)


def _against_neighbourhood(flux: Floats) -> Floats:
    """Subtract what is usual within a second, divide by what is usual within eight."""
    base = running_mean(flux, _NEAR)
    rise = np.maximum(flux - base, 0)
    # A running mean of squares may come out a rounding error below nothing.
    power = running_mean(rise**2, _WIDE)
    usual = np.sqrt(np.maximum(power, 0))
    floor = 0.1 * np.sqrt((rise**2).mean(axis=0)) + 0.01
    return np.asarray(np.minimum(rise / (usual + floor), 6), np.float32)


def _unit(values: Floats) -> Floats:
    peak = np.sqrt(np.mean(values**2)) if len(values) else 0.0
    scaled: Floats = values if peak == 0 else np.minimum(values / (2 * peak), 6).astype(np.float32)
    return scaled
