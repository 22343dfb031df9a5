"""The program that makes sound: mpv, else ffplay, whichever is on the PATH."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.errors import BpmsyncError, MissingDependency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Player", "find_player"]

_OPTIONS = {
    "mpv": ("--no-video", "--really-quiet", "--loop-file=no", "--no-resume-playback", "--speed=1"),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error"),
}
_WANTED = "a player for sound"
_HINT = "install mpv or ffplay (part of FFmpeg), or write a WAV file with -o FILE"


@dataclass(frozen=True, slots=True)
class Player:
    """A program that plays one file and ends.

    Parameters
    ----------
    name : str
        mpv or ffplay.
    program : str
        Where it lies.
    """

    name: str
    program: str

    def play(self, path: Path) -> None:
        """Play a file to its end.

        Raises
        ------
        BpmsyncError
            If the player fails: mostly there is no sound device.
        """
        # The keyboard stays ours: a player would take the keys that are meant for bpmsync
        result = subprocess.run(  # noqa: S603 - a player found by its name, a file of ours
            self._words(path), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if result.returncode:
            msg = f"{self.name} could not play (its status is {result.returncode}): is there a sound device? "
            raise BpmsyncError(msg + "With -o FILE you get a WAV file to listen to elsewhere")

    @contextmanager
    def playing(self, path: Path) -> Iterator[None]:
        """Play a file while the block runs, and stop with it."""
        process = subprocess.Popen(  # noqa: S603 - likewise
            self._words(path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    def _words(self, path: Path) -> list[str]:
        return [self.program, *_OPTIONS[self.name], str(path)]


def find_player() -> Player:
    """Return mpv where it is installed, else ffplay.

    Raises
    ------
    MissingDependency
        If neither is; the hint names the way without.
    """
    for name in _OPTIONS:
        program = shutil.which(name)
        if program is not None:
            return Player(name, program)
    raise MissingDependency(_WANTED, _HINT)
