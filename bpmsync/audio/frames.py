"""One decoded frame as mono or stereo: every sample format and every number of channels.

Sound is float32 with full scale at 1, whatever the file holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av import AudioFrame

__all__ = ["Samples", "mono", "stereo"]

Samples: TypeAlias = NDArray[np.float32]

# A channel that is not one of the front two is heard on its side at -3 dB, a middle one on both.
_BESIDE_FRONT: Final = 0.5**0.5


@np.errstate(over="ignore", invalid="ignore")
def mono(frame: AudioFrame) -> Samples:
    """Return (left + right) / 2, or the mean of more channels, as float32 at full scale 1."""
    sound, kind = _by_channel(frame)
    scale = np.float32(1 / (len(sound) * _full_scale(kind)))
    if len(sound) == 2:  # noqa: PLR2004 - stereo is the fast path
        one = sound[0] + sound[1]
        one *= scale
    else:
        one = np.asarray(np.sum(sound, axis=0, dtype=np.float32)) * scale
    if kind == np.uint8:  # its zero is 128
        one -= np.float32(1)
    _mend(one)
    return one


@np.errstate(over="ignore", invalid="ignore")
def stereo(frame: AudioFrame) -> Samples:
    """Return left and right, shape (2, n), as float32 at full scale 1.

    One channel is doubled. More than two are mixed down by their places, with weights that add up
    to 1 on either side, so that full scale stays full scale; the one for low effects is left out.
    """
    sound, kind = _by_channel(frame)
    if len(sound) <= 2:  # noqa: PLR2004 - both sides, or one for both
        both = np.array((sound[0], sound[-1]), np.float32)
    else:
        names = tuple(channel.name for channel in frame.layout.channels)
        both = np.asarray(_weights(names) @ np.asarray(sound, np.float32))
    scale = np.float32(1 / _full_scale(kind))
    if scale != 1:
        both *= scale
    if kind == np.uint8:  # its zero is 128
        both -= np.float32(1)
    _mend(both)
    return both


@lru_cache(maxsize=16)
def _weights(names: tuple[str, ...]) -> Samples:
    """Return how loud each channel is on either side, shape (2, channels)."""
    places = [_place(name) for name in names]
    if "left" not in places or "right" not in places:  # no names, or not those of places: by turns
        places = ["right" if number % 2 else "left" for number in range(len(names))]
    weights = np.zeros((2, len(names)))
    for number, (name, place) in enumerate(zip(names, places, strict=True)):
        weight = 1.0 if name in {"FL", "FR"} else _BESIDE_FRONT
        weights[0, number] = weight * (place in {"left", "middle"})
        weights[1, number] = weight * (place in {"right", "middle"})
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _place(name: str) -> str:
    """Return where FFmpeg's channel of that name stands: FL, BR, SL, FC, TFR, FLC, LFE ..."""
    if name.startswith("LFE"):
        return "nowhere"
    return "left" if "L" in name else "right" if "R" in name else "middle"


def _mend(sound: Samples) -> None:
    """Make silence of what is no number: a damaged float file would spoil all that follows."""
    if not np.isfinite(sound.sum()):
        np.nan_to_num(sound, copy=False, nan=0.0, posinf=0.0, neginf=0.0)


def _by_channel(frame: AudioFrame) -> tuple[Sequence[Samples], np.dtype[np.generic]]:
    """Return the values of each channel as float32, not scaled, and what type they had."""
    if frame.format.name == "fltp":  # most decoders': looked at where it lies
        buffers = [cast("memoryview", plane) for plane in frame.planes]
        planes = [np.frombuffer(buffer, np.float32, frame.samples) for buffer in buffers]
        return planes, np.dtype(np.float32)
    values = frame.to_ndarray()
    sound = values.astype(np.float32, copy=False)
    channels = sound if frame.format.is_planar else sound.reshape(-1, frame.layout.nb_channels).T
    return list(channels), values.dtype


def _full_scale(kind: np.dtype[np.generic]) -> float:
    return 1.0 if kind.kind == "f" else float(2 ** (8 * kind.itemsize - 1))
