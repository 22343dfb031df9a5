"""How far a plan goes above the runner's own cadence, in the words that the summary uses.

Most studies raised the step rate by 5 to 10 % over the runner's own. The lines above 5 %
and above 10 % are for the runner's legs: --quiet does not hide them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import percent, spm

if TYPE_CHECKING:
    from bpmsync.timeline.ramp import Ramp

__all__ = ["OVER_WEEKS_PERCENT", "STUDIED_PERCENT", "Rise", "rise_of", "warn_of_rise"]

OVER_WEEKS_PERCENT = 5.0
STUDIED_PERCENT = 10.0
_NOISE_PERCENT = 0.05  # less is shown as 0.0 %


@dataclass(frozen=True, slots=True)
class Rise:
    """A ramp's top against the runner's own cadence.

    Parameters
    ----------
    top_spm : float
        The highest target of the run.
    baseline_spm : float
        The runner's own cadence.
    is_own : bool
        Whether the runner gave it; else it is the ramp's first value.
    """

    top_spm: float
    baseline_spm: float
    is_own: bool

    @property
    def percent(self) -> float:
        """How far the top lies above the baseline; negative below it."""
        return (self.top_spm / self.baseline_spm - 1) * 100

    @property
    def summary(self) -> str:
        """One line for every summary.

        Examples
        --------
        >>> Rise(176, 162, is_own=True).summary
        'top 176 spm, 8.6 % above your 162'
        """
        whose = "your" if self.is_own else "the ramp's first value,"
        base = f"{whose} {spm(self.baseline_spm)}"
        if abs(self.percent) < _NOISE_PERCENT:
            line = f"top {spm(self.top_spm)} spm, which is {base}"
        else:
            side = "above" if self.percent > 0 else "below"
            line = f"top {spm(self.top_spm)} spm, {percent(abs(self.percent))} {side} {base}"
        return line if self.is_own else f"{line} (give your own easy cadence with --baseline)"

    def as_json(self) -> dict[str, object]:
        """Return the rise as JSON values."""
        return {
            "top_spm": round(self.top_spm, 6),
            "baseline_spm": round(self.baseline_spm, 6),
            "baseline_is_own": self.is_own,
            "rise_percent": round(self.percent, 6),
        }

    @property
    def notices(self) -> tuple[str, ...]:
        """What a runner should know before running it; empty up to 5 %."""
        lines = []
        if self.percent > OVER_WEEKS_PERCENT:
            # Rounded down, so that the value itself stays within 5 %
            gentle = math.floor(self.baseline_spm * (1 + OVER_WEEKS_PERCENT / 100) + 1e-9)
            lines.append(
                f"more than 5 %: many take such a rise over weeks; 5 % above "
                f"{spm(self.baseline_spm)} would be {gentle} spm"
            )
        if self.percent > STUDIED_PERCENT:
            lines.append(
                f"warning: {percent(self.percent)} is beyond what most studies tried "
                "(5 to 10 %, few 15 %): a larger rise moves the load rather than taking it away"
            )
        return tuple(lines)


def rise_of(ramp: Ramp, baseline_spm: float | None) -> Rise:
    """Return a ramp's rise over a baseline, or over its own first value."""
    if baseline_spm is None:
        return Rise(ramp.highest_spm, ramp.knots[0][1], is_own=False)
    return Rise(ramp.highest_spm, baseline_spm, is_own=True)


def warn_of_rise(rise: Rise) -> None:
    """Print the notices to stderr, whatever --quiet says."""
    for line in rise.notices:
        click.echo(line, err=True)
