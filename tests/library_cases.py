"""Small files of music and entries of a library, for the tests of the library."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.audio.encode import write_wav
from bpmsync.beats.detection import Constraint, Detection, Reading
from bpmsync.library.entries import ScannedFile
from bpmsync.library.track import Tags
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["detection", "entry", "make_wav"]

RATE = 22_050


def make_wav(path: Path, *, seed: int, seconds: float = 3.0, bpm: float = 120.0) -> Path:
    """Write a click on every beat over a little noise, which tells one seed from another."""
    noise = np.random.default_rng(seed).normal(0, 0.003, int(seconds * RATE)).astype(np.float32)
    click = np.exp(-np.arange(RATE // 20) / 150).astype(np.float32) * 0.7
    for start in np.arange(0.1, seconds - 0.1, 60 / bpm):
        first = int(start * RATE)
        noise[first : first + len(click)] += click
    write_wav(path, noise[None, :], RATE)
    return path


def detection(bpm: float = 120.0, *, version: str = "1", engine: str = "bpmsync") -> Detection:
    """Return a plausible detection of constant tempo."""
    beats = np.round(np.arange(0.25, 60, 60 / bpm), 6)
    return Detection(
        engine,
        version,
        grid=BeatGrid(beats, np.array([0, 4, 8]), 4),
        readings=(Reading(Fraction(1), 0.7), Reading(Fraction(1, 2), 0.3)),
        confidence=0.875,
        usable=((0.25, 20.5), (30.0, 59.75)),
        level_db=-14.25,
        energy=0.625,
    )


def entry(
    path: str,
    audio_hash: str,
    *,
    found: Detection | None = None,
    constraint: Constraint | None = None,
    tags: Tags | None = None,
    error: str | None = None,
) -> ScannedFile:
    """Return what a scan would have found at a path."""
    return ScannedFile(
        path,
        1000,
        1_700_000_000_000_000_000,
        audio_hash=None if error else audio_hash,
        duration_s=None if error else 61.5,
        tags=None if error else tags or Tags(title=audio_hash),
        detection=found,
        error=error,
        constraint=constraint or Constraint(),
        engine="bpmsync",
        version="1",
    )
