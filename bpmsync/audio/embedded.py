"""What a sound file says beside its sound: tags, chapters, and the plan that it was made from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from bpmsync.audio.container import open_container
from bpmsync.audio.formats import FORMATS
from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer

__all__ = ["Chapter", "SoundTags", "clean_text", "read_chapters", "read_plan_text"]

# Containers change the case of what they hold, and FFmpeg has its own names for some of them.
_PLAN_KEYS: Final = frozenset(one.plan_key.lower() for one in FORMATS) | {"subject"}


@dataclass(frozen=True, slots=True)
class SoundTags:
    """What a player shows of a file; what is empty is not written.

    Parameters
    ----------
    title, artist, album, album_artist, genre, comment : str
        As they are; a comment may have more than one line.
    date : str
        A year, or a day as 2026-11-21.
    track : int or None
        Its number on the album, from 1.
    """

    title: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    genre: str = ""
    date: str = ""
    comment: str = ""
    track: int | None = None

    def as_metadata(self) -> dict[str, str]:
        """Return what is said, by FFmpeg's names, which are those of the fields."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: clean_text(str(value)) for name, value in values if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a file that a player can go to.

    Parameters
    ----------
    start_s, end_s : float
        Seconds of the file; the end may not lie before the start.
    title : str
        What the player shows.
    """

    start_s: float
    end_s: float
    title: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.end_s) and 0 <= self.start_s <= self.end_s):
            msg = f"a chapter needs 0 <= start_s <= end_s, got {self.start_s} and {self.end_s}"
            raise ParameterError(msg)


def clean_text(text: str) -> str:
    """Return a text that every container can hold: whole, and in valid UTF-8."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def read_chapters(path: str | Path) -> tuple[Chapter, ...]:
    """Return the chapters of a file, in the order of their starts; empty where it has none.

    Raises
    ------
    DecodeError
        If there is no such file, or it is no sound file.
    """
    with open_container(path) as container:
        found = [
            Chapter(
                float(one["start"] * (one["time_base"] or 0)),
                float(one["end"] * (one["time_base"] or 0)),
                one["metadata"].get("title", ""),
            )
            for one in container.chapters()
        ]
    return tuple(sorted(found, key=lambda chapter: chapter.start_s))


def read_plan_text(path: str | Path) -> str | None:
    """Return the text of the plan that a mix was made from; None where the file holds none.

    Raises
    ------
    DecodeError
        If there is no such file, or it is no sound file.
    """
    with open_container(path) as container:
        for name, text in _all_tags(container):
            # Other programs' files have synopses and subjects too.
            if name.lower() in _PLAN_KEYS and text.lstrip().startswith("{"):
                return text
    return None


def _all_tags(container: InputContainer) -> list[tuple[str, str]]:
    """Return the tags of the file and of its streams, where Ogg keeps them."""
    tags = list(container.metadata.items())
    for stream in container.streams:
        tags += stream.metadata.items()
    return tags
