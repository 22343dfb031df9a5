"""Essentia's RhythmExtractor2013, method degara, at the 44.1 kHz that it asks for.

The sound comes through PyAV: Essentia's own loader leaves the encoder's 23 ms of silence at the
head of an m4a, which would make it late where it is not.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import essentia
import essentia.standard
from protocol import serve
from sound import load

essentia.log.infoActive = False
essentia.log.warningActive = False
EXTRACT = essentia.standard.RhythmExtractor2013(method="degara")


def track(samples: Any) -> dict[str, Any]:  # noqa: ANN401 - an array of float32
    """Return tempo and ticks."""
    bpm, ticks, *_ = EXTRACT(samples)
    return {"tempo": float(bpm), "beats": ticks.tolist()}


serve(load, track, version=version("essentia"))
