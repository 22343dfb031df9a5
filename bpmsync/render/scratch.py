"""Sound between two steps of a job: a folder for it, and files of frames.

What a killed job left in its folder goes with the next.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.atomic import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.audio.source import Sound

__all__ = ["CHANNELS", "FrameReader", "scratch_folder", "write_frames"]

CHANNELS = 2
_BYTES = 4  # of a value
_PREFIX = "bpmsync-render"
_OURS = re.compile(rf"{_PREFIX}-(\d+)-\w+")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder of this process in the system's place for such; gone at the end."""
    _clear(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}-{os.getpid()}-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _clear(folder: Path) -> None:
    """Remove what jobs left whose process is gone."""
    with contextlib.suppress(OSError):
        for old in folder.glob(f"{_PREFIX}-*"):
            ours = _OURS.fullmatch(old.name)
            if ours and is_gone(int(ours[1])):
                shutil.rmtree(old, ignore_errors=True)


def write_frames(path: str | Path, frames: int, blocks: Iterable[Sound]) -> Iterator[Sound]:
    """Write sound to a file as it passes.

    Parameters
    ----------
    path : path-like
        Of the file: all frames of the one side, then all of the other, so that nobody has to turn
        what is computed side by side.
    frames : int
        How many there will be.
    blocks : iterable of numpy.ndarray of float32, shape (2, n)
        The sound.

    Raises
    ------
    OSError
        If there is no room.
    """
    at = 0
    with Path(path).open("wb") as file:
        for block in blocks:
            for side, values in enumerate(block):
                file.seek(_BYTES * (side * frames + at))
                file.write(np.ascontiguousarray(values, np.float32).data)
            at += block.shape[1]
            yield block


class FrameReader:
    """Reads what `write_frames` wrote, from the first frame on."""

    def __init__(self, path: str | Path) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by `close`
        self._frames = os.fstat(self._file.fileno()).st_size // (_BYTES * CHANNELS)
        self._at = 0

    def read(self, frames: int) -> Sound:
        """Return the next frames, shape (2, n); fewer at the end."""
        sound = np.empty((CHANNELS, min(frames, self._frames - self._at)), np.float32)
        for side, values in enumerate(sound):
            self._file.seek(_BYTES * (side * self._frames + self._at))
            self._file.readinto(values.data)
        self._at += sound.shape[1]
        return sound

    def blocks(self, frames: int) -> Iterator[Sound]:
        """Yield the rest in blocks of so many frames."""
        while (block := self.read(frames)).shape[1]:
            yield block

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
