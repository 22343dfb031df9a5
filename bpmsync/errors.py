"""The error tree, and what each branch means for a job.

Every error that bpmsync raises on purpose is one of these; anything else is a bug.
A message names what failed, on which thing, why, and what to do next.

    BpmsyncError
    + ParameterError (also ValueError)     a caller's mistake              exit 2
    + ConfigError                          the config file                 exit 2
    + LibraryError                         cannot open, newer schema       exit 1
    + TrackError(path, reason)             one file; the job goes on       exit 3
    |   + TagError, DecodeError, NoBeat
    + PlanError                            the music does not cover it     exit 1
    + ExportError                          nothing was written             exit 1
    + RenderError                          a source is gone or changed     exit 1
    + SpotifyError                         the service or the account      exit 1
    |   + NotAuthorised                    log in (again)
    |   + RateLimited(retry_after_s)       come back later
    |   + Unanswered                       a change may or may not have been made
    + MissingDependency(name, hint)        a program or extra is absent    exit 1
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "BpmsyncError",
    "ConfigError",
    "DecodeError",
    "ExitStatus",
    "ExportError",
    "LibraryError",
    "MissingDependency",
    "NoBeat",
    "NotAuthorised",
    "ParameterError",
    "PlanError",
    "RateLimited",
    "RenderError",
    "SpotifyError",
    "TagError",
    "TrackError",
    "Unanswered",
]


class ExitStatus(enum.IntEnum):
    """What the command line returns to its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    INTERRUPTED = 130


class BpmsyncError(Exception):
    """Base of every error that bpmsync raises on purpose."""

    exit_status = ExitStatus.FAILED


class ParameterError(BpmsyncError, ValueError):
    """A value that a caller gave is outside what the function is defined for."""

    exit_status = ExitStatus.USAGE


class ConfigError(BpmsyncError):
    """The config file cannot be read or names an unknown setting."""

    exit_status = ExitStatus.USAGE


class LibraryError(BpmsyncError):
    """The library file cannot be opened, is locked, or comes from a newer bpmsync."""


class TrackError(BpmsyncError):
    """One file cannot be used; the job goes on with the others.

    Parameters
    ----------
    path : str or Path
        The file.
    reason : str
        Why, in words that fit after "path: ".
    """

    exit_status = ExitStatus.SOME_FAILED

    def __init__(self, path: str | Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = str(path)
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class TagError(TrackError):
    """The tags of a file cannot be read."""


class DecodeError(TrackError):
    """The sound of a file cannot be decoded."""


class NoBeat(TrackError):
    """The sound has no beat that a runner could follow."""


class PlanError(BpmsyncError):
    """The music does not cover the ramp under the given limits."""


class ExportError(BpmsyncError):
    """A playlist, picture or copy cannot be written; what was there is untouched."""


class RenderError(BpmsyncError):
    """A plan cannot be made into sound: a source is gone, has changed or is damaged."""


class SpotifyError(BpmsyncError):
    """Spotify refused, failed or gave an answer that makes no sense."""


class NotAuthorised(SpotifyError):
    """Nobody is logged in to Spotify, or the log-in no longer counts."""


class RateLimited(SpotifyError):
    """Spotify asks to come back later than anybody wants to wait.

    Parameters
    ----------
    message : str
        What was stopped, and what was kept.
    retry_after_s : float or None
        Seconds until the next call may be answered; None where Spotify did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unanswered(SpotifyError):
    """A change was sent, and nobody can say whether it was made: look before sending it again."""


class MissingDependency(BpmsyncError):
    """A program or an optional package that the job needs is not installed.

    Parameters
    ----------
    name : str
        The program or package.
    hint : str
        How to get it, or what to use instead.
    """

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(name, hint)
        self.name = name
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.name} is not installed: {self.hint}"
