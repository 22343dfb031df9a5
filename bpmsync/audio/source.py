"""A stream of blocks, read at any place that does not go back far.

Sound is float32, shape (channels, frames). Frames before the first and after the last are zero.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Sound", "SourceWindow"]

Sound: TypeAlias = NDArray[np.float32]


@dataclass(slots=True)
class SourceWindow:
    """The part of a stream that is still needed; what was forgotten takes no memory.

    Parameters
    ----------
    blocks : iterator of numpy.ndarray of float32, shape (channels, frames)
        Read only as far as somebody asks for; the first tells the number of channels.
    """

    blocks: Iterator[Sound]
    channels: int = field(default=0, init=False)
    _held: deque[tuple[int, Sound]] = field(default_factory=deque, init=False)
    _end: int = field(default=0, init=False)
    _needed_from: int = field(default=0, init=False)

    def read(self, start: int, stop: int) -> Sound:
        """Return the frames from `start` to before `stop`, wherever the sound lies."""
        self._fill(stop)
        sound = np.zeros((self.channels, stop - start), np.float32)
        for at, block in self._held:
            first, last = max(start, at), min(stop, at + block.shape[1])
            if first < last:
                sound[:, first - start : last - start] = block[:, first - at : last - at]
        return sound

    def forget(self, before: int) -> None:
        """Let go of every frame before that one: it will not be asked for again."""
        self._needed_from = max(self._needed_from, before)
        while self._held and self._held[0][0] + self._held[0][1].shape[1] <= self._needed_from:
            self._held.popleft()

    def _fill(self, stop: int) -> None:
        while self._end < stop or not self.channels:
            block = next(self.blocks, None)
            if block is None:
                self.channels = self.channels or 1
                return
            self.channels = len(block)
            if self._end + block.shape[1] > self._needed_from:
                self._held.append((self._end, block))
            self._end += block.shape[1]
