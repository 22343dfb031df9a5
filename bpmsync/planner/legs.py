"""A plan: a ramp and the legs that serve it, and what can be read off them.

Run seconds count from the start of the run. A native leg plays an untouched file from its
first to its last second, so a track and a start decide it. The last leg may end after the
run, and the run may end a little after the last leg; both are the runner's cool-down, not
holes. The legs of a stretched plan are ranges of beats on steps (`warped`); what is read off
them here tells how far their music, as it was recorded, is from the ramp.
`plan` writes plans and reads them back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Generic

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.planner.warped import WarpedLeg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction

    from typing_extensions import TypeVar

    from bpmsync.library.track import Track
    from bpmsync.timeline.ramp import Ramp

    # A default is new in Python 3.13; it lets `Plan` alone stand for a plan of whole files
    _Leg = TypeVar("_Leg", bound="WholeLeg | WarpedLeg", default="WholeLeg")
else:
    from typing import TypeVar

    _Leg = TypeVar("_Leg")

__all__ = [
    "Plan",
    "Target",
    "WarpedLeg",
    "WholeLeg",
    "error_percent",
    "leg_error_spm",
    "leg_mean_error_spm",
    "leg_span",
    "leg_target",
    "leg_worst_error_spm",
    "target_pieces",
]

# Starts are whole microseconds; a leg may begin this much before its predecessor's end.
_TOUCHING_S = 2e-6


@dataclass(frozen=True, slots=True)
class WholeLeg:
    """One untouched file in a run.

    Parameters
    ----------
    track : Track
        With a beat grid.
    steps_per_beat : Fraction
        1, 2 or 1/2.
    start_s : float
        Run second at which the file begins, 0 or later.
    """

    track: Track
    steps_per_beat: Fraction
    start_s: float

    __hash__ = None  # type: ignore[assignment]  # holds a grid

    def __post_init__(self) -> None:
        if self.track.grid is None:
            msg = f"{self.track.path} cannot be a leg: it has no beat"
            raise ParameterError(msg)
        if self.steps_per_beat <= 0 or not 0 <= self.start_s < math.inf:
            msg = f"{self.track.path}: {self.steps_per_beat} steps per beat from {self.start_s} s is no leg"
            raise ParameterError(msg)

    @property
    def duration_s(self) -> float:
        """Length in seconds: the file's."""
        return self.track.duration_s

    @property
    def end_s(self) -> float:
        """Run second at which the file ends."""
        return self.start_s + self.track.duration_s

    @property
    def native_spm(self) -> float:
        """Step tempo of the untouched music."""
        spm = self.track.spm(self.steps_per_beat)
        if spm is None:  # __post_init__ has refused this
            msg = f"{self.track.path} has no beat"
            raise ParameterError(msg)
        return spm


@dataclass(frozen=True, slots=True)
class Plan(Generic[_Leg]):
    """A ramp and the legs that serve it, self-contained: exporting needs no library.

    Parameters
    ----------
    ramp : Ramp
        The target.
    legs : tuple of WholeLeg, or tuple of WarpedLeg
        In order of their starts, without overlap.
    mode : str
        ``"native"``: untouched files. ``"stretch"``: ranges of beats, locked to the steps.
    parameters : mapping of str to str, float, int, bool or None
        The options that made the plan.
    cost, bound : float
        What the plan costs, in spm^2 s (stretched: %^2 s), and what no plan can undercut.
    uncovered : tuple of (float, float)
        Run seconds [start, end] without music.
    """

    ramp: Ramp
    legs: tuple[_Leg, ...]
    mode: str = "native"
    parameters: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    cost: float = 0.0
    bound: float = 0.0
    uncovered: tuple[tuple[float, float], ...] = ()

    __hash__ = None  # type: ignore[assignment]  # holds grids

    def __post_init__(self) -> None:
        kind = _KINDS.get(self.mode)
        if kind is None or not all(isinstance(leg, kind) for leg in self.legs):
            msg = f"a plan of whole files is native, one of warped legs stretch, not {self.mode!r}"
            raise ParameterError(msg)
        for one, following in pairwise(self.legs):
            if _overlap(one, following):
                # An imported song has no path
                later, earlier = (leg.track.path or leg.track.name for leg in (following, one))
                msg = f"legs overlap: {later} begins before {earlier} has ended"
                raise ParameterError(msg)

    @property
    def duration_s(self) -> float:
        """Length of the run that was asked for, in seconds."""
        return self.ramp.duration_s

    @property
    def total_s(self) -> float:
        """Length of the music, in seconds: what the playlist plays."""
        return math.fsum(self._length_s(leg) for leg in self.legs)

    @property
    def covered_s(self) -> float:
        """Seconds of the run under music."""
        run_s = self.duration_s
        spans = [leg_span(leg, self.ramp) for leg in self.legs]
        return math.fsum(max(0.0, min(end_s, run_s) - start_s) for start_s, end_s in spans)

    @property
    def mean_error_spm(self) -> float:
        """Time-weighted mean of |step tempo - target| over all legs; 0 without a leg."""
        weighted = math.fsum(leg_mean_error_spm(leg, self.ramp) * self._length_s(leg) for leg in self.legs)
        return weighted / self.total_s if self.legs else 0.0

    @property
    def worst_error_spm(self) -> float:
        """Largest |step tempo - target| anywhere in the plan; 0 without a leg."""
        return max((leg_worst_error_spm(leg, self.ramp) for leg in self.legs), default=0.0)

    @property
    def gap_percent(self) -> float | None:
        """By how much the cost may be above the best there is; None without a bound."""
        if self.bound <= 0:
            return 0.0 if self.legs and self.cost <= 0 else None
        return max(0.0, 100 * (self.cost / self.bound - 1))

    def _length_s(self, leg: WholeLeg | WarpedLeg) -> float:
        if isinstance(leg, WholeLeg):
            return leg.duration_s
        return leg.end_s(self.ramp) - leg.start_s(self.ramp)


