"""The default engine: onsets, tempo, beats, grid, confidence, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats import confidence, fitting, onsets, spectrum, tempo, tracking
from bpmsync.beats.detection import Constraint, Detection
from bpmsync.beats.engines import engine_version
from bpmsync.errors import ParameterError
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.beats.engines import Sound

__all__ = ["NAME", "track"]

NAME = "bpmsync"
_NO_CONSTRAINT = Constraint()
_SHORTEST_S = 4.0
_SOFTEST_DB = -75.0
_FEWEST_BEATS = 6
_LOUDNESS_RATE = 10
# Noise never reaches either; music with a beat reaches at least one of them by far.
_LEAST_SALIENCE = 0.06
_LEAST_AGREEMENT = 0.25


def track(sound: Sound, sample_rate: int, *, constraint: Constraint = _NO_CONSTRAINT) -> Detection:
    """Return the beat of mono sound, or why there is none.

    Parameters
    ----------
    sound : numpy.ndarray of float32, shape (n,), or iterable of such
        Mono, full scale at 1; all at once, or block by block, of which none is kept.
    sample_rate : int
        In Hz; made for 22,050.
    constraint : Constraint
        What a person said about the beat.
    """
    features = spectrum.measure_features(sound, sample_rate)
    loudness = _loudness(features)
    level = confidence.level_db(loudness, _LOUDNESS_RATE, ())
    if features.duration_s < _SHORTEST_S:
        return _failed(f"only {features.duration_s:.1f} s long: too short to tell a tempo", level)
    if level < _SOFTEST_DB:
        return _failed("it is silent", level)
    strength = onsets.measure_onsets(features)
    found = tempo.find_tempo(strength, near_bpm=constraint.tempo_bpm)
    asked = constraint.tempo_bpm is not None
    width = tempo.CONSTRAINT_WIDTH if asked else None
    pulse = tracking.track_pulse(strength, constraint.tempo_bpm or found.bpm, width=width)
    if len(pulse.beats) < _FEWEST_BEATS:
        return _failed("too short to tell a tempo", level)
    fit = fitting.fit_grid(strength, pulse)
    if not asked and (found.salience < _LEAST_SALIENCE or fit.agreement < _LEAST_AGREEMENT):
        return _failed("no beat: nothing in it repeats regularly", level)
    try:
        grid = _grid(fit.beats, constraint)
    except ParameterError:
        return _failed("the beats found are not a tempo that a grid can hold", level)
    usable = confidence.usable_ranges(strength, grid.beats, loudness, _LOUDNESS_RATE)
    level = confidence.level_db(loudness, _LOUDNESS_RATE, usable)
    sure = confidence.rate_confidence(
        salience=found.salience, rigidity=pulse.rigidity, agreement=fit.agreement
    )
    return Detection(
        engine=NAME,
        version=engine_version(NAME),
        grid=grid,
        readings=found.readings,
        confidence=sure,
        usable=usable,
        level_db=level,
        energy=confidence.energy_of(strength, level, grid.tempo_bpm),
    )


def _loudness(features: spectrum.Features) -> NDArray[np.float32]:
    """Return the RMS of the sound ten times a second, which stands for the sound in levels."""
    times = np.arange(int(features.duration_s * _LOUDNESS_RATE)) / _LOUDNESS_RATE
    return np.sqrt(features.power[(times / features.block_s).astype(np.int64)])


def _grid(beats: NDArray[np.float64], constraint: Constraint) -> BeatGrid:
    """Return the beats from second 0 on, moved by the part of a beat that was asked for."""
    grid = BeatGrid(beats[beats >= 0])
    if constraint.shift_beats:
        numbers = np.arange(len(grid)) + float(constraint.shift_beats)
        moved = np.round(grid.time_of(numbers), 6)
        grid = BeatGrid(moved[moved >= 0])
    return grid


def _failed(reason: str, level: float) -> Detection:
    return Detection(engine=NAME, version=engine_version(NAME), failure=reason, level_db=level)
