"""``bpmsync render``: a stretched plan becomes sound that keeps the beat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.renderoptions import RenderWishes, refuse_render_words, render_options
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean

if TYPE_CHECKING:
    from bpmsync.cli.rendering import RenderTarget
    from bpmsync.planner.legs import Plan, WarpedLeg

__all__ = ["command"]

_FORMATS = ("mp3", "m4a", "opus", "flac", "wav")
_LONGEST_FADE = 64
_PLAN_ENDINGS = (".plan.json", ".json")
_PIPE = "-"


@click.command("render")
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True))
@click.argument("dest", type=click.Path(path_type=Path))
@click.option("--split", is_flag=True, help="A file for each song in the folder DEST, and their playlist.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(_FORMATS, case_sensitive=False),
    default="flac",
    help="Of the files of --split.",
)
@click.option("--preview", is_flag=True, help="Only ten seconds around every joint.")
@click.option(
    "--fade",
    type=click.IntRange(0, _LONGEST_FADE),
    metavar="STEPS",
    help="How long a song fades into the next; 0 cuts.  [default: the plan's]",
)
@render_options
@click.option(
    "--music",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    metavar="FOLDER",
    help="Where to look for songs that were moved or renamed.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 512),
    default=2,
    metavar="N",
    help="Processes that make songs ahead; never more than cores.",
)
@click.option("-f", "--force", is_flag=True, help="Replace files that bpmsync did not make.")
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    /,
    plan: Path,
    dest: Path,
    *,
    split: bool,
    file_format: str,
    preview: bool,
    fade: int | None,
    music: tuple[Path, ...],
    jobs: int,
    force: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Make PLAN, from bpmsync plan --stretch, into the sound file DEST: every beat on a step.

    The ending of DEST chooses the format: .mp3, .m4a, .opus, .flac or .wav. PLAN may be -, and is
    then read from a pipe.
    """
    from bpmsync.cli.rendering import mix_target, preview_target, render_to, split_target
    from bpmsync.cli.renderreport import print_rendered, rendered_document
    from bpmsync.render.moved import find_moved

    if split and preview:
        msg = "--split and --preview are two things: give one"
        raise click.UsageError(msg, ctx)
    if not split:
        words = {"file_format": "--format is for --split: a single file has the format of its ending"}
        refuse_render_words(ctx, words)
    wishes = RenderWishes.take(session, options).mix_options(jobs=jobs, fade_steps=fade)
    single = None if split else preview_target(dest) if preview else mix_target(dest)
    loaded = _stretched(plan)
    if music:
        loaded = find_moved(loaded, music)
    target = single or split_target(loaded, dest, ending=f".{file_format}", name=_name(plan, loaded))
    _refuse(target, loaded, force=force)
    done = render_to(session, loaded, target, wishes)
    if as_json:
        from bpmsync.cli.output import print_json

        print_json(rendered_document(done))
    print_rendered(session, done, table=not as_json)


def _stretched(plan: Path) -> Plan[WarpedLeg]:
    from bpmsync.cli.export import read_any_plan
    from bpmsync.errors import RenderError

    loaded: Plan[Any] = read_any_plan(plan)
    if loaded.mode != "stretch":
        shown = clean(str(plan))
        msg = (
            f"{'the plan' if shown == _PIPE else shown} plays untouched files: bpmsync export writes it as a "
            "playlist; to render, plan with bpmsync plan --stretch"
        )
        raise RenderError(msg)
    if not loaded.legs:
        msg = "the plan has no music to render"
        raise RenderError(msg)
    return loaded


def _refuse(target: RenderTarget, plan: Plan[WarpedLeg], *, force: bool) -> None:
    """Refuse to replace what may not be, before any sound is made."""
    target.refuse_sources(plan)
    target.refuse_foreign(force=force)


def _name(plan: Path, loaded: Plan[WarpedLeg]) -> str:
    """Return the name of a playlist of files: the plan's."""
    from bpmsync.cli.planning import plan_name

    if str(plan) == _PIPE:
        return plan_name(loaded.ramp)
    ending = next((one for one in _PLAN_ENDINGS if plan.name.endswith(one)), "")
    return plan.name.removesuffix(ending)
