"""Scores of trackers on a corpus, as tables: all of it, by metrical level, by kind of music.

The figures are the scorer's (its head explains them); a track without an answer counts as wrong.
Tempo ratios are estimate over truth.
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import ModuleType

__all__ = ["FIGURES", "Estimates", "accuracy_table", "group_of", "group_table", "level_of", "level_table"]
__all__ += ["load_scorer", "table"]

FIGURES = ("Acc1", "Acc2", "Run1", "Run0.3", "F", "AMLt", "SL50", "SL30")
LEVELS = tuple(Fraction(text) for text in ("1", "2", "1/2", "3/2", "2/3", "4/3", "3/4", "3", "1/3"))
NEAR = 0.04
_JUDGED = ("Run1", "F", "SL30")
# The first group with a word of the genre's takes the track
_GROUPS = (
    ("electronic", ("electronic", "house", "techno", "trance", "edm", "dance")),
    ("classical", ("classical", "piano", "orchestra")),
    ("game", ("game",)),
    ("hip-hop", ("hip-hop", "trap", "rap")),
    ("jazz and blues", ("jazz", "blues", "shuffle", "swing", "funk", "soul")),
    ("Latin and world", ("samba", "latin", "afro", "calypso", "world", "reggae", "ska")),
    ("rock and pop", ("rock", "pop", "metal", "punk", "folk", "beatles", "hendrix", "zeppelin")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What one tracker said about a corpus.

    Parameters
    ----------
    name : str
        What tables call the tracker.
    label : str
        The same with version and licence.
    lines : dict of str to dict
        By the path in the manifest: `tempo`, `beats`, costs, or `error`.
    start_s : float
        CPU seconds to load the tracker.
    failure : str, optional
        Why the tracker could not be asked.
    """

    name: str
    label: str
    lines: dict[str, dict[str, Any]]
    start_s: float = 0.0
    failure: str | None = None

    def per_minute(self, cost: str) -> float:
        """Return CPU seconds per minute of audio."""
        done = [line for line in self.lines.values() if cost in line]
        minutes = sum(line["duration_s"] for line in done) / 60
        return sum(line[cost] for line in done) / minutes if minutes else float("nan")


def load_scorer(path: Path) -> ModuleType:
    """Return the scorer, a program that lies outside of the project, as a module."""
    spec = importlib.util.spec_from_file_location("score_beats", path)
    assert spec is not None  # noqa: S101 - a .py file has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; numbers with one digit after the point."""
    text = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return "\n".join([*text, *(f"| {' | '.join(map(_cell, row))} |" for row in rows)])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "-" if np.isnan(value) else f"{value:.1f}"
    return str(value)


def accuracy_table(scorer: ModuleType, tracks: list[dict[str, Any]], found: Sequence[Estimates]) -> str:
    """Return a row a tracker: accuracy, offset, cost and memory."""
    rows = [_accuracy_row(scorer, tracks, one) for one in found]
    costs = ["CPU s/min", "decode s/min", "start s", "peak MiB"]
    return table(["tracker", *FIGURES, "offset ms", *costs, "no answer"], rows)


def _accuracy_row(scorer: ModuleType, tracks: list[dict[str, Any]], one: Estimates) -> list[object]:
    if one.failure is not None:
        return [one.label, one.failure]
    figures, _ = scorer.score(tracks, one.lines)
    lines = one.lines.values()
    separate = not any(line.get("all_included") for line in lines)
    return [
        one.label,
        *(figures.get(name, float("nan")) for name in FIGURES),
        f"{figures['off_ms']:+.1f}",
        f"{one.per_minute('cpu_s'):.3f}" + ("" if separate else " with decoding"),
        f"{one.per_minute('decode_s'):.3f}" if separate else "-",
        one.start_s,
        f"{max((line.get('peak_mib', 0.0) for line in lines), default=0.0):.0f}",
        sum("tempo" not in line for line in lines),
    ]


def level_of(tempo: float, truth: float) -> Fraction | None:
    """Return the metrical level at which a tempo is within 4 % of the truth, None for none."""
    nearest = min(LEVELS, key=lambda level: abs(tempo / (truth * level) - 1))
    return nearest if abs(tempo / (truth * nearest) - 1) <= NEAR else None


def level_table(tracks: list[dict[str, Any]], found: Sequence[Estimates]) -> str:
    """Return a row a tracker: how many tracks it counts at which level."""
    known = [track for track in tracks if track["tempo"]]
    rows = []
    for one in found:
        counts: Counter[Fraction | str] = Counter()
        for track in known:
            tempo = one.lines.get(track["path"], {}).get("tempo")
            counts[(level_of(tempo, track["tempo"]) or "other") if tempo else "no answer"] += 1
        rows.append([one.name, *(counts[level] for level in (*LEVELS, "other", "no answer"))])
    return table(["tracker", *map(str, LEVELS), "other", "no answer"], rows)


def group_of(track: dict[str, Any]) -> str:
    """Return the kind of music of a track, from the words of its genre."""
    genre = (track.get("genre") or "").lower()
    return next((name for name, words in _GROUPS if any(word in genre for word in words)), "other")


def group_table(
    scorer: ModuleType, tracks: list[dict[str, Any]], ours: Estimates, peers: Sequence[Estimates]
) -> str:
    """Return a row a kind of music: ours beside the peer that does best on it."""
    rows = []
    for name in (*(name for name, _ in _GROUPS), "other"):
        members = [track for track in tracks if group_of(track) == name]
        if not members:
            continue
        figures = {one.name: _judged(scorer, members, one) for one in (ours, *peers)}
        best = max(peers, key=lambda one: float(np.nanmean(figures[one.name])), default=None)
        row: list[object] = [name, len(members), *figures[ours.name]]
        rows.append(row + ([best.name, *figures[best.name]] if best else []))
    heads = ["kind", "tracks", *_JUDGED]
    return table(heads + (["best peer", *_JUDGED] if peers else []), rows)


def _judged(scorer: ModuleType, tracks: list[dict[str, Any]], one: Estimates) -> list[float]:
    figures, _ = scorer.score(tracks, one.lines)
    return [figures.get(name, float("nan")) for name in _JUDGED]
