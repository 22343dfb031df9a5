"""Write the library of version 1 that every later version has to open.

Run by hand once, when version 1 was the newest; the file beside this script is its output and
must not change any more: `python tests/data/make_library_v1.py`.
"""

from __future__ import annotations

import sqlite3
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from bpmsync.beats.detection import Constraint  # noqa: E402
from bpmsync.library.store import Store  # noqa: E402
from bpmsync.library.track import Override, Tags  # noqa: E402
from bpmsync.timeline.grid import BeatGrid  # noqa: E402
from library_cases import detection, entry  # noqa: E402 - found by the line above


def main() -> None:
    """Write library-v1.db."""
    path = HERE / "library-v1.db"
    path.unlink(missing_ok=True)
    with Store(path) as store:
        tags = Tags(title="Élan", artist="A; B", year=1999, explicit=True, other={"mood": "brisk"})
        store.save(entry("/music/plain.mp3", "b2:plain", found=detection(120), tags=tags))
        store.save(entry("/music/copy.mp3", "b2:plain"))
        store.save(entry("/music/doubled.flac", "b2:doubled", found=detection(90)))
        store.save(entry("/music/tapped.ogg", "b2:tapped", found=detection(100)))
        store.save(entry("/music/never.m4a", "b2:never", found=detection(140)))
        store.save(entry("/music/broken.mp3", "", error="not a sound file"))
        doubled = Override(Constraint(180.0, Fraction(1, 2)))
        store.set_override("b2:doubled", doubled, detection(180))
        store.set_override("b2:tapped", Override(beats=BeatGrid(np.array([1.0, 1.6, 2.2]), np.array([0]), 3)))
        store.set_override("b2:never", Override(ignore=True))
        store.set_override("b2:gone", Override(Constraint(166.0)))
    # One file, not three
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


if __name__ == "__main__":
    main()
