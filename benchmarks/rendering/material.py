"""Sound with known beats: made by us to the sample, or real with the truth of the corpus."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Piece", "clicks", "drums", "ramped", "real_pieces", "steady"]

RATE = 44_100
MOST_SPREAD = 0.02  # beats that waver more are no music to run to


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Sound of shape (channels, frames) at 44.1 kHz and its beats in seconds."""

    name: str
    sound: np.ndarray
    beats_s: np.ndarray


def steady(bpm: float, seconds: float, *, drift: float = 0.0) -> np.ndarray:
    """Return beats whose tempo rises evenly by `drift` from the first to the last."""
    count = int(seconds * bpm / 60)
    intervals = 60 / bpm / np.linspace(1 - drift / 2, 1 + drift / 2, count)
    return 0.5 + np.cumsum(intervals)


def ramped(beats_s: np.ndarray, from_spm: float, to_spm: float) -> np.ndarray:
    """Return where the beats land on a ramp from one cadence to another."""
    return np.cumsum(60 / np.linspace(from_spm, to_spm, len(beats_s)))


def clicks(beats_s: np.ndarray) -> Piece:
    """Return short damped tones and nothing else."""
    t = np.arange(round(0.03 * RATE)) / RATE
    click = 0.6 * np.sin(2 * np.pi * 1500 * t) * np.exp(-t / 0.004)
    return Piece("clicks", _placed(beats_s, [(0.0, click, click)]), beats_s)


def drums(beats_s: np.ndarray) -> Piece:
    """Return kick, snare and off-beat hats in stereo over two held notes."""
    noise = np.random.default_rng(3).standard_normal
    t = np.arange(round(0.25 * RATE)) / RATE
    kick = 0.5 * np.sin(2 * np.pi * (50 * t + 6 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.08)
    snare = 0.25 * noise(len(t)) * np.exp(-t / 0.04)
    hat = 0.12 * noise(len(t)) * np.exp(-t / 0.012)
    kick[:60] += 0.2 * noise(60)
    sound = _placed(beats_s, [(0.0, kick, kick), (0.0, 0.6 * snare, snare), (0.5, hat, 0.4 * hat)])
    seconds = np.arange(sound.shape[1]) / RATE
    sound[0] += 0.05 * np.sin(2 * np.pi * 220 * seconds)
    sound[1] += 0.05 * np.sin(2 * np.pi * 331 * seconds)
    return Piece("drums", sound.astype(np.float32), beats_s)


def _placed(beats_s: np.ndarray, strokes: list[tuple[float, np.ndarray, np.ndarray]]) -> np.ndarray:
    sound = np.zeros((2, round((beats_s[-1] + 1) * RATE)), np.float32)
    intervals = np.diff(beats_s, append=beats_s[-1] + beats_s[-1] - beats_s[-2])
    for part, *channels in strokes:
        for start in np.rint((beats_s + part * intervals) * RATE).astype(int):
            for channel, stroke in enumerate(channels):
                end = min(start + len(stroke), sound.shape[1])
                sound[channel, start:end] += stroke[: end - start]
    return sound


def real_pieces(corpus: Path, *, every: int) -> Iterator[Piece]:
    """Yield the corpus's pieces of grade A with a steady beat."""
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if _is_wanted(row)]
    for row in rows[::every]:
        beats = np.sort(np.loadtxt(corpus / row["beats_file"], ndmin=2, usecols=0)[:, 0])
        sound = _decoded(corpus / row["path"])
        ends = float(row["truth_start_s"] or 0), min(float(row["truth_end_s"] or 1e9), sound.shape[1] / RATE)
        yield Piece(row["id"], sound, beats[(beats >= ends[0]) & (beats <= ends[1])])


def _is_wanted(row: dict[str, str]) -> bool:
    steady_beat = float(row["tempo_spread"] or 1) <= MOST_SPREAD and row["meter_irregular"] != "yes"
    return row["grade"] == "A" and bool(row["beats_file"]) and steady_beat


def _decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "stereo", RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
