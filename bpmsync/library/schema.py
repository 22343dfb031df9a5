"""The tables of the library file, and the way from every older form to the newest.

`PRAGMA user_version` says how many of `MIGRATIONS` a file has been through. Each runs in one
transaction together with the new number, so that a stop at any moment leaves a whole version.
A migration that was released is never changed: the next one is added.

What a machine found (`detections`) and what a person said (`overrides`) are apart. Overrides
refer to nothing, so that no removal of files can take them along. Nor do `answers` about songs:
they exist for songs without a file (`imports`) too.

The `shelf` holds nothing of its own: for each file what `facts` works out of the other tables.
It is filled anew when they were worked out in another way, in one transaction too.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from bpmsync.errors import LibraryError
from bpmsync.library.facts import FACTS_VERSION, record_bytes, records_of
from bpmsync.library.rows import TRACKS, track_from

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["APPLICATION_ID", "MIGRATIONS", "migrate"]

APPLICATION_ID = 0x62706D73  # "bpms": tells our file from other people's databases

_VERSION_1 = """
CREATE TABLE audio (
    audio_hash TEXT NOT NULL PRIMARY KEY,
    duration_s REAL NOT NULL,
    lost_s REAL NOT NULL
) STRICT;

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    audio_hash TEXT NOT NULL REFERENCES audio (audio_hash),
    title TEXT,
    artist TEXT,
    album TEXT,
    album_artist TEXT,
    track_number INTEGER,
    disc_number INTEGER,
    genre TEXT,
    year INTEGER,
    isrc TEXT,
    bpm REAL,
    key TEXT,
    replaygain_track_gain_db REAL,
    rating REAL,
    explicit INTEGER,
    musicbrainz_recording_id TEXT,
    other TEXT NOT NULL
) STRICT;

CREATE INDEX files_by_audio ON files (audio_hash);

CREATE TABLE detections (
    audio_hash TEXT NOT NULL REFERENCES audio (audio_hash) ON DELETE CASCADE,
    constraint_key TEXT NOT NULL,
    engine TEXT NOT NULL,
    version TEXT NOT NULL,
    failure TEXT,
    first_us INTEGER,
    deltas_us BLOB,
    downbeats BLOB,
    beats_per_bar INTEGER,
    readings TEXT NOT NULL,
    confidence REAL NOT NULL,
    usable TEXT NOT NULL,
    level_db REAL NOT NULL,
    energy REAL NOT NULL,
    PRIMARY KEY (audio_hash, constraint_key)
) STRICT;

CREATE TABLE overrides (
    audio_hash TEXT NOT NULL PRIMARY KEY,
    constraint_key TEXT NOT NULL,
    tempo_bpm REAL,
    shift_beats TEXT NOT NULL,
    first_us INTEGER,
    deltas_us BLOB,
    downbeats BLOB,
    beats_per_bar INTEGER,
    ignored INTEGER NOT NULL
) STRICT;

CREATE TABLE failures (
    path TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    engine TEXT NOT NULL,
    version TEXT NOT NULL,
    reason TEXT NOT NULL,
    passing INTEGER NOT NULL
) STRICT;
"""


_VERSION_2 = """
ALTER TABLE detections ADD COLUMN bar_confidence REAL NOT NULL DEFAULT 0.0;
ALTER TABLE detections ADD COLUMN salience REAL NOT NULL DEFAULT 0.0;
ALTER TABLE detections ADD COLUMN sections TEXT NOT NULL DEFAULT '[]';
"""


_VERSION_3 = """
CREATE TABLE answers (
    key TEXT NOT NULL PRIMARY KEY,
    uri TEXT,
    grade TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    duration_s REAL,
    expires_us INTEGER
) STRICT;

