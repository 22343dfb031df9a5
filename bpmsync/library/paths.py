"""Paths as the library compares them: as strings, absolute, in NFC, links not resolved."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["below", "comparable", "is_gone", "is_text", "name_problem"]

_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def comparable(path: str) -> str:
    """Return the form in which two spellings of one path are equal."""
    return unicodedata.normalize("NFC", os.path.normcase(path))


def below(roots: Sequence[str | Path]) -> Callable[[str], bool]:
    """Return a test whether an absolute path is one of `roots` or lies below one.

    Examples
    --------
    >>> below(["/music"])("/music/a.mp3"), below(["/music"])("/music2/a.mp3")
    (True, False)
    """
    tops = [comparable(os.path.abspath(root)) for root in roots]  # noqa: PTH100 - links stay
    stems = tuple(top.rstrip(os.sep) + os.sep for top in tops)

    def is_below(path: str) -> bool:
        path = comparable(path)
        return path in tops or path.startswith(stems)

    return is_below


def is_text(path: str) -> bool:
    """Tell whether a name can be written as UTF-8 at all."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def name_problem(path: str) -> str | None:
    """Return why a name cannot stand in a library or playlist, or None if it can."""
    if not is_text(path):
        return "its name is not valid UTF-8: rename it"
    if not _LINE_BREAKS.isdisjoint(path):
        return "its name holds a line break, which no playlist can carry: rename it"
    return None


def is_gone(path: str) -> bool:
    """Tell whether nothing is at a path; what cannot be looked at is not gone."""
    try:
        os.stat(path)  # noqa: PTH116 - a string, as the library holds it
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
