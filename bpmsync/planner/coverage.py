"""Which cadences a library can serve, and for how long: counted from a shelf, without any beats.

Music counts as long as it could play: a file's length in untouched plans, its longest steady
stretch in stretched ones. A recording counts once in a band, at however many steps per beat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.library.shelf import Shelf
from bpmsync.planner.candidates import NativeOptions, refused
from bpmsync.planner.ranges import StretchOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bpmsync.library.track import Track
    from bpmsync.timeline.arrays import FloatArray
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "NATIVE_LIMITS",
    "STRETCH_LIMITS",
    "CadenceBand",
    "Limits",
    "RunPart",
    "cadence_bands",
    "limit_of",
    "playable",
    "run_parts",
    "serving",
    "tempo_window",
]

Limits: TypeAlias = NativeOptions | StretchOptions

NATIVE_LIMITS = (0.02, 0.04, 0.08)
STRETCH_LIMITS = (0.04, 0.08, 0.12)

_SLOWEST_SPM = 140.0
_FASTEST_SPM = 200.0
_NARROWEST_SPM = 0.5
_RATIOS = (1.0, 2.0, 0.5)
# Parts of a run are about so long
_SHORT_S, _LONG_S = 120.0, 300.0


@dataclass(frozen=True, slots=True)
class CadenceBand:
    """Minutes of music that serve one band of cadence.

    Parameters
    ----------
    from_spm, to_spm : float
        The band: from the first, below the second.
    once_min, twice_min, half_min : float
        Minutes whose step tempo lies in it at 1, 2 and 1/2 steps per beat.
    tracks : int
        Recordings whose step tempo lies in it.
    limits : tuple of float
        How far music may be off, or be stretched, as shares.
    within_min, within_tracks : tuple
        By limit, minutes and recordings that can be brought to some cadence of the band.
    """

    from_spm: float
    to_spm: float
    once_min: float
    twice_min: float
    half_min: float
    tracks: int
    limits: tuple[float, ...] = ()
    within_min: tuple[float, ...] = ()
    within_tracks: tuple[int, ...] = ()

    @property
    def total_min(self) -> float:
        """Minutes at any number of steps per beat."""
        return self.once_min + self.twice_min + self.half_min


@dataclass(frozen=True, slots=True)
class RunPart:
    """A few minutes of a run, and the music there is for them.

    Parameters
    ----------
    start_s, end_s : float
        Run seconds.
    low_spm, high_spm, mean_spm : float
        The targets there.
    music_min : float
        Minutes of music within the limit of the mean target.
    needed_min : float
        Minutes of the whole run whose target is within the limit of it: they all draw on that
        music.
    tracks : int
        Recordings that make up `music_min`.
    """

    start_s: float
    end_s: float
    low_spm: float
    high_spm: float
    mean_spm: float
    music_min: float
    needed_min: float
    tracks: int

    @property
    def for_each(self) -> float:
        """Minutes of music for each minute needed."""
        return self.music_min / self.needed_min


def cadence_bands(
    tracks: Iterable[Track] | Shelf,
    options: Limits | None = None,
    *,
    width_spm: float = 5.0,
    from_spm: float = _SLOWEST_SPM,
    to_spm: float = _FASTEST_SPM,
    limits: Sequence[float] | None = None,
) -> tuple[CadenceBand, ...]:
    """Return the minutes of music for each band of cadence; copies count once.

    Parameters
    ----------
    tracks : iterable of Track, or Shelf
        The library, in any order.
    options : NativeOptions or StretchOptions, optional
        The filters of a plan; how far music may be off, or be stretched, plays no part.
    width_spm : float
        Width of a band, 0.5 or more.
    from_spm, to_spm : float
        The cadences shown; the last band reaches to `to_spm` or beyond.
    limits : sequence of float, optional
        Shares; the usual ones of the kind of plan by default.

    Raises
    ------
    ParameterError
        If the bands have no width, or there is none.
    """
    options = options or NativeOptions()
    if not (math.isfinite(width_spm) and width_spm >= _NARROWEST_SPM and from_spm < to_spm):
        msg = f"bands of {width_spm:g} spm from {from_spm:g} to {to_spm:g} make no table (0.5 spm or wider)"
        raise ParameterError(msg)
    stretched = isinstance(options, StretchOptions)
    shares = tuple(limits or (STRETCH_LIMITS if stretched else NATIVE_LIMITS))
    shelf = tracks if isinstance(tracks, Shelf) else Shelf.of(tracks)
    shelf = shelf.chosen(np.flatnonzero(playable(shelf, options)))
    minutes = _lengths_s(shelf, options) / 60.0
    tempi = _step_tempi(shelf)
    bands = []
    for number in range(math.ceil((to_spm - from_spm) / width_spm)):
        low, high = from_spm + number * width_spm, from_spm + (number + 1) * width_spm
        inside = [(low <= spm) & (spm < high) for spm in tempi]
        reached = []
        for share in shares:
            slowest, fastest = _window(low, high, share, stretched=stretched)
            reached.append(np.logical_or.reduce([(slowest <= spm) & (spm <= fastest) for spm in tempi]))
        once, twice, half = (float(minutes[rows].sum()) for rows in inside)
        bands.append(
            CadenceBand(
                low,
                high,
                once,
                twice,
                half,
                int(np.logical_or.reduce(inside).sum()),
                shares,
                tuple(float(minutes[rows].sum()) for rows in reached),
                tuple(int(rows.sum()) for rows in reached),
            )
        )
    return tuple(bands)


def run_parts(shelf: Shelf, ramp: Ramp, options: Limits) -> tuple[RunPart, ...]:
    """Return the parts of a run, a few minutes each, and how much music there is for them.

    Parameters
    ----------
    shelf : Shelf
        The library.
    ramp : Ramp
        The run.
    options : NativeOptions or StretchOptions
        Filters and limits.
    """
    shelf = shelf.chosen(np.flatnonzero(playable(shelf, options)))
    minutes = _lengths_s(shelf, options) / 60.0
    share, stretched = limit_of(options), isinstance(options, StretchOptions)
    tempi = _step_tempi(shelf)
    found = []
    for start_s, end_s in pairwise(_cuts(ramp)):
        steps = np.diff(ramp.steps_at([start_s, end_s]))
        # steps over seconds, times 60 s/min, is a cadence in 1/min
        mean = 60.0 * float(steps[0]) / (end_s - start_s)
        slowest, fastest = _window(mean, mean, share, stretched=stretched)
        rows = np.logical_or.reduce([(slowest <= spm) & (spm <= fastest) for spm in tempi])
        needed_s = _seconds_within(ramp, mean * (1 - share), mean * (1 + share))
        low, high = ramp.range_spm(start_s, end_s)
        music = float(minutes[rows].sum())
        # Between two levels a mean is no target at all; the part itself is needed in any case
        needed = max(needed_s, end_s - start_s) / 60.0
        found.append(RunPart(start_s, end_s, low, high, mean, music, needed, int(rows.sum())))
    return tuple(found)


def limit_of(options: Limits) -> float:
    """Return how far music may be off, or be stretched, as a share."""
    return options.limit if isinstance(options, StretchOptions) else options.max_off


def playable(shelf: Shelf, options: Limits) -> np.ndarray:
    """Return which rows of a shelf may be planned at all."""
    if not isinstance(options, StretchOptions):
        return ~refused(shelf, options)
    rows: np.ndarray = ~refused(shelf, options.filters()) & shelf.has_file & (shelf.steady_s > 0)
    return rows


def serving(shelf: Shelf, options: Limits, low_spm: float, high_spm: float) -> np.ndarray:
    """Return which rows of a shelf serve some cadence of a range, within the limit."""
    stretched = isinstance(options, StretchOptions)
    slowest, fastest = _window(low_spm, high_spm, limit_of(options), stretched=stretched)
    fits = [(slowest <= spm) & (spm <= fastest) for spm in _step_tempi(shelf)]
    rows: np.ndarray = playable(shelf, options) & np.logical_or.reduce(fits)
    return rows


def tempo_window(options: Limits, low_spm: float, high_spm: float) -> tuple[float, float]:
    """Return the slowest and the fastest step tempo that serve all cadences of a range.

    The first is above the second where no tempo does.
    """
    share = limit_of(options)
    if isinstance(options, StretchOptions):
        return high_spm / (1 + share), low_spm / (1 - share)
    return high_spm * (1 - share), low_spm * (1 + share)


def _window(low: float, high: float, share: float, *, stretched: bool) -> tuple[float, float]:
    """Return the step tempi that reach some cadence of a range."""
    if stretched:
        return low / (1 + share), high / (1 - share)
    return low * (1 - share), high * (1 + share)


def _step_tempi(shelf: Shelf) -> list[FloatArray]:
    """Return the step tempo of each row at 1, 2 and 1/2 steps per beat; nan where it has none."""
    tempi = [shelf.tempo_bpm * ratio for ratio in _RATIOS]
    tempi[2] = np.where(shelf.odd, np.nan, tempi[2])  # every other beat only in even bars
    return tempi


def _lengths_s(shelf: Shelf, options: Limits) -> FloatArray:
    return shelf.steady_s if isinstance(options, StretchOptions) else shelf.duration_s


def _cuts(ramp: Ramp) -> list[float]:
    """Return where the parts of a run begin, and where the last one ends."""
    edges = [0.0]
    for second, _ in ramp.knots[:-1]:
        if second - edges[-1] >= _SHORT_S and ramp.duration_s - second >= _SHORT_S:
            edges.append(second)
    edges.append(ramp.duration_s)
    cuts: list[float] = []
    for start_s, end_s in pairwise(edges):
        count = max(1, round((end_s - start_s) / _LONG_S))
        cuts += np.linspace(start_s, end_s, count + 1)[:-1].tolist()
    return [*cuts, ramp.duration_s]


def _seconds_within(ramp: Ramp, low: float, high: float) -> float:
    """Return how many seconds of a run have their target in a range."""
    return math.fsum(_pieces_within(ramp, low, high))


def _pieces_within(ramp: Ramp, low: float, high: float) -> Iterator[float]:
    first_s, first_spm = ramp.knots[0]
    yield first_s * (low <= first_spm <= high)
    for (t0, spm0), (t1, spm1) in pairwise(ramp.knots):
        least, most = min(spm0, spm1), max(spm0, spm1)
        if least == most:
            yield (t1 - t0) * (low <= least <= high)
        else:
            yield (t1 - t0) * max(0.0, min(most, high) - max(least, low)) / (most - least)
