"""What passes between a scan and the library file (pure values: no database, no audio)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bpmsync.beats.detection import Constraint

if TYPE_CHECKING:
    from bpmsync.beats.detection import Detection
    from bpmsync.library.track import Tags

__all__ = ["Failure", "KnownFile", "ScannedFile"]


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What one look at one file found: what a worker hands to the writer of the library.

    Parameters
    ----------
    path : str
        Absolute, as found.
    size, mtime_ns : int
        Of the file when it was found.
    audio_hash : str or None
        Of the audio packets; None where the file could not be read.
    duration_s : float or None
        Length in seconds, None where the file could not be read.
    tags : Tags or None
        None where the file could not be read.
    detection : Detection or None
        None where the file was not analysed.
    error : str or None
        Why the file cannot be used.
    lost_s : float
        Seconds of sound that could not be decoded.
    constraint : Constraint
        Under which the detection was made.
    engine, version : str
        Which engine looked, or would have.
    passing : bool
        The error may be gone without the file having changed (no permission, a read error).
    """

    path: str
    size: int
    mtime_ns: int
    audio_hash: str | None = None
    duration_s: float | None = None
    tags: Tags | None = None
    detection: Detection | None = None
    error: str | None = None
    lost_s: float = 0.0
    constraint: Constraint = field(default_factory=Constraint)
    engine: str = ""
    version: str = ""
    passing: bool = False

    __hash__ = None  # type: ignore[assignment]  # holds a grid


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when last scanned.

    Parameters
    ----------
    path : str
        As found.
    size, mtime_ns : int
        To tell whether it changed.
    audio_hash : str
        Its recording.
    """

    path: str
    size: int
    mtime_ns: int
    audio_hash: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be used when last scanned.

    Parameters
    ----------
    path : str
        As found.
    size, mtime_ns : int
        To tell whether it changed.
    engine, version : str
        Which engine tried.
    reason : str
        Why not.
    passing : bool
        Worth another try although the file did not change.
    """

    path: str
    size: int
    mtime_ns: int
    engine: str
    version: str
    reason: str
    passing: bool
