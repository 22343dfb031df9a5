"""Write the library of version 2 that every later version has to open.

Run by hand once, when version 2 was the newest; the file beside this script is its output and
must not change any more: `python tests/data/make_library_v2.py`.
"""

from __future__ import annotations

import sqlite3
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from bpmsync.beats.detection import Constraint  # noqa: E402
from bpmsync.library.store import Store  # noqa: E402
from bpmsync.library.track import Override, Tags  # noqa: E402
from library_cases import detection, entry  # noqa: E402 - found by the line above


def main() -> None:
    """Write library-v2.db."""
    path = HERE / "library-v2.db"
    path.unlink(missing_ok=True)
    found = replace(detection(120, version="2"), bar_confidence=0.5, salience=0.25, sections=(0.25, 20.5))
    with Store(path) as store:
        store.save(entry("/music/plain.mp3", "b2:plain", found=found, tags=Tags(title="Élan", isrc="XX")))
        store.save(entry("/music/doubled.flac", "b2:doubled", found=detection(90, version="2")))
        store.save(entry("/music/broken.mp3", "", error="not a sound file"))
        doubled = Override(Constraint(180.0, Fraction(1, 2)))
        store.set_override("b2:doubled", doubled, detection(180, version="2"))
        store.set_override("b2:gone", Override(ignore=True))
    # One file, not three
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


if __name__ == "__main__":
    main()
