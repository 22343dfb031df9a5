"""How loud sound is: EBU R128 (ITU-R BS.1770-4) integrated loudness and true peak.

The loudness is that of libavfilter's ``ebur128``, which comes with PyAV: K-weighting, blocks of
400 ms that overlap by three quarters, the gates at -70 LUFS and 10 LU below the mean. The true
peak is our own, the same reading that the limiter works by. Sound is float32 of the shape
(channels, frames) with full scale at 1, taken in blocks: memory does not grow with its length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np
from av.filter import Graph

from bpmsync.audio.pieces import check_rate, even_pieces
from bpmsync.audio.truepeak import CELL, REACH, true_peaks
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from av.audio.frame import AudioFrame
    from av.filter.context import FilterContext

    from bpmsync.audio.frames import Samples

__all__ = [
    "MOST_RAISE_DB",
    "TARGET_LUFS",
    "Loudness",
    "LoudnessMeter",
    "gain_to",
    "measure_loudness",
    "measure_true_peak",
]

TARGET_LUFS: Final = -14.0
MOST_RAISE_DB: Final = 12.0
_GATE_LUFS: Final = -70.0
_PIECE: Final = 65_536
# What BS.1770 gives each channel by its place, for the layouts that FFmpeg takes for granted.
_LAYOUTS: Final = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
_MOST_PLANES: Final = 7  # PyAV cannot fill more from an array (18.1: IndexError)


@dataclass(frozen=True, slots=True)
class Loudness:
    """How loud a piece of sound is.

    Parameters
    ----------
    integrated_lufs : float
        Of all of it, gated; -inf for silence, for what is below -70 LUFS throughout, and for less
        than 400 ms of sound. Never above 10, where the meter ends.
    true_peak_dbtp : float
        The highest point of any channel, between its samples, too; -inf for silence.
    """

    integrated_lufs: float
    true_peak_dbtp: float


def gain_to(target_lufs: float, loudness: Loudness, *, most_raise_db: float = MOST_RAISE_DB) -> float:
    """Return the gain in dB that brings sound to a loudness.

    Parameters
    ----------
    target_lufs : float
        Wanted loudness.
    loudness : Loudness
        What was measured; what has none (silence) stays as it is: 0.
    most_raise_db : float
        Quiet sound is raised by no more: its noise would come up with it. Loud sound is lowered
        by as much as it takes.

    Examples
    --------
    >>> gain_to(-14.0, Loudness(integrated_lufs=-9.5, true_peak_dbtp=0.3))
    -4.5
    """
    if not math.isfinite(loudness.integrated_lufs):
        return 0.0
    return min(target_lufs - loudness.integrated_lufs, most_raise_db)


def measure_loudness(blocks: Iterable[Samples], sample_rate: int) -> Loudness:
    """Return the loudness of sound.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, any)
        One to eight channels, in FFmpeg's order. One channel is measured as it is, which is 3 LU
        below the same sound on two.
    sample_rate : int
        In Hz, from 8,000 to 192,000.

    Raises
    ------
    ParameterError
        If the rate is another, or the blocks are not sound of one to eight channels.
    """
    meter = LoudnessMeter(sample_rate)
    for _ in meter.through(blocks):
        pass
    return meter.loudness


def measure_true_peak(blocks: Iterable[Samples]) -> float:
    """Return the highest true peak of sound in dBTP; -inf for silence.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray of float32, shape (channels, any)
        At any rate.

    Raises
    ------
    ParameterError
        If the blocks are not sound.
    """
    peak = _Peak()
    for piece in even_pieces(blocks, _PIECE):
        peak.add(piece)
    peak.close()
    return 20 * math.log10(peak.highest) if peak.highest else -math.inf


class LoudnessMeter:
    """Measures sound on its way elsewhere.

    Parameters
    ----------
    sample_rate : int
        In Hz, from 8,000 to 192,000.
    between : bool
        Whether to look for peaks between samples, which costs twice as much as all else; without,
        the peak that is told is that of the samples.

    Raises
    ------
    ParameterError
        If the rate is another.
    """

    def __init__(self, sample_rate: int, *, between: bool = True) -> None:
        check_rate(sample_rate)
        self._rate = sample_rate
        self._lufs = -math.inf
        self._peak = _Peak(between)

    @property
    def loudness(self) -> Loudness:
        """What was measured, once all blocks have passed."""
        highest = self._peak.highest
        return Loudness(self._lufs, 20 * math.log10(highest) if highest else -math.inf)

    def through(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Yield the same sound, cut anew.

        Raises
        ------
        ParameterError
            If the blocks are not sound of one to eight channels.
        """
        meter: _Meter | None = None
        for piece in even_pieces(blocks, _PIECE):
            if meter is None:
                meter = _Meter(len(piece), self._rate)
            meter.add(piece)
            self._peak.add(piece)
            yield piece
        self._lufs = meter.close() if meter is not None else -math.inf
        self._peak.close()


