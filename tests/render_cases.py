"""Songs for tests of rendering: clicks whose places are known to the sample, over low tones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.audio.decode import identify
from bpmsync.audio.encode import write_wav
from bpmsync.planner.stretch import StretchOptions, plan_stretch
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan, WarpedLeg

RATE = 44_100
CLICK_S = 0.02
SHORT = StretchOptions(min_length_s=6, max_length_s=60, fade_steps=8)


def click_song(
    folder: Path, name: str, bpm: float, *, seconds: float = 16.0, hertz: float = 2000.0, level: float = 0.4
) -> Track:
    """Write a song of clicks on its beats, four to a bar, and return it with its true grid."""
    beats = np.round(0.25 + np.arange(int((seconds - 0.5) * bpm / 60)) * 60 / bpm, 6)
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.array([np.sin(2 * np.pi * low * t) for low in (bpm / 2, bpm / 3)], np.float32)
    sound *= 0.3 * level
    for beat in beats:
        first = round(beat * RATE)
        sound[:, first : first + round(CLICK_S * RATE)] += level * click(hertz)
    path = folder / f"{name}.wav"
    write_wav(path, sound, RATE)
    found = identify(path)
    song = track(
        name,
        bpm,
        found.duration_s,
        audio_hash=found.audio_hash,
        beats=beats,
        first_downbeat=0,
        confidence=1.0,
        usable=((float(beats[0]), float(beats[-1])),),
    )
    return replace(song, path=str(path))


def click(hertz: float) -> NDArray[np.float32]:
    """Return one click, loudest on its first sample."""
    t = np.arange(round(CLICK_S * RATE)) / RATE
    return (np.cos(2 * np.pi * hertz * t) * np.exp(-t / 0.003)).astype(np.float32)


def three_songs(folder: Path) -> list[Track]:
    """Write three songs around 165 BPM, one of them at half the tempo."""
    return [
        click_song(folder, "one", 164.0, hertz=1700.0),
        click_song(folder, "two", 83.0, hertz=2300.0, level=0.8),
        click_song(folder, "three", 168.0, hertz=3100.0, level=0.4),
    ]


def short_plan(
    songs: list[Track], *, seconds: float = 34.0, options: StretchOptions = SHORT
) -> Plan[WarpedLeg]:
    """Return a run of all of them from 163 to 169 spm."""
    return plan_stretch(songs, Ramp(((0.0, 163.0), (seconds, 169.0))), options)


def heard_clicks(sound: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float64]:
    """Return the seconds at which clicks begin: where the sound rises far above what was before it."""
    high = np.abs(np.diff(sound.mean(axis=0), prepend=0.0))
    past = round(0.015 * rate)
    padded = np.concatenate((np.zeros(past), high))
    before = np.lib.stride_tricks.sliding_window_view(padded, past).max(axis=1)[: len(high)]
    rising = np.flatnonzero((high > 4 * before) & (high > 0.05))
    # The first sample of a click is its loudest; what follows within a click is no other one
    return rising[np.diff(rising, prepend=-rate) > past] / rate
