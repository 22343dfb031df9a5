"""One decoded frame as mono: every sample format and every number of channels.

Sound is float32 with full scale at 1, whatever the file holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import AudioFrame

__all__ = ["Samples", "mono"]

Samples: TypeAlias = NDArray[np.float32]


@np.errstate(over="ignore", invalid="ignore")
def mono(frame: AudioFrame) -> Samples:
    """Return (left + right) / 2, or the mean of more channels, as float32 at full scale 1."""
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    sound = values.astype(np.float32, copy=False)
    if not frame.format.is_planar:
        sound = sound.reshape(-1, channels).T
    one = sound[0] if channels == 1 else sound[0] + sound[1]
    if channels > 2:  # noqa: PLR2004 - stereo is the fast path
        one = sound.sum(axis=0)
    one = np.ascontiguousarray(one)
    one *= np.float32(1 / (channels * _full_scale(values.dtype)))
    if values.dtype == np.uint8:  # its zero is 128
        one -= np.float32(1)
    if not np.isfinite(one.sum()):  # a damaged float file; one NaN would spoil all after it
        np.nan_to_num(one, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return one


def _full_scale(kind: np.dtype[np.generic]) -> float:
    return 1.0 if kind.kind == "f" else float(2 ** (8 * kind.itemsize - 1))
