"""What was pushed where: the account folder's own notes, which need no library.

``playlists.json`` has a record for each playlist that bpmsync made or filled: which plan, how
far it came. ``saved/`` has the lists as they were before they were changed, newest last. Every
file is written whole or not at all, and one push at a time holds the folder's lock.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from bpmsync.atomic import write_atomically
from bpmsync.errors import ParameterError, SpotifyError
from bpmsync.export.spotify.limits import id_in
from bpmsync.export.spotify.values import Row

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Journal", "Record", "SavedList", "State"]

_FORMAT = 1
State: TypeAlias = Literal["creating", "writing", "done"]


@dataclass(frozen=True, slots=True)
class Record:
    """One playlist that a plan was pushed to.

    Parameters
    ----------
    user_id : str
        Whose account.
    plan_id : str
        Short name of the plan, as in the playlist's description.
    name : str
        Name of the playlist when it was made: what ``--update`` goes by.
    playlist_id : str or None
        None while it is being created.
    state : str
        "creating", "writing" (the list may be incomplete) or "done".
    rows : int
        How many rows the list is to have.
    """

    user_id: str
    plan_id: str
    name: str
    playlist_id: str | None = None
    state: State = "creating"
    rows: int = 0


@dataclass(frozen=True, slots=True)
class SavedList:
    """A playlist as it was before a push changed it.

    Parameters
    ----------
    user_id, playlist_id, name, description : str
        Whose, which, and what it was called.
    rows : tuple of Row
        In order.
    created : bool
        The push made this playlist, so that undoing it removes the playlist.
    plan_id : str
        Of the plan that was pushed.
    undone : bool
        Already brought back.
    plan_before : str
        Of the plan that was noted for the playlist until then; empty where there was none.
    """

    user_id: str
    playlist_id: str
    name: str
    description: str
    rows: tuple[Row, ...] = ()
    created: bool = False
    plan_id: str = ""
    undone: bool = False
    plan_before: str = ""


class Journal:
    """The notes of one account folder.

    Parameters
    ----------
    folder : Path
        The account folder; made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other push to this account away.

        Raises
        ------
        SpotifyError
            At once, if one is running.
        """
        import filelock

        _make(self.folder)
        lock = filelock.FileLock(self.folder / "push.lock", timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            msg = "another push to this account is running: wait until it is done"
            raise SpotifyError(msg) from error
        except (OSError, NotImplementedError) as error:
            msg = f"cannot lock {lock.lock_file}: {error} (give another folder with --account)"
            raise SpotifyError(msg) from error
        try:
            yield
        finally:
            lock.release()

    # --- which plan lies where -------------------------------------------------------------

    def of_plan(self, user_id: str, plan_id: str) -> Record | None:
        """Return where a plan was pushed last, or None."""
        return self._last(lambda record: record.user_id == user_id and record.plan_id == plan_id)

    def of_name(self, user_id: str, name: str) -> Record | None:
        """Return the playlist of a name that was pushed last and exists, or None."""
        return self._last(
            lambda record: (
                record.user_id == user_id and record.name == name and record.playlist_id is not None
            )
        )

    def of_playlist(self, user_id: str, playlist_id: str) -> Record | None:
        """Return what was noted of a playlist, or None."""
        return self._last(lambda record: record.user_id == user_id and record.playlist_id == playlist_id)

    def note(self, record: Record) -> None:
        """Keep a record, in place of an earlier one of the same playlist or the same creation."""
        others = [known for known in self._records() if not _same(known, record)]
        self._write(self.folder / "playlists.json", {"playlists": [asdict(r) for r in [*others, record]]})

    def forget(self, user_id: str, playlist_id: str) -> None:
        """Drop the records of a playlist that is gone."""
        rest = [r for r in self._records() if (r.user_id, r.playlist_id) != (user_id, playlist_id)]
        self._write(self.folder / "playlists.json", {"playlists": [asdict(r) for r in rest]})

    # --- lists as they were ----------------------------------------------------------------

    def save(self, saved: SavedList, *, now: dt.datetime) -> Path:
        """Keep a list as it is, and return the file."""
        folder = self.folder / "saved"
        # Counted, too: a clock that was set back must not turn the order round
        number = 1 + max((_number(path) for path in folder.glob("*.json")), default=0)
        path = folder / f"{number:06d}-{now:%Y%m%dT%H%M%SZ}-{saved.playlist_id}.json"
        self._write(path, asdict(saved))
        return path

    def last_saved(self, user_id: str) -> tuple[Path, SavedList] | None:
        """Return the newest list of an account that was not brought back yet, and its file."""
        folder = self.folder / "saved"
        for path in sorted(folder.glob("*.json"), key=_number, reverse=True):
            saved = _saved_list(path)
            if saved.user_id == user_id and not saved.undone:
                return path, saved
        return None

    def mark_undone(self, path: Path) -> None:
        """Note that a saved list was brought back."""
        self._write(path, asdict(replace(_saved_list(path), undone=True)))

    # --- behind ----------------------------------------------------------------------------

    def _last(self, wanted: Any) -> Record | None:  # noqa: ANN401 - a test of one record
        return next((record for record in reversed(self._records()) if wanted(record)), None)

    def _records(self) -> list[Record]:
        path = self.folder / "playlists.json"
        if not path.exists():
            return []
        document = _read(path)
        try:
            return [_record(entry) for entry in document["playlists"]]
        except (KeyError, TypeError, ParameterError) as error:
            raise SpotifyError(_damaged(path)) from error

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        _make(path.parent)
        text = json.dumps({"format": _FORMAT, **content}, ensure_ascii=False, indent=2)
        write_atomically(path, text + "\n")


def _same(one: Record, other: Record) -> bool:
    if one.user_id != other.user_id:
        return False
    if one.playlist_id is None:  # a creation that came to an end, or is tried again
        return one.plan_id == other.plan_id
    return one.playlist_id == other.playlist_id


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"cannot make the folder {folder}: {error.strerror} (give another place with --account)"
        raise SpotifyError(msg) from error


def _number(path: Path) -> int:
    """Return the place of a saved list in their order; files of other names come first."""
    digits = path.name.partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _saved_list(path: Path) -> SavedList:
    document = _read(path)
    try:
        entries = {key: value for key, value in document.items() if key not in ("format", "rows")}
        saved = SavedList(**entries, rows=tuple(_row(row) for row in document["rows"]))
        _texts(
            saved.user_id,
            saved.name,
            saved.description,
            saved.plan_id,
            saved.plan_before,
            id_in(saved.playlist_id),
        )
    except (KeyError, TypeError, ParameterError) as error:
        raise SpotifyError(_damaged(path)) from error
    return saved


def _record(entry: Any) -> Record:  # noqa: ANN401 - any JSON
    record = Record(**entry)
    _texts(record.user_id, record.plan_id, record.name)
    if record.playlist_id is not None:
        id_in(record.playlist_id)
    if record.state not in get_args(State):
        msg = "no such state"
        raise TypeError(msg)
    return record


def _row(entry: Any) -> Row:  # noqa: ANN401
    row = Row(**entry)
    _texts(row.title, "" if row.uri is None else row.uri)
    return row


def _texts(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        msg = "not a text"
        raise TypeError(msg)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror or error}"
        raise SpotifyError(msg) from error
    except (ValueError, RecursionError) as error:
        raise SpotifyError(_damaged(path)) from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise SpotifyError(_damaged(path))
    return document


def _damaged(path: Path) -> str:
    return f"{path} is damaged or comes from a newer bpmsync: move it away, and bpmsync begins a new one"
