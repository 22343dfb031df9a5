"""Which cadences a library can serve, and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError
from bpmsync.planner.candidates import NativeOptions, refusal, step_ratios

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpmsync.library.track import Track

__all__ = ["CadenceBand", "cadence_bands"]

_SLOWEST_SPM = 140.0
_FASTEST_SPM = 200.0


@dataclass(frozen=True, slots=True)
class CadenceBand:
    """Minutes of music whose step tempo lies in one band of cadence.

    Parameters
    ----------
    from_spm, to_spm : float
        The band: from the first, below the second.
    once_min, twice_min, half_min : float
        Minutes at 1, 2 and 1/2 steps per beat.
    tracks : int
        Recordings that serve the band.
    """

    from_spm: float
    to_spm: float
    once_min: float
    twice_min: float
    half_min: float
    tracks: int

    @property
    def total_min(self) -> float:
        """Minutes at any number of steps per beat."""
        return self.once_min + self.twice_min + self.half_min


def cadence_bands(
    tracks: Iterable[Track],
    options: NativeOptions | None = None,
    *,
    width_spm: float = 5.0,
    from_spm: float = _SLOWEST_SPM,
    to_spm: float = _FASTEST_SPM,
) -> tuple[CadenceBand, ...]:
    """Return the minutes of music in each band of cadence; copies count once.

    Parameters
    ----------
    tracks : iterable of Track
        The library, in any order.
    options : NativeOptions, optional
        The filters of a plan; `max_off` plays no part.
    width_spm : float
        Width of a band, 0.5 or more.
    from_spm, to_spm : float
        The cadences shown; the last band reaches to `to_spm` or beyond.

    Raises
    ------
    ParameterError
        If the bands have no width, or there is none.
    """
    options = options or NativeOptions()
    if not (math.isfinite(width_spm) and width_spm >= 0.5 and from_spm < to_spm):  # noqa: PLR2004
        msg = f"bands of {width_spm:g} spm from {from_spm:g} to {to_spm:g} make no table (0.5 spm or wider)"
        raise ParameterError(msg)
    count = math.ceil((to_spm - from_spm) / width_spm)
    seconds = [dict.fromkeys((Fraction(1), Fraction(2), Fraction(1, 2)), 0.0) for _ in range(count)]
    hashes: list[set[str]] = [set() for _ in range(count)]
    for track in {t.audio_hash: t for t in tracks if refusal(t, options) is None}.values():
        for ratio in step_ratios(track.grid) if track.grid is not None else ():
            spm = track.spm(ratio)
            band = -1 if spm is None else math.floor((spm - from_spm) / width_spm)
            if 0 <= band < count:
                seconds[band][ratio] += track.duration_s
                hashes[band].add(track.audio_hash)
    return tuple(
        CadenceBand(
            from_spm=from_spm + i * width_spm,
            to_spm=from_spm + (i + 1) * width_spm,
            once_min=seconds[i][Fraction(1)] / 60.0,
            twice_min=seconds[i][Fraction(2)] / 60.0,
            half_min=seconds[i][Fraction(1, 2)] / 60.0,
            tracks=len(hashes[i]),
        )
        for i in range(count)
    )
