"""Where compiled kernels are kept, decided before the first of them is declared.

The package's own folder may be read-only, and a scan's worker processes must find what their
parent compiled.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numba
import platformdirs

__all__ = ["CACHE_FOLDER", "compiled", "mark_warm", "marker_path"]

CACHE_FOLDER = Path(os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_path("bpmsync") / "compiled")
if not os.environ.get("NUMBA_CACHE_DIR"):
    setattr(numba.config, "CACHE_DIR", str(CACHE_FOLDER))  # noqa: B010 - a name that types hide

compiled = numba.njit(cache=True, fastmath=False, nogil=True)


def marker_path(name: str, *, sources: tuple[Path, ...]) -> Path:
    """Return the file that says that the kernels of these sources are compiled here."""
    stamps = [f"{path.name}:{path.stat().st_mtime_ns}:{path.stat().st_size}" for path in sources]
    text = " ".join([*stamps, sys.version, numba.__version__])
    return CACHE_FOLDER / f"warm-{name}-{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def mark_warm(path: Path) -> None:
    """Leave the marker; a folder that cannot be written only costs time at the next start."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return