_KINDS: dict[str, type] = {"native": WholeLeg, "stretch": WarpedLeg}


def leg_span(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> tuple[float, float]:
    """Return the run seconds at which a leg begins and ends."""
    if isinstance(leg, WholeLeg):
        return leg.start_s, leg.end_s
    return leg.start_s(ramp), leg.end_s(ramp)


def _overlap(one: WholeLeg | WarpedLeg, following: WholeLeg | WarpedLeg) -> bool:
    if isinstance(one, WarpedLeg) and isinstance(following, WarpedLeg):
        return following.first_step < one.last_step
    if isinstance(one, WholeLeg) and isinstance(following, WholeLeg):
        return following.start_s < one.end_s - _TOUCHING_S
    return True


@dataclass(frozen=True, slots=True)
class Target:
    """What the ramp asks for under one leg, in spm."""

    from_spm: float
    to_spm: float
    mean_spm: float


def leg_target(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> Target:
    """Return the target at the leg's start, just before its end, and its mean in between."""
    pieces = list(target_pieces(ramp, *leg_span(leg, ramp)))
    area = math.fsum(dt * (first + last) / 2 for dt, first, last in pieces)
    return Target(pieces[0][1], pieces[-1][2], area / math.fsum(dt for dt, _, _ in pieces))


def leg_error_spm(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> float:
    """Return the step tempo less the mean target: above 0 the music is too fast."""
    return leg.native_spm - leg_target(leg, ramp).mean_spm


def error_percent(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> float:
    """Return `leg_error_spm` in percent of the mean target."""
    return 100 * leg_error_spm(leg, ramp) / leg_target(leg, ramp).mean_spm


def leg_mean_error_spm(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> float:
    """Return the time-weighted mean of |step tempo - target| over the leg."""
    pieces = list(target_pieces(ramp, *leg_span(leg, ramp)))
    area = math.fsum(
        dt * _mean_abs(first - leg.native_spm, last - leg.native_spm) for dt, first, last in pieces
    )
    return area / math.fsum(dt for dt, _, _ in pieces)


def leg_worst_error_spm(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> float:
    """Return the largest |step tempo - target| anywhere in the leg."""
    low, high = ramp.range_spm(*leg_span(leg, ramp))
    return max(abs(leg.native_spm - low), abs(leg.native_spm - high))


def target_pieces(ramp: Ramp, start_s: float, end_s: float) -> Iterator[tuple[float, float, float]]:
    """Yield (seconds, first spm, last spm) of each straight piece of the ramp in a stretch."""
    inner = sorted({t for t, _ in ramp.knots if start_s < t < end_s})
    for first_s, last_s in pairwise([start_s, *inner, end_s]):
        # Just before the end, since at a jump the ramp already gives the value after it
        before_end = np.nextafter(last_s, first_s)
        yield last_s - first_s, float(ramp.spm_at(first_s)), float(ramp.spm_at(before_end))


def _mean_abs(first: float, last: float) -> float:
    """Mean of |x| while x runs evenly from first to last."""
    if first * last >= 0:
        return abs(first + last) / 2
    return (first * first + last * last) / (2 * (abs(first) + abs(last)))
