"""An open SQLite file of ours: opening, transactions, and errors in words.

Every change is one short transaction, so that a stop at any moment leaves the state before or
after it. One process writes at a time; others read meanwhile.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bpmsync.errors import LibraryError
from bpmsync.library.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Database", "Row", "Transaction"]

Row: TypeAlias = dict[str, Any]

_BUSY_S = 10.0


class Transaction:
    """What may be done inside `Database.transaction`: all of it is kept, or nothing.

    Parameters
    ----------
    connection : sqlite3.Connection
        With a transaction begun.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, *values: object) -> list[Row]:
        """Return the rows of a query."""
        rows: list[Row] = self._connection.execute(query, values).fetchall()
        return rows

    def run(self, statement: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def upsert(
        self, table: str, columns: Mapping[str, Any], keys: tuple[str, ...], *, where: str = ""
    ) -> int:
        """Insert a row, or change the one that has the same keys; return how many rows changed.

        Parameters
        ----------
        table : str
            Its name; names never come from outside.
        columns : mapping of str to value
            The row.
        keys : tuple of str
            The columns of a unique index.
        where : str, optional
            A condition under which a row that is there is changed; it may name `excluded`.
        """
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
        conflict = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
        condition = f" WHERE {where}" if where else ""
        query = f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}{condition}"  # noqa: S608 - names of ours
        return self._connection.execute(query, dict(columns)).rowcount


class Database:
    """An open library file.

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

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def rows(self, query: str, *values: object) -> list[Row]:
        """Return the rows of a query."""
        with self._errors():
            rows: list[Row] = self._open().execute(query, values).fetchall()
            return rows

    def tuples(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query without names, which is quicker where there are many."""
        with self._errors():
            cursor = self._open().cursor()
            cursor.row_factory = None
            return cursor.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Make changes that are kept at the end of the block, or not at all after an error."""
        with self._errors():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            msg = f"the library {self.path} is closed"
            raise LibraryError(msg)
        return self._connection

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


def _named(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
