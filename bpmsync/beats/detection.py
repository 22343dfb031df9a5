"""What a machine found out about the beat of one track (a pure value).

Importing this module loads no audio library, so that the store and the planner can use it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from bpmsync.timeline.grid import BeatGrid

__all__ = ["LIKELY", "PLANNED", "SURE", "Constraint", "Detection", "Reading", "confidence_word"]

SURE = 0.8
LIKELY = 0.5
# From this confidence on a track is planned, unless somebody asks for another threshold
PLANNED = LIKELY


def confidence_word(confidence: float) -> str:
    """Return *sure*, *likely* or *check* for a confidence from 0 to 1."""
    if confidence >= SURE:
        return "sure"
    return "likely" if confidence >= LIKELY else "check"


@dataclass(frozen=True, slots=True)
class Reading:
    """One metrical level at which the music can be counted.

    Parameters
    ----------
    ratio : Fraction
        Tempo of this reading over the tempo of the grid.
    probability : float
        0 to 1; the readings of a detection sum to 1.
    """

    ratio: Fraction
    probability: float


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a person said about the beat; every later tracking of that audio honours it.

    Parameters
    ----------
    tempo_bpm : float, optional
        The grid's tempo is this, within 4 % (doubled, halved, tapped or set).
    shift_beats : Fraction
        The beats found lie this part of a beat too early: 1/2 moves them to the off-beat.
    """

    tempo_bpm: float | None = None
    shift_beats: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.tempo_bpm is not None and not 30 <= self.tempo_bpm <= 400:  # noqa: PLR2004
            msg = f"a tempo of {self.tempo_bpm:g} BPM is outside 30-400"
            raise ParameterError(msg)

    def __bool__(self) -> bool:
        return self.tempo_bpm is not None or self.shift_beats != 0

    def key(self) -> str:
        """Return a short stable text that names the constraint; empty for none."""
        tempo = "" if self.tempo_bpm is None else f"tempo={self.tempo_bpm:.3f}"
        shift = "" if not self.shift_beats else f"shift={self.shift_beats}"
        return " ".join(part for part in (tempo, shift) if part)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """The beat of one track as an engine found it, or why it found none.

    Parameters
    ----------
    engine, version : str
        Which engine; the version changes only when its results change.
    grid : BeatGrid or None
        Beats in file seconds, on whole microseconds; None with a `failure`.
    failure : str or None
        Why there is no grid.
    readings : tuple of Reading
        The octave posterior, most probable first; ratio 1 is the grid itself.
    confidence : float
        0 to 1.
    usable : tuple of (float, float)
        File seconds [start, end] with a clear beat, in order, without overlap.
    level_db : float
        RMS level over the usable ranges (the whole file where there are none), dB re full scale.
    energy : float
        0 calm to 1 driving.
    bar_confidence : float
        How sure the grid's downbeats and beats per bar are, 0 to 1; 0 where it has none.
    salience : float
        How clearly the beat is heard, 0 to 1.
    sections : tuple of float
        File seconds at which a new section clearly begins, increasing; on downbeats where
        bars are known.
    """

    engine: str
    version: str
    grid: BeatGrid | None = None
    failure: str | None = None
    readings: tuple[Reading, ...] = ()
    confidence: float = 0.0
    usable: tuple[tuple[float, float], ...] = ()
    level_db: float = -120.0
    energy: float = 0.0
    bar_confidence: float = 0.0
    salience: float = 0.0
    sections: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.grid is None) == (self.failure is None):
            msg = "a detection has either a grid or a failure"
            raise ParameterError(msg)
        for name in ("confidence", "energy", "bar_confidence", "salience"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                msg = f"{name} {share} must be from 0 to 1"
                raise ParameterError(msg)
        ends = [x for span in self.usable for x in span]
        if ends != sorted(ends) or not all(map(math.isfinite, [*ends, self.level_db])):
            msg = f"usable ranges must be in order and without overlap, got {self.usable}"
            raise ParameterError(msg)
        # All increasing: compared pair by pair, so that a nan fails too
        if not all(one < other for one, other in pairwise((-math.inf, *self.sections, math.inf))):
            msg = f"sections must begin at increasing seconds, got {self.sections}"
            raise ParameterError(msg)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Detection):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # values with arrays are compared, not hashed

    @property
    def tempo_bpm(self) -> float | None:
        """60 over the median beat interval; None without a grid."""
        return None if self.grid is None else self.grid.tempo_bpm
