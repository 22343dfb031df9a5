"""The module of learned numbers, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Learned", "named", "weights_text"]

_HEAD = '''"""What was learned: the weights of the evidence for each way to count the music.

Written by

    {command}

from {pieces} pieces in {styles} styles that the project makes itself, and for the confidence from
{noises} clips of noise and talk and {recordings} freely licensed recordings as well. The log odds of a
count are the sum of weight times evidence (see `metre`, `bars` and `confidence`).
"""

from __future__ import annotations

__all__ = ["BAR_WEIGHTS", "CONFIDENCE_WEIGHTS", "EVIDENCE_WEIGHTS"]
'''


@dataclass(frozen=True, slots=True)
class Learned:
    """Everything that was learned, and from what.

    Parameters
    ----------
    command : str
        What repeats it.
    pieces, styles, noises, recordings : int
        How much was listened to.
    evidence, bars, confidence : mapping of str to float
        The weight of each kind of evidence; the confidence's bias is among its.
    """

    command: str
    pieces: int
    styles: int
    noises: int
    recordings: int
    evidence: Mapping[str, float]
    bars: Mapping[str, float]
    confidence: Mapping[str, float]


def named(names: Sequence[str], weights: NDArray[np.float64]) -> dict[str, float]:
    """Return the weights by name, rounded to a thousandth."""
    return {name: round(float(weight), 3) + 0.0 for name, weight in zip(names, weights, strict=True)}


def weights_text(learned: Learned) -> str:
    """Return the source of the module."""
    head = _HEAD.format(
        command=learned.command,
        pieces=learned.pieces,
        styles=learned.styles,
        noises=learned.noises,
        recordings=learned.recordings,
    )
    tables = (
        ("EVIDENCE_WEIGHTS", learned.evidence),
        ("BAR_WEIGHTS", learned.bars),
        ("CONFIDENCE_WEIGHTS", learned.confidence),
    )
    return head + "".join(_table(name, weights) for name, weights in tables)


def _table(name: str, weights: Mapping[str, float]) -> str:
    lines = [f'    "{key}": {value:.3f},\n' for key, value in weights.items()]
    return "".join([f"\n{name} = {{\n", *lines, "}\n"])
