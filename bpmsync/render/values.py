"""How a plan is to be rendered, and what was done: values of the render jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bpmsync.audio.loudness import TARGET_LUFS, Loudness
from bpmsync.audio.stretch import DEFAULT_STRETCHER, find_stretcher
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.audio.writer import SoundFormat
    from bpmsync.render.clicklayer import ClickChoice

__all__ = ["CueWish", "LegReport", "MixOptions", "MixReport", "Progress"]

_LOWEST_LUFS, _HIGHEST_LUFS = -40.0, -6.0
_MOST_JOBS = 64
_USUAL_RATE = 44_100


@dataclass(frozen=True, slots=True)
class CueWish:
    """What is to be said during a run.

    Parameters
    ----------
    texts : tuple of str
        In turn; with a folder only their number counts.
    folder : Path or None
        Recordings that are heard in place of the texts.
    speaker : str or None
        The program that speaks; a chime is heard where there is neither.
    """

    texts: tuple[str, ...]
    folder: Path | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixOptions:
    """How a plan is rendered.

    Parameters
    ----------
    loudness_lufs : float
        What each leg is brought to, -40 to -6 LUFS.
    fade_steps : int, optional
        The longest cross-fade; what the plan kept free for it by default.
    sample_rate : int, optional
        In Hz; what suits the format by default: 44,100, or 48,000 for Opus.
    click : {"off", "all", "missing"}
        Which steps have a click under the music.
    cues : CueWish, optional
        What is said, and how; nothing by default.
    jobs : int
        Processes that make legs ahead of the mix; with 1 all is done in this one.
    stretcher : str
        Name of the engine.
    """

    loudness_lufs: float = TARGET_LUFS
    fade_steps: int | None = None
    sample_rate: int | None = None
    click: ClickChoice = "off"
    cues: CueWish | None = None
    jobs: int = 2
    stretcher: str = DEFAULT_STRETCHER

    def __post_init__(self) -> None:
        if not _LOWEST_LUFS <= self.loudness_lufs <= _HIGHEST_LUFS:
            msg = (
                f"a loudness of {self.loudness_lufs:g} LUFS must be from {_LOWEST_LUFS:g} to "
                f"{_HIGHEST_LUFS:g} (usual: {TARGET_LUFS:g})"
            )
            raise ParameterError(msg)
        if not 1 <= self.jobs <= _MOST_JOBS:
            msg = f"the number of jobs must be from 1 to {_MOST_JOBS}, got {self.jobs}"
            raise ParameterError(msg)
        find_stretcher(self.stretcher)

    def rate_for(self, sound_format: SoundFormat) -> int:
        """Return the sample rate of a mix in a format, in Hz."""
        return sound_format.sample_rate or self.sample_rate or _USUAL_RATE


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: seconds of the mix written, of all, and which time it is written."""

    done_s: float
    total_s: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class LegReport:
    """What was done to one leg.

    Parameters
    ----------
    number : int
        Which leg of the plan, from 0.
    gain_db : float
        What brought it to the loudness of the mix.
    loudness : Loudness
        What it had before.
    way : {"copy", "varispeed", "vocoder"}
        How it was stretched.
    fade_steps : int
        Over how many steps it faded into the next one; 0 is a change on the beat.
    """

    number: int
    gain_db: float
    loudness: Loudness
    way: Literal["copy", "varispeed", "vocoder"]
    fade_steps: int


@dataclass(frozen=True, slots=True)
class MixReport:
    """What was written.

    Parameters
    ----------
    files : tuple of Path
        In the order in which they are played.
    durations_s : tuple of float
        Of each.
    loudness : Loudness
        Of the mix as it went into the file, its peak that of the samples: the limiter has kept
        what lies between them below -1 dBTP.
    decoded_dbtp : float or None
        True peak of what comes out of the file, where that is another sound; the highest of all.
    sample_rate : int
        In Hz.
    legs : tuple of LegReport
        One for each leg that is heard.
    """

    files: tuple[Path, ...]
    durations_s: tuple[float, ...]
    loudness: Loudness
    decoded_dbtp: float | None
    sample_rate: int
    legs: tuple[LegReport, ...]
