"""Clicks on the steps of a track, to hear whether its beat is right.

A click begins with its loudest sample, on the sample nearest to its second: what is heard,
or measured, is where the beat is claimed to be. Seconds count from the start of the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bpmsync.errors import ParameterError
from bpmsync.timeline.arrays import FloatArray, frozen_floats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bpmsync.timeline.grid import BeatGrid

Samples: TypeAlias = NDArray[np.float32]

__all__ = [
    "CLICK_LEVEL",
    "Clicks",
    "Samples",
    "click_sound",
    "good_place",
    "mix_clicks",
    "read_excerpt",
    "step_clicks",
    "usual_steps_per_beat",
]

# Half of full scale: plainly above music that has been turned down to the other half.
CLICK_LEVEL = 0.5
_PLAIN_OF_ACCENT = 0.6
_PLAIN_HZ = 1500.0
_ACCENT_HZ = 2250.0
_CLICK_S = 0.03
_DECAY_S = 0.006
# Decoding starts at the front of a file, so a place far into a long track is slow to reach.
_LATEST_S = 90.0
_USUAL_SPM = 170.0


@dataclass(frozen=True, slots=True, eq=False)
class Clicks:
    """Where to click.

    Parameters
    ----------
    seconds : array_like of float
        In order.
    accented : sequence of bool
        As many: which are higher and louder.
    """

    seconds: FloatArray
    accented: tuple[bool, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "seconds", frozen_floats(self.seconds, "clicks"))
        object.__setattr__(self, "accented", tuple(bool(accent) for accent in self.accented))
        if len(self.seconds) != len(self.accented) or (np.diff(self.seconds) < 0).any():
            msg = "clicks must be in order, each accented or not"
            raise ParameterError(msg)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Clicks):
            return NotImplemented
        return self.accented == other.accented and np.array_equal(self.seconds, other.seconds)

    __hash__ = None  # type: ignore[assignment]  # values with arrays are compared, not hashed


def usual_steps_per_beat(bpm: float) -> Fraction:
    """Return 1, 2 or 1/2: whichever brings a tempo nearest to a running cadence.

    Examples
    --------
    >>> [str(usual_steps_per_beat(bpm)) for bpm in (84, 165, 330)]
    ['2', '1', '1/2']
    """
    readings = (Fraction(1), Fraction(2), Fraction(1, 2))
    return min(readings, key=lambda ratio: abs(np.log(bpm * float(ratio) / _USUAL_SPM)))


def step_clicks(grid: BeatGrid, *, steps_per_beat: Fraction, start_s: float, length_s: float) -> Clicks:
    """Return a click for every step that falls into an excerpt, in seconds of the excerpt.

    The accent is the downbeat where bars are known, else the beat where it has several
    steps; a bar line that nobody knows is not claimed.

    Parameters
    ----------
    grid : BeatGrid
        Of the track; steps are counted from its first downbeat, else from beat 0.
    steps_per_beat : Fraction
        Positive.
    start_s, length_s : float
        The excerpt, in seconds of the track: start included, end not.
    """
    origin = int(grid.downbeats[0]) if len(grid.downbeats) else 0
    edges = (grid.beat_at(np.array([start_s, start_s + length_s])) - origin) * float(steps_per_beat)
    steps = np.arange(np.floor(edges[0]), np.ceil(edges[1]) + 1)
    seconds = grid.time_of(origin + steps / float(steps_per_beat)) - start_s
    inside = (seconds >= 0) & (seconds < length_s)
    bars = {(int(d) - origin) * steps_per_beat for d in grid.downbeats}
    if bars:
        accents = [int(step) in bars for step in steps[inside]]
    else:
        several = steps_per_beat > 1
        accents = [several and (int(step) / steps_per_beat).denominator == 1 for step in steps[inside]]
    return Clicks(seconds[inside], tuple(accents))


def mix_clicks(samples: Samples, sample_rate: int, clicks: Clicks) -> Samples:
    """Return the samples with clicks mixed in, never above full scale.

    Music that leaves too little room for the click is turned down as a whole; the click
    always has the same level, so that it is heard alike over soft and loud tracks.

    Parameters
    ----------
    samples : numpy.ndarray of float32, shape (frames,) or (channels, frames)
        Untouched; a click goes to every channel.
    sample_rate : int
        Hz.
    clicks : Clicks
        Seconds of the samples; those outside are left out.

    Returns
    -------
    numpy.ndarray of float32
        Same shape.
    """
    room = 1.0 - CLICK_LEVEL
    peak = float(np.max(np.abs(samples), initial=0.0))
    mixed = samples * np.float32(min(1.0, room / peak) if peak else 1.0)
    layer = np.zeros(samples.shape[-1], dtype=np.float32)
    sounds = {accent: click_sound(sample_rate, accent=accent) for accent in (False, True)}
    firsts = np.rint(clicks.seconds * sample_rate).astype(int)
    for first, accent in zip(firsts, clicks.accented, strict=True):
        if 0 <= first < len(layer):
            sound = sounds[accent][: len(layer) - first]
            # A click replaces the tail of the one before: two never add up above the level
            layer[first:] = 0.0
            layer[first : first + len(sound)] = sound
    return (mixed + layer).astype(np.float32)


def click_sound(sample_rate: int, *, accent: bool, level: float = CLICK_LEVEL) -> Samples:
    """Return one click, 30 ms of mono sound that begins with its loudest sample.

    Parameters
    ----------
    sample_rate : int
        Hz.
    accent : bool
        Higher and louder.
    level : float
        The first sample of an accented click; a plain one has 0.6 of it.
    """
    t = np.arange(round(_CLICK_S * sample_rate)) / sample_rate
    peak = level * (1.0 if accent else _PLAIN_OF_ACCENT)
    tone = np.cos(2 * np.pi * (_ACCENT_HZ if accent else _PLAIN_HZ) * t)
    return (peak * tone * np.exp(-t / _DECAY_S)).astype(np.float32)


def good_place(usable: Sequence[tuple[float, float]], *, duration_s: float, length_s: float) -> float:
    """Return the second at which an excerpt is worth hearing.

    It is the middle of the longest range with a clear beat (of the whole track where there
    is none), but not needlessly far into a long track.

    Examples
    --------
    >>> good_place([(2.0, 10.0), (20.0, 60.0)], duration_s=70.0, length_s=10.0)
    35.0
    """
    start, end = max(usable, key=lambda span: span[1] - span[0], default=(0.0, duration_s))
    middle = (start + end - length_s) / 2
    place = min(middle, max(start, _LATEST_S))
    return max(0.0, min(place, duration_s - length_s))


def read_excerpt(path: str | Path, *, start_s: float, length_s: float, sample_rate: int) -> Samples:
    """Return a piece of a file as mono samples, shorter where the file ends.

    Raises
    ------
    DecodeError
        If the file cannot be decoded.
    """
    from bpmsync.audio.decode import audio_blocks  # a decoder that only reading needs

    first, last = round(start_s * sample_rate), round((start_s + length_s) * sample_rate)
    pieces: list[Samples] = []
    position = 0
    for block in audio_blocks(path, sample_rate=sample_rate):
        pieces.append(block[max(0, first - position) : max(0, last - position)])
        position += len(block)
        if position >= last:
            break
    return np.concatenate([np.zeros(0, dtype=np.float32), *pieces]).astype(np.float32)
