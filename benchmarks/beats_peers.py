"""The trackers that are compared: each a process of its own, in an environment of its own.

An environment is made when it is first needed and made again when its list of packages changes.
Peers under the GPL or AGPL are installed there and nowhere else. bpmsync runs with the Python
that runs the benchmark, in which none of the peers is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self

__all__ = ["OURS", "TRACKERS", "Peer", "PeerError", "Tracker", "environment_python"]

_PEERS = Path(__file__).resolve().parent / "peers"
_BIN = "Scripts" if os.name == "nt" else "bin"
# One thread each: CPU seconds are compared, and threads that wait for each other burn them
_ONE_THREAD = {
    f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR", "NUMBA")
}


class PeerError(Exception):
    """A tracker cannot be installed or started; the message says why."""


@dataclass(frozen=True, slots=True)
class Tracker:
    """One of the trackers.

    Parameters
    ----------
    name : str
        Of its script and its list of packages in ``peers/``.
    label : str
        What tables call it, with its licence.
    """

    name: str
    label: str

    @property
    def script(self) -> Path:
        """Return its program."""
        return _PEERS / f"run_{self.name}.py"


OURS = "bpmsync"
TRACKERS = {
    tracker.name: tracker
    for tracker in (
        Tracker(OURS, "bpmsync (MIT)"),
        Tracker("librosa", "librosa `beat_track` (ISC)"),
        Tracker("aubio", "aubio (GPL)"),
        Tracker("essentia", "Essentia degara (AGPL)"),
        Tracker("mixxx", "Mixxx analyser (GPL)"),
    )
}


def environment_python(name: str, envs: Path) -> Path:
    """Return the Python of a tracker's environment, made where it is missing or stale.

    A tracker without a list of packages is bpmsync's own: it runs with this Python.

    Raises
    ------
    PeerError
        If its packages cannot be installed.
    """
    lists = [path for path in (_PEERS / f"{name}.build.txt", _PEERS / f"{name}.txt") if path.is_file()]
    if not lists:
        return Path(sys.executable)
    wanted = sys.version + "".join(path.read_text(encoding="utf-8") for path in lists)
    home = envs / name
    python, made = home / _BIN / "python", home / "made-of.txt"
    if made.is_file() and made.read_text(encoding="utf-8") == wanted:
        return python
    print(f"installing {name} in {home}", file=sys.stderr)
    try:
        venv.create(home, clear=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeerError(str(error)) from error
    for path in lists:
        # What builds a package comes first and is then used: aubio's build needs an old numpy
        alone = ["--no-build-isolation"] if path == lists[-1] != lists[0] else []
        _install(python, [*alone, "-r", str(path)])
    made.write_text(wanted, encoding="utf-8")
    return python


def _install(python: Path, arguments: list[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        lines = (done.stderr.strip() or "pip failed without a word").splitlines()
        raise PeerError(next((line for line in lines if line.startswith("ERROR")), lines[-1]))


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return kept | _ONE_THREAD | {"PYTHONUTF8": "1"}


@dataclass(eq=False, slots=True)
class Peer:
    """A running tracker that answers file by file; use it in a `with` block.

    Parameters
    ----------
    tracker : Tracker
        Which one.
    python : Path
        Of its environment.
    log : Path
        Where its complaints go.
    """

    tracker: Tracker
    python: Path
    log: Path
    version: str = field(init=False, default="")
    start_s: float = field(init=False, default=0.0)
    _process: subprocess.Popen[str] = field(init=False)
    _log: IO[str] = field(init=False)

    def __post_init__(self) -> None:
        self._log = self.log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(self.python), str(self.tracker.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            env=_environment(),
        )
        hello = self._read()
        if "version" not in hello:
            self.close()
            raise PeerError(hello["error"])
        self.version, self.start_s = hello["version"], hello["start_s"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, file: Path) -> dict[str, Any]:
        """Return a tracker's answer for one file; if it has died, that is its answer."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        try:
            stdin.write(json.dumps({"file": str(file)}) + "\n")
            stdin.flush()
        except BrokenPipeError:
            return self._dead()
        return self._read()

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def _read(self) -> dict[str, Any]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was asked for
        line = stdout.readline()
        return json.loads(line) if line else self._dead()

    def _dead(self) -> dict[str, Any]:
        status = self._process.wait()
        self._log.flush()
        words = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return {"error": f"it ended with status {status}" + (f": {words[-1]}" if words else "")}
