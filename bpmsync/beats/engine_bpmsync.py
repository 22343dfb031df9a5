"""The default engine: features, onsets, tempo, beats, metre, grid, bars, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats import (
    bars,
    confidence,
    dynamics,
    fitting,
    metre,
    onsets,
    sections,
    spectrum,
    tempo,
    tracking,
)
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
_LEAST_SALIENCE = 0.015  # of the tempo: below it nothing repeats, not even freely played music
_LEAST_BAR_CONFIDENCE = 0.5  # bars that are less sure are not told


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
    level = dynamics.level_db(features.power, features.block_s, ())
    if features.duration_s < _SHORTEST_S:
        return _failed(f"only {features.duration_s:.1f} s long: too short to tell a tempo", level)
    if level < _SOFTEST_DB:
        return _failed("it is silent", level)
    strength = onsets.measure_onsets(features)
    asked = constraint.tempo_bpm is not None
    found = tempo.find_tempo(strength, near_bpm=constraint.tempo_bpm)
    if not asked and found.salience < _LEAST_SALIENCE:
        return _failed("no beat: nothing in it repeats regularly", level)
    harmony = metre.listen_to_harmony(features)
    beat = _track_beat(features, strength, found, harmony, constraint)
    if beat is None:
        return _failed("too short to tell a tempo", level)
    barred = bars.find_bars(strength, found, harmony, beat.frames)
    grid = _grid(beat.beats_s, barred, constraint)
    if grid is None:
        return _failed("the beats found are not a tempo that a grid can hold", level)
    return _detection(features, strength, beat, grid, barred.confidence)


@dataclass(frozen=True, slots=True, eq=False)
class _Beat:
    """The beats, in frames and in seconds, and what is known of them."""

    frames: NDArray[np.float64]
    beats_s: NDArray[np.float64]
    freedom: float
    tempo_salience: float
    counted: metre.Counted


def _track_beat(
    features: spectrum.Features,
    strength: onsets.OnsetStrength,
    found: tempo.Tempo,
    harmony: metre.Harmony,
    constraint: Constraint,
) -> _Beat | None:
    """Return the beats, or None where there are too few."""
    asked = constraint.tempo_bpm is not None
    width = tempo.CONSTRAINT_WIDTH if asked else None
    path = tracking.track_path(strength, found.bpm, width=width)
    if len(path) < _FEWEST_BEATS:
        return None
    tracked = fitting.choose_curve(strength, (path, tracking.track_rigid(strength, path))).beats
    counted = metre.choose_count(strength, found, harmony, tracked, only_phase=asked)
    beats = metre.counted_beats(tracked, counted.count, features.duration_s / features.frame_s)
    if len(beats) < _FEWEST_BEATS:
        return None
    curve = fitting.fit_curve(strength, beats)
    seconds = curve.beats * features.frame_s
    seconds = np.round((seconds + fitting.attack_lag_s(features, seconds)) * 1e6) / 1e6
    inside = seconds >= 0
    return _Beat(curve.beats[inside], seconds[inside], curve.freedom, found.salience, counted)


def _grid(beats_s: NDArray[np.float64], found: bars.Bars, constraint: Constraint) -> BeatGrid | None:
    """Return the grid with the bars that are sure enough, moved by the part of a beat asked for."""
    told = found.beats_per_bar if found.confidence >= _LEAST_BAR_CONFIDENCE else None
    downbeats = np.arange(found.first, len(beats_s), told) if told else np.arange(0)
    try:
        grid = BeatGrid(beats_s, downbeats, told)
        if not constraint.shift_beats:
            return grid
        moved = np.round(grid.time_of(np.arange(len(grid)) + float(constraint.shift_beats)), 6)
        before = int((moved < 0).sum())
        return BeatGrid(moved[before:], downbeats[downbeats >= before] - before, told)
    except ParameterError:
        return None


def _detection(
    features: spectrum.Features,
    strength: onsets.OnsetStrength,
    beat: _Beat,
    grid: BeatGrid,
    bar_confidence: float,
) -> Detection:
    usable = dynamics.usable_ranges(strength, grid.beats, features.power, features.block_s)
    level = dynamics.level_db(features.power, features.block_s, usable)
    evidence = confidence.confidence_evidence(
        beat.counted.readings, salience=beat.tempo_salience, freedom=beat.freedom, beat_count=len(beat.frames)
    )
    bar_s = grid.beats[grid.downbeats] if len(grid.downbeats) else grid.beats[::4]
    return Detection(
        engine=NAME,
        version=engine_version(NAME),
        grid=grid,
        readings=beat.counted.readings,
        confidence=confidence.rate_confidence(evidence),
        usable=usable,
        level_db=level,
        energy=dynamics.energy_of(strength, level, grid.tempo_bpm),
        bar_confidence=bar_confidence if len(grid.downbeats) else 0.0,
        salience=dynamics.beat_salience(strength, grid.beats),
        sections=sections.find_sections(features, strength, bar_s),
    )


def _failed(reason: str, level: float) -> Detection:
    return Detection(engine=NAME, version=engine_version(NAME), failure=reason, level_db=level)
