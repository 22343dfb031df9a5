"""What cues sound like: recordings of the user's, speech of the system, else a chime of ours.

All are mono, at the rate of the mix and without silence at their ends. What is spoken has the
loudness of the mix, as it sounds from both channels, but no peak above -5.5 dBTP: over music that
steps back by 8 dB it is plain to hear, and both together stay below the ceiling of the limiter.
"""

from __future__ import annotations

import math
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from bpmsync.audio.decode import open_audio
from bpmsync.audio.limiter import limit_peaks
from bpmsync.audio.loudness import TARGET_LUFS, gain_to, measure_loudness
from bpmsync.audio.pieces import check_rate
from bpmsync.errors import DecodeError, ParameterError, RenderError
from bpmsync.render.speech import speak

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpmsync.audio.frames import Samples

__all__ = [
    "LONGEST_CUE_S",
    "CueSounds",
    "change_chime",
    "make_cue_sounds",
]

LONGEST_CUE_S: Final = 15.0
_VOICE_CEILING_DBTP: Final = -5.5
_MOST_RAISE_DB: Final = 30.0
_LEAST_MEASURED_S: Final = 0.5
_QUIET: Final = 10 ** (-50 / 20)  # of the peak: what is softer at either end is left out
_KEPT_S: Final = 0.02
_EDGE_S: Final = 0.005
_CHIME_S: Final = 1.2
_CHIME_LEVEL: Final = 0.45
_CHIME_DECAY_S: Final = 0.25
_CHIME_NOTE_S: Final = 0.16  # from one note to the next
_LOW_HZ, _HIGH_HZ = 784.0, 1174.7  # g'' and d''': a fifth
_NOTES: Final = {
    "theme": (_HIGH_HZ,),
    "faster": (_LOW_HZ, _HIGH_HZ),
    "slower": (_HIGH_HZ, _LOW_HZ),
    "even": (_LOW_HZ, _LOW_HZ),
}


@dataclass(frozen=True, slots=True, eq=False)
class CueSounds:
    """The sounds of a theme.

    Parameters
    ----------
    texts : tuple of str
        What is said, in order; of a recording, the name of its file.
    sounds : tuple of numpy.ndarray of float32, shape (n,)
        As many.
    sample_rate : int
        In Hz.
    source : str
        ``"folder"``, ``"speech"`` or ``"chime"``.
    loudness_lufs : float
        The loudness of the mix that they are made for.
    """

    texts: tuple[str, ...]
    sounds: tuple[Samples, ...]
    sample_rate: int
    source: Literal["folder", "speech", "chime"]
    loudness_lufs: float = TARGET_LUFS

    def __post_init__(self) -> None:
        if not self.texts or len(self.texts) != len(self.sounds):
            msg = f"{len(self.texts)} texts of cues and {len(self.sounds)} sounds: there must be as many"
            raise ParameterError(msg)

    @property
    def longest_s(self) -> float:
        """Length of the longest sound."""
        return max(len(sound) for sound in self.sounds) / self.sample_rate


def make_cue_sounds(
    texts: Sequence[str],
    sample_rate: int,
    *,
    folder: Path | None = None,
    speaker: str | None = None,
    loudness_lufs: float = TARGET_LUFS,
) -> CueSounds:
    """Return the sounds of a theme, ready before a mix is begun.

    Parameters
    ----------
    texts : sequence of str
        The theme's sentences; not used where a folder is given.
    sample_rate : int
        Of the mix, in Hz.
    folder : Path, optional
        Recordings to take instead: every WAV file in it, by name; a number in a name counts as
        a number.
    speaker : str, optional
        The program that speaks, as `bpmsync.render.speech.find_speaker` gives it; without it
        and without a folder a chime marks the moment of every sentence.
    loudness_lufs : float
        Of the mix.

    Raises
    ------
    ParameterError
        If the folder is none or holds no WAV file, or the rate is no music's.
    RenderError
        If a recording cannot be decoded, is silent or longer than 15 s, or the program fails;
        its name is in the message.
    """
    check_rate(sample_rate)
    if folder is not None:
        paths = _recordings(folder)
        sounds = [_loaded(path, sample_rate, loudness_lufs, name=str(path)) for path in paths]
        names = tuple(path.stem for path in paths)
        return CueSounds(names, tuple(sounds), sample_rate, "folder", loudness_lufs)
    if speaker is None:
        chime = _chime("theme", sample_rate, loudness_lufs)
        return CueSounds(tuple(texts), (chime,) * len(texts), sample_rate, "chime", loudness_lufs)
    sounds = [_spoken(text, sample_rate, loudness_lufs, speaker) for text in texts]
    return CueSounds(tuple(texts), tuple(sounds), sample_rate, "speech", loudness_lufs)


def change_chime(text: str, sample_rate: int, *, loudness_lufs: float = TARGET_LUFS) -> Samples:
    """Return the chime for a change of the ramp: rising, falling, or one note twice.

    Parameters
    ----------
    text : str
        ``"faster"``, ``"slower"`` or ``"even"``.
    sample_rate : int
        In Hz.
    loudness_lufs : float
        Of the mix.
    """
    return _chime(text, sample_rate, loudness_lufs)


