"""The tracks on which bpmsync is worst, and what is wrong on each: measured, never looked up.

Step lock, the scorer's share of true steps that have a found one within 30 ms (SL30) or 50 ms, is
the judge: a reason is a change to the estimate that would make it right, or where it goes wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from beats_scores import level_of, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from types import ModuleType

    from beats_scores import Estimates
    from numpy.typing import NDArray

__all__ = ["reason_of", "worst_table"]

_WORST = 10
_RUNNABLE = (1.0, 2.0, 0.5)
_USABLE = 0.01
_CURED, _GAIN = 0.7, 0.25
_LATE_S = 0.02
_PARTS = tuple(part / 48 for part in range(-24, 25))
_WINDOW_S, _LOCKED = 10.0, 0.7
_STRAIGHT, _WAVERING = 0.001, 0.02


def worst_table(
    scorer: ModuleType, tracks: list[dict[str, Any]], ours: Estimates, peers: Sequence[Estimates]
) -> str:
    """Return a row for each of the worst tracks, by SL50 and then F."""
    _, scored = scorer.score(tracks, ours.lines)
    theirs = {one.name: _by_path(scorer.score(tracks, one.lines)[1]) for one in peers}
    by_path = {track["path"]: track for track in tracks}
    judged = sorted((row for row in scored if "SL50" in row), key=lambda row: (row["SL50"], row["F"]))
    rows = []
    for row in judged[:_WORST]:
        path = row["path"]
        line = ours.lines.get(path, {})
        best, who = max(((r[path]["SL50"], name) for name, r in theirs.items()), default=(0.0, "-"))
        shown = [Path(path).name, 100 * row["SL50"], 100 * row["F"], f"{line.get('confidence', 0):.2f}"]
        rows.append([*shown, reason_of(scorer, by_path[path], line), f"{100 * best:.0f} {who}"])
    heads = ["worst tracks", "SL50", "F", "confidence", "reason", "best peer's SL50"]
    return table(heads, rows)


def reason_of(scorer: ModuleType, track: dict[str, Any], line: dict[str, Any]) -> str:
    """Return what is wrong with an estimate, as far as it can be measured."""
    if not line.get("beats"):
        return f"no answer: {line.get('error', 'nothing found')}"
    truth, beats = track["beats"], np.sort(np.array(line["beats"]))
    wrong = _wrong_tempo(line["tempo"], track["tempo"] or scorer.tempo_of(truth))
    if len(beats) < 4:  # noqa: PLR2004 - the scorer's own least
        return "too few beats"
    reasons = [wrong] if wrong else [_wrong_phase(scorer, truth, beats) or _wrong_place(scorer, truth, beats)]
    wavering = _spread(truth) > _WAVERING
    if wavering and _spread(beats) < _STRAIGHT:
        reasons.append(f"a straight grid through music that wavers by {100 * _spread(truth):.0f} %")
    elif wavering:
        reasons.append(f"the music wavers by {100 * _spread(truth):.0f} %")
    if track.get("grade") in {"B", "C"}:
        reasons.append(f"truth of grade {track['grade']}")
    return "; ".join(reasons)


def _wrong_tempo(tempo: float, truth: float) -> str | None:
    """Return how a tempo misses the truth, None where a runner can use it."""
    if min(abs(tempo / (truth * level) - 1) for level in _RUNNABLE) <= _USABLE:
        return None
    level = level_of(tempo, truth)
    if level is None:
        return f"tempo {tempo:.1f} for {truth:.1f}: no simple ratio ({tempo / truth:.2f})"
    if float(level) in _RUNNABLE:
        return f"tempo {tempo:.1f} for {truth:.1f}: {100 * (tempo / (truth * level) - 1):+.1f} % off"
    return f"tempo {_pair(level)} ({tempo:.1f} for {truth:.1f})"


def _pair(level: Fraction) -> str:
    return f"{level.numerator}:{level.denominator}"


def _wrong_phase(scorer: ModuleType, truth: NDArray[np.float64], beats: NDArray[np.float64]) -> str | None:
    """Return the one shift that would make the estimate right, None if there is none."""
    now = scorer.step_lock(truth, beats)[1]
    beat_s = float(np.median(np.diff(beats)))
    cures = [scorer.step_lock(truth, beats + part * beat_s)[1] for part in _PARTS]
    cured = max(cures)
    if cured < max(_CURED, now + _GAIN):
        return None
    part = _middle_of_nearest([part for part, cure in zip(_PARTS, cures, strict=True) if cure > cured - 0.01])
    # What is left after the move, which goes in whole parts of a beat
    left_s = scorer.step_lock(truth, beats + part * beat_s)[2] / 1000
    late_s = left_s - part * beat_s
    if abs(part) < 0.2 and abs(late_s) >= _LATE_S:  # noqa: PLR2004 - less than a fifth of a beat
        side = "late" if late_s > 0 else "early"
        return f"{side} by {1000 * abs(late_s):.0f} ms (moved there, SL30 {100 * cured:.0f})"
    where = "off-beat" if abs(abs(part) - 0.5) < 0.05 else f"{abs(part):.2f} beat off"  # noqa: PLR2004
    return f"right tempo{_counted(scorer, truth, beats)}, {where} (moved there, SL30 {100 * cured:.0f})"


def _counted(scorer: ModuleType, truth: NDArray[np.float64], beats: NDArray[np.float64]) -> str:
    """Return at which level the beats are counted, nothing where it is the truth's own."""
    ratio = level_of(scorer.tempo_of(beats), scorer.tempo_of(truth))
    return "" if ratio is None or ratio == 1 else f" counted {_pair(ratio)}"


