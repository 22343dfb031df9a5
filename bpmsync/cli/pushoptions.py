"""How a plan is to be pushed: the options of `push`, and those that `playlist --push` shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bpmsync.cli.account import account_option, max_wait_option

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["PushWishes", "push_basics", "push_options"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class PushWishes:
    """How a plan is to be pushed.

    Parameters
    ----------
    account : Path
        The account folder.
    max_wait_s : float
        How long to wait when Spotify asks for it.
    name : str or None
        Of the playlist; None for one after the ramp.
    update : bool
        Change the playlist of this name that an earlier plan was pushed to.
    playlist : str or None
        Change this playlist.
    public : bool
        Show a new playlist on the profile.
    replace : bool
        Let the next best track stand in for a song that Spotify lacks.
    review : bool
        Ask about doubtful matches.
    refresh : bool
        Look for every song anew, but for what a person said.
    yes : bool
        Answer every question with yes.
    """

    account: Path
    max_wait_s: float
    name: str | None
    update: bool
    playlist: str | None
    public: bool
    replace: bool
    review: bool
    refresh: bool
    yes: bool

    @classmethod
    def take(cls, options: dict[str, Any]) -> PushWishes:
        """Take the options of a push out of what a command was given."""
        return cls(
            account=options.pop("account"),
            max_wait_s=options.pop("max_wait"),
            name=options.pop("name"),
            update=options.pop("update"),
            yes=options.pop("yes"),
            playlist=options.pop("playlist", None),
            public=options.pop("public", False),
            replace=options.pop("replace", True),
            review=options.pop("review", False),
            refresh=options.pop("refresh", False),
        )


def push_basics(function: _Function) -> _Function:
    """Add the options that `playlist --push` has, too."""
    for option in reversed(
        (
            click.option(
                "--name", metavar="TEXT", help="Name of the playlist on Spotify.  [default: after the ramp]"
            ),
            click.option(
                "--update",
                is_flag=True,
                help="Change the playlist of this name that an earlier plan was pushed to.",
            ),
            click.option("-y", "--yes", is_flag=True, help="Answer every question with yes."),
            max_wait_option,
            account_option,
        )
    ):
        function = option(function)
    return function


def push_options(function: _Function) -> _Function:
    """Add all options of a push."""
    for option in reversed(
        (
            push_basics,
            click.option(
                "--playlist", metavar="ADDRESS", help="Change this playlist: its address, URI or id."
            ),
            click.option("--public/--private", default=False, help="Show a new playlist on your profile."),
            click.option(
                "--replace/--no-replace",
                default=True,
                help="Put the next best track where Spotify lacks a song.",
            ),
            click.option("--review", is_flag=True, help="Ask about each doubtful match."),
            click.option(
                "--refresh", is_flag=True, help="Look for every song anew, but for those you linked."
            ),
        )
    ):
        function = option(function)
    return function
