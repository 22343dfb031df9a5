"""Sound out of files: any format that FFmpeg reads, as mono or stereo float32 at a wanted rate.

Second 0 of a file is the first sample that its decoder gives. Damage never ends a file: what
cannot be decoded is silence of the same length where the time stamps tell it, so that every
later sample keeps its place, and its seconds are counted. A file is demuxed once; the hash of
its audio packets, which re-tagging does not change, comes out of the same pass.

The loops over packets and frames run some forty times a second of sound, and what they do beside
the decoder's own work is what a scan pays for Python: they ask for nothing that they do not need.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

import av
import numpy as np
import soxr
from av.audio.fifo import AudioFifo

from bpmsync.audio.clock import GAP_S, VORBIS_GAP_S, FrameClock
from bpmsync.audio.container import (
    best_stream,
    declared_end_s,
    open_container,
    packets,
    start_s,
    trusted_end_s,
)
from bpmsync.audio.frames import Samples, mono, stereo
from bpmsync.errors import DecodeError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.packet import Packet

__all__ = [
    "DEFAULT_RATE",
    "AudioFile",
    "AudioIdentity",
    "Channels",
    "OpenAudio",
    "Samples",
    "audio_blocks",
    "identify",
    "open_audio",
    "read_audio",
]

Channels: TypeAlias = Literal[1, 2]

DEFAULT_RATE: Final = 22_050
_LONGEST_S: Final = 4 * 3600.0
# One numpy array per frame costs more than the whole tempo analysis; this many samples do not.
_READ_SAMPLES: Final = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class AudioFile:
    """The sound of one file in memory.

    Parameters
    ----------
    samples : numpy.ndarray of float32, shape (n,)
        Mono, (left + right) / 2, full scale at 1.
    sample_rate : int
        In Hz.
    duration_s : float
        Length of the sound, lost stretches included.
    lost_s : float
        Seconds that could not be decoded.
    audio_hash : str
        ``b2:`` and the hexadecimal blake2b-128 of the audio packets.
    """

    samples: Samples
    sample_rate: int
    duration_s: float
    lost_s: float
    audio_hash: str


@dataclass(frozen=True, slots=True)
class AudioIdentity:
    """What tells the sound of a file without decoding it.

    Parameters
    ----------
    audio_hash : str
        The same as `AudioFile.audio_hash`.
    duration_s : float
        From the time stamps of the packets.
    """

    audio_hash: str
    duration_s: float


@dataclass(slots=True)
class OpenAudio:
    """One pass over the sound of one file; what it told is known when its blocks are used up.

    Parameters
    ----------
    path : str or Path
        The file; it is opened when the first block is asked for.
    sample_rate : int
        Wanted rate in Hz.
    longest_s : float
        A longer file is refused.
    channels : {1, 2}
        How many the blocks have: one of shape (n,), the mean of all that the file has, or two of
        shape (2, n). Both lie on the same clock.
    hashed : bool
        Whether the packets are hashed; who knows the sound already need not pay for it.
    duration_s, lost_s : float
        As `AudioFile` has them, up to the block that was given last.
    audio_hash : str
        As `AudioFile.audio_hash`; empty before the last block, and where it is not wanted.
    """

    path: str | Path
    sample_rate: int = DEFAULT_RATE
    longest_s: float = _LONGEST_S
    channels: Channels = 1
    hashed: bool = True
    duration_s: float = field(default=0.0, init=False)
    lost_s: float = field(default=0.0, init=False)
    audio_hash: str = field(default="", init=False)

    def __post_init__(self) -> None:
        if not 1000 <= self.sample_rate <= 768_000:  # noqa: PLR2004 - what the resampler is made for
            msg = f"sample_rate must be from 1,000 to 768,000 Hz, got {self.sample_rate}"
            raise ParameterError(msg)
        if self.channels not in (1, 2):
            msg = f"channels must be 1 or 2, got {self.channels}"
            raise ParameterError(msg)

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound block by block; memory does not grow with its length.

        Raises
        ------
        DecodeError
            If there is no such file, no sound in it, nothing of it can be decoded, or it is too
            long; all but the last on the first block.
        """
        with open_container(self.path) as container:
            stream = best_stream(container, self.path)
            clock = FrameClock(
                start_s(stream),
                declared_end_s(container, stream),
                least_gap_s=VORBIS_GAP_S if stream.codec_context.name == "vorbis" else GAP_S,
            )
            demuxed = _Demuxed(packets(container, stream), _new_digest() if self.hashed else None)
            pieces = _placed(demuxed, clock, self.channels)
            for block in _resampled(pieces, self.sample_rate, self.channels):
                self.duration_s, self.lost_s = clock.position_s, clock.lost_s
                self._refuse_too_long()
                yield block
            trusted_s = trusted_end_s(container, stream)
            clock.close(trusted_s if trusted_s is not None else demuxed.end_s(stream))
            self.lost_s, self.audio_hash = clock.lost_s, demuxed.audio_hash
        if not clock.position_s:
            raise DecodeError(self.path, "nothing in it could be decoded (damaged, or protected)")

    def _refuse_too_long(self) -> None:
        if self.duration_s > self.longest_s:
            hours = self.longest_s / 3600
            raise DecodeError(self.path, f"longer than {hours:g} hours of sound (split the file to use it)")


