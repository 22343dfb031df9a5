"""Cues laid over a rendered mix: the music steps back, a voice or a chime is heard.

Frame 0 of the mix is run second 0. The music is taken down by 8 dB over 150 ms before a cue and
comes back as fast after it, along a raised cosine, so that neither is heard as an edge. Where
there is no cue the mix is left as it is, to the bit.

`cueschedule` tells when, `cuetexts` what is said, and `cuesounds` how it sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bpmsync.render.cueschedule import DUCK_S, Cue, schedule_cues
from bpmsync.render.cuesounds import CueSounds, change_chime, make_cue_sounds
from bpmsync.render.cuetexts import find_theme, format_themes, load_themes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.audio.frames import Samples
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = [
    "DUCK_DB",
    "Cue",
    "CueLayer",
    "CueSounds",
    "find_theme",
    "format_themes",
    "load_themes",
    "make_cue_sounds",
    "schedule_cues",
]

DUCK_DB: Final = -8.0


@dataclass(frozen=True, slots=True, eq=False)
class CueLayer:
    """The cues of one mix, applied block by block.

    Parameters
    ----------
    cues : tuple of Cue
        In order.
    sounds : tuple of numpy.ndarray of float32, shape (n,)
        What is heard for each of them.
    sample_rate : int
        Of sounds and mix, in Hz.
    """

    cues: tuple[Cue, ...]
    sounds: tuple[Samples, ...]
    sample_rate: int

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    @classmethod
    def of(cls, plan: Plan[WarpedLeg], theme: CueSounds, *, fades: Sequence[int] = ()) -> CueLayer:
        """Return the cues of a stretched plan.

        Parameters
        ----------
        plan, fades
            As `schedule_cues`.
        theme : CueSounds
            What is said in turn, at the sample rate and for the loudness of the mix.
        """
        cues = schedule_cues(plan, theme.texts, fades=fades, longest_s=theme.longest_s)
        sounds = []
        said = 0
        for cue in cues:
            if cue.kind == "change":
                sounds.append(change_chime(cue.text, theme.sample_rate, loudness_lufs=theme.loudness_lufs))
            else:
                sounds.append(theme.sounds[said % len(theme.sounds)])
                said += 1
        return cls(cues, tuple(sounds), theme.sample_rate)

    def apply(self, block: Samples, first_frame: int) -> Samples:
        """Return a block of the mix with its cues.

        Parameters
        ----------
        block : numpy.ndarray of float32, shape (channels, frames)
            Untouched; a cue comes from every channel alike.
        first_frame : int
            The frame of the mix that the block begins with.

        Returns
        -------
        numpy.ndarray of float32, same shape
            The block itself where no cue is near. However a mix is cut, the same sound comes out.
        """
        fade = round(DUCK_S * self.sample_rate)
        mixed: Samples | None = None
        for cue, sound in zip(self.cues, self.sounds, strict=True):
            first = round(cue.second * self.sample_rate) - first_frame
            span = _within(block, first - fade, first + len(sound) + fade)
            if span.start < span.stop:
                mixed = block.copy() if mixed is None else mixed
                gain = _ducked(len(sound), fade)
                mixed[:, span] *= gain[span.start - first + fade : span.stop - first + fade]
                heard = _within(block, first, first + len(sound))
                mixed[:, heard] += sound[heard.start - first : heard.stop - first]
        return block if mixed is None else mixed


def _ducked(frames: int, fade: int) -> Samples:
    """Return the gain of the music around a cue of some frames: down before it, up after it."""
    lowest = 10 ** (DUCK_DB / 20)
    way = (1 - np.cos(np.pi * np.arange(1, fade + 1) / fade)) / 2
    down = 1 - (1 - lowest) * way
    return np.concatenate((down, np.full(frames, lowest), down[::-1])).astype(np.float32)


def _within(block: Samples, first: int, end: int) -> slice:
    """Return the part of a range of frames that lies in a block; an empty slice where none does."""
    start = min(max(0, first), block.shape[1])
    return slice(start, max(start, min(end, block.shape[1])))
