"""How a plan is to sound: the options that `render` and `playlist --render` share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from bpmsync.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bpmsync.render.values import CueWish, MixOptions

__all__ = ["RENDER_ONLY", "RenderWishes", "refuse_render_words", "render_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")

RENDER_ONLY = ("loudness", "click", "cues", "cues_folder", "stretcher")
_USUAL_JOBS = 2


@dataclass(frozen=True, slots=True)
class RenderWishes:
    """How a plan is to sound.

    Parameters
    ----------
    loudness_lufs : float
        Of the mix.
    click : {"off", "all", "missing"}
        Which steps have a click.
    cues : CueWish or None
        What is said.
    stretcher : str
        Name of the engine.
    """

    loudness_lufs: float
    click: Any
    cues: CueWish | None
    stretcher: str

    @classmethod
    def take(cls, session: Session, options: dict[str, Any]) -> RenderWishes:
        """Take the options out of what a command was given, and look the theme up.

        Raises
        ------
        ParameterError
            If there is no such theme.
        """
        theme, folder = options.pop("cues"), options.pop("cues_folder")
        return cls(
            loudness_lufs=options.pop("loudness"),
            click=options.pop("click"),
            cues=_cue_wish(session, theme, folder),
            stretcher=options.pop("stretcher"),
        )

    def mix_options(self, *, jobs: int | None, fade_steps: int | None = None) -> MixOptions:
        """Return the options of a render job, checked; there are no more jobs than cores.

        Raises
        ------
        ParameterError
            If the loudness is none, or there is no such stretcher.
        """
        from bpmsync.library.pool import available_cores
        from bpmsync.render.values import MixOptions

        return MixOptions(
            loudness_lufs=self.loudness_lufs,
            fade_steps=fade_steps,
            click=self.click,
            cues=self.cues,
            jobs=min(jobs or _USUAL_JOBS, available_cores()),
            stretcher=self.stretcher,
        )


def render_options(function: _Function) -> _Function:
    """Add --loudness, --click, --cues, --cues-folder and --stretcher."""
    for option in reversed(
        (
            click.option(
                "--loudness",
                type=float,
                default=-14.0,
                metavar="LUFS",
                help="What every song is brought to (EBU R128).",
            ),
            click.option(
                "--click",
                type=click.Choice(["off", "all", "missing"]),
                default="off",
                help="A soft click on all steps, or on those that the music leaves out.",
            ),
            click.option(
                "--cues",
                metavar="THEME",
                callback=_list_themes,
                is_eager=True,
                help='A reminder every five minutes, as in "quiet feet"; list shows the themes.',
            ),
            click.option(
                "--cues-folder",
                type=click.Path(file_okay=False, path_type=Path),
                metavar="FOLDER",
                help="Your own recordings (WAV) for cues, in the order of their names.",
            ),
            click.option("--stretcher", default="bpmsync", metavar="NAME", help="The stretching engine."),
        )
    ):
        function = option(function)
    return function


def refuse_render_words(ctx: click.Context, words: Mapping[str, str]) -> None:
    """Refuse what was typed and cannot be; settings from elsewhere are passed over.

    Parameters
    ----------
    ctx : click.Context
        Of the command.
    words : mapping of str to str
        What is said of a parameter.

    Raises
    ------
    click.UsageError
        For the first that was typed.
    """
    for name, text in words.items():
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(text, ctx)


def _list_themes(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Print the themes and end, before anything that a run would need is asked for."""
    del param
    from bpmsync.render.cuetexts import LIST_WORD, format_themes, load_themes

    if value == LIST_WORD and not ctx.resilient_parsing:
        click.echo(format_themes(load_themes(_own_themes(ctx.find_object(Session)))), nl=False)
        ctx.exit()
    return value


def _own_themes(session: Session | None) -> Path | None:
    from bpmsync.render.cuetexts import OWN_FILE_NAME

    if session is None or session.config is None:
        return None
    return session.config.path.parent / OWN_FILE_NAME


def _cue_wish(session: Session, theme: str | None, folder: Path | None) -> CueWish | None:
    if theme is None and folder is None:
        return None
    from bpmsync.render.cuetexts import find_theme, load_themes
    from bpmsync.render.speech import find_speaker
    from bpmsync.render.values import CueWish

    texts = () if theme is None else find_theme(load_themes(_own_themes(session)), theme)
    speaker = find_speaker()
    if folder is None and speaker is None:
        session.say(
            "espeak-ng is not installed: a chime stands for each sentence (--cues-folder: recordings)"
        )
    return CueWish(texts, folder, speaker)
