"""The library file: what is known of the music, in SQLite.

Paths are kept as found and compared in NFC. Detections and overrides belong to a recording
(the hash of its audio packets), paths point to it: copies share one detection, a file that is
replaced at the same path inherits nothing. Every change is one short transaction, so that a
stop at any moment leaves the state before or after it. One process writes at a time.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from bpmsync.errors import LibraryError, ParameterError
from bpmsync.library.entries import Failure, KnownFile
from bpmsync.library.paths import below, comparable, is_text
from bpmsync.library.rows import (
    DETECTION_COLUMNS,
    GRID_COLUMNS,
    applied,
    detection_columns,
    detection_from,
    override_columns,
    override_from,
    tag_columns,
    tags_from,
)
from bpmsync.library.schema import migrate
from bpmsync.library.track import Override, Track

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from bpmsync.beats.detection import Constraint, Detection
    from bpmsync.library.entries import ScannedFile

__all__ = ["Store"]

_Row: TypeAlias = dict[str, Any]

_BUSY_S = 10.0
_GRID_OF_OVERRIDE = ", ".join(f"o.{name} AS o_{name}" for name in GRID_COLUMNS)
# The detection that matches the override; else the free one; else any, rather than no track.
_TRACKS = f"""
SELECT f.*, a.duration_s, {", ".join(f"d.{name}" for name in DETECTION_COLUMNS)},
    o.audio_hash AS o_audio_hash, o.tempo_bpm, o.shift_beats, o.ignored, {_GRID_OF_OVERRIDE}
