"""The scan as `scan` and `playlist` show it: a bar, a summary, and the failed files by name."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import clean
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from bpmsync.cli.session import Session
    from bpmsync.library.scan import ScanResult
    from bpmsync.library.store import Store

__all__ = ["FIRST_TIME", "FailedFile", "ScanSummary", "run_scan", "scan_music"]

FIRST_TIME = "preparing the beat tracker, which takes up to half a minute, the first time only"

_STATUSES = ("new", "changed", "unchanged", "moved", "retagged", "failed")


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that could not be used, and why."""

    path: str
    reason: str


@dataclass(slots=True)
class ScanSummary:
    """What a scan did so far.

    Parameters
    ----------
    counts : Counter
        Files by status.
    failed : list of FailedFile
        Those that could not be used.
    total : int
        Files that there are to look at.
    """

    counts: Counter[str] = field(default_factory=Counter)
    failed: list[FailedFile] = field(default_factory=list)
    total: int = 0

    @property
    def line(self) -> str:
        """One line for people: every status that occurred."""
        parts = [f"{self.counts[status]} {status}" for status in _STATUSES if self.counts[status]]
        files = "file" if self.total == 1 else "files"
        return f"{self.total} {files}: {', '.join(parts) or 'nothing to do'}"

    def as_json(self) -> dict[str, object]:
        """Return the summary as JSON values."""
        failed = [{"path": file.path, "reason": file.reason} for file in self.failed]
        return {**{status: self.counts[status] for status in _STATUSES}, "failures": failed}


def run_scan(
    session: Session,
    roots: Sequence[Path],
    store: Store,
    *,
    engine: str,
    jobs: int | None,
    dry_run: bool = False,
    file_timeout_s: float = 600.0,
) -> ScanSummary:
    """Scan folders into the library, with a bar on a terminal, and list what failed.

    Raises
    ------
    BpmsyncError
        If a folder is missing or none of them holds music.
    KeyboardInterrupt
        After saying what was kept and how to go on.
    """
    summary = ScanSummary()
    results = _results(
        session, roots, store, summary, engine=engine, jobs=jobs, dry_run=dry_run, limit_s=file_timeout_s
    )
    remarks: list[str] = []
    try:
        # Closed at once when interrupted, so that workers end and the bar goes before we speak
        with contextlib.closing(results):
            for result in results:
                summary.counts[result.status] += 1
                if result.status == "failed":
                    summary.failed.append(FailedFile(result.path, result.reason or "no reason known"))
                elif result.reason and (session.verbose or result.lost_s):
                    remarks.append(f"{clean(result.path)}: {clean(result.reason)}")
    except KeyboardInterrupt:
        done = summary.counts.total()
        _list_failures(summary)
        click.echo(
            f"stopped after {done} of {summary.total} files: what is scanned is kept; "
            "run the same command again to go on from there",
            err=True,
        )
        raise
    for remark in remarks:
        session.say(remark)
    _list_failures(summary)
    session.say(summary.line)
    return summary


def _results(
    session: Session,
    roots: Sequence[Path],
    store: Store,
    summary: ScanSummary,
    *,
    engine: str,
    jobs: int | None,
    dry_run: bool,
    limit_s: float,
) -> Generator[ScanResult]:
    folders = [str(_existing(root)) for root in roots]
    from bpmsync.cli.progress import follow
    from bpmsync.library.scan import find_music, scan_files

    summary.total = len(find_music(folders))
    if not summary.total:
        raise BpmsyncError(_no_music(folders))
    from bpmsync.beats.engines import caches_are_cold  # the heavy one, once there is work

    if not dry_run and caches_are_cold():
        session.say(FIRST_TIME)
    results = scan_files(folders, store, engine=engine, jobs=jobs, dry_run=dry_run, file_timeout_s=limit_s)
    yield from follow(results, total=summary.total, label="scanning", quiet=session.quiet)


def _existing(root: Path) -> Path:
    if not root.exists():
        msg = f"there is no folder {clean(str(root))}: check the name, or connect the drive it is on"
        raise BpmsyncError(msg)
    return root.absolute()


def _no_music(folders: Sequence[str]) -> str:
    names = ", ".join(clean(folder) for folder in folders)
    return f"no music in {names}: bpmsync reads mp3, m4a, aac, flac, ogg, opus, wma, wav and aiff files"


def _list_failures(summary: ScanSummary) -> None:
    """List failed files on stderr; they are errors, so --quiet does not hide them."""
    for file in summary.failed:
        reason = clean(file.reason)
        # Some reasons name the file themselves
        prefix = "" if reason.startswith(clean(file.path)) else f"{clean(file.path)}: "
        click.echo(f"failed: {prefix}{reason}", err=True)


def scan_music(session: Session, music: Path, *, engine: str, jobs: int | None) -> ScanSummary:
    """Scan a folder into the library and return how that went.

    Raises
    ------
    BpmsyncError
        As `run_scan`.
    """
    with session.open_store() as store:
        return run_scan(session, [music], store, engine=engine, jobs=jobs)
