"""What the engine learns from: pieces that the project makes, noise, talk, and free recordings.

Pieces teach the evidence and the bars. How far a grid can be trusted is told from noise and talk
as well, which have no beat, and from recordings that others gave away: their licence must allow
any use, so it must be named, and neither bar sale (NC) or change (ND) nor be a GPL.
"""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fixtures"))

from bpmsync.audio.decode import read_audio
from speech import talk
from styles import RATE, STYLES, make

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Clip", "PieceToMake", "Recording", "Task", "Truth", "free", "noises", "pieces", "recordings"]

_FREE = re.compile(r"\b(?:CC0|CC[ -]BY(?:-SA)?|BSD|MIT|Zlib)\b", re.IGNORECASE)
_NOT_FREE = re.compile(r"\b(?:NC|ND|[AL]?GPL|non-?commercial)\b", re.IGNORECASE)
_ROUND = 0.5  # of the pieces of steady tempo, the share at a whole number of beats a minute
_NOISE_LENGTHS_S = (5, 8, 12, 20, 30, 45)
_NOISE_RMS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The beat of what is listened to.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        Times in s, increasing; empty where only the tempo is known.
    downbeats : numpy.ndarray of int64, shape (m,)
        Numbers of the beats that begin a bar; empty where unknown.
    bpm : float or None
        None where there is no beat.
    """

    beats: NDArray[np.float64]
    downbeats: NDArray[np.int64]
    bpm: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound and its truth.

    Parameters
    ----------
    samples : numpy.ndarray of float32, shape (n,)
        Mono.
    sample_rate : int
        In Hz.
    truth : Truth
        Of this sound.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    truth: Truth


@dataclass(frozen=True, slots=True)
class PieceToMake:
    """A piece before it is made."""

    style: str
    bpm: float
    seed: int
    seconds: float

    source = "generated"

    def clip(self) -> Clip:
        """Return the piece."""
        piece = make(self.style, bpm=self.bpm, seed=self.seed, seconds=self.seconds)
        bpm = 60.0 / float(np.median(np.diff(piece.beats)))
        return Clip(piece.samples, piece.sample_rate, Truth(piece.beats, piece.downbeats, bpm))


@dataclass(frozen=True, slots=True)
class NoiseToMake:
    """White noise, pink noise or talk before it is made."""

    kind: str
    seed: int
    seconds: float

    source = "noise and talk"

    def clip(self) -> Clip:
        """Return the sound, which has no beat."""
        size = round(self.seconds * RATE)
        rng = np.random.default_rng([self.seed, 5])
        if self.kind == "talk":
            sound = talk(self.seconds, seed=self.seed)
        elif self.kind == "white":
            sound = (_NOISE_RMS * rng.standard_normal(size)).astype(np.float32)
        else:
            spectrum = np.fft.rfft(rng.standard_normal(size))
            spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
            pink = np.fft.irfft(spectrum, size)
            sound = (_NOISE_RMS * pink / pink.std()).astype(np.float32)
        return Clip(sound, RATE, Truth(np.empty(0), np.empty(0, np.int64), None))


@dataclass(frozen=True, slots=True)
class Recording:
    """A row of a manifest: music that others made and gave away."""

    path: Path
    source: str
    licence: str
    bpm: float

    def clip(self) -> Clip:
        """Return the sound; of its beat the tempo alone is used."""
        file = read_audio(self.path)
        return Clip(file.samples, file.sample_rate, Truth(np.empty(0), np.empty(0, np.int64), self.bpm))


Task = PieceToMake | NoiseToMake | Recording


def pieces(*, per_style: int, seconds: float, seed: int) -> list[PieceToMake]:
    """Return what to make: every style at tempi spread evenly over its range, drawn within a part."""
    found = []
    for name, style in STYLES.items():
        low, high = np.log(style.bpm)
        for number in range(per_style):
            own = 1000 * (seed + 1) + number
            rng = np.random.default_rng([own, len(name)])
            bpm = float(np.exp(low + (high - low) * (number + rng.random()) / per_style))
            if rng.random() < _ROUND and style.tempo in {"steady", "edit"}:
                bpm = float(round(bpm))
            found.append(PieceToMake(name, bpm, own, seconds))
    return found


def noises(count: int, *, seed: int) -> list[NoiseToMake]:
    """Return noise and talk to make, 5 to 45 s each."""
    rng = np.random.default_rng([seed, 5])
    kinds = ("white", "pink", "talk")
    lengths = rng.choice(_NOISE_LENGTHS_S, count).tolist()
    return [NoiseToMake(kinds[k % 3], 1000 * seed + k, float(length)) for k, length in enumerate(lengths)]


def free(licence: str) -> bool:
    """Return whether a licence is named that lets anyone do anything with the work.

    Examples
    --------
    >>> free("CC BY 4.0"), free("BSD-3-Clause"), free("CC0 (per its copyright file)")
    (True, True, True)
    >>> free("CC BY-NC 3.0"), free("CC BY-ND 4.0"), free("GPL-2+"), free("see its homepage"), free("")
    (False, False, False, False, False)
    """
    return bool(_FREE.search(licence)) and not _NOT_FREE.search(licence)


def recordings(manifests: Sequence[Path], *, leave_out: Sequence[str] = ()) -> list[Recording]:
    """Return the free recordings of known tempo that the manifests name, each once.

    Parameters
    ----------
    manifests : sequence of Path
        CSV files with the columns path (beside the manifest), source, licence, tempo_bpm and, where
        known, title.
    leave_out : sequence of str
        Rows whose path has one of these in it are left out.
    """
    found, seen = [], set()
    for manifest in manifests:
        with manifest.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = Path(row["path"])
                # The same music comes under the same file name or the same title of its source.
                names = {path.stem, (row["source"], Path(row.get("title") or path.stem).stem)}
                unwanted = names & seen or any(word in row["path"] for word in leave_out)
                if unwanted or not row["tempo_bpm"] or not free(row["licence"]):
                    continue
                seen |= names
                found.append(
                    Recording(manifest.parent / path, row["source"], row["licence"], float(row["tempo_bpm"]))
                )
    return found
