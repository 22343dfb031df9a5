"""Sound in blocks of any size as blocks of one size, so that no result depends on how it was cut.

Sound is float32 of the shape (channels, frames) with full scale at 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.audio.frames import Samples

__all__ = ["HIGHEST_RATE", "LOWEST_RATE", "check_rate", "even_pieces"]

LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 192_000


def check_rate(sample_rate: int) -> None:
    """Refuse a rate that music does not have.

    Raises
    ------
    ParameterError
        If it is not from 8,000 to 192,000 Hz.
    """
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        msg = f"sample_rate must be from {LOWEST_RATE:,} to {HIGHEST_RATE:,} Hz, got {sample_rate}"
        raise ParameterError(msg)


def even_pieces(blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
    """Yield the same sound in blocks of as many frames; only the last may be shorter.

    A value that is no number is silence and an endless one full scale: one of them would
    otherwise spoil all that a filter gives after it.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, any)
        Sound; empty blocks are allowed.
    frames : int
        Wanted length, at least 1.

    Raises
    ------
    ParameterError
        If a block has another shape, or another number of channels than the first.
    """
    held: list[Samples] = []
    count = channels = 0
    for block in blocks:
        channels = _channels(block, channels)
        start = 0
        while block.shape[1] - start >= frames - count:
            end = start + frames - count
            yield _finite([*held, block[:, start:end]])
            held, count, start = [], 0, end
        if start < block.shape[1]:
            held.append(block[:, start:].copy() if start else block)
            count += block.shape[1] - start
    if count:
        yield _finite(held)


def _channels(block: Samples, channels: int) -> int:
    if block.ndim != 2 or not len(block) or (channels and len(block) != channels):  # noqa: PLR2004
        wanted = channels or "channels"
        msg = f"sound needs blocks of the shape ({wanted}, frames), got {block.shape}"
        raise ParameterError(msg)
    return len(block)


def _finite(parts: list[Samples]) -> Samples:
    piece = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    piece = np.ascontiguousarray(piece, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(np.sum(piece))
    return piece if finite else np.nan_to_num(piece, nan=0.0, posinf=1.0, neginf=-1.0)
