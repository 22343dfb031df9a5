"""The beat trackers by name: samples in, a Detection out.

Importing this module loads no audio library; an engine is loaded when it first runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bpmsync.beats.detection import Constraint, Detection
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "BeatTracker",
    "caches_are_cold",
    "engine_version",
    "find_tracker",
    "warm_up",
]

DEFAULT_ENGINE = "bpmsync"
_NO_CONSTRAINT = Constraint()


class BeatTracker(Protocol):
    """Any callable that finds the beat of mono sound."""

    def __call__(
        self,
        samples: NDArray[np.float32],
        sample_rate: int,
        *,
        constraint: Constraint = _NO_CONSTRAINT,
    ) -> Detection:
        """Return what was found; music without a beat is a Detection with a failure."""
        ...


def _load_bpmsync() -> BeatTracker:
    from bpmsync.beats.engine_bpmsync import track

    return track


def _load_librosa() -> BeatTracker:
    from bpmsync.beats.engine_librosa import track

    return track


_LOADERS: dict[str, Callable[[], BeatTracker]] = {
    "bpmsync": _load_bpmsync,
    "librosa": _load_librosa,
}
# A version changes only when the results change: stored detections of another one are stale.
_VERSIONS = {"bpmsync": "1", "librosa": "1"}
ENGINES = tuple(_LOADERS)


def find_tracker(name: str = DEFAULT_ENGINE) -> BeatTracker:
    """Return the tracker of that name.

    Raises
    ------
    ParameterError
        If there is none; the message lists those there are.
    """
    _check(name)
    return _LOADERS[name]()


def engine_version(name: str = DEFAULT_ENGINE) -> str:
    """Return the version of an engine's results, without loading it."""
    _check(name)
    return _VERSIONS[name]


def warm_up(name: str = DEFAULT_ENGINE) -> None:
    """Compile an engine's kernels into the cache, so that worker processes only load them."""
    rate = 22_050
    clicks = np.zeros(8 * rate, np.float32)
    clicks[:: rate // 2] = 1.0
    find_tracker(name)(clicks, rate)
    from bpmsync.beats.jit import mark_warm

    mark_warm(_marker(name))


def caches_are_cold(name: str = DEFAULT_ENGINE) -> bool:
    """Return whether the next run would first have to compile."""
    return not _marker(name).exists()


def _marker(name: str) -> Path:
    from bpmsync.beats.jit import marker_path

    _check(name)
    return marker_path(name, sources=(Path(__file__).with_name("kernels.py"),))


def _check(name: str) -> None:
    if name not in _LOADERS:
        msg = f"there is no beat engine {name!r}: choose one of {', '.join(_LOADERS)}"
        raise ParameterError(msg)
