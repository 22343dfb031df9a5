"""Libraries, runs and wishes for the planner, drawn from a number alone.

Equal seeds give equal cases, so that whatever fails once can be looked at again. Most libraries
are small, since a law is broken there as easily as anywhere and a thousand of them take seconds;
a few hold dozens of songs. Nothing is left out that a real library has: copies, ties, music of
one artist, no beat at all, speech, songs longer than the run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from bpmsync.beats.detection import Constraint, Detection
from bpmsync.library.shelf import Shelf
from bpmsync.library.track import Override
from bpmsync.planner.native import Effort, NativeOptions, Wishes, best_native, plan_native
from bpmsync.planner.stretch import StretchOptions, best_stretch, plan_stretch
from bpmsync.planner.weights import MEANINGS, Weights
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

__all__ = ["Case", "draw_case", "draw_song"]

_ARTISTS = (None, None, "", "A", "A", "a ", "B", "C")
_WEIGHTS = (0.0, 1.0, 50.0, 2000.0)
# The share of libraries with dozens of songs; up to so many songs plans are proved to be the best
_LARGE, _SMALL = 0.01, 6


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that a plan is made from; the shelf holds the library."""

    library: list[Track]
    shelf: Shelf
    ramp: Ramp
    options: NativeOptions | StretchOptions
    wishes: Wishes
    effort: Effort

    def with_music(self, library: list[Track]) -> Case:
        """Return the same case with other music."""
        return replace(self, library=library, shelf=Shelf.of(library))

    def plan(self) -> Plan[Any]:
        """Return the best plan there is, holes or not; with no leg where nothing fits."""
        plan_run: Callable[..., Plan[Any]] = (
            best_native if isinstance(self.options, NativeOptions) else best_stretch
        )
        return plan_run(self.shelf, self.ramp, self.options, self.wishes, self.effort)

    def plan_or_raise(self) -> Plan[Any]:
        """Return what a user gets: the same plan, or an error that says why there is none."""
        plan_run: Callable[..., Plan[Any]] = (
            plan_native if isinstance(self.options, NativeOptions) else plan_stretch
        )
        return plan_run(self.library, self.ramp, self.options, wishes=self.wishes, effort=self.effort)


def draw_case(mode: str, seed: int) -> Case:
    """Return a case of a mode: equal seeds give equal ones."""
    dice = Random(f"{mode} {seed}")  # noqa: S311 - no secret
    count = dice.choice([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, dice.randint(9, 16)])
    if dice.random() < _LARGE:
        count = dice.randint(17, 60)
    ramp = _draw_ramp(dice, count)
    library = _draw_library(dice, ramp, count)
    shelf = Shelf.of(library)
    options = _draw_native(dice) if mode == "native" else _draw_stretch(dice)
    gaps = [0.0, 0.0, 0.05, 0.2, math.inf] if count <= _SMALL else [0.2, math.inf]
    effort = Effort(gap=dice.choice(gaps), ways=dice.choice([1, 300, 3000, 3000]))
    return Case(library, shelf, ramp, options, _draw_wishes(dice, shelf, ramp), effort)


def _draw_ramp(dice: Random, count: int) -> Ramp:
    spm = dice.uniform(155, 182) / dice.choice([1, 1, 1, 1, 2])
    enough_s = min(130.0, 8 + 25 * count * dice.uniform(0, 0.6))
    length_s = dice.choice([enough_s] * 10 + [dice.uniform(1, 20), 250.0])
    if dice.random() < 0.3:  # as a person would type it
        spm, length_s = float(round(spm)), float(max(1, round(length_s)))

    def near() -> float:
        return round(spm * dice.uniform(0.93, 1.07), dice.choice([0, 6]))

    kind = dice.choice(["steady", "linear", "plateaus", "intervals", "up and down", "jump", "late"])
    if kind == "steady" or length_s < 4:
        return Ramp(((0, spm), (length_s, spm)))
    if kind == "linear":
        return Ramp(((0, spm), (length_s, near())))
    if kind == "up and down":
        return Ramp(((0, spm), (length_s / 3, spm), (length_s / 2, near()), (length_s, spm)))
    if kind == "jump":
        return Ramp(((0, spm), (length_s / 2, near()), (length_s / 2, near()), (length_s, near())))
    if kind == "late":  # it holds its first value until then
        return Ramp(((length_s / 4, spm), (length_s, near())))
    count = dice.randint(2, 4) if kind == "plateaus" else dice.randint(2, 8)
    levels = [near() for _ in range(count)] if kind == "plateaus" else [near(), near()] * count
    return Ramp.steady_pieces([(level, length_s / len(levels)) for level in levels])


def _draw_library(dice: Random, ramp: Ramp, count: int) -> list[Track]:
    bpm = [_draw_bpm(dice, ramp) for _ in range(dice.choice([1, 2, count, count, count]))]
    lengths_s = [round(_draw_length(dice, ramp), 6) for _ in range(dice.choice([1, 2, count, count]))]
    one_artist = dice.random() < 0.1
    library = [
        draw_song(
            dice,
            f"t{dice.randrange(100)}-{number}",
            dice.choice(bpm),
            dice.choice(lengths_s),
            artist="A" if one_artist else dice.choice(_ARTISTS),
        )
        for number in range(count)
    ]
    if dice.random() < 0.2:
        library.append(replace(dice.choice(library), path="/music/0 copy.mp3"))
    if dice.random() < 0.2:  # the same song from another encoder
        other = dice.choice(library)
        library.append(
            replace(
                other,
                path="/music/other.flac",
                audio_hash="b2:t5 other",
                duration_s=other.duration_s + dice.choice([0.0, 0.5, 5.0]),
                detection=replace(other.detection, confidence=dice.random()),
            )
        )
    return library