def open_audio(
    path: str | Path,
    *,
    sample_rate: int = DEFAULT_RATE,
    channels: Channels = 1,
    longest_s: float = _LONGEST_S,
    hashed: bool = True,
) -> OpenAudio:
    """Return one pass over the sound of a file, for whom blocks are enough.

    Parameters
    ----------
    path, sample_rate, longest_s
        As `read_audio`.
    channels, hashed
        As `OpenAudio`.
    """
    return OpenAudio(path, sample_rate, longest_s, channels, hashed)


def read_audio(
    path: str | Path, *, sample_rate: int = DEFAULT_RATE, longest_s: float = _LONGEST_S
) -> AudioFile:
    """Return the sound of a file and the hash of its packets, read once.

    Parameters
    ----------
    path : str or Path
        Any file that FFmpeg reads; its first or best audio stream is taken.
    sample_rate : int
        Wanted rate in Hz.
    longest_s : float
        A longer file is refused: an audiobook in one piece would fill the memory.

    Raises
    ------
    DecodeError
        If there is no such file, no sound in it, nothing of it can be decoded, or it is too long.
    """
    source = OpenAudio(path, sample_rate, longest_s)
    samples = _gather(source.blocks())
    return AudioFile(samples, sample_rate, source.duration_s, source.lost_s, source.audio_hash)


def audio_blocks(path: str | Path, *, sample_rate: int = DEFAULT_RATE) -> Iterator[Samples]:
    """Yield the sound of a file of any length block by block.

    Raises
    ------
    DecodeError
        As `read_audio`, on the first block.
    """
    yield from OpenAudio(path, sample_rate, float("inf")).blocks()


def identify(path: str | Path) -> AudioIdentity:
    """Return hash and duration of a file; nothing is decoded.

    Raises
    ------
    DecodeError
        If there is no such file or no sound in it.
    """
    with open_container(path) as container:
        stream = best_stream(container, path)
        demuxed = _Demuxed(packets(container, stream), _new_digest())
        if not sum(packet.size > 0 for packet in demuxed):
            raise DecodeError(path, "no sound in it (the file is empty or cut off after its head)")
        first_s = start_s(stream) or 0.0
        return AudioIdentity(demuxed.audio_hash, max(demuxed.end_s(stream), first_s) - first_s)


