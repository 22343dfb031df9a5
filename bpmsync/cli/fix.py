"""``bpmsync fix``: correct the beat of a track, and show before and after."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import shorten

if TYPE_CHECKING:
    from bpmsync.cli.correcting import Correction
    from bpmsync.library.track import Track

__all__ = ["command", "print_change"]

_LONGEST_NAME = 100
_FIRST_BEATS = 4
_WAYS = ("double", "halve", "reading", "bpm", "tap", "beats")
_READINGS = ("1/3", "1/2", "2/3", "3/4", "1", "4/3", "3/2", "2", "3")


@click.command("fix")
@click.argument("track")
@click.option("--double", is_flag=True, help="Twice the tempo.")
@click.option("--halve", is_flag=True, help="Half the tempo.")
@click.option(
    "--reading",
    type=click.Choice(_READINGS),
    help="So many times the tempo, as in bpmsync show; 1 says that it is right.",
)
@click.option("--bpm", type=click.FloatRange(30, 400), metavar="N", help="The tempo is within 4 % of N.")
@click.option("--tap", is_flag=True, help="Take the tempo from at least 8 presses of Enter.")
@click.option(
    "--beats",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A hand-made .beats file: a time in seconds a line.",
)
@click.option("--shift", metavar="BY", help="Beats later by 1/2 (of a beat), -0.25 or 20ms.")
@click.option("--ignore/--use", default=None, help="Never plan this track, or plan it again.")
@click.option("--reset", is_flag=True, help="Forget every correction.")
@json_option
@common_options
@pass_session
def command(session: Session, /, track: str, *, reset: bool, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Correct the beat of TRACK: a path, an id from a table, or a query with one hit.

    The tracker listens to that one file again under what you say. Corrections add up
    and outlive every scan; --reset takes them back.
    """
    from bpmsync.cli.correcting import apply_override, corrected
    from bpmsync.cli.resolve import find_track
    from bpmsync.library.track import Override

    _check_choice(options, reset=reset)
    with session.open_store() as store:
        before = find_track(store, track)
        correction = None if reset else _correction(session, before, options)
        override = Override() if correction is None else corrected(before, correction)
        after = apply_override(store, before, override)
    print_change(before, after, as_json=as_json)


def _check_choice(options: dict[str, Any], *, reset: bool) -> None:
    given = [f"--{way}" for way in _WAYS if options[way]]
    others = options["shift"] is not None or options["ignore"] is not None
    if len(given) > 1:
        msg = f"{' and '.join(given)} contradict each other: give one"
        raise click.UsageError(msg)
    if reset and (given or others):
        msg = "--reset forgets every correction: give it alone"
        raise click.UsageError(msg)
    if not (reset or given or others):
        msg = (
            "say what is wrong: --double, --halve, --reading 3/2, --bpm N, --tap, --beats FILE, "
            "--shift BY, --ignore (or that it is right: --reading 1)"
        )
        raise click.UsageError(msg)


def _correction(session: Session, track: Track, options: dict[str, Any]) -> Correction:
    from bpmsync.cli.correcting import Correction, parse_shift, read_beats

    return Correction(
        ratio=_ratio(options),
        tempo_bpm=_tap(session, track) if options["tap"] else options["bpm"],
        shift=None if options["shift"] is None else parse_shift(options["shift"]),
        beats=None if options["beats"] is None else read_beats(options["beats"]),
        ignore=options["ignore"],
    )


def _ratio(options: dict[str, Any]) -> Fraction | None:
    if options["double"] or options["halve"]:
        return Fraction(2) if options["double"] else Fraction(1, 2)
    return None if options["reading"] is None else Fraction(options["reading"])


def _tap(session: Session, track: Track) -> float:
    """Take taps from stdin, along with the music where there is a terminal and a player."""
    from bpmsync.cli.listen import tap_along
    from bpmsync.cli.tapping import read_taps, tapped_tempo

    tempo = tap_along(track) if sys.stdin.isatty() else tapped_tempo(read_taps(sys.stdin))
    session.say(f"you tapped {tempo:.1f} BPM")
    return tempo


def print_change(before: Track, after: Track, *, as_json: bool = False, to_stderr: bool = False) -> None:
    """Print a track before and after a correction, side by side or as one JSON document."""
    if as_json:
        from bpmsync.cli.output import print_json

        print_json({"before": _document(before), "after": _document(after)})
        return
    columns = [("", "before", "after"), *zip(_NAMES, _facts(before), _facts(after), strict=True)]
    widths = [max(len(row[i]) for row in columns) for i in range(3)]
    click.echo(f"{after.id}  {shorten(after.name, _LONGEST_NAME)}", err=to_stderr)
    for row in columns:
        line = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo(f"  {line}".rstrip(), err=to_stderr)


_NAMES = ("tempo", "first beats", "confidence", "you said")


def _facts(track: Track) -> tuple[str, ...]:
    from bpmsync.beats.detection import confidence_word
    from bpmsync.cli.show import override_words

    grid, found = track.grid, track.detection
    said = override_words(track) or "-"
    if grid is None:
        return ("no beat", "-", "-", said)
    beats = " ".join(f"{second:.3f}" for second in grid.beats[:_FIRST_BEATS])
    sure = f"{confidence_word(found.confidence)} ({found.confidence:.2f})"
    return (f"{grid.tempo_bpm:.2f} BPM", f"{beats} s", sure, said)


def _document(track: Track) -> dict[str, Any]:
    from bpmsync.cli.show import track_json

    grid = track.grid
    first = [] if grid is None else grid.beats[:_FIRST_BEATS].tolist()
    return {**track_json(track), "first_beats": first, "ignore": track.override.ignore}
