"""Sound through PyAV, for trackers whose own loader cannot read every file, or reads it late."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

__all__ = ["RATE", "load"]

RATE = 44_100


def load(file: str) -> Any:  # noqa: ANN401 - an array of float32
    """Return mono sound at 44.1 kHz, its second 0 being the first sample of the music."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    pieces = []
    with av.open(file) as container:
        for frame in container.decode(audio=0):
            pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
        pieces += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return np.concatenate(pieces)
