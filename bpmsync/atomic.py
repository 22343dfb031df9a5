"""Files that appear whole or not at all.

A file is written under a temporary name in its own folder, flushed to disk and moved into
place, so that a stop at any moment leaves the old or the new one.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from bpmsync.errors import ExportError

__all__ = ["write_atomically"]


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
    path = Path(path)
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        msg = f"cannot write {path}: {error.strerror or error} (what was there is untouched)"
        raise ExportError(msg) from error
