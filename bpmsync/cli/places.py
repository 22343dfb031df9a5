"""Where a plan and its playlist go: what ``-o`` means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bpmsync.cli.text import clean
from bpmsync.errors import ExportError, PlanError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Places", "places_for", "refuse_playlist"]

_PLAYLIST_ENDINGS = (".m3u8", ".m3u")
_PLAN_ENDING = ".plan.json"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a plan and its playlist go.

    Parameters
    ----------
    playlist : Path or None
        None where only a plan is written.
    plan : Path
        Beside the playlist.
    """

    playlist: Path | None
    plan: Path

    def refuse_foreign(self, *, force: bool) -> None:
        """Raise where a file that bpmsync did not write would be replaced without `force`.

        Raises
        ------
        ExportError
            If somebody's own file is there.
        """
        from bpmsync.export.files import refuse_foreign

        for path in (self.playlist, self.plan):
            if path is not None:
                refuse_foreign(path, force=force)


def places_for(output: Path) -> Places:
    """Return the files that ``-o`` means: a playlist and the plan beside it, or a plan alone.

    Raises
    ------
    click.BadParameter
        If the ending is neither ``.m3u8`` nor ``.plan.json``.
    ExportError
        If the folder is not there.
    """
    if not output.parent.is_dir():
        msg = f"there is no folder {output.parent}: make it first, or write elsewhere with -o"
        raise ExportError(msg)
    if output.suffix.lower() in _PLAYLIST_ENDINGS:
        return Places(output, output.with_suffix(_PLAN_ENDING))
    if output.name.endswith(".json"):
        return Places(None, output)
    msg = f"{output.name!r} is neither a playlist (run.m3u8) nor a plan (run.plan.json)"
    raise click.BadParameter(msg, param_hint="'-o'")


def refuse_playlist(plan: Path) -> None:
    """Raise where a playlist was given in place of its plan.

    Raises
    ------
    PlanError
        If so: it names the plan beside the playlist, or what makes one.
    """
    if plan.suffix.lower() not in _PLAYLIST_ENDINGS:
        return
    name, beside = clean(str(plan)), plan.with_suffix(_PLAN_ENDING)
    if beside.is_file():
        msg = f"{name} is a playlist, not a plan: give {clean(str(beside))}, the plan beside it"
    else:
        msg = (
            f"{name} is a playlist, not a plan, and there is no plan beside it "
            f"(bpmsync plan --from-playlist {name} makes one)"
        )
    raise PlanError(msg)