class _Meter:
    """The libavfilter graph, and the last that it told."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        if channels > len(_LAYOUTS):
            msg = f"the loudness of {channels} channels is not defined (at most {len(_LAYOUTS)})"
            raise ParameterError(msg)
        self._layout = _LAYOUTS[channels - 1]
        self._format = "fltp" if channels <= _MOST_PLANES else "flt"
        self._rate = sample_rate
        self._lufs = _GATE_LUFS
        self._graph = Graph()
        self._source, self._sink = self._chain()

    def _chain(self) -> tuple[FilterContext, FilterContext]:
        source = self._graph.add(
            "abuffer",
            sample_rate=str(self._rate),
            sample_fmt=self._format,
            channel_layout=self._layout,
            time_base=f"1/{self._rate}",
        )
        meter = self._graph.add("ebur128", metadata="1", peak="none", framelog="quiet")
        sink = self._graph.add("abuffersink")
        self._graph.link_nodes(source, meter, sink).configure()
        return source, sink

    def add(self, piece: Samples) -> None:
        planar = self._format == "fltp"
        values = piece if planar else np.ascontiguousarray(piece.T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(values, format=self._format, layout=self._layout)
        frame.sample_rate = self._rate
        self._source.push(frame)
        self._read()

    def close(self) -> float:
        self._source.push(None)
        self._read()
        return self._lufs if self._lufs > _GATE_LUFS else -math.inf

    def _read(self) -> None:
        while True:
            try:
                frame = cast("AudioFrame", self._sink.pull())
            except (av.BlockingIOError, av.EOFError):
                return
            told = frame.metadata.get("lavfi.r128.I")  # every 100 ms
            self._lufs = float(told) if told is not None else self._lufs


@dataclass(slots=True)
class _Peak:
    """The highest true peak so far; only what may be higher is looked at closely."""

    between: bool = True
    highest: float = 0.0
    rest: Samples = field(default_factory=lambda: np.zeros((1, 0), np.float32))

    def add(self, piece: Samples) -> None:
        if not self.between:
            self.highest = max(self.highest, float(np.abs(piece).max(initial=0.0)))
            return
        if not self.rest.size:
            self.rest = np.zeros((len(piece), REACH), np.float32)
        sound = np.concatenate((self.rest, piece), axis=1)
        cells = (sound.shape[1] - 2 * REACH) // CELL
        if cells > 0:
            self._look(sound[:, : cells * CELL + 2 * REACH])
            sound = sound[:, cells * CELL :]
        self.rest = sound.copy()

    def close(self) -> None:
        if self.rest.size:
            self.add(np.zeros((len(self.rest), 2 * REACH + CELL), np.float32))

    def _look(self, sound: Samples) -> None:
        self.highest = max(self.highest, float(np.abs(sound).max()))
        self.highest = max(self.highest, float(true_peaks(sound, above=self.highest).max()))
