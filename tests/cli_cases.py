"""A library with known contents, filled without any analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.library.scan import ScannedFile
from bpmsync.library.store import Store
from bpmsync.library.track import Tags
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HOSTILE", "SONGS", "fill"]

HOSTILE = "\x1b]0;gotcha\x07\x1b[31mRed\r\nAlert\u202e" + "long " * 2000
SONGS = (
    ("Tin Roof", "Ada", 81.0),
    ("Tin Whistle", "Ada", 82.0),
    ("Gravel", "Bo", 83.0),
    ("Harbour", "Cy", 164.0),
    ("Steps", "Di", 165.0),
    ("Café", "Éa", 84.0),
)


def fill(folder: Path, db: Path, *, songs: tuple[tuple[str, str, float], ...] = SONGS) -> list[Path]:
    """Put songs of known tempo into a new library; their files exist and hold nothing."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:02d}.mp3" for number in range(1, len(songs) + 1)]
    with Store(db) as store:
        for path, (title, artist, bpm) in zip(paths, songs, strict=True):
            path.touch()
            store.save(_entry(path, Tags(title=title, artist=artist, genre="Test"), bpm))
        broken = folder / "broken.mp3"
        broken.touch()
        store.save(ScannedFile(str(broken), 0, 0, error="it holds no sound", engine="bpmsync", version="1"))
    return paths


def _entry(path: Path, tags: Tags, bpm: float, *, duration_s: float = 200.0) -> ScannedFile:
    beats = np.round(np.arange(0.25, duration_s, 60 / bpm), 6)
    grid = BeatGrid(beats, downbeats=np.arange(0, len(beats), 4), beats_per_bar=4)
    detection = Detection("bpmsync", "1", grid=grid, confidence=0.9, usable=((0.0, duration_s),))
    status = path.stat()
    return ScannedFile(
        str(path),
        status.st_size,
        status.st_mtime_ns,
        audio_hash=f"b2:{path.name}",
        duration_s=duration_s,
        tags=tags,
        detection=detection,
        engine="bpmsync",
        version="1",
    )
