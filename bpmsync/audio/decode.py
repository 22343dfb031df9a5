"""Sound out of files: any format that FFmpeg reads, as mono float32 at a wanted rate.

Second 0 of a file is the first sample that its decoder gives. Damage never ends a file: what
cannot be decoded is silence of the same length where the time stamps tell it, so that every
later sample keeps its place, and its seconds are counted. A file is demuxed once; the hash of
its audio packets, which re-tagging does not change, comes out of the same pass.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import av
import numpy as np
import soxr
from av.audio.fifo import AudioFifo

from bpmsync.audio.frames import Samples, mono
from bpmsync.errors import DecodeError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

__all__ = [
    "DEFAULT_RATE",
    "AudioFile",
    "AudioIdentity",
    "Samples",
    "audio_blocks",
    "identify",
    "read_audio",
]

DEFAULT_RATE: Final = 22_050
_LONGEST_S: Final = 4 * 3600.0
# One numpy array per frame costs more than the whole tempo analysis; this many samples do not.
_READ_SAMPLES: Final = 65_536
# Containers that count in milliseconds round their time stamps; a lost frame is longer than this.
_GAP_S: Final = 0.012
# Its time stamps waver by a quarter of a long block where block sizes change.
_VORBIS_GAP_S: Final = 0.05
_BACK_S: Final = 0.25
_TRAILING_S: Final = 0.1
# PyAV 18 refuses a file whose tags are not UTF-8 unless it is told; 19 no longer asks.
_TORN_TAGS: Final[dict[str, Any]] = (
    {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}  # noqa: PLR2004
)
_MOST_DEMUX_ERRORS: Final = 200
# Their length is guessed from the bit rate, so a guess that is missed is no loss.
_GUESSED_LENGTH: Final = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "mpegts", "amr", "loas"})


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
        If there is no such file, no sound in it, or nothing of it can be decoded.
    """
    source = _Source(path, sample_rate)
    samples = _gather(source, int(longest_s * sample_rate))
    return AudioFile(samples, sample_rate, source.clock.position_s, source.clock.lost_s, source.audio_hash)


def audio_blocks(path: str | Path, *, sample_rate: int = DEFAULT_RATE) -> Iterator[Samples]:
    """Yield the sound of a file block by block; memory does not grow with its length.

    Raises
    ------
    DecodeError
        As `read_audio`, on the first block.
    """
    yield from _Source(path, sample_rate).blocks()


def identify(path: str | Path) -> AudioIdentity:
    """Return hash and duration of a file; nothing is decoded.

    Raises
    ------
    DecodeError
        If there is no such file or no sound in it.
    """
    digest = hashlib.blake2b(digest_size=16)
    with _opened(path) as container:
        stream = _audio_stream(container, path)
        end_s, count = _start_s(stream) or 0.0, 0
        for packet in _packets(container, stream):
            digest.update(cast("bytes", packet))
            end_s, count = max(end_s, _end_s(packet)), count + (packet.size > 0)
        if not count:
            raise DecodeError(path, "no sound in it (the file is empty or cut off after its head)")
        return AudioIdentity(f"b2:{digest.hexdigest()}", end_s - (_start_s(stream) or 0.0))


