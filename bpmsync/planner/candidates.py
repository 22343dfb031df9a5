"""What of the library may serve a run: one candidate for each track and step ratio.

A recording counts once, whatever number of copies the library holds. What a candidate costs
besides its distance from the target is `penalty`, in spm^2 for each of its seconds, so that
every reason is weighed in one unit: sounding as wrong as the square root of it in spm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import PLANNED
from bpmsync.errors import ParameterError
from bpmsync.library.shelf import Shelf, is_spoken, unsteadiness, usable_share
from bpmsync.planner.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpmsync.library.track import Track
    from bpmsync.timeline.grid import BeatGrid
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "MOST_UNSTEADY",
    "Candidate",
    "NativeOptions",
    "candidates_of",
    "find_candidates",
    "refusal",
    "refusals",
    "refused",
    "require_length",
    "square_spm",
    "step_ratios",
    "unique_recordings",
]

_RATIOS = (Fraction(1), Fraction(2), Fraction(1, 2))
# In %^2: beyond it a tempo means nothing
MOST_UNSTEADY = 35.0
_SHORTEST_RUN_S = 1.0
_LONGEST_RUN_S = 24 * 3600.0
_LARGEST_MAX_OFF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeOptions:
    """What a native plan may use.

    Parameters
    ----------
    max_off : float
        Largest distance of a leg's step tempo from the target anywhere under it, as a
        share of the target: 0.04 is 4 %.
    min_length_s, max_length_s : float
        Shortest and longest file, in seconds.
    min_confidence : float
        Files whose beat is less certain are left out, 0 to 1; not where a person set the beat.
    spoken : bool
        Whether audiobooks, podcasts and the like may be used.
    partial : bool
        Whether a plan may leave a part of the run without music.
    weights : Weights
        What counts besides the tempo, and how much.
    """

    max_off: float = 0.04
    min_length_s: float = 90.0
    max_length_s: float = 720.0
    min_confidence: float = PLANNED
    spoken: bool = False
    partial: bool = False
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        if not 0 < self.max_off <= _LARGEST_MAX_OFF:
            msg = f"--max-off {self.max_off:.4g} must be above 0 and at most 50 % (usual: 4 %)"
            raise ParameterError(msg)
        if not 1 <= self.min_length_s <= self.max_length_s:
            msg = (
                f"--min-length {self.min_length_s:g} s must be 1 s at least "
                f"and not above --max-length {self.max_length_s:g} s"
            )
            raise ParameterError(msg)
        if not 0 <= self.min_confidence <= 1:
            msg = f"--min-confidence {self.min_confidence:g} must be from 0 to 1"
            raise ParameterError(msg)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One track at one number of steps per beat.

    Parameters
    ----------
    track : Track
        With a grid.
    steps_per_beat : Fraction
        1, 2 or 1/2.
    spm : float
        Step tempo of the untouched file.
    penalty : float
        In spm^2 per second, besides the distance from the target.
    """

    track: Track
    steps_per_beat: Fraction
    spm: float
    penalty: float

    __hash__ = None  # type: ignore[assignment]  # holds a grid


def require_length(ramp: Ramp) -> None:
    """Raise where a run is too short or too long to be planned.

    Raises
    ------
    ParameterError
        If it lasts less than a second, or more than 24 hours.
    """
    if not _SHORTEST_RUN_S <= ramp.duration_s <= _LONGEST_RUN_S:
        msg = f"a run of {ramp.duration_s:g} s cannot be planned: from 1 s to 24 hours (--duration 40m)"
        raise ParameterError(msg)


def square_spm(ramp: Ramp) -> float:
    """Return one %^2 of a ramp's middle cadence in spm^2: weights are in the first, costs in the other."""
    return ((ramp.lowest_spm + ramp.highest_spm) / 200) ** 2


