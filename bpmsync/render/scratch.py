"""A folder for sound between two steps of a job; what a killed job left there goes with the next."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.atomic import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["scratch_folder"]

_PREFIX = "bpmsync-render"
_OURS = re.compile(rf"{_PREFIX}-(\d+)-\w+")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder of this process in the system's place for such; gone at the end."""
    _clear(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}-{os.getpid()}-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _clear(folder: Path) -> None:
    """Remove what jobs left whose process is gone."""
    with contextlib.suppress(OSError):
        for old in folder.glob(f"{_PREFIX}-*"):
            ours = _OURS.fullmatch(old.name)
            if ours and is_gone(int(ours[1])):
                shutil.rmtree(old, ignore_errors=True)
