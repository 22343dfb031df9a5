"""librosa's own tracker, its tempo and its beats as they come: the yardstick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats import dynamics, jit
from bpmsync.beats.detection import Constraint, Detection
from bpmsync.beats.engines import engine_version
from bpmsync.errors import ParameterError
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.engines import Sound

__all__ = ["NAME", "beats_and_tempo", "track"]

NAME = "librosa"
_NO_CONSTRAINT = Constraint()
_NEUTRAL_CONFIDENCE = 0.5  # it says nothing about how sure it is
_BLOCK_S = 0.1


def beats_and_tempo(
    samples: NDArray[np.float32], sample_rate: int, *, near_bpm: float | None = None
) -> tuple[NDArray[np.float64], float]:
    """Return beat times in seconds and the tempo in BPM, exactly as `beat_track` gives them."""
    jit.CACHE_FOLDER.mkdir(parents=True, exist_ok=True)
    import librosa.beat

    tempo, beats = librosa.beat.beat_track(y=samples, sr=sample_rate, bpm=near_bpm, units="time")
    return np.asarray(beats, dtype=np.float64), float(np.atleast_1d(tempo)[0])


def track(sound: Sound, sample_rate: int, *, constraint: Constraint = _NO_CONSTRAINT) -> Detection:
    """Return librosa's beats as a detection; parameters as the default engine's, but all sound is kept."""
    samples = sound if isinstance(sound, np.ndarray) else np.concatenate([np.empty(0, np.float32), *sound])
    level = dynamics.level_db(_power(samples, sample_rate), _BLOCK_S, ())
    version = engine_version(NAME)
    beats = np.empty(0)
    if len(samples) >= sample_rate:
        beats, _ = beats_and_tempo(samples, sample_rate, near_bpm=constraint.tempo_bpm)
    try:
        grid = BeatGrid(np.round(beats, 6))
        if constraint.shift_beats:
            grid = BeatGrid(np.round(grid.time_of(np.arange(len(grid)) + float(constraint.shift_beats)), 6))
    except ParameterError:
        failure = "librosa found no beats that make a grid"
        return Detection(engine=NAME, version=version, failure=failure, level_db=level)
    return Detection(
        engine=NAME,
        version=version,
        grid=grid,
        confidence=_NEUTRAL_CONFIDENCE,
        usable=((float(grid.beats[0]), float(grid.beats[-1])),),
        level_db=level,
        energy=0.5,
    )


def _power(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return the mean square of each tenth of a second."""
    width = round(_BLOCK_S * sample_rate)
    blocks = samples[: len(samples) // width * width].reshape(-1, width)
    power: NDArray[np.float32] = np.einsum("ij,ij->i", blocks, blocks) / np.float32(width)
    return power
