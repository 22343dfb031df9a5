"""A plan as diffable JSON (format 1), the contract between the jobs.

Keys in a fixed order, numbers rounded to 6 decimals, no clock time: equal input gives equal
bytes. Readers ignore keys that they do not know. A leg carries all of its track's beats, so
that export, push and render need no library; a track read back knows only what is in here.
Whole numbers decide where a stretched leg lies; what else its keys tell is read by people.
An imported song has no path (null), and a `uri` where one is known.
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.atomic import write_atomically
from bpmsync.beats.detection import Detection
from bpmsync.errors import ParameterError, PlanError
from bpmsync.library.addresses import is_track_uri
from bpmsync.library.imported import is_song_key
from bpmsync.library.track import Tags, Track
from bpmsync.planner.legs import (
    Plan,
    WarpedLeg,
    WholeLeg,
    error_percent,
    leg_error_spm,
    leg_span,
    leg_target,
)
from bpmsync.timeline.arrays import frozen_ints
from bpmsync.timeline.grid import BeatGrid
from bpmsync.timeline.ramp import Ramp
from bpmsync.timeline.ramptext import format_ramp

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "Plan", "WholeLeg", "load_plan", "plan_from_json", "plan_to_json", "save_plan"]

FORMAT = 1
_DECIMALS = 6
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_MODES = ("native", "stretch")
_STRETCH_ONLY = ("first_beat", "last_beat", "first_step", "steps", "stretch_percent")


def save_plan(plan: Plan | Plan[WarpedLeg], path: str | Path) -> None:
    """Write a plan as JSON, whole or not at all.

    Raises
    ------
    ExportError
        If it cannot be written; an old file is kept.
    """
    write_atomically(path, plan_to_json(plan, beside=Path(path).parent))


def load_plan(path: str | Path) -> Plan[Any]:
    """Return the plan in a file, of either mode; its tracks' paths are absolute.

    Raises
    ------
    PlanError
        If the file cannot be read, is no plan, or comes from a newer bpmsync.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        msg = f"cannot read the plan {path}: {error.strerror or error}"
        raise PlanError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not a plan: it is not UTF-8 text (give the .plan.json that bpmsync wrote)"
        raise PlanError(msg) from error
    try:
        return plan_from_json(text, beside=path.parent)
    except PlanError as error:
        msg = f"{path}: {error}"
        raise PlanError(msg) from error


def plan_to_json(
    plan: Plan | Plan[WarpedLeg], *, beside: Path | None = None, more: Mapping[str, Any] | None = None
) -> str:
    """Return the JSON text of a plan.

    Parameters
    ----------
    plan : Plan
        What to write.
    beside : Path, optional
        The folder that the text will lie in: tracks below it are written relative to it.
    more : mapping, optional
        Further keys at the end, for people and programs; whoever reads the plan passes over them.

    Returns
    -------
    str
        One document that ends with a line feed. Reading it back and writing it again gives
        the same text.
    """
    plan = _rounded_plan(plan)
    document = {
        "format": FORMAT,
        "mode": plan.mode,
        "ramp": {"text": format_ramp(plan.ramp), "knots": [list(knot) for knot in plan.ramp.knots]},
        "parameters": dict(plan.parameters),
        "cost": plan.cost,
        "bound": plan.bound,
        "gap_percent": plan.gap_percent,
        "coverage": {"covered_s": plan.covered_s, "uncovered": [list(span) for span in plan.uncovered]},
        "legs": [_leg_document(leg, plan.ramp, beside) for leg in plan.legs],
        **(more or {}),
    }
    text = _layout(_round(document), "") + "\n"
    # A name that is not UTF-8 holds lone surrogates, which only an escape can carry
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def plan_from_json(text: str, *, beside: Path | None = None) -> Plan[Any]:
    """Return the plan that a JSON text holds, of either mode.

    Parameters
    ----------
    text : str
        As `plan_to_json` writes it; unknown keys are ignored.
    beside : Path, optional
        The folder that relative track paths start from.

    Raises
    ------
    PlanError
        If the text is no plan, or one that a newer bpmsync wrote.
    """
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        msg = f"not a plan: the JSON is broken ({error}); make the plan again"
        raise PlanError(msg) from error
    _check_kind(document)
    try:
        return _plan(document, beside)
    except (
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        ZeroDivisionError,
        IndexError,
    ) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        msg = f"not a whole plan: {what}; make the plan again"
        raise PlanError(msg) from error


