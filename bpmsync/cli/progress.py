"""The one progress bar: files, rate and time left, drawn on a terminal only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from bpmsync.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["follow"]

_Item = TypeVar("_Item")


def follow(
    items: Iterable[_Item], *, total: int, label: str, unit: str = "files", quiet: bool = False
) -> Iterator[_Item]:
    """Yield the items while a bar counts them on stderr.

    Parameters
    ----------
    items : iterable
        Results of a job, one a file.
    total : int
        How many will come.
    label : str
        What is being done.
    unit : str
        What is counted.
    quiet : bool
        Draw nothing, as where stderr is no terminal.
    """
    if quiet or not sys.stderr.isatty() or not total:
        yield from items
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    rate = TextColumn("{task.fields[rate]}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        rate,
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, rate="")
        for item in items:
            yield item
            speed = bar.tasks[0].speed
            # A last short file must not end between two drawings
            last = bar.tasks[0].completed + 1 >= total
            bar.update(task, advance=1, rate=f"{speed:.1f} {unit}/s" if speed else "", refresh=last)
