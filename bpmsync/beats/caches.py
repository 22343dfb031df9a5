"""Whether the compiled kernels are there already, asked without loading the compiler.

A scan's parent only asks; to import numba for that would cost it more than all else it does
before its workers start.
"""

from __future__ import annotations

import hashlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import platformdirs

__all__ = ["CACHE_FOLDER", "mark_warm", "marker_path"]

# Raised when a type that kernels take is renamed or gone: what they left names it and cannot be loaded
_GENERATION = 2
# The package's own folder may be read-only, and workers must find what their parent compiled.
CACHE_FOLDER = Path(
    os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_path("bpmsync") / f"compiled-{_GENERATION}"
)


def marker_path(user: str, folder: Path | None = None) -> Path:
    """Return the file that says that kernels, as they are now, are compiled here.

    Parameters
    ----------
    user : str
        Who calls them: an engine, or another job.
    folder : Path, optional
        The modules among which they are; those of the engines otherwise.
    """
    kernels = Path(__file__).parent.glob("kernels*.py") if folder is None else folder.glob("*.py")
    spec = find_spec("numba")
    compiler = [Path(spec.origin)] if spec is not None and spec.origin else []
    stamps = [
        f"{path.name}:{path.stat().st_mtime_ns}:{path.stat().st_size}"
        for path in (*sorted(kernels), *compiler)
    ]
    text = " ".join([*stamps, sys.version])
    return CACHE_FOLDER / f"warm-{user}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def mark_warm(path: Path) -> None:
    """Leave the marker; a folder that cannot be written only costs time at the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return
