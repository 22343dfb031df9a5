"""Sounds of known beats, and what each stage of the engine hears in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bpmsync.beats.metre import Harmony, listen_to_harmony
from bpmsync.beats.onsets import OnsetStrength, measure_onsets
from bpmsync.beats.spectrum import Features, measure_features
from bpmsync.beats.tempo import Tempo, find_tempo

__all__ = ["RATE", "Heard", "Sound", "Times", "chords", "drums", "hear", "onsets_at"]

RATE = 22_050
Sound = NDArray[np.float32]
Times = NDArray[np.float64]


def drums(times: Times, seconds: float, *, seed: int = 1, beats_per_bar: int = 4, first: int = 0) -> Sound:
    """Return a short burst of noise at each time, with a low thump on the first of each bar."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE), np.float32)
    k = np.arange(2500)
    for number, time in enumerate(times):
        start = round(time * RATE)
        hit = 0.4 * np.exp(-k / 250) * rng.standard_normal(len(k))
        if (number - first) % beats_per_bar == 0:
            hit = hit + 0.5 * np.exp(-k / 900) * np.sin(2 * np.pi * 70 * k / RATE)
        stop = min(start + len(k), len(sound))
        sound[start:stop] += hit[: stop - start].astype(np.float32)
    return sound


def chords(times: Times, seconds: float, roots_hz: tuple[float, ...], *, level: float = 0.1) -> Sound:
    """Return a fifth that holds from each time to the next, its roots in turn."""
    t = np.arange(round(seconds * RATE)) / RATE
    number = np.maximum(np.searchsorted(times, t, side="right") - 1, 0)
    hertz = np.array(roots_hz)[number % len(roots_hz)]
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return (level * (np.sin(phase) + 0.7 * np.sin(1.5 * phase))).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A sound after the first stages of the engine."""

    features: Features
    onsets: OnsetStrength
    tempo: Tempo
    harmony: Harmony

    def frames(self, seconds: Times) -> Times:
        """Return seconds as frames."""
        return seconds / self.onsets.frame_s


def hear(sound: Sound) -> Heard:
    """Return what the engine measures before it tracks."""
    features = measure_features(sound, RATE)
    onsets = measure_onsets(features)
    return Heard(features, onsets, find_tempo(onsets), listen_to_harmony(features))


def onsets_at(frames: Times, count: int, *, frame_s: float = 0.01) -> OnsetStrength:
    """Return onsets of equal strength in all bands at places between frames, and nothing else."""
    numbers = np.arange(count)
    strength = np.zeros(count)
    for place in frames:
        strength += np.exp(-0.5 * ((numbers - place) / 1.2) ** 2)
    single = strength.astype(np.float32)
    return OnsetStrength(np.repeat(single[:, None], 6, axis=1), single, single, frame_s)
