"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpmsync.errors import ParameterError
from bpmsync.timeline.durations import format_clock, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("40m", 2400),
        ("40:00", 2400),
        ("1h05m", 3900),
        ("2400s", 2400),
        ("1:05:00", 3900),
        ("7m30s", 450),
        ("0:07.25", 7.25),
        ("1.5s", 1.5),
        ("90:00", 5400),
        (" 2h ", 7200),
    ],
)
def test_one_reading(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "40",
        "2400.0",
        "40 m",
        "m",
        "4.5m",
        "40:0",
        "40:60",
        "1:60:00",
        "1:5:00",
        "-5m",
        "5m-",
        "5s5m",
        "\u0664\u0660m",
        "1e3s",
        "inf",
        "nan",
        "99999h",
        "9" * 400 + "s",
        "40m\n5",
    ],
)
def test_everything_else_shows_the_right_form(text: str) -> None:
    with pytest.raises(ParameterError, match=r"40:00"):
        parse_duration(text)


@given(st.integers(0, 4 * 3600 * 1_000_000).map(lambda micros: micros / 1e6))
def test_a_clock_reads_back(seconds: float) -> None:
    assert parse_duration(format_clock(seconds)) == seconds


@given(st.integers(0, 100 * 3600))
def test_units_read_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
