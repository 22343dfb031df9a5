"""What the browser's last address says: a code, a refusal, or nothing that was asked for (pure)."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

from bpmsync.errors import NotAuthorised
from bpmsync.export.spotify.tokens import Secret, is_token

__all__ = ["StrayAnswer", "TimedOut", "code_in", "code_in_pasted"]

_LONGEST_WORD = 60


class StrayAnswer(NotAuthorised):
    """An answer to another question, or none at all."""


class TimedOut(NotAuthorised):
    """No answer came."""


def code_in(query: str, state: str) -> Secret:
    """Return the code in the query of the address that the browser was sent to.

    Parameters
    ----------
    query : str
        What follows the question mark.
    state : str
        The question's.

    Raises
    ------
    StrayAnswer
        If it does not answer this question.
    NotAuthorised
        If the user refused.
    """
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        given = {}
    states, codes, errors = (given.get(name, []) for name in ("state", "code", "error"))
    if len(states) != 1 or not secrets.compare_digest(states[0].encode(), state.encode()):
        msg = (
            "that address does not belong to this log-in (its state is another): open the address above again"
        )
        raise StrayAnswer(msg)
    if errors:
        raise NotAuthorised(_refusal(errors[0]))
    if len(codes) != 1 or not codes[0]:
        msg = "that address holds no code: copy it whole, from http:// to its end"
        raise StrayAnswer(msg)
    return Secret(codes[0])


def code_in_pasted(text: str, state: str) -> Secret:
    """Return the code in what a person pasted: the whole address, its query, or the code alone.

    Raises
    ------
    StrayAnswer, NotAuthorised
        As `code_in`.
    """
    text = text.strip().strip("'\"<>")
    if not text:
        msg = (
            "nothing was pasted: open the address above, agree, and copy the address that the browser ends at"
        )
        raise StrayAnswer(msg)
    if is_token(text) and not any(mark in text for mark in "=/?&"):
        return Secret(text)
    try:
        query = urlsplit(text).query
    except ValueError:
        query = ""
    return code_in(query or text.rpartition("?")[2], state)


def _refusal(error: str) -> str:
    if error == "access_denied":
        return "the log-in was refused in the browser: run it again and choose Agree"
    word = "".join(c for c in error if c.isprintable())[:_LONGEST_WORD]
    hint = "run it again; bpmsync spotify login --help tells how to set it up"
    return f"Spotify refused the log-in ({word}): {hint}"
