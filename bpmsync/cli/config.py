"""``bpmsync config``: every setting, its value, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.table import load_entry, runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command"]

_WORDS = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "config file",
    ParameterSource.DEFAULT: "default",
}


@click.command("config")
@click.option("--changed", is_flag=True, help="Only what is not a default.")
@json_option
@common_options
@pass_session
@click.pass_context
def command(ctx: click.Context, session: Session, *, changed: bool, as_json: bool) -> None:
    """Show every setting, its value and where it came from.

    An option wins over the environment variable BPMSYNC_COMMAND_OPTION, that over the config
    file, that over the default.
    """
    from bpmsync.cli.output import print_json, print_table

    settings = [s for s in _settings(ctx, session) if not changed or s["source"] != "default"]
    config = session.config
    if as_json:
        file = None if config is None else str(config.path)
        print_json({"config_file": file, "library": str(session.library_path), "settings": settings})
        return
    if config is not None:
        session.say(f"config file: {config.path}{'' if config.exists else ' (there is none)'}")
    session.say(f"library: {session.library_path}")
    if not settings:
        session.say("every setting has its default")
        return
    print_table(
        ("command", "setting", "value", "from"),
        [(s["command"], s["setting"], _shown(s["value"]), s["source"]) for s in settings],
    )


def _settings(ctx: click.Context, session: Session) -> Iterator[dict[str, Any]]:
    for name, value in (
        ("db", str(session.library_path)),
        ("quiet", session.quiet),
        ("verbose", session.verbose),
    ):
        source = session.sources.get(name, ParameterSource.DEFAULT)
        yield {"command": "", "setting": name, "value": value, "source": _WORDS[source]}
    for words, entry in runnable():
        yield from _command_settings(ctx, words, load_entry(entry))


def _command_settings(
    ctx: click.Context, words: tuple[str, ...], command: click.Command
) -> Iterator[dict[str, Any]]:
    from bpmsync.cli.settings import is_common, option_names

    inner = ctx.parent
    for word in words:  # a group's name is part of the environment variable's
        inner = click.Context(command, info_name=word, parent=inner, resilient_parsing=True)
    assert inner is not None  # noqa: S101 - no command is named by no words
    for setting, option in option_names(command).items():
        if is_common(setting):
            continue
        value, source = option.consume_value(inner, {})
        shown = _plain(value)
        yield {"command": " ".join(words), "setting": setting, "value": shown, "source": _WORDS[source]}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any option's value
    """Return a value for JSON; click's mark for "not set" is None."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    return [str(item) for item in value] if isinstance(value, list | tuple) else None


def _shown(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return "on" if value else "off"
    return " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
