"""The beat trackers by name: samples in, a Detection out.

Importing this module loads no audio library; an engine is loaded when it first runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bpmsync.beats.caches import mark_warm, marker_path
from bpmsync.beats.detection import Constraint, Detection
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "BeatTracker",
    "Sound",
    "caches_are_cold",
    "engine_version",
    "find_tracker",
    "warm_up",
]

DEFAULT_ENGINE = "bpmsync"
# Mono, full scale at 1: all at once, or block by block, so that no file is ever held whole
Sound: TypeAlias = NDArray[np.float32] | Iterable[NDArray[np.float32]]
_NO_CONSTRAINT = Constraint()


class BeatTracker(Protocol):
    """Any callable that finds the beat of mono sound."""

    def __call__(
        self,
        sound: Sound,
        sample_rate: int,
        *,
        constraint: Constraint = _NO_CONSTRAINT,
    ) -> Detection:
        """Return what was found; music without a beat is a Detection with a failure.

        Blocks are used up to their end, whatever is found.
        """
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
_VERSIONS = {"bpmsync": "2", "librosa": "1"}
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
    clicks = np.zeros(24 * rate, np.float32)
    # A jump of the tempo, for what music that keeps its tempo has no use for.
    clicks[: 12 * rate : rate // 2] = 1.0
    clicks[12 * rate :: 2 * rate // 5] = 1.0
    find_tracker(name)(clicks, rate)
    mark_warm(marker_path(name))


def caches_are_cold(name: str = DEFAULT_ENGINE) -> bool:
    """Return whether the next run would first have to compile."""
    _check(name)
    return not marker_path(name).exists()


def _check(name: str) -> None:
    if name not in _LOADERS:
        msg = f"there is no beat engine {name!r}: choose one of {', '.join(_LOADERS)}"
        raise ParameterError(msg)
