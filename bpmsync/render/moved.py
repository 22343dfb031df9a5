"""Songs of a plan that lie elsewhere now, found again by their sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.audio.decode import identify
from bpmsync.errors import DecodeError
from bpmsync.library.walk import find_music

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["find_moved", "with_paths"]


def find_moved(plan: Plan[WarpedLeg], folders: Sequence[str | Path]) -> Plan[WarpedLeg]:
    """Return the plan with the songs that are gone or changed taken from other folders.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What is to be rendered.
    folders : sequence of (str or Path)
        Where to look, folders in them included. Files of the same name are looked at first, and
        none that is not needed.

    Returns
    -------
    Plan of WarpedLeg
        What was not found keeps its path.

    Raises
    ------
    ParameterError
        If one of the folders does not exist.
    """
    files = [file.path for file in find_music(folders)]
    wanted = {leg.track.audio_hash: leg.track.path for leg in plan.legs}
    missing = {key: path for key, path in wanted.items() if _sound_of(path) != key}
    return with_paths(plan, _found(missing, files)) if missing else plan


def with_paths(plan: Plan[WarpedLeg], paths: Mapping[str, str]) -> Plan[WarpedLeg]:
    """Return the plan with other paths for the songs of some audio hashes."""
    legs = (
        replace(leg, track=replace(leg.track, path=paths.get(leg.track.audio_hash, leg.track.path)))
        for leg in plan.legs
    )
    return replace(plan, legs=tuple(legs))


def _found(missing: Mapping[str, str], files: Sequence[str]) -> dict[str, str]:
    names = {Path(path).name.casefold() for path in missing.values()}
    found: dict[str, str] = {}
    for path in sorted(files, key=lambda path: (Path(path).name.casefold() not in names, path)):
        if len(found) == len(missing):
            break
        key = _sound_of(path)
        if key in missing:
            found.setdefault(key, path)
    return found


def _sound_of(path: str) -> str:
    try:
        return identify(path).audio_hash if Path(path).exists() else ""
    except DecodeError:
        return ""
