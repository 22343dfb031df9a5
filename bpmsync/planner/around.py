"""A plan with one leg replaced, and the rest fitted around it again.

The other songs stay, in their order. A native plan moves what comes after the new song; in a
stretched one ranges are chosen anew as well, so that each still ends where the next begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.errors import ParameterError, PlanError
from bpmsync.planner.stretch import best_stretch
from bpmsync.planner.swap import next_best, stretch_options_of
from bpmsync.planner.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Collection

    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg

__all__ = ["replace_leg"]

# Songs of which a stretched leg may be replaced by one: those nearest to its target
_MOST_OFFERS = 400


def replace_leg(plan: Plan[Any], leg: int, shelf: Shelf, *, only: Collection[int] | None = None) -> Plan[Any]:
    """Return a plan in which one leg is another song.

    Parameters
    ----------
    plan : Plan
        Of either mode.
    leg : int
        Number of the leg to replace, from 0.
    shelf : Shelf
        What may be played instead; for a stretched plan, with the plan's own songs.
    only : collection of int, optional
        The rows of the shelf that may take its place; else all that the plan has not.

    Returns
    -------
    Plan
        The cheapest one found; the other legs are the same songs in the same order, and what no
        longer fits into the run at its end is left out.

    Raises
    ------
    ParameterError
        If the plan has no such leg.
    PlanError
        If no other song fits, or one of the plan's songs is not on the shelf.
    """
    if not 0 <= leg < len(plan.legs):
        msg = f"the plan has no leg {leg + 1}: it has {len(plan.legs)}"
        raise ParameterError(msg)
    if plan.mode == "native":
        return _native(plan, leg, shelf, only)
    return _stretched(plan, leg, shelf, only)


def _native(plan: Plan[WholeLeg], leg: int, shelf: Shelf, only: Collection[int] | None) -> Plan[WholeLeg]:
    rows = np.arange(len(shelf)) if only is None else np.array(sorted(only), dtype=np.int64)
    target = float(plan.ramp.spm_at(plan.legs[leg].start_s))
    near = _nearest(shelf, rows, target)
    found = next(next_best(plan, leg, shelf.fetch(near)), None)
    if found is None:
        raise PlanError(_nothing_else(plan, leg))
    return found


def _stretched(
    plan: Plan[WarpedLeg], leg: int, shelf: Shelf, only: Collection[int] | None
) -> Plan[WarpedLeg]:
    row_of = {audio_hash: row for row, audio_hash in enumerate(shelf.audio_hash)}
    gone = [one.track for one in plan.legs if one.track.audio_hash not in row_of]
    if gone:
        msg = f"{gone[0].name} is not in the library any more: make the plan again"
        raise PlanError(msg)
    kept = [row_of[one.track.audio_hash] for one in plan.legs]
    rows = np.arange(len(shelf)) if only is None else np.array(sorted(only), dtype=np.int64)
    target = float(plan.ramp.spm_at(plan.legs[leg].start_s(plan.ramp)))
    offers = set(_nearest(shelf, rows[~np.isin(rows, kept)], target).tolist())
    if not offers:
        raise PlanError(_nothing_else(plan, leg))
    order = [offers if number == leg else {row} for number, row in enumerate(kept)]
    options = replace(stretch_options_of(plan.parameters), partial=True)
    found = best_stretch(shelf, plan.ramp, options, Wishes(order=order, skip=False))
    new = {row_of[one.track.audio_hash] for one in found.legs} & offers
    if not new or sum(_silence(found)) > sum(_silence(plan)) + 1.0:
        raise PlanError(_nothing_else(plan, leg))
    return replace(found, parameters=plan.parameters)


def _silence(plan: Plan[Any]) -> list[float]:
    return [end_s - start_s for start_s, end_s in plan.uncovered]


def _nearest(shelf: Shelf, rows: np.ndarray, target: float) -> np.ndarray:
    """Return the rows whose step tempo is nearest to a target, at any number of steps per beat."""
    spm = shelf.tempo_bpm[rows][:, np.newaxis] * np.array([1.0, 2.0, 0.5])
    off = np.abs(spm / target - 1).min(axis=1, initial=np.inf)
    usable = np.flatnonzero(np.isfinite(off))
    near: np.ndarray = rows[usable[np.lexsort((usable, off[usable]))[:_MOST_OFFERS]]]
    return np.sort(near)


def _nothing_else(plan: Plan[Any], leg: int) -> str:
    name = plan.legs[leg].track.name
    return (
        f"no other song fits in the place of {name} (leg {leg + 1}) with all others kept: "
        "scan more music, or make the plan again with --exclude"
    )
