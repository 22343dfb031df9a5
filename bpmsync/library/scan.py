"""Fill and refresh the library: one result per file, in a generator.

A file whose size, time and engine version are as they were is not opened. Whatever else is
new is first identified by the hash of its audio packets, which takes a tenth of an analysis:
a file that was moved or re-tagged keeps what is known. Only the rest is decoded, in worker
processes. This process is the only writer and saves each result before it yields it, so that
a stop at any moment loses nothing that was reported, and the next scan goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.errors import LibraryError, ParameterError
from bpmsync.library.analysis import DEFAULT_ENGINE, analyse_file, identify_file
from bpmsync.library.books import Books, ScanResult, Status
from bpmsync.library.entries import ScannedFile
from bpmsync.library.interrupts import held_interrupts
from bpmsync.library.line import Line
from bpmsync.library.paths import below, is_gone
from bpmsync.library.pool import WorkerPool, available_cores
from bpmsync.library.walk import FoundFile, find_music, walk_music

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from bpmsync.library.store import Store

__all__ = [
    "FILE_TIMEOUT_S",
    "FoundFile",
    "ScanResult",
    "ScannedFile",
    "Status",
    "analyse_file",
    "find_music",
    "identify_file",
    "prune_missing",
    "scan_files",
]

FILE_TIMEOUT_S = 600.0


def scan_files(
    roots: Sequence[str | Path],
    store: Store,
    *,
    engine: str = DEFAULT_ENGINE,
    jobs: int | None = None,
    executor: Executor | None = None,
    file_timeout_s: float = FILE_TIMEOUT_S,
    dry_run: bool = False,
) -> Iterator[ScanResult]:
    """Yield one result per music file below `roots`, each saved before it is yielded.

    Parameters
    ----------
    roots : sequence of path
        Folders or files.
    store : Store
        The open library.
    engine : str
        Name of the beat tracker.
    jobs : int, optional
        Files in work at a time; None for one per core.
    executor : concurrent.futures.Executor, optional
        Who runs the analysis, left running; None for worker processes of our own.
    file_timeout_s : float
        A file that takes longer fails.
    dry_run : bool
        Open no file and save nothing: say what would be done.

    Raises
    ------
    ParameterError
        If a root does not exist, or there is no such engine.
    LibraryError
        If the library cannot be read or written.
    """
    from bpmsync.beats.engines import engine_version

    if jobs is not None and jobs < 1:
        msg = f"jobs must be 1 or more, got {jobs}"
        raise ParameterError(msg)
    version = engine_version(engine)
    walk = walk_music(roots)
    books = Books(store, engine, version, walk)
    for path, reason in walk.problems:
        yield ScanResult(path, "failed", reason)
    pending = []
    for file in walk.files:
        settled = books.settled(file)
        if settled is None:
            pending.append(file)
        else:
            yield settled
    if dry_run:
        yield from map(books.forecast, pending)
    elif pending:
        yield from _analysed(pending, books, executor, jobs or available_cores(), file_timeout_s)


def prune_missing(store: Store, roots: Sequence[str | Path], *, dry_run: bool = False) -> list[str]:
    """Forget the files below `roots` that are gone, and return their paths.

    What a person said about a recording is never forgotten. A file in a folder that cannot be
    read is not gone.

    Raises
    ------
    LibraryError
        If a root is missing or holds no music: more likely a disk that is not there.
    """
    for root in roots:
        _check_present(root)
    is_below = below(roots)
    known = {*(f.path for f in store.known_files()), *(f.path for f in store.failures())}
    gone = sorted(path for path in known if is_below(path) and is_gone(path))
    if not dry_run and gone:
        store.prune(gone)
    return gone


def _analysed(
    pending: list[FoundFile], books: Books, executor: Executor | None, jobs: int, timeout_s: float
) -> Iterator[ScanResult]:
    if executor is not None:
        with held_interrupts() as check:
            yield from Line(books, executor, jobs, timeout_s, check).run(pending)
        return
    _warm_up_once(books.engine)
    with held_interrupts() as check, WorkerPool(jobs) as pool:
        try:
            yield from Line(books, pool, jobs, timeout_s, check).run(pending)
        except BaseException:  # Ctrl-C, or a caller who has had enough: stop in mid-file
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _warm_up_once(engine: str) -> None:
    """Fill the JIT caches here, lest every worker compiles the same for itself."""
    from bpmsync.beats.engines import caches_are_cold, warm_up

    if caches_are_cold(engine):
        warm_up(engine)


def _check_present(root: str | Path) -> None:
    try:
        empty = not walk_music([root]).files
    except ParameterError as error:
        msg = f"nothing was pruned: {root} is not there (is its disk connected?)"
        raise LibraryError(msg) from error
    if empty:
        msg = f"nothing was pruned: {root} holds no music (is its disk connected?)"
        raise LibraryError(msg)
