"""A stretched plan on its way to sound files: where they go, what may not be replaced, the job."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bpmsync.cli.progress import watch
from bpmsync.cli.text import clean
from bpmsync.errors import ExportError, ParameterError, RenderError, TrackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bpmsync.cli.session import Session
    from bpmsync.library.store import Store
    from bpmsync.planner.legs import Plan, WarpedLeg
    from bpmsync.render.values import MixOptions, MixReport

__all__ = ["RenderTarget", "Rendered", "mix_target", "preview_target", "render_to", "split_target"]

_PLAN_ENDING = ".plan.json"


@dataclass(frozen=True, slots=True)
class RenderTarget:
    """What a plan becomes.

    Parameters
    ----------
    kind : {"mix", "split", "preview"}
        One file, one for each leg, or the joints.
    files : tuple of Path
        The sound.
    cue, plan, playlist : Path or None
        What goes beside it.
    """

    kind: Literal["mix", "split", "preview"]
    files: tuple[Path, ...]
    cue: Path | None = None
    plan: Path | None = None
    playlist: Path | None = None

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return self.files[0].parent

    def refuse_foreign(self, *, force: bool) -> None:
        """Raise where a file that bpmsync did not make would be replaced without `force`.

        Raises
        ------
        ExportError
            If so, or if there is no such folder.
        """
        from bpmsync.export.files import refuse_foreign
        from bpmsync.render.targets import refuse_foreign_cue, refuse_foreign_sound

        if self.kind == "split" and not self.folder.is_dir():
            return
        for path in self.files:
            refuse_foreign_sound(path, force=force)
        if self.cue is not None:
            refuse_foreign_cue(self.cue, force=force)
        for beside in (self.plan, self.playlist):
            if beside is not None:
                refuse_foreign(beside, force=force)

    def refuse_sources(self, plan: Plan[WarpedLeg]) -> None:
        """Raise where a song of the plan would be replaced, forced or not.

        Raises
        ------
        ExportError
            If so.
        """
        self._refuse_songs([leg.track.path for leg in plan.legs])

    def refuse_library(self, store: Store) -> None:
        """Raise where a track would be replaced, forced or not; a run rendered earlier may be.

        Raises
        ------
        ExportError
            If so.
        """
        from bpmsync.render.targets import is_own_sound

        if not all(is_own_sound(path) for path in self.files if path.exists()):
            self._refuse_songs([file.path for file in store.known_files()])

    def _refuse_songs(self, songs: Sequence[str]) -> None:
        from bpmsync.render.targets import refuse_source

        for path in (*self.files, self.cue, self.plan, self.playlist):
            if path is not None:
                refuse_source(path, songs)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was written.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What was rendered.
    target : RenderTarget
        Where it lies.
    report : MixReport
        What was done.
    """

    plan: Plan[WarpedLeg]
    target: RenderTarget
    report: MixReport

    __hash__ = None  # type: ignore[assignment]  # holds grids


def mix_target(dest: Path, *, with_plan: bool = False) -> RenderTarget:
    """Return the files of a mix: a CUE sheet goes beside a format that has no chapters.

    Raises
    ------
    ParameterError
        If the ending is no sound format's.
    """
    from bpmsync.audio.writer import find_format

    cue = None if find_format(dest).chapters else dest.with_suffix(".cue")
    return RenderTarget("mix", (dest,), cue, dest.with_suffix(_PLAN_ENDING) if with_plan else None)


def preview_target(dest: Path) -> RenderTarget:
    """Return the file of a preview.

    Raises
    ------
    ParameterError
        If the ending is no sound format's.
    """
    from bpmsync.audio.writer import find_format

    find_format(dest)
    return RenderTarget("preview", (dest,))


def split_target(plan: Plan[WarpedLeg], folder: Path, *, ending: str, name: str) -> RenderTarget:
    """Return the files of a plan that is rendered leg by leg, and their playlist.

    Parameters
    ----------
    plan : Plan of WarpedLeg
        What is to be rendered.
    folder : Path
        Where to; it is made if only it is missing.
    ending : str
        Of the files, with the dot.
    name : str
        Of the playlist, without ending.

    Raises
    ------
    ParameterError
        If a folder that is not there has the name of a sound file.
    ExportError
        If a file is there, or the folder that it would be made in is missing.
    """
    from bpmsync.audio.formats import FORMATS
    from bpmsync.export.names import legal_name, numbered_name

    suffix = folder.suffix.lower()
    if not folder.exists() and suffix in [one.suffix for one in FORMATS]:
        msg = (
            f"--split makes a folder of files, and {folder} has the name of a file: "
            f"give a folder's name (--format {suffix[1:]} makes files of that kind)"
        )
        raise ParameterError(msg)
    if folder.exists() and not folder.is_dir():
        msg = f"cannot write into {folder}: it is a file, and --split makes a folder of files"
        raise ExportError(msg)
    if not folder.exists() and not folder.parent.is_dir():
        msg = f"cannot make {folder}: there is no folder {folder.parent} (make it first, or write elsewhere)"
        raise ExportError(msg)
    count = len(plan.legs)
    names = [numbered_name(i, count, leg.track, ending=ending) for i, leg in enumerate(plan.legs, 1)]
    files = tuple(folder / one for one in names)
    return RenderTarget("split", files or (folder / "none",), playlist=folder / legal_name(name, ".m3u8"))


