"""How a scan books what it finds: against what the library knew when the scan began."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from bpmsync.beats.detection import Constraint
from bpmsync.library.paths import is_gone, name_problem

if TYPE_CHECKING:
    from bpmsync.library.entries import KnownFile, ScannedFile
    from bpmsync.library.store import Store
    from bpmsync.library.walk import FoundFile, Walk

__all__ = ["Books", "ScanResult", "Status"]

Status: TypeAlias = Literal["new", "changed", "unchanged", "moved", "retagged", "failed"]

# Encoders that leave out their last block are everywhere, and no runner hears it
_WORTH_SAYING_S = 0.25


@dataclass(frozen=True, slots=True)
class ScanResult:
    """What became of one file.

    Parameters
    ----------
    path : str
        The file.
    status : str
        new, changed, unchanged, moved, retagged or failed.
    reason : str or None
        Why it failed; of the others, what is worth saying.
    lost_s : float
        Seconds of its sound that could not be decoded.
    """

    path: str
    status: Status
    reason: str | None = None
    lost_s: float = 0.0


@dataclass(slots=True)
class Books:
    """What the library knew when the scan began, and how each new entry is booked."""

    store: Store
    engine: str
    version: str
    walk: Walk
    known: dict[str, KnownFile] = field(init=False)
    failed: dict[str, tuple[int, int, str]] = field(init=False)
    analysed: set[str] = field(init=False)
    constraints: dict[str, Constraint] = field(init=False)
    listed: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {file.path: file for file in self.store.known_files()}
        self.failed = {
            f.path: (f.size, f.mtime_ns, f.reason)
            for f in self.store.failures()
            if (f.engine, f.version) == (self.engine, self.version) and not f.passing
        }
        self.analysed = self.store.analysed(engine=self.engine, version=self.version)
        self.constraints = {h: o.constraint for h, o in self.store.overrides().items()}
        self.listed = {file.path for file in self.walk.files}

    def settled(self, file: FoundFile) -> ScanResult | None:
        """Return the result of a file that need not be opened, else None."""
        problem = name_problem(file.path)
        if problem:
            return ScanResult(file.path, "failed", problem)
        if self.failed.get(file.path, ())[:2] == (file.size, file.mtime_ns):
            return ScanResult(file.path, "failed", self.failed[file.path][2])
        known = self.known.get(file.path)
        if (
            known
            and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)
            and known.audio_hash in self.analysed
        ):
            return ScanResult(file.path, "unchanged")
        return None

    def forecast(self, file: FoundFile) -> ScanResult:
        """Return what a scan would most likely make of a file."""
        if file.path in self.known:
            return ScanResult(file.path, "changed")
        gone = any(
            (k.size, k.mtime_ns) == (file.size, file.mtime_ns) and self._left(k.path, file.path)
            for k in self.known.values()
        )
        return ScanResult(file.path, "moved" if gone else "new")

    def wants_identity(self, file: FoundFile) -> bool:
        """Tell whether it pays to identify a file before it is decoded."""
        known = self.known.get(file.path)
        stale = known is not None and (known.size, known.mtime_ns) == (file.size, file.mtime_ns)
        return not stale and bool(self.known or self.constraints)

    def constraint_of(self, file: FoundFile) -> Constraint:
        """Return what a person said about the recording that a known file held."""
        known = self.known.get(file.path)
        return self.constraints.get(known.audio_hash, Constraint()) if known else Constraint()

    def book(self, entry: ScannedFile) -> ScanResult:
        """Save an entry and return its result."""
        if entry.error is not None:
            self.store.save(entry)
            return ScanResult(entry.path, "failed", entry.error)
        status, moved_from = self._status(entry)
        self.store.save(entry, moved_from=moved_from)
        if entry.detection is not None and entry.audio_hash is not None:
            self.analysed.add(entry.audio_hash)
        return ScanResult(entry.path, status, _remark(entry, moved_from), entry.lost_s)

    def _status(self, entry: ScannedFile) -> tuple[Status, str | None]:
        known = self.known.get(entry.path)
        if known is not None:
            same = known.audio_hash == entry.audio_hash and entry.detection is None
            return ("retagged" if same else "changed"), None
        for path in self.store.paths_of(entry.audio_hash or ""):
            if path != entry.path and self._left(path, entry.path):
                return "moved", path
        return "new", None

    def _left(self, old: str, new: str) -> bool:
        """Tell whether a known file is no longer at its old path, now that it is at the new."""
        if old in self.listed:
            return False
        try:
            return Path(old).samefile(new)  # only its spelling changed, where case is one
        except OSError:
            return is_gone(old)


def _remark(entry: ScannedFile, moved_from: str | None) -> str | None:
    if moved_from is not None:
        return f"was {moved_from}"
    if entry.detection is not None and entry.detection.failure is not None:
        return entry.detection.failure
    return f"{entry.lost_s:.1f} s could not be decoded" if entry.lost_s >= _WORTH_SAYING_S else None
