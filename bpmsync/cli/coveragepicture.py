"""What a library covers, as people see it: bands and parts of a run as bars, and words for holes.

A bar has three shades: what music serves a cadence within the tightest limit, what more within
the next, and within the widest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bpmsync.cli.chart import draw_chart
from bpmsync.cli.picture import SVG_WIDTH, draw_svg
from bpmsync.cli.text import counted, shorten, spm
from bpmsync.planner.shortfall import spm_span, what_to_add
from bpmsync.timeline.durations import format_clock, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rich.console import Console

    from bpmsync.planner.coverage import CadenceBand, RunPart
    from bpmsync.planner.shortage import Closing, Hole
    from bpmsync.planner.survey import Survey

__all__ = ["Coverage", "coverage_words", "empty_bands", "save_coverage_svg", "show_coverage"]

_SHADES = (("█", "#", "green"), ("▓", "=", "yellow"), ("▒", "-", "red"))
_NAMES = 3
_LONGEST_NAME = 40
_NARROWEST_BAR = 10
_COLUMNS = 9
# Minutes of music for each minute of the run
_TOO_LITTLE, _THIN = 1.0, 2.0
_MOST_SHOWN = 4.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is shown.

    Parameters
    ----------
    bands : tuple of CadenceBand
        What each cadence has.
    survey : Survey or None
        What a run has, where there is one.
    """

    bands: tuple[CadenceBand, ...]
    survey: Survey | None = None

    __hash__ = None  # type: ignore[assignment]  # holds tracks


def show_coverage(console: Console, coverage: Coverage, *, width: int | None = None) -> None:
    """Print the bands, and the run with its parts.

    Parameters
    ----------
    console : rich.console.Console
        Where to; its encoding decides whether ASCII must do.
    coverage : Coverage
        What to show.
    width : int, optional
        Characters, at most the console's own width, which is the default.
    """
    width = min(width or console.width, console.width)
    ascii_only = console.options.ascii_only
    console.print(_bands(coverage.bands, width=width, ascii_only=ascii_only), width=width)
    survey = coverage.survey
    if survey is not None:
        console.print()
        chart = draw_chart(survey.plan, width=width, ascii_only=ascii_only)
        console.print(chart, width=width, no_wrap=True, overflow="crop")
        console.print()
        console.print(_parts(survey.parts, width=width, ascii_only=ascii_only), width=width)


def save_coverage_svg(coverage: Coverage, path: str | Path) -> None:
    """Write the picture with its words as an SVG file, whole or not at all.

    Raises
    ------
    ExportError
        If it cannot be written; an old file is kept.
    """

    def draw(console: Console) -> None:
        show_coverage(console, coverage, width=SVG_WIDTH)
        console.print()
        for line in (*empty_bands(coverage.bands), *coverage_words(coverage.survey)):
            console.print(Text(line), width=SVG_WIDTH)

    draw_svg(draw, path, name="bpmsync-coverage")


def empty_bands(bands: Sequence[CadenceBand]) -> Iterator[str]:
    """Say which music would fill the cadences that have none, neighbours together."""
    empty = [band for band in bands if not band.tracks]
    if len(empty) == len(bands):
        yield "no track of these serves any of these cadences"
        return
    start = 0
    for end in range(1, len(empty) + 1):
        if end < len(empty) and empty[end].from_spm == empty[end - 1].to_spm:
            continue
        low, high = empty[start].from_spm, empty[end - 1].to_spm
        music = f"music at {low / 2:g}-{high / 2:g} or {low:g}-{high:g} BPM fills it"
        yield f"nothing at {low:g}-{high:g} spm: {music}"
        start = end