def _draw_bpm(dice: Random, ramp: Ramp) -> float:
    if dice.random() < 0.1:
        return dice.choice([128.0, dice.uniform(60, 200)])
    spm = dice.choice([*(spm for _, spm in ramp.knots), dice.uniform(ramp.lowest_spm, ramp.highest_spm)])
    off = dice.choice([1.0, dice.uniform(0.97, 1.03), dice.uniform(0.92, 1.08)])
    return min(380.0, spm * off / dice.choice([1, 1, 1, 2, 0.5]))


def _draw_length(dice: Random, ramp: Ramp) -> float:
    if dice.random() < 0.05:
        return min(300.0, ramp.duration_s * dice.uniform(1, 2) + 10)
    return dice.choice([20.0, 25.0, 25.0, dice.uniform(12, 50), dice.uniform(15, 35)])


def draw_song(dice: Random, name: str, bpm: float, length_s: float, *, artist: str | None = None) -> Track:
    """Return a song of a tempo and a length, with anything else that a song may be."""
    per_bar = dice.choice([None, 3, 4, 4, 4, 2])
    measured = dice.random() < 0.5
    song = track(
        name,
        bpm,
        length_s,
        artist=artist,
        album=dice.choice([None, "one", "two"]),
        genre="Podcast" if dice.random() < 0.03 else None,
        confidence=dice.choice([0.5, 1.0, dice.random(), *(dice.uniform(0.5, 1) for _ in range(3))]),
        beats_per_bar=per_bar,
        first_downbeat=None if per_bar is None else dice.choice([None, 0, 1]),
        usable=dice.choice([None, None, None, ((2.0, length_s * 0.8),), ((0.5, 9.0), (9.5, length_s)), ()]),
        beats=_wavering(dice, bpm, length_s) if dice.random() < 0.2 else None,
        ignore=dice.random() < 0.03,
        level_db=dice.uniform(-24, -6) if measured else -120.0,
        energy=dice.random() if measured else 0.0,
    )
    rare = dice.random()
    if rare < 0.02:
        return replace(song, detection=Detection("bpmsync", "1", failure="silence"))
    if rare < 0.05:
        return replace(song, override=Override(Constraint(tempo_bpm=min(400.0, max(30.0, bpm)))))
    return replace(song, path="", uri=None) if rare < 0.07 else song


def _wavering(dice: Random, bpm: float, length_s: float) -> np.ndarray:
    count = max(4, int((length_s - 1) * bpm / 60 / 1.05))
    sway = 1 + dice.uniform(0, 0.03) * np.sin(np.arange(count) / dice.uniform(3, 20))
    return np.round(0.3 + np.cumsum(60 / bpm * sway), 6)


def _draw_weights(dice: Random) -> Weights:
    if dice.random() < 0.7:
        return Weights()
    return Weights(**{name: dice.choice(_WEIGHTS) for name in dice.sample(sorted(MEANINGS), 3)})


def _draw_native(dice: Random) -> NativeOptions:
    return NativeOptions(
        max_off=dice.choice([0.02, 0.06, 0.08, 0.12]),
        min_length_s=dice.choice([1.0, 10.0, 20.0]),
        max_length_s=dice.choice([50.0, 400.0, 400.0]),
        min_confidence=dice.choice([0.0, 0.5, 0.5]),
        spoken=dice.random() < 0.2,
        partial=dice.random() < 0.8,
        weights=_draw_weights(dice),
    )


def _draw_stretch(dice: Random) -> StretchOptions:
    return StretchOptions(
        max_stretch=dice.choice([0.03, 0.08, 0.12]),
        margin=dice.choice([0.0, 0.0, 0.1]),
        min_length_s=dice.choice([4.0, 10.0, 20.0]),
        max_length_s=dice.choice([40.0, 400.0, 400.0]),
        fade_steps=dice.choice([0, 8, 16]),
        min_confidence=dice.choice([0.0, 0.5, 0.5]),
        spoken=dice.random() < 0.2,
        partial=dice.random() < 0.8,
        weights=_draw_weights(dice),
    )


def _draw_wishes(dice: Random, shelf: Shelf, ramp: Ramp) -> Wishes:
    """Return what a run has to hold: nothing in half of the cases."""
    rows = range(len(shelf))
    recent = [
        {shelf.audio_hash[row] for row in rows if dice.random() < 0.4}
        for _ in range(dice.choice([0, 0, 0, 1, 3]))
    ]
    kind = dice.choice(["none"] * 4 + ["rows", "pins", "both", "order"])
    if kind == "order":
        shuffled = dice.sample(rows, len(rows))
        places = [set(shuffled[at : at + 2]) for at in range(0, len(shuffled), 2)]
        return Wishes(order=places, skip=dice.random() < 0.7, recent=recent)
    pin_s = dice.choice([0.0, dice.uniform(0, ramp.duration_s * 0.99)])
    return Wishes(
        rows=dice.choices(rows, k=dice.randint(1, 2)) if kind in {"rows", "both"} else (),
        pins=((pin_s, dice.choice(rows)),) if kind in {"pins", "both"} else (),
        most_per_artist=dice.choice([0, 0, 1, 2]),
        recent=recent,
    )
