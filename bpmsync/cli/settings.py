"""The config file: TOML that becomes click's `default_map`.

    baseline = 162            # top: for every command that has the option, and db, quiet, verbose

    [playlist]                # a table for each command, keys as its long options
    to = 168
    max-off = "5%"

    [spotify.login]           # a command of a group
    client-id = "..."

A table or a key that no command has is an error: a misspelt setting must not be silent.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.table import COMMANDS, load_entry, runnable
from bpmsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bpmsync.cli.table import CommandEntry

__all__ = ["SHARED", "ConfigFile", "default_config", "is_common", "option_names", "read_config"]

SHARED = ("account", "baseline", "engine", "jobs")
_COMMON = ("db", "quiet", "verbose")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The settings of a config file.

    Parameters
    ----------
    path : Path
        The file, whether or not it exists.
    exists : bool
        Whether it does.
    common : mapping
        Settings of bpmsync itself: db, quiet, verbose.
    default_map : dict
        Click's own: command -> option name -> value; a group's commands one level deeper.
    """

    path: Path
    exists: bool = False
    common: Mapping[str, Any] = field(default_factory=dict)
    default_map: dict[str, Any] = field(default_factory=dict)


def default_config() -> Path:
    """Return where the config file lies when nobody says otherwise."""
    import platformdirs

    return Path(platformdirs.user_config_dir("bpmsync", appauthor=False)) / "config.toml"


def option_names(command: click.Command) -> dict[str, click.Option]:
    """Return the options of a command by their long names as a config file writes them."""
    return {
        max(option.opts, key=len).removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in ("help", "version", "config_file")
    }


def is_common(key: str) -> bool:
    """Tell whether a setting is bpmsync's own, not one command's."""
    return key in _COMMON


def read_config(given: str | None) -> ConfigFile:
    """Read the config file.

    Parameters
    ----------
    given : str or None
        A file that the user named, which has to exist; None for the platform's.

    Raises
    ------
    ConfigError
        If it cannot be read, is no TOML, or has a table or a key that nothing knows.
    """
    path = Path(given) if given is not None else default_config()
    try:
        settings = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        if given is None:
            return ConfigFile(path)
        msg = f"there is no config file {path} (give another with --config)"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"cannot read the config file {path}: {error.strerror or error}"
        raise ConfigError(msg) from error
    except ValueError as error:  # broken TOML or text that is not UTF-8
        msg = f"the config file {path} is not TOML: {error}"
        raise ConfigError(msg) from error
    return _sorted_out(path, settings)


def _sorted_out(path: Path, settings: Mapping[str, Any]) -> ConfigFile:
    default_map: dict[str, Any] = {}
    common: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    tables = {entry.name: entry for entry in COMMANDS}
    for key, value in settings.items():
        if isinstance(value, dict):
            _known(path, key, tables, "table")
            default_map[key] = _command_settings(path, tables[key], value)
        elif key in _COMMON:
            common[key] = _common_value(path, key, value)
        else:
            _known(path, key, (*_COMMON, *SHARED), "key")
            shared[key] = value
    for words, _ in runnable():
        _share(default_map, words, shared)
    return ConfigFile(path, exists=True, common=common, default_map=default_map)


def _share(default_map: dict[str, Any], words: tuple[str, ...], shared: Mapping[str, Any]) -> None:
    """Give a command the settings of all, where it has none of its own."""
    for word in words:
        default_map = default_map.setdefault(word, {})
    for key, value in shared.items():
        default_map.setdefault(key, value)


def _command_settings(
    path: Path, entry: CommandEntry, table: Mapping[str, Any], above: str = ""
) -> dict[str, Any]:
    name = above + entry.name
    if entry.children:
        return _group_settings(path, entry, table, name)
    options = option_names(load_entry(entry))
    settings = {}
    for key, value in table.items():
        _known(path, key, options, f"key in [{name}]")
        settings[str(options[key].name)] = value
    return settings


def _group_settings(path: Path, group: CommandEntry, table: Mapping[str, Any], name: str) -> dict[str, Any]:
    children = {child.name: child for child in group.children}
    settings = {}
    for key, value in table.items():
        _known(path, key, children, f"key in [{name}]")
        if not isinstance(value, dict):
            msg = f"{key} = {value!r} in [{name}] of {path}: {key} is a table, written [{name}.{key}]"
            raise ConfigError(msg)
        settings[key] = _command_settings(path, children[key], value, f"{name}.")
    return settings


def _common_value(path: Path, key: str, value: Any) -> Any:  # noqa: ANN401 - any TOML value
    if key != "db" and isinstance(value, bool):
        return value
    if key == "db" and isinstance(value, str):
        # ~ is the user's, and a relative place starts from the config file's folder
        return path.parent / os.path.expanduser(value)  # noqa: PTH111 - Path.expanduser raises without a home
    form = "a text in quotes" if key == "db" else "true or false"
    msg = f"{key} = {value!r} in {path}: it has to be {form}"
    raise ConfigError(msg)


def _known(path: Path, key: str, known: Iterable[str], what: str) -> None:
    known = sorted(known)
    if key in known:
        return
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    msg = f"unknown {what} {key!r} in {path} ({hint})"
    raise ConfigError(msg)