def _check_kind(document: object) -> None:
    written = document.get("format") if isinstance(document, dict) else None
    if not isinstance(document, dict) or type(written) is not int:
        msg = 'not a plan: there is no "format" (give the .plan.json that bpmsync wrote)'
        raise PlanError(msg)
    if written > FORMAT:
        msg = f"the plan has format {written}, and this bpmsync reads {FORMAT}: update bpmsync"
        raise PlanError(msg)
    if document.get("mode") not in _MODES:
        msg = f"a plan of mode {document.get('mode')!r} cannot be read by this bpmsync (native or stretch)"
        raise PlanError(msg)


def _rounded_plan(plan: Plan[Any]) -> Plan[Any]:
    """Round what decides before anything is derived, so that rewriting changes no digit."""
    return replace(
        plan,
        ramp=Ramp(tuple((_round(t), _round(spm)) for t, spm in plan.ramp.knots)),
        cost=_round(plan.cost),
        bound=_round(plan.bound),
        legs=tuple(_rounded_leg(leg) for leg in plan.legs),
    )


def _rounded_leg(leg: WholeLeg | WarpedLeg) -> WholeLeg | WarpedLeg:
    track = leg.track
    grid = track.detection.grid
    if grid is None:  # a leg has refused this
        return leg
    rounded = BeatGrid(np.round(grid.beats, _DECIMALS), grid.downbeats, grid.beats_per_bar)
    detection = replace(track.detection, grid=rounded)
    track = replace(track, duration_s=_round(track.duration_s), detection=detection)
    if isinstance(leg, WarpedLeg):
        return replace(leg, track=track)
    return replace(leg, track=track, start_s=_round(leg.start_s))


def _leg_document(leg: WholeLeg | WarpedLeg, ramp: Ramp, beside: Path | None) -> dict[str, Any]:
    track, tags, found = leg.track, leg.track.tags, leg.track.detection
    grid = found.grid
    target = leg_target(leg, ramp)
    start_s, end_s = leg_span(leg, ramp)
    warped = leg if isinstance(leg, WarpedLeg) else None
    return {
        "path": _written_path(track.path, beside) if track.has_file else None,
        "audio_hash": track.audio_hash,
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "isrc": tags.isrc,
        **({} if track.uri is None else {"uri": track.uri}),
        "duration_s": track.duration_s,
        "confidence": found.confidence,
        "engine": f"{found.engine} {found.version}",
        "steps_per_beat": str(leg.steps_per_beat),
        "native_spm": leg.native_spm,
        "start_s": start_s,
        "end_s": end_s,
        "target_from_spm": target.from_spm,
        "target_to_spm": target.to_spm,
        "error_spm": leg_error_spm(leg, ramp),
        "error_percent": error_percent(leg, ramp),
        "source_start_s": 0.0 if warped is None else warped.source_start_s,
        "source_end_s": track.duration_s if warped is None else warped.source_end_s,
        "beats": [] if grid is None else grid.beats.tolist(),
        "downbeats": [] if grid is None else grid.downbeats.tolist(),
        "beats_per_bar": None if grid is None else grid.beats_per_bar,
        "usable": [list(span) for span in found.usable],
        **_stretch_keys(leg, ramp),
    }


def _stretch_keys(leg: WholeLeg | WarpedLeg, ramp: Ramp) -> dict[str, int | float | None]:
    if not isinstance(leg, WarpedLeg):
        return dict.fromkeys(_STRETCH_ONLY)
    percent = leg.worst_stretch_percent(ramp)
    values = (leg.first_beat, leg.last_beat, leg.first_step, leg.steps, percent)
    return dict(zip(_STRETCH_ONLY, values, strict=True))


