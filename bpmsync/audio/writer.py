"""Sound into files, block by block, in five formats.

As many frames come out of a file as went in, and each in its place: the heads and edit lists
that tell players of an encoder's lead-in and padding are written. Formats of 16 bits are
dithered; values that are whole steps of 16 bits already are kept as they are, so that silence
stays silence and an untouched file stays what it was. Equal input gives equal bytes.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np
import soxr
from av import AudioFormat, AudioFrame, AudioLayout
from av.container import Flags

from bpmsync.audio.embedded import Chapter, SoundTags, clean_text, read_chapters, read_plan_text
from bpmsync.audio.formats import FORMATS, SoundFormat, find_format
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.container.core import Chapter as AvChapter
    from numpy.typing import NDArray

    from bpmsync.audio.source import Sound

__all__ = [
    "FORMATS",
    "Chapter",
    "SoundFormat",
    "SoundTags",
    "encode_sound",
    "find_format",
    "read_chapters",
    "read_plan_text",
]

_CHAPTER_UNIT: Final = Fraction(1, 1000)  # what MP3 counts its chapters in
_STEPS: Final = 32_768  # of 16 bits, from 0 to full scale
_PIECE: Final = 65_536  # frames that are worth one call of the encoder, and bound its memory


def encode_sound(
    part: Path,
    sound_format: SoundFormat,
    blocks: Iterable[Sound],
    sample_rate: int,
    *,
    frames: int | None = None,
    tags: SoundTags | None = None,
    chapters: Sequence[Chapter] = (),
    plan_text: str | None = None,
) -> int:
    """Write sound to a file and return how many frames of it there were.

    Parameters
    ----------
    part : Path
        Where to; what is there is replaced. Its name says nothing about the format: it may be
        what `bpmsync.atomic.replacing` gave.
    sound_format : SoundFormat
        From `find_format`.
    blocks : iterable of numpy.ndarray of float32, shape (2, frames)
        Full scale at 1; in 16-bit formats louder values are cut off. Read as they are needed.
    sample_rate : int
        Of the blocks, in Hz; where the format has no such rate, it is written with another one.
    frames : int, optional
        How many the blocks will have together. Where it is told, readers that always give the last
        packet of an M4A whole, as FFmpeg does, end with the sound too, not up to 23 ms later.
    tags : SoundTags, optional
        What a player shows.
    chapters : sequence of Chapter
        Left out where the format has none; Opus and FLAC say only where each begins.
    plan_text : str, optional
        The plan, as `read_plan_text` gives it back.

    Raises
    ------
    ParameterError
        If the blocks are not stereo, or there is not one frame in them.
    OSError
        If the file cannot be written.
    """
    rate = sound_format.rate_for(sample_rate)
    lead = _lead(sound_format, frames, rate / sample_rate)
    floats = _led_in(_pieces(_stereo(blocks), sample_rate, rate), lead)
    pieces = _sixteen_bits(floats) if sound_format.sample_format == "s16" else floats
    with _open(part, sound_format, rate) as out:
        stream = _add_stream(out, sound_format, rate)
        out.metadata.update(_words(sound_format, tags, plan_text))
        if sound_format.chapter_tags:
            out.metadata.update(_chapter_tags(chapters))
        elif sound_format.chapters:
            out.set_chapters([_chapter(number, one) for number, one in enumerate(chapters)])
        position = -lead
        for piece in pieces:
            with _told_by_system(part):
                out.mux(stream.encode(_frame(piece, rate, position)))
            position += piece.shape[1]
        if position <= 0:
            msg = f"there is no sound to write to {part}"
            raise ParameterError(msg)
        with _told_by_system(part):
            out.mux(stream.encode(None))
    return position


@contextmanager
def _open(part: Path, sound_format: SoundFormat, rate: int) -> Iterator[OutputContainer]:
    """Give a container to write to; its head is right only where the block ends well."""
    options = {name: value.format(rate=rate) for name, value in sound_format.container_options.items()}
    with _told_by_system(part):
        out = av.open(f"file:{part}", "w", format=sound_format.container, container_options=options)
    out.flags |= cast("int", Flags.bitexact.value)  # no versions, no random numbers of streams
    try:
        yield out
    except BaseException:
        with suppress(av.FFmpegError):
            out.close()
        raise
    with _told_by_system(part):
        out.close()


@contextmanager
def _told_by_system(part: Path) -> Iterator[None]:
    """Raise what FFmpeg could not do as the error of the system that it is."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror, str(part)) from error


