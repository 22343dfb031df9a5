"""Which files of a folder are music: names and sizes only, nothing is opened.

Every real folder and file is seen once, however many links lead to it. Hidden files and
folders are left out, and every file whose suffix is not one of sound (playlists, pictures).
A folder that holds a file `.nomedia`, by which phones leave out ring tones and voice notes, is
left out with all below it. A file or a folder that is named itself is always taken.
"""

# ruff: noqa: PTH100, PTH116, PTH122 - strings as the system lists them: Path is slower by half, and resolves links

from __future__ import annotations

import os
import stat
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

__all__ = ["AUDIO_SUFFIXES", "FoundFile", "Walk", "find_music", "walk_music"]

# fmt: off
AUDIO_SUFFIXES = frozenset((
    ".aac", ".aif", ".aifc", ".aiff", ".ape", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".mpc",
    ".oga", ".ogg", ".opus", ".tta", ".wav", ".wave", ".wma", ".wv",
))
# fmt: on
_LEFT_OUT_BY = ".nomedia"


class FoundFile(NamedTuple):
    """A file of music as the folder lists it.

    Parameters
    ----------
    path : str
        Absolute, links not resolved.
    size : int
        In bytes.
    mtime_ns : int
        Time of the last change.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Walk:
    """What a walk came upon.

    Parameters
    ----------
    files : list of FoundFile
        In order of path.
    problems : list of (str, str)
        Folders and files that could not be listed, and why.
    """

    files: list[FoundFile] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def find_music(roots: Sequence[str | Path]) -> list[FoundFile]:
    """Return the music files in (or at) some folders, in order of path.

    Raises
    ------
    ParameterError
        If one of them does not exist.
    """
    return walk_music(roots).files


def walk_music(roots: Sequence[str | Path]) -> Walk:
    """Return the music files in (or at) some folders, and what could not be listed.

    Raises
    ------
    ParameterError
        If one of the roots does not exist or cannot be opened.
    """
    walker = _Walker()
    for root in roots:
        walker.start(os.path.abspath(root))
    walker.run()
    walk = walker.walk
    walk.files.sort()
    return walk


@dataclass(slots=True)
class _Walker:
    walk: Walk = field(default_factory=Walk)
    folders: deque[str] = field(default_factory=deque)
    links: deque[str] = field(default_factory=deque)
    seen_folders: set[object] = field(default_factory=set)
    seen_files: set[object] = field(default_factory=set)
    seen_paths: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=set)

    def start(self, root: str) -> None:
        try:
            status = os.stat(root)
        except OSError as error:
            msg = f"cannot scan {root}: {error.strerror} (name a folder of music that exists)"
            raise ParameterError(msg) from error
        if stat.S_ISDIR(status.st_mode):
            self.roots.add(root)
            self._enter(root, status)
        else:
            self._take(root, status)

    def run(self) -> None:
        """Follow links last, so that a file that is really there is found under its own name."""
        while self.folders or self.links:
            if self.folders:
                self._list(self.folders.popleft())
            else:
                self._follow(self.links.popleft())

    def _list(self, folder: str) -> None:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            left_out = any(entry.name == _LEFT_OUT_BY for entry in entries)
            if folder in self.roots or not left_out:
                self._sort_out(entries)
        except OSError as error:
            self.walk.problems.append((folder, f"the folder cannot be read: {error.strerror}"))

    def _sort_out(self, entries: Iterable[os.DirEntry[str]]) -> None:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_symlink():
                    self.links.append(entry.path)
                elif entry.is_dir():
                    self._enter(entry.path, entry.stat())
                elif _is_audio(entry.name) and entry.is_file():
                    self._take(entry.path, entry.stat())
            except OSError as error:
                self.walk.problems.append((entry.path, f"cannot be read: {error.strerror}"))

    def _follow(self, link: str) -> None:
        try:
            status = os.stat(link)
        except OSError as error:
            if _is_audio(link):
                reason = f"a link that leads nowhere: {error.strerror}"
                self.walk.problems.append((link, reason))
            return
        if stat.S_ISDIR(status.st_mode):
            self._enter(link, status)
        elif _is_audio(link) and stat.S_ISREG(status.st_mode) and _key(link, status) not in self.seen_files:
            self._take(link, status)

    def _enter(self, folder: str, status: os.stat_result) -> None:
        key = _key(folder, status)
        if key not in self.seen_folders:
            self.seen_folders.add(key)
            self.folders.append(folder)

    def _take(self, path: str, status: os.stat_result) -> None:
        if path not in self.seen_paths:
            self.seen_paths.add(path)
            self.seen_files.add(_key(path, status))
            self.walk.files.append(FoundFile(path, status.st_size, status.st_mtime_ns))


def _is_audio(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES


def _key(path: str, status: os.stat_result) -> object:
    # Windows gives no number of the file in a listing
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)
