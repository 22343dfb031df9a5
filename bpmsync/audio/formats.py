"""The formats that sound is written in, found by the endings of file names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bpmsync.errors import ParameterError

__all__ = ["FORMATS", "SoundFormat", "find_format"]


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """One way to write sound, with the settings that we write it with.

    Parameters
    ----------
    name : str
        As people call it.
    suffix : str
        The ending of its files, with the dot.
    lossy : bool
        True where the decoded sound is only like what was written: its peaks may be higher.
    chapters : bool
        True where players find chapters in the file itself; others need a CUE sheet beside it.
    rates : tuple of int
        The sample rates that it has, in rising order; empty where it has any.
    container, codec, sample_format : str
        FFmpeg's names.
    chapter_tags : bool
        True where chapters are tags, as Vorbis comments have them.
    plan_key : str
        The tag that holds the plan: one of our own where the format allows such.
    filled_packet : int or None
        The frames of a packet, where only the beginning of a file can be cut within one.
    bit_rate : int or None
        In bit/s, where the codec is asked for one.
    headroom_db : float
        By how much less than a lossless file may hold is to go in, so that what comes out does
        not clip: measured on hot mixes of an hour, where a few peaks grow most.
    codec_options, container_options : dict of str to str
        FFmpeg's; ``{rate}`` in the latter stands for the sample rate.
    """

    name: str
    suffix: str
    lossy: bool
    chapters: bool
    rates: tuple[int, ...]
    container: str
    codec: str
    sample_format: str
    chapter_tags: bool = False
    plan_key: str = "bpmsync_plan"
    filled_packet: int | None = None
    bit_rate: int | None = None
    headroom_db: float = 0.0
    codec_options: dict[str, str] = field(default_factory=dict, hash=False)
    container_options: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def sample_rate(self) -> int | None:
        """Return the one rate that it has; None where there are more."""
        return self.rates[0] if len(self.rates) == 1 else None

    def rate_for(self, sample_rate: int) -> int:
        """Return the rate that sound of this rate is written with: the same, the next or the highest."""
        if not self.rates or sample_rate in self.rates:
            return sample_rate
        return next((rate for rate in self.rates if rate > sample_rate), self.rates[-1])


_MP3_RATES = (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)

FORMATS: Final = (
    # The encoder is most of a mix's cost. Its best variable rate at level 7, with both sides coded for
    # themselves, takes 0.6 of the time of 192 kbit/s at its defaults and leaves no more noise unmasked.
    SoundFormat(
        "MP3",
        ".mp3",
        lossy=True,
        chapters=True,
        rates=_MP3_RATES,
        container="mp3",
        codec="libmp3lame",
        sample_format="fltp",
        headroom_db=1.0,
        codec_options={
            "flags": "+qscale",
            "global_quality": "0",
            "compression_level": "7",
            "joint_stereo": "0",
        },
    ),
    # An edit list counts in the units of the movie: only those of the samples cut where they should.
    SoundFormat(
        "M4A",
        ".m4a",
        lossy=True,
        chapters=True,
        rates=(*_MP3_RATES, 64_000, 88_200, 96_000),
        container="ipod",
        codec="aac",
        sample_format="fltp",
        plan_key="synopsis",  # iTunes' long description: the muxer writes no tags of our own
        filled_packet=1024,
        bit_rate=256_000,
        headroom_db=2.4,
        # The encoder's slower way of choosing is both slower and worse where there is room enough.
        # What saves room by noise, by one side for both or by prediction in time costs 2.4 dB of its
        # ratio of sound to error here, and makes the worst single error twice as large.
        codec_options={"aac_coder": "fast", "aac_pns": "0", "aac_is": "0", "aac_tns": "0"},
        container_options={"movie_timescale": "{rate}"},
    ),
    SoundFormat(
        "Opus",
        ".opus",
        lossy=True,
        chapters=True,
        rates=(48_000,),
        container="opus",
        codec="libopus",
        sample_format="flt",
        chapter_tags=True,
        bit_rate=160_000,
        headroom_db=1.2,
        codec_options={"compression_level": "5"},
    ),
    SoundFormat(
        "FLAC",
        ".flac",
        lossy=False,
        chapters=False,
        rates=(),
        container="flac",
        codec="flac",
        sample_format="s16",
        chapter_tags=True,
    ),
    SoundFormat(
        "WAV",
        ".wav",
        lossy=False,
        chapters=False,
        rates=(),
        container="wav",
        codec="pcm_s16le",
        sample_format="s16",
        plan_key="ISBJ",  # the subject: RIFF has no tags of our own
        container_options={"rf64": "auto"},  # beyond 4 GB the head says so
    ),
)


def find_format(path: str | Path) -> SoundFormat:
    """Return the format that the ending of a name asks for, in either case.

    Raises
    ------
    ParameterError
        If it is none of ours.

    Examples
    --------
    >>> find_format("run.MP3").name
    'MP3'
    """
    suffix = Path(path).suffix.lower()
    for one in FORMATS:
        if one.suffix == suffix:
            return one
    endings = ", ".join(one.suffix for one in FORMATS)
    msg = f"cannot tell the sound format of {path} (its name must end in one of {endings})"
    raise ParameterError(msg)
