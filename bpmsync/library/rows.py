"""Values of the library as columns, and back (no database here).

Beat times are whole microseconds: the first as int64, the others as uint32 distances, so that
what is read equals what was written. All blobs are little-endian.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bpmsync.beats.detection import Constraint, Detection, Reading
from bpmsync.library.track import Override, Tags, Track
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DETECTION_COLUMNS",
    "GRID_COLUMNS",
    "TAG_COLUMNS",
    "TRACKS",
    "Columns",
    "applied",
    "detection_columns",
    "detection_from",
    "grid_columns",
    "grid_from",
    "override_columns",
    "override_from",
    "storable",
    "tag_columns",
    "tags_from",
    "track_from",
]

Columns: TypeAlias = dict[str, Any]

TAG_COLUMNS = tuple(f.name for f in fields(Tags))
GRID_COLUMNS = ("first_us", "deltas_us", "downbeats", "beats_per_bar")
DETECTION_COLUMNS = (
    "engine",
    "version",
    "failure",
    *GRID_COLUMNS,
    "readings",
    "confidence",
    "usable",
    "level_db",
    "energy",
    "bar_confidence",
    "salience",
    "sections",
)
_GRID_OF_OVERRIDE = ", ".join(f"o.{name} AS o_{name}" for name in GRID_COLUMNS)
# The detection that matches the override; else the free one; else any, rather than no track.
TRACKS = f"""
SELECT f.*, a.duration_s, {", ".join(f"d.{name}" for name in DETECTION_COLUMNS)},
    o.audio_hash AS o_audio_hash, o.tempo_bpm, o.shift_beats, o.ignored, {_GRID_OF_OVERRIDE}