def _middle_of_nearest(parts: list[float]) -> float:
    """Return the middle of the unbroken run of parts that comes nearest to 0."""
    cuts = np.flatnonzero(np.diff(parts) > 1.5 * (_PARTS[1] - _PARTS[0])) + 1
    return min((float(run.mean()) for run in np.split(np.array(parts), cuts)), key=abs)


def _wrong_place(scorer: ModuleType, truth: NDArray[np.float64], beats: NDArray[np.float64]) -> str:
    """Return where in the track the estimate holds, and what it does elsewhere."""
    kinds = [_window_kind(scorer, truth, beats, start) for start in np.arange(truth[0], truth[-1], _WINDOW_S)]
    kinds = [kind for kind in kinds if kind]
    if not kinds:
        return "right tempo, the beats elsewhere"
    shares = {kind: kinds.count(kind) / len(kinds) for kind in dict.fromkeys(kinds)}
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    told = ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in ranked)
    if told == "locked 100 %":
        return f"locked from end to end{_counted(scorer, truth, beats)}"
    return f"right tempo in all, by {_WINDOW_S:g} s: {told}"


def _window_kind(
    scorer: ModuleType, truth: NDArray[np.float64], beats: NDArray[np.float64], start: float
) -> str | None:
    """Return what the estimate does in one stretch; None where there is too little truth."""
    part = truth[(truth >= start) & (truth < start + _WINDOW_S)]
    near = beats[(beats >= start - 1) & (beats < start + _WINDOW_S + 1)]
    if len(part) < 5:  # noqa: PLR2004 - too few to judge
        return None
    if len(near) < 4:  # noqa: PLR2004 - the scorer's own least
        return "no beats"
    if scorer.step_lock(part, near)[0] >= _LOCKED:
        return "locked"
    ratio = level_of(scorer.tempo_of(near), scorer.tempo_of(part))
    if ratio is None or float(ratio) not in _RUNNABLE:
        return "another tempo"
    beat_s = float(np.median(np.diff(near)))
    moved = max(scorer.step_lock(part, near + p * beat_s)[0] for p in _PARTS)
    return "out of phase" if moved >= _LOCKED else "loose"


def _spread(beats: NDArray[np.float64]) -> float:
    """Return how far the tempo wavers: middle half of the smoothed intervals over their median."""
    intervals = np.diff(beats)
    if len(intervals) < 8:  # noqa: PLR2004 - nothing to smooth
        return 0.0
    smooth = np.convolve(intervals, np.ones(4) / 4, "valid")
    low, high = np.percentile(smooth, [25, 75])
    return float((high - low) / np.median(smooth))


def _by_path(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in rows}
