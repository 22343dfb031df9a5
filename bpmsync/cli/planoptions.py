"""What a run has to hold, what counts in it and how good it has to be: options of every plan."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bpmsync.cli.options import DURATION, PERCENT
from bpmsync.errors import ParameterError
from bpmsync.planner.weights import MEANINGS, Weights, parse_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.planner.proof import Effort
    from bpmsync.timeline.ramp import Ramp

__all__ = ["WEIGHTS_HELP", "PlanWishes", "Play", "wish_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")
# As many as the library remembers
_MOST_RECENT = 50
_MOST_PLAYED = 60
# What plays at the end plays so long before it; the music of a whole run may stop a little early
_BEFORE_END_S = 2.0
_WIDTH = 78
_WEIGHTS = """\
Weights, as --weight NAME=VALUE, and what they are without it. A second of music that is N % off its
target, or stretched by N %, costs N^2; all else is weighed against that:"""
# Between the wishes that a plan records
_AND = " | "


def _weights_help() -> str:
    usual = Weights()
    lines = [
        f"  {field.name}={getattr(usual, field.name):g}: {MEANINGS[field.name]}" for field in fields(Weights)
    ]
    # A paragraph that click must not fill
    return f"{_WEIGHTS}\n\n\b\n" + "\n".join(
        textwrap.fill(line, _WIDTH, subsequent_indent="      ") for line in lines
    )


WEIGHTS_HELP = _weights_help()


@dataclass(frozen=True, slots=True)
class Play:
    """One track that has to be played.

    Parameters
    ----------
    text : str
        As written.
    track : str
        Which one: a path, a number or a query.
    at_s : float or None
        The run second at which it plays; infinite for the end, None for any.
    """

    text: str
    track: str
    at_s: float | None

    @classmethod
    def parse(cls, text: str) -> Play:
        """Return what ``TRACK@MOMENT`` or ``TRACK`` stands for.

        What follows the last ``@`` is a moment if it reads as one: names may hold an ``@``.

        Raises
        ------
        ParameterError
            If there is no track in it.

        Examples
        --------
        >>> Play.parse("Tin Roof@1:05:00").at_s, Play.parse("me@home").track
        (3900.0, 'me@home')
        """
        track, at, moment = text.rpartition("@")
        at_s = _moment(moment.strip()) if at else None
        named = text if at_s is None else track
        if not named.strip():
            msg = f'--play {text!r} names no track: write --play "Tin Roof" or --play "Tin Roof@12m"'
            raise ParameterError(msg)
        return cls(text, named.strip(), at_s)

    def second(self, ramp: Ramp) -> float | None:
        """Return the run second at which it has to play, None for any.

        Raises
        ------
        ParameterError
            If the run is over by then.
        """
        if self.at_s is None:
            return None
        if math.isfinite(self.at_s) and self.at_s > ramp.duration_s:
            from bpmsync.timeline.durations import format_clock

            msg = f"--play {self.text!r}: the run is over at {format_clock(ramp.duration_s)}"
            raise ParameterError(msg)
        return max(0.0, min(self.at_s, ramp.duration_s - _BEFORE_END_S))


def _moment(text: str) -> float | None:
    from bpmsync.timeline.durations import parse_duration

    if text in ("start", "end"):
        return 0.0 if text == "start" else math.inf
    try:
        return parse_duration(text)
    except ParameterError:
        return None


@dataclass(frozen=True, slots=True)
class PlanWishes:
    """What was asked of a plan besides its limits.

    Parameters
    ----------
    play : tuple of Play
        What has to be played.
    per_artist : int
        Songs by one artist at most; 0 for any number.
    avoid_recent : int
        How many earlier plans are to be another run.
    weights : Weights
        What counts besides the tempo.
    gap : float
        How much above the bound the cost may be, as a share.
    time_limit_s : float
        Seconds to look for a better plan.
    explain : bool
        Whether to tell what each song costs.
    """

    play: tuple[Play, ...]
    per_artist: int
    avoid_recent: int
    weights: Weights
    gap: float
    time_limit_s: float
    explain: bool

    @classmethod
    def take(cls, options: dict[str, Any]) -> PlanWishes:
        """Take the wishes out of what a command was given.

        Raises
        ------
        ParameterError
            If one of them makes no sense by itself.
        """
        play = tuple(Play.parse(text) for text in options.pop("play"))
        if len(play) > _MOST_PLAYED:
            msg = f"{len(play)} times --play: a run can be asked for {_MOST_PLAYED} songs at most"
            raise ParameterError(msg)
        limit_s = options.pop("time_limit")
        return cls(
            play=play,
            per_artist=options.pop("per_artist") or 0,
            avoid_recent=options.pop("avoid_recent"),
            weights=parse_weights(options.pop("weight")),
            gap=options.pop("gap"),
            time_limit_s=math.inf if limit_s is None else limit_s,
            explain=options.pop("explain"),
        )

    def effort(self) -> Effort:
        """Return when a plan is good enough."""
        from bpmsync.planner.proof import Effort

        return Effort(gap=self.gap, time_limit_s=self.time_limit_s)

    def parameters(self) -> dict[str, str | int]:
        """Return what a plan records of them: nothing where nothing was asked; it has its weights."""
        asked: dict[str, str | int] = {
            "play": _AND.join(wish.text for wish in self.play),
            "per_artist": self.per_artist,
            "avoid_recent": self.avoid_recent,
        }
        return {name: value for name, value in asked.items() if value}


def wish_options(function: _Function) -> _Function:
    """Add --play, --per-artist, --avoid-recent, --weight, --gap, --time-limit and --explain."""
    for option in reversed(
        (
            click.option(
                "--play",
                multiple=True,
                metavar="TRACK[@MOMENT]",
                help="This track has to be played: at @12m, @1:05:00, @start or @end, or anywhere.",
            ),
            click.option(
                "--per-artist",
                type=click.IntRange(min=1),
                metavar="N",
                help="At most so many tracks by one artist.  [default: any number]",
            ),
            click.option(
                "--avoid-recent",
                type=click.IntRange(0, _MOST_RECENT),
                default=0,
                metavar="N",
                help="Rather other tracks than those of the last N plans that were written.",
            ),
            click.option(
                "--weight",
                multiple=True,
                metavar="NAME=VALUE",
                help="How much something counts, as in artist=600; the names are listed below.",
            ),
            click.option(
                "--gap",
                type=PERCENT,
                default="0.5%",
                help="A plan will do that costs so little more than the best there can be.",
            ),
            click.option(
                "--time-limit",
                type=DURATION,
                help="Processor time to look for a better plan.  [default: until it is good enough]",
            ),
            click.option("--explain", is_flag=True, help="Tell what each track costs, and why."),
        )
    ):
        function = option(function)
    return function
