"""The playlist of a run that was rendered as a file for each leg, to be played without gaps.

In the form of `m3u`: UTF-8, line feeds, entries that begin with ``./``. The files lie beside it,
and each ends on the sample before the next one begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError
from bpmsync.export.text import clean_line, track_name
from bpmsync.planner.legs import leg_target
from bpmsync.timeline.durations import format_clock
from bpmsync.timeline.ramptext import format_ramp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.timeline.ramp import Ramp

__all__ = ["gapless_text"]


def gapless_text(
    plan: Plan[WarpedLeg], names: Sequence[str], durations_s: Sequence[float], *, name: str
) -> str:
    """Return the text of a playlist of rendered legs.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What was rendered.
    names : sequence of str
        The files' names, one for each leg, without a folder.
    durations_s : sequence of float
        Of each file.
    name : str
        The playlist's name in players.

    Raises
    ------
    ParameterError
        If a name holds a line break, which `names.legal_name` never gives.
    """
    length = format_clock(round(sum(durations_s)))
    count = f"{len(names)} file{'' if len(names) == 1 else 's'}"
    ramp = clean_line(format_ramp(plan.ramp), longest=1000)
    lines = [
        "#EXTM3U",
        f"#PLAYLIST:{clean_line(name) or 'bpmsync'}",
        f"#BPMSYNC:ramp {ramp}, {count}, {length} of music, every beat on a step, no gaps",
    ]
    for leg, file, duration_s in zip(plan.legs, names, durations_s, strict=True):
        if "\n" in file or "\r" in file:
            msg = f"{file!r} cannot stand in a playlist: its name holds a line break"
            raise ParameterError(msg)
        lines += [*_leg_lines(leg, plan.ramp, duration_s), f"./{file}"]
    return "\n".join(lines) + "\n"


def _leg_lines(leg: WarpedLeg, ramp: Ramp, duration_s: float) -> Iterator[str]:
    target = leg_target(leg, ramp)
    steps = f"{leg.steps_per_beat} step{'s' if leg.steps_per_beat > 1 else ''} per beat"
    worst = leg.worst_stretch_percent(ramp)
    yield f"#EXTINF:{max(1, round(duration_s))},{track_name(leg.track)}"
    yield (
        f"#BPMSYNC:{target.from_spm:.1f}-{target.to_spm:.1f} spm, {steps}, "
        f"native {leg.native_spm:.1f} spm, stretched by {worst:.1f} % at most"
    )
