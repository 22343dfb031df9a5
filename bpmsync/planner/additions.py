"""What to add to a library so that it covers a run: tempi and minutes, never titles.

Each answer was tried: songs made of nothing but a beat, from one end of the band to the other,
are put on the shelf, and the run is planned again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.errors import PlanError
from bpmsync.library.shelf import Shelf
from bpmsync.library.track import Tags, Track
from bpmsync.planner.coverage import limit_of, tempo_window
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.shortage import holes_of
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.library.glance import Glance
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.shortage import Case, Hole

__all__ = ["Additions", "TempoBand", "find_additions", "made_of_beats", "shelf_with"]

_SONGS_S = (210.0, 180.0, 240.0, 195.0, 225.0)
_PIECE_S = 240.0
# More songs than the holes need: lengths have to fit, too
_SPARE = (1, 2, 4)
# Of so many songs one is left over, where many have to fit
_LEFT_OVER = 8
# Of a tempo, on either side: as music of one kind is spread, and never at the limit
_HALF_BAND = 0.03
_NARROWEST = 0.012
# Across a band and back, its ends first
_SPREAD = (0.0, 1.0, 0.5, 0.25, 0.75)
# After every audio hash
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class TempoBand:
    """Music that a library lacks.

    Parameters
    ----------
    low_bpm, high_bpm : float
        At one step a beat; half of that serves as well.
    songs : int
        Of three to four minutes each, as far as the limits of length allow.
    minutes : float
        All of them together.
    """

    low_bpm: float
    high_bpm: float
    songs: int
    minutes: float

    @property
    def words(self) -> str:
        """The band as people say it."""
        tempi = f"{self.low_bpm / 2:g}-{self.high_bpm / 2:g} or {self.low_bpm:g}-{self.high_bpm:g} BPM"
        return f"{self.minutes:.0f} min ({self.songs} songs) at {tempi}"


@dataclass(frozen=True, slots=True)
class Additions:
    """What would cover a run.

    Parameters
    ----------
    bands : tuple of TempoBand
        What to add, the slowest first; none where no song of a steady tempo helps.
    silent_s : float
        Seconds of the run that stay without music even then.
    """

    bands: tuple[TempoBand, ...] = ()
    silent_s: float = 0.0


def find_additions(case: Case, plan: Plan[Any], *, attempts: int = len(_SPARE)) -> Additions:
    """Return what to add so that the holes of a plan are closed.

    Parameters
    ----------
    case : Case
        The run.
    plan : Plan
        Its plan, with holes.
    attempts : int
        How often the run may be planned.
    """
    before_s = _silence_s(plan)
    best = Additions((), before_s)
    windows = [window for hole in holes_of(plan) for window in _windows(case, hole)]
    for spare in _SPARE[:attempts] if windows else ():
        bands = tuple(sorted(_bands(windows, spare, _lengths(case)), key=lambda band: band.low_bpm))
        songs = [song for at, band in enumerate(bands) for song in made_of_beats(band, _lengths(case), at)]
        try:
            silent_s = _silence_s(case.replan(shelf_with(case.shelf, songs), case.options))
        except PlanError:
            continue
        if silent_s < best.silent_s - 1.0:
            best = Additions(bands, silent_s)
        if silent_s <= 0:
            break
    return best


def made_of_beats(band: TempoBand, lengths_s: Sequence[float], number: int = 0) -> list[Track]:
    """Return songs of a band that are nothing but a beat.

    Parameters
    ----------
    band : TempoBand
        Tempi, and how many songs.
    lengths_s : sequence of float
        Their lengths, again and again.
    number : int
        Tells the songs of several bands apart.
    """
    found = []
    for at, length_s in enumerate(islice(cycle(lengths_s), band.songs)):
        bpm = band.low_bpm + _SPREAD[at % len(_SPREAD)] * (band.high_bpm - band.low_bpm)
        beats = np.round(np.arange(0.25, length_s, 60 / bpm), 6)
        grid = BeatGrid(beats, np.arange(0, len(beats), 4), 4)
        name = f"{_LAST}{number:04d}:{at:04d}"
        detection = Detection(
            "bpmsync", "1", grid=grid, confidence=1.0, usable=((0.0, length_s),), energy=0.5
        )
        found.append(Track(path=name, audio_hash=name, duration_s=length_s, tags=Tags(), detection=detection))
    return found


def shelf_with(shelf: Shelf, songs: Sequence[Track]) -> Shelf:
    """Return a shelf with songs after its own rows."""
    added = Shelf.of(songs)
    columns = {
        field.name: np.concatenate([getattr(shelf, field.name), getattr(added, field.name)])
        for field in fields(shelf)
        if field.name not in {"audio_hash", "drawer", "place"}
    }
    # Places below 0 are those of the songs
    columns["place"] = np.concatenate([shelf.place, -1 - added.place])
    drawer = _Both(shelf, songs=added)
    return replace(shelf, audio_hash=shelf.audio_hash + added.audio_hash, drawer=drawer, **columns)


class _Both:
    """The drawers of two shelves: places of the second count down from -1."""

    def __init__(self, shelf: Shelf, *, songs: Shelf) -> None:
        self._first, self._second = shelf.drawer, songs.drawer

    def fetch(self, places: Sequence[int]) -> list[Track]:
        old = iter(self._first.fetch([place for place in places if place >= 0]))
        new = iter(self._second.fetch([-1 - place for place in places if place < 0]))
        return [next(old) if place >= 0 else next(new) for place in places]

    def paths(self, places: Sequence[int]) -> list[str]:
        old = iter(self._first.paths([place for place in places if place >= 0]))
        return [next(old) if place >= 0 else "" for place in places]

    def look(self, places: Sequence[int]) -> Iterator[Track | Glance]:
        old = self._first.look([place for place in places if place >= 0])
        new = self._second.look([-1 - place for place in places if place < 0])
        return (next(old) if place >= 0 else next(new) for place in places)


@dataclass(frozen=True, slots=True)
class _Window:
    """A piece of a hole, and the step tempi that serve it and what is around it."""

    seconds: float
    low: float
    high: float


def _windows(case: Case, hole: Hole) -> Iterator[_Window]:
    count = max(1, math.ceil(hole.length_s / _PIECE_S))
    piece_s = hole.length_s / count
    for number in range(count):
        start_s = hole.start_s + number * piece_s
        window = _window(case, start_s, start_s + piece_s)
        if window is not None:
            yield _Window(piece_s, *window)


def _window(case: Case, start_s: float, end_s: float) -> tuple[float, float] | None:
    """Return the tempi that serve a piece and as much around it as songs that fill it may cover."""
    ramp, options = case.ramp, case.options
    song_s = options.min_length_s if isinstance(options, StretchOptions) else min(_lengths(case))
    for reach_s in (song_s, song_s / 2, 0.0):
        first_s, last_s = max(0.0, start_s - reach_s), min(ramp.duration_s, end_s + reach_s)
        low, high = tempo_window(options, *ramp.range_spm(first_s, last_s))
        middle = (low + high) / 2
        if high - low >= min(_NARROWEST, limit_of(options)) * middle:
            return low, high
    return None


def _bands(windows: Sequence[_Window], spare: int, lengths_s: Sequence[float]) -> Iterator[TempoBand]:
    """Put windows together that some tempi have in common, and say what music they take."""
    rest = sorted(windows, key=lambda one: (one.high, one.low))
    mean_s = math.fsum(lengths_s) / len(lengths_s)
    while rest:
        low, high, seconds = rest[0].low, rest[0].high, 0.0
        left = []
        for one in rest:
            shared = max(low, one.low), min(high, one.high)
            if shared[1] - shared[0] >= _NARROWEST * sum(shared) / 2:
                (low, high), seconds = shared, seconds + one.seconds
            else:
                left.append(one)
        rest = left
        fewest = math.ceil(seconds / mean_s)
        songs = fewest + spare + fewest // _LEFT_OVER
        minutes = math.ceil(math.fsum(islice(cycle(lengths_s), songs)) / 60)
        yield TempoBand(*_said(low, high), songs, float(minutes))


def _said(low: float, high: float) -> tuple[float, float]:
    """Return the middle of some tempi, in numbers as round as a narrow band allows."""
    middle = (low + high) / 2
    low, high = max(low, middle * (1 - _HALF_BAND)), min(high, middle * (1 + _HALF_BAND))
    # Half of them is said too
    fine = next((size for size in (2.0, 1.0, 0.2) if high - low >= 3 * size), 0.02)
    return round(math.ceil(low / fine) * fine, 6), round(math.floor(high / fine) * fine, 6)


def _lengths(case: Case) -> tuple[float, ...]:
    """Return how long songs are, within the limits."""
    shortest_s, longest_s = case.options.min_length_s, case.options.max_length_s
    return tuple(min(max(one, shortest_s), longest_s) for one in _SONGS_S)


def _silence_s(plan: Plan[Any]) -> float:
    return math.fsum(end - start for start, end in plan.uncovered)
