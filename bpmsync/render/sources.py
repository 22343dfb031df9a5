"""Whether the music of a plan is still what was planned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bpmsync.audio.decode import identify
from bpmsync.errors import DecodeError, RenderError

if TYPE_CHECKING:
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["check_sources"]

_MOST_NAMED = 5


def check_sources(plan: Plan[WarpedLeg]) -> None:
    """Do nothing if every file of a plan is there and holds the sound that was planned.

    Raises
    ------
    RenderError
        Naming each file that is gone, has changed or cannot be read.
    """
    wrong = []
    for path, audio_hash in sorted({(leg.track.path, leg.track.audio_hash) for leg in plan.legs}):
        reason = _wrong(path, audio_hash)
        if reason:
            wrong.append(f"{path} {reason}")
    if not wrong:
        return
    more = f"; and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    msg = (
        f"the music is not what was planned: {'; '.join(wrong[:_MOST_NAMED])}{more}. "
        "Scan the folder again and plan anew, or name the folder it was moved to (--music)"
    )
    raise RenderError(msg)


def _wrong(path: str, audio_hash: str) -> str | None:
    if not Path(path).exists():
        return "is gone"
    try:
        found = identify(path).audio_hash
    except DecodeError as error:
        return f"cannot be read ({error.reason})"
    return None if found == audio_hash else "holds other sound than when it was scanned (changed, or cut off)"
