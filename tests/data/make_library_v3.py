"""Write the library of version 3 that every later version has to open.

Run by hand once, when version 3 was the newest; the file beside this script is its output and
must not change any more: `python tests/data/make_library_v3.py`.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from bpmsync.beats.detection import Constraint, Detection  # noqa: E402
from bpmsync.library.answers import Answer  # noqa: E402
from bpmsync.library.imported import ImportedSong  # noqa: E402
from bpmsync.library.matchbook import MatchBook  # noqa: E402
from bpmsync.library.songbook import SongBook  # noqa: E402
from bpmsync.library.songcsv import SongRow  # noqa: E402
from bpmsync.library.store import Store  # noqa: E402
from bpmsync.library.track import Override, Tags  # noqa: E402
from bpmsync.timeline.grid import BeatGrid  # noqa: E402
from library_cases import detection, entry  # noqa: E402 - found by the line above

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def main() -> None:
    """Write library-v3.db."""
    path = HERE / "library-v3.db"
    path.unlink(missing_ok=True)
    song = Tags(title="Élan", artist="Anna", album="One", genre="Podcast", isrc="GBAYE0601498")
    with Store(path) as store:
        store.save(entry("/music/plain.mp3", "b2:plain", found=detection(120), tags=song))
        store.save(entry("/music/copy.mp3", "b2:plain", tags=song))
        store.save(entry("/music/same.flac", "b2:same", found=detection(120), tags=song))
        store.save(entry("/music/doubled.flac", "b2:doubled", found=detection(90)))
        store.save(
            entry("/music/tapped.ogg", "b2:tapped", found=Detection("bpmsync", "1", failure="no beat"))
        )
        store.save(
            entry("/music/silent.ogg", "b2:silent", found=Detection("bpmsync", "1", failure="no beat"))
        )
        store.save(entry("/music/broken.mp3", "", error="not a sound file"))
        doubled = Override(Constraint(180.0, Fraction(1, 2)))
        store.set_override("b2:doubled", doubled, detection(180))
        tapped = BeatGrid(np.array([1.0, 1.6, 2.2, 2.8]), np.array([0, 3]), 3)
        store.set_override("b2:tapped", Override(beats=tapped))
        store.set_override("b2:gone", Override(ignore=True))
        rows = [
            SongRow(2, ImportedSong("Run", "Ben", 200.0, 164.0)),
            SongRow(3, ImportedSong("Élan", "Anna", 61.0, 120.0)),
        ]
        SongBook(store).take_in(rows)
        answer = Answer(
            uri="spotify:track:0123456789ABCDEFGHIJKL",
            grade="exact",
            source="search",
            reason="ISRC",
            title="Élan",
            artist="Anna",
            duration_s=61.0,
        )
        MatchBook(store, now=lambda: NOW).remember("b2:plain", answer)
    # One file, not three
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


if __name__ == "__main__":
    main()
