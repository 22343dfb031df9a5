"""Tables for eyes and JSON for programs, on stdout.

Whatever comes from tags or file names is cleaned before it is printed; JSON carries it as
it is, escaped.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.text import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

__all__ = ["console", "print_json", "print_json_line", "print_table"]

_PIPE_WIDTH = 160
_LONGEST_CELL = 60
_SHORT_CELL = 8
# Between two columns
_GUTTER = 3


def console(*, stderr: bool = False) -> Console:
    """Return rich's console for a stream, wide where no terminal sets the width."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS", "").isdigit() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_json(document: object) -> None:
    """Print one document."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))


def print_json_line(document: object) -> None:
    """Print one object on one line, at once, so that a pipe sees it."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print a table; a column whose name begins with ">" is aligned right.

    Parameters
    ----------
    columns : sequence of str
        Headings.
    rows : iterable of sequences
        Cells; text is cleaned and shortened, None is empty.
    title : str, optional
        A line above the table.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [["" if cell is None else shorten(str(cell), _LONGEST_CELL) for cell in row] for row in rows]
    headings = [name.removeprefix(">") for name in columns]
    natural = [max(map(cell_len, column)) for column in zip(headings, *cells, strict=True)]
    screen = console()
    widths = _fitting(natural, screen.width - _GUTTER * len(columns))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name, heading, width in zip(columns, headings, widths, strict=True):
        table.add_column(
            heading,
            justify="right" if name.startswith(">") else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=width,
        )
    for row in cells:
        table.add_row(*map(Text, row))
    screen.print(table)


def _fitting(widths: Sequence[int], room: int) -> list[int]:
    """Return widths that fit: the widest columns give way, what is short stays whole."""
    fitting = list(widths)
    while sum(fitting) > room and max(fitting) > _SHORT_CELL:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting
