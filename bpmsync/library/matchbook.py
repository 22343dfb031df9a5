"""Answers about songs, kept in the library file: no song is looked for twice.

An answer belongs to a recording (its audio hash, or the key of an imported song) and stays when
the file is gone. What a person said is never replaced by what a search found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.library.answers import Answer
from bpmsync.library.moments import micros, moment
from bpmsync.library.rows import storable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from bpmsync.library.database import Row
    from bpmsync.library.store import Store

__all__ = ["MatchBook"]

_REPLACEABLE = """
    answers.source <> 'person' OR excluded.source = 'person'
    OR answers.expires_us IS NOT NULL AND answers.expires_us <= {now_us}
"""


class MatchBook:
    """The answers of one open library.

    Parameters
    ----------
    store : Store
        Open as long as the book is used.
    now : callable
        Returns the moment it is, with a time zone: an answer that has expired does not count.
    catalogue : str
        Whose tracks they are; what is true of a stand-in for trying things out is kept apart
        from the service's own answers, which have no name.
    """

    def __init__(self, store: Store, *, now: Callable[[], dt.datetime], catalogue: str = "") -> None:
        self._database = store.database
        self._now = now
        self._prefix = f"{catalogue} " if catalogue else ""

    def recall(self, key: str) -> Answer | None:
        """Return the answer for a recording, or None where there is none or it has expired."""
        rows = self._database.rows(
            "SELECT * FROM answers WHERE key = ? AND ifnull(expires_us > ?, TRUE)",
            self._prefix + key,
            self._now_us(),
        )
        return _answer(rows[0]) if rows else None

    def remember(self, key: str, answer: Answer) -> None:
        """Keep an answer, at once and for good; a search never replaces a person's word.

        Raises
        ------
        ParameterError
            If it expires at a moment without a time zone.
        """
        columns = {
            "key": self._prefix + key,
            "uri": answer.uri,
            "grade": answer.grade,
            "source": answer.source,
            "reason": answer.reason,
            "title": answer.title,
            "artist": answer.artist,
            "duration_s": answer.duration_s,
            "expires_us": None if answer.expires_at is None else micros(answer.expires_at),
        }
        columns = {name: storable(value) for name, value in columns.items()}
        with self._database.transaction() as change:
            change.upsert("answers", columns, ("key",), where=_REPLACEABLE.format(now_us=self._now_us()))

    def forget(self, key: str) -> bool:
        """Forget the answer for a recording, a person's word too; tell whether there was one."""
        with self._database.transaction() as change:
            return change.run("DELETE FROM answers WHERE key = ?", self._prefix + key) > 0

    def answers(self) -> dict[str, Answer]:
        """Return all answers that count, of every catalogue, by the key that they are kept under."""
        query = "SELECT * FROM answers WHERE ifnull(expires_us > ?, TRUE) ORDER BY key"
        return {row["key"]: _answer(row) for row in self._database.rows(query, self._now_us())}

    def _now_us(self) -> int:
        return micros(self._now())


def _answer(row: Row) -> Answer:
    expires_us = row["expires_us"]
    return Answer(
        uri=row["uri"],
        grade=row["grade"],
        source=row["source"],
        reason=row["reason"],
        title=row["title"],
        artist=row["artist"],
        duration_s=row["duration_s"],
        expires_at=None if expires_us is None else moment(expires_us),
    )
