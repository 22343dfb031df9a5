"""CUE sheets: the chapters of a sound file whose format has none, as a text beside it.

A sheet names its file relative to itself and counts in frames of 1/75 s, each INDEX rounded
down, so that no track begins with the first moment missing. It is UTF-8; the format knows neither
a quote nor a line break inside a text, and no way to write them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpmsync.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.audio.embedded import Chapter

__all__ = ["cue_text"]

_FRAMES_PER_S: Final = 75
_TINY: Final = 1e-6  # of a frame: what rounding to seconds takes from a whole number


def cue_text(audio_name: str, chapters: Sequence[Chapter], *, title: str = "", performer: str = "") -> str:
    r"""Return the text of a CUE sheet, with a line break at its end.

    Parameters
    ----------
    audio_name : str
        The name of the sound file, which lies beside the sheet.
    chapters : sequence of Chapter
        In the order of their starts. The format ends at 99, but those who read it mostly do not.
    title, performer : str
        Of the whole; what is empty is not written.

    Raises
    ------
    ParameterError
        If there are no chapters, or the name holds what a sheet cannot say.

    Examples
    --------
    >>> from bpmsync.audio.embedded import Chapter
    >>> print(cue_text("run.flac", [Chapter(0, 61.5, 'Say "hey"')], title="Run"), end="")
    TITLE "Run"
    FILE "run.flac" WAVE
      TRACK 01 AUDIO
        TITLE "Say 'hey'"
        INDEX 01 00:00:00
    """
    if not chapters:
        msg = "a CUE sheet needs at least one chapter"
        raise ParameterError(msg)
    if _quoted(audio_name) != f'"{audio_name}"':
        msg = f"a CUE sheet cannot name a file with quotes or line breaks in its name: {audio_name!r}"
        raise ParameterError(msg)
    lines = _titles(title, performer, "")
    lines.append(f"FILE {_quoted(audio_name)} WAVE")
    for number, chapter in enumerate(chapters, start=1):
        lines.append(f"  TRACK {number:02} AUDIO")
        lines += _titles(chapter.title, "", "    ")
        lines.append(f"    INDEX 01 {_time(chapter.start_s)}")
    return "\n".join(lines) + "\n"


def _titles(title: str, performer: str, indent: str) -> list[str]:
    named = (("TITLE", title), ("PERFORMER", performer))
    return [f"{indent}{word} {_quoted(text)}" for word, text in named if text]


def _quoted(text: str) -> str:
    """Return the text in quotes, on one line and with no quote that would end it."""
    one_line = " ".join(text.splitlines()).replace("\0", " ").replace('"', "'")
    return f'"{one_line}"'


def _time(seconds: float) -> str:
    whole, frames = divmod(int(seconds * _FRAMES_PER_S + _TINY), _FRAMES_PER_S)
    minutes, rest = divmod(whole, 60)
    return f"{minutes:02}:{rest:02}:{frames:02}"  # of minutes there may be more than 99
