"""Sound into files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.atomic import write_atomically
from bpmsync.errors import ExportError, ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

__all__ = ["write_wav"]

_FULL_SCALE = 32_767
_HEAD_BYTES = 36  # of a WAV head, after the eight that the size does not count
_MOST_BYTES = 2**32 - 1 - _HEAD_BYTES


def write_wav(path: str | Path, samples: ArrayLike, sample_rate: int) -> None:
    """Write samples as a 16-bit WAV file, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Where to; an old file is replaced.
    samples : array_like of float, shape (channels, frames) or (frames,)
        Full scale at 1; louder values are cut off.
    sample_rate : int
        In Hz.

    Raises
    ------
    ParameterError
        If the shape or the rate is not that of sound.
    ExportError
        If the file cannot be written, or is longer than the format can say (4 GB).
    """
    sound = np.atleast_2d(np.asarray(samples, dtype=np.float32))
    if sound.ndim != 2 or not len(sound) or sample_rate <= 0:  # noqa: PLR2004 - channels x frames
        msg = f"sound needs the shape (channels, frames) and a rate, got {sound.shape}, {sample_rate}"
        raise ParameterError(msg)
    whole = np.rint(np.clip(np.nan_to_num(sound), -1, 1) * _FULL_SCALE)
    data = np.ascontiguousarray(whole.T, dtype="<i2").tobytes()
    if len(data) > _MOST_BYTES:
        msg = f"cannot write {path}: a WAV file holds at most 4 GB (write a shorter one)"
        raise ExportError(msg)
    write_atomically(path, _head(len(data), len(sound), sample_rate) + data)


def _head(data_bytes: int, channels: int, sample_rate: int) -> bytes:
    frame_bytes = 2 * channels
    form = struct.pack(
        "<4sIHHIIHH", b"fmt ", 16, 1, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, 16
    )
    riff = struct.pack("<4sI4s", b"RIFF", _HEAD_BYTES + data_bytes, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", data_bytes)
