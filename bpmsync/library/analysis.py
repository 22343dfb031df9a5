"""One file, looked at: what a worker process does (pure and picklable)."""

from __future__ import annotations

from dataclasses import replace

from bpmsync.beats.detection import Constraint
from bpmsync.errors import TagError, TrackError
from bpmsync.library.entries import ScannedFile
from bpmsync.library.track import Tags

__all__ = ["DEFAULT_ENGINE", "analyse_file", "identify_file"]

DEFAULT_ENGINE = "bpmsync"  # as `beats.engines` calls it, which is heavy to import


def analyse_file(
    path: str, *, engine: str = DEFAULT_ENGINE, constraint: Constraint | None = None
) -> ScannedFile:
    """Return all that a file tells: its tags, its recording and its beat.

    Pure and picklable, so that any executor can run it. It never raises for a bad file: the
    result then has an error.

    Parameters
    ----------
    path : str
        The file.
    engine : str
        Name of the beat tracker.
    constraint : Constraint, optional
        What a person said about the beat.
    """
    from bpmsync.audio.decode import open_audio  # heavy, and only workers need it
    from bpmsync.beats.engines import engine_version, find_tracker

    constraint = constraint or Constraint()
    empty = replace(_listed(path), engine=engine, version=engine_version(engine), constraint=constraint)
    try:
        audio = open_audio(path)
        detection = find_tracker(engine)(audio.blocks(), audio.sample_rate, constraint=constraint)
        return replace(
            empty,
            audio_hash=audio.audio_hash,
            duration_s=audio.duration_s,
            tags=_lenient_tags(path),
            detection=detection,
            lost_s=audio.lost_s,
        )
    except Exception as error:  # noqa: BLE001 - the border: one bad file is one failed result
        return _failed(empty, error)


def identify_file(path: str) -> ScannedFile:
    """Return what a file tells without decoding: its tags and its recording."""
    from bpmsync.audio.decode import identify

    empty = _listed(path)
    try:
        identity = identify(path)
        return replace(
            empty,
            audio_hash=identity.audio_hash,
            duration_s=identity.duration_s,
            tags=_lenient_tags(path),
        )
    except Exception as error:  # noqa: BLE001 - the border: one bad file is one failed result
        return _failed(empty, error)


def _listed(path: str) -> ScannedFile:
    return ScannedFile(path, 0, 0)


def _failed(empty: ScannedFile, error: Exception) -> ScannedFile:
    reason = error.reason if isinstance(error, TrackError) else f"{type(error).__name__}: {error}"
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    # No permission or a read error says nothing about the file itself
    return replace(empty, error=reason, passing=cause is not None or isinstance(error, MemoryError))


def _lenient_tags(path: str) -> Tags:
    """Return the tags, or none where they are broken: the sound is what matters."""
    from bpmsync.library.tags import read_tags

    try:
        return read_tags(path)
    except TagError:
        return Tags()
