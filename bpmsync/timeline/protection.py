"""Beats kept as they were played: a time map in which no attack is stretched.

A drum stroke that is stretched is a softer stroke. Around every beat the map is given a short
plateau that runs at rate 1, and all the stretch goes between the beats. Each beat still lands
exactly where it did; between beats the rate is a little further from 1, which `rates` tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["AFTER_S", "BEFORE_S", "protect", "rates"]

BEFORE_S: Final = 0.025
AFTER_S: Final = 0.030
# Beats may be so close that plateaus would leave no room: half of every interval stays free.
_SHARE: Final = 0.25
# A knot nearer than this to a plateau would bend time sharply between them.
_CLEAR_S: Final = 0.030
_SAME_S: Final = 1e-9


def rates(timemap: TimeMap) -> FloatArray:
    """Return how fast each piece of a map plays its source: 1.04 is 4 % faster.

    Returns
    -------
    numpy.ndarray, shape (n - 1,)
        Source seconds per output second, between each two knots.
    """
    return np.diff(timemap.source_s) / np.diff(timemap.out_s)


def protect(
    timemap: TimeMap, beats_s: ArrayLike, *, before_s: float = BEFORE_S, after_s: float = AFTER_S
) -> TimeMap:
    """Return the map with a plateau of rate 1 around every beat.

    Parameters
    ----------
    timemap : TimeMap
        Of a leg.
    beats_s : array_like of float
        Increasing source seconds; those outside the map are ignored.
    before_s, after_s : float
        How far a plateau reaches; it takes at most a quarter of the way to the next beat, in the
        source and in the output.

    Returns
    -------
    TimeMap
        With the same ends, and every beat where it was. Other knots stay unless a plateau lies
        over them or next to them.

    Examples
    --------
    >>> beats = [0.0, 0.5, 1.0]
    >>> faster = TimeMap(beats, [0.0, 0.4, 0.8])
    >>> rates(faster)
    array([1.25, 1.25])
    >>> rates(protect(faster, beats)).round(2)
    array([1.  , 1.29, 1.  , 1.29, 1.  ])
    """
    first, last = timemap.source_s[0], timemap.source_s[-1]
    beats = np.asarray(beats_s, np.float64)
    # An end a hair outside its beat is that beat
    beats = np.unique(np.clip(beats[(beats >= first - _SAME_S) & (beats <= last + _SAME_S)], first, last))
    if not len(beats):
        return timemap
    landings = timemap.forward(beats)
    before, after = _reach(beats, landings, (first, last), timemap.out_s[[0, -1]], (before_s, after_s))
    free = _free_knots(timemap, beats, landings, (before, after))
    source = np.concatenate((beats - before, beats + after, timemap.source_s[free]))
    out = np.concatenate((landings - before, landings + after, timemap.out_s[free]))
    order = np.argsort(source, kind="stable")
    source, out = source[order], out[order]
    # A beat on an end has a plateau on one side only
    new = np.concatenate(([True], (np.diff(source) > _SAME_S) & (np.diff(out) > _SAME_S)))
    source, out = source[new], out[new]
    source[[0, -1]], out[[0, -1]] = timemap.source_s[[0, -1]], timemap.out_s[[0, -1]]
    return TimeMap(source, out)


def _reach(
    beats: FloatArray,
    landings: FloatArray,
    source_ends: tuple[float, float],
    out_ends: FloatArray,
    wanted: tuple[float, float],
) -> tuple[FloatArray, FloatArray]:
    """Return how far each plateau reaches back and on: never past a quarter, or an end."""
    room = _SHARE * np.minimum(np.diff(beats), np.diff(landings))
    at_start = min(beats[0] - source_ends[0], landings[0] - out_ends[0])
    at_end = min(source_ends[1] - beats[-1], out_ends[1] - landings[-1])
    before = np.minimum(np.concatenate(([2 * _SHARE * at_start], room)), wanted[0])
    after = np.minimum(np.concatenate((room, [2 * _SHARE * at_end])), wanted[1])
    return before, after


def _free_knots(
    timemap: TimeMap, beats: FloatArray, landings: FloatArray, reach: tuple[FloatArray, FloatArray]
) -> IntArray:
    """Return the indices of the knots that no plateau covers or crowds, and of both ends."""
    before, after = reach
    right = np.searchsorted(beats, timemap.source_s)
    left, right = np.maximum(right - 1, 0), np.minimum(right, len(beats) - 1)
    crowded = np.zeros(len(timemap.source_s), bool)
    for knots, places in ((timemap.source_s, beats), (timemap.out_s, landings)):
        crowded |= np.abs(knots - places[left]) < after[left] + _CLEAR_S
        crowded |= np.abs(places[right] - knots) < before[right] + _CLEAR_S
    crowded[[0, -1]] = False
    return np.flatnonzero(~crowded)
