"""Beat number <-> source second.

Beats are numbered from 0. Between two beats time runs evenly; before the first and after
the last it goes on at the tempo of the neighbouring interval. Times are seconds of the
file as decoders give it, on a grid of whole microseconds once they come out of the store.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.timeline.arrays import (
    FloatArray,
    IntArray,
    frozen_floats,
    frozen_ints,
    interpolate,
)

if TYPE_CHECKING:
    from fractions import Fraction

    from numpy.typing import ArrayLike

__all__ = ["FASTEST_BPM", "SLOWEST_BPM", "BeatGrid"]

SLOWEST_BPM = 30.0
FASTEST_BPM = 400.0
# Times are rounded to a microsecond when stored, so an interval may miss its limit by one.
_ROUNDING_S = 2e-6
_LONGEST_BAR = 16


@dataclass(frozen=True, slots=True, eq=False)
class BeatGrid:
    """The beats of one track, as an invertible map between beat numbers and seconds.

    Parameters
    ----------
    beats : array_like of float, shape (n,), n >= 2
        Beat times in seconds, increasing, each interval from 0.15 s (400 BPM) to 2 s (30 BPM).
    downbeats : sequence of int, optional
        Increasing indices into `beats` of the first beats of bars; empty where not known.
    beats_per_bar : int, optional
        Beats in a bar, 1 to 16, or None where not known.

    Raises
    ------
    ParameterError
        If a beat, an interval or an index is outside that domain.

    Examples
    --------
    >>> grid = BeatGrid([1.0, 1.5, 2.0])
    >>> float(grid.time_of(3)), float(grid.beat_at(1.25)), grid.tempo_bpm
    (2.5, 0.5, 120.0)
    """

    beats: FloatArray
    downbeats: IntArray = field(default_factory=lambda: frozen_ints((), "downbeats"))
    beats_per_bar: int | None = None
    _numbers: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        beats = frozen_floats(self.beats, "beats")
        downbeats = frozen_ints(self.downbeats, "downbeats")
        _check_beats(beats)
        _check_bars(downbeats, self.beats_per_bar, len(beats))
        object.__setattr__(self, "beats", beats)
        object.__setattr__(self, "downbeats", downbeats)
        object.__setattr__(self, "_numbers", frozen_floats(np.arange(len(beats)), "numbers"))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BeatGrid):
            return NotImplemented
        return (
            np.array_equal(self.beats, other.beats)
            and np.array_equal(self.downbeats, other.downbeats)
            and self.beats_per_bar == other.beats_per_bar
        )

    __hash__ = None  # type: ignore[assignment]  # values with arrays are compared, not hashed

    def __len__(self) -> int:
        return len(self.beats)

    @property
    def tempo_bpm(self) -> float:
        """60 over the median beat interval, in beats per minute."""
        # The very number of np.median, which takes ten times as long: plans ask for thousands
        intervals = np.sort(self.beats[1:] - self.beats[:-1])
        half = len(intervals) // 2
        return 60.0 / float((intervals[half] + intervals[~half]) / 2)

    def time_of(self, beat: ArrayLike) -> FloatArray:
        """Return the second of a beat number; fractions lie evenly between beats."""
        return interpolate(beat, self._numbers, self.beats)

    def beat_at(self, seconds: ArrayLike) -> FloatArray:
        """Return the (fractional) beat number at a second; the inverse of `time_of`."""
        return interpolate(seconds, self.beats, self._numbers)

    def shifted(self, seconds: float) -> BeatGrid:
        """Return the grid with every beat moved later by `seconds` (earlier if negative)."""
        return BeatGrid(self.beats + seconds, self.downbeats, self.beats_per_bar)

    def scaled(self, factor: Fraction) -> BeatGrid:
        """Return the grid at `factor` times the tempo, over the same span of time.

        Whatever the factor, bar lines stay where they were: the new beats are counted from
        the first downbeat (else from beat 0), and downbeats that fall between new beats go. Where
        a bar would not have 1 to 16 whole beats, their number is no longer known.

        Raises
        ------
        ParameterError
            If the factor is not positive, or the result has under 2 beats or leaves 30-400 BPM.
        """
        if factor <= 0:
            msg = f"a grid can be scaled by a positive factor only, got {factor}"
            raise ParameterError(msg)
        origin = int(self.downbeats[0]) if len(self.downbeats) else 0
        first = math.ceil(-origin * factor)
        last = math.floor((len(self) - 1 - origin) * factor)
        numbers = origin + np.arange(first, last + 1) * factor.denominator / factor.numerator
        bars = [(int(d) - origin) * factor - first for d in self.downbeats]
        beats_per_bar = None if self.beats_per_bar is None else self.beats_per_bar * factor
        whole_bars = beats_per_bar in range(1, _LONGEST_BAR + 1)
        return BeatGrid(
            self.time_of(numbers),
            frozen_ints([int(b) for b in bars if b.denominator == 1], "downbeats"),
            int(beats_per_bar) if whole_bars and beats_per_bar is not None else None,
        )


def _check_beats(beats: FloatArray) -> None:
    if len(beats) < 2:  # noqa: PLR2004 - two points make a line
        msg = f"a beat grid needs at least 2 beats, got {len(beats)}"
        raise ParameterError(msg)
    intervals = np.diff(beats)
    shortest, longest = 60.0 / FASTEST_BPM - _ROUNDING_S, 60.0 / SLOWEST_BPM + _ROUNDING_S
    wrong = np.flatnonzero((intervals < shortest) | (intervals > longest))
    if len(wrong):
        i = int(wrong[0])
        msg = (
            f"beats {i} and {i + 1} are {intervals[i]:.3f} s apart, at {beats[i]:.3f} s: "
            f"a grid runs from {SLOWEST_BPM:g} to {FASTEST_BPM:g} BPM (2 to 0.15 s) and forward"
        )
        raise ParameterError(msg)


def _check_bars(downbeats: IntArray, beats_per_bar: int | None, beat_count: int) -> None:
    increasing = bool((np.diff(downbeats) > 0).all())
    inside = not len(downbeats) or (downbeats[0] >= 0 and downbeats[-1] < beat_count)
    if not (increasing and inside):
        msg = f"downbeats must be increasing indices below {beat_count}"
        raise ParameterError(msg)
    if beats_per_bar is not None and not 1 <= beats_per_bar <= _LONGEST_BAR:
        msg = f"beats per bar must be from 1 to {_LONGEST_BAR}, got {beats_per_bar}"
        raise ParameterError(msg)
