"""What a plan costs, as ``--explain`` shows it: a row for each track, a column for each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bpmsync.planner.explain import Explanation
    from bpmsync.planner.legs import Plan

__all__ = ["explanation_document", "print_explanation"]

_LONGEST_NAME = 30


def print_explanation(plan: Plan[Any], found: Explanation) -> None:
    """Print what each leg costs; reasons that cost nothing anywhere have no column."""
    from bpmsync.cli.output import print_table
    from bpmsync.cli.text import shorten

    legs = zip(plan.legs, found.legs, strict=True)
    names = list(dict.fromkeys(name for leg in found.legs for name, cost in leg.items() if _shown(cost)))
    rows = [
        (
            number,
            shorten(leg.track.name, _LONGEST_NAME),
            *(_shown(costs[name]) for name in names),
            f"{sum(costs.values()):.0f}",
        )
        for number, (leg, costs) in enumerate(legs, start=1)
    ]
    for words, cost in (("silence", found.silence), ("ends early", found.early_end)):
        if cost:
            rows.append(("", words, *("" for _ in names), f"{cost:.0f}"))
    print_table((">#", "what it costs", *(f">{name}" for name in names), ">all"), rows)
    click.echo(_unit_line(plan, found))


def explanation_document(found: Explanation) -> dict[str, Any]:
    """Return what ``--json --explain`` tells, in %^2 s."""
    return {
        "unit": "%^2 s",
        "cost": found.cost,
        "unit_in_cost": found.unit,
        "silence": found.silence,
        "early_end": found.early_end,
        "legs": [dict(leg) for leg in found.legs],
    }


def _shown(cost: float) -> str:
    return "" if round(cost) == 0 else f"{cost:.0f}"


def _unit_line(plan: Plan[Any], found: Explanation) -> str:
    off = "stretched by 2 %" if plan.mode == "stretch" else "2 % off its target"
    line = f"in %^2 s: a second of music that is {off} costs 4; all together {found.cost:.0f}"
    return line if found.unit == 1 else f"{line}, times {found.unit:.3g} the cost in spm^2 s"
