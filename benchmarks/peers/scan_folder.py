"""Scan folders with the given number of workers, and tell the CPU seconds of all processes.

usage: python scan_folder.py JOBS FOLDER...
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from protocol import cpu_s

from bpmsync.library.scan import scan_files
from bpmsync.library.store import Store

if __name__ == "__main__":  # its workers import it too
    with tempfile.TemporaryDirectory() as home, Store(Path(home) / "library.db") as library:
        results = list(scan_files(sys.argv[2:], library, jobs=int(sys.argv[1])))
    failed = sum(result.status == "failed" for result in results)
    print(json.dumps({"cpu_s": cpu_s(), "files": len(results), "failed": failed}))
