"""Sound that follows a time map: one seam for all engines, and which one plays a leg.

An engine is a callable that matches `Stretcher`. Its name is looked up in a table, then among the
entry points ``bpmsync.stretchers``. Sound is float32, shape (channels, frames), frame 0 of the
source is second 0 of the map, and the output begins at the map's first output second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np

from bpmsync.audio.source import Sound, SourceWindow
from bpmsync.audio.varispeed import resample_along
from bpmsync.audio.vocoder import vocode
from bpmsync.errors import ParameterError
from bpmsync.timeline.protection import protect, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpmsync.timeline.timemap import TimeMap

__all__ = [
    "DEFAULT_STRETCHER",
    "VARISPEED_RATE",
    "Sound",
    "Stretcher",
    "choose_way",
    "find_stretcher",
    "stretch",
]

DEFAULT_STRETCHER: Final = "bpmsync"
# 5 cents: nobody hears it, and resampling has no other artefact
VARISPEED_RATE: Final = 0.003
# Stored beats are rounded to a microsecond: less than that is no movement.
_STILL_S: Final = 2e-6
_BLOCK: Final = 65_536
_GROUP: Final = "bpmsync.stretchers"


class Stretcher(Protocol):
    """Any callable that makes sound follow a time map."""

    def __call__(self, blocks: Iterable[Sound], timemap: TimeMap, *, sample_rate: int) -> Iterator[Sound]:
        """Yield round((out end - out start) * sample_rate) frames.

        The map has a knot at every beat. Blocks are not read much further than the map goes;
        what lies before or after the source is silence.
        """
        ...


def choose_way(timemap: TimeMap) -> Literal["copy", "varispeed", "vocoder"]:
    """Return how the whole of a leg is played: one way, so that its sound does not change.

    Examples
    --------
    >>> from bpmsync.timeline.timemap import TimeMap
    >>> choose_way(TimeMap([10, 11, 12], [0, 1, 2])), choose_way(TimeMap([10, 11, 12], [0, 1.002, 2]))
    ('copy', 'varispeed')
    """
    if np.ptp(timemap.source_s - timemap.out_s) < _STILL_S:
        return "copy"
    return "varispeed" if np.abs(rates(timemap) - 1).max() <= VARISPEED_RATE else "vocoder"


def stretch(blocks: Iterable[Sound], timemap: TimeMap, *, sample_rate: int) -> Iterator[Sound]:
    """Yield the sound of a leg; a map that moves nothing returns the source bit for bit.

    The attacks on the map's knots are never stretched.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, frames)
        From second 0 on, of any length and number of channels.
    timemap : TimeMap
        A knot at every beat.
    sample_rate : int
        In Hz, 8,000 to 192,000.

    Yields
    ------
    numpy.ndarray of float32, shape (channels, frames)
        The same samples however the source is cut into blocks.
    """
    way = choose_way(timemap)
    if way == "copy":
        return _copied(blocks, timemap, sample_rate)
    if way == "varispeed":
        return resample_along(blocks, timemap, sample_rate=sample_rate)
    return vocode(blocks, protect(timemap, timemap.source_s), sample_rate=sample_rate)


def _copied(blocks: Iterable[Sound], timemap: TimeMap, sample_rate: int) -> Iterator[Sound]:
    source = SourceWindow(iter(blocks))
    total = round((timemap.out_s[-1] - timemap.out_s[0]) * sample_rate)
    # Half a sample is 0.01 ms; moving by whole ones loses nothing of the sound
    start = round(timemap.source_s[0] * sample_rate)
    for first in range(0, total, _BLOCK):
        source.forget(start + first)
        yield source.read(start + first, start + min(first + _BLOCK, total))


def _load_own() -> Stretcher:
    return stretch


def _load_signalsmith() -> Stretcher:
    from bpmsync.audio.signalsmith import stretch_evenly

    return stretch_evenly


_LOADERS: dict[str, Callable[[], Stretcher]] = {
    DEFAULT_STRETCHER: _load_own,
    "python-stretch": _load_signalsmith,
}


def find_stretcher(name: str = DEFAULT_STRETCHER) -> Stretcher:
    """Return the engine of that name: one that we know, or one that an installed package brings.

    An engine whose package is not installed raises MissingDependency when it is first asked for sound.

    Raises
    ------
    ParameterError
        If there is none; the message lists those there are.
    """
    if name in _LOADERS:
        return _LOADERS[name]()
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if name not in found:
        msg = f"there is no stretcher {name!r}: choose one of {', '.join([*_LOADERS, *sorted(found)])}"
        raise ParameterError(msg)
    engine: Stretcher = found[name].load()
    return engine
