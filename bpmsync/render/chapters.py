"""The legs of a mix as chapters, and as a CUE sheet for players that know no chapters."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from bpmsync.audio.cuesheet import cue_text
from bpmsync.audio.embedded import Chapter
from bpmsync.render.timeline import find_timeline
from bpmsync.timeline.durations import format_duration

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.render.timeline import MixTimeline

__all__ = ["CUE_MARK", "chapters_of", "cue_sheet", "file_lengths_s", "run_title"]

# A remark, which players pass over; by it a sheet is known to be ours
CUE_MARK: Final = "REM BPMSYNC"


def chapters_of(plan: Plan[WarpedLeg], timeline: MixTimeline) -> tuple[Chapter, ...]:
    """Return a chapter for each leg; it ends where the next one begins."""
    rate = timeline.sample_rate
    borders = itertools.pairwise((*timeline.borders, timeline.frames))
    return tuple(
        Chapter(first / rate, last / rate, leg.track.name)
        for leg, (first, last) in zip(plan.legs, borders, strict=True)
    )


def cue_sheet(plan: Plan[WarpedLeg], audio_name: str, *, sample_rate: int) -> str:
    """Return the CUE sheet of a mix, known by its first line as one of ours.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What the mix plays.
    audio_name : str
        The name of the mix, beside which the sheet will lie.
    sample_rate : int
        Of the mix, in Hz.

    Raises
    ------
    ParameterError
        If the name holds what a sheet cannot say.
    """
    chapters = chapters_of(plan, find_timeline(plan, sample_rate=sample_rate))
    sheet = cue_text(audio_name, chapters, title=f"Run {run_title(plan)}", performer="bpmsync")
    return f"{CUE_MARK}\n{sheet}"


def file_lengths_s(plan: Plan[WarpedLeg], *, sample_rate: int) -> tuple[float, ...]:
    """Return the seconds of each file of a run that is rendered leg by leg; a hole is the earlier one's."""
    ends_s = [chapter.end_s for chapter in chapters_of(plan, find_timeline(plan, sample_rate=sample_rate))]
    return tuple(last - first for first, last in itertools.pairwise((0.0, *ends_s)))


def run_title(plan: Plan[WarpedLeg]) -> str:
    """Return what a run is called in tags: ``160 to 184 spm, 40m``."""
    ramp = plan.ramp
    return f"{ramp.knots[0][1]:g} to {ramp.highest_spm:g} spm, {format_duration(ramp.duration_s)}"
