"""A group of commands that is read from the table: help and completion import none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.table import load_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from bpmsync.cli.table import CommandEntry

__all__ = ["TableGroup"]


class TableGroup(click.Group):
    """A group that knows its commands from the table and imports the one that runs.

    Parameters
    ----------
    entries : sequence of CommandEntry
        Its commands, in the order of its help.
    """

    def __init__(self, *args: Any, entries: Sequence[CommandEntry] = (), **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.entries = tuple(entries)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names, in the table's order."""
        return [entry.name for entry in self.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        return next((load_entry(entry) for entry in self.entries if entry.name == cmd_name), None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse a command that is not there, and name the nearest."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not ctx.resilient_parsing and not args[0].startswith("-"):
            ctx.fail(f"there is no command {args[0]!r}{_nearest(args[0], names, ctx)}")
        return super().resolve_command(ctx, args)

    # click would import every command to print the table
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Print the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.summary) for entry in self.entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the names that begin so, and the group's own options."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(entry.name, help=entry.summary)
            for entry in self.entries
            if entry.name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)


def _nearest(word: str, names: list[str], ctx: click.Context) -> str:
    import difflib

    near = difflib.get_close_matches(word, names, n=1)
    return f" (did you mean {near[0]}?)" if near else f" (see {ctx.command_path} --help)"
