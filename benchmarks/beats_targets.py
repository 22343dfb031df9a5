"""What the engine aims at, and whether one run reached it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beats_confidence import calibration_error, crossfitted, trusted
from beats_scores import table

from bpmsync.beats.detection import PLANNED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from beats_scores import Estimates

__all__ = ["target_table"]

LEAST = {"Run1": 93.0, "Run0.3": 87.0, "F": 81.0, "AMLt": 88.0, "SL50": 91.0, "SL30": 88.0}
AHEAD = 1.0
MOST_OFFSET_MS = 3.0
MOST_CALIBRATION_ERROR = 0.08
LEAST_PLANNED, LEAST_RUN1_PLANNED = 75.0, 95.0


def target_table(
    scorer: ModuleType, tracks: list[dict[str, Any]], ours: Estimates, peers: Sequence[Estimates]
) -> str:
    """Return a row an aim: what was asked, what was reached, met or not."""
    figures, _ = scorer.score(tracks, ours.lines)
    theirs = [(scorer.score(tracks, one.lines)[0], one.name) for one in peers]
    rows = []
    for name, least in LEAST.items():
        reached = figures[name]
        best, who = max(((f[name], who) for f, who in theirs), default=(0.0, "no peer"))
        rows.append([name, f"at least {least:g}", f"{reached:.1f}", _met(reached >= least)])
        aim = f"{AHEAD:g} ahead of {who} ({best:.1f})"
        rows.append([name, aim, f"{reached - best:+.1f}", _met(reached - best > AHEAD)])
    offset = figures["off_ms"]
    met = _met(abs(offset) <= MOST_OFFSET_MS)
    rows.append(["offset", f"within {MOST_OFFSET_MS:g} ms", f"{offset:+.1f}", met])
    confidence, right = trusted(scorer, tracks, ours)
    for name, told in (("as shipped", confidence), ("cross-fitted", crossfitted(confidence, right))):
        error, aim = calibration_error(told, right), f"at most {MOST_CALIBRATION_ERROR:g}"
        met = _met(bool(right.any()) and error <= MOST_CALIBRATION_ERROR)  # all wrong is no calibration
        rows.append([f"calibration error, {name}", aim, f"{error:.3f}", met])
    kept = confidence >= PLANNED
    share, usable = 100 * kept.mean(), 100 * right[kept].mean() if kept.any() else 0.0
    rows.append(["planned", f"at least {LEAST_PLANNED:g} %", f"{share:.1f}", _met(share >= LEAST_PLANNED)])
    aim = f"at least {LEAST_RUN1_PLANNED:g}"
    rows.append(["Run1 of the planned", aim, f"{usable:.1f}", _met(usable >= LEAST_RUN1_PLANNED)])
    return table(["figure", "aim", "reached", "met"], rows)


def _met(reached: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if reached else "NO"
