"""A look-ahead limiter of true peaks, streamed: the last thing before a mix is written.

The gain goes down before a peak comes, by as much as it takes, and comes back slowly; all
channels share it, so that the stereo image stays. Where nothing is above the ceiling the gain is
exactly 1 and the sound the same to the bit. As many frames come out as go in, each at its place.

How: what each frame asks for (the part of its true peak that is too much) is held over the
look-ahead by a running maximum, let go along an exponential, and smoothed by a triangle as long
as the look-ahead: a mean of values none of which is below the wanted one is not below it either.
A gain that moves bends the sound between its frames a little, which can leave a peak some
thousandths of a dB higher; a small margin takes them. The sound is cut into pieces of one length
first, so that results do not depend on its blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bpmsync.audio.pieces import check_rate, even_pieces
from bpmsync.audio.truepeak import CELL, REACH, true_peaks
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from bpmsync.audio.frames import Samples

__all__ = ["CEILING_DBTP", "limit_peaks"]

CEILING_DBTP: Final = -1.1
_AHEAD_S: Final = 0.005
_LEAST_AHEAD: Final = 96  # frames: at low rates the gain must still be slow beside the filter's reach
_RELEASE_S: Final = 0.08  # to 1/e: nine tenths are back after 180 ms
_FLAT: Final = 4  # frames on both sides of a peak that have its gain, too
_MARGIN_DB: Final = 0.01
_FORGET: Final = 1e-4  # of the gain, 0.001 dB: after this the sound is untouched again
_PIECE: Final = 32_768  # frames, a multiple of CELL


def limit_peaks(
    blocks: Iterable[Samples], sample_rate: int, *, ceiling_dbtp: float = CEILING_DBTP
) -> Iterator[Samples]:
    """Yield the sound with no true peak above a ceiling.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, any)
        Sound with full scale at 1; it may be louder.
    sample_rate : int
        In Hz, from 8,000 to 192,000.
    ceiling_dbtp : float
        The ceiling, at most 0 and at least -40.

    Yields
    ------
    numpy.ndarray of float32, shape (channels, any)
        As many frames in all as went in.

    Raises
    ------
    ParameterError
        If the rate or the ceiling is another, or the blocks are not all of one kind; on the first block.
    """
    check_rate(sample_rate)
    if not -40 <= ceiling_dbtp <= 0:  # noqa: PLR2004 - below that it is no longer a limiter
        msg = f"the ceiling of the limiter must be from -40 to 0 dBTP, got {ceiling_dbtp}"
        raise ParameterError(msg)
    limiter: _Limiter | None = None
    for piece in even_pieces(blocks, _PIECE):
        if limiter is None:
            limiter = _Limiter(len(piece), sample_rate, ceiling_dbtp)
        yield limiter.add(piece)
    if limiter is not None:
        yield limiter.rest()


class _Limiter:
    """One pass. Every step looks back only: the sound waits for `_delay` frames until its gain is known."""

    def __init__(self, channels: int, sample_rate: int, ceiling_dbtp: float) -> None:
        self._ceiling = np.float32(10 ** (ceiling_dbtp / 20))
        self._aim = np.float32(10 ** ((ceiling_dbtp - _MARGIN_DB) / 20))
        self._box = max(round(_AHEAD_S * sample_rate), _LEAST_AHEAD) // 2 + 1
        ahead = 2 * (self._box - 1)
        self._hold = ahead + 2 * _FLAT + 2  # a peak lies at its frame or before the next
        self._delay = REACH + _FLAT + ahead
        # what is left of a demand after so many frames
        self._faded = np.exp(np.arange(_PIECE + 1) / (-_RELEASE_S * sample_rate))
        self._sound = np.zeros((channels, self._delay), np.float32)
        self._asked = np.zeros(self._hold - 1, np.float32)
        self._held = np.zeros(ahead)
        self._idle = True
        self._frames_in = self._frames_out = 0
        self._ahead_of_first = self._delay

    def add(self, piece: Samples) -> Samples:
        """Return the frames whose gain is known after this piece, the first of all that are left."""
        frames = piece.shape[1]
        self._frames_in += frames
        return self._step(np.pad(piece, ((0, 0), (0, -frames % CELL))) if frames % CELL else piece)

    def rest(self) -> Samples:
        """Return the frames that still wait."""
        frames = self._delay + -self._delay % CELL
        left = self._frames_in - self._frames_out
        return self._step(np.zeros((len(self._sound), frames), np.float32))[:, :left]

    def _step(self, piece: Samples) -> Samples:
        """Return the frames that leave as a piece comes in; those before the first are none."""
        frames = piece.shape[1]
        sound = np.concatenate((self._sound, piece), axis=1)
        self._sound = sound[:, frames:].copy()
        asked = self._ask(sound[:, -frames - 2 * REACH :])
        out = sound[:, :frames]
        if asked.any() or not self._idle:
            out *= self._gain(asked)
        skipped = min(self._ahead_of_first, frames)
        self._ahead_of_first -= skipped
        self._frames_out += frames - skipped
        return out[:, skipped:]

    def _ask(self, sound: Samples) -> Samples:
        """Return the part of each true peak that is too much, 0 where it is not above the ceiling."""
        peaks = true_peaks(sound, above=float(self._ceiling))
        asked = np.zeros_like(peaks)
        too_high = np.flatnonzero(peaks > self._ceiling)
        asked[too_high] = 1 - self._aim / peaks[too_high]
        return asked

    def _gain(self, asked: Samples) -> Samples:
        """Return the gain of the frames that leave, and keep what the next ones need of these demands."""
        demands = np.concatenate((self._asked, asked))
        self._asked = demands[len(asked) :].copy()
        held = np.concatenate((self._held, self._let_go(_running_max(demands, self._hold))))
        self._held = held[len(asked) :].copy()
        self._idle = not (self._asked.any() or self._held.any())
        return np.asarray(1 - _mean(_mean(held, self._box), self._box), np.float32)

    def _let_go(self, demands: Samples) -> NDArray[np.float64]:
        """Return the demands with their release: max(demand, what is left of the one before)."""
        faded = self._faded[: len(demands) + 1]
        # d[n] = max over k <= n of demand[k] faded[n - k] = faded[n] max(demand[k] / faded[k])
        risen = np.concatenate((self._held[-1:], demands)) / faded
        left: NDArray[np.float64] = (faded * np.maximum.accumulate(risen))[1:]
        left[left < _FORGET] = 0
        return left


def _running_max(values: Samples, window: int) -> Samples:
    """Return the maximum of each stretch of so many values, in log2(window) steps."""
    span = 1
    while 2 * span <= window:
        values = np.maximum(values[:-span], values[span:])
        span *= 2
    more = window - span
    return np.maximum(values[:-more], values[more:]) if more else values


def _mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the mean of each stretch of so many values."""
    total = np.cumsum(np.concatenate(([0.0], values)))
    return np.asarray((total[window:] - total[:-window]) / window)
