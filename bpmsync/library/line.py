"""The files in work: handed to an executor, given up when late, booked when done."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bpmsync.beats.detection import Constraint
from bpmsync.library.analysis import analyse_file, identify_file
from bpmsync.library.entries import ScannedFile
from bpmsync.library.pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpmsync.library.books import Books, ScanResult
    from bpmsync.library.walk import FoundFile

__all__ = ["Line"]

_INTERRUPT_S = 0.1  # so soon is a Ctrl-C heard


@dataclass(frozen=True, slots=True)
class _Task:
    file: FoundFile
    identify: bool
    constraint: Constraint
    deadline: float


@dataclass(slots=True)
class Line:
    """The files in work. At most one per worker, so that a deadline counts from its start."""

    books: Books
    executor: Executor
    jobs: int
    timeout_s: float
    check_interrupt: Callable[[], None]
    queue: deque[_Task] = field(default_factory=deque)
    running: dict[Future[ScannedFile], _Task] = field(default_factory=dict)
    overdue: set[Future[ScannedFile]] = field(default_factory=set)

    def run(self, pending: list[FoundFile]) -> Iterator[ScanResult]:
        """Yield the result of each file, booked, in the order in which they are done."""
        self.queue.extend(
            _Task(file, self.books.wants_identity(file), self.books.constraint_of(file), 0.0)
            for file in pending
        )
        try:
            while self.queue or self.running:
                while self.queue and len(self.running) < self.jobs:
                    self._start(self.queue.popleft())
                for future in self._finished():
                    yield from self._result(future)
        finally:
            self._keep_finished()

    def _start(self, task: _Task) -> None:
        task = replace(task, deadline=time.monotonic() + self.timeout_s)
        if task.identify:
            future = self.executor.submit(identify_file, task.file.path)
        else:
            future = self.executor.submit(
                analyse_file, task.file.path, engine=self.books.engine, constraint=task.constraint
            )
        self.running[future] = task

    def _finished(self) -> list[Future[ScannedFile]]:
        soonest = min(task.deadline for task in self.running.values())
        while True:
            self.check_interrupt()
            left_s = max(soonest - time.monotonic(), 0.0)
            done, working = wait(self.running, timeout=min(left_s, _INTERRUPT_S), return_when=FIRST_COMPLETED)
            if done or left_s <= _INTERRUPT_S:
                break
        late = [f for f in working if self.running[f].deadline <= time.monotonic()]
        for future in late:
            self.overdue.add(future)
            if isinstance(self.executor, WorkerPool):
                self.executor.give_up(future)
            else:
                future.cancel()
        return [*done, *late]

    def _result(self, future: Future[ScannedFile]) -> Iterator[ScanResult]:
        task = self.running.pop(future)
        entry = self._entry(future, task)
        if task.identify and entry.error is None:
            audio_hash = entry.audio_hash or ""
            if audio_hash not in self.books.analysed:
                constraint = self.books.constraints.get(audio_hash, Constraint())
                self.queue.appendleft(replace(task, identify=False, constraint=constraint))
                return
        yield self.books.book(entry)

    def _entry(self, future: Future[ScannedFile], task: _Task) -> ScannedFile:
        """Return what a worker found, as of the moment when the file was listed."""
        if future in self.overdue:
            self.overdue.discard(future)
            return self._lost(task, f"gave up after {self.timeout_s:g} s (--file-timeout allows more)")
        try:
            entry = future.result()
        except (BrokenExecutor, CancelledError):
            return self._lost(task, "the worker process died while it read this file")
        return replace(
            entry,
            size=task.file.size,
            mtime_ns=task.file.mtime_ns,
            engine=self.books.engine,
            version=self.books.version,
        )

    def _lost(self, task: _Task, reason: str) -> ScannedFile:
        return ScannedFile(*task.file, error=reason, engine=self.books.engine, version=self.books.version)

    def _keep_finished(self) -> None:
        """Save what workers finished although nobody waits for it any more."""
        for future in [f for f in self.running if f.done() and not f.cancelled()]:
            if future.exception() is None:
                for _ in self._result(future):
                    pass
