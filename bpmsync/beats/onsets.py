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

__all__ = ["WORTH", "Floats", "OnsetStrength", "measure_onsets"]

# What each band is worth: cymbals mark the off-beat as often as the beat.
WORTH = np.array([1.0, 0.9, 0.8, 0.8, 0.6, 0.45], np.float32)
_NEAR = 100  # frames: a second
_WIDE = 800
_LOW_SHARE = 0.3  # of what the beat is tracked in, the part that is the two lowest bands alone
_STRONGEST_PULSE = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class OnsetStrength:
    """Onset strength of one track.

    Parameters
    ----------
    bands : numpy.ndarray of float32, shape (n, 6)
        Of each band alone, the lowest first: 0 where nothing begins, at most 6.
    strength : numpy.ndarray of float32, shape (n,)
        Of all bands together: 0 where nothing begins, about 1 at a usual onset, at most 6.
    pulse : numpy.ndarray of float32, shape (n,)
        The same with more of the low bands, at most 3: what the beat is tracked in.
    frame_s : float
        Seconds from one frame to the next.
    """

    bands: Floats
    strength: Floats
    pulse: Floats
    frame_s: float


def measure_onsets(features: Features) -> OnsetStrength:
    """Return the onset strength of a track."""
    bands = _against_neighbourhood(features.flux)
    # Not a matrix product: over an hour it would wake threads, which costs more than it saves.
    strength = _unit(np.einsum("ij,j->i", bands, WORTH / WORTH.sum()))
    low = _unit(bands[:, :2].mean(axis=1))
    mixed = (1 - _LOW_SHARE) * strength + _LOW_SHARE * low
    pulse = np.minimum(mixed, _STRONGEST_PULSE).astype(np.float32)
    return OnsetStrength(bands, strength, pulse, features.frame_s)


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
