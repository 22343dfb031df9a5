"""The command line's front door: a table of commands, and the one place where errors end.

Help and completion read the table of commands and import none of them. Every error becomes a
message on stderr and an exit status here, and nowhere else.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from bpmsync import __version__
from bpmsync.cli.groups import TableGroup
from bpmsync.cli.session import Session, common_options
from bpmsync.cli.table import COMMANDS
from bpmsync.errors import BpmsyncError, ExitStatus
from bpmsync.library.threads import limit_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]


@click.group(
    cls=TableGroup,
    entries=COMMANDS,
    context_settings={
        "auto_envvar_prefix": "BPMSYNC",
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
    },
    epilog="A runner's own cadence: count your right foot for 30 seconds of easy running, times 4.",
)
@click.version_option(__version__, "--version", prog_name="bpmsync", message="%(prog)s %(version)s")
@common_options
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Settings to use instead of those in the platform's config folder.",
)
@click.pass_context
def cli(ctx: click.Context, config_file: str | None) -> None:
    """Turn a folder of music into playlists at your running cadence."""
    if not ctx.resilient_parsing and ctx.invoked_subcommand is not None:
        session = ctx.ensure_object(Session)
        session.load_config(ctx, config_file)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    _speak_utf8()
    limit_threads()
    session = Session()
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        status = cli.main(args, prog_name="bpmsync", standalone_mode=False, obj=session)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE if isinstance(error, click.UsageError) else ExitStatus.FAILED
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        return ExitStatus.INTERRUPTED
    except BpmsyncError as error:
        return _report(error, session)
    except OSError as error:
        return _stdout_broke(error, session)
    except Exception as error:  # noqa: BLE001 - the last border: a bug ends in a message, too
        _complain(f"a mistake in bpmsync itself: {type(error).__name__}: {error}")
        _trace(session, hint="run it again with -v and report what it prints")
        return ExitStatus.FAILED
    return int(status) if isinstance(status, int) else ExitStatus.DONE


def _speak_utf8() -> None:
    """Write UTF-8 whatever the console's code page; a name that is not Unicode as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _report(error: BpmsyncError, session: Session) -> int:
    from bpmsync.cli.text import clean

    _complain("\n".join(clean(line) for line in str(error).splitlines()))
    _trace(session)
    return error.exit_status


def _stdout_broke(error: OSError, session: Session) -> int:
    """End quietly where the reader of a pipe went away; else say what could not be written."""
    if isinstance(error, BrokenPipeError):
        # Python flushes stdout once more at exit, which would fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.FAILED
    place = f"{error.filename}: " if error.filename else ""
    _complain(f"{place}{error.strerror or error}")
    _trace(session)
    if not error.filename:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitStatus.FAILED


def _complain(message: str) -> None:
    click.echo(f"bpmsync: {message}", err=True)


def _trace(session: Session, *, hint: str = "") -> None:
    if session.verbose:
        traceback.print_exc()
    elif hint:
        click.echo(hint, err=True)
