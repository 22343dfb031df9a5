"""A file as bpmsync's scan sees it: decoded, hashed, its tags read, its beat found, all saved."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from protocol import serve

from bpmsync.beats.engines import DEFAULT_ENGINE, engine_version
from bpmsync.library.analysis import analyse_file
from bpmsync.library.store import Store


def load(file: str) -> str:
    """Return the name: opening is part of the work."""
    return file


with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "library.db") as store:

    def scan(file: str) -> dict[str, Any]:
        """Return how sure the scan is, once the library has the file."""
        entry, there = analyse_file(file), Path(file).stat()
        store.save(replace(entry, size=there.st_size, mtime_ns=there.st_mtime_ns))
        if entry.detection is None:
            return {"error": entry.error}
        return {"confidence": entry.detection.confidence}

    serve(load, scan, version=engine_version(DEFAULT_ENGINE))
