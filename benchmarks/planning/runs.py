"""The runs that planners are measured with."""

from __future__ import annotations

from bpmsync.timeline.ramp import Ramp

__all__ = ["SHAPES", "make_run"]

MINUTE_S = 60.0
SHAPES = ("linear", "plateaus", "intervals", "standard")
_FROM_SPM, _TO_SPM = 160.0, 184.0
_STANDARD_S = 300.0
# By mode, since a whole song that spans a jump has to be within the limit on both sides of it
_PLATEAUS = {"native": (160, 165, 170, 175, 180, 172), "stretch": (160, 165, 170, 175, 180, 165)}
_INTERVALS = {"native": (168, 177), "stretch": (165, 180)}


def make_run(shape: str, minutes: float, mode: str) -> Ramp:
    """Return a run.

    Parameters
    ----------
    shape : str
        ``linear`` from 160 to 184 steps/min, six ``plateaus``, ``intervals`` (3 minutes fast, 2 slow,
        after a warm-up and before a cool-down), or ``standard``: linear with 5 minutes at either end.
    minutes : float
        Its length.
    mode : str
        ``native`` runs jump less than ``stretch`` runs.
    """
    length_s = minutes * MINUTE_S
    if shape == "plateaus":
        return Ramp.steady_pieces([(spm, length_s / 6) for spm in _PLATEAUS[mode]])
    if shape == "intervals":
        return Ramp.steady_pieces(_pieces(length_s, *_INTERVALS[mode]))
    aside_s = _STANDARD_S if shape == "standard" else 0.0
    return Ramp.linear(_FROM_SPM, _TO_SPM, duration_s=length_s, warm_up_s=aside_s, cool_down_s=aside_s)


def _pieces(length_s: float, slow: float, fast: float) -> list[tuple[float, float]]:
    pieces = [(slow, _STANDARD_S)]
    left_s = length_s - 2 * _STANDARD_S
    while left_s > 0:
        for spm, piece_s in ((fast, 3 * MINUTE_S), (slow, 2 * MINUTE_S)):
            if left_s > 0:
                pieces.append((spm, min(piece_s, left_s)))
                left_s -= piece_s
    return [*pieces, (slow, _STANDARD_S)]
