"""Files as FFmpeg opens them: their packets, and how long they say they are.

Damage to the container never ends a file: what follows it is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import av

from bpmsync.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

__all__ = ["best_stream", "declared_end_s", "open_container", "packets", "start_s", "trusted_end_s"]

# PyAV 18 refuses a file whose tags are not UTF-8 unless it is told; 19 no longer asks.
_TORN_TAGS: Final[dict[str, Any]] = (
    {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}  # noqa: PLR2004
)
_MOST_DEMUX_ERRORS: Final = 200
# Their length is guessed from the bit rate, so a guess that is missed is no loss.
_GUESSED_LENGTH: Final = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "mpegts", "amr", "loas"})


def open_container(path: str | Path) -> InputContainer:
    """Return the open file.

    Raises
    ------
    DecodeError
        If there is no such file, or it is not one that FFmpeg knows.
    """
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


def best_stream(container: InputContainer, path: str | Path) -> AudioStream:
    """Return the first or best audio stream.

    Raises
    ------
    DecodeError
        If there is none.
    """
    stream = container.streams.best("audio")
    if stream is None:
        raise DecodeError(path, "no sound in it")
    audio = cast("AudioStream", stream)
    audio.codec_context.thread_type = "NONE"  # threads give nothing for audio codecs
    return audio


def packets(container: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """Yield every packet of a stream, past the places where the container is damaged."""
    for _ in range(_MOST_DEMUX_ERRORS):
        try:
            yield from container.demux(stream)
        except av.FFmpegError:
            continue
        return


def start_s(stream: AudioStream) -> float | None:
    """Return the time stamp of the first sample, if the file tells it."""
    if stream.start_time is None or stream.time_base is None:
        return None
    return float(stream.start_time * stream.time_base)


def declared_end_s(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the end as the container declares or guesses it."""
    if container.duration is None:
        return None
    return (start_s(stream) or 0.0) + container.duration / av.time_base


def trusted_end_s(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the end that the head of the file promises; None where it is only a guess."""
    guessed = bool(_GUESSED_LENGTH & set(container.format.name.split(",")))
    # Only a LAME head, which counts the frames, gives an MP3 a start other than 0.
    counted = container.format.name == "mp3" and bool(start_s(stream))
    return None if guessed and not counted else declared_end_s(container, stream)