def _add_stream(out: OutputContainer, sound_format: SoundFormat, rate: int) -> AudioStream:
    stream = cast(
        "AudioStream", out.add_stream(sound_format.codec, rate=rate, options=sound_format.codec_options)
    )
    stream.layout = AudioLayout("stereo")
    stream.format = AudioFormat(sound_format.sample_format)
    if sound_format.bit_rate is not None:
        stream.bit_rate = sound_format.bit_rate
    return stream


def _lead(sound_format: SoundFormat, frames: int | None, ratio: float) -> int:
    """Return how much silence before second 0, which heads tell players to skip, fills the last packet."""
    packet = sound_format.filled_packet
    if packet is None or frames is None or frames * ratio < packet:
        return 0
    return -round(frames * ratio) % packet


def _led_in(pieces: Iterable[Sound], lead: int) -> Iterator[Sound]:
    if lead:
        yield np.zeros((2, lead), np.float32)
    yield from pieces


def _words(sound_format: SoundFormat, tags: SoundTags | None, plan_text: str | None) -> dict[str, str]:
    words = {} if tags is None else tags.as_metadata()
    if plan_text is not None:
        words[sound_format.plan_key] = clean_text(plan_text)
    return words


def _chapter(number: int, chapter: Chapter) -> AvChapter:
    return {
        "id": number,
        "start": round(chapter.start_s / _CHAPTER_UNIT),
        "end": round(chapter.end_s / _CHAPTER_UNIT),
        "time_base": _CHAPTER_UNIT,
        "metadata": {"title": clean_text(chapter.title)},
    }


def _chapter_tags(chapters: Sequence[Chapter]) -> dict[str, str]:
    """Return chapters as Vorbis comments: FFmpeg's own ones are a second late half of the time."""
    tags = {}
    for number, chapter in enumerate(chapters):
        whole, ms = divmod(round(chapter.start_s * 1000), 1000)
        minutes, seconds = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        tags[f"CHAPTER{number:03}"] = f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
        tags[f"CHAPTER{number:03}NAME"] = clean_text(chapter.title)
    return tags


def _stereo(blocks: Iterable[Sound]) -> Iterator[Sound]:
    for block in blocks:
        if block.ndim != 2 or len(block) != 2:  # noqa: PLR2004 - two sides
            msg = f"sound to write needs the shape (2, frames), got {block.shape}"
            raise ParameterError(msg)
        yield np.asarray(block, np.float32)


def _pieces(blocks: Iterable[Sound], sample_rate: int, rate: int) -> Iterator[Sound]:
    """Yield the blocks at another rate, in pieces that bound the memory of the encoder."""
    if rate != sample_rate:
        blocks = _resampled(blocks, sample_rate, rate)
    for block in blocks:
        for first in range(0, block.shape[1], _PIECE):
            yield block[:, first : first + _PIECE]


def _resampled(blocks: Iterable[Sound], sample_rate: int, rate: int) -> Iterator[Sound]:
    stream = soxr.ResampleStream(sample_rate, rate, 2)
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block.T)).T
    yield stream.resample_chunk(np.empty((0, 2), np.float32), last=True).T


def _sixteen_bits(pieces: Iterable[Sound]) -> Iterator[NDArray[np.int16]]:
    """Yield whole steps of 16 bits, with triangular dither of one step to either side.

    Both sides get the same, so that what is the same on both stays so.
    """
    random = np.random.default_rng(0)
    for piece in pieces:
        steps = piece * np.float32(_STEPS)
        whole = np.rint(steps)
        halves = random.integers(0, 2**32, piece.shape[1], np.uint32).view(np.uint16).reshape(-1, 2)
        dither = np.subtract(halves[:, 0], halves[:, 1], dtype=np.float32)
        dither *= np.float32(2**-16)
        dithered = np.rint(steps + dither)
        np.copyto(dithered, whole, where=steps == whole)
        np.clip(dithered, -_STEPS, _STEPS - 1, out=dithered)
        packed = np.empty((piece.shape[1], 2), np.int16)  # as encoders want them: side by side
        np.copyto(packed.T, dithered, casting="unsafe")
        yield packed.T


def _frame(piece: NDArray[np.float32] | NDArray[np.int16], rate: int, first: int) -> AudioFrame:
    if piece.dtype == np.int16:
        packed = np.ascontiguousarray(piece.T, np.int16).reshape(1, -1)
        frame = AudioFrame.from_ndarray(packed, format="s16", layout="stereo")
    else:
        planes = np.ascontiguousarray(piece, np.float32)
        frame = AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate = rate
    frame.pts, frame.time_base = first, Fraction(1, rate)
    return frame
