"""How a tracker talks to the benchmark: JSON lines over pipes (the standard library only).

The benchmark writes one line a file, ``{"file": PATH}``, and reads one line back: tempo in BPM,
beats in seconds, and what it cost. CPU seconds are those of the process and of the programs that
it ran and waited for, and so is the peak of its memory. A tracker that fails on a file says so in
`error`. The first line that a tracker writes, before it is asked, names its version.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["cpu_s", "peak_mib", "serve"]

_Audio = TypeVar("_Audio")
_RUSAGE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
# Linux counts the peak in KiB, macOS in bytes
_PEAK_UNIT = 1024 * 1024 if sys.platform == "darwin" else 1024


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its finished children."""
    usage = [resource.getrusage(who) for who in _RUSAGE]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def peak_mib() -> float:
    """Return the most memory that this process, or one of its children, has held so far."""
    return max(resource.getrusage(who).ru_maxrss for who in _RUSAGE) / _PEAK_UNIT


def serve(load: Callable[[str], _Audio], track: Callable[[_Audio], dict[str, Any]], *, version: str) -> None:
    """Answer every file that standard input names, until it ends.

    Parameters
    ----------
    load : callable
        File name to sound, as this tracker's users would load it.
    track : callable
        Sound to what was found: `tempo`, `beats`, and whatever else the tracker tells.
    version : str
        Of the tracker.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is not an answer
    _say(answers, {"version": version, "start_s": cpu_s()})
    for line in sys.stdin:
        _say(answers, _answer(json.loads(line)["file"], load, track))


def _answer(
    file: str, load: Callable[[str], _Audio], track: Callable[[_Audio], dict[str, Any]]
) -> dict[str, Any]:
    started = cpu_s()
    try:
        audio = load(file)
        loaded = cpu_s()
        found = track(audio)
    except Exception as error:  # noqa: BLE001 - a tracker that fails on a file has no answer for it
        return {"error": f"{type(error).__name__}: {error}", "peak_mib": peak_mib()}
    cost = {"decode_s": loaded - started, "cpu_s": cpu_s() - loaded, "peak_mib": peak_mib()}
    return cost | found


def _say(answers: Any, line: dict[str, Any]) -> None:  # noqa: ANN401 - a text file
    answers.write(json.dumps(line) + "\n")
    answers.flush()
