"""A small chart of target against music over the run, in characters.

The target is a thin line of braille dots, the music as it was recorded a thick one of half
blocks, a hole is shaded: the three can be told apart without colour. In a stretched plan the
distance between the two lines is the stretch. ASCII stands in where the terminal's encoding has
neither. Columns are run time, rows are steps per minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rich.text import Text

from bpmsync.planner.legs import WarpedLeg, error_percent, leg_span
from bpmsync.timeline.durations import format_clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.planner.legs import Plan, WholeLeg

__all__ = ["CLOSE_PERCENT", "FAR_PERCENT", "draw_chart", "leg_style", "off_style", "stretch_style"]

CLOSE_PERCENT = 2.0
FAR_PERCENT = 4.0
_GENTLE_PERCENT = 4.0
_USUAL_PERCENT = 8.0
_ROUNDING_PERCENT = 1e-3

_ROWS = 10
_SMALLEST_SPAN_SPM = 8.0
_LABEL_WIDTH = 4
_TICKS_SPM = (1, 2, 5, 10, 20, 50, 100)
_TICKS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 5
_COLUMNS_PER_CLOCK = 12
_TARGET_STYLE = "bright_white"
_HOLE_STYLE = "red"
# Bits of the eight dots of a braille cell, left and right column from the top down
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800


def off_style(percent: float) -> str:
    """Return the colour of a deviation from the target: green, yellow, red."""
    if abs(percent) <= CLOSE_PERCENT:
        return "green"
    return "yellow" if abs(percent) <= FAR_PERCENT else "red"


def stretch_style(percent: float) -> str:
    """Return the colour of a stretch: green while it is gentle, then yellow, red."""
    size = abs(percent) - _ROUNDING_PERCENT
    if size <= _GENTLE_PERCENT:
        return "green"
    return "yellow" if size <= _USUAL_PERCENT else "red"


def leg_style(leg: WholeLeg | WarpedLeg, plan: Plan[Any]) -> str:
    """Return the colour of a leg: by its mean distance from the target, or its worst stretch."""
    if isinstance(leg, WarpedLeg):
        return stretch_style(leg.worst_stretch_percent(plan.ramp))
    return off_style(error_percent(leg, plan.ramp))


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the cells of the chart stand for."""

    columns: int
    length_s: float
    low_spm: float
    high_spm: float

    def second(self, column: float) -> float:
        return column / self.columns * self.length_s

    def column(self, second: float) -> int:
        return min(self.columns - 1, int(second / self.length_s * self.columns))

    def level(self, spm: float, levels: int) -> int:
        """Row from the top among `levels` rows over the whole height."""
        share = (self.high_spm - spm) / (self.high_spm - self.low_spm)
        return max(0, min(levels - 1, int(share * levels)))


def draw_chart(plan: Plan[Any], *, width: int, ascii_only: bool = False) -> Text:
    """Return the chart of a plan, `width` characters wide, with axes and a legend.

    Parameters
    ----------
    plan : Plan
        Without a leg, the target alone is drawn, over a hole.
    width : int
        Characters; taken as 24 where it is less.
    ascii_only : bool
        Draw with ``=`` for music, ``.`` for the target, ``?`` for holes.
    """
    frame = _frame_of(plan, max(24, width) - _LABEL_WIDTH - 2)
    cells = _empty_cells(plan, frame, ascii_only=ascii_only)
    for (row, column), dots in _target_dots(plan, frame).items():
        cells[row][column] = ("." if ascii_only else chr(_BRAILLE + dots), _TARGET_STYLE)
    _draw_music(plan, frame, cells, ascii_only=ascii_only)
    labels = dict(_spm_labels(frame))
    lines = [_line(labels.get(row, ""), cells[row], ascii_only=ascii_only) for row in range(_ROWS)]
    lines += [
        _clock_axis(frame, ascii_only=ascii_only),
        _numbers(plan, frame),
        _legend(plan, ascii_only=ascii_only),
    ]
    return Text("\n").join(lines)


def _frame_of(plan: Plan[Any], columns: int) -> _Frame:
    ends = [leg_span(leg, plan.ramp)[1] for leg in plan.legs]
    tempi = [leg.native_spm for leg in plan.legs]
    low = min([plan.ramp.lowest_spm, *tempi])
    high = max([plan.ramp.highest_spm, *tempi])
    margin = max((_SMALLEST_SPAN_SPM - (high - low)) / 2, (high - low) / _ROWS, 1.0)
    return _Frame(columns, max([plan.duration_s, *ends]), low - margin, high + margin)


def _empty_cells(plan: Plan[Any], frame: _Frame, *, ascii_only: bool) -> list[list[tuple[str, str]]]:
    hole = ("?" if ascii_only else "░", _HOLE_STYLE)
    row = [(" ", "")] * frame.columns
    for start_s, end_s in plan.uncovered:
        # A hole narrower than a column is still a hole
        for column in range(frame.column(start_s), max(frame.column(start_s), frame.column(end_s) - 1) + 1):
            row[column] = hole
    return [list(row) for _ in range(_ROWS)]


