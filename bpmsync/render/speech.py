"""Speech by the system's ``espeak-ng`` program, where it is installed.

The program gets its options as a list, without a shell, and the text through its standard
input, so that no text can be taken for an option. It writes a WAV file and nothing else.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from bpmsync.errors import RenderError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SPEAKER", "find_speaker", "speak"]

SPEAKER: Final = "espeak-ng"
_WORDS_PER_MINUTE: Final = 150
_TIMEOUT_S: Final = 20.0


def find_speaker() -> str | None:
    """Return the path of the program, None where it is not installed."""
    return shutil.which(SPEAKER)


def speak(text: str, path: Path, *, program: str, timeout_s: float = _TIMEOUT_S) -> None:
    """Write a sentence as speech into a WAV file.

    Parameters
    ----------
    text : str
        What is said, in English.
    path : Path
        The file.
    program : str
        As `find_speaker` gives it.
    timeout_s : float
        How long it may take.

    Raises
    ------
    RenderError
        If the program cannot be run, fails, takes too long, or leaves no sound.
    """
    words = [program, "-v", "en", "-s", str(_WORDS_PER_MINUTE), "-b", "1", "-z", "--stdin", "-w", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - a list without a shell, the text through the standard input
            words, input=text.encode(), capture_output=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(_message(text, f"no answer within {timeout_s:g} s")) from error
    except OSError as error:
        raise RenderError(_message(text, str(error.strerror or error))) from error
    if done.returncode or not path.is_file():
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RenderError(_message(text, told[-1] if told else f"its status is {done.returncode}"))


def _message(text: str, why: str) -> str:
    return (
        f"{SPEAKER} could not speak {text!r}: {why} (give recordings of your own with --cues-folder, "
        "or leave --cues away)"
    )