CREATE TABLE imports (
    key TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    duration_s REAL NOT NULL,
    bpm REAL NOT NULL,
    confidence REAL NOT NULL,
    album TEXT,
    isrc TEXT,
    uri TEXT
) STRICT;
"""


_VERSION_4 = """
CREATE TABLE shelf (
    audio_hash TEXT NOT NULL REFERENCES audio (audio_hash) ON DELETE CASCADE,
    copy INTEGER NOT NULL,
    facts BLOB NOT NULL,
    PRIMARY KEY (audio_hash, copy)
) STRICT, WITHOUT ROWID;

CREATE TABLE derived (
    name TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;

CREATE TABLE plans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_us INTEGER NOT NULL,
    mode TEXT NOT NULL,
    ramp TEXT NOT NULL,
    duration_s REAL NOT NULL
) STRICT;

CREATE TABLE plan_tracks (
    plan_id INTEGER NOT NULL REFERENCES plans (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    audio_hash TEXT NOT NULL,
    PRIMARY KEY (plan_id, position)
) STRICT, WITHOUT ROWID;
"""


def _make_tables(connection: sqlite3.Connection) -> None:
    _run_all(connection, _VERSION_1)


def _add_bars_and_sections(connection: sqlite3.Connection) -> None:
    # An engine of that time knew nothing of them; a scan with a newer one fills them in
    _run_all(connection, _VERSION_2)


def _run_all(connection: sqlite3.Connection, statements: str) -> None:
    # One by one: `executescript` would commit the transaction that it runs in
    for statement in statements.split(";"):
        connection.execute(statement)


def _add_answers_and_imports(connection: sqlite3.Connection) -> None:
    _run_all(connection, _VERSION_3)


def _add_shelf_and_plans(connection: sqlite3.Connection) -> None:
    # The shelf is filled afterwards, from tables of the newest form
    _run_all(connection, _VERSION_4)


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _make_tables,
    _add_bars_and_sections,
    _add_answers_and_imports,
    _add_shelf_and_plans,
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring an open library file to the newest version.

    Parameters
    ----------
    connection : sqlite3.Connection
        In autocommit mode.
    path : Path
        For messages.

    Raises
    ------
    LibraryError
        If the file comes from a newer bpmsync, or is somebody else's database.
    """
    for number in range(_version(connection, path), len(MIGRATIONS)):
        _step(connection, path, number)
    if not _is_filled(connection):
        _fill(connection)


def _step(connection: sqlite3.Connection, path: Path, number: int) -> None:
    with _change(connection):
        # Another process may have done the same meanwhile, so the version is read again
        if _version(connection, path) == number:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number + 1}")


def _is_filled(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM derived WHERE name = 'shelf' AND version = ?"
    return connection.execute(query, (FACTS_VERSION,)).fetchone() is not None


def _fill(connection: sqlite3.Connection) -> None:
    with _change(connection):
        if _is_filled(connection):
            return
        connection.execute("DELETE FROM shelf")
        files = connection.execute(f"{TRACKS} ORDER BY f.audio_hash, f.path")
        names = [column[0] for column in files.description]
        tracks = (track_from(dict(zip(names, values, strict=True))) for values in files)
        for audio_hash, copies in groupby(tracks, key=attrgetter("audio_hash")):
            rows = enumerate(record_bytes(records_of(copies)))
            connection.executemany(
                "INSERT INTO shelf VALUES (?, ?, ?)", ((audio_hash, copy, facts) for copy, facts in rows)
            )
        connection.execute("INSERT OR REPLACE INTO derived VALUES ('shelf', ?)", (FACTS_VERSION,))


@contextmanager
def _change(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if owner != APPLICATION_ID and not empty:
        msg = f"{path} is a database, but not a bpmsync library (name another file with --db)"
        raise LibraryError(msg)
    if version > len(MIGRATIONS):
        msg = (
            f"the library {path} is of version {version}, and this bpmsync knows versions up to "
            f"{len(MIGRATIONS)}: update bpmsync, or name another file with --db"
        )
        raise LibraryError(msg)
    return version
