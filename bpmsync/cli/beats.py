"""``bpmsync beats``: analyse files without the library."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import engine_option
from bpmsync.cli.scanning import FIRST_TIME
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean
from bpmsync.errors import BpmsyncError, ExitStatus, NoBeat, TrackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.beats.detection import Detection
    from bpmsync.timeline.grid import BeatGrid

__all__ = ["beats_json", "beats_text", "command"]

_DECIMALS = 6


@click.command("beats")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
@click.option("--nl", "as_lines", is_flag=True, help="One JSON object a line instead of beat times.")
@engine_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    files: tuple[str, ...],
    *,
    as_lines: bool,
    engine: str,
) -> None:
    """Find the beats of each FILE: one time a line, its place in the bar beside it where known.

    - reads a sound file from a pipe. Several files follow one another, each under a line with
    its name that begins with #.
    """
    from bpmsync.beats.engines import caches_are_cold, find_tracker, warm_up

    find_tracker(engine)
    if caches_are_cold():
        session.say(FIRST_TIME)
    # Before the clock of the first file starts
    warm_up(engine)
    failed = 0
    for path in files:
        try:
            found = _analyse(path, engine)
        except TrackError as error:
            failed += 1
            _tell_failure(path, error, as_lines=as_lines)
        else:
            _tell(path, found, as_lines=as_lines, named=len(files) > 1)
    if failed:
        ctx.exit(ExitStatus.SOME_FAILED)


def beats_text(grid: BeatGrid) -> str:
    """Return a grid in the .beats form: a time a line, the beat in its bar as a second column."""
    bars = _beats_in_bar(grid)
    if bars is None:
        return "".join(f"{seconds:.6f}\n" for seconds in grid.beats)
    return "".join(f"{seconds:.6f}\t{place}\n" for seconds, place in zip(grid.beats, bars, strict=True))


def beats_json(path: str, detection: Detection, *, duration_s: float, cpu_s: float) -> dict[str, Any]:
    """Return what a line of ``--nl`` holds: times and lengths in seconds, downbeats too.

    Raises
    ------
    BpmsyncError
        If the detection has no grid.
    """
    grid = _grid(detection)
    return {
        "path": path,
        "tempo": round(grid.tempo_bpm, _DECIMALS),
        "beats": [round(seconds, _DECIMALS) for seconds in grid.beats.tolist()],
        "downbeats": [round(seconds, _DECIMALS) for seconds in grid.beats[grid.downbeats].tolist()],
        "confidence": round(detection.confidence, _DECIMALS),
        "usable": [[round(second, _DECIMALS) for second in span] for span in detection.usable],
        "duration_s": round(duration_s, _DECIMALS),
        "cpu_s": round(cpu_s, _DECIMALS),
    }


def _grid(detection: Detection) -> BeatGrid:
    if detection.grid is None:
        msg = "a detection without a grid was told as a success"
        raise BpmsyncError(msg)
    return detection.grid


def _beats_in_bar(grid: BeatGrid) -> list[int] | None:
    """Count each beat from the downbeat before it, 1 first; None without downbeats."""
    if not len(grid.downbeats):
        return None
    first, after = [*grid.downbeats.tolist(), len(grid.beats)][:2]
    downbeats = set(grid.downbeats.tolist())
    per_bar = grid.beats_per_bar or after - first
    # The beats before the first downbeat end the bar that it follows
    place = -first % per_bar
    places = []
    for number in range(len(grid.beats)):
        place = 1 if number in downbeats else place + 1
        places.append((place - 1) % per_bar + 1 if number < first else place)
    return places


@contextlib.contextmanager
def _as_file(path: str) -> Iterator[str]:
    """Give the place of a file; sound from a pipe is kept in one while it is read."""
    if path != "-":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="bpmsync-") as folder:
        place = Path(folder) / "stdin"
        with place.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield str(place)


def _analyse(path: str, engine: str) -> dict[str, Any]:
    from bpmsync.audio.decode import open_audio
    from bpmsync.beats.engines import find_tracker

    started = time.process_time()
    with _as_file(path) as place:
        audio = open_audio(place)
        detection: Detection = find_tracker(engine)(audio.blocks(), audio.sample_rate)
    spent = time.process_time() - started
    if detection.grid is None:
        raise NoBeat(path, detection.failure or "no beat found")
    return {"detection": detection, "duration_s": audio.duration_s, "cpu_s": spent, "lost_s": audio.lost_s}


def _tell(path: str, found: dict[str, Any], *, as_lines: bool, named: bool) -> None:
    from bpmsync.cli.output import print_json_line

    detection: Detection = found["detection"]
    grid = _grid(detection)
    if found["lost_s"] > 0:
        click.echo(f"{clean(path)}: {found['lost_s']:.1f} s of sound could not be decoded", err=True)
    if not as_lines:
        heading = f"# {clean(path)}\n" if named else ""
        click.echo(heading + beats_text(grid), nl=False)
        return
    print_json_line(beats_json(path, detection, duration_s=found["duration_s"], cpu_s=found["cpu_s"]))


def _tell_failure(path: str, error: TrackError, *, as_lines: bool) -> None:
    from bpmsync.cli.output import print_json_line

    click.echo(f"failed: {clean(str(error))}", err=True)
    if as_lines:
        print_json_line({"path": path, "error": error.reason})
