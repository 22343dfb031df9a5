"""Copies of a plan's files, in order and with the playlist beside them, for a player.

A folder of ours holds a marker that lists the files which we put there; only those are
ever replaced or removed. Everything that can be known is checked before anything changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.atomic import write_atomically
from bpmsync.errors import ExportError
from bpmsync.export.files import require_files
from bpmsync.export.m3u import playlist_text
from bpmsync.export.names import legal_name, numbered_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bpmsync.planner.legs import Plan

__all__ = ["MARKER", "Copied", "copy_files"]

MARKER = ".bpmsync-copy.json"
_BLOCK = 1 << 20
# A file takes whole clusters, up to 32 KiB each on common sticks and cards.
_CLUSTER = 1 << 15
# FAT keeps even seconds.
_SAME_TIME_S = 2.0


@dataclass(frozen=True, slots=True)
class Copied:
    """One file that now lies in the folder.

    Parameters
    ----------
    number, count : int
        Which of how many, counted from 1.
    source, target : Path
        The original, and its copy.
    size : int
        Bytes.
    fresh : bool
        False where an earlier copy was still right.
    """

    number: int
    count: int
    source: Path
    target: Path
    size: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class _Job:
    source: Path
    target: Path
    size: int
    mtime_s: float
    fresh: bool


def copy_files(plan: Plan, dest: str | Path, *, name: str = "run") -> Iterator[Copied]:
    """Check a folder for a plan, and return a generator that copies one file a step.

    Parameters
    ----------
    plan : Plan
        What to copy; sources are read, never changed.
    dest : str or Path
        A new or empty folder, or one that this function made; its parent must exist.
    name : str
        The playlist's name, without its ending.

    Yields
    ------
    Copied
        For each leg, in order. The playlist is written after the last one.

    Raises
    ------
    ExportError
        At once, with nothing changed, if a source is missing (an imported song has none), the
        folder is not ours or space is short; from the generator, if a file cannot be written.
        Finished copies then stay.

    Notes
    -----
    A second copy into the same folder leaves unchanged files (same size and time) and takes
    away those of an earlier plan. A copy that was stopped goes on where it was.
    """
    require_files(plan)
    dest = Path(os.path.abspath(dest))  # noqa: PTH100 - links are kept as given
    ours = _own_names(dest)
    names = [numbered_name(i, len(plan.legs), leg.track) for i, leg in enumerate(plan.legs, 1)]
    playlist = legal_name(name, ".m3u8")
    _refuse_strangers(dest, [*names, playlist], ours)
    pairs = zip(plan.legs, names, strict=True)
    jobs = [_job(Path(leg.track.path), dest / target, ours=ours) for leg, target in pairs]
    _check_space(dest, jobs)
    text = playlist_text(plan, [f"./{target}" for target in names], name=name)
    return _copy_all(dest, jobs, ours, playlist, text)


def _copy_all(dest: Path, jobs: list[_Job], ours: set[str], playlist: str, text: str) -> Iterator[Copied]:
    names = [*(job.target.name for job in jobs), playlist]
    try:
        dest.mkdir(exist_ok=True)
    except OSError as error:
        msg = f"cannot make the folder {dest}: {error.strerror or error}"
        raise ExportError(msg) from error
    # Old and new names first, so that a stop at any moment leaves nothing that is not listed
    _write_marker(dest, ours.union(names))
    _remove_parts(dest, ours.union(names))
    for number, job in enumerate(jobs, 1):
        if job.fresh:
            _copy_one(job)
        yield Copied(number, len(jobs), job.source, job.target, job.size, job.fresh)
    write_atomically(dest / playlist, text)
    _remove_old(dest, ours, names)
    _write_marker(dest, names)


def _own_names(dest: Path) -> set[str]:
    """Return the names that the marker lists; none for a new or empty folder."""
    try:
        present = os.listdir(dest)  # noqa: PTH208 - names are wanted, not paths
        if MARKER in present:
            return _read_marker(dest / MARKER)
    except FileNotFoundError:
        if dest.parent.is_dir():
            return set()
        msg = f"cannot copy to {dest}: there is no folder {dest.parent} (is the player connected?)"
        raise ExportError(msg) from None
    except OSError as error:
        msg = f"cannot copy to {dest}: {error.strerror or error}"
        raise ExportError(msg) from error
    if present:
        msg = (
            f"{dest} is not empty and bpmsync did not make it (it holds {present[0]!r}): "
            f"name a new folder, such as {dest / 'bpmsync'}"
        )
        raise ExportError(msg)
    return set()


def _read_marker(marker: Path) -> set[str]:
    try:
        document = json.loads(marker.read_bytes())
        names = document["files"]
        plain = all(isinstance(name, str) and name == Path(name).name for name in names)
    except (ValueError, TypeError, KeyError) as error:
        msg = f"{marker} is broken, so bpmsync cannot tell its own files: name a new folder"
        raise ExportError(msg) from error
    if not plain:  # a name with a folder in it would lead us out of this one
        msg = f"{marker} lists something that is no file name: name a new folder"
        raise ExportError(msg)
    return set(names)


def _write_marker(dest: Path, names: Iterable[str]) -> None:
    document = {"format": 1, "made by": "bpmsync, which replaces only these", "files": sorted(names)}
    write_atomically(dest / MARKER, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def _refuse_strangers(dest: Path, names: list[str], ours: set[str]) -> None:
    """Refuse to write over a file that somebody else put into our folder."""
    known = {_folded(name) for name in ours}
    present = {_folded(p.name): p.name for p in dest.iterdir()} if dest.is_dir() else {}
    for name in names:
        stranger = present.get(_folded(name))
        if stranger is not None and _folded(name) not in known:
            msg = f"{dest / stranger} is in the way and is not ours: move it, or name a new folder"
            raise ExportError(msg)


def _job(source: Path, target: Path, *, ours: set[str]) -> _Job:
    try:
        with source.open("rb"):
            found = source.stat()
    except OSError as error:
        shown = str(source).encode("utf-8", "backslashreplace").decode()
        msg = (
            f"cannot copy {shown}: {error.strerror or error}; nothing was changed "
            "(scan the folder again and make a new plan)"
        )
        raise ExportError(msg) from error
    if source.resolve().parent == target.parent.resolve():
        msg = f"{source} already lies in {target.parent}: name another folder"
        raise ExportError(msg)
    fresh = target.name not in ours or not _is_copy(target, found)
    return _Job(source, target, found.st_size, found.st_mtime, fresh)


def _is_copy(target: Path, source: os.stat_result) -> bool:
    try:
        found = target.lstat()
    except OSError:
        return False
    return found.st_size == source.st_size and abs(found.st_mtime - source.st_mtime) <= _SAME_TIME_S


def _check_space(dest: Path, jobs: list[_Job]) -> None:
    # A replaced file makes room only after its successor is complete, so it does not count
    needed = sum(-(-job.size // _CLUSTER) * _CLUSTER for job in jobs if job.fresh)
    free = shutil.disk_usage(dest if dest.is_dir() else dest.parent).free
    if needed > free:
        msg = (
            f"{dest} has {free / 1e6:.0f} MB free and the copy needs {needed / 1e6:.0f} MB: "
            "make room, or plan a shorter run; nothing was changed"
        )
        raise ExportError(msg)


def _copy_one(job: _Job) -> None:
    part = job.target.with_name(f".{job.target.name}.{os.getpid()}.part")
    try:
        with job.source.open("rb") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
            target.flush()
            os.fsync(target.fileno())
        with contextlib.suppress(OSError):  # some players keep no times
            os.utime(part, (job.mtime_s, job.mtime_s))
        part.replace(job.target)
    except OSError as error:
        msg = (
            f"cannot copy {job.source} to {job.target}: {error.strerror or error}; "
            "what was copied stays, run it again to go on"
        )
        raise ExportError(msg) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _remove_parts(dest: Path, names: set[str]) -> None:
    """Remove what a killed copy left behind."""
    for part in dest.glob(".*.part"):
        inner, _, process = part.name[1:].removesuffix(".part").rpartition(".")
        if inner in names and process.isdecimal():
            with contextlib.suppress(OSError):
                part.unlink()


def _remove_old(dest: Path, ours: set[str], names: list[str]) -> None:
    kept = {_folded(name) for name in names}
    for name in ours:
        if _folded(name) not in kept:
            with contextlib.suppress(OSError):
                (dest / name).unlink()


def _folded(name: str) -> str:
    """Return what FAT and exFAT compare: case and Unicode form make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
