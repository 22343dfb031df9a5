"""What a run has to play (--play): found in the library, and refused where no run could."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.resolve import nothing_found, several_found
from bpmsync.cli.text import clean, percent, spm
from bpmsync.errors import BpmsyncError, PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpmsync.cli.planoptions import Play
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.timeline.ramp import Ramp

__all__ = ["Wanted", "find_wanted", "refuse_impossible", "refuse_unmet"]

# A moment becomes the nearest step, and a step lasts a second at most
_NEAREST_STEP_S = 0.5
_HINTS = {
    "ignored": "bpmsync fix TRACK --use plans it again",
    "no beat": "bpmsync fix TRACK gives it one",
    "no steady beat": "bpmsync show TRACK tells where its beat is clear",
    "too short": "--min-length allows shorter ones",
    "too long": "--max-length allows longer ones",
    "uncertain beat": "--min-confidence allows it, bpmsync fix TRACK makes it certain",
    "spoken word": "--spoken allows it",
    "without a file": "an imported song has no sound to render",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A track that has to be played.

    Parameters
    ----------
    play : Play
        As it was asked for.
    row : int
        Of the shelf.
    track : Track
        With its beats.
    second : float or None
        The run second at which it plays; None for any.
    """

    play: Play
    row: int
    track: Track
    second: float | None

    __hash__ = None  # type: ignore[assignment]  # holds a grid

    @property
    def words(self) -> str:
        """The track, and when."""
        from bpmsync.timeline.durations import format_clock

        at = "" if self.second is None else f" at {format_clock(round(self.second))}"
        return f"{clean(self.track.name)}{at}"


def find_wanted(store: Store, shelf: Shelf, plays: Iterable[Play], ramp: Ramp) -> list[Wanted]:
    """Return the tracks that have to be played, as rows of a shelf.

    Raises
    ------
    click.UsageError
        If a query has several hits.
    BpmsyncError
        If it has none, or the track is left out or gone.
    ParameterError
        If the run is over by the time it should play.
    """
    found = []
    for play in plays:
        second, row = play.second(ramp), _row(store, shelf, play)
        (track,) = shelf.fetch([row])
        found.append(Wanted(play, row, track, second))
    return found


def _row(store: Store, shelf: Shelf, play: Play) -> int:
    known = _named(store, play.track)
    if known is not None:
        if not os.path.exists(known.path):  # noqa: PTH110 - a string, as the library holds it
            msg = f"--play {play.text!r}: {clean(known.path)} is gone (bpmsync scan finds what was moved)"
            raise BpmsyncError(msg)
        if known.audio_hash not in shelf.audio_hash:
            msg = (
                f"--play {play.text!r}: {clean(known.name)} is not among the tracks to plan with: the query, "
                "--include or --exclude leave it out, or another file of the same song stands for it"
            )
            raise BpmsyncError(msg)
        return shelf.audio_hash.index(known.audio_hash)
    return _matching(store, shelf, play)


def _named(store: Store, text: str) -> Track | None:
    """Return the track with a number or at a path."""
    by_number = store.track_by_id(int(text)) if text.isascii() and text.isdigit() else None
    return by_number or store.track_by_path(Path(text).absolute())


def _matching(store: Store, shelf: Shelf, play: Play) -> int:
    from bpmsync.library.query import parse_query
    from bpmsync.library.shelf import rows_matching

    rows = rows_matching(shelf, parse_query(play.track).matches).nonzero()[0].tolist()
    if not rows:
        msg = f"--play {play.text!r}: {nothing_found(store, play.track)}"
        if "@" in play.text and play.at_s is None:
            msg += " (moments are written @12m, @1:05:00, @start or @end)"
        raise BpmsyncError(msg)
    if len(rows) > 1:
        raise click.UsageError(several_found(play.track, shelf.fetch(rows)))
    return int(rows[0])


def refuse_impossible(wanted: Wanted, ramp: Ramp, limits: NativeOptions | StretchOptions) -> None:
    """Raise where no run on a ramp could hold a track, whatever else it held.

    Raises
    ------
    PlanError
        If so: the message says why.
    """
    from bpmsync.planner.ranges import StretchOptions, find_ranges, stretch_refusal

    if isinstance(limits, StretchOptions):
        reason = stretch_refusal(wanted.track, limits)
        if reason is None and not find_ranges(wanted.track, ramp, limits):
            reason = _distance(wanted, ramp, limits.limit, at=None) or "no part of it is steady enough"
    else:
        from bpmsync.planner.candidates import refusal

        reason = refusal(wanted.track, limits) or _distance(wanted, ramp, limits.max_off, at=wanted.second)
    if reason is not None:
        hint = f" ({_HINTS[reason]})" if reason in _HINTS else ""
        msg = f"--play {wanted.play.text!r}: {wanted.words} cannot be played: {reason}{hint}"
        raise PlanError(msg)


def _distance(wanted: Wanted, ramp: Ramp, limit: float, *, at: float | None) -> str | None:
    """Return how far a track is from the target at best, where that is too far."""
    from bpmsync.planner.candidates import step_ratios

    grid, bpm = wanted.track.grid, wanted.track.detection.tempo_bpm
    if grid is None or bpm is None:
        return "no beat"
    low, high = (ramp.lowest_spm, ramp.highest_spm) if at is None else 2 * (float(ramp.spm_at(at)),)
    ratios = step_ratios(grid)
    spms = [bpm * float(ratio) for ratio in ratios]
    off = min(max(0.0, 1 - one / low, one / high - 1) for one in spms)
    if off <= limit * (1 + 1e-9):
        return None
    target = spm(low) if low == high else f"{spm(low)}-{spm(high)}"
    return (
        f"at {bpm:.1f} BPM it is {percent(100 * off)} off {target} spm at best, with "
        f"{' or '.join(', '.join(map(str, ratios)).rsplit(', ', 1))} steps per beat; "
        f"{100 * limit:.3g} % are allowed"
    )


def refuse_unmet(wanted: Sequence[Wanted], plan: Plan[Any] | None) -> None:
    """Raise where a plan does not play what it has to; None stands for no plan at all.

    Raises
    ------
    PlanError
        If so.
    """
    unmet = [one for one in wanted if plan is None or not _plays(plan, one)]
    if unmet:
        msg = (
            f"no plan was found that plays {' and '.join(one.words for one in unmet)} within the limits; "
            "without --play there is one (another moment may do, or --partial)"
        )
        raise PlanError(msg)


def _plays(plan: Plan[Any], wanted: Wanted) -> bool:
    from bpmsync.planner.legs import leg_span

    slack_s = _NEAREST_STEP_S if plan.mode == "stretch" else 0.0
    for leg in plan.legs:
        start_s, end_s = leg_span(leg, plan.ramp)
        at = wanted.second
        if leg.track.audio_hash == wanted.track.audio_hash:
            return at is None or start_s - slack_s <= at <= end_s + slack_s
    return False
