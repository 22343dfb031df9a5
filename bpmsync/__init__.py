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
    from bpmsync.errors import BpmsyncError
    from bpmsync.timeline.grid import BeatGrid
    from bpmsync.timeline.ramp import Ramp
    from bpmsync.timeline.ramptext import parse_ramp
    from bpmsync.timeline.timemap import TimeMap

__all__ = ["BeatGrid", "BpmsyncError", "Ramp", "TimeMap", "parse_ramp"]

__version__ = "0.1.0"

_HOMES = {
    "BeatGrid": "bpmsync.timeline.grid",
    "BpmsyncError": "bpmsync.errors",
    "Ramp": "bpmsync.timeline.ramp",
    "TimeMap": "bpmsync.timeline.timemap",
    "parse_ramp": "bpmsync.timeline.ramptext",
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
