"""One decoded frame as mono: every sample format and every number of channels.

Sound is float32 with full scale at 1, whatever the file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av import AudioFrame

__all__ = ["Samples", "mono"]

Samples: TypeAlias = NDArray[np.float32]


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
    if not np.isfinite(one.sum()):  # a damaged float file; one NaN would spoil all after it
        np.nan_to_num(one, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return one


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
