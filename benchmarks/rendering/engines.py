"""The engines that are compared: ours, and what others would use, each in its best form.

An engine takes sound (channels, frames), a map with a knot at every beat and the rate, and returns
the sound of the map. Those that know one rate only are given the mean one, and our resampling
does the rest, as it does for python-stretch.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import numpy as np

from bpmsync.audio.stretch import find_stretcher
from bpmsync.audio.varispeed import resample_along
from bpmsync.audio.vocoder import vocode
from bpmsync.timeline.timemap import TimeMap

__all__ = ["OURS", "Engine", "engines"]

Engine: TypeAlias = Callable[[np.ndarray, TimeMap, int], np.ndarray]
OURS = "bpmsync"
_AROUND_S = 0.25
_BLOCK = 65_536


def engines() -> dict[str, Engine]:
    """Return those that are installed, by name."""
    found: dict[str, Engine] = {
        OURS: _streamed(find_stretcher()),
        "bpmsync, attacks unprotected": _streamed(vocode),
        "librosa": _evenly(_librosa),
    }
    if find_spec("python_stretch"):
        found["python-stretch"] = _streamed(find_stretcher("python-stretch"))
    if shutil.which("rubberband"):
        found |= {"rubberband R2": _rubberband("-2"), "rubberband R3": _rubberband("-3")}
    if shutil.which("ffmpeg"):
        found["ffmpeg atempo"] = _evenly(_atempo)
    return found


def _streamed(stretcher: Callable) -> Engine:
    def run(sound: np.ndarray, timemap: TimeMap, rate: int) -> np.ndarray:
        blocks = (sound[:, first : first + _BLOCK] for first in range(0, sound.shape[1], _BLOCK))
        return np.concatenate(list(stretcher(blocks, timemap, sample_rate=rate)), axis=1)

    return run


def _evenly(stretched: Callable[[np.ndarray, float, int], np.ndarray]) -> Engine:
    def run(sound: np.ndarray, timemap: TimeMap, rate: int) -> np.ndarray:
        start = max(0, round((timemap.source_s[0] - _AROUND_S) * rate))
        stop = round((timemap.source_s[-1] + _AROUND_S) * rate)
        factor = float(np.ptp(timemap.source_s) / np.ptp(timemap.out_s))
        even = stretched(sound[:, start:stop], factor, rate)
        rest = TimeMap((timemap.source_s - start / rate) / factor, timemap.out_s)
        return np.concatenate(list(resample_along(iter([even]), rest, sample_rate=rate)), axis=1)

    return run


def _librosa(sound: np.ndarray, factor: float, _rate: int) -> np.ndarray:
    import librosa

    return librosa.effects.time_stretch(sound, rate=factor)


def _atempo(sound: np.ndarray, factor: float, rate: int) -> np.ndarray:
    raw = ["-f", "f32le", "-ar", str(rate), "-ac", str(len(sound))]
    command = ["ffmpeg", "-v", "error", *raw, "-i", "-", "-af", f"atempo={factor:.9f}", *raw, "-"]
    done = subprocess.run(command, input=sound.T.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, len(sound)).T.copy()


def _rubberband(version: str) -> Engine:
    """Return the program with its own time map, a key frame at every beat."""

    def run(sound: np.ndarray, timemap: TimeMap, rate: int) -> np.ndarray:
        start, stop = (round(s * rate) for s in timemap.source_s[[0, -1]])
        total = round(np.ptp(timemap.out_s) * rate)
        knots = np.rint((timemap.source_s * rate) - start), np.rint((timemap.out_s - timemap.out_s[0]) * rate)
        with tempfile.TemporaryDirectory() as folder:
            before, after, keys = (Path(folder) / name for name in ("in.wav", "out.wav", "keys"))
            _write_wav(before, sound[:, start:stop], rate)
            keys.write_text("".join(f"{a:.0f} {b:.0f}\n" for a, b in zip(*knots, strict=True)))
            options = [version, "-q", "-t", f"{total / (stop - start):.9f}", "--timemap", str(keys)]
            command = ["rubberband", *options, str(before), str(after)]
            subprocess.run(command, check=True, capture_output=True)
            return _read_wav(after)

    return run


def _write_wav(path: Path, sound: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((len(sound), 2, rate, 0, "NONE", ""))
        file.writeframes(np.rint(sound.T.clip(-1, 1) * 32_767).astype("<i2").tobytes())


def _read_wav(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return values.reshape(-1, file.getnchannels()).T.astype(np.float32) / 32_768
