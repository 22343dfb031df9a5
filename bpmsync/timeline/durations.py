"""Durations as people write them: one reading for every option and text.

``40m``, ``1h05m``, ``2400s``, ``7m30s`` and clock forms ``40:00``, ``1:05:00``, with an
optional decimal fraction of the last seconds. A bare number is refused: forty what?
"""

from __future__ import annotations

import re

from bpmsync.errors import ParameterError

__all__ = ["LONGEST_H", "format_clock", "format_duration", "parse_duration"]

_UNITS = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):(?=\d\d:))?(\d+):(\d\d(?:\.\d+)?)", re.ASCII)
_MINUTE_S = 60.0
_HOUR_S = 3600.0
LONGEST_H = 1000


def parse_duration(text: str) -> float:
    """Return the seconds that a text such as ``40m``, ``40:00`` or ``1h05m`` stands for.

    Raises
    ------
    ParameterError
        If the text is a bare number or has another form.

    Examples
    --------
    >>> parse_duration("1h05m"), parse_duration("40:00"), parse_duration("2400s")
    (3900.0, 2400.0, 2400.0)
    """
    stripped = text.strip()
    match = _CLOCK.fullmatch(stripped) or (_UNITS.fullmatch(stripped) if stripped else None)
    if match is None:
        msg = f"{text!r} is not a duration: write 40m, 40:00, 1h05m or 2400s (a number needs its unit)"
        raise ParameterError(msg)
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if match.re is _CLOCK and (seconds >= _MINUTE_S or (match[1] and minutes >= _MINUTE_S)):
        msg = f"{text!r} is not a clock time: minutes and seconds run to 59 (write 40:00 or 1:05:00)"
        raise ParameterError(msg)
    # To the microsecond, so that a clock form reads back as the very number it was made from
    total = round(hours * _HOUR_S + minutes * _MINUTE_S + seconds, 6)
    if total > LONGEST_H * _HOUR_S:
        msg = f"a duration of more than {LONGEST_H} h: write 40m, 40:00, 1h05m or 2400s"
        raise ParameterError(msg)
    return total


def format_clock(seconds: float) -> str:
    """Return ``m:ss`` (``h:mm:ss`` from an hour on), as exact as a microsecond.

    Examples
    --------
    >>> format_clock(600), format_clock(3900), format_clock(7.25)
    ('10:00', '1:05:00', '0:07.25')
    """
    micros = round(seconds * 1e6)
    whole, fraction = divmod(micros, 1_000_000)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    clock = f"{hours}:{minutes_left:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return clock + (f".{fraction:06d}".rstrip("0") if fraction else "")


def format_duration(seconds: float) -> str:
    """Return the short form with units, for file names and sentences.

    Examples
    --------
    >>> format_duration(2400), format_duration(3900), format_duration(7), format_duration(450)
    ('40m', '1h05m', '7s', '7m30s')
    """
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes_left:02d}m" + (f"{rest:02d}s" if rest else "")
    if minutes:
        return f"{minutes}m" + (f"{rest:02d}s" if rest else "")
    return f"{rest}s"