def _spoken(text: str, sample_rate: int, loudness_lufs: float, speaker: str) -> Samples:
    with tempfile.TemporaryDirectory(prefix="bpmsync-") as place:
        path = Path(place) / "cue.wav"
        speak(text, path, program=speaker)
        name = f"what {Path(speaker).name} spoke for {text!r}"
        return _loaded(path, sample_rate, loudness_lufs, name=name)


def _recordings(folder: Path) -> list[Path]:
    try:
        paths = sorted((path for path in folder.iterdir() if _is_wav(path)), key=_by_number)
    except OSError as error:
        msg = f"{folder} is no folder with recordings of cues: {error.strerror or error}"
        raise ParameterError(msg) from error
    if not paths:
        msg = f"there is no WAV file in {folder}: each cue is one, taken in the order of their names"
        raise ParameterError(msg)
    return paths


def _chime(kind: str, sample_rate: int, loudness_lufs: float) -> Samples:
    """Return soft bells, one note after the other."""
    t = np.arange(round(_CHIME_S * sample_rate)) / sample_rate
    sound = np.zeros(len(t))
    for number, hz in enumerate(_NOTES[kind]):
        since = np.maximum(t - number * _CHIME_NOTE_S, 0.0)
        # The octave above and a third partial of a bell die away sooner
        for partial, share, decay in ((1.0, 1.0, 1.0), (2.0, 0.4, 0.5), (2.76, 0.15, 0.25)):
            sound += (
                share * np.sin(2 * np.pi * hz * partial * since) * np.exp(-since / (decay * _CHIME_DECAY_S))
            )
    sound *= _CHIME_LEVEL * _softer(loudness_lufs) / np.abs(sound).max()
    return _eased(sound.astype(np.float32), sample_rate)


def _softer(loudness_lufs: float) -> float:
    """Return what a level for the usual loudness is multiplied by; a louder mix has no more room."""
    return float(min(1.0, 10 ** ((loudness_lufs - TARGET_LUFS) / 20)))


def _is_wav(path: Path) -> bool:
    return path.suffix.lower() == ".wav" and not path.name.startswith(".") and not path.is_dir()


def _by_number(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", path.name.casefold())
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts]


def _loaded(path: Path, sample_rate: int, loudness_lufs: float, *, name: str) -> Samples:
    """Return a file's sound, trimmed and at the level of all cues."""
    try:
        blocks = list(open_audio(path, sample_rate=sample_rate, longest_s=4 * LONGEST_CUE_S).blocks())
    except DecodeError as error:
        msg = f"cannot use {name} as a cue: {error.reason}"
        raise RenderError(msg) from error
    sound = _trimmed(np.concatenate(blocks), sample_rate)
    if not len(sound):
        msg = f"cannot use {name} as a cue: it is silent"
        raise RenderError(msg)
    if len(sound) > LONGEST_CUE_S * sample_rate:
        length_s = len(sound) / sample_rate
        msg = f"cannot use {name} as a cue: {length_s:.0f} s of sound, where {LONGEST_CUE_S:g} s is the most"
        raise RenderError(msg)
    return _eased(_levelled(sound, sample_rate, loudness_lufs), sample_rate)


def _trimmed(sound: Samples, sample_rate: int) -> Samples:
    """Leave out silence at both ends, but for a breath."""
    loud = np.flatnonzero(np.abs(sound) > _QUIET * np.abs(sound).max(initial=0.0))
    if not len(loud):
        return sound[:0]
    kept = round(_KEPT_S * sample_rate)
    return sound[max(0, loud[0] - kept) : loud[-1] + 1 + kept]


def _levelled(sound: Samples, sample_rate: int, loudness_lufs: float) -> Samples:
    missing = max(0, math.ceil(_LEAST_MEASURED_S * sample_rate) - len(sound))
    both = np.stack([np.pad(sound, (0, missing))] * 2)  # it will come from both channels
    gain_db = gain_to(
        loudness_lufs,
        measure_loudness([both], sample_rate),
        most_raise_db=_MOST_RAISE_DB,
    )
    raised = (sound * np.float32(10 ** (gain_db / 20)))[np.newaxis]
    return _joined(limit_peaks([raised], sample_rate, ceiling_dbtp=_VOICE_CEILING_DBTP))


def _joined(blocks: Iterable[Samples]) -> Samples:
    return np.concatenate([block[0] for block in blocks])


def _eased(sound: Samples, sample_rate: int) -> Samples:
    """Let a sound come and go over some milliseconds, so that neither end is a click."""
    edge = min(round(_EDGE_S * sample_rate), len(sound) // 2)
    rise = (np.sin(np.linspace(0.0, np.pi / 2, edge)) ** 2).astype(np.float32)
    eased = sound.copy()
    eased[:edge] *= rise
    eased[len(eased) - edge :] *= rise[::-1]
    return eased
