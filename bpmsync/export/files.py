"""Which files may be replaced (those that bpmsync wrote), and which plans name files at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.errors import ExportError
from bpmsync.export.text import clean_line

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["is_own_plan", "is_own_playlist", "refuse_foreign", "require_files", "require_whole_tracks"]

_HEAD_BYTES = 65536
_MOST_NAMED = 5
_BOM = b"\xef\xbb\xbf"


def is_own_playlist(path: str | Path) -> bool:
    """Return whether a file is a playlist that bpmsync wrote: its comment precedes all entries.

    Raises
    ------
    ExportError
        If the file cannot be read.
    """
    lines = _head(path).removeprefix(_BOM).split(b"\n")
    comments = []
    for line in lines:
        if not line.startswith(b"#"):
            break
        comments.append(line)
    return lines[0].rstrip() == b"#EXTM3U" and any(line.startswith(b"#BPMSYNC:") for line in comments)


def is_own_plan(path: str | Path) -> bool:
    """Return whether a file is a plan that bpmsync wrote: it begins with its format.

    Raises
    ------
    ExportError
        If the file cannot be read.
    """
    return _head(path).removeprefix(_BOM).split()[:2] == [b"{", b'"format":']


def refuse_foreign(path: str | Path, *, force: bool) -> None:
    """Do nothing if a playlist or plan may be written to a path, else raise.

    Raises
    ------
    ExportError
        If a folder, or without `force` a file that bpmsync did not write, is there.
    """
    path = Path(path)
    if path.is_dir():
        msg = f"cannot write {path}: it is a folder (give a file name in it, as in {path / 'run.m3u8'})"
        raise ExportError(msg)
    if force or not path.exists() or is_own_playlist(path) or is_own_plan(path):
        return
    msg = f"{path} exists and bpmsync did not write it: name another file with -o, or replace it with --force"
    raise ExportError(msg)


def require_whole_tracks(plan: Plan | Plan[WarpedLeg]) -> None:
    """Do nothing if a plan plays its tracks as they are, else raise.

    Raises
    ------
    ExportError
        If it is stretched: players and Spotify play whole tracks, at their own tempo.
    """
    if plan.mode == "native":
        return
    msg = (
        "a stretched plan has to be rendered (bpmsync render PLAN run.mp3): its tracks are cut and follow "
        "the steps, and a playlist or a copy would play them whole, at their own tempo; for that, plan "
        "without --stretch"
    )
    raise ExportError(msg)


def require_files(plan: Plan) -> None:
    """Do nothing if every leg of a plan is a file to be played as it is, else raise.

    Raises
    ------
    ExportError
        If songs were imported without a file: nothing but a push can play them. If the plan
        is stretched.
    """
    require_whole_tracks(plan)
    names = [clean_line(leg.track.name) for leg in plan.legs if not leg.track.has_file]
    if not names:
        return
    songs = "1 song that has" if len(names) == 1 else f"{len(names)} songs that have"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    msg = (
        f"the plan holds {songs} no file, only a tempo ({'; '.join(names[:_MOST_NAMED])}{more}), so no file "
        "can play it: write it as a .plan.json and bpmsync push that, or plan without --imported"
    )
    raise ExportError(msg)


def _head(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        msg = f"cannot read {path}, which is there: {error.strerror or error} (name another file with -o)"
        raise ExportError(msg) from error
