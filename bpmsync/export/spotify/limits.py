"""What Spotify takes: lengths of names and descriptions, and what an id looks like (pure)."""

from __future__ import annotations

import re

from bpmsync.errors import ParameterError

__all__ = ["ROWS_A_CALL", "SEARCH_LIMIT", "fit_description", "fit_name", "id_in"]

ROWS_A_CALL = 100
SEARCH_LIMIT = 10
_LONGEST_NAME = 100
_LONGEST_DESCRIPTION = 300
_ID = re.compile(r"[0-9A-Za-z]{1,64}", re.ASCII)


def fit_name(text: str) -> str:
    r"""Return a playlist's name as Spotify takes it: one line of 100 characters at most.

    A longer one, or a line break, would be answered with an error 500.

    Raises
    ------
    ParameterError
        If nothing is left of it.

    Examples
    --------
    >>> fit_name("Run\n160-168"), len(fit_name("x" * 200))
    ('Run 160-168', 100)
    """
    name = _one_line(text, _LONGEST_NAME)
    if not name:
        msg = f"{text!r} is no name for a playlist: give it at least one letter"
        raise ParameterError(msg)
    return name


def fit_description(text: str) -> str:
    """Return a playlist's description as Spotify takes it: one line of 300 characters at most."""
    return _one_line(text, _LONGEST_DESCRIPTION)


def _one_line(text: str, limit: int) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if _length(line) <= limit:
        return line
    while _length(line) > limit - 1:
        line = line[:-1]
    return line.rstrip() + "…"


def _length(text: str) -> int:
    """Count as programs do that know characters of 16 bits only: never less than a person counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def id_in(ident: str) -> str:
    """Return an id that is safe to put into an address.

    Raises
    ------
    ParameterError
        If it is none.
    """
    if not _ID.fullmatch(ident):
        msg = f"{ident!r} is not the id of a playlist"
        raise ParameterError(msg)
    return ident
