"""All voices as one sound: each at its place, with its gain, its rise and its fall."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bpmsync.render.scratch import CHANNELS, FrameReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bpmsync.audio.source import Sound
    from bpmsync.render.timeline import MixTimeline, Voice
    from bpmsync.render.voices import VoiceSound

__all__ = ["Layer", "heard_parts", "mix_blocks"]

# What is laid over the music: takes a block of the mix and the number of its first frame
Layer: TypeAlias = "Callable[[Sound, int], Sound]"
_BLOCK = 32_768


def heard_parts(voice: Voice, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the parts of a voice that are heard where only some spans of the mix are."""
    both = ((max(first, voice.start), min(last, voice.stop)) for first, last in spans)
    return tuple((first, last) for first, last in both if first < last)


def mix_blocks(
    timeline: MixTimeline,
    spans: Sequence[tuple[int, int]],
    sounds: Iterator[VoiceSound],
    layers: Sequence[Layer] = (),
) -> Iterator[Sound]:
    """Yield spans of a mix, one after another.

    Parameters
    ----------
    timeline : MixTimeline
        What sounds when.
    spans : sequence of (int, int)
        Frames, in order and apart; the whole mix is one span.
    sounds : iterator of VoiceSound
        Of the voices that are heard in any span, in order; each holds what `heard_parts` tells.
        The next one is asked for when it begins, and its file removed when it ends.
    layers : sequence of Layer
        What is laid over the music, in order.

    Yields
    ------
    numpy.ndarray of float32, shape (2, frames)
        Not limited yet.
    """
    coming = deque(voice for voice in timeline.voices if heard_parts(voice, spans))
    playing: list[_Playing] = []
    try:
        for first, last in _blocks(spans):
            while coming and coming[0].start < last:
                playing.append(_Playing(coming.popleft(), next(sounds)))
            block = np.zeros((CHANNELS, last - first), np.float32)
            for one in playing:
                one.add_to(block, first)
            for over in [one for one in playing if one.voice.stop <= last]:
                over.close()
                playing.remove(over)
            for layer in layers:
                block = layer(block, first)
            yield block
    finally:
        for one in playing:
            one.close()


def _blocks(spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, stop in spans:
        for first in range(start, stop, _BLOCK):
            yield first, min(first + _BLOCK, stop)


@dataclass(slots=True)
class _Playing:
    """A voice whose sound is being read."""

    voice: Voice
    sound: VoiceSound
    frames: FrameReader = field(init=False)
    gain: np.float32 = field(init=False)

    def __post_init__(self) -> None:
        self.frames = FrameReader(self.sound.scratch)
        self.gain = np.float32(10 ** (self.sound.gain_db / 20))

    def add_to(self, block: Sound, at: int) -> None:
        """Add what is heard of the voice in a block that begins at a frame of the mix."""
        first, last = max(at, self.voice.start), min(at + block.shape[1], self.voice.stop)
        if first >= last:
            return
        sound = self.frames.read(last - first)
        gains = self.voice.gains(first, last)
        sound *= self.gain if gains is None else (self.gain * gains).astype(np.float32)[: sound.shape[1]]
        block[:, first - at : first - at + sound.shape[1]] += sound

    def close(self) -> None:
        self.frames.close()
        Path(self.sound.scratch).unlink(missing_ok=True)
