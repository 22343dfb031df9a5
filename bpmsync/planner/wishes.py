"""What a run has to hold, by rows of the shelf that it is planned from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bpmsync.library.shelf import Shelf
    from bpmsync.timeline.arrays import FloatArray, IntArray

__all__ = ["Wishes", "unheld"]

# Each has a bit of its own
_MOST_HELD = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a run has to hold.

    Parameters
    ----------
    rows : sequence of int
        Rows of the shelf that have to be played somewhere.
    pins : sequence of (float, int)
        Run seconds, and the row that has to play there.
    most_per_artist : int
        Legs by one artist; 0 for any number.
    recent : sequence of collection of str
        The audio hashes of the last plans, the newest first.
    order : sequence of collection of int
        Where the order is given: the rows that may come first, second, ... and no others; a row
        may be in one place only.
    skip : bool
        Whether a given order may have gaps.
    """

    rows: Sequence[int] = ()
    pins: Sequence[tuple[float, int]] = ()
    most_per_artist: int = 0
    recent: Sequence[Collection[str]] = ()
    order: Sequence[Collection[int]] = ()
    skip: bool = True

    def __post_init__(self) -> None:
        if len(set(self.held)) > _MOST_HELD:
            msg = f"a run can be told to hold {_MOST_HELD} tracks at most, not {len(set(self.held))}"
            raise ParameterError(msg)

    @property
    def held(self) -> tuple[int, ...]:
        """The rows that have to be played."""
        return (*self.rows, *(row for _, row in self.pins))

    def places(self, shelf: Shelf) -> IntArray:
        """Return by row its place in the order, -1 for none."""
        found = np.full(len(shelf), -1, dtype=np.int64)
        for place, rows in enumerate(self.order):
            found[list(rows)] = place
        return found

    def staleness(self, shelf: Shelf) -> FloatArray:
        """Return by row 1 for what the last plan played, 1/2 for the plan before, and so on."""
        found = np.zeros(len(shelf))
        if self.recent:
            row_of = {audio_hash: row for row, audio_hash in enumerate(shelf.audio_hash)}
            for back, played in reversed(list(enumerate(self.recent))):
                rows = [row_of[audio_hash] for audio_hash in played if audio_hash in row_of]
                found[rows] = np.maximum(found[rows], 0.5**back)
        return found


def unheld(shelf: Shelf, wishes: Wishes) -> str:
    """Return what to tell where no run holds what it has to."""
    names = ", ".join(track.name for track in shelf.fetch(sorted(set(wishes.held))))
    return (
        f"no run like this holds {names}: within the limits it never fits the ramp, or not where it has to "
        "play; allow more (--max-off, --max-stretch), or let it play anywhere (--play without a moment)"
    )
