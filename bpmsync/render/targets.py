"""Where rendered sound may be written: never over a song of the plan, nor over somebody's own file.

A mix of ours holds its plan, and a file of a split run the plan of its leg; by that it is known.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.audio.writer import read_plan_text
from bpmsync.errors import DecodeError, ExportError
from bpmsync.render.chapters import CUE_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_own_cue", "is_own_sound", "refuse_foreign_cue", "refuse_foreign_sound", "refuse_source"]


def is_own_sound(path: str | Path) -> bool:
    """Return whether a file is sound that bpmsync rendered: it holds the plan that it was made from."""
    try:
        return read_plan_text(path) is not None
    except DecodeError:
        return False


def is_own_cue(path: str | Path) -> bool:
    """Return whether a file is a CUE sheet that bpmsync wrote: its first line says so."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(CUE_MARK) + 1) == f"{CUE_MARK}\n".encode()
    except OSError:
        return False


def refuse_foreign_sound(path: Path, *, force: bool) -> None:
    """Do nothing if sound may be written to a path, else raise.

    Raises
    ------
    ExportError
        If there is no such folder, or a folder, or without `force` a file that bpmsync did not
        render, is there.
    """
    _refuse_place(path)
    if not force and path.exists() and not is_own_sound(path):
        raise ExportError(_foreign(path))


def refuse_foreign_cue(path: Path, *, force: bool) -> None:
    """Do nothing if a CUE sheet may be written to a path, else raise.

    Raises
    ------
    ExportError
        As `refuse_foreign_sound`.
    """
    _refuse_place(path)
    if not force and path.exists() and not is_own_cue(path):
        raise ExportError(_foreign(path))


def refuse_source(path: Path, songs: Iterable[str | Path]) -> None:
    """Do nothing unless a path is one of some songs, under whatever name; else raise.

    Raises
    ------
    ExportError
        Even where a file may be replaced by force: the music would be lost.
    """
    for song in songs:
        if _is_same(path, Path(song)):
            msg = f"{path} is a song of yours: bpmsync never writes over your music; name another file"
            raise ExportError(msg)


def _refuse_place(path: Path) -> None:
    if path.is_dir():
        msg = f"cannot write {path}: it is a folder (give a file name in it, as in {path / 'run.mp3'})"
        raise ExportError(msg)
    if not path.parent.is_dir():
        msg = f"cannot write {path}: there is no folder {path.parent} (make it first, or write elsewhere)"
        raise ExportError(msg)


def _foreign(path: Path) -> str:
    return f"{path} exists and bpmsync did not make it: name another file, or replace it with --force"


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there
        return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100 - as names, links not followed
