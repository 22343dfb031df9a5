"""What a solver is given and gives back: a run to plan, how good is good enough, a plan and its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bpmsync.planner.network import Limits, Network
    from bpmsync.planner.ways import Joins, Scene
    from bpmsync.planner.wholecost import WholeRun
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["Effort", "Found", "Legs", "Struck", "Task"]

Legs = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """When a plan is good enough.

    Parameters
    ----------
    gap : float
        The cost is at most this share above the bound.
    excess : float
        Or so much above it, for each second of the run.
    ways : int
        Work at most: as many ways are looked at, or as much is done to know what they may cost
        (a million takes about two seconds); more for runs of over an hour, by the root of its hours.
    time_limit_s : float
        Seconds of processor time; infinite: equal input gives an equal plan.
    """

    gap: float = 0.005
    excess: float = 0.0
    ways: int = 1_200_000
    time_limit_s: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The legs of the best plan, what it costs and what none undercuts.

    Parameters
    ----------
    legs : tuple of (int, int, int)
        Item, variant (see `Task`) and start, in units of time.
    cost, bound : float
        Without a leg: the cost of silence.
    """

    legs: Legs
    cost: float
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class Struck:
    """What tells that a leg is part of no better plan: least costs around it, by place.

    Parameters
    ----------
    before, after : numpy.ndarray, shape (places + 2,)
        From the start, and to the end.
    before_each, after_each : numpy.ndarray, by leg of the network
        The same before and after each leg, neighbours included, as by `least_so_far_joined` and
        `least_costs_joined`; empty where that is not known.
    price : numpy.ndarray, by item
        Paid in them.
    limit : float
        What the best plan costs, with all prices.
    """

    before: FloatArray
    after: FloatArray
    before_each: FloatArray
    after_each: FloatArray
    price: FloatArray
    limit: float


class Task(Protocol):
    """One run to plan: `stretch` units of time compete for ways together, `finest` make a place.

    No plan costs less than `floor`. Where all music together is too short for the run, `saved`
    is by track the price of the silence that it saves; else 0.
    """

    limits: Limits
    joins: Joins
    scene: Scene
    whole: WholeRun
    seconds: float
    stretch: int
    floor: float
    saved: FloatArray

    @property
    def finest(self) -> int:
        """Units of time that the finest place takes."""

    def rough(self) -> tuple[Network, IntArray]:
        """Return a network that need not list everything, and the variant of each leg."""

    def fine(self, network: Network, struck: Struck) -> tuple[Network, IntArray] | None:
        """Return a better network: all legs of better plans, or these at finer places.

        None where they are too many, or no finer ones make sense.
        """

    def changed(self, legs: Legs, most: int, seed: int) -> tuple[Legs, int, bool, int]:
        """Change a plan at random, for so many steps at most; chance begins with a seed.

        Returns
        -------
        legs : tuple of (int, int, int)
            Of a plan that costs no more.
        cost : int
            In millionths; `NO_WAY` where such plans are not changed.
        broken : bool
            Whether there is silence.
        steps : int
            How many it took.
        """
