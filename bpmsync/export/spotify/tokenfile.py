"""The log-in on disk: one file that only its owner can read.

It has mode 0600 before the first byte is in it, appears whole or not at all, and is only
written under a lock that every bpmsync takes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.errors import NotAuthorised, SpotifyError
from bpmsync.export.spotify.tokens import Login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["TokenFile"]

_LONGEST_LOCK_S = 120.0  # a refresh under the lock takes its time-outs and waits


class TokenFile:
    """``token.json`` in the account's folder.

    Parameters
    ----------
    folder : Path
        The account's folder; made (mode 0700) when something is first written.
    notify : callable, optional
        Told when permissions had to be mended.
    """

    def __init__(self, folder: str | Path, *, notify: Callable[[str], None] | None = None) -> None:
        self.folder = Path(folder)
        self.path = self.folder / "token.json"
        self._notify = notify

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other bpmsync from changing the log-in meanwhile.

        Raises
        ------
        SpotifyError
            If another one holds it for longer than any log-in takes, or the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        self._make_folder()
        lock = FileLock(self.folder / "token.lock", timeout=_LONGEST_LOCK_S, mode=0o600)
        try:
            lock.acquire()
        except Timeout as error:
            held = f"{lock.lock_file} for {_LONGEST_LOCK_S:.0f} s"
            msg = f"another bpmsync has held {held}: end it, and try again"
            raise SpotifyError(msg) from error
        except (OSError, NotImplementedError) as error:
            msg = f"cannot lock {lock.lock_file}: {error} (give another folder with --account)"
            raise SpotifyError(msg) from error
        try:
            yield
        finally:
            lock.release()

    def load(self) -> Login:
        """Return the log-in.

        Raises
        ------
        NotAuthorised
            If nobody is logged in, or the file is damaged.
        SpotifyError
            If it cannot be read, or belongs to somebody else.
        """
        try:
            with self.path.open("rb") as file:
                self._check_owner(file.fileno())
                content = file.read()
        except FileNotFoundError as error:
            msg = f"nobody is logged in to Spotify (no {self.path}): bpmsync spotify login"
            raise NotAuthorised(msg) from error
        except OSError as error:
            msg = f"cannot read {self.path}: {error.strerror or error} (mend it, or log in again)"
            raise SpotifyError(msg) from error
        try:
            return Login.from_json(content.decode("utf-8"))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        # outside the handler: what was wrong may quote a token
        msg = f"{self.path} is damaged: log in again with bpmsync spotify login"
        raise NotAuthorised(msg)

    def save(self, login: Login) -> None:
        """Write the log-in; call it under `locked`.

        Raises
        ------
        SpotifyError
            If it cannot be written; an old file is kept.
        """
        self._make_folder()
        part = self.folder / f".token.json.{secrets.token_hex(8)}.part"
        try:
            for left in self.folder.glob(".token.json.*.part"):  # of a run that was killed
                left.unlink(missing_ok=True)
            _write_private(part, login.as_json().encode())
            part.replace(self.path)
            _flush_folder(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            msg = f"cannot write {self.path}: {error.strerror or error} (what was there is untouched)"
            raise SpotifyError(msg) from error

    def remove(self) -> bool:
        """Delete the log-in; return whether there was one.

        Raises
        ------
        SpotifyError
            If it cannot be deleted.
        """
        if not self.folder.is_dir():
            return False
        with self.locked():
            try:
                for left in self.folder.glob(".token.json.*.part"):
                    left.unlink(missing_ok=True)
                self.path.unlink()
            except FileNotFoundError:
                return False
            except OSError as error:
                msg = f"cannot delete {self.path}: {error.strerror or error} (delete it yourself)"
                raise SpotifyError(msg) from error
        return True

    def _make_folder(self) -> None:
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"cannot make the folder {self.folder}: {error.strerror} (give another with --account)"
            raise SpotifyError(msg) from error

    def _check_owner(self, descriptor: int) -> None:
        """Refuse another user's file; take group's and others' rights away from ours."""
        if os.name != "posix":  # elsewhere the user's folder has rights of its own
            return
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            msg = f"{self.path} belongs to another user: give a folder of your own with --account"
            raise SpotifyError(msg)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
            if self._notify is not None:
                hint = "withdraw the consent at https://www.spotify.com/account/apps and log in again"
                self._notify(f"others could read {self.path}: mended. If somebody may have, {hint}")


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that nobody else can read at any moment, down to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename last through a power cut: the old refresh token no longer counts."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
