"""Voices made ahead of the mix by other processes, and handed over in order."""

from __future__ import annotations

from collections import deque
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

from bpmsync.errors import RenderError
from bpmsync.library.pool import WorkerPool
from bpmsync.render.voices import render_voice

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import Future

    from bpmsync.render.voices import VoiceSound, VoiceTask

__all__ = ["voice_sounds"]

_LOOK_UP_S = 0.2


def voice_sounds(
    tasks: Sequence[VoiceTask], *, jobs: int, check: Callable[[], None] = lambda: None
) -> Generator[VoiceSound]:
    """Yield the sound of each task, in order; as many as there are jobs are made ahead.

    Parameters
    ----------
    tasks : sequence of VoiceTask
        What to make.
    jobs : int
        Processes; with 1 there is none, and each is made when it is asked for.
    check : callable
        Called while waiting; may raise to stop all.

    Raises
    ------
    DecodeError, RenderError
        As `render_voice`.
    RenderError
        If a process died.
    """
    if jobs == 1:
        for task in tasks:
            yield render_voice(task, check=check)
        return
    pool = WorkerPool(jobs)
    waiting: deque[tuple[VoiceTask, Future[VoiceSound]]] = deque()
    coming = iter(tasks)
    try:
        for task in coming:
            waiting.append((task, pool.submit(render_voice, task)))
            if len(waiting) == jobs:
                break
        while waiting:
            sound = _result(*waiting.popleft(), check=check)
            following = next(coming, None)
            if following is not None:
                waiting.append((following, pool.submit(render_voice, following)))
            yield sound
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _result(task: VoiceTask, future: Future[VoiceSound], *, check: Callable[[], None]) -> VoiceSound:
    while True:
        check()
        try:
            return future.result(timeout=_LOOK_UP_S)
        except BrokenExecutor as error:
            msg = (
                f"the process that renders {task.path} was ended from outside, perhaps for want of "
                "memory: run the command again, or with --jobs 1"
            )
            raise RenderError(msg) from error
        except TimeoutError:
            continue
