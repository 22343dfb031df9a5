"""The picture of a plan: every leg, every hole, nothing of what hostile tags want."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from rich.cells import cell_len
from rich.console import Console

from bpmsync.cli.chart import draw_chart, off_style, stretch_style
from bpmsync.cli.picture import save_svg, show_plan
from bpmsync.errors import ExportError
from bpmsync.planner.legs import Plan, WarpedLeg, WholeLeg
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from pathlib import Path


def _plan(*, title: str = "Song") -> Plan:
    ramp = Ramp.linear(160, 180, duration_s=900)
    first = WholeLeg(track(title, 82, 300, artist="Ann"), Fraction(2), 0.0)
    second = WholeLeg(track("[red]Two", 176, 300, confidence=0.3), Fraction(1), 600.0)
    return Plan(ramp, (first, second), uncovered=((300.0, 600.0),))


def _shown(plan: Plan | Plan[WarpedLeg], *, width: int = 90, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    show_plan(Console(file=file, width=width, legacy_windows=False), plan)
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_table_names_every_leg_and_hole() -> None:
    lines = _shown(_plan()).splitlines()
    assert lines[0].split() == [
        "#",
        "at",
        "artist",
        "-",
        "title",
        "target",
        "music",
        "steps/beat",
        "off",
        "beat",
    ]
    first, hole, second = (line.split() for line in lines[1:4])
    assert first == ["1", "0:00", "Ann", "-", "Song", "160-167", "164.0", "2", "+0.4", "%", "sure"]
    assert hole == ["5:00", "no", "music", "until", "10:00"]
    assert second == ["2", "10:00", "[red]Two", "173-180", "176.0", "1", "-0.4", "%", "check"]


def test_the_chart_shows_target_music_and_hole() -> None:
    chart = _shown(_plan()).split("\n\n")[1]
    body = "\n".join(chart.splitlines()[:10])
    assert len(chart.splitlines()) == 14
    assert any("⠀" < sign <= "⣿" for sign in body)
    assert re.search("[▀▄]", body)
    assert "░" in body
    assert "0:00" in chart
    assert "no music" in chart


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_line_is_wider_than_asked(width: int) -> None:
    for line in _shown(_plan(title="雨" * 50), width=width).splitlines():
        assert cell_len(line) <= width


def test_ascii_where_the_encoding_has_nothing_else() -> None:
    text = _shown(_plan(title="Ålesund"), encoding="ascii")
    assert "?lesund" in text
    assert "====" in text
    assert "...." in text
    assert "????" in text


def test_hostile_tags_stay_on_their_line() -> None:
    hostile = "a\x1b[2Jb\nc\u202ed" + "x" * 10_000
    calm = _shown(_plan(title="a"))
    text = _shown(_plan(title=hostile))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) == len(calm.splitlines())


def test_a_plan_without_legs_is_a_target_over_a_hole() -> None:
    plan = replace(_plan(), legs=(), uncovered=((0.0, 900.0),))
    assert "no music until 15:00" in _shown(plan)
    assert "⠤" in draw_chart(plan, width=60).plain or "⡠" in draw_chart(plan, width=60).plain


def test_a_jump_of_the_target_is_joined() -> None:
    ramp = Ramp.steady_pieces([(160, 300), (180, 300)])
    chart = draw_chart(Plan(ramp, ()), width=60).plain.splitlines()
    column = max(range(7, 60), key=lambda i: sum(len(r) > i and r[i] != " " for r in chart[:10]))
    crossed = [r[column] for r in chart[:10] if len(r) > column and r[column] != " "]
    assert len(crossed) >= 6


def test_colours_follow_the_distance() -> None:
    assert [off_style(x) for x in (-1.9, 3.0, -4.5)] == ["green", "yellow", "red"]


def _stretched() -> Plan[WarpedLeg]:
    ramp = Ramp.linear(160, 180, duration_s=180)
    legs = (
        WarpedLeg(track("Åse", 82, 300, artist="Ann"), 0, 80, Fraction(2), 0),
        WarpedLeg(track("[red]Two", 162, 300, confidence=0.3), 0, 160, Fraction(1), 320),
    )
    return Plan(ramp, legs, mode="stretch", uncovered=((legs[0].end_s(ramp), legs[1].start_s(ramp)),))


def test_the_table_of_a_stretched_plan_tells_the_stretch() -> None:
    head, *rows = (" ".join(line.split()) for line in _shown(_stretched()).splitlines()[:4])
    assert head.endswith("target music steps/beat stretch sound beat")
    assert rows == [
        "1 0:00 Ann - Åse 160-167 164.0 2 -2.4 to +1.5 % gentle sure",
        "0:59 no music until 1:55",
        "2 1:55 [red]Two 173-179 162.0 1 +6.7 to +10.4 % audible check",
    ]
    narrow = [line.split() for line in _shown(_stretched(), width=60).splitlines()[:4]]
    assert narrow[0][-4:] == ["music", "s/b", "stretch", "beat"]
    assert [line[-3] for line in (narrow[1], narrow[3])] == ["-2.4", "+10.4"]


def test_the_chart_of_a_stretched_plan_has_its_own_limits() -> None:
    lines = draw_chart(_stretched(), width=60).plain.splitlines()
    assert " ".join(lines[-1].split()).endswith("▀▀ stretched up to 4 % ▀▀ further ░░ no music")
    assert lines[-2].split() == ["leg", "1", "2"]
    assert [stretch_style(x) for x in (4.0005, -4.1, 8.0, 8.1)] == ["green", "yellow", "yellow", "red"]
    assert "====" in _shown(_stretched(), encoding="ascii")


def test_the_svg_is_the_same_view_and_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        save_svg(_plan(), tmp_path / name)
    content = (tmp_path / "a.svg").read_bytes()
    assert content == (tmp_path / "b.svg").read_bytes()
    root = ET.fromstring(content)  # noqa: S314 - our own file
    text = "".join(root.itertext()).replace("\xa0", " ")
    for part in ("Ann - Song", "no music until 10:00", "[red]Two", "176.0", "▀▀"):
        assert part in text
    assert b"rgb" in content or re.search(rb"fill: #[0-9a-f]{6}", content)


def test_an_svg_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot write"):
        save_svg(_plan(), tmp_path / "none" / "a.svg")
