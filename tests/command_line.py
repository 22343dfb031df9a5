"""The real command line, in a process of its own, as tests run it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Answer", "bpmsync"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command line said and how it ended."""

    status: int
    out: str
    err: str


def bpmsync(
    *args: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    stdin: bytes = b"",
) -> Answer:
    """Run ``bpmsync`` with arguments in a folder and return its answer."""
    result = subprocess.run(
        [sys.executable, "-m", "bpmsync", *map(str, args)],
        capture_output=True,
        check=False,
        cwd=cwd,
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        preexec_fn=before,
    )
    return Answer(result.returncode, result.stdout.decode("utf-8"), result.stderr.decode("utf-8"))
