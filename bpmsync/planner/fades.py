"""Over how many steps one leg fades into the next.

A fade begins on the border of two legs: the outgoing track goes on, warped along the ramp,
under the first steps of the incoming one. It ends on a bar line of both, else of the incoming
one; where there is no room for a bar it is a cut on the beat (0 steps). Before a hole, and at
the end of the run, a leg has a tail instead: what it may fade out over, alone.
Where bars are not known, every fourth beat from the border takes their place.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError
from bpmsync.planner.ranges import StretchOptions
from bpmsync.timeline.timemap import TimeMap

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["fades_of", "tails_of"]

_BEATS_AS_A_BAR = 4
# Beats on whole microseconds move a stretch by less than this share
_ROUNDING = 1e-6


def fades_of(plan: Plan[WarpedLeg], *, fade_steps: int | None = None) -> tuple[int, ...]:
    """Return over how many steps each leg but the last fades into the next.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What is to be rendered.
    fade_steps : int, optional
        The wish, 0 to 64 steps; the plan's own where it is left out. A wish shorter than a
        bar is kept as it is.

    Returns
    -------
    tuple of int
        One fewer than legs. 0 is a cut, and what a leg before a hole has. No fade is longer
        than half of the leg that comes in, so no two overlap; the outgoing track has usable
        beats for all of it, and none is stretched beyond the plan's limit.

    Raises
    ------
    ParameterError
        If the plan plays whole files, or the wish is no number of steps.
    """
    limits = _limits(plan, fade_steps)
    return tuple(
        _fade(one, following, plan, limits) if one.last_step == following.first_step else 0
        for one, following in pairwise(plan.legs)
    )


def tails_of(plan: Plan[WarpedLeg], *, fade_steps: int | None = None) -> tuple[int, ...]:
    """Return over how many steps each leg may sound on where no other follows.

    Parameters
    ----------
    plan, fade_steps
        As in `fades_of`.

    Returns
    -------
    tuple of int
        One for each leg: 0 where the next one begins at once, else whole bars of its own, at
        most up to where the music begins again.

    Raises
    ------
    ParameterError
        As `fades_of`.
    """
    limits = _limits(plan, fade_steps)
    tails = []
    for number, leg in enumerate(plan.legs):
        silent = limits.fade_steps
        if number + 1 < len(plan.legs):
            silent = plan.legs[number + 1].first_step - leg.last_step
        room = min(silent, _tail_room(leg, plan, limits))
        tails.append(_to_bar_line(_bar_lines(leg, leg.last_beat, room), room, wish=limits.fade_steps))
    return tuple(tails)


def _limits(plan: Plan[WarpedLeg], fade_steps: int | None) -> StretchOptions:
    """Return what the plan was made with, as far as fades need it."""
    if plan.mode != "stretch":
        msg = "a plan of whole files has no fades: plan it stretched"
        raise ParameterError(msg)
    known = {
        name: plan.parameters[name]
        for name in ("max_stretch", "margin", "fade_steps")
        if plan.parameters.get(name) is not None
    }
    if fade_steps is not None:
        known["fade_steps"] = fade_steps
    try:
        limits = replace(StretchOptions(), **known)  # type: ignore[arg-type]  # checked by StretchOptions
    except TypeError as error:
        msg = f"the plan's limits are no numbers: {known}"
        raise ParameterError(msg) from error
    if type(limits.fade_steps) is not int:
        msg = f"a fade is a whole number of steps, not {limits.fade_steps!r}"
        raise ParameterError(msg)
    return limits


def _fade(one: WarpedLeg, following: WarpedLeg, plan: Plan[WarpedLeg], limits: StretchOptions) -> int:
    room = min(following.steps // 2, _tail_room(one, plan, limits))
    coming = _bar_lines(following, following.first_beat, room)
    both = coming & _bar_lines(one, one.last_beat, room)
    return _to_bar_line(both or coming, room, wish=limits.fade_steps)


def _to_bar_line(lines: set[int], room: int, *, wish: int) -> int:
    """Return the last bar line there is room for, or a wish that is shorter than any bar."""
    if lines:
        return max(lines)
    return wish if wish <= room else 0


def _tail_room(leg: WarpedLeg, plan: Plan[WarpedLeg], limits: StretchOptions) -> int:
    """Return for how many steps a leg can go on: usable beats within the stretch limit."""
    ratio, grid = leg.steps_per_beat, leg.track.grid
    # Beats that the wish takes, rounded up: a beat may hold several steps
    beats = min(leg.usable_after, -(-limits.fade_steps // ratio))
    if grid is None or beats == 0:
        return 0
    tail = TimeMap.onto_ramp(
        grid,
        plan.ramp,
        first_beat=leg.last_beat,
        last_beat=leg.last_beat + beats,
        steps_per_beat=ratio,
        first_step=leg.last_step,
    )
    stretch = np.abs(np.diff(tail.source_s) / np.diff(tail.out_s) - 1)
    beyond = np.flatnonzero(stretch > limits.limit + _ROUNDING)
    within = int(beyond[0]) if len(beyond) else beats
    return min(limits.fade_steps, int(within * ratio))


def _bar_lines(leg: WarpedLeg, border: int, room: int) -> set[int]:
    """Return the bar lines after a border beat, in steps from it, as far as there is room."""
    grid, ratio = leg.track.grid, leg.steps_per_beat
    if grid is None or room < 1:
        return set()
    if len(grid.downbeats):
        lines = grid.downbeats[grid.downbeats > border] - border
    else:
        bar = grid.beats_per_bar or _BEATS_AS_A_BAR
        lines = np.arange(bar, int(room / ratio) + 1, bar)
    steps = [int(line) * ratio for line in lines[lines * float(ratio) <= room]]
    return {int(step) for step in steps if step.denominator == 1}
