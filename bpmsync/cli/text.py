"""Text from tags and file names, made safe to print.

Tags are foreign input: control characters could drive the terminal, line breaks tear a
table, and a title of 10,000 characters hide everything else.
"""

from __future__ import annotations

import unicodedata

__all__ = ["clean", "counted", "percent", "shorten", "spm"]

_DROPPED = ("Cc", "Cs", "Zl", "Zp")
# Marks that turn the direction of what follows, out of the tag and into the table
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    r"""Return a text without control characters, on one line.

    Examples
    --------
    >>> clean("a\x1b[31mb\nc")
    'a[31mb c'
    """
    spaced = text.replace("\r\n", " ").translate({ord(c): " " for c in "\n\r\t\v\f\u2028\u2029"})
    return "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED and c not in _DIRECTION)


def shorten(text: str, width: int) -> str:
    """Return a clean text of at most `width` characters, cut with an ellipsis."""
    text = clean(text)
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def spm(value: float) -> str:
    """Return a cadence for a sentence: as many digits as it needs, one decimal at most.

    Examples
    --------
    >>> spm(176), spm(170.1), spm(170.04)
    ('176', '170.1', '170')
    """
    return f"{value:.1f}".removesuffix(".0")


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "song"), counted(25, "song")
    ('1 song', '25 songs')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def percent(value: float, *, sign: bool = False) -> str:
    """Return a percentage with one decimal."""
    return f"{value:+.1f} %" if sign else f"{value:.1f} %"
