"""aubio's tracker at its own settings; the sound comes through PyAV, for aubio's reads WAV only."""

from __future__ import annotations

from typing import Any

import aubio
import numpy as np
from protocol import serve
from sound import RATE, load

WINDOW, HOP = 1024, 512


def track(samples: Any) -> dict[str, Any]:  # noqa: ANN401 - an array of float32
    """Return the beats as they are announced, and the tempo of their median interval."""
    tempo = aubio.tempo("default", WINDOW, HOP, RATE)
    beats = [
        float(tempo.get_last_s())
        for start in range(0, len(samples) - HOP + 1, HOP)
        if tempo(samples[start : start + HOP])
    ]
    bpm = 60 / float(np.median(np.diff(beats))) if len(beats) > 1 else 0.0
    return {"tempo": bpm, "beats": beats}


serve(load, track, version=aubio.version)
