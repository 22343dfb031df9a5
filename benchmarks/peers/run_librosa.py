"""librosa's tracker with its own loader, both as they come."""

from __future__ import annotations

from typing import Any

import librosa
import numpy as np
from protocol import serve


def load(file: str) -> Any:  # noqa: ANN401 - samples and their rate
    """Return mono sound at librosa's rate."""
    return librosa.load(file)


def track(audio: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what `beat_track` says."""
    samples, rate = audio
    tempo, beats = librosa.beat.beat_track(y=samples, sr=rate, units="time")
    return {"tempo": float(np.atleast_1d(tempo)[0]), "beats": np.asarray(beats).tolist()}


serve(load, track, version=librosa.__version__)