def _written_path(path: str, beside: Path | None) -> str:
    """Relative below the plan's folder or a neighbour of it, so that both can move together."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, names are kept as found
    if beside is None:
        return str(absolute)
    folder = Path(os.path.abspath(beside))  # noqa: PTH100
    if absolute.is_relative_to(folder):
        return absolute.relative_to(folder).as_posix()
    around = folder.parent
    if around != Path(around.anchor) and absolute.is_relative_to(around):
        return "../" + absolute.relative_to(around).as_posix()
    return str(absolute)


def _read_path(path: str, beside: Path | None) -> str:
    if beside is None or Path(path).is_absolute():
        return path
    return os.path.abspath(beside / path)  # noqa: PTH100


def _plan(document: Mapping[str, Any], beside: Path | None) -> Plan[Any]:
    coverage = document["coverage"]
    stretched = document["mode"] == "stretch"
    return Plan(
        ramp=Ramp(tuple((t, spm) for t, spm in document["ramp"]["knots"])),
        legs=tuple(_leg(leg, beside, stretched=stretched) for leg in document["legs"]),
        mode=document["mode"],
        parameters=dict(document["parameters"]),
        cost=float(document["cost"]),
        bound=float(document["bound"]),
        uncovered=tuple((float(start), float(end)) for start, end in coverage["uncovered"]),
    )


def _leg(leg: Mapping[str, Any], beside: Path | None, *, stretched: bool) -> WholeLeg | WarpedLeg:
    track, ratio = _track(leg, beside), Fraction(leg["steps_per_beat"])
    if not stretched:
        return WholeLeg(track, ratio, float(leg["start_s"]))
    warped = WarpedLeg(track, leg["first_beat"], leg["last_beat"], ratio, leg["first_step"])
    if leg["steps"] != warped.steps:
        msg = f"{track.path}: beats {warped.first_beat} to {warped.last_beat} are not {leg['steps']} steps"
        raise ParameterError(msg)
    return warped


def _track(leg: Mapping[str, Any], beside: Path | None) -> Track:
    grid = BeatGrid(leg["beats"], frozen_ints(leg["downbeats"], "downbeats"), leg["beats_per_bar"])
    engine, _, version = str(leg["engine"]).rpartition(" ")
    detection = Detection(
        engine=engine,
        version=version,
        grid=grid,
        confidence=float(leg["confidence"]),
        usable=tuple((float(start), float(end)) for start, end in leg["usable"]),
    )
    title, artist, album, isrc = (_text(leg.get(key), key) for key in ("title", "artist", "album", "isrc"))
    duration_s = float(leg["duration_s"])
    if not 0 < duration_s < math.inf:
        msg = f"a duration of {duration_s} s"
        raise ParameterError(msg)
    uri = _text(leg.get("uri"), "uri")
    if uri is not None and not is_track_uri(uri):
        msg = f"{uri!r} is no Spotify track"
        raise ParameterError(msg)
    audio_hash = str(leg["audio_hash"])
    without_file = leg["path"] is None and is_song_key(audio_hash)
    return Track(
        path="" if without_file else _read_path(leg["path"], beside),
        audio_hash=audio_hash,
        duration_s=duration_s,
        tags=Tags(title=title, artist=artist, album=album, isrc=isrc),
        detection=detection,
        uri=uri,
    )


def _text(value: object, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    msg = f"{name} {value!r} is not a text"
    raise ParameterError(msg)


def _round(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Round every float in a JSON value; minus zero becomes zero."""
    if isinstance(value, dict):
        return {key: _round(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_round(item) for item in value]
    return round(float(value), _DECIMALS) + 0.0 if isinstance(value, float) else value


def _layout(value: Any, indent: str) -> str:  # noqa: ANN401 - any JSON value
    """One line for each key, lists of numbers on one line: a diff shows what changed."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(key)}: {_layout(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rows = [inner + _layout(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