FROM files f
JOIN audio a USING (audio_hash)
LEFT JOIN overrides o USING (audio_hash)
JOIN detections d USING (audio_hash)
WHERE d.rowid = ifnull(
    (SELECT rowid FROM detections
     WHERE audio_hash = f.audio_hash AND constraint_key = ifnull(o.constraint_key, '')),
    (SELECT rowid FROM detections WHERE audio_hash = f.audio_hash ORDER BY constraint_key LIMIT 1)
)
"""  # noqa: S608 - column names of ours
_MICRO = 1e6
# A handful of ratios, each read a hundred thousand times
_ratio = lru_cache(maxsize=256)(Fraction)


def grid_columns(grid: BeatGrid | None) -> Columns:
    """Return the columns of a beat grid; all None without one."""
    if grid is None:
        return dict.fromkeys(GRID_COLUMNS)
    micros = np.rint(grid.beats * _MICRO).astype(np.int64)
    return {
        "first_us": int(micros[0]),
        "deltas_us": np.diff(micros).astype("<u4").tobytes(),
        "downbeats": grid.downbeats.astype("<u4").tobytes(),
        "beats_per_bar": grid.beats_per_bar,
    }


def grid_from(row: Mapping[str, Any]) -> BeatGrid | None:
    """Return the beat grid of a row, or None."""
    if row["first_us"] is None:
        return None
    deltas = np.frombuffer(row["deltas_us"], dtype="<u4")
    micros = np.full(len(deltas) + 1, row["first_us"], dtype=np.int64)
    micros[1:] += np.cumsum(deltas, dtype=np.int64)
    downbeats = np.frombuffer(row["downbeats"], dtype="<u4").astype(np.int64)
    return BeatGrid(micros / _MICRO, downbeats, row["beats_per_bar"])


def detection_columns(detection: Detection) -> Columns:
    """Return the columns of a detection."""
    return {
        "engine": detection.engine,
        "version": detection.version,
        "failure": detection.failure,
        **grid_columns(detection.grid),
        "readings": json.dumps([[str(r.ratio), r.probability] for r in detection.readings]),
        "confidence": detection.confidence,
        "usable": json.dumps(detection.usable),
        "level_db": detection.level_db,
        "energy": detection.energy,
        "bar_confidence": detection.bar_confidence,
        "salience": detection.salience,
        "sections": json.dumps(detection.sections),
    }


def detection_from(row: Mapping[str, Any]) -> Detection:
    """Return the detection of a row."""
    return Detection(
        engine=row["engine"],
        version=row["version"],
        grid=grid_from(row),
        failure=row["failure"],
        readings=tuple(Reading(_ratio(r), p) for r, p in json.loads(row["readings"])),
        confidence=row["confidence"],
        usable=tuple((start, end) for start, end in json.loads(row["usable"])),
        level_db=row["level_db"],
        energy=row["energy"],
        bar_confidence=row["bar_confidence"],
        salience=row["salience"],
        sections=tuple(json.loads(row["sections"])),
    )


def override_columns(override: Override) -> Columns:
    """Return the columns of an override."""
    return {
        "constraint_key": override.constraint.key(),
        "tempo_bpm": override.constraint.tempo_bpm,
        "shift_beats": str(override.constraint.shift_beats),
        **grid_columns(override.beats),
        "ignored": int(override.ignore),
    }


def override_from(row: Mapping[str, Any]) -> Override:
    """Return the override of a row."""
    constraint = Constraint(row["tempo_bpm"], Fraction(row["shift_beats"]))
    return Override(constraint, grid_from(row), ignore=bool(row["ignored"]))


def tag_columns(tags: Tags) -> Columns:
    """Return the columns of tags, with texts that SQLite can hold."""
    columns: Columns = {name: storable(getattr(tags, name)) for name in TAG_COLUMNS}
    other = {storable(name): storable(value) for name, value in tags.other.items()}
    return columns | {"other": json.dumps(other, ensure_ascii=False)}


def tags_from(row: Mapping[str, Any]) -> Tags:
    """Return the tags of a row."""
    columns = {name: row[name] for name in TAG_COLUMNS}
    columns["other"] = json.loads(columns["other"])
    columns["explicit"] = None if columns["explicit"] is None else bool(columns["explicit"])
    return Tags(**columns)


def applied(detection: Detection, override: Override) -> Detection:
    """Return a detection with hand-made beats put in, where a person gave them.

    A constraint needs nothing here: the detection under it is a row of its own.
    """
    if override.beats is None:
        return detection
    first, last = float(override.beats.beats[0]), float(override.beats.beats[-1])
    # Beats that all lie before the file begins are of no use in it
    span = ((max(first, 0.0), last),) if last > 0 else ()
    return replace(
        detection,
        grid=override.beats,
        failure=None,
        confidence=1.0,
        readings=(Reading(Fraction(1), 1.0),),
        usable=span,
        bar_confidence=1.0 if len(override.beats.downbeats) else 0.0,
        sections=_on_downbeats(detection.sections, override.beats),
    )


def _on_downbeats(sections: tuple[float, ...], grid: BeatGrid) -> tuple[float, ...]:
    """Return each section at the downbeat next to where it was found, if there are any."""
    if not len(grid.downbeats):
        return sections
    bars = grid.beats[grid.downbeats]
    return tuple(sorted({float(bars[np.abs(bars - second).argmin()]) for second in sections}))


def track_from(row: Mapping[str, Any]) -> Track:
    """Return the track of a row of `TRACKS`."""
    override = Override()
    if row["o_audio_hash"] is not None:
        grid = {name: row[f"o_{name}"] for name in GRID_COLUMNS}
        override = override_from({**row, **grid})
    return Track(
        path=row["path"],
        audio_hash=row["audio_hash"],
        duration_s=row["duration_s"],
        tags=tags_from(row),
        detection=applied(detection_from(row), override),
        override=override,
        id=row["id"],
    )


def storable(value: Any) -> Any:  # noqa: ANN401 - any column
    """Return a value that SQLite can hold: of a text, what is Unicode."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # lone surrogates are not text
    return value
