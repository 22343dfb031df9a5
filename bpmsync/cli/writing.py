"""A plan on its way to disk: the playlist's options, and the copy for the phone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from bpmsync.cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bpmsync.cli.places import Places
    from bpmsync.cli.session import Session
    from bpmsync.export.copy import Copied
    from bpmsync.planner.legs import Plan

__all__ = ["Writing", "copy_all", "last_words", "write_playlist", "writing_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Writing:
    """How a playlist names its files, and whether it may replace somebody's own.

    Parameters
    ----------
    paths : str
        "relative" to the playlist, or "absolute".
    prefix : str or None
        The folder of the music as the player knows it.
    music : Path or None
        The folder that the prefix stands for; None for the playlist's own.
    bom : bool
        Begin with a byte order mark.
    force : bool
        Replace whatever is there.
    """

    paths: Literal["relative", "absolute"]
    prefix: str | None
    music: Path | None
    bom: bool
    force: bool

    @classmethod
    def take(cls, options: dict[str, Any], *, music: Path | None = None) -> Writing:
        """Take the options out of what a command was given."""
        relative, prefix, bom, force = (options.pop(name) for name in ("relative", "prefix", "bom", "force"))
        return cls("relative" if relative else "absolute", prefix, music, bom, force)

    def text(self, plan: Plan, *, folder: Path) -> str:
        """Return the playlist that would lie in a folder."""
        from bpmsync.export.m3u import m3u_text

        return m3u_text(plan, folder=folder, paths=self.paths, prefix=self.prefix, music=self.music)

    def write(self, plan: Plan, out: Path) -> None:
        """Write the playlist, whole or not at all.

        Raises
        ------
        ExportError
            If it cannot be written, or somebody's own file is there.
        """
        from bpmsync.export.m3u import write_m3u

        write_m3u(
            plan,
            out,
            paths=self.paths,
            prefix=self.prefix,
            music=self.music,
            bom=self.bom,
            force=self.force,
        )


def writing_options(function: _Function) -> _Function:
    """Add --relative/--absolute, --prefix, --bom and --force."""
    for option in reversed(
        (
            click.option("--relative/--absolute", default=True, help="How the playlist names its files."),
            click.option(
                "--prefix",
                metavar="FOLDER",
                help="The folder of the music as the player knows it, as in /storage/emulated/0/Music.",
            ),
            click.option(
                "--bom/--no-bom", default=False, help="Begin with the mark that a few players want."
            ),
            click.option("-f", "--force", is_flag=True, help="Replace files that bpmsync did not write."),
        )
    ):
        function = option(function)
    return function


def last_words(plan: Plan) -> str:
    """Return what its listener has to know of a playlist that was written."""
    from bpmsync.export.m3u import vlc_misreads

    words = "in the player: turn off shuffle, crossfade and automix"
    misread = [leg.track.path for leg in plan.legs if vlc_misreads(leg.track.path)]
    if misread:
        name = clean(os.path.basename(misread[0]))  # noqa: PTH119 - a name as text
        others = f" (and {len(misread) - 1} more)" if misread[1:] else ""
        words = f"VLC cannot open {name!r}{others} from a playlist: --copy gives it another name\n{words}"
    return words


def write_playlist(plan: Plan[Any], places: Places, writing: Writing) -> None:
    """Write the plan and, where one is wanted, its playlist.

    Raises
    ------
    ExportError
        If a file cannot be written, or a playlist is wanted and a song has no file; what was
        there is untouched.
    """
    from bpmsync.export.files import require_files
    from bpmsync.planner.plan import save_plan

    if places.playlist is not None:
        require_files(plan)
    places.refuse_foreign(force=writing.force)
    save_plan(plan, places.plan)
    if places.playlist is not None:
        writing.write(plan, places.playlist)


def copy_all(session: Session, plan: Plan, dest: Path, *, name: str) -> Iterator[str]:
    """Check a folder for the copy of a plan, and return a generator that copies with a bar.

    It yields where each copied file lies.

    Raises
    ------
    ExportError
        At once, if there is no room or the folder is somebody's own.
    """
    from bpmsync.export.copy import copy_files

    copies = copy_files(plan, dest, name=name)
    return _copying(session, copies, total=len(plan.legs), dest=dest)


def _copying(session: Session, copies: Iterator[Copied], *, total: int, dest: Path) -> Iterator[str]:
    from bpmsync.cli.progress import follow

    for copy in follow(copies, total=total, label="copying", quiet=session.quiet):
        yield str(copy.target)
    session.say(f"{total} tracks and their playlist are in {clean(str(dest))}")
