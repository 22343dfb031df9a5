"""The library file: what is known of the music, in SQLite.

Paths are kept as found and compared in NFC. Detections and overrides belong to a recording
(the hash of its audio packets), paths point to it: copies share one detection, a file that is
replaced at the same path inherits nothing. `database` opens the file and runs transactions.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from bpmsync.errors import ParameterError
from bpmsync.library.database import Database
from bpmsync.library.entries import Failure, KnownFile
from bpmsync.library.facts import record_bytes, records_of
from bpmsync.library.paths import below, comparable, is_text
from bpmsync.library.rows import (
    TRACKS,
    detection_columns,
    detection_from,
    override_columns,
    override_from,
    tag_columns,
    track_from,
)
from bpmsync.library.track import Override

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

    from bpmsync.beats.detection import Constraint, Detection
    from bpmsync.library.database import Transaction
    from bpmsync.library.entries import ScannedFile
    from bpmsync.library.track import Track

__all__ = ["Store"]

_BUSY_S = 10.0


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
        self.database = Database(path, busy_s=busy_s)
        self.path = self.database.path

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
        self.database.close()

    # --- reading -------------------------------------------------------------------------

    def tracks(self, under: Sequence[str | Path] | None = None) -> list[Track]:
        """Return the tracks in order of path, overrides applied.

        Parameters
        ----------
        under : sequence of path, optional
            Only files in (or at) these folders or paths, compared as absolute paths in NFC.
        """
        rows = self.database.rows(f"{TRACKS} ORDER BY f.path")
        if under is not None:
            is_below = below(under)
            rows = [row for row in rows if is_below(row["path"])]
        return [track_from(row) for row in rows]

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
            track_from(row)
            for row in self.database.rows(f"{TRACKS} AND f.audio_hash = ? ORDER BY f.path", audio_hash)
        ]

    def known_files(self) -> list[KnownFile]:
        """Return every file that can be used, in order of path."""
        rows = self.database.rows("SELECT path, size, mtime_ns, audio_hash FROM files ORDER BY path")
        return [KnownFile(**row) for row in rows]

    def failures(self) -> list[Failure]:
        """Return every file that cannot be used, in order of path."""
        rows = self.database.rows("SELECT * FROM failures ORDER BY path")
        return [Failure(**(row | {"passing": bool(row["passing"])})) for row in rows]

    def paths_of(self, audio_hash: str) -> list[str]:
        """Return where a recording was found."""
        return [
            row["path"]
            for row in self.database.rows(
                "SELECT path FROM files WHERE audio_hash = ? ORDER BY id", audio_hash
            )
        ]

    def analysed(self, *, engine: str, version: str) -> set[str]:
        """Return the recordings whose detection in force is by this engine and version.

        In force is the detection under the override's constraint, or the free one.
        """
        query = """
            SELECT d.audio_hash FROM detections d LEFT JOIN overrides o USING (audio_hash)
            WHERE d.constraint_key = ifnull(o.constraint_key, '') AND d.engine = ? AND d.version = ?
        """
        return {row["audio_hash"] for row in self.database.rows(query, engine, version)}

    def detection(self, audio_hash: str, constraint: Constraint | None = None) -> Detection | None:
        """Return what was found under a constraint (None: freely), or None if never tried."""
        key = "" if constraint is None else constraint.key()
        query = "SELECT * FROM detections WHERE audio_hash = ? AND constraint_key = ?"
        rows = self.database.rows(query, audio_hash, key)
        return detection_from(rows[0]) if rows else None

    def override(self, audio_hash: str) -> Override:
        """Return what a person said about a recording; falsy where nothing."""
        rows = self.database.rows("SELECT * FROM overrides WHERE audio_hash = ?", audio_hash)
        return override_from(rows[0]) if rows else Override()

    def overrides(self) -> dict[str, Override]:
        """Return all that a person said, by audio hash."""
        rows = self.database.rows("SELECT * FROM overrides ORDER BY audio_hash")
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
        with self.database.transaction() as change:
            touched = _recordings_at(change, entry.path) | _recordings_at(change, moved_from)
            if entry.error is not None:
                _save_failure(change, entry)
            else:
                _save_good(change, entry, moved_from)
            _shelve(change, touched | {entry.audio_hash})

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
        with self.database.transaction() as change:
            change.run("DELETE FROM overrides WHERE audio_hash = ?", audio_hash)
            if override:
                columns = {"audio_hash": audio_hash, **override_columns(override)}
                change.upsert("overrides", columns, ("audio_hash",))
            if detection is not None:
                _save_detection(change, audio_hash, override.constraint.key(), detection)
            _shelve(change, {audio_hash})

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
        with self.database.transaction() as change:
            gone, touched = 0, set[str | None]()
            for path in paths:
                touched |= _recordings_at(change, path)
                gone += change.run("DELETE FROM files WHERE path = ?", path)
                gone += change.run("DELETE FROM failures WHERE path = ?", path)
            change.run("DELETE FROM audio WHERE audio_hash NOT IN (SELECT audio_hash FROM files)")
            _shelve(change, touched)
        return gone

    # --- behind --------------------------------------------------------------------------

    def _one_track(self, condition: str, value: object) -> Track | None:
        rows = self.database.rows(f"{TRACKS} AND {condition}", value)
        return track_from(rows[0]) if rows else None


def _save_failure(change: Transaction, entry: ScannedFile) -> None:
    change.run("DELETE FROM files WHERE path = ?", entry.path)
    columns = {
        "path": entry.path,
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "engine": entry.engine,
        "version": entry.version,
        "reason": entry.error,
        "passing": int(entry.passing),
    }
    change.upsert("failures", columns, ("path",))


def _save_good(change: Transaction, entry: ScannedFile, moved_from: str | None) -> None:
    if moved_from is not None:
        change.run("DELETE FROM files WHERE path = ?", entry.path)
        change.run("UPDATE files SET path = ? WHERE path = ?", entry.path, moved_from)
    _save_file(change, entry)
    if entry.detection is not None and entry.audio_hash is not None:
        _save_detection(change, entry.audio_hash, entry.constraint.key(), entry.detection)


def _save_file(change: Transaction, entry: ScannedFile) -> None:
    if entry.audio_hash is None or entry.duration_s is None or entry.tags is None:
        msg = f"{entry.path}: a file without an error needs a hash, a duration and tags"
        raise ParameterError(msg)
    # Without a detection nothing was decoded, and what an earlier look measured is better
    audio = (entry.audio_hash, entry.duration_s, entry.lost_s)
    change.run("INSERT INTO audio VALUES (?, ?, ?) ON CONFLICT DO NOTHING", *audio)
    if entry.detection is not None:
        update = "UPDATE audio SET duration_s = ?2, lost_s = ?3 WHERE audio_hash = ?1"
        change.run(update, *audio)
    columns = {
        "path": entry.path,
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "audio_hash": entry.audio_hash,
        **tag_columns(entry.tags),
    }
    change.upsert("files", columns, ("path",))
    change.run("DELETE FROM failures WHERE path = ?", entry.path)


def _save_detection(change: Transaction, audio_hash: str, constraint_key: str, detection: Detection) -> None:
    if not change.rows("SELECT 1 FROM audio WHERE audio_hash = ?", audio_hash):
        msg = f"no file of the library has the audio {audio_hash}: scan it first"
        raise ParameterError(msg)
    columns = {"audio_hash": audio_hash, "constraint_key": constraint_key, **detection_columns(detection)}
    change.upsert("detections", columns, ("audio_hash", "constraint_key"))


def _recordings_at(change: Transaction, path: str | None) -> set[str | None]:
    return {row["audio_hash"] for row in change.rows("SELECT audio_hash FROM files WHERE path = ?", path)}


def _shelve(change: Transaction, audio_hashes: Iterable[str | None]) -> None:
    """Work out again what planning asks of recordings of which something has changed."""
    for audio_hash in audio_hashes:
        change.run("DELETE FROM shelf WHERE audio_hash = ?", audio_hash)
        query = f"{TRACKS} AND f.audio_hash = ? ORDER BY f.path"
        records = records_of([track_from(row) for row in change.rows(query, audio_hash)])
        for copy, facts in enumerate(record_bytes(records)):
            change.run("INSERT INTO shelf VALUES (?, ?, ?)", audio_hash, copy, facts)
