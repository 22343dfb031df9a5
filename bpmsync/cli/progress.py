"""Progress bars with rate and time left, for files and for sound, drawn on a terminal only."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from bpmsync.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpmsync.render.values import Progress

__all__ = ["follow", "watch"]

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


@contextmanager
def watch(*, quiet: bool, say: Callable[[str], None]) -> Iterator[Callable[[Progress], None]]:
    """Give what a render job tells its progress to; a bar shows it on stderr.

    Parameters
    ----------
    quiet : bool
        Draw nothing, as where stderr is no terminal.
    say : callable
        Told once each time that a mix is written again, terminal or not.
    """
    with _mix_bar(quiet=quiet) as draw:
        attempts = 1

        def told(progress: Progress) -> None:
            nonlocal attempts
            if progress.attempt > attempts:
                attempts = progress.attempt
                say("once more, with a lower ceiling: what came out of the file was too hot")
            draw(progress)

        yield told


@contextmanager
def _mix_bar(*, quiet: bool) -> Iterator[Callable[[Progress], None]]:
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from bpmsync.timeline.durations import format_clock

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[at]}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("rendering", total=None, at="", rate="")
        attempt = 1

        def draw(progress: Progress) -> None:
            nonlocal attempt
            if progress.attempt > attempt:
                attempt = progress.attempt
                bar.reset(task)
            speed = bar.tasks[0].speed
            # All of it is written: what is left is to listen to what came out
            words = "rendering" if progress.done_s < progress.total_s else "checking"
            done, total = (format_clock(round(s)) for s in (progress.done_s, progress.total_s))
            bar.update(
                task,
                description=words,
                completed=progress.done_s,
                total=progress.total_s,
                at=f"{done}/{total}",
                rate=f"{speed:.0f} x" if speed else "",
            )

        yield draw