def coverage_words(survey: Survey | None) -> Iterator[str]:
    """Say where a run has no music and what would help, or where music is thinnest."""
    if survey is None:
        return
    plan = survey.plan
    if not survey.holes:
        thinnest = min(survey.parts, key=lambda part: part.for_each)
        yield (
            f"the music covers the run; it is thinnest from {_clock(thinnest.start_s)} to "
            f"{_clock(thinnest.end_s)}, at {spm_span(thinnest.low_spm, thinnest.high_spm)}: "
            f"{thinnest.for_each:.1f} min for each minute"
        )
        return
    yield f"the music covers {format_duration(plan.covered_s)} of {format_duration(plan.duration_s)}"
    for hole in survey.holes:
        yield (
            f"no music from {_clock(hole.start_s)} to {_clock(hole.end_s)} "
            f"({format_duration(hole.length_s)}), at {spm_span(hole.low_spm, hole.high_spm)}"
        )
        remedies = survey.remedies(hole)
        for closing in remedies:
            yield f"  {_remedy(closing, hole)}"
        if not remedies:
            yield "  no other option lets in music of yours that helps"
    yield what_to_add(survey.additions)


def _remedy(closing: Closing, hole: Hole) -> str:
    filled = "it" if closing.is_whole else f"{format_duration(closing.closed_s)} of it"
    names = ", ".join(shorten(track.name, _LONGEST_NAME) for track in closing.tracks[:_NAMES])
    more = len(closing.tracks) - _NAMES
    rest = f" and {more} more" if more > 0 else ""
    # What is left elsewhere in the run is no fault of this hole
    left = closing.silent_s - (hole.length_s - closing.closed_s)
    elsewhere = f"; {format_duration(left)} stay silent elsewhere" if left >= 1 else ""
    return (
        f"{closing.relaxation.words} closes {filled}, with {counted(len(closing.tracks), 'track')}: "
        f"{names}{rest}{elsewhere}"
    )


def _bands(bands: Sequence[CadenceBand], *, width: int, ascii_only: bool) -> Table:
    limits = bands[0].limits if bands else ()
    table = _table(
        ["cadence", "tracks", "min", *(f"{_sign(ascii_only=ascii_only)} {100 * one:.3g} %" for one in limits)]
    )
    most = max((band.within_min[-1] for band in bands), default=0.0) or 1.0
    room = max(_NARROWEST_BAR, width - _COLUMNS * (len(limits) + 2) - 14)
    for band in bands:
        table.add_row(
            Text(f"{band.from_spm:.4g}-{band.to_spm:.4g} spm"),
            Text(str(band.tracks)),
            Text(f"{band.total_min:.1f}"),
            *(Text(f"{minutes:.1f}") for minutes in band.within_min),
            _bar([minutes / most for minutes in band.within_min], room, ascii_only=ascii_only),
        )
    return table


def _parts(parts: Sequence[RunPart], *, width: int, ascii_only: bool) -> Table:
    table = _table(["run", "spm", "tracks", "music", "needed", "for each"])
    room = max(_NARROWEST_BAR, width - _COLUMNS * 4 - 30)
    for part in parts:
        share = min(1.0, part.for_each / _MOST_SHOWN)
        style = "red" if part.for_each < _TOO_LITTLE else "yellow" if part.for_each < _THIN else "green"
        low, high = spm(part.low_spm), spm(part.high_spm)
        table.add_row(
            Text(f"{_clock(part.start_s)}-{_clock(part.end_s)}"),
            Text(low if low == high else f"{low}-{high}"),
            Text(str(part.tracks)),
            Text(f"{part.music_min:.1f}"),
            Text(f"{part.needed_min:.1f}"),
            Text(f"{part.for_each:.1f}", style=style),
            _bar([share], room, ascii_only=ascii_only, styles=(style,)),
        )
    return table


def _table(headers: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    return table


def _bar(
    shares: Sequence[float], room: int, *, ascii_only: bool, styles: Sequence[str] | None = None
) -> Text:
    """Draw shares of the room that grow, each in its own shade."""
    bar = Text()
    shades = [*_SHADES, *[_SHADES[-1]] * max(0, len(shares) - len(_SHADES))]
    for number, (share, (sign, plain, style)) in enumerate(zip(shares, shades, strict=False)):
        # A little music still shows
        length = min(room, math.ceil(share * room)) - len(bar)
        bar.append((plain if ascii_only else sign) * length, style=styles[number] if styles else style)
    return bar


def _sign(*, ascii_only: bool) -> str:
    return "<=" if ascii_only else "≤"


def _clock(seconds: float) -> str:
    return format_clock(round(seconds))
