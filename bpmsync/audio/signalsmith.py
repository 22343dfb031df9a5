"""Signalsmith Stretch (the optional package python-stretch) as an engine.

It knows one rate for a whole leg, and takes the leg in one piece: memory grows with its length.
What the map asks beyond that rate, resampling does, so that beats still land and drifting
music sounds a little off pitch. Attacks are softer than our own engine's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bpmsync.audio.source import Sound, SourceWindow
from bpmsync.audio.varispeed import resample_along
from bpmsync.errors import MissingDependency
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["stretch_evenly"]

_AROUND_S: Final = 0.25  # of sound on either side, for the engine to look at
_NAME: Final = "python-stretch"
_SEED: Final = 1  # the same sound every time


def stretch_evenly(blocks: Iterable[Sound], timemap: TimeMap, *, sample_rate: int) -> Iterator[Sound]:
    """Yield the sound of a leg, stretched at its mean rate and resampled for the rest.

    Parameters
    ----------
    blocks, timemap, sample_rate
        As `bpmsync.audio.stretch.stretch`.

    Raises
    ------
    MissingDependency
        If python-stretch is not installed.
    """
    engine = _engine()
    start, stop = (round(s * sample_rate) for s in timemap.source_s[[0, -1]] + (-_AROUND_S, _AROUND_S))
    source = SourceWindow(iter(blocks))
    source.forget(start)
    sound = source.read(start, stop)
    rate = float(np.ptp(timemap.source_s) / np.ptp(timemap.out_s))
    engine.preset(len(sound), sample_rate)
    engine.setTimeFactor(rate)
    even = np.asarray(engine.process(sound), np.float32)
    rest = TimeMap((timemap.source_s - start / sample_rate) / rate, timemap.out_s)
    yield from resample_along(iter([even]), rest, sample_rate=sample_rate)


def _engine() -> Any:  # noqa: ANN401 - it has no annotations
    try:
        from python_stretch.Signalsmith import Stretch
    except ImportError as error:
        hint = "pip install 'bpmsync[stretch]', or leave the engine out: bpmsync has its own"
        raise MissingDependency(_NAME, hint) from error
    return Stretch(_SEED)
