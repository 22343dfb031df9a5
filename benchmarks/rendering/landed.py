"""Where the true beats of a mix were heard, and whether each step was, at every change of music.

A beat is *wanted* where its song has at least 0.6 of its level, so that in the middle of a fade the
beats of both songs are, and at every moment those of one. Its own place is what the leg's map says
of its true second; the step it belongs to is the whole step nearest to that (half a step for music
that has a beat for every other one).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.timeline.timemap import TimeMap
from rendering.hearing import hear_clicks, meet
from rendering.landing import land
from rendering.library import RATE, read_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["Changes", "LegHeard", "count_changes", "hear_attacks", "hear_legs", "song_number"]

_AUDIBLE = 0.41  # sin(0.41 * pi / 2) = 0.6
_CLOSING_STEPS = 8  # the mix ends with a fade
_AROUND_S = 0.5
_STEPS_AROUND = 16


@dataclass(frozen=True, slots=True, eq=False)
class LegHeard:
    """The wanted beats of one leg.

    Parameters
    ----------
    source_s
        True seconds in the file.
    mapped_s
        Where the leg's map puts them in the run.
    steps
        The step of each: whole, or half.
    step_s
        Run second of that step.
    heard_s
        Where each was heard; nan where it was not.
    extra_s
        What was heard of the song besides.
    alone
        Whether the song sounds alone then.
    """

    source_s: NDArray[np.float64]
    mapped_s: NDArray[np.float64]
    steps: NDArray[np.float64]
    step_s: NDArray[np.float64]
    heard_s: NDArray[np.float64]
    extra_s: NDArray[np.float64]
    alone: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Changes:
    """Steps around the changes of music, counted."""

    changes: int
    wanted: int
    heard: int
    lost: tuple[float, ...]
    added: tuple[float, ...]


def song_number(leg: WarpedLeg) -> int:
    """Return which song of the library a leg plays."""
    return int(Path(leg.track.path).name[:2]) - 1


def hear_legs(
    plan: Plan[WarpedLeg], sound: NDArray[np.float32], fades: Sequence[int]
) -> tuple[LegHeard, ...]:
    """Return what was heard of each leg in sound of shape (frames, 2).

    Parameters
    ----------
    plan
        Of songs of the library.
    sound
        The mix, at 44.1 kHz.
    fades
        Steps over which each leg goes on under the next one; 0 for the last.
    """
    return tuple(
        _hear_leg(plan, number, sound, (fades[number - 1] if number else 0, fades[number]))
        for number in range(len(plan.legs))
    )


def _hear_leg(
    plan: Plan[WarpedLeg], number: int, sound: NDArray[np.float32], fades: tuple[int, int]
) -> LegHeard:
    leg, ramp = plan.legs[number], plan.ramp
    into, out_of = fades
    is_last = number + 1 == len(plan.legs)
    timemap = _long_map(plan, leg, out_of)
    beats = read_truth(Path(leg.track.path))[0]
    mapped = timemap.forward(beats)
    first = ramp.time_of(leg.first_step + _AUDIBLE * into)
    closing = -_AUDIBLE * _CLOSING_STEPS if is_last else (1 - _AUDIBLE) * out_of
    last = ramp.time_of(leg.last_step + closing)
    slack_s = 0.01
    # On a cut the beat of the border belongs to the leg that comes in
    end_s = last + slack_s if out_of or is_last else last - slack_s
    wanted = (mapped >= first - slack_s) & (mapped < end_s)
    begin = max(0, round((float(timemap.out_s[0]) - _AROUND_S) * RATE))
    stop = round((float(ramp.time_of(leg.last_step + out_of)) + _AROUND_S) * RATE)
    found = hear_clicks(sound[begin:stop].T, song_number(leg), RATE).seconds + begin / RATE
    # What sounds softly at the ends of fades is neither wanted nor too much
    found = found[(found >= first - slack_s) & (found < end_s)]
    met = meet(mapped[wanted], found)
    unit = min(1.0, float(leg.steps_per_beat))
    steps = np.rint(ramp.steps_at(mapped[wanted]) / unit) * unit
    alone = (steps >= leg.first_step + into) & (steps < leg.last_step)
    return LegHeard(beats[wanted], mapped[wanted], steps, ramp.time_of(steps), met.seconds, met.extra, alone)


def _long_map(plan: Plan[WarpedLeg], leg: WarpedLeg, fade: int) -> TimeMap:
    """Return the map of a leg and of what goes on under the next one."""
    grid = leg.track.grid
    if grid is None:
        msg = f"{leg.track.path} has no beat"
        raise ValueError(msg)
    beats = np.arange(leg.first_beat, leg.last_beat + int(fade / leg.steps_per_beat) + 1)
    steps = leg.first_step + (beats - leg.first_beat) * float(leg.steps_per_beat)
    return TimeMap(grid.time_of(beats), plan.ramp.time_of(steps))


def count_changes(plan: Plan[WarpedLeg], heard: Sequence[LegHeard], fades: Sequence[int]) -> Changes:
    """Return how many of the steps around every change of music were heard, of either song."""
    wanted, found = 0, 0
    lost: list[float] = []
    added: list[float] = []
    for number, (one, following) in enumerate(pairwise(heard)):
        border = plan.legs[number + 1].first_step
        low, high = border - _STEPS_AROUND, border + fades[number] + _STEPS_AROUND
        places: dict[float, bool] = {}
        for leg in (one, following):
            for step, second in zip(leg.steps, leg.heard_s, strict=True):
                if low <= step <= high:
                    places[float(step)] = places.get(float(step), False) or bool(np.isfinite(second))
            steps = plan.ramp.steps_at(leg.extra_s)
            added += leg.extra_s[(steps >= low) & (steps <= high)].tolist()
        wanted, found = wanted + len(places), found + sum(places.values())
        lost += [float(plan.ramp.time_of(step)) for step, there in places.items() if not there]
    return Changes(len(heard) - 1, wanted, found, tuple(lost), tuple(added))


def hear_attacks(
    heard: Sequence[LegHeard],
    sound: NDArray[np.float32],
    sources: Sequence[Callable[[], NDArray[np.float32]]],
) -> NDArray[np.float64]:
    """Return the landing errors in ms of the music's own attacks at beats that sound alone.

    Parameters
    ----------
    heard
        Of each leg.
    sound
        The mix, shape (frames, 2).
    sources
        Called for the sound of each leg's file.
    """
    errors = [np.empty(0)]
    for leg, source in zip(heard, sources, strict=True):
        if not leg.alone.any():
            continue
        wanted = leg.step_s[leg.alone]
        begin = max(0, round((wanted[0] - _AROUND_S) * RATE))
        part = sound[begin : round((wanted[-1] + _AROUND_S) * RATE)].T
        landing = land(source().T, part, RATE, leg.source_s[leg.alone], wanted - begin / RATE)
        errors.append(landing.errors_ms)
    return np.concatenate(errors)
