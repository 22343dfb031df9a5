"""The plan as people see it: a table of legs and a chart, in the terminal or as an SVG file.

Tags come from strangers: they are shown as plain text (never as markup), on one line,
without control characters and cut to a length that a table can carry.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from bpmsync.atomic import write_atomically
from bpmsync.beats.detection import confidence_word
from bpmsync.cli.chart import draw_chart, leg_style, off_style
from bpmsync.cli.text import percent, shorten
from bpmsync.planner.artefacts import leg_artefacts
from bpmsync.planner.legs import WarpedLeg, error_percent, leg_span, leg_target
from bpmsync.timeline.durations import format_clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bpmsync.planner.legs import Plan, WholeLeg

__all__ = ["SVG_WIDTH", "draw_svg", "save_svg", "show_plan"]

SVG_WIDTH = 100
_LONGEST_NAME = 200
_NARROW = 64
_CONFIDENCE_STYLES = {"sure": "green", "likely": "", "check": "yellow"}
_PAPER = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
    [
        (110, 118, 129),
        (255, 161, 152),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (255, 255, 255),
    ],
)


def show_plan(console: Console, plan: Plan[Any], *, width: int | None = None) -> None:
    """Print a plan as a table of its legs and a chart of target against music.

    Parameters
    ----------
    console : rich.console.Console
        Where to; its encoding decides whether ASCII must do.
    plan : Plan
        What to show; holes are rows of their own.
    width : int, optional
        Characters, at most the console's own width, which is the default.
    """
    width = min(width or console.width, console.width)
    ascii_only = console.options.ascii_only
    console.print(_table(plan, width=width, ascii_only=ascii_only), width=width)
    console.print()
    console.print(
        draw_chart(plan, width=width, ascii_only=ascii_only), width=width, no_wrap=True, overflow="crop"
    )


def save_svg(plan: Plan[Any], path: str | Path) -> None:
    """Write what `show_plan` prints as an SVG picture, whole or not at all.

    Raises
    ------
    ExportError
        If it cannot be written; an old file is kept.
    """
    draw_svg(lambda console: show_plan(console, plan, width=SVG_WIDTH), path, name="bpmsync-plan")


def draw_svg(draw: Callable[[Console], None], path: str | Path, *, name: str) -> None:
    """Write what is printed on a console as an SVG picture, whole or not at all.

    Parameters
    ----------
    draw : callable
        Prints it.
    path : str or Path
        Of the picture.
    name : str
        The same for equal pictures: they have equal bytes.

    Raises
    ------
    ExportError
        If it cannot be written; an old file is kept.
    """
    console = Console(
        record=True,
        file=io.StringIO(),
        width=SVG_WIDTH,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        no_color=False,
        _environ={},
    )
    draw(console)
    svg = console.export_svg(title="bpmsync", theme=_PAPER, unique_id=name)
    write_atomically(path, svg)


def _table(plan: Plan[Any], *, width: int, ascii_only: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), width=width, header_style="dim", pad_edge=False)
    overflow = "crop" if ascii_only else "ellipsis"
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("artist - title", ratio=1, no_wrap=True, overflow=overflow)  # type: ignore[arg-type]
    wide = width > _NARROW
    stretched = plan.mode == "stretch"
    for header in ("target", "music", "steps/beat" if wide else "s/b", "stretch" if stretched else "off"):
        table.add_column(header, justify="right", no_wrap=True)
    if stretched and wide:
        table.add_column("sound", no_wrap=True)
    table.add_column("beat", no_wrap=True)
    holes = sorted(plan.uncovered)
    for number, leg in enumerate(plan.legs, start=1):
        while holes and holes[0][0] < leg_span(leg, plan.ramp)[0]:
            table.add_row(*_hole_row(*holes.pop(0)))
        table.add_row(*_leg_row(number, leg, plan, wide=wide, ascii_only=ascii_only))
    for hole in holes:
        table.add_row(*_hole_row(*hole))
    return table


def _leg_row(
    number: int, leg: WholeLeg | WarpedLeg, plan: Plan[Any], *, wide: bool, ascii_only: bool
) -> list[Text]:
    name = shorten(leg.track.name, _LONGEST_NAME)
    if ascii_only:
        name = name.encode("ascii", "replace").decode()
    target = leg_target(leg, plan.ramp)
    word = confidence_word(leg.track.detection.confidence)
    return [
        Text(str(number), style="bold"),
        Text(_clock(leg_span(leg, plan.ramp)[0])),
        Text(name),
        Text(_span(target.from_spm, target.to_spm)),
        Text(f"{leg.native_spm:.1f}"),
        Text(str(leg.steps_per_beat)),
        *_distance(leg, plan, wide=wide),
        Text(word, style=_CONFIDENCE_STYLES[word]),
    ]


def _distance(leg: WholeLeg | WarpedLeg, plan: Plan[Any], *, wide: bool) -> list[Text]:
    """Tell how far the music is from the target, or how far it is stretched to be on it."""
    if not isinstance(leg, WarpedLeg):
        off = error_percent(leg, plan.ramp)
        return [Text(percent(off, sign=True), style=off_style(off))]
    found = leg_artefacts(leg, plan.ramp)
    ends = [f"{round(x, 1) + 0.0:+.1f}" for x in (found.lowest_percent, found.highest_percent)]
    if not wide:
        ends = [max(ends, key=lambda text: abs(float(text)))]
    # Both ends, or the one value where they look alike
    words = " to ".join(dict.fromkeys(ends)) + " %"
    style = leg_style(leg, plan)
    return [Text(words, style=style), *([Text(found.word, style=style)] if wide else [])]


def _hole_row(start_s: float, end_s: float) -> list[Text]:
    words = f"no music until {_clock(end_s)}"
    return [
        Text(""),
        Text(_clock(start_s), style="red"),
        Text(words, style="red"),
    ]


def _span(from_spm: float, to_spm: float) -> str:
    first, last = f"{from_spm:.0f}", f"{to_spm:.0f}"
    return first if first == last else f"{first}-{last}"


def _clock(seconds: float) -> str:
    return format_clock(round(seconds))
