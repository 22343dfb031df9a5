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


def mono(frame: AudioFrame) -> Samples:
    """Return (left + right) / 2, or the mean of more channels, as float32 at full scale 1."""
    values = frame.to_ndarray()
    channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        values = values.reshape(-1, channels).T
    scaled = _as_float(values)
    one = scaled[0] if channels == 1 else (scaled[0] + scaled[1]) * np.float32(0.5)
    if channels > 2:  # noqa: PLR2004 - stereo is the fast path
        one = scaled.mean(axis=0, dtype=np.float32)
    if not np.isfinite(one.sum()):  # a damaged float file; one NaN would spoil everything after it
        one = np.nan_to_num(one, nan=0.0, posinf=0.0, neginf=0.0)
    return np.ascontiguousarray(one, np.float32)


def _as_float(values: NDArray[np.generic]) -> Samples:
    if values.dtype.kind == "f":
        return values.astype(np.float32, copy=False)
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - np.float32(128)) * np.float32(1 / 128)
    full_scale = 2.0 ** (8 * values.dtype.itemsize - 1)
    return values.astype(np.float32) * np.float32(1 / full_scale)
