"""When cues come in a rendered run (pure; seconds are seconds of the run).

Sentences of one theme come every five minutes, each on the start of a phrase near that moment:
every eighth bar line of a leg, counted from its first downbeat (every fourth where no eighth is
near). They keep out of four places, with all of their sound and its fades:

- the warm-up: the first three minutes, and for as long as the ramp holds its first value
  before it changes (a run at one cadence has only the three minutes);
- the last minute of the run;
- every transition: from the border of two legs, or of a leg and a hole, to the end of the
  cross-fade, with three seconds on both sides;
- the chimes that mark a change of the ramp.

A chime tells that the ramp changes: it jumps by 1 spm or more; or begins or ends to rise or fall
(a piece that changes by less than 1 spm in all counts as even); or becomes steeper or flatter by
1 spm a minute or more. It is bound to that moment, on the first step of the new pace, wherever
it lies; of changes within 20 seconds only the first has one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.timeline.arrays import FloatArray
    from bpmsync.timeline.ramp import Ramp

__all__ = [
    "CUE_EVERY_S",
    "DUCK_S",
    "Cue",
    "forbidden_spans",
    "ramp_changes",
    "schedule_cues",
    "warm_up_end_s",
]

CUE_EVERY_S: Final = 300.0
# How long the music takes to step back before a cue, and to come back after it.
DUCK_S: Final = 0.15
_LEAST_WARM_UP_S: Final = 180.0
_LAST_S: Final = 60.0
_MARGIN_S: Final = 3.0
_NEAR_S: Final = 20.0
_FAR_S: Final = 60.0
_PHRASE_BARS: Final = 8
_SHORT_PHRASE_BARS: Final = 4
_BEATS_AS_A_BAR: Final = 4
_CHIME_ROOM_S: Final = 3.0
_CHIMES_APART_S: Final = 20.0
_CHANGE_SPM: Final = 1.0
_CHANGE_SPM_PER_S: Final = 1.0 / 60
_WHOLE_STEP: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Cue:
    """One thing that is heard over the music.

    Parameters
    ----------
    second : float
        Run second at which it begins.
    kind : str
        ``"theme"``: one of the theme's sentences. ``"change"``: a chime for a change of the ramp.
    text : str
        The sentence, or ``"faster"``, ``"slower"`` or ``"even"``: how the ramp goes on.
    """

    second: float
    kind: Literal["theme", "change"]
    text: str


def schedule_cues(
    plan: Plan[WarpedLeg],
    texts: Sequence[str],
    *,
    fades: Sequence[int] = (),
    longest_s: float = 6.0,
) -> tuple[Cue, ...]:
    """Return what is said over a stretched plan, and when.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        Every theme cue lies within one leg of it.
    texts : sequence of str
        The sentences of the theme, taken in turn.
    fades : sequence of int
        For each leg, over how many steps it goes on under the next one; 0 for those that are
        not told.
    longest_s : float
        Room that a theme cue needs: the length of the longest one.

    Returns
    -------
    tuple of Cue
        In order. Where no phrase start within a minute of its moment is free, a cue is left out.

    Raises
    ------
    ParameterError
        If the plan is not stretched, or there is no text.
    """
    if plan.mode != "stretch" or not texts:
        msg = f"cues are laid over stretched plans and need a text: a {plan.mode} plan, {len(texts)} texts"
        raise ParameterError(msg)
    changes = ramp_changes(plan.ramp)
    closed = [*forbidden_spans(plan, fades=fades)]
    closed += [(cue.second - _CHIME_ROOM_S, cue.second + _CHIME_ROOM_S) for cue in changes]
    long_phrases, phrases = (
        _open_starts(plan, bars, closed, longest_s) for bars in (_PHRASE_BARS, _SHORT_PHRASE_BARS)
    )
    seconds = (
        _nearest(due_s, long_phrases, phrases)
        for due_s in np.arange(CUE_EVERY_S, plan.duration_s, CUE_EVERY_S)
    )
    placed = (second for second in seconds if second is not None)
    said = [Cue(second, "theme", texts[i % len(texts)]) for i, second in enumerate(placed)]
    return tuple(sorted([*said, *changes], key=lambda cue: cue.second))


def warm_up_end_s(ramp: Ramp) -> float:
    """Return the second before which nothing is said.

    Examples
    --------
    >>> from bpmsync.timeline.ramp import Ramp
    >>> warm_up_end_s(Ramp(((0, 160), (600, 160), (2400, 172))))
    600.0
    >>> warm_up_end_s(Ramp(((0, 170), (2400, 170))))
    180.0
    """
    (held_s, first_spm), *later = ramp.knots
    for second, spm in later:
        if spm != first_spm:
            return max(_LEAST_WARM_UP_S, held_s)
        held_s = second
    return _LEAST_WARM_UP_S


def forbidden_spans(plan: Plan[WarpedLeg], *, fades: Sequence[int] = ()) -> tuple[tuple[float, float], ...]:
    """Return the run seconds [start, end] that no theme cue may touch: warm-up, last minute, transitions."""
    ramp = plan.ramp
    spans = [(0.0, warm_up_end_s(ramp)), (plan.duration_s - _LAST_S, math.inf)]
    for i, leg in enumerate(plan.legs):
        faded = leg.last_step + (fades[i] if i < len(fades) else 0)
        start_s, end_s, faded_s = (float(ramp.time_of(s)) for s in (leg.first_step, leg.last_step, faded))
        spans.append((start_s - _MARGIN_S, start_s + _MARGIN_S))
        spans.append((end_s - _MARGIN_S, faded_s + _MARGIN_S))
    return tuple(spans)


def ramp_changes(ramp: Ramp) -> tuple[Cue, ...]:
    """Return a chime for each change of the ramp that a runner would want to know of.

    Examples
    --------
    >>> from bpmsync.timeline.ramp import Ramp
    >>> [
    ...     (cue.second, cue.text)
    ...     for cue in ramp_changes(Ramp(((0, 160), (600, 160), (1200, 170), (1800, 170))))
    ... ]
    [(600.0, 'faster'), (1200.0, 'even')]
    """
    found: list[Cue] = []
    for second, way in _changes(ramp):
        step = math.ceil(float(ramp.steps_at(second)) - _WHOLE_STEP)
        if not found or second - found[-1].second >= _CHIMES_APART_S:
            found.append(Cue(float(ramp.time_of(step)), "change", way))
    return tuple(found)


def _changes(ramp: Ramp) -> Iterator[tuple[float, str]]:
    """Yield each second at which the ramp changes, and how it goes on."""
    first_s, first_spm = ramp.knots[0]
    knots = ramp.knots if first_s == 0 else ((0.0, first_spm), *ramp.knots)
    # A jump is a piece of no length between two others
    pieces = [(s, a, b, e - s) for (s, a), (e, b) in pairwise(knots)]
    before: tuple[float, float, float, float] | None = None
    jump = 0.0
    for piece in pieces:
        start_s, spm, end_spm, length_s = piece
        if length_s == 0:
            jump = end_spm - spm
            continue
        if before is not None:
            way = _way(before, jump, piece)
            if way is not None:
                yield start_s, way
        before, jump = piece, 0.0


def _way(
    before: tuple[float, float, float, float], jump: float, after: tuple[float, float, float, float]
) -> str | None:
    """Return how the ramp goes on after a knot, None where nobody would notice a change."""
    if abs(jump) >= _CHANGE_SPM:
        return "faster" if jump > 0 else "slower"
    trends = [_trend(piece) for piece in (before, after)]
    slopes = [(end - start) / length_s for _, start, end, length_s in (before, after)]
    steeper = trends[1] != 0 and abs(slopes[1] - slopes[0]) >= _CHANGE_SPM_PER_S
    if trends[0] == trends[1] and not steeper:
        return None
    return ("slower", "even", "faster")[trends[1] + 1]


def _trend(piece: tuple[float, float, float, float]) -> int:
    """Return 1 where a piece of the ramp rises, -1 where it falls, 0 where it is as good as even."""
    _, start, end, _ = piece
    return 0 if abs(end - start) < _CHANGE_SPM else int(math.copysign(1, end - start))


def _open_starts(
    plan: Plan[WarpedLeg], bars: int, closed: Sequence[tuple[float, float]], longest_s: float
) -> FloatArray:
    """Return the phrase starts, as run seconds, at which a cue touches no closed span."""
    starts = np.concatenate([np.zeros(0), *(_phrase_starts(leg, plan.ramp, bars) for leg in plan.legs)])
    free = np.ones(len(starts), dtype=bool)
    for start_s, end_s in closed:
        free &= (starts + longest_s + DUCK_S <= start_s) | (starts - DUCK_S >= end_s)
    return starts[free]


def _phrase_starts(leg: WarpedLeg, ramp: Ramp, bars: int) -> FloatArray:
    grid = leg.track.grid
    if grid is None:  # a leg has refused this
        return np.zeros(0)
    if len(grid.downbeats):
        lines = grid.downbeats[(grid.downbeats >= leg.first_beat) & (grid.downbeats < leg.last_beat)]
    else:
        lines = np.arange(leg.first_beat, leg.last_beat, grid.beats_per_bar or _BEATS_AS_A_BAR)
    ratio = leg.steps_per_beat
    beats = lines[::bars] - leg.first_beat
    return ramp.time_of(leg.first_step + beats * ratio.numerator / ratio.denominator)


def _nearest(due_s: float, long_phrases: FloatArray, phrases: FloatArray) -> float | None:
    """Return the start of the phrase for a moment, None where there is none to be had."""
    for starts, reach_s in ((long_phrases, _NEAR_S), (phrases, _FAR_S)):
        if len(starts):
            best = float(starts[np.argmin(np.abs(starts - due_s))])
            if abs(best - due_s) <= reach_s:
                return best
    return None