def render_to(session: Session, plan: Plan[WarpedLeg], target: RenderTarget, options: MixOptions) -> Rendered:
    """Render a plan with a bar on a terminal; what goes beside the sound is written with it.

    Raises
    ------
    RenderError, ExportError, ParameterError
        As the jobs of `bpmsync.render.job`.
    KeyboardInterrupt
        After it was told what became of an old file.
    """
    before, older = _marks(target), _older_files(target)
    try:
        with _folder_of(target), _beside(plan, target, options):
            report = _render(session, plan, target, options)
    except TrackError as error:
        # One song that cannot be used is no mix with the others: there is no mix
        msg = f"cannot render {error} (what was there is untouched)"
        raise RenderError(msg) from error
    except KeyboardInterrupt:
        if _marks(target) == before:
            old = "what was there is untouched" if any(before) else "nothing was written"
            session.say(f"{clean(str(_shown(target)))}: {old}")
        raise
    for path in older:
        with contextlib.suppress(OSError):
            path.unlink()
    return Rendered(plan, target, report)


def _shown(target: RenderTarget) -> Path:
    return target.folder if target.kind == "split" else target.files[0]


def _marks(target: RenderTarget) -> list[tuple[int, int] | None]:
    """Return what tells whether a file was replaced."""
    marks: list[tuple[int, int] | None] = []
    for file in target.files:
        try:
            found = file.stat()
            marks.append((found.st_ino, found.st_mtime_ns))
        except OSError:
            marks.append(None)
    return marks


def _older_files(target: RenderTarget) -> list[Path]:
    """Return the files of an earlier run that the playlist names and the new one will not."""
    from bpmsync.export.files import is_own_playlist
    from bpmsync.export.m3u import read_m3u
    from bpmsync.render.targets import is_own_sound

    playlist = target.playlist
    if playlist is None or not playlist.exists() or not is_own_playlist(playlist):
        return []
    kept = {file.name.casefold() for file in target.files}
    return [
        path
        for path in read_m3u(playlist)
        if path.parent.samefile(target.folder) and path.name.casefold() not in kept and is_own_sound(path)
    ]


@contextlib.contextmanager
def _folder_of(target: RenderTarget) -> Iterator[None]:
    """Make the folder of a split run; one that stays empty goes again."""
    made = target.kind == "split" and not target.folder.exists()
    if made:
        try:
            target.folder.mkdir()
        except OSError as error:
            msg = f"cannot make the folder {target.folder}: {error.strerror or error}"
            raise ExportError(msg) from error
    try:
        yield
    finally:
        if made:
            with contextlib.suppress(OSError):  # it holds what was rendered
                target.folder.rmdir()


@contextlib.contextmanager
def _beside(plan: Plan[WarpedLeg], target: RenderTarget, options: MixOptions) -> Iterator[None]:
    """Write what goes beside the sound; it takes its place when the sound has."""
    from bpmsync.atomic import replacing

    with contextlib.ExitStack() as stack:
        for path, text in _texts(plan, target, options):
            stack.enter_context(replacing(path)).write_bytes(text.encode())
        yield


def _texts(plan: Plan[WarpedLeg], target: RenderTarget, options: MixOptions) -> Iterator[tuple[Path, str]]:
    from bpmsync.audio.writer import find_format
    from bpmsync.export.gapless import gapless_text
    from bpmsync.planner.plan import plan_to_json
    from bpmsync.render.chapters import cue_sheet, file_lengths_s

    if target.plan is not None:
        yield target.plan, plan_to_json(plan, beside=target.plan.parent)
    rate = options.rate_for(find_format(target.files[0]))
    if target.cue is not None:
        yield target.cue, cue_sheet(plan, target.files[0].name, sample_rate=rate)
    if target.playlist is not None:
        names = [file.name for file in target.files]
        lengths = file_lengths_s(plan, sample_rate=rate)
        yield target.playlist, gapless_text(plan, names, lengths, name=target.playlist.stem)


def _render(session: Session, plan: Plan[WarpedLeg], target: RenderTarget, options: MixOptions) -> MixReport:
    from bpmsync.render.job import render_mix, render_preview, render_split

    with watch(quiet=session.quiet, say=session.say) as progress:
        if target.kind == "split":
            return render_split(plan, target.files, options, progress=progress)
        job = render_preview if target.kind == "preview" else render_mix
        return job(plan, target.files[0], options, progress=progress)
