"""A written file heard as others hear it: by the ffmpeg program, else by our decoder."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rendering.library import RATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Level", "Step", "decoded", "joint_steps", "level_of"]

_AROUND_S = 0.050
_RARE = 0.9999
_BLOCK = 1_000_000
_BINS = 200_000
_LARGEST = 2.0


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness and true peak of a file once it is decoded, and who measured them."""

    lufs: float
    dbtp: float
    by: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far the sound goes from one sample to the next.

    Parameters
    ----------
    rare : float
        The 99.99th percentile over the whole sound.
    joints : tuple of float
        The largest within 50 ms of each joint.
    """

    rare: float
    joints: tuple[float, ...]


def decoded(path: Path, folder: Path) -> NDArray[np.float32]:
    """Return the sound of a file at 44.1 kHz, shape (frames, 2), backed by a file in a folder."""
    raw = folder / f"{path.name}.f32"
    if shutil.which("ffmpeg"):
        form = ["-f", "f32le", "-ar", str(RATE), "-ac", "2"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(path), *form, str(raw)], check=True)
    else:
        from bpmsync.audio.decode import open_audio

        with raw.open("wb") as file:
            for block in open_audio(path, sample_rate=RATE, channels=2).blocks():
                file.write(np.ascontiguousarray(block.T, dtype="<f4").tobytes())
    return np.memmap(raw, "<f4", "r").reshape(-1, 2)


def level_of(path: Path) -> Level:
    """Return how loud a file is."""
    if shutil.which("ffmpeg"):
        command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true"]
        told = subprocess.run(
            [*command, "-f", "null", "-"], capture_output=True, text=True, check=True
        ).stderr
        summary = told[told.rindex("Summary:") :]
        found = [re.search(rf"{name}:\s+(-?[\d.]+|-?inf|nan)", summary) for name in ("I", "Peak")]
        lufs, dbtp = (float(one.group(1)) for one in found if one)
        return Level(lufs, dbtp, "ffmpeg")
    from bpmsync.audio.decode import open_audio
    from bpmsync.audio.loudness import measure_loudness

    loud = measure_loudness(open_audio(path, sample_rate=RATE, channels=2).blocks(), RATE)
    return Level(loud.integrated_lufs, loud.true_peak_dbtp, "bpmsync")


def joint_steps(sound: NDArray[np.float32], joints_s: Sequence[float]) -> Step:
    """Return the first differences of sound of shape (frames, channels) at its joints."""
    counts = np.zeros(_BINS, np.int64)
    for first in range(0, len(sound) - 1, _BLOCK):
        steps = np.abs(np.diff(sound[first : first + _BLOCK + 1], axis=0))
        places = np.minimum(steps * (_BINS / _LARGEST), _BINS - 1).astype(np.int64)
        counts += np.bincount(places.ravel(), minlength=_BINS)
    shares = np.cumsum(counts) / counts.sum()
    rare = float((np.searchsorted(shares, _RARE) + 1) * _LARGEST / _BINS)
    return Step(rare, tuple(_largest(sound, at_s) for at_s in joints_s))


def _largest(sound: NDArray[np.float32], at_s: float) -> float:
    first, last = (round((at_s + way * _AROUND_S) * RATE) for way in (-1, 1))
    return float(np.abs(np.diff(sound[max(0, first) : last], axis=0)).max(initial=0.0))
