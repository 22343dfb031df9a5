"""Ramps as text: ``160@0 170@10:00 184@40:00`` and ``5x(176/3:00 164/2:00)``.

The cadence always comes first. ``@`` is a moment of the run, and the cadence runs evenly
from one moment to the next (two at one moment are a jump); ``/`` is a length, held, and a
group in brackets is repeated. The two forms are not mixed in one text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bpmsync.errors import ParameterError
from bpmsync.timeline.durations import format_clock, parse_duration
from bpmsync.timeline.ramp import Ramp

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["format_ramp", "parse_ramp"]

_RIGHT_FORM = "write 160@0 170@10:00 184@40:00 (moments), or 5x(176/3:00 164/2:00) (lengths)"
_TOKEN = re.compile(r"\s*(?:(\d{1,3})x\(([^()]*)\)|([^\s()]+))(?=\s|$)", re.ASCII)
_ITEM = re.compile(r"(\d+(?:\.\d+)?)([@/])(\S+)", re.ASCII)
_MOST_REPEATS = 200


def parse_ramp(text: str) -> Ramp:
    """Return the ramp that a text describes.

    Raises
    ------
    ParameterError
        If the text has another form; the message shows the right one.

    Examples
    --------
    >>> parse_ramp("160@0 170@10:00").knots
    ((0.0, 160.0), (600.0, 170.0))
    >>> parse_ramp("2x(176/3:00 164/2:00)").duration_s
    600.0
    """
    items = list(_items(text))
    kinds = {kind for _, kind, _ in items}
    if len(kinds) != 1:
        msg = f"{text!r} is not a ramp: {_RIGHT_FORM}"
        raise ParameterError(msg)
    pairs = [(spm, seconds) for spm, _, seconds in items]
    if kinds == {"/"}:
        return Ramp.steady_pieces(pairs)
    if pairs[0][1] != 0:
        msg = f"{text!r}: the first moment of a ramp is @0; {_RIGHT_FORM}"
        raise ParameterError(msg)
    return Ramp(tuple((seconds, spm) for spm, seconds in pairs))


def format_ramp(ramp: Ramp) -> str:
    """Return the text of a ramp by its moments; `parse_ramp` reads it back.

    Examples
    --------
    >>> format_ramp(Ramp(((0, 162), (2400, 168))))
    '162@0 168@40:00'
    """
    moments = ramp.knots if ramp.knots[0][0] == 0 else ((0.0, ramp.knots[0][1]), *ramp.knots)
    return " ".join(f"{_number(spm)}@{format_clock(t) if t else '0'}" for t, spm in moments)


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _items(text: str) -> Iterator[tuple[float, str, float]]:
    position = 0
    text = text.rstrip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            msg = f"{text!r} is not a ramp, from {text[position:].strip()!r} on: {_RIGHT_FORM}"
            raise ParameterError(msg)
        position = token.end()
        if token[1] is None:
            yield _item(token[3], text)
        else:
            yield from _repeated(int(token[1]), token[2], text)


def _repeated(times: int, inner: str, text: str) -> Iterator[tuple[float, str, float]]:
    if not 1 <= times <= _MOST_REPEATS:
        msg = f"{times} repeats in {text!r}: from 1 to {_MOST_REPEATS}; {_RIGHT_FORM}"
        raise ParameterError(msg)
    items = [_item(word, text) for word in inner.split()]
    if any(kind == "@" for _, kind, _ in items) or not items:
        msg = f"what is repeated in {text!r} needs lengths, as in 5x(176/3:00 164/2:00)"
        raise ParameterError(msg)
    yield from items * times


def _item(word: str, text: str) -> tuple[float, str, float]:
    match = _ITEM.fullmatch(word)
    if match is None:
        msg = f"{word!r} in {text!r} is not a part of a ramp: {_RIGHT_FORM}"
        raise ParameterError(msg)
    return float(match[1]), match[2], _seconds(match[2], match[3], text)


def _seconds(kind: str, written: str, text: str) -> float:
    if (kind, written) == ("@", "0"):
        return 0.0
    try:
        return parse_duration(written)
    except ParameterError as error:
        msg = f"{text!r} is not a ramp: {error}; {_RIGHT_FORM}"
        raise ParameterError(msg) from error
