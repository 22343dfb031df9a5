"""Which of the pulses of the music is the beat.

Tracking finds beats that are exact, but it may count three quavers for two, or sit on the
off-beat. Here every other way to count the same music is a hypothesis: so many times the tempo,
so far from the beats found. The evidence is looked up on the beats themselves, 24 places
from one to the next, so that music that drifts is judged as well as music that does not. It is
weighed by a log-linear model whose weights were learned from music that the project makes
itself (`benchmarks/weigh_evidence.py`), where the beat is known to the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import log
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import Reading
from bpmsync.beats.smoothing import running_max
from bpmsync.beats.spectrum import ATTACKS
from bpmsync.beats.weights import EVIDENCE_WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bpmsync.beats.onsets import OnsetStrength
    from bpmsync.beats.spectrum import Features
    from bpmsync.beats.tempo import Tempo

__all__ = [
    "EVIDENCE",
    "Count",
    "Counted",
    "Harmony",
    "choose_count",
    "counted_beats",
    "listen_to_harmony",
    "weigh_counts",
]

_PLACES = 24  # on each beat: halves, thirds, quarters, sixths and eighths of it are among them
EVIDENCE = (
    *(f"band_{k}" for k in range(6)),
    *("middle_over_half", "high_over_half", "bass_alternates"),
    *("again_1", "again_2", "again_3", "again_4", "again_8"),
    *("tempo", "tempo_squared", "chords", "chords_by_bar", "begins", "as_tracked"),
    *("third", "two_thirds", "lesser_third", "quarter", "three_quarters"),
)
_WEIGHTS = np.array([EVIDENCE_WEIGHTS[name] for name in EVIDENCE])
_USUAL_BPM = 130.0
_CHORD_BLOCKS = 4  # a chord change compares the 0.4 s before with the 0.4 s after
_BEGIN_SPREAD_S = 0.03
_FEWEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class Harmony:
    """What is known beside the onsets.

    Parameters
    ----------
    changes : numpy.ndarray of float64, shape (m + 1,)
        How much the harmony changes at the start of each block, 0 to 1.
    tonal : float
        0 drums alone to 1 clear chords.
    block_s : float
        Seconds from one block to the next.
    begin_s : float
        Second in which the first sound begins.
    """

    changes: NDArray[np.float64]
    tonal: float
    block_s: float
    begin_s: float

    def changes_at(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much the harmony changes at some seconds."""
        return np.interp(seconds / self.block_s, np.arange(len(self.changes)), self.changes)


@dataclass(frozen=True, slots=True)
class Count:
    """One way to count the music.

    Parameters
    ----------
    ratio : Fraction
        Its tempo over the tempo tracked.
    place : int
        How far its first beat lies after the first beat tracked, in 24ths of a tracked beat.
    """

    ratio: Fraction
    place: int


_COUNTS = tuple(
    Count(Fraction(ratio), place)
    for ratio, places in (
        ("1", (0, 6, 8, 12, 16, 18)),
        ("2", (0, 6)),
        ("1/2", (0, 12, 24, 36)),
        ("3/2", (0, 8)),
        ("2/3", (0, 6, 12, 18, 24, 30)),
        ("4/3", (0, 9)),
        ("3/4", (0, 8, 16, 24)),
        ("3", (0, 4)),
        ("1/3", (0, 12, 24, 36, 48, 60)),
    )
    for place in places
)


@dataclass(frozen=True, slots=True)
class Counted:
    """The count that the evidence favours.

    Parameters
    ----------
    count : Count
        The winner.
    readings : tuple of Reading
        The posterior over tempi, relative to the winner's, most probable first.
    """

    count: Count
    readings: tuple[Reading, ...]


def choose_count(
    onsets: OnsetStrength,
    tempo: Tempo,
    harmony: Harmony,
    beats: NDArray[np.float64],
    *,
    only_phase: bool = False,
) -> Counted:
    """Return the most probable way to count the music, and how probable the other tempi are.

    Parameters
    ----------
    onsets, tempo, harmony
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        The beats tracked, in frames, n >= 4.
    only_phase : bool
        Whether the tempo is known already, by a person's word.
    """
    counts, evidence = weigh_counts(onsets, tempo, harmony, beats)
    if only_phase:
        same = [k for k, count in enumerate(counts) if count.ratio == 1]
        counts, evidence = tuple(counts[k] for k in same), evidence[same]
    if not counts:
        return Counted(Count(Fraction(1), 0), (Reading(Fraction(1), 1.0),))
    scores = evidence @ _WEIGHTS
    odds = np.exp(scores - scores.max())
    probability = odds / odds.sum()
    best = int(np.argmax(scores))
    return Counted(counts[best], _readings(counts, probability, counts[best].ratio))