def _gather(blocks: Iterator[Samples]) -> Samples:
    """Return all blocks as one array without ever holding them twice."""
    samples = np.empty(1 << 20, np.float32)
    used = 0
    for block in blocks:
        end = used + len(block)
        if end > len(samples):
            # refcheck would refuse under a debugger; nobody else sees this array yet
            samples.resize(max(end, len(samples) * 3 // 2), refcheck=False)
        samples[used:end] = block
        used = end
    samples.resize(used, refcheck=False)
    samples.setflags(write=False)
    return samples


def _new_digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)


@dataclass(slots=True)
class _Demuxed:
    """The packets of a stream, hashed as they pass, and the latest of their time stamps."""

    packets: Iterator[Packet[AudioStream]]
    digest: hashlib.blake2b | None
    end: int = 0

    def __iter__(self) -> Iterator[Packet[AudioStream]]:
        digest = self.digest
        for packet in self.packets:
            if digest is not None:
                digest.update(packet)
            pts = packet.pts
            if pts is not None and pts + (packet.duration or 0) > self.end:
                self.end = pts + (packet.duration or 0)
            yield packet

    @property
    def audio_hash(self) -> str:
        return "" if self.digest is None else f"b2:{self.digest.hexdigest()}"

    def end_s(self, stream: AudioStream) -> float:
        return float(self.end * stream.time_base) if stream.time_base is not None else 0.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of samples, shape (n,) or (2, n), with its rate."""

    samples: Samples
    rate: int


def _placed(demuxed: _Demuxed, clock: FrameClock, wanted: Channels) -> Iterator[_Piece]:
    """Yield pieces of so many channels at the file's own rate, lost stretches as silence."""
    pool = _Pool(wanted)
    for packet in demuxed:
        for frame in _decoded(packet):
            count, rate = frame.samples, frame.sample_rate
            if not count:
                continue
            gap_s = clock.gap_before(frame.time)
            clock.position_s += gap_s + count / rate
            if gap_s:
                clock.lost_s += gap_s
                yield from pool.rest()
                yield from _silence(gap_s, rate, wanted)
            if pool.channels != frame.layout.nb_channels or not pool.add(frame):
                yield from pool.rest()
                pool = _Pool(wanted, frame.layout.nb_channels)
                pool.add(frame)
            if pool.held >= _READ_SAMPLES:
                yield pool.take(_READ_SAMPLES)
    yield from pool.rest()


def _decoded(packet: Packet[AudioStream]) -> list[AudioFrame]:
    try:
        return packet.decode()
    except av.FFmpegError:
        return []  # the clock sees the hole that it leaves


@dataclass(slots=True)
class _Pool:
    """Frames of one kind, collected until there are enough for one array."""

    wanted: Channels
    channels: int = 0
    held: int = 0
    fifo: AudioFifo = field(default_factory=AudioFifo)

    def add(self, frame: AudioFrame) -> bool:
        """Take a frame of as many channels; return False where it is of another kind."""
        frame.pts = None  # the clock has read it; the queue would refuse a gap
        try:
            self.fifo.write(frame)
        except ValueError:  # another sample format or rate
            return False
        self.held += frame.samples
        return True

    def take(self, count: int) -> _Piece:
        frame = cast("AudioFrame", self.fifo.read(count))
        self.held -= count
        return _Piece(mono(frame) if self.wanted == 1 else stereo(frame), frame.sample_rate)

    def rest(self) -> Iterator[_Piece]:
        if self.held:
            yield self.take(self.held)


def _resampled(pieces: Iterator[_Piece], sample_rate: int, channels: Channels) -> Iterator[Samples]:
    """Yield the pieces at one rate; a file may change its own in the middle."""
    stream: soxr.ResampleStream | None = None
    rate = sample_rate
    end = np.empty(0 if channels == 1 else (2, 0), np.float32)
    for piece in pieces:
        if piece.rate != rate or (stream is None and piece.rate != sample_rate):
            if stream is not None:
                yield _resample(stream, end, last=True)
            rate = piece.rate
            stream = soxr.ResampleStream(rate, sample_rate, channels) if rate != sample_rate else None
        yield piece.samples if stream is None else _resample(stream, piece.samples)
    if stream is not None:
        yield _resample(stream, end, last=True)


def _resample(stream: soxr.ResampleStream, samples: Samples, *, last: bool = False) -> Samples:
    # soxr wants frames before channels; for mono both turns give the very same array
    turned = np.ascontiguousarray(samples.T)
    return np.ascontiguousarray(stream.resample_chunk(turned, last=last).T, np.float32)


def _silence(seconds: float, rate: int, channels: Channels) -> Iterator[_Piece]:
    left = round(seconds * rate)
    while left > 0:
        count = min(left, _READ_SAMPLES)
        yield _Piece(np.zeros(count if channels == 1 else (2, count), np.float32), rate)
        left -= _READ_SAMPLES
