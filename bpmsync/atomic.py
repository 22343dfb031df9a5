"""Files that appear whole or not at all.

A file is written under a temporary name in its own folder, flushed to disk and moved into
place, so that a stop at any moment leaves the old or the new one. The temporary name tells
whose it is, ``.NAME.PID.part``: what a process that was killed left behind is removed by the
next one that writes a file of that name there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bpmsync.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_gone", "replacing", "write_atomically"]

_ENDING: Final = ".part"


def write_atomically(path: str | Path, content: str | bytes) -> None:
    """Write a file, replacing an old one only when the new one is complete.

    Parameters
    ----------
    path : str or Path
        Where to; its folder must exist.
    content : str or bytes
        Text is written as UTF-8 with the line ends it has.

    Raises
    ------
    ExportError
        If it cannot be written (no folder, no permission, disk full); an old file is kept.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with replacing(path) as part:
        part.write_bytes(data)


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a file to write, which takes the place of an old one when the block ends well.

    The file is there from the start, empty, so that a place where nothing can be written is known
    before any work is done for it. Whatever ends the block otherwise, a Ctrl-C too, removes it.

    Parameters
    ----------
    path : str or Path
        Where to; its folder must exist.

    Yields
    ------
    Path
        What to write to, beside it. It must be closed at the end of the block.

    Raises
    ------
    ExportError
        If it cannot be written (no folder, no permission, disk full), on entry or for any
        `OSError` of the block; an old file is kept.

    Examples
    --------
    >>> with replacing(folder / "mix.mp3") as part:  # doctest: +SKIP
    ...     encode_sound(part, ...)
    """
    path = Path(path)
    part = path.with_name(f"{_beginning(path)}{os.getpid()}{_ENDING}")
    _remove_left_behind(path)
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))  # noqa: TRY301 - as any other
        part.write_bytes(b"")
        yield part
        _flush(part)
        part.replace(path)
    except OSError as error:
        _remove(part)
        msg = f"cannot write {path}: {error.strerror or error} (what was there is untouched)"
        raise ExportError(msg) from error
    except BaseException:
        _remove(part)
        raise
    _flush_folder(path.parent)


def _beginning(path: Path) -> str:
    return f".{path.name}."


def _remove(part: Path) -> None:
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)


def _flush(part: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _remove_left_behind(path: Path) -> None:
    """Remove what processes that are gone left of files of that name."""
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - only names are wanted
    except OSError:
        return  # what is wrong with the folder is told when the file is made
    beginning = _beginning(path)
    for name in names:
        if name.startswith(beginning) and name.endswith(_ENDING):
            process = name[len(beginning) : -len(_ENDING)]
            if process.isdecimal() and process.isascii() and is_gone(int(process)):
                _remove(path.with_name(name))


def is_gone(process: int) -> bool:
    """Return True only where the system says that it knows no process of that number."""
    if sys.platform == "win32":
        return _is_unknown_to_windows(process)
    try:
        os.kill(process, 0)  # signal 0 is sent to nobody: it only asks
    except (ProcessLookupError, OverflowError):
        return process > 0
    except OSError:
        return False
    return False


def _is_unknown_to_windows(process: int) -> bool:
    """Ask without os.kill, which would end it there. What may not be looked at is known."""
    if sys.platform != "win32":
        return False
    import ctypes

    query_limited_information, no_such_process = 0x1000, 87
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(query_limited_information, False, process & 0xFFFFFFFF)  # noqa: FBT003
    if handle:
        kernel.CloseHandle(ctypes.c_void_p(handle))
        return False
    return ctypes.get_last_error() == no_such_process
