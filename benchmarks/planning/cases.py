"""One case of the planner's benchmark: a library, a run, a mode; our plan beside what others would do."""

from __future__ import annotations

import resource
import sys
from dataclasses import asdict, dataclass
from math import isfinite
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.errors import PlanError
from bpmsync.planner.candidates import NativeOptions, square_spm
from bpmsync.planner.native import Effort, plan_native
from bpmsync.planner.ranges import StretchOptions
from bpmsync.planner.stretch import plan_stretch

from .native_peers import NativePeers
from .runs import make_run
from .shelves import make_shelf
from .stretch_peers import StretchPeers

if TYPE_CHECKING:
    from bpmsync.library.shelf import Shelf
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.native import Wishes
    from bpmsync.timeline.ramp import Ramp

__all__ = ["MODES", "Case", "Timed", "measure", "plan", "warm_up"]

MODES = ("native", "stretch")
_LEAST_BUDGET_S = 0.5
_MIB_OF = 1024.0**2 if sys.platform == "darwin" else 1024.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is planned from how much music."""

    mode: str
    tracks: int
    minutes: float
    shape: str
    seed: int = 0

    @property
    def words(self) -> set[str]:
        """What `--only` may name."""
        return {self.mode, str(self.tracks), f"{self.minutes:g}m", self.shape}


@dataclass(frozen=True, slots=True)
class Timed:
    """A plan, the processor seconds that it took, and how many went into making up its tracks."""

    plan: Plan
    cpu_s: float
    fetch_s: float


def plan(
    case_mode: str,
    shelf: Shelf,
    ramp: Ramp,
    *,
    weights: Any = None,  # noqa: ANN401 - of bpmsync, or none
    wishes: Wishes | None = None,
    effort: Effort | None = None,
) -> Timed:
    """Return our plan, holes or not, with its cost in time."""
    settings = {"partial": True} | ({"weights": weights} if weights else {})
    fetched_s, since = shelf.drawer.cpu_s, process_time()
    if case_mode == "native":
        found = plan_native(shelf, ramp, NativeOptions(**settings), wishes=wishes, effort=effort)
    else:
        found = plan_stretch(shelf, ramp, StretchOptions(**settings), wishes=wishes, effort=effort)
    fetch_s = shelf.drawer.cpu_s - fetched_s
    return Timed(found, process_time() - since - fetch_s, fetch_s)


def warm_up(mode: str) -> None:
    """Plan a little once, so that compiled code is there."""
    plan(mode, make_shelf(100), make_run("standard", 20, mode))
    # Where music is scarce, plans are changed at random
    plan(mode, make_shelf(60), make_run("linear", 120, mode), effort=Effort(ways=2_000))


def measure(case: Case, *, budget: float) -> dict[str, Any]:
    """Return the figures of a case.

    Parameters
    ----------
    case : Case
        What is planned.
    budget : float
        The local search has so many times the processor seconds of our plan.
    """
    shelf, ramp = make_shelf(case.tracks, case.seed), make_run(case.shape, case.minutes, case.mode)
    figures = asdict(case)
    try:
        timed = plan(case.mode, shelf, ramp)
    except PlanError as error:
        return figures | {"error": str(error)}
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB_OF
    found = timed.plan
    # In both modes %^2, for each second of the run
    unit = square_spm(ramp) if case.mode == "native" else 1.0
    figures |= {
        "cost": found.cost,
        "bound": found.bound,
        "gap_percent": found.gap_percent,
        "excess": (found.cost - found.bound) / ramp.duration_s / unit,
        "cpu_s": timed.cpu_s,
        "fetch_s": timed.fetch_s,
        "peak_mib": peak_mib,
        "legs": len(found.legs),
        "uncovered_s": sum(end - start for start, end in found.uncovered),
    }
    return figures | _peers_of(case, shelf, ramp, timed, budget)


def _peers_of(case: Case, shelf: Shelf, ramp: Ramp, timed: Timed, budget: float) -> dict[str, Any]:
    if case.mode == "native":
        peers: Any = NativePeers(shelf, ramp, NativeOptions())
        ours = peers.cost(peers.order_of(timed.plan))
    else:
        peers = StretchPeers(shelf, ramp, StretchOptions(), [leg.track.audio_hash for leg in timed.plan.legs])
        ours = peers.cost(peers.pieces_of(timed.plan))
    since = process_time()
    nearest = peers.cost(peers.nearest())
    costs = {"recounted": ours, "nearest": nearest, "nearest_cpu_s": process_time() - since}
    costs["sorted"] = peers.cost(peers.sorted_by_tempo(), limited=False)
    costs["passing"] = peers.cost(peers.sorted_by_tempo(passing=True))
    budget_s = max(_LEAST_BUDGET_S, budget * timed.cpu_s)
    _, costs["search"] = peers.improved(budget_s, np.random.default_rng(case.seed))
    costs["search_cpu_s"] = budget_s
    return {name: cost if isfinite(cost) else None for name, cost in costs.items()}
