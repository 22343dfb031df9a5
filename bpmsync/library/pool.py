"""Worker processes that can be given up one by one (standard library only).

`WorkerPool` is an ordinary executor made of lanes, each an executor of one process. A worker
that dies breaks only its own lane, so it is known which task killed it; a task that takes too
long is given up by killing its lane. A new lane takes the place of a lost one.

Workers load this module before anything else, so that the limits on threads are set before
numpy is. They leave Ctrl-C to the parent, and end when the parent is gone.
"""

from __future__ import annotations

import atexit
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bpmsync.library.threads import limit_threads

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["WorkerPool", "available_cores"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_START_S = 30.0
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows SIGTERM ends a process at once


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@dataclass(eq=False, slots=True)
class _Lane:
    executor: ProcessPoolExecutor
    pid: Future[int] = field(init=False)

    def __post_init__(self) -> None:
        self.pid = self.executor.submit(os.getpid)

    def kill(self) -> None:
        # A process that is still starting has not told its number; one that died has none to tell
        with suppress(BrokenExecutor, CancelledError, TimeoutError, ProcessLookupError, PermissionError):
            os.kill(self.pid.result(timeout=_START_S), _KILL)


class WorkerPool(Executor):
    """An executor of processes whose tasks can be given up.

    Parameters
    ----------
    jobs : int
        How many processes at most.
    """

    def __init__(self, jobs: int) -> None:
        self._slots = threading.Semaphore(jobs)
        self._lock = threading.Lock()
        self._idle: list[_Lane] = []
        self._busy: dict[Future[Any], _Lane] = {}
        # Spawned, not forked: the parent may run threads of its own
        self._context = multiprocessing.get_context("spawn")

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Hand a task to a process of its own; blocks while all processes are busy."""
        self._slots.acquire()
        while True:
            lane = self._lane()
            try:
                future = lane.executor.submit(fn, *args, **kwargs)
            except BrokenExecutor:  # it died with nothing to do
                lane.executor.shutdown(wait=False)
                continue
            break
        with self._lock:
            self._busy[future] = lane
        future.add_done_callback(self._release)
        return future

    def give_up(self, future: Future[Any]) -> None:
        """Kill the process that runs a task; the task then fails with `BrokenExecutor`."""
        with self._lock:
            lane = self._busy.get(future)
        if lane is not None:
            lane.kill()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - Executor's
        """End all processes; with `cancel_futures` at once, in the middle of their tasks."""
        with self._lock:
            lanes = [*self._idle, *self._busy.values()]
            self._idle.clear()
            if cancel_futures:
                for lane in self._busy.values():
                    lane.kill()
        for lane in lanes:
            lane.executor.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _lane(self) -> _Lane:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Lane(ProcessPoolExecutor(1, mp_context=self._context, initializer=_prepare_worker))

    def _release(self, future: Future[Any]) -> None:
        broken = not future.cancelled() and isinstance(future.exception(), BrokenExecutor)
        with self._lock:
            lane = self._busy.pop(future)
            if not broken:
                self._idle.append(lane)
        if broken:
            lane.executor.shutdown(wait=False)
        self._slots.release()


def _prepare_worker() -> None:
    limit_threads()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Registered before theirs, called after them: what they hold is not taken apart piece by piece,
    # which would cost a fifth of what a start does
    atexit.register(os._exit, 0)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave when the parent is gone: killed, it cannot tell its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
