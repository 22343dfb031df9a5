"""Text from tags, made safe for a line of a playlist or a file name.

Tags are foreign input: a line break would begin a line of its own in a playlist, and a
control character or a lone surrogate cannot be written at all.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bpmsync.library.track import Track

__all__ = ["clean_line", "track_name"]

_LONGEST_NAME = 200
_DROPPED = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_line(text: str, *, longest: int = _LONGEST_NAME) -> str:
    r"""Return a text on one line, without control characters, cut with an ellipsis.

    Examples
    --------
    >>> clean_line("a\x1b[1mb\n\tc"), clean_line("abcdef", longest=4)
    ('a[1mb c', 'abc…')
    """
    # A hostile tag of a million characters is cut before every character is looked at.
    line = " ".join(text[: 10 * longest].split())
    kept = "".join(c for c in line if unicodedata.category(c) not in _DROPPED and c not in _DIRECTION)
    kept = kept.strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def track_name(track: Track) -> str:
    """Return "Artist - Title" on one line, with the file's name where the title is missing."""
    stem = track.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]
    title = clean_line(track.tags.title or "") or clean_line(stem) or "untitled"
    artist = clean_line(track.tags.artist or "")
    return clean_line(f"{artist} - {title}" if artist else title)
