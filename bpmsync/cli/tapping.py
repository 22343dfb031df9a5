"""A tempo from the Enter key: one tap a line, from a keyboard or a pipe."""

from __future__ import annotations

import statistics
import time
from itertools import pairwise
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

__all__ = ["FEWEST_TAPS", "HOW_TO_TAP", "MOST_TAPS", "read_taps", "tapped_tempo"]

FEWEST_TAPS = 8
MOST_TAPS = 24
HOW_TO_TAP = (
    f"press Enter on every beat, {MOST_TAPS} times; q and Enter stops earlier, from {FEWEST_TAPS} taps on"
)
# Slower than any beat that a grid can hold: the taps before it were a false start
_PAUSE_S = 2.5


def read_taps(stream: TextIO, *, now: Callable[[], float] = time.monotonic) -> tuple[float, ...]:
    """Return the seconds at which empty lines arrived, until enough, other text or the end.

    A pause of more than 2.5 s starts anew, or ends the tapping where there are enough taps.
    """
    taps: list[float] = []
    while len(taps) < MOST_TAPS and stream.readline() in {"\n", "\r\n"}:
        second = now()
        if taps and second - taps[-1] > _PAUSE_S:
            if len(taps) >= FEWEST_TAPS:
                break
            taps.clear()
        taps.append(second)
    return tuple(taps)


def tapped_tempo(taps: Sequence[float]) -> float:
    """Return the tempo of taps in BPM: 60 over their median distance.

    Raises
    ------
    ParameterError
        If there are fewer than 8, or they are all at once.

    Examples
    --------
    >>> tapped_tempo([0.5 * n for n in range(8)])
    120.0
    """
    if len(taps) < FEWEST_TAPS:
        msg = f"{len(taps)} taps in a row are too few for a tempo: {HOW_TO_TAP}"
        raise ParameterError(msg)
    interval_s = statistics.median(later - earlier for earlier, later in pairwise(taps))
    if interval_s <= 0:
        msg = f"taps without time between them have no tempo: {HOW_TO_TAP}"
        raise ParameterError(msg)
    # A minute over the seconds of one beat: beats per minute
    return 60.0 / interval_s
