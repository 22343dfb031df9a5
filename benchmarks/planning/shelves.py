"""Shelves of any size, made of numbers alone: music to plan with, without files or a library.

Tempi lie in humps around 92, 122, 140 and 172 BPM, songs last nearly four minutes, most beats are sure,
one song in sixteen counts in three, a few artists have much of the music. One in five wavers by
0.4 % around its tempo. The tracks of a shelf, with their beats, are made when they are fetched.
"""

from __future__ import annotations

from time import process_time
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import Detection
from bpmsync.library.facts import WINDOW_BEATS, unsteadiness
from bpmsync.library.shelf import Shelf
from bpmsync.library.track import Tags, Track
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MadeDrawer", "make_shelf"]

# Tempo in BPM, its spread, and the share of songs around it
_TEMPI = ((122.0, 12.0, 0.45), (92.0, 12.0, 0.30), (140.0, 15.0, 0.15), (172.0, 8.0, 0.10))
_SLOWEST, _FASTEST = 55.0, 210.0
_SHORTEST_S, _MEDIAN_S, _LONGEST_S = 60.0, 225.0, 900.0
_DOUBT, _BEATLESS = 0.12, 0.05
_IN_THREE, _WAVERS, _WAVER = 0.06, 0.2, 0.004
_WAVE_BEATS = 40.0
_ROUNDING = 1e-6
_FIRST_BEAT_S = 0.3
_FEWEST_ARTISTS, _SONGS_OF_AN_ARTIST, _ALBUMS_OF_AN_ARTIST = 12, 4, 4


class MadeDrawer:
    """Makes tracks from the columns of its shelf, and counts the processor seconds of that."""

    def __init__(self) -> None:
        self.shelf: Shelf | None = None
        self.middle_bpm = self.waver = np.zeros(0)
        self.cpu_s = 0.0

    def fetch(self, places: Sequence[int]) -> list[Track]:
        """Return the tracks, with their beats."""
        since = process_time()
        tracks = [self._track(place) for place in places]
        self.cpu_s += process_time() - since
        return tracks

    def paths(self, places: Sequence[int]) -> list[str]:
        """Return the paths of their files, which are not there."""
        return [_path(place) for place in places]

    def look(self, places: Sequence[int]) -> Iterator[Track]:
        """Return the tracks."""
        return (self._track(place) for place in places)

    def _track(self, row: int) -> Track:
        shelf = self.shelf
        length_s, clear_s = float(shelf.duration_s[row]), float(shelf.clear_s[row])
        beats = _beats(float(self.middle_bpm[row]), length_s, float(self.waver[row]))
        per_bar = 3 if shelf.odd[row] else 4
        artist, album = int(shelf.artist[row]), int(shelf.album[row])
        found = Detection(
            "bpmsync",
            "2",
            grid=BeatGrid(beats, np.arange(row % per_bar, len(beats), per_bar), per_bar),
            confidence=float(shelf.confidence[row]),
            usable=(((length_s - clear_s) / 2, (length_s + clear_s) / 2),),
            energy=float(shelf.energy[row]),
            level_db=float(shelf.level_db[row]),
        )
        tags = Tags(title=f"Song {row}", artist=f"Artist {artist}", album=f"Album {album}")
        return Track(_path(row), shelf.audio_hash[row], length_s, tags, found)


def make_shelf(count: int, seed: int = 0, *, in_three: float = _IN_THREE) -> Shelf:
    """Return a shelf of `count` songs, all different recordings; equal numbers give equal shelves.

    Parameters
    ----------
    count, seed : int
        How many, and which.
    in_three : float
        The share that counts in three.
    """
    random = np.random.default_rng([seed, count])
    centre, spread, share = (np.array(column) for column in zip(*_TEMPI, strict=True))
    kind = random.choice(len(_TEMPI), size=count, p=share)
    tempo_bpm = np.clip(random.normal(centre[kind], spread[kind]), _SLOWEST, _FASTEST)
    length_s = np.clip(random.lognormal(np.log(_MEDIAN_S), 0.3, count), _SHORTEST_S, _LONGEST_S).round(3)
    clear_s = length_s * np.clip(1 - random.exponential(_BEATLESS, count), 0.2, 1.0)
    artist = _artists(count, random)
    drawer = MadeDrawer()
    drawer.waver = np.where(random.random(count) < _WAVERS, _WAVER, 0.0)
    drawer.middle_bpm, unsteady_bpm = tempo_bpm.copy(), np.zeros(count)
    # Beats are rounded
    slowest_bpm, fastest_bpm = tempo_bpm * (1 - _ROUNDING), tempo_bpm * (1 + _ROUNDING)
    for row in np.flatnonzero(drawer.waver).tolist():  # the median of half a wave is not its middle
        grid = BeatGrid(_beats(float(tempo_bpm[row]), float(length_s[row]), _WAVER))
        tempo_bpm[row], unsteady_bpm[row] = grid.tempo_bpm, unsteadiness(grid)
        spans_s = grid.beats[WINDOW_BEATS:] - grid.beats[:-WINDOW_BEATS]
        slowest_bpm[row], fastest_bpm[row] = 60 * WINDOW_BEATS / np.array([spans_s.max(), spans_s.min()])
    no, yes = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    drawer.shelf = Shelf(
        audio_hash=tuple(f"b2:{row:08x}" for row in range(count)),
        duration_s=length_s,
        tempo_bpm=tempo_bpm,
        unsteady_bpm=unsteady_bpm,
        clear_s=clear_s,
        steady_s=clear_s,
        slowest_bpm=slowest_bpm,
        fastest_bpm=fastest_bpm,
        longest_s=clear_s,
        confidence=np.clip(1 - random.exponential(_DOUBT, count), 0.0, 1.0),
        level_db=random.normal(-12.0, 3.0, count),
        energy=random.beta(4.0, 2.5, count),
        odd=random.random(count) < in_three,
        settled=no,
        ignored=no,
        spoken=no,
        has_file=yes,
        artist=artist,
        album=artist * _ALBUMS_OF_AN_ARTIST + random.integers(0, _ALBUMS_OF_AN_ARTIST, count),
        place=np.arange(count),
        drawer=drawer,
    )
    return drawer.shelf


def _artists(count: int, random: np.random.Generator) -> np.ndarray:
    """Return an artist for each song: of few songs the largest has some 5 %, of very many 1 %."""
    artists = max(_FEWEST_ARTISTS, count // _SONGS_OF_AN_ARTIST)
    weight = (np.arange(artists) + 10.0) ** -0.8
    return random.choice(artists, size=count, p=weight / weight.sum()).astype(np.int64)


def _beats(tempo_bpm: float, length_s: float, waver: float) -> np.ndarray:
    count = int((length_s - _FIRST_BEAT_S) * tempo_bpm / 60) - 1
    # 60 s/min over beats/min are seconds a beat
    intervals = 60 / tempo_bpm * (1 + waver * np.sin(np.arange(count) / _WAVE_BEATS))
    beats = _FIRST_BEAT_S + np.concatenate([[0.0], np.cumsum(intervals)])
    # Whole microseconds, as a library has them
    return np.round(beats[beats < length_s], 6)


def _path(row: int) -> str:
    return f"/music/{row:06d}.mp3"