def _gather(source: _Source, limit: int) -> Samples:
    """Return all blocks as one array without ever holding them twice."""
    samples = np.empty(1 << 20, np.float32)
    used = 0
    for block in source.blocks():
        end = used + len(block)
        if end > limit:
            hours = limit / source.sample_rate / 3600
            reason = f"longer than {hours:g} hours of sound (split the file to use it)"
            raise DecodeError(source.path, reason)
        if end > len(samples):
            # refcheck would refuse under a debugger; nobody else sees this array yet
            samples.resize(max(end, len(samples) * 3 // 2), refcheck=False)
        samples[used:end] = block
        used = end
    samples.resize(used, refcheck=False)
    samples.setflags(write=False)
    return samples


@dataclass(slots=True)
class _Clock:
    """Where in the file the next sample belongs, by the time stamps of the frames."""

    origin_s: float | None
    end_s: float | None = None
    least_gap_s: float = _GAP_S
    position_s: float = 0.0
    lost_s: float = 0.0

    def gap_before(self, frame_s: float | None) -> float:
        """Return the seconds missing before a frame with this time stamp."""
        if frame_s is None:
            return 0.0
        if self.origin_s is None or (self.position_s == 0.0 and abs(frame_s - self.origin_s) < _TRAILING_S):
            # A decoder's own delay before its first sample is no damage.
            self.origin_s = frame_s
        gap = frame_s - self.origin_s - self.position_s
        beyond = self.end_s is not None and frame_s > self.end_s + 1.0
        if gap < -_BACK_S or beyond:
            # Joined files start their time stamps again, broken ones leap: go on from here.
            self.origin_s = frame_s - self.position_s
            return 0.0
        return gap if gap > self.least_gap_s else 0.0

    def close(self, expected_end_s: float | None) -> None:
        """Count what is missing at the end of the file."""
        if expected_end_s is not None and self.origin_s is not None:
            missing = expected_end_s - self.origin_s - self.position_s
            self.lost_s += missing if missing > _TRAILING_S else 0.0


@dataclass(slots=True)
class _Source:
    """One pass over one file: mono blocks out, hash and clock on the way."""

    path: str | Path
    sample_rate: int
    clock: _Clock = field(default_factory=lambda: _Clock(None))
    audio_hash: str = ""

    def __post_init__(self) -> None:
        if not 1000 <= self.sample_rate <= 768_000:  # noqa: PLR2004 - what the resampler is made for
            msg = f"sample_rate must be from 1,000 to 768,000 Hz, got {self.sample_rate}"
            raise ParameterError(msg)

    def blocks(self) -> Iterator[Samples]:
        with _opened(self.path) as container:
            stream = _audio_stream(container, self.path)
            trusted = _trusted_end_s(container, stream)
            least_gap_s = _VORBIS_GAP_S if stream.codec_context.name == "vorbis" else _GAP_S
            end_s = _declared_end_s(container, stream)
            self.clock = _Clock(_start_s(stream), end_s, least_gap_s)
            pieces = self._pieces(container, stream, trusted)
            yield from _resampled(pieces, self.sample_rate)
        if self.clock.position_s == 0.0:
            raise DecodeError(self.path, "nothing in it could be decoded (damaged, or protected)")

    def _pieces(
        self, container: InputContainer, stream: AudioStream, trusted_end_s: float | None
    ) -> Iterator[_Piece]:
        """Yield mono pieces at the file's own rate, lost stretches as silence."""
        digest = hashlib.blake2b(digest_size=16)
        pool = _Pool()
        last_s = 0.0
        for packet in _packets(container, stream):
            digest.update(cast("bytes", packet))
            last_s = max(last_s, _end_s(packet))
            for frame in _decoded(packet):
                yield from self._placed(frame, pool)
        yield from pool.take(whole=True)
        self.audio_hash = f"b2:{digest.hexdigest()}"
        self.clock.close(trusted_end_s if trusted_end_s is not None else last_s)

    def _placed(self, frame: AudioFrame, pool: _Pool) -> Iterator[_Piece]:
        gap_s = self.clock.gap_before(frame.time)
        if gap_s:
            yield from pool.take(whole=True)
            yield from _silence(gap_s, frame.sample_rate)
            self.clock.lost_s += gap_s
        if pool.differs(frame):
            yield from pool.take(whole=True)
        self.clock.position_s += gap_s + frame.samples / frame.sample_rate
        pool.add(frame)
        yield from pool.take()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of mono samples with its rate."""

    samples: Samples
    rate: int


@dataclass(slots=True)
class _Pool:
    """Frames collected until there are enough for one array."""

    fifo: AudioFifo = field(default_factory=AudioFifo)
    kind: tuple[str, str, int] | None = None

    def differs(self, frame: AudioFrame) -> bool:
        return self.kind not in {None, _kind(frame)}

    def add(self, frame: AudioFrame) -> None:
        if self.kind != _kind(frame):
            self.fifo, self.kind = AudioFifo(), _kind(frame)
        frame.pts = None  # the clock has read it; the queue would refuse a gap
        self.fifo.write(frame)

    def take(self, *, whole: bool = False) -> Iterator[_Piece]:
        while frame := (self.fifo.read(_READ_SAMPLES, partial=whole) if self.kind else None):
            yield _Piece(mono(frame), frame.sample_rate)


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _resampled(pieces: Iterator[_Piece], sample_rate: int) -> Iterator[Samples]:
    """Yield the pieces at one rate; a file may change its own in the middle."""
    stream: soxr.ResampleStream | None = None
    rate = sample_rate
    for piece in pieces:
        if piece.rate != rate or (stream is None and piece.rate != sample_rate):
            if stream is not None:
                yield stream.resample_chunk(np.empty(0, np.float32), last=True)
            rate = piece.rate
            stream = soxr.ResampleStream(rate, sample_rate, 1) if rate != sample_rate else None
        yield piece.samples if stream is None else stream.resample_chunk(piece.samples)
    if stream is not None:
        yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _silence(seconds: float, rate: int) -> Iterator[_Piece]:
    left = round(seconds * rate)
    while left > 0:
        yield _Piece(np.zeros(min(left, _READ_SAMPLES), np.float32), rate)
        left -= _READ_SAMPLES


def _opened(path: str | Path) -> InputContainer:
    try:
        if not Path(path).stat().st_size:
            raise DecodeError(path, "the file is empty")
        container: InputContainer = av.open(_name_for_ffmpeg(path), **_TORN_TAGS)
    except av.FFmpegError as error:
        raise DecodeError(path, f"not a readable sound file ({error.strerror})") from error
    except OSError as error:
        raise DecodeError(path, f"cannot be opened ({error.strerror or error})") from error
    return container


def _name_for_ffmpeg(path: str | Path) -> str:
    """Return the path as a plain file, whatever signs (``http:``, ``%03d``) are in its name."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        reason = "its name is not valid UTF-8, which the decoder cannot open (rename the file)"
        raise DecodeError(str(path).encode("utf-8", "replace").decode(), reason) from error
    return f"file:{path}"


def _audio_stream(container: InputContainer, path: str | Path) -> AudioStream:
    stream = container.streams.best("audio")
    if stream is None:
        raise DecodeError(path, "no sound in it")
    audio = cast("AudioStream", stream)
    audio.codec_context.thread_type = "NONE"  # threads give nothing for audio codecs
    return audio


def _packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Yield every packet of a stream, past the places where the container is damaged."""
    for _ in range(_MOST_DEMUX_ERRORS):
        try:
            yield from container.demux(stream)
        except av.FFmpegError:
            continue
        return


def _decoded(packet: Packet[AudioStream]) -> list[AudioFrame]:
    try:
        return [frame for frame in packet.decode() if frame.samples]
    except av.FFmpegError:
        return []  # the clock sees the hole that it leaves


def _start_s(stream: AudioStream) -> float | None:
    if stream.start_time is None or stream.time_base is None:
        return None
    return float(stream.start_time * stream.time_base)


def _end_s(packet: Packet[AudioStream]) -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _declared_end_s(container: InputContainer, stream: AudioStream) -> float | None:
    if container.duration is None:
        return None
    return (_start_s(stream) or 0.0) + container.duration / av.time_base


def _trusted_end_s(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the end that the head of the file promises; None where it is only a guess."""
    guessed = bool(_GUESSED_LENGTH & set(container.format.name.split(",")))
    # Only a LAME head, which counts the frames, gives an MP3 a start other than 0.
    counted = container.format.name == "mp3" and bool(_start_s(stream))
    return None if guessed and not counted else _declared_end_s(container, stream)
