"""A plan made from the library: what has to be played is found, the run planned, and remembered."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bpmsync.cli.text import clean
from bpmsync.errors import LibraryError, PlanError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Sequence

    from bpmsync.cli.music import Music
    from bpmsync.cli.planoptions import PlanWishes
    from bpmsync.cli.session import Session
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.store import Store
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.explain import Explanation
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.planner.wishes import Wishes
    from bpmsync.timeline.ramp import Ramp

__all__ = ["FIRST_TIME", "Job", "Made", "forget_last_plan", "make_plan", "remember"]

FIRST_TIME = "preparing the planner, which takes about 20 seconds, the first time only"


@dataclass(frozen=True, slots=True)
class Job:
    """One plan to be made.

    Parameters
    ----------
    music : Music
        What may be planned.
    ramp : Ramp
        The target.
    limits : NativeOptions or StretchOptions
        The kind of plan, and its limits.
    asked : PlanWishes
        What it has to hold and how good it has to be.
    """

    music: Music
    ramp: Ramp
    limits: NativeOptions | StretchOptions
    asked: PlanWishes

    __hash__ = None  # type: ignore[assignment]  # a ramp has none


@dataclass(frozen=True, slots=True)
class Made:
    """A plan, and what each of its legs costs if that was asked."""

    plan: Plan[Any]
    explanation: Explanation | None

    __hash__ = None  # type: ignore[assignment]  # holds grids


def make_plan(session: Session, store: Store, job: Job) -> Made:
    """Return the plan for a ramp.

    Files are believed to be where the library knows them; only where the plan holds one that is
    gone, all of them are looked for, and it is made again.

    Raises
    ------
    PlanError
        If the music does not cover the ramp, or what has to be played cannot be.
    ParameterError
        If it could not be in any run.
    BpmsyncError
        If there is no music at all.
    """
    from bpmsync.library.planbook import PlanBook

    recent = PlanBook(store).recent(job.asked.avoid_recent)
    shelf = job.music.load(store)
    with _told_once(session, job):
        plan, wishes = _planned(store, shelf, job, recent)
        row_of = {audio_hash: row for row, audio_hash in enumerate(shelf.audio_hash)}
        rows = [row_of[leg.track.audio_hash] for leg in plan.legs]
        if shelf.missing(rows, os.path.exists):
            shelf = job.music.load(store, is_there=os.path.exists)
            plan, wishes = _planned(store, shelf, job, recent)
    explanation = None
    if job.asked.explain:
        from bpmsync.planner.explain import explain

        explanation = explain(plan, shelf, wishes)
    return Made(_recorded(plan, shelf, job), explanation)


def remember(session: Session, plan: Plan[Any], *, at: dt.datetime) -> None:
    """Keep in the library what a plan played, for a later --avoid-recent."""
    from bpmsync.library.planbook import PlanBook
    from bpmsync.timeline.ramptext import format_ramp

    played = [leg.track.audio_hash for leg in plan.legs]
    try:
        with session.open_store() as store:
            PlanBook(store).record(
                plan.mode, format_ramp(plan.ramp), played, duration_s=plan.duration_s, at=at
            )
    except LibraryError as error:
        session.say(f"the plan is not remembered for --avoid-recent: {clean(str(error))}")


def forget_last_plan(session: Session, store: Store) -> None:
    """Forget the newest plan, as if it had not been made."""
    from bpmsync.library.planbook import PlanBook

    if not PlanBook(store).forget_last():
        session.say("there is no plan to forget")


@contextmanager
def _told_once(session: Session, job: Job) -> Iterator[None]:
    """Say why the first plan of a kind takes long: its loops are compiled."""
    import bpmsync.planner
    from bpmsync.beats.caches import mark_warm, marker_path
    from bpmsync.planner.ranges import StretchOptions

    kind = "stretch" if isinstance(job.limits, StretchOptions) else "native"
    marker = marker_path(f"planner-{kind}", Path(bpmsync.planner.__file__).parent)
    if not marker.exists():
        session.say(FIRST_TIME)
    try:
        yield
    except PlanError:  # music that does not cover a run is found out by planning, too
        mark_warm(marker)
        raise
    mark_warm(marker)


def _planned(
    store: Store, shelf: Shelf, job: Job, recent: Sequence[Collection[str]]
) -> tuple[Plan[Any], Wishes]:
    """Return a plan that holds what has to be played, and the wishes in terms of the shelf."""
    from bpmsync.cli.wanted import find_wanted, refuse_impossible, refuse_unmet
    from bpmsync.planner.wishes import Wishes

    order = job.music.order(store, shelf)
    free = Wishes(most_per_artist=job.asked.per_artist, recent=recent, order=order)
    wanted = find_wanted(store, shelf, job.asked.play, job.ramp)
    for one in wanted:
        refuse_impossible(one, job.ramp, job.limits)
    wishes = replace(
        free,
        rows=[one.row for one in wanted],
        pins=[(one.second, one.row) for one in wanted if one.second is not None],
    )
    try:
        plan = _plan(shelf, job, wishes)
    except PlanError:
        if wanted and _is_in_the_way(shelf, job, wishes, free):
            refuse_unmet(wanted, None)
        raise
    refuse_unmet(wanted, plan)
    return plan, wishes


def _is_in_the_way(shelf: Shelf, job: Job, wishes: Wishes, free: Wishes) -> bool:
    """Tell whether what has to be played is what keeps a run from being planned.

    Raises
    ------
    PlanError
        If nothing fits at all.
    """
    lenient = replace(job, limits=replace(job.limits, partial=True))
    without = _plan(shelf, lenient, free)
    try:
        return bool(_plan(shelf, lenient, wishes).uncovered) and not without.uncovered
    except PlanError:
        return True


def _plan(shelf: Shelf, job: Job, wishes: Wishes) -> Plan[Any]:
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.native import plan_native
    from bpmsync.planner.stretch import plan_stretch

    limits, effort = job.limits, job.asked.effort()
    if isinstance(limits, NativeOptions):
        return plan_native(shelf, job.ramp, limits, wishes=wishes, effort=effort)
    return plan_stretch(shelf, job.ramp, limits, wishes=wishes, effort=effort)


def _recorded(plan: Plan[Any], shelf: Shelf, job: Job) -> Plan[Any]:
    """Return the plan with what it was asked for among its parameters."""
    playlist = job.music.playlist
    asked = {
        **job.music.filters.parameters(),
        **job.asked.parameters(),
        **({} if playlist is None else {"from_playlist": playlist.path.name}),
        **({"keep_order": True} if playlist is not None and playlist.keep_order else {}),
        **({} if shelf.has_file.all() else {"imported": True}),
    }
    return replace(plan, parameters={**plan.parameters, **asked})