def find_candidates(
    tracks: Iterable[Track], ramp: Ramp, options: NativeOptions, *, unit: float | None = None
) -> tuple[Candidate, ...]:
    """Return the candidates that can serve some moment of a ramp.

    Parameters
    ----------
    tracks, ramp, options
        The music, the target and the limits.
    unit : float, optional
        What one %^2 is worth, where another ramp's middle decides.

    Returns
    -------
    tuple of Candidate
        By step tempo, then audio hash and ratio: the order of `tracks` does not matter.
    """
    unit = square_spm(ramp) if unit is None else unit
    slowest = ramp.lowest_spm * (1 - options.max_off)
    fastest = ramp.highest_spm * (1 + options.max_off)
    found = []
    for track in unique_recordings(tracks):
        bpm = None if refusal(track, options) else track.detection.tempo_bpm
        if bpm is None or track.grid is None:
            continue
        ratios = [r for r in step_ratios(track.grid) if slowest <= bpm * float(r) <= fastest]
        if ratios:
            found += candidates_of(track, ratios, options.weights, unit)
    return tuple(sorted(found, key=lambda c: (c.spm, c.track.audio_hash, c.steps_per_beat)))


def refusal(track: Track, options: NativeOptions) -> str | None:
    """Return why a track cannot be planned whatever the target, or None."""
    detection = track.detection
    if track.override.ignore:
        return "ignored"
    if detection.grid is None:
        return "no beat"
    if track.duration_s < options.min_length_s:
        return "too short"
    if track.duration_s > options.max_length_s:
        return "too long"
    if detection.confidence < options.min_confidence and not track.override.settles_beat:
        return "uncertain beat"
    return "spoken word" if not options.spoken and is_spoken(track) else None


def refusals(shelf: Shelf, options: NativeOptions) -> list[str | None]:
    """Return for each row why it cannot be planned whatever the target, or None (see `refusal`)."""
    reasons = (
        (shelf.ignored, "ignored"),
        (np.isnan(shelf.tempo_bpm), "no beat"),
        (shelf.duration_s < options.min_length_s, "too short"),
        (shelf.duration_s > options.max_length_s, "too long"),
        ((shelf.confidence < options.min_confidence) & ~shelf.settled, "uncertain beat"),
        (shelf.spoken & (not options.spoken), "spoken word"),
    )
    found: list[str | None] = [None] * len(shelf)
    for holds, reason in reversed(reasons):
        for row in np.flatnonzero(holds).tolist():
            found[row] = reason
    return found


def refused(shelf: Shelf, options: NativeOptions) -> np.ndarray:
    """Return which rows cannot be planned whatever the target."""
    uncertain = (shelf.confidence < options.min_confidence) & ~shelf.settled
    wrong_length = (shelf.duration_s < options.min_length_s) | (shelf.duration_s > options.max_length_s)
    spoken = shelf.spoken & (not options.spoken)
    found: np.ndarray = shelf.ignored | np.isnan(shelf.tempo_bpm) | wrong_length | uncertain | spoken
    return found


def step_ratios(grid: BeatGrid) -> Sequence[Fraction]:
    """Return the steps per beat that suit a metre: every other beat only in even bars."""
    odd = grid.beats_per_bar is not None and grid.beats_per_bar % 2 == 1
    return _RATIOS[:2] if odd else _RATIOS


def candidates_of(track: Track, ratios: Sequence[Fraction], weights: Weights, unit: float) -> list[Candidate]:
    """Return one candidate for each number of steps per beat; none without a beat."""
    bpm = track.detection.tempo_bpm
    if bpm is None or track.grid is None:
        return []
    doubt = 0.0 if track.override.settles_beat else 1 - track.detection.confidence
    shared = weights.doubt * doubt + weights.beatless * (1 - usable_share(track))
    stray_bpm = unsteadiness(track.grid)
    found = []
    for ratio in ratios:
        stray = min(MOST_UNSTEADY, (stray_bpm * float(ratio)) ** 2 / unit)
        level = {Fraction(2): weights.twice, Fraction(1, 2): weights.half}.get(ratio, 0.0)
        penalty = unit * (shared + weights.unsteady * stray + level)
        found.append(Candidate(track, ratio, bpm * float(ratio), penalty))
    return found


def unique_recordings(tracks: Iterable[Track]) -> list[Track]:
    """Return one track of each recording (see `Shelf`), by audio hash."""
    shelf = Shelf.of(tracks)
    return shelf.fetch(range(len(shelf)))