FROM files f
JOIN audio a USING (audio_hash)
LEFT JOIN overrides o USING (audio_hash)
JOIN detections d USING (audio_hash)
WHERE d.rowid = ifnull(
    (SELECT rowid FROM detections
     WHERE audio_hash = f.audio_hash AND constraint_key = ifnull(o.constraint_key, '')),
    (SELECT rowid FROM detections WHERE audio_hash = f.audio_hash ORDER BY constraint_key LIMIT 1)
)
"""  # noqa: S608 - column names of ours


class Store:
    """An open library file; use it in a `with` block.

    Parameters
    ----------
    path : str or Path
        The file; made when absent, in a folder that exists. ":memory:" keeps nothing.
    busy_s : float
        How long to wait for another process that is writing.

    Raises
    ------
    LibraryError
        If the file cannot be opened, is no bpmsync library, is locked, or comes from a newer
        bpmsync. Every method raises it likewise.
    """

    def __init__(self, path: str | Path, *, busy_s: float = _BUSY_S) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        with self._errors():
            self._connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
            try:
                self._connection.execute("PRAGMA foreign_keys = ON")
                migrate(self._connection, self.path)
                self._connection.row_factory = _named
                # After the check: somebody else's database is left in the mode it was in
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # --- reading -------------------------------------------------------------------------

    def tracks(self, under: Sequence[str | Path] | None = None) -> list[Track]:
        """Return the tracks in order of path, overrides applied.

        Parameters
        ----------
        under : sequence of path, optional
            Only files in (or at) these folders or paths, compared as absolute paths in NFC.
        """
        rows = self._rows(f"{_TRACKS} ORDER BY f.path")
        if under is not None:
            is_below = below(under)
            rows = [row for row in rows if is_below(row["path"])]
        return [_track(row) for row in rows]

    def track_by_id(self, number: int) -> Track | None:
        """Return the track with the number that tables show, or None."""
        return self._one_track("f.id = ?", number)

    def track_by_path(self, path: str | Path) -> Track | None:
        """Return the track at a path (made absolute, compared as is and then in NFC), or None."""
        wanted = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links
        if not is_text(wanted):
            return None
        track = self._one_track("f.path = ?", wanted)
        if track is None:
            near = comparable(wanted)
            for known in self.known_files():
                if comparable(known.path) == near:
                    return self._one_track("f.path = ?", known.path)
        return track

    def tracks_by_hash(self, audio_hash: str) -> list[Track]:
        """Return all files of one recording, in order of path."""
        return [
            _track(row) for row in self._rows(f"{_TRACKS} AND f.audio_hash = ? ORDER BY f.path", audio_hash)
        ]

    def known_files(self) -> list[KnownFile]:
        """Return every file that can be used, in order of path."""
        rows = self._rows("SELECT path, size, mtime_ns, audio_hash FROM files ORDER BY path")
        return [KnownFile(**row) for row in rows]

    def failures(self) -> list[Failure]:
        """Return every file that cannot be used, in order of path."""
        rows = self._rows("SELECT * FROM failures ORDER BY path")
        return [Failure(**(row | {"passing": bool(row["passing"])})) for row in rows]

    def paths_of(self, audio_hash: str) -> list[str]:
        """Return where a recording was found."""
        return [
            row["path"]
            for row in self._rows("SELECT path FROM files WHERE audio_hash = ? ORDER BY id", audio_hash)
        ]

    def analysed(self, *, engine: str, version: str) -> set[str]:
        """Return the recordings whose detection in force is by this engine and version.

        In force is the detection under the override's constraint, or the free one.
        """
        query = """
            SELECT d.audio_hash FROM detections d LEFT JOIN overrides o USING (audio_hash)
            WHERE d.constraint_key = ifnull(o.constraint_key, '') AND d.engine = ? AND d.version = ?
        """
        return {row["audio_hash"] for row in self._rows(query, engine, version)}

    def detection(self, audio_hash: str, constraint: Constraint | None = None) -> Detection | None:
        """Return what was found under a constraint (None: freely), or None if never tried."""
        key = "" if constraint is None else constraint.key()
        query = "SELECT * FROM detections WHERE audio_hash = ? AND constraint_key = ?"
        rows = self._rows(query, audio_hash, key)
        return detection_from(rows[0]) if rows else None

    def override(self, audio_hash: str) -> Override:
        """Return what a person said about a recording; falsy where nothing."""
        rows = self._rows("SELECT * FROM overrides WHERE audio_hash = ?", audio_hash)
        return override_from(rows[0]) if rows else Override()

    def overrides(self) -> dict[str, Override]:
        """Return all that a person said, by audio hash."""
        rows = self._rows("SELECT * FROM overrides ORDER BY audio_hash")
        return {row["audio_hash"]: override_from(row) for row in rows}

    # --- writing -------------------------------------------------------------------------

    def save(self, entry: ScannedFile, *, moved_from: str | None = None) -> None:
        """Keep the result of one look at a file, in one transaction.

        Parameters
        ----------
        entry : ScannedFile
            With an error it becomes a failure; without a detection the one that is there stays.
        moved_from : str, optional
            The path under which the same recording was known: its row and number go along.
        """
        if not is_text(entry.path):
            msg = f"{entry.path!r} is no valid text, so the library cannot hold it: rename the file"
            raise ParameterError(msg)
        with self._transaction() as connection:
            if entry.error is not None:
                _save_failure(connection, entry)
                return
            if moved_from is not None:
                connection.execute("DELETE FROM files WHERE path = ?", (entry.path,))
                connection.execute("UPDATE files SET path = ? WHERE path = ?", (entry.path, moved_from))
            _save_file(connection, entry)
            if entry.detection is not None and entry.audio_hash is not None:
                _save_detection(connection, entry.audio_hash, entry.constraint.key(), entry.detection)

    def set_override(self, audio_hash: str, override: Override, detection: Detection | None = None) -> None:
        """Keep what a person said; a falsy override takes it back.

        Parameters
        ----------
        audio_hash : str
            The recording.
        override : Override
            Replaces what was said before.
        detection : Detection, optional
            What the tracker found under the override's constraint.
        """
        with self._transaction() as connection:
            connection.execute("DELETE FROM overrides WHERE audio_hash = ?", (audio_hash,))
            if override:
                columns = {"audio_hash": audio_hash, **override_columns(override)}
                _upsert(connection, "overrides", columns, ("audio_hash",))
            if detection is not None:
                _save_detection(connection, audio_hash, override.constraint.key(), detection)

    def clear_override(self, audio_hash: str) -> None:
        """Forget what a person said about a recording; what was found freely is in force."""
        self.set_override(audio_hash, Override())

    def prune(self, paths: Iterable[str]) -> int:
        """Forget files, and recordings that no file has left; overrides always stay.

        Returns
        -------
        int
            How many files (good or failed) were forgotten.
        """
        with self._transaction() as connection:
            gone = 0
            for path in paths:
                gone += connection.execute("DELETE FROM files WHERE path = ?", (path,)).rowcount
                gone += connection.execute("DELETE FROM failures WHERE path = ?", (path,)).rowcount
            connection.execute("DELETE FROM audio WHERE audio_hash NOT IN (SELECT audio_hash FROM files)")
        return gone

    # --- behind --------------------------------------------------------------------------

    def _one_track(self, condition: str, value: object) -> Track | None:
        rows = self._rows(f"{_TRACKS} AND {condition}", value)
        return _track(rows[0]) if rows else None

    def _rows(self, query: str, *values: object) -> list[_Row]:
        with self._errors():
            return self._open().execute(query, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            msg = f"the library {self.path} is closed"
            raise LibraryError(msg)
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(_explained(self.path, error)) from error


def _explained(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return f"{path} is damaged or not a bpmsync library ({text}): name another file with --db"
    if "locked" in text or "busy" in text:
        return f"the library {path} is locked by another bpmsync: try again when that is done"
    if "unable to open" in text or "readonly" in text:
        return f"the library {path} cannot be opened ({text}): check its folder, or name another with --db"
    if "full" in text or "disk I/O" in text:
        return f"the library {path} cannot be written ({text}): make room; what was saved is kept"
    return f"the library {path} failed: {text}"


def _named(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> _Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _upsert(
    connection: sqlite3.Connection, table: str, columns: dict[str, Any], keys: tuple[str, ...]
) -> None:
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    conflict = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    query = f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}"  # noqa: S608 - names of ours
    connection.execute(query, tuple(columns.values()))


def _save_failure(connection: sqlite3.Connection, entry: ScannedFile) -> None:
    connection.execute("DELETE FROM files WHERE path = ?", (entry.path,))
    columns = {
        "path": entry.path,
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "engine": entry.engine,
        "version": entry.version,
        "reason": entry.error,
        "passing": int(entry.passing),
    }
    _upsert(connection, "failures", columns, ("path",))


def _save_file(connection: sqlite3.Connection, entry: ScannedFile) -> None:
    if entry.audio_hash is None or entry.duration_s is None or entry.tags is None:
        msg = f"{entry.path}: a file without an error needs a hash, a duration and tags"
        raise ParameterError(msg)
    # Without a detection nothing was decoded, and what an earlier look measured is better
    audio = (entry.audio_hash, entry.duration_s, entry.lost_s)
    connection.execute("INSERT INTO audio VALUES (?, ?, ?) ON CONFLICT DO NOTHING", audio)
    if entry.detection is not None:
        update = "UPDATE audio SET duration_s = ?2, lost_s = ?3 WHERE audio_hash = ?1"
        connection.execute(update, audio)
    columns = {
        "path": entry.path,
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "audio_hash": entry.audio_hash,
        **tag_columns(entry.tags),
    }
    _upsert(connection, "files", columns, ("path",))
    connection.execute("DELETE FROM failures WHERE path = ?", (entry.path,))


def _save_detection(
    connection: sqlite3.Connection, audio_hash: str, constraint_key: str, detection: Detection
) -> None:
    known = connection.execute("SELECT 1 FROM audio WHERE audio_hash = ?", (audio_hash,)).fetchone()
    if known is None:
        msg = f"no file of the library has the audio {audio_hash}: scan it first"
        raise ParameterError(msg)
    columns = {"audio_hash": audio_hash, "constraint_key": constraint_key, **detection_columns(detection)}
    _upsert(connection, "detections", columns, ("audio_hash", "constraint_key"))


def _track(row: _Row) -> Track:
    override = Override()
    if row["o_audio_hash"] is not None:
        grid = {name: row[f"o_{name}"] for name in GRID_COLUMNS}
        override = override_from(row | grid)
    return Track(
        path=row["path"],
        audio_hash=row["audio_hash"],
        duration_s=row["duration_s"],
        tags=tags_from(row),
        detection=applied(detection_from(row), override),
        override=override,
        id=row["id"],
    )
