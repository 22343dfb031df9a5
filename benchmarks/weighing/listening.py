"""What the engine's own stages hear in a clip: every hypothesis, its evidence and its worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats import bars, confidence, fitting, metre, onsets, spectrum, tempo, tracking
from bpmsync.beats.detection import Reading
from weighing.judging import bars_right, beats_worth, tempo_usable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from weighing.material import Task, Truth

    Values = NDArray[np.float64]

__all__ = ["Bars", "Heard", "Trust", "choose_from", "hear", "trust_in", "weigh_bars"]

_FEWEST_BEATS = 6
_LEAST_BAR_LINES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A clip as the engine hears it before it has weighed anything; nothing of the sound is kept.

    Parameters
    ----------
    task : Task
        What was listened to.
    truth : Truth
        Its beat.
    strength : OnsetStrength
        The onsets.
    found : Tempo
        The tempo.
    harmony : Harmony
        Where the harmony changes.
    tracked : numpy.ndarray of float64, shape (n,)
        The beats tracked, in frames.
    last : float
        Frame after which there is no sound.
    counts : tuple of Count
        Each way to count them.
    evidence : numpy.ndarray of float64, shape (len(counts), k)
        For each count.
    worth : numpy.ndarray of float64, shape (len(counts), 4)
        Of each count, as `judging.PARTS`; not a number where it is too short to judge, and shape
        (0, 4) where the true beats are not known.
    """

    task: Task
    truth: Truth
    strength: onsets.OnsetStrength
    found: tempo.Tempo
    harmony: metre.Harmony
    tracked: Values
    last: float
    counts: tuple[metre.Count, ...]
    evidence: Values
    worth: Values

    def beats(self, chosen: int) -> Values:
        """Return the beats of a count in frames."""
        return metre.counted_beats(self.tracked, self.counts[chosen], self.last)


def hear(task: Task) -> Heard | None:
    """Return what the engine hears, or None where it would not answer."""
    clip = task.clip()
    features = spectrum.measure_features(clip.samples, clip.sample_rate)
    strength = onsets.measure_onsets(features)
    found = tempo.find_tempo(strength)
    path = tracking.track_path(strength, found.bpm)
    if len(path) < _FEWEST_BEATS:
        return None
    tracked = fitting.choose_curve(strength, (path, tracking.track_rigid(strength, path))).beats
    harmony = metre.listen_to_harmony(features)
    counts, evidence = metre.weigh_counts(strength, found, harmony, tracked)
    if not counts:
        return None
    last = features.duration_s / features.frame_s
    worth = _worth(clip.truth, [metre.counted_beats(tracked, c, last) * features.frame_s for c in counts])
    return Heard(task, clip.truth, strength, found, harmony, tracked, last, counts, evidence, worth)


def _worth(truth: Truth, answers: Sequence[Values]) -> Values:
    if truth.bpm is None or not len(truth.beats):
        return np.empty((0, 4))
    judged = [beats_worth(truth.beats, truth.bpm, beats) for beats in answers]
    return np.array([np.full(4, np.nan) if row is None else row for row in judged])


def choose_from(heard: Heard, weights: Values) -> tuple[int, Values]:
    """Return the number of the most probable count, and how probable each is."""
    scores = heard.evidence @ weights
    odds = np.exp(scores - scores.max())
    return int(np.argmax(scores)), odds / odds.sum()


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """The evidence for each way to bar some beats, and how much of it is right."""

    evidence: Values
    right: Values


def weigh_bars(heard: Heard, chosen: int) -> Bars | None:
    """Return the evidence for the bars of a count; None where there are too few bars to judge."""
    truth = heard.truth
    beats = heard.beats(chosen)
    if len(truth.downbeats) < _LEAST_BAR_LINES or len(beats) < _FEWEST_BEATS:
        return None
    curve = fitting.fit_curve(heard.strength, beats).beats
    kinds, evidence = bars.weigh_bars(heard.strength, heard.found, heard.harmony, curve)
    seconds = curve * heard.strength.frame_s
    return Bars(
        evidence,
        np.array([bars_right(truth.beats, truth.downbeats, seconds, m, k) for m, k in kinds]),
    )


@dataclass(frozen=True, slots=True)
class Trust:
    """What speaks for the grid of a clip, and whether it is usable."""

    source: str
    evidence: tuple[float, ...]
    usable: bool


def trust_in(heard: Heard, weights: Values) -> Trust | None:
    """Return what speaks for the grid that the engine makes with some weights; None for no grid."""
    chosen, shares = choose_from(heard, weights)
    beats = heard.beats(chosen)
    if len(beats) < _FEWEST_BEATS:
        return None
    curve = fitting.fit_curve(heard.strength, beats)
    told = heard.counts[chosen].ratio
    readings = [Reading(c.ratio / told, float(p)) for c, p in zip(heard.counts, shares, strict=True)]
    evidence = confidence.confidence_evidence(
        readings, salience=heard.found.salience, freedom=curve.freedom, beat_count=len(curve.beats)
    )
    bpm = 60.0 / (float(np.median(np.diff(curve.beats))) * heard.strength.frame_s)
    return Trust(heard.task.source, evidence, tempo_usable(heard.truth.bpm, bpm))
