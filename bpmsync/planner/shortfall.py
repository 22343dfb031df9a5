"""Words for music that does not cover a run: where, why, and the best that can be done about it.

What is advised was planned with. The run is planned again six times at most, so that an error
does not take longer than a plan.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, Any

from bpmsync.planner.additions import find_additions
from bpmsync.planner.candidates import refusals
from bpmsync.planner.ranges import StretchOptions, stretch_refusals
from bpmsync.planner.relaxations import tries
from bpmsync.timeline.durations import format_clock, format_duration

if TYPE_CHECKING:
    from bpmsync.planner.additions import Additions
    from bpmsync.planner.legs import Plan
    from bpmsync.planner.shortage import Case

__all__ = ["clock_of", "not_covered", "nothing_fits", "spm_span", "what_to_add"]

_RELAXATIONS, _ADDITIONS = 4, 2
_MORE_S = 1.0


def nothing_fits(case: Case, plan: Plan[Any]) -> str:
    """Return why there is no leg in a plan, and what would help."""
    ramp, options, count = case.ramp, case.options, len(case.shelf)
    if isinstance(options, StretchOptions):
        reasons = stretch_refusals(case.shelf, options)
        far = f"never within {_percent(options.max_stretch)} at 1, 2 and 1/2 steps per beat"
    else:
        reasons = refusals(case.shelf, options)
        far = f"more than {_percent(options.max_off)} off at 1, 2 and 1/2 steps per beat"
    counts = Counter(reason or far for reason in reasons)
    why = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.items()))
    what = "the only track does not fit" if count == 1 else f"none of {count} tracks fits"
    return (
        f"cannot follow {spm_span(ramp.lowest_spm, ramp.highest_spm)} for "
        f"{format_duration(ramp.duration_s)}: {what} ({why}); {_advice(case, plan)}"
    )


def not_covered(case: Case, plan: Plan[Any]) -> str:
    """Return where a plan has its largest hole, and what would help."""
    start_s, end_s = max(plan.uncovered, key=lambda span: (span[1] - span[0], -span[0]))
    low, high = plan.ramp.range_spm(start_s, end_s)
    holes = "the hole is" if len(plan.uncovered) == 1 else f"the largest of {len(plan.uncovered)} holes is"
    options = case.options
    if isinstance(options, StretchOptions):
        within = f"stretched by at most {_percent(options.max_stretch)}"
    else:
        within = f"within {_percent(options.max_off)}"
    return (
        f"the music covers {format_duration(plan.covered_s)} of {format_duration(plan.duration_s)} "
        f"{within}: {holes} from {clock_of(start_s)} to {clock_of(end_s)}, at {spm_span(low, high)}; "
        f"{_advice(case, plan)}; --partial plans with the hole left silent"
    )


def what_to_add(additions: Additions) -> str:
    """Return which music would cover a run."""
    if not additions.bands:
        return "no song of a steady tempo would fill it"
    music = " and ".join(band.words for band in additions.bands)
    rest = f" all but {format_duration(additions.silent_s)} of" if additions.silent_s >= _MORE_S else ""
    return f"more music would fill{rest} it: {music}"


def spm_span(low_spm: float, high_spm: float) -> str:
    """Return a range of cadences: ``160-172 spm``, or one where both ends round to the same."""
    return f"{low_spm:.4g} spm" if round(low_spm) == round(high_spm) else f"{low_spm:.4g}-{high_spm:.4g} spm"


def clock_of(seconds: float) -> str:
    """Return a run second, rounded, as a clock shows it."""
    return format_clock(float(round(seconds)))


def _advice(case: Case, plan: Plan[Any]) -> str:
    """Name the option that covers most of the run; where none helps, the music to add."""
    # The gentle values of all options first
    options = tries(case.shelf, case.ramp, case.options)
    values = (one for one in chain.from_iterable(zip_longest(*options)) if one is not None)
    best, most_s = "", plan.covered_s + _MORE_S
    for relaxation in islice(values, _RELAXATIONS):
        tried = case.planned(relaxation.options)
        if tried is not None and tried.covered_s > most_s:
            filled = format_duration(tried.covered_s) if tried.uncovered else "all of it"
            best, most_s = f"{relaxation.words} covers {filled}", tried.covered_s
            if not tried.uncovered:
                break
    if best:
        return best
    additions = find_additions(case, plan, attempts=_ADDITIONS)
    return f"{what_to_add(additions)} (bpmsync coverage shows what there is)"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
