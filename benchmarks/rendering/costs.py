"""What a process costs with all that it starts: CPU, wall clock and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.library.threads import THREAD_LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Cost", "run_measured"]

_EVERY_S = 0.5  # to look takes time itself
_KIB_PER_MIB = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one command.

    Parameters
    ----------
    cpu_s, wall_s : float
        CPU of all processes that it waited for, and how long it took.
    peak_mib : float
        Largest sum over all its processes at one moment, pages that several share counted once;
        nan where the system does not tell.
    told : str
        What it wrote to standard output.
    """

    cpu_s: float
    wall_s: float
    peak_mib: float
    told: str


def run_measured(command: Sequence[str]) -> Cost:
    """Run a command and return its cost; CalledProcessError if it fails."""
    before, started = _children_cpu_s(), time.perf_counter()
    peak = float("nan")
    # As the command line has it: libraries start no threads of their own
    quiet = {**os.environ, **dict.fromkeys(THREAD_LIMITS, "1")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet) as process:
        while process.poll() is None:
            now = _tree_mib(process.pid)
            peak = max(now, peak) if peak == peak else now  # noqa: PLR0124 - nan is not itself
            time.sleep(_EVERY_S)
        told = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(_children_cpu_s() - before, time.perf_counter() - started, peak, told)


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _tree_mib(pid: int) -> float:
    """Return the proportional set size of a process and all below it (Linux)."""
    if not Path("/proc/self/smaps_rollup").exists():
        return float("nan")
    return sum(_pss_kib(one) for one in _tree(pid)) / _KIB_PER_MIB


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for tasks in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (tasks / "children").read_text().split())
        except OSError:  # it is gone
            continue
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
