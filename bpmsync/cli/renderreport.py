"""What is told of a rendered run: each song, the whole, and what may be promised of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.promise import PROMISE
from bpmsync.cli.text import clean, counted, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpmsync.cli.rendering import Rendered, RenderTarget
    from bpmsync.cli.session import Session
    from bpmsync.planner.artefacts import LegArtefacts
    from bpmsync.planner.legs import WarpedLeg
    from bpmsync.render.values import LegReport, MixReport

__all__ = ["PLAYER_WORDS", "print_rendered", "rendered_document"]

PLAYER_WORDS = "in the player: turn off crossfade and shuffle"
# What the limiter keeps what is not decoded to; it works at -1.1
_LIMIT_DBTP = -1.0
_DECIMALS = 6


def print_rendered(session: Session, done: Rendered, *, table: bool, planned: bool = False) -> None:
    """Show a rendered run on stdout, and tell on stderr where it lies and how to play it.

    Parameters
    ----------
    session : Session
        Of the command.
    done : Rendered
        What to show.
    table : bool
        Whether anything goes to stdout.
    planned : bool
        Whether the plan was shown already, and with it the stretch.
    """
    if table:
        _print_legs(done)
        click.echo(_length_line(done))
        click.echo(_level_line(done.report))
        if not planned:
            _print_stretch(done)
        click.echo(PROMISE)
    session.say(f"wrote {' and '.join(clean(name) for name in _written(done.target))}")
    session.say(PLAYER_WORDS)


def rendered_document(done: Rendered) -> dict[str, Any]:
    """Return what ``--json`` tells of a rendered run."""
    from bpmsync.cli.stretching import stretch_document

    report, target = done.report, done.target
    return {
        "kind": target.kind,
        "files": [str(file) for file in report.files],
        "cue": _text(target.cue),
        "plan_file": _text(target.plan),
        "playlist": _text(target.playlist),
        "duration_s": round(math.fsum(report.durations_s), _DECIMALS),
        "durations_s": [round(one, _DECIMALS) for one in report.durations_s],
        "sample_rate": report.sample_rate,
        "loudness_lufs": _level(report.loudness.integrated_lufs),
        "sample_peak_dbfs": _level(report.loudness.true_peak_dbtp),
        "decoded_true_peak_dbtp": None if report.decoded_dbtp is None else _level(report.decoded_dbtp),
        "stretch": stretch_document(done.plan),
        "legs": [_leg_document(done, one) for one in report.legs],
        "promise": PROMISE,
    }


def _leg_document(done: Rendered, told: LegReport) -> dict[str, Any]:
    leg = done.plan.legs[told.number]
    return {
        "number": told.number + 1,
        "path": leg.track.path,
        "title": leg.track.tags.title,
        "artist": leg.track.tags.artist,
        "start_s": round(leg.start_s(done.plan.ramp), _DECIMALS),
        "steps_per_beat": str(leg.steps_per_beat),
        "way": told.way,
        "gain_db": round(told.gain_db, _DECIMALS),
        "loudness_lufs": _level(told.loudness.integrated_lufs),
        "fade_steps": told.fade_steps,
    }


def _print_legs(done: Rendered) -> None:
    from bpmsync.cli.output import print_table
    from bpmsync.planner.artefacts import plan_artefacts

    found = plan_artefacts(done.plan).legs
    rows = [tuple(_row(done, told, found[told.number])) for told in done.report.legs]
    print_table(
        (">#", ">at", "artist - title", ">steps/beat", ">stretch", ">worst", "sound", ">gain", ">fade"), rows
    )


def _row(done: Rendered, told: LegReport, found: LegArtefacts) -> Iterator[object]:
    from bpmsync.timeline.durations import format_clock

    leg: WarpedLeg = done.plan.legs[told.number]
    yield told.number + 1
    yield format_clock(round(leg.start_s(done.plan.ramp)))
    yield leg.track.name
    yield leg.steps_per_beat
    yield percent(found.mean_percent)
    yield percent(found.worst_percent)
    yield found.word
    yield f"{told.gain_db + 0.0:+.1f} dB"
    yield _fade(done, told)


def _fade(done: Rendered, told: LegReport) -> object:
    """Return over how many steps a song fades into the next, or what comes in place of that."""
    leg, *following = done.plan.legs[told.number : told.number + 2]
    if not following:
        return ""
    return "hole" if following[0].first_step > leg.last_step else told.fade_steps or "cut"


def _length_line(done: Rendered) -> str:
    from bpmsync.timeline.durations import format_clock

    report = done.report
    total = format_clock(round(math.fsum(report.durations_s)))
    songs = counted(len(report.legs), "song")
    if done.target.kind == "preview":
        return f"{total} around the joints of {songs}"
    parts = f" in {counted(len(report.files), 'file')}" if done.target.kind == "split" else ""
    holes = sum(last_s - first_s for first_s, last_s in done.plan.uncovered)
    silent = f", {format_clock(round(holes))} of them without music" if holes else ""
    return f"{songs}, {total}{parts}{silent}"


def _level_line(report: MixReport) -> str:
    loud = report.loudness.integrated_lufs
    words = "silence" if math.isinf(loud) else f"loudness {loud:.1f} LUFS"
    if report.decoded_dbtp is None:
        return f"{words}, true peak at most {_LIMIT_DBTP:.1f} dBTP (limited)"
    return f"{words}, true peak {report.decoded_dbtp:.1f} dBTP once decoded"


def _print_stretch(done: Rendered) -> None:
    from bpmsync.cli.stretching import stretch_line

    click.echo(stretch_line(done.plan))


def _written(target: RenderTarget) -> list[str]:
    sound = [str(target.folder)] if target.kind == "split" else [str(target.files[0])]
    return [*sound, *(str(one) for one in (target.playlist, target.cue, target.plan) if one is not None)]


def _text(path: object) -> str | None:
    return None if path is None else str(path)


def _level(value: float) -> float | None:
    """Return a level for JSON, which knows no infinity: None for silence."""
    return round(value, _DECIMALS) if math.isfinite(value) else None
