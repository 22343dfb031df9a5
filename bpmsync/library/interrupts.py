"""Ctrl-C at a moment of our choosing.

Python raises KeyboardInterrupt between any two instructions of the main thread: also between
taking a lock of an executor's future and the ``with`` that would give it back, after which the
executor's own thread waits for ever. While workers run, an interrupt is therefore noted, and
raised where no lock is held.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["held_interrupts"]


@contextmanager
def held_interrupts() -> Iterator[Callable[[], None]]:
    """Hold the first Ctrl-C back, and give the function that raises it if there was one.

    A second one is raised at once: somebody insists. Outside the main thread, and where another
    handler is in charge, nothing changes.

    Raises
    ------
    KeyboardInterrupt
        At the end, if one was held back and not raised before.
    """
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            signal.default_int_handler(number, frame)
        noted.append(number)

    def check() -> None:
        if noted:
            raise KeyboardInterrupt

    if not _is_ours():
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    check()


def _is_ours() -> bool:
    on_main_thread = threading.current_thread() is threading.main_thread()
    return on_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
