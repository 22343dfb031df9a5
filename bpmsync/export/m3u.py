"""A plan as an extended M3U playlist (``.m3u8``), in the form that most players accept.

UTF-8 without a byte order mark, line feeds, `/` between folders, and relative entries that
begin with `./` or `../`: measured with mpv, VLC and mpd, every other form loses entries in
one of them. What is ours stands in `#BPMSYNC:` comments, which players skip.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from bpmsync.atomic import write_atomically
from bpmsync.beats.detection import confidence_word
from bpmsync.errors import ExportError, ParameterError
from bpmsync.export.files import refuse_foreign, require_files
from bpmsync.export.text import clean_line, track_name
from bpmsync.planner.legs import error_percent, leg_error_spm, leg_target
from bpmsync.planner.plan import plan_from_json, plan_to_json
from bpmsync.timeline.durations import format_clock
from bpmsync.timeline.ramptext import format_ramp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.planner.legs import Plan, WholeLeg
    from bpmsync.timeline.ramp import Ramp

__all__ = ["m3u_text", "playlist_text", "read_m3u", "unwritable_reason", "vlc_misreads", "write_m3u"]

_BOM = "\ufeff"
_ADDRESS_PART = re.compile("[#?]|%[0-9A-Fa-f]{2}")


def write_m3u(
    plan: Plan,
    out: str | Path,
    *,
    paths: Literal["relative", "absolute"] = "relative",
    prefix: str | None = None,
    music: str | Path | None = None,
    bom: bool = False,
    force: bool = False,
) -> None:
    """Write a plan as a playlist file, whole or not at all.

    Parameters
    ----------
    plan : Plan
        What to write.
    out : str or Path
        The file; its name without the ending becomes the playlist's name.
    paths, prefix, music
        As for `m3u_text`.
    bom : bool
        Begin with a byte order mark, which a few players want and mpd cannot read.
    force : bool
        Also replace a file that bpmsync did not write.

    Raises
    ------
    ExportError
        If it cannot be written, would replace a foreign file, or has an entry that no
        playlist can carry.
    """
    out = Path(out)
    refuse_foreign(out, force=force)
    text = m3u_text(plan, folder=out.parent, name=out.stem, paths=paths, prefix=prefix, music=music)
    write_atomically(out, _BOM + text if bom else text)


def m3u_text(
    plan: Plan,
    *,
    folder: str | Path,
    name: str = "bpmsync",
    paths: Literal["relative", "absolute"] = "relative",
    prefix: str | None = None,
    music: str | Path | None = None,
) -> str:
    """Return the text of a plan's playlist.

    Parameters
    ----------
    plan : Plan
        What to write.
    folder : str or Path
        Where the playlist will lie; relative entries start from there.
    name : str
        The playlist's name in players.
    paths : {"relative", "absolute"}
        How entries name their files. Across drives they are absolute in any case.
    prefix : str, optional
        The folder of the music as the player knows it (``/storage/emulated/0/Music``); it
        takes the place of `music` in every entry.
    music : str or Path, optional
        The folder that `prefix` stands for; by default the playlist's own.

    Returns
    -------
    str
        Equal for a plan and for that plan read back from its file.

    Raises
    ------
    ExportError
        If a track has no file, or one whose name cannot stand in a playlist or lies outside
        `music`.
    ParameterError
        If the prefix cannot begin an entry.
    """
    require_files(plan)
    entries = [_entry(leg.track.path, Path(folder), paths, prefix, music) for leg in plan.legs]
    return playlist_text(plan, entries, name=name)


def playlist_text(plan: Plan, entries: Sequence[str], *, name: str) -> str:
    """Return the text of a playlist whose entries are given, one for each leg."""
    plan = plan_from_json(plan_to_json(plan))  # its numbers as the plan's file has them
    lines = ["#EXTM3U", f"#PLAYLIST:{clean_line(name) or 'bpmsync'}", f"#BPMSYNC:{_summary(plan)}"]
    holes = list(plan.uncovered)
    for leg, entry in zip(plan.legs, entries, strict=True):
        while holes and holes[0][0] < leg.end_s:
            lines.append(_hole_line(*holes.pop(0)))
        lines.extend((*_leg_lines(leg, plan.ramp), entry))
    lines.extend(_hole_line(*hole) for hole in holes)
    return "\n".join(lines) + "\n"


def read_m3u(path: str | Path) -> list[Path]:
    """Return the files that a playlist names, relative entries joined to its folder.

    Parameters
    ----------
    path : str or Path
        UTF-8 with or without a byte order mark; anything else is read as Latin-1.

    Raises
    ------
    ExportError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"cannot read the playlist {path}: {error.strerror or error}"
        raise ExportError(msg) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    # Not splitlines: a name may hold U+2028 and its like
    lines = (line.rstrip("\r") for line in text.split("\n"))
    entries = (line for line in lines if line and not line.startswith("#"))
    return [Path(os.path.normpath(path.parent / entry)) for entry in entries]


