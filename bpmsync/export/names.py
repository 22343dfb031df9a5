"""File names that every file system takes, FAT and exFAT of players and sticks included."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bpmsync.export.text import clean_line, track_name

if TYPE_CHECKING:
    from bpmsync.library.track import Track

__all__ = ["legal_name", "numbered_name"]

_LONGEST_NAME = 120
# ext4 takes 255 bytes; a part file adds a process id and an ending to the name.
_LONGEST_BYTES = 220
# What FAT refuses, and # and %, which VLC reads in a playlist as parts of an address.
_RESERVED = re.compile(r'[<>:"/\\|?*#%\x00-\x1f\x7f]')
_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\s*(?:\.|$))", re.IGNORECASE
)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}")


def legal_name(stem: str, ending: str = "") -> str:
    """Return a file name of at most 120 characters that FAT, exFAT and playlists take.

    Parameters
    ----------
    stem : str
        Wanted name: reserved characters become ``_``, dots and spaces at its ends go.
    ending : str
        Kept as it is, as in ``.mp3``; dropped unless a dot and 1 to 8 letters or digits.

    Examples
    --------
    >>> legal_name("AC/DC: Who?...", ".mp3"), legal_name("con", ".m3u8")
    ('AC_DC_ Who_.mp3', '_con.m3u8')
    """
    ending = ending if _ENDING.fullmatch(ending) else ""
    name = _RESERVED.sub("_", clean_line(unicodedata.normalize("NFC", stem), longest=2 * _LONGEST_NAME))
    name = name.strip(" .") or "untitled"
    name = f"_{name}" if _DEVICE.match(name) else name
    name = name[: _LONGEST_NAME - len(ending)]
    while len((name + ending).encode()) > _LONGEST_BYTES:
        name = name[:-1]
    return name.rstrip(" .") + ending


def numbered_name(number: int, count: int, track: Track, *, ending: str | None = None) -> str:
    """Return ``01 - Artist - Title.ext``; the number makes it unique, whatever the case.

    Parameters
    ----------
    number, count : int
        Which of how many, counted from 1.
    track : Track
        Whose name it is.
    ending : str, optional
        As in ``.flac``; that of the track's own file by default.
    """
    width = max(2, len(str(count)))
    if ending is None:
        dot = track.path.rfind(".")
        ending = track.path[dot:] if dot >= 0 else ""
    return legal_name(f"{number:0{width}d} - {track_name(track)}", ending)
