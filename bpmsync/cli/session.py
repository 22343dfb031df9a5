"""What every command shares: the library's place, how much to say, and the config file.

The options of this module are understood before and after the command's name; the later
one wins. Opening the library imports the store, so asking for help opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.cli.settings import ConfigFile
    from bpmsync.library.store import Store

__all__ = ["Session", "common_options", "default_library", "pass_session"]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def default_library() -> Path:
    """Return where the library lies when nobody says otherwise: it is user data."""
    import platformdirs

    return Path(platformdirs.user_data_dir("bpmsync", appauthor=False)) / "library.db"


@dataclass(slots=True)
class Session:
    """One run of the command line.

    Parameters
    ----------
    db : Path or None
        The library file, None for the default place.
    verbose, quiet : bool
        More, or less, on stderr.
    config : ConfigFile or None
        The settings in force, None before they are read.
    sources : dict
        Where `db`, `verbose` and `quiet` came from.
    """

    db: Path | None = None
    verbose: bool = False
    quiet: bool = False
    config: ConfigFile | None = None
    sources: dict[str, ParameterSource] = field(default_factory=dict)

    @property
    def library_path(self) -> Path:
        """The library file that this run uses."""
        return default_library() if self.db is None else self.db

    def open_store(self) -> Store:
        """Open the library, making it (and its folder) where there is none.

        Raises
        ------
        LibraryError
            If it cannot be opened.
        """
        from bpmsync.errors import LibraryError
        from bpmsync.library.store import Store

        path = self.library_path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"cannot make the folder {path.parent}: {error.strerror} (give another place with --db)"
            raise LibraryError(msg) from error
        return Store(path)

    def say(self, message: str) -> None:
        """Print a message to stderr, unless --quiet."""
        if not self.quiet:
            click.echo(message, err=True)

    def load_config(self, ctx: click.Context, config_file: str | None) -> None:
        """Read the config file and make it the defaults of the command that runs."""
        from bpmsync.cli.settings import read_config

        self.config = read_config(config_file)
        ctx.default_map = self.config.default_map
        for name, value in self.config.common.items():
            _accept(self, name, value, ParameterSource.DEFAULT_MAP)


pass_session = click.make_pass_decorator(Session, ensure=True)


def common_options(function: _Function) -> _Function:
    """Add --db, -v and -q, whose values go into the session and not to the function."""
    for option in (
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Say only what went wrong.",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Say more; trace errors.",
        ),
        click.option(
            "--db",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            expose_value=False,
            callback=_keep,
            help="The library file.  [default: in the platform's data folder]",
        ),
    ):
        function = option(function)
    return function


# Smaller is stronger
_STRENGTH = (
    ParameterSource.COMMANDLINE,
    ParameterSource.ENVIRONMENT,
    ParameterSource.DEFAULT_MAP,
    ParameterSource.DEFAULT,
)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ANN401 - any option's value
    if ctx.resilient_parsing:
        return
    source = ctx.get_parameter_source(param.name)
    if source in _STRENGTH[:-1]:
        _accept(ctx.ensure_object(Session), param.name, value, source)


def _accept(session: Session, name: str, value: Any, source: ParameterSource) -> None:  # noqa: ANN401
    """Take a value unless a stronger source has spoken: an equal one replaces it."""
    before = session.sources.get(name, ParameterSource.DEFAULT)
    if _STRENGTH.index(source) > _STRENGTH.index(before):
        return
    session.sources[name] = source
    setattr(session, name, value)
