"""How strongly something begins, a hundred times a second.

Frame k is centred on sample k * hop. Six bands are looked at apart, each against its own
neighbourhood in time, so that a quiet verse counts as much as a loud chorus and a hi-hat
cannot drown the bass drum.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import librosa.filters
import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

__all__ = ["Floats", "OnsetStrength", "measure_onsets"]

Floats: TypeAlias = NDArray[np.float32]

_FRAMES_PER_S = 100
_WINDOW_S = 0.0464
_MEL_BANDS = 72
_LOWEST_HZ = 27.5
_HIGHEST_HZ = 10_000.0
_LAG = 2
# Edges of the six bands, and what each is worth: cymbals mark the off-beat as often as the beat.
_EDGES_HZ = (120.0, 250.0, 500.0, 1200.0, 4000.0)
_WORTH = np.array([1.0, 0.9, 0.8, 0.8, 0.6, 0.45], np.float32)
_CHUNK = 1024


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


def measure_onsets(samples: Floats, sample_rate: int) -> OnsetStrength:
    """Return the onset strength of mono sound.

    Parameters
    ----------
    samples : numpy.ndarray of float32, shape (n,)
        Mono; may be shorter than a frame.
    sample_rate : int
        In Hz, 8,000 or more.
    """
    hop = sample_rate // _FRAMES_PER_S
    flux = _banded_flux(samples, sample_rate, hop)
    bands = _against_neighbourhood(flux)
    strength = (bands @ (_WORTH / _WORTH.sum())).astype(np.float32)
    low = bands[:, :2].mean(axis=1)
    return OnsetStrength(_unit(strength), _unit(low), hop / sample_rate)


def _banded_flux(samples: Floats, sample_rate: int, hop: int) -> Floats:
    """Return the rise of each band's log spectrum over two frames, vibrato suppressed."""
    size = 1 << round(np.log2(_WINDOW_S * sample_rate))
    weights, pool = _filters(sample_rate, size)
    count = len(samples) // hop + 1
    padded = np.zeros((count - 1) * hop + size, np.float32)
    inside = samples[: len(padded) - size // 2]
    padded[size // 2 : size // 2 + len(inside)] = inside
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    flux = np.zeros((count, pool.shape[1]), np.float32)
    tail = np.zeros((_LAG, weights.shape[1]), np.float32)
    for start in range(0, count, _CHUNK):
        spectrum = np.abs(scipy.fft.rfft(frames[start : start + _CHUNK] * window, axis=1))
        bands = np.log1p(1000 * (spectrum @ weights))
        history = np.concatenate([tail, bands])
        before = maximum_filter1d(history[:-_LAG], 3, axis=1)
        flux[start : start + len(bands)] = np.maximum(bands - before, 0) @ pool
        tail = history[-_LAG:]
    flux[:_LAG] = 0  # sound that is there from the start has not begun
    return flux


@functools.lru_cache(maxsize=4)
def _filters(sample_rate: int, size: int) -> tuple[Floats, Floats]:
    """Return the mel weights (bins, bands) and the pooling of mel bands into six."""
    highest = min(_HIGHEST_HZ, sample_rate / 2)
    mel = librosa.filters.mel(
        sr=sample_rate, n_fft=size, n_mels=_MEL_BANDS, fmin=_LOWEST_HZ, fmax=highest, norm=None
    )
    mel = mel[mel.sum(axis=1) > 0]
    centres = np.array([np.average(np.arange(len(row)), weights=row) for row in mel])
    group = np.searchsorted(_EDGES_HZ, centres * sample_rate / size)
    pool = (group[:, None] == np.arange(len(_EDGES_HZ) + 1)).astype(np.float32)
    pool /= np.maximum(pool.sum(axis=0), 1)
    return np.ascontiguousarray(mel.T, np.float32), pool


def _against_neighbourhood(flux: Floats) -> Floats:
    """Subtract what is usual within half a second, divide by what is usual within eight."""
    base = uniform_filter1d(flux, _FRAMES_PER_S, axis=0, mode="nearest")
    rise = np.maximum(flux - base, 0)
    # A running mean of squares may come out a rounding error below nothing.
    power = uniform_filter1d(rise**2, 8 * _FRAMES_PER_S, axis=0, mode="nearest")
    usual = np.sqrt(np.maximum(power, 0))
    floor = 0.1 * np.sqrt((rise**2).mean(axis=0)) + 0.01
    return np.asarray(np.minimum(rise / (usual + floor), 6), np.float32)


def _unit(values: Floats) -> Floats:
    peak = np.sqrt(np.mean(values**2)) if len(values) else 0.0
    scaled: Floats = values if peak == 0 else np.minimum(values / (2 * peak), 6).astype(np.float32)
    return scaled
