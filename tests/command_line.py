"""The real command line, as tests run it: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

from bpmsync.cli.main import main
from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO, TextIO

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
    alone: bool = False,
) -> Answer:
    """Run ``bpmsync`` with arguments in a folder and return its answer.

    Parameters
    ----------
    args, cwd, env, stdin
        What a shell would give.
    before
        Called in the new process first, which there is then.
    alone
        Whether it gets a process of its own: half a second for what start-up and end are there for.
    """
    if alone or before is not None:
        return _in_a_process([*map(str, args)], cwd, {**(env or {})}, before, stdin)
    return _here([*map(str, args)], cwd, {**(env or {})}, stdin)


def _in_a_process(
    args: list[str], cwd: Path, env: Mapping[str, str], before: Callable[[], None] | None, stdin: bytes
) -> Answer:
    result = subprocess.run(
        [sys.executable, "-m", "bpmsync", *args],
        capture_output=True,
        check=False,
        cwd=cwd,
        input=stdin,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        preexec_fn=before,
    )
    return Answer(result.returncode, result.stdout.decode("utf-8"), result.stderr.decode("utf-8"))


def _here(args: list[str], cwd: Path, env: Mapping[str, str], stdin: bytes) -> Answer:
    with (
        _file(stdin) as given,
        _file() as out,
        _file() as err,
        contextlib.chdir(cwd),
        patch.dict(os.environ, env),
        patch.object(sys, "stdin", given),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return Answer(main(args), _read(out), _read(err))


@contextlib.contextmanager
def _file(content: bytes = b"") -> Iterator[TextIO]:
    """Give a real file in the place of a pipe."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        text = io.TextIOWrapper(cast("BinaryIO", file), encoding="utf-8")
        yield text
        text.detach()


def _read(text: TextIO) -> str:
    text.flush()
    text.buffer.seek(0)
    return text.buffer.read().decode("utf-8")
