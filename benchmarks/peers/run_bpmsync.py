"""bpmsync's default engine on sound that its own decoder reads."""

from __future__ import annotations

from typing import Any

from protocol import serve

from bpmsync.audio.decode import AudioFile, read_audio
from bpmsync.beats.engines import DEFAULT_ENGINE, engine_version, find_tracker

TRACK = find_tracker(DEFAULT_ENGINE)


def track(audio: AudioFile) -> dict[str, Any]:
    """Return the grid and how sure it is; without one the reason."""
    found = TRACK(audio.samples, audio.sample_rate)
    told = {"confidence": found.confidence, "engine": found.engine}
    if found.grid is None:
        return told | {"error": found.failure}
    return told | {"tempo": found.grid.tempo_bpm, "beats": found.grid.beats.tolist()}


serve(read_audio, track, version=engine_version(DEFAULT_ENGINE))