def counted_beats(beats: NDArray[np.float64], count: Count, last: float) -> NDArray[np.float64]:
    """Return the beats of a count in frames, from 0 to the last frame.

    Parameters
    ----------
    beats : numpy.ndarray of float64, shape (n,)
        The beats tracked, in frames, n >= 2.
    count : Count
        How to count them.
    last : float
        Frame after which there is no sound.
    """
    step = float(1 / count.ratio)
    first_interval = float(np.median(np.diff(beats[:9])))
    last_interval = float(np.median(np.diff(beats[-9:])))
    start = count.place / _PLACES
    before = int(np.ceil((start + beats[0] / first_interval) / step))
    after = int(np.ceil((len(beats) + max(last - beats[-1], 0) / last_interval) / step))
    where = start + step * np.arange(-before, after + 1)
    numbers = np.arange(len(beats))
    counted = np.interp(where, numbers, beats)
    counted += np.minimum(where, 0) * first_interval
    counted += np.maximum(where - numbers[-1], 0) * last_interval
    inside: NDArray[np.float64] = counted[(counted >= 0) & (counted <= last)]
    return inside


def weigh_counts(
    onsets: OnsetStrength, tempo: Tempo, harmony: Harmony, beats: NDArray[np.float64]
) -> tuple[tuple[Count, ...], NDArray[np.float64]]:
    """Return the counts that the track is long enough for, and the evidence for each.

    Parameters
    ----------
    onsets, tempo, harmony
        Of the whole track.
    beats : numpy.ndarray of float64, shape (n,)
        The beats tracked, in frames.

    Returns
    -------
    counts : tuple of Count
        Some of all.
    evidence : numpy.ndarray of float64, shape (len(counts), len(EVIDENCE))
        In the order of `EVIDENCE`.
    """
    lattice = _look_up(onsets, harmony, beats)
    places = len(lattice.chords)
    counts: list[Count] = []
    rows: list[list[float]] = []
    for ratio, same in groupby(_COUNTS, attrgetter("ratio")):
        step = int(_PLACES / ratio)  # places from one beat to the next: a whole number for all ratios
        long_enough = [count for count in same if count.place + (_FEWEST - 1) * step < places]
        if long_enough:
            heard = _fold(lattice, step, tempo)
            rows += [_evidence(lattice, heard, count) for count in long_enough]
            counts += long_enough
    return tuple(counts), np.array(rows).reshape(len(counts), len(EVIDENCE))


@dataclass(frozen=True, slots=True, eq=False)
class _Lattice:
    """What is heard at each 24th of each beat tracked."""

    strength: NDArray[np.float64]  # (places, 6)
    usual: NDArray[np.float64]  # (6,): at all eighths and sixths alike
    chords: NDArray[np.float64]  # (places,): how much the harmony changes there
    usual_chords: float
    tonal: float
    place_frames: NDArray[np.float64]
    beat_frames: float
    frame_s: float
    begin: float  # the frame in which sound begins

    def folded(self, values: NDArray[np.float64], period: int) -> NDArray[np.float64]:
        """Return the mean at each place of a period over all whole periods, shape (period, ...)."""
        whole = max(len(values) // period, 1)
        padded = values[: whole * period]
        if len(padded) < period:  # shorter than one: what is missing is as it is on average
            padded = np.resize(padded, (period, *values.shape[1:]))
        means: NDArray[np.float64] = padded.reshape(-1, period, *values.shape[1:]).mean(axis=0)
        return means


def _look_up(onsets: OnsetStrength, harmony: Harmony, beats: NDArray[np.float64]) -> _Lattice:
    places = np.arange((len(beats) - 1) * _PLACES + 1) / _PLACES
    frames = np.interp(places, np.arange(len(beats)), beats)
    nearest = np.clip(np.rint(frames).astype(np.int64), 0, len(onsets.bands) - 1)
    strength = running_max(onsets.bands, 3)[nearest].astype(np.float64)
    chords = harmony.changes_at(frames * onsets.frame_s)
    return _Lattice(
        strength=strength,
        usual=0.5 * (strength[::6].mean(axis=0) + strength[::8].mean(axis=0)),
        chords=chords,
        usual_chords=float(chords.mean()),
        tonal=harmony.tonal,
        place_frames=frames,
        beat_frames=float(np.median(np.diff(beats))),
        frame_s=onsets.frame_s,
        begin=harmony.begin_s / onsets.frame_s,
    )


def listen_to_harmony(features: Features) -> Harmony:
    """Return where the harmony changes, how tonal the music is, and when it begins."""
    chroma = features.chroma.astype(np.float64)
    total = chroma.sum(axis=1)
    changes = np.zeros(len(chroma) + 1)
    tonal = 0.0
    if total.max(initial=0) > 0:
        peakedness = np.average(12 * chroma.max(axis=1) / (total + 1e-9), weights=total + 1e-9)
        tonal = float(np.clip((peakedness - 1.5) / 1.5, 0, 1))
        unit = chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-6 * chroma.max())
        k = _CHORD_BLOCKS
        changes[k : len(changes) - k] = _unlike(unit, k)
    return Harmony(changes, tonal, features.block_s, _begin_s(features))


