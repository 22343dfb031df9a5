"""Tracks and ramps made of numbers, for the tests of the planner."""

from __future__ import annotations

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.library.track import Override, Tags, Track
from bpmsync.timeline.grid import BeatGrid

__all__ = ["track"]


def track(
    name: str,
    bpm: float,
    duration_s: float = 200.0,
    *,
    artist: str | None = None,
    genre: str | None = None,
    confidence: float = 0.9,
    beats_per_bar: int | None = 4,
    first_downbeat: int | None = None,
    usable: tuple[tuple[float, float], ...] | None = None,
    beats: np.ndarray | None = None,
    audio_hash: str | None = None,
    ignore: bool = False,
) -> Track:
    """Return a track of constant tempo, its grid on whole microseconds.

    With a first downbeat it has one every `beats_per_bar` beats from there on.
    """
    if beats is None:
        beats = np.round(np.arange(0.25, duration_s, 60 / bpm), 6)
    bars = () if first_downbeat is None else range(first_downbeat, len(beats), beats_per_bar or 4)
    grid = BeatGrid(beats, np.array(bars, dtype=np.int64), beats_per_bar)
    span = ((0.0, duration_s),) if usable is None else usable
    return Track(
        path=f"/music/{name}.mp3",
        audio_hash=audio_hash or f"b2:{name}",
        duration_s=duration_s,
        tags=Tags(title=name, artist=artist, genre=genre),
        detection=Detection("bpmsync", "1", grid=grid, confidence=confidence, usable=span),
        override=Override(ignore=ignore),
    )
