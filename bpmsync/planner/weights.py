"""What counts in a plan besides the tempo, and how much.

All of it is weighed in one unit, %^2 s: a second of music that is N % off its target (native), or
stretched by N % (stretch), costs N^2. What holds for each second of a track is therefore in %^2,
and reads as "as bad as being so much off": a weight of 4 is as bad as 2 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MEANINGS", "Weights", "parse_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each reason counts; `MEANINGS` says what for."""

    doubt: float = 20.0
    beatless: float = 10.0
    unsteady: float = 1.0
    twice: float = 0.7
    half: float = 1.4
    recent: float = 4.0
    overhang: float = 1.4
    artist: float = 300.0
    album: float = 100.0
    loudness: float = 2.0
    energy: float = 300.0
    join: float = 60.0
    cut: float = 100.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1e6:  # noqa: PLR2004 - beyond it nothing else would count at all
                msg = f"the weight {field.name}={value:g} must be from 0 to 1,000,000"
                raise ParameterError(msg)

    def text(self) -> str:
        """Return the weights that are not as usual: ``artist=600,doubt=0``."""
        usual = Weights()
        changed = [
            field.name for field in fields(self) if getattr(self, field.name) != getattr(usual, field.name)
        ]
        return ",".join(f"{name}={getattr(self, name):.12g}" for name in changed)


MEANINGS = {
    "doubt": "%^2 for each second of a track whose beat is certain to be wrong; less with its confidence",
    "beatless": "%^2 for each second without a clear beat (native)",
    "unsteady": "times the square of how far a track's tempo strays, in % (native)",
    "twice": "%^2 for each second at 2 steps per beat",
    "half": "%^2 for each second at 1/2 step per beat",
    "recent": "%^2 for each second of a track of the last plan; half of it for the plan before, and so on",
    "overhang": "%^2 for each second of music after the run (native)",
    "artist": "%^2 s for an artist twice in a row; half of it with one other song between",
    "album": "%^2 s for an album twice in a row",
    "loudness": "%^2 s for each dB^2 by which neighbours differ in level beyond 3 dB (native)",
    "energy": "%^2 s for the square of what neighbours differ in energy (0 to 1) beyond 0.2",
    "join": "%^2 s for each change of music (stretch)",
    "cut": "%^2 s for each song that is left before its end (stretch)",
}


def parse_weights(texts: Iterable[str], weights: Weights | None = None) -> Weights:
    """Return weights with those changed that texts like ``artist=600`` name.

    Raises
    ------
    ParameterError
        If there is no such weight, or its value is no number from 0 to 1,000,000.
    """
    weights = weights or Weights()
    for text in texts:
        name, _, value = text.partition("=")
        if name.strip() not in MEANINGS:
            msg = (
                f"there is no weight {name.strip()!r}: there are {', '.join(MEANINGS)} (--weight artist=600)"
            )
            raise ParameterError(msg)
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            msg = f"--weight {text}: {value!r} is not a number (--weight artist=600)"
            raise ParameterError(msg)
        weights = replace(weights, **{name.strip(): number})
    return weights