def unwritable_reason(path: str) -> str | None:
    r"""Return why a file's name cannot stand in a playlist, or None if it can.

    Examples
    --------
    >>> unwritable_reason("/music/a\nb.mp3")
    'its name holds a line break, which no playlist can carry: rename it'
    """
    if "\n" in path or "\r" in path:
        return "its name holds a line break, which no playlist can carry: rename it"
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not valid UTF-8, which no playlist can carry: rename it"
    return None


def vlc_misreads(path: str) -> bool:
    """Return whether VLC takes a path in a playlist for an address, and opens something else.

    VLC 3.0 reads ``#``, ``?`` and ``%41`` in every form of entry as parts of an address, and
    then plays the whole folder. No form serves VLC without failing in mpv and mpd, so the
    entry stays as it is; a copy (`export.copy`) has names that all of them open.

    Examples
    --------
    >>> vlc_misreads("/music/#1.mp3"), vlc_misreads("/music/100 %.mp3")
    (True, False)
    """
    return _ADDRESS_PART.search(path) is not None


def _entry(path: str, folder: Path, paths: str, prefix: str | None, music: str | Path | None) -> str:
    reason = unwritable_reason(path)
    if reason is not None:
        shown = path.encode("utf-8", "backslashreplace").decode("utf-8")
        msg = f"{clean_line(shown, longest=4000)}: {reason}"
        raise ExportError(msg)
    # Not resolve(): links are not followed, names stay as found
    absolute = os.path.abspath(path)  # noqa: PTH100
    if prefix is not None:
        return _prefixed(absolute, prefix, os.path.abspath(music or folder))  # noqa: PTH100
    relative = None if paths == "absolute" else _relative(absolute, os.path.abspath(folder))  # noqa: PTH100
    if relative is None:
        return absolute.replace(os.sep, "/")
    return relative if relative.startswith("../") else f"./{relative}"


def _prefixed(absolute: str, prefix: str, music: str) -> str:
    clean = prefix.rstrip("/\\")
    if prefix.startswith("#") or unwritable_reason(prefix) or not prefix.strip():
        msg = f"{prefix!r} cannot begin an entry: give the music folder as in /sdcard/Music"
        raise ParameterError(msg)
    relative = _relative(absolute, music)
    if relative is None or PurePosixPath(relative).parts[0] == "..":
        msg = (
            f"{absolute} does not lie in {music}, the folder that {prefix} stands for: "
            "write the playlist into the music folder, or plan tracks of that folder only"
        )
        raise ExportError(msg)
    return f"{clean}/{relative}"


def _relative(absolute: str, folder: str) -> str | None:
    try:
        return os.path.relpath(absolute, folder).replace(os.sep, "/")
    except ValueError:  # another drive
        return None


def _summary(plan: Plan) -> str:
    count = len(plan.legs)
    tracks = f"{count} track{'' if count == 1 else 's'}"
    ramp = clean_line(format_ramp(plan.ramp), longest=1000)
    return f"ramp {ramp}, {tracks}, {format_clock(round(plan.total_s))} of music, whole files"


def _leg_lines(leg: WholeLeg, ramp: Ramp) -> Iterator[str]:
    target = leg_target(leg, ramp)
    steps = f"{leg.steps_per_beat} step{'s' if leg.steps_per_beat > 1 else ''} per beat"
    off = f"off {leg_error_spm(leg, ramp):+.1f} spm ({error_percent(leg, ramp):+.1f} %)"
    yield f"#EXTINF:{max(1, round(leg.duration_s))},{track_name(leg.track)}"
    yield (
        f"#BPMSYNC:target {target.from_spm:.1f}-{target.to_spm:.1f} spm, native {leg.native_spm:.1f} spm, "
        f"{steps}, {off}, {confidence_word(leg.track.detection.confidence)}"
    )


def _hole_line(start_s: float, end_s: float) -> str:
    start, end = format_clock(round(start_s)), format_clock(round(end_s))
    return f"#BPMSYNC:hole from {start} to {end}: no track fits, the music goes straight on"
