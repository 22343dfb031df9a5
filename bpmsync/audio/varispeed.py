"""Sound played a little faster or slower: resampling, with no artefact but the pitch.

Each output sample is read between two source samples through a windowed sinc. At 0.3 % the pitch
moves by 5 cents, which nobody hears; beyond that the phase vocoder keeps it. At speeds this near
1 no band limit below that of the source is needed. Frame 0 of the source is second 0 of the map.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from bpmsync.audio.source import Sound, SourceWindow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.timeline.timemap import TimeMap

__all__ = ["resample_along"]

_TAPS: Final = 48  # flat to 19.7 kHz at 44.1 kHz
_KAISER_BETA: Final = 8.0
# Between two of these phases the error is below that of 16 bits
_PHASES: Final = 8192
_BLOCK: Final = 4096


def resample_along(blocks: Iterable[Sound], timemap: TimeMap, *, sample_rate: int) -> Iterator[Sound]:
    """Yield the sound that a map makes when the pitch may follow the speed.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, frames)
        From second 0 on.
    timemap : TimeMap
        Source seconds to output seconds.
    sample_rate : int
        In Hz, of both.

    Yields
    ------
    numpy.ndarray of float32, shape (channels, frames)
        Together round((out end - out start) * sample_rate) frames.
    """
    source = SourceWindow(iter(blocks))
    total = round((timemap.out_s[-1] - timemap.out_s[0]) * sample_rate)
    for first in range(0, total, _BLOCK):
        seconds = timemap.out_s[0] + np.arange(first, min(first + _BLOCK, total)) / sample_rate
        # In steps of a phase: the whole samples and the rest come apart without rounding
        steps = np.rint(timemap.inverse(seconds) * (sample_rate * _PHASES)).astype(np.int64)
        places, phases = np.divmod(steps, _PHASES)
        places -= _TAPS // 2 - 1
        start = int(places.min())
        sound = source.read(start, int(places.max()) + _TAPS)
        source.forget(start)
        yield _read_between(sound, places - start, _sinc_table()[phases])


def _read_between(sound: Sound, places: np.ndarray, kernels: Sound) -> Sound:
    out = np.empty((len(sound), len(places)), np.float32)
    for channel, samples in enumerate(sound):
        around = np.lib.stride_tricks.sliding_window_view(samples, _TAPS)[places]
        np.einsum("nk,nk->n", around, kernels, out=out[channel])
    return out


@cache
def _sinc_table() -> Sound:
    """Return the taps of every phase, shape (phases, taps); phase 0 is one sample, untouched."""
    distances = np.arange(_TAPS) - (_TAPS // 2 - 1) - np.arange(_PHASES)[:, None] / _PHASES
    inside = np.clip(1 - (2 * distances / _TAPS) ** 2, 0, None)
    window = np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    table = np.sinc(distances) * window
    table /= table.sum(axis=1, keepdims=True)  # silence and standing pressure stay as they are
    return table.astype(np.float32)
