"""bpmsync: music whose beat is your running cadence.

What is in ``__all__`` is promised; everything else may change. Names are loaded when they are
first used, so that importing the package costs nothing.

Examples
--------
>>> import bpmsync
>>> float(bpmsync.Ramp(((0, 162), (2400, 168))).steps_at(600.0))
1627.5
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpmsync.audio.decode import read_audio
    from bpmsync.beats.detection import Constraint, Detection
    from bpmsync.beats.engines import find_tracker
    from bpmsync.errors import BpmsyncError
    from bpmsync.export.copy import copy_files
    from bpmsync.export.m3u import write_m3u
    from bpmsync.library.query import parse_query
    from bpmsync.library.scan import scan_files
    from bpmsync.library.store import Store
    from bpmsync.library.track import Override, Tags, Track
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.legs import Plan, WholeLeg
    from bpmsync.planner.native import plan_native
    from bpmsync.planner.plan import load_plan, save_plan
    from bpmsync.timeline.grid import BeatGrid
    from bpmsync.timeline.ramp import Ramp
    from bpmsync.timeline.ramptext import parse_ramp
    from bpmsync.timeline.timemap import TimeMap

__all__ = [
    "BeatGrid",
    "BpmsyncError",
    "Constraint",
    "Detection",
    "NativeOptions",
    "Override",
    "Plan",
    "Ramp",
    "Store",
    "Tags",
    "TimeMap",
    "Track",
    "WholeLeg",
    "copy_files",
    "find_tracker",
    "load_plan",
    "parse_query",
    "parse_ramp",
    "plan_native",
    "read_audio",
    "save_plan",
    "scan_files",
    "write_m3u",
]

__version__ = "0.1.0"

_HOMES = {
    "BeatGrid": "bpmsync.timeline.grid",
    "BpmsyncError": "bpmsync.errors",
    "Constraint": "bpmsync.beats.detection",
    "Detection": "bpmsync.beats.detection",
    "NativeOptions": "bpmsync.planner.candidates",
    "Override": "bpmsync.library.track",
    "Plan": "bpmsync.planner.legs",
    "Ramp": "bpmsync.timeline.ramp",
    "Store": "bpmsync.library.store",
    "Tags": "bpmsync.library.track",
    "TimeMap": "bpmsync.timeline.timemap",
    "Track": "bpmsync.library.track",
    "WholeLeg": "bpmsync.planner.legs",
    "copy_files": "bpmsync.export.copy",
    "find_tracker": "bpmsync.beats.engines",
    "load_plan": "bpmsync.planner.plan",
    "parse_query": "bpmsync.library.query",
    "parse_ramp": "bpmsync.timeline.ramptext",
    "plan_native": "bpmsync.planner.native",
    "read_audio": "bpmsync.audio.decode",
    "save_plan": "bpmsync.planner.plan",
    "scan_files": "bpmsync.library.scan",
    "write_m3u": "bpmsync.export.m3u",
}


def __getattr__(name: str) -> object:
    """Return a promised name, loading the module it lives in."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Return the promised names and what Python itself keeps here."""
    return sorted({*globals(), *__all__})