def _unlike(rows: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return 1 less the cosine between the mean of some rows before and after each border."""
    if len(rows) < 2 * reach:
        return np.empty(0)
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    before, after = sums[reach:-reach] - sums[: -2 * reach], sums[2 * reach :] - sums[reach:-reach]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    unlike: NDArray[np.float64] = 1 - (before * after).sum(axis=1) / (lengths + 1e-9)
    return unlike


def _begin_s(features: Features) -> float:
    """Return the second in which the first sound begins: a piece seldom begins off its beat."""
    power = np.convolve(features.attack, np.full(ATTACKS, 1 / ATTACKS), "same")
    heard = power > 0.01 * np.percentile(power, 95)
    return float(np.argmax(heard)) * features.frame_s / ATTACKS + 0.004


def _fold(lattice: _Lattice, step: int, tempo: Tempo) -> _AtRatio:
    """Return what all counts of one tempo have in common; there are so many places from beat to beat."""
    lag = lattice.beat_frames * step / _PLACES
    quicker = float(np.log2(60.0 / (lag * lattice.frame_s) / _USUAL_BPM))
    strength = lattice.folded(lattice.strength, step)
    return _AtRatio(
        step=step,
        lag=lag,
        strength=strength,
        all_bands=strength.mean(axis=1),
        bass=lattice.folded(lattice.strength[:, 0], 2 * step),
        chords=lattice.folded(lattice.chords, 4 * step),
        again=tuple(tempo.similarity_at(lag * beats) for beats in (1, 2, 3, 4, 8)),
        quicker=quicker,
        told_by_bar=len(lattice.chords) >= 8 * step,  # two bars, or there is nothing to compare
    )


@dataclass(frozen=True, slots=True, eq=False)
class _AtRatio:
    """What is heard from beat to beat at one tempo, folded over all beats."""

    step: int
    lag: float  # frames from one beat to the next
    strength: NDArray[np.float64]  # (step, 6)
    all_bands: NDArray[np.float64]  # (step,): their mean
    bass: NDArray[np.float64]  # (2 step,)
    chords: NDArray[np.float64]  # (4 step,)
    again: tuple[float, ...]
    quicker: float
    told_by_bar: bool


def _evidence(lattice: _Lattice, heard: _AtRatio, count: Count) -> list[float]:
    """Return what speaks for a count, in the order of `EVIDENCE`."""
    step, place = heard.step, count.place
    mean, half_later = heard.strength[place], heard.strength[(place + step // 2) % step]
    half = np.log((mean + 0.1) / (half_later + 0.1))
    bass, other_bass = heard.bass[place], heard.bass[place + step]
    third, two_thirds, quarter, three_quarters = (
        log((heard.all_bands[(place + round(part * step)) % step] + 0.1) / (heard.all_bands[place] + 0.1))
        for part in (1 / 3, 2 / 3, 1 / 4, 3 / 4)
    )
    return [
        *np.log((mean + 0.05) / (lattice.usual + 0.051)),
        (half[2] + half[3]) / 2,
        (half[4] + half[5]) / 2,
        abs(bass - other_bass) / (bass + other_bass + 0.2),
        *heard.again,
        heard.quicker,
        heard.quicker**2,
        *_chord_evidence(lattice, heard, place),
        _begins_on(lattice, count.place, heard),
        float(count.ratio == 1),
        *(third, two_thirds, min(third, two_thirds), quarter, three_quarters),
    ]


def _chord_evidence(lattice: _Lattice, heard: _AtRatio, place: int) -> tuple[float, float]:
    """Return whether chords change on the beats, and always on the same one of four."""
    by_bar = heard.chords[place :: heard.step].tolist()
    mean = sum(by_bar) / len(by_bar)
    on_beats = log((mean + 0.01) / (lattice.usual_chords + 0.0101))
    on_bars = log((max(by_bar) + 0.01) / (mean + 0.01)) if heard.told_by_bar else 0.0
    return lattice.tonal * on_beats, lattice.tonal * on_bars


def _begins_on(lattice: _Lattice, place: int, heard: _AtRatio) -> float:
    """Return 1 where the first sound falls on a beat of the count, 0 where it does not."""
    frames = lattice.place_frames[place :: heard.step]
    if lattice.begin < frames[0]:
        beats_before = (lattice.begin - frames[0]) / heard.lag
        off = abs(beats_before - round(beats_before)) * heard.lag
    else:
        off = float(np.abs(frames - lattice.begin).min())
    return float(np.exp(-0.5 * (off * lattice.frame_s / _BEGIN_SPREAD_S) ** 2))


def _readings(
    counts: Sequence[Count], probability: NDArray[np.float64], chosen: Fraction
) -> tuple[Reading, ...]:
    """Return the probability of each tempo, whatever its phase, over the chosen one's tempo."""
    total: dict[Fraction, float] = {}
    for count, share in zip(counts, probability, strict=True):
        ratio = count.ratio / chosen
        total[ratio] = total.get(ratio, 0.0) + float(share)
    found = [Reading(ratio, share) for ratio, share in total.items()]
    return tuple(sorted(found, key=lambda reading: (-reading.probability, reading.ratio)))