def _target_dots(plan: Plan[Any], frame: _Frame) -> dict[tuple[int, int], int]:
    """Braille bits per cell (row, column) of the target line, joined across jumps."""
    dots: dict[tuple[int, int], int] = {}
    previous: int | None = None
    for half_column in range(2 * frame.columns):
        second = frame.second((half_column + 0.5) / 2)
        if second > plan.duration_s:
            break
        level = frame.level(float(plan.ramp.spm_at(second)), 4 * _ROWS)
        start = level if previous is None else previous + (level > previous) - (level < previous)
        for dot in range(min(start, level), max(start, level) + 1):
            cell = (dot // 4, half_column // 2)
            dots[cell] = dots.get(cell, 0) | _DOTS[half_column % 2][dot % 4]
        previous = level
    return dots


def _draw_music(
    plan: Plan[Any], frame: _Frame, cells: list[list[tuple[str, str]]], *, ascii_only: bool
) -> None:
    for leg in plan.legs:
        level = frame.level(leg.native_spm, 2 * _ROWS)
        sign = "=" if ascii_only else "▀▄"[level % 2]
        style = leg_style(leg, plan)
        start_s, end_s = leg_span(leg, plan.ramp)
        first, last = frame.column(start_s), frame.column(end_s)
        for column in range(first, max(last, first + 1)):
            cells[level // 2][column] = (sign, style)
        if last == frame.columns - 1 and frame.second(last + 0.5) <= end_s:
            cells[level // 2][last] = cells[level // 2][last - 1]


def _spm_labels(frame: _Frame) -> Iterator[tuple[int, str]]:
    span = frame.high_spm - frame.low_spm
    step = next((tick for tick in _TICKS_SPM if span / tick <= _MOST_TICKS), _TICKS_SPM[-1])
    tick = -(-int(frame.low_spm + 0.999) // step) * step
    while tick <= frame.high_spm:
        yield frame.level(tick, _ROWS), str(tick)
        tick += step


def _line(label: str, cells: list[tuple[str, str]], *, ascii_only: bool) -> Text:
    axis = "|" if ascii_only else ("┤" if label else "│")
    line = Text(f"{label:>{_LABEL_WIDTH}} ", style="dim").append(axis)
    start = 0
    styles = [style for _, style in cells]
    for end in [i + 1 for i, (a, b) in enumerate(pairwise(styles)) if a != b] + [len(cells)]:
        line.append("".join(sign for sign, _ in cells[start:end]), style=f"not dim {styles[start]}".strip())
        start = end
    return line


def _clock_axis(frame: _Frame, *, ascii_only: bool) -> Text:
    most = max(1, frame.columns // _COLUMNS_PER_CLOCK)
    step = next((tick for tick in _TICKS_S if frame.length_s / tick <= most), _TICKS_S[-1])
    marks = ["-" if ascii_only else "─"] * frame.columns
    clocks = [" "] * (frame.columns + _LABEL_WIDTH)
    for second in range(0, int(frame.length_s) + 1, step):
        column = frame.column(second)
        marks[column] = "+" if ascii_only else "┬"
        clock = format_clock(second)
        clocks[column : column + len(clock)] = clock
    corner = "+" if ascii_only else "└"
    axis = " " * (_LABEL_WIDTH + 1) + corner + "".join(marks)
    under = f"{'spm':>{_LABEL_WIDTH}}  " + "".join(clocks)[: frame.columns].rstrip()
    return Text(f"{axis}\n{under}", style="dim")


def _numbers(plan: Plan[Any], frame: _Frame) -> Text:
    """Write the legs' numbers under their starts, as many as fit side by side."""
    line = [" "] * frame.columns
    free = 0
    for number, leg in enumerate(plan.legs, start=1):
        column, text = frame.column(leg_span(leg, plan.ramp)[0]), str(number)
        if column >= free and column + len(text) <= frame.columns:
            line[column : column + len(text)] = text
            free = column + len(text) + 1
    return Text(f"{'leg':>{_LABEL_WIDTH}}  ", style="dim").append(
        "".join(line).rstrip(), style="not dim bold"
    )


def _legend(plan: Plan[Any], *, ascii_only: bool) -> Text:
    block, dots, shade = ("=", "....", "?") if ascii_only else ("▀", "⠤⠤⠤⠤", "░")
    legend = Text(" " * (_LABEL_WIDTH + 2))
    legend.append(dots, style=_TARGET_STYLE).append(" target   ", style="dim")
    stretched = plan.mode == "stretch"
    close, far = (_GENTLE_PERCENT, _USUAL_PERCENT) if stretched else (CLOSE_PERCENT, FAR_PERCENT)
    styles = {leg_style(leg, plan) for leg in plan.legs}
    for style, words in (
        ("green", f"{'stretched up to' if stretched else 'within'} {close:g} %"),
        ("yellow", f"{far:g} %"),
        ("red", "further"),
    ):
        if style in styles:
            legend.append(block * 2, style=style).append(f" {words}   ", style="dim")
    if plan.uncovered:
        legend.append(shade * 2, style=_HOLE_STYLE).append(" no music", style="dim")
    legend.rstrip()
    return legend
