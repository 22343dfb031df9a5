"""Measures of a grid against the truth, written apart from the engine and from the scorer.

A runner steps 125 to 250 times a minute: truth and answer are both brought there, by doubling
or by taking every second beat, and what counts is the share of true steps with a found step
nearby.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bpmsync.timeline.grid import BeatGrid
    from styles import Piece

    Times = NDArray[np.float64]

__all__ = ["bars_agree", "distances", "share_on_step", "tempo_error"]

SLOWEST_STEPS = 125.0
LEVELS = (0.5, 1.0, 2.0)


def distances(wanted: Times, found: Times) -> Times:
    """Return how far from each wanted time the nearest found one is, in s."""
    after = np.clip(np.searchsorted(found, wanted), 1, found.size - 1)
    nearest: Times = np.minimum(np.abs(found[after] - wanted), np.abs(wanted - found[after - 1]))
    return nearest


def _divided(beats: Times, parts: int) -> Times:
    places = np.arange(parts * (beats.size - 1) + 1) / parts
    return np.interp(places, np.arange(beats.size), beats)


def _as_steps(beats: Times) -> list[Times]:
    """Return the beats as steps: one reading, or two where every second beat is taken."""
    tempo = 60.0 / float(np.median(np.diff(beats)))
    while tempo < SLOWEST_STEPS:
        beats, tempo = _divided(beats, 2), 2.0 * tempo
    if tempo >= 2.0 * SLOWEST_STEPS:
        return [beats[first::2] for first in (0, 1)]
    return [beats]


def share_on_step(truth: Times, beats: Times, *, within_s: float = 0.03, parts: int = 1) -> float:
    """Return the share of true steps that have a found step within `within_s`, 0 to 1.

    `parts` divides the true beats first: 3 asks for the eighths of 6/8.
    """
    wanted = _divided(truth, parts) if parts > 1 else truth
    return max(
        float(np.mean(distances(steps, found) <= within_s))
        for steps in _as_steps(wanted)
        for found in _as_steps(beats)
    )


def tempo_error(bpm: float, found_bpm: float, *, levels: tuple[float, ...] = LEVELS) -> float:
    """Return how far a tempo is from the nearest allowed level of the true one, as a share."""
    return min(abs(found_bpm / (level * bpm) - 1.0) for level in levels)


def bars_agree(
    piece: Piece, grid: BeatGrid, *, bars: tuple[float, ...] = (1,), within_s: float = 0.05
) -> bool:
    """Return whether the found bars are the true ones.

    A found bar is as long as one of `bars` true ones, and nine in ten of the found bar lines
    lie within 50 ms of a true one; where a found bar is a part of a true one, nine in ten of
    the true lines lie near a found one.
    """
    if grid.beats_per_bar is None or len(grid.downbeats) < 2:
        return False
    true_bar_s = float(np.median(np.diff(piece.beats))) * piece.beats_per_bar
    ratio = grid.beats_per_bar * 60.0 / grid.tempo_bpm / true_bar_s
    count = min(bars, key=lambda count: abs(ratio / count - 1.0))
    if abs(ratio / count - 1.0) >= 0.03:
        return False
    found, true = grid.beats[np.array(grid.downbeats)], piece.beats[piece.downbeats]
    if count < 1:
        true = true[(true >= found[0] - within_s) & (true <= found[-1] + within_s)]
        found, true = true, found
    return float(np.mean(distances(found, true) <= within_s)) >= 0.9
