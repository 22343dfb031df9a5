"""``bpmsync coverage``: how much music each cadence and each part of a run has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bpmsync.beats.detection import PLANNED
from bpmsync.cli.options import (
    DURATION,
    PERCENT,
    SPM,
    chosen_ramp,
    imported_option,
    json_option,
    ramp_options,
)
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.stretching import refuse_other_mode, stretch_limits

if TYPE_CHECKING:
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.coverage import CadenceBand
    from bpmsync.planner.ranges import StretchOptions
    from bpmsync.planner.survey import Survey
    from bpmsync.timeline.ramp import Ramp

__all__ = ["command"]

# Wider than this a row is hard to follow
_WIDEST = 110
_DECIMALS = 6
_RAMPS = ("spm", "from_spm", "to_spm", "count", "ramp_text")
_RAMP_PARTS = ("duration", "warm_up", "cool_down")


@click.command("coverage")
@click.argument("query", nargs=-1)
@ramp_options
@click.option(
    "--max-off", type=PERCENT, default="4%", help="How far a track's step tempo may be from the target."
)
@click.option("--min-length", type=DURATION, default="1m30s", help="Shortest track.")
@click.option("--max-length", type=DURATION, default="12m", help="Longest track.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=PLANNED,
    metavar="0..1",
    help="No track whose beat is less certain.",
)
@click.option("--include", multiple=True, metavar="QUERY", help="Only tracks that match (any of several).")
@click.option("--exclude", multiple=True, metavar="QUERY", help="No track that matches.")
@click.option("--spoken/--no-spoken", default=False, help="Audiobooks and podcasts, too.")
@click.option(
    "--stretch/--no-stretch", default=False, help="For stretched plans: parts of songs, a beat on each step."
)
@stretch_limits
@imported_option(default=True)
@click.option("--lowest", type=SPM, default=140.0, help="Slowest cadence of the bands.")
@click.option("--highest", type=SPM, default=200.0, help="Fastest cadence of the bands.")
@click.option("--width", type=click.FloatRange(1, 100), default=5.0, metavar="SPM", help="Width of a band.")
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the picture, too.",
)
@json_option
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    /,
    query: tuple[str, ...],
    *,
    stretch: bool,
    imported: bool,
    lowest: float,
    highest: float,
    width: float,
    svg: Path | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the shared options, taken out below
) -> None:
    """Show how many minutes of music each cadence has, of the tracks that match QUERY.

    A track counts at 1, 2 and 1/2 steps per beat. With a ramp, as for bpmsync plan, also where
    a run is thin, what would close its holes, and which music to add.
    """
    from bpmsync.cli.coveragepicture import (
        Coverage,
        coverage_words,
        empty_bands,
        save_coverage_svg,
        show_coverage,
    )
    from bpmsync.cli.music import Music
    from bpmsync.cli.output import console, print_json
    from bpmsync.cli.planning import Filters
    from bpmsync.planner.coverage import cadence_bands
    from bpmsync.planner.survey import survey_run

    ramp = _ramp(ctx, options)
    refuse_other_mode(ctx, stretch=stretch)
    limits = _limits(ctx, options, stretch=stretch)
    music = Music(Filters.take(options), " ".join(query), imported=imported and not stretch)
    with session.open_store() as store:
        shelf = music.load(store, is_there=os.path.exists)
        bands = cadence_bands(shelf, limits, width_spm=width, from_spm=lowest, to_spm=highest)
        survey = None if ramp is None else survey_run(shelf, ramp, limits)
    coverage = Coverage(bands, survey)
    if svg is not None:
        save_coverage_svg(coverage, svg)
    if as_json:
        print_json(_document(bands, survey, stretch=stretch))
        return
    screen = console()
    show_coverage(screen, coverage, width=min(screen.width, _WIDEST))
    for line in coverage_words(survey):
        click.echo(line)
    for line in empty_bands(bands):
        session.say(line)
    songs = int((~shelf.has_file).sum())
    if songs:
        session.say(f"{songs} imported songs are counted: only a playlist in Spotify can play them")


def _ramp(ctx: click.Context, options: dict[str, Any]) -> Ramp | None:
    """Return the ramp, if there is one; half a one is refused."""
    names = (*_RAMPS, *_RAMP_PARTS)
    typed = any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)
    if typed or any(options[name] is not None for name in _RAMPS):
        return chosen_ramp(ctx, options).ramp
    for name in (*names, "baseline"):
        del options[name]
    return None


def _limits(ctx: click.Context, options: dict[str, Any], *, stretch: bool) -> NativeOptions | StretchOptions:
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.ranges import StretchOptions

    shared = {
        "max_length_s": options.pop("max_length"),
        "min_confidence": options.pop("min_confidence"),
        "spoken": options.pop("spoken"),
        "partial": True,
    }
    shortest_s = options.pop("min_length")
    if not stretch:
        return NativeOptions(max_off=options.pop("max_off"), min_length_s=shortest_s, **shared)
    # As for a plan, the default is for whole songs
    if ctx.get_parameter_source("min_length") is ParameterSource.DEFAULT:
        shortest_s = StretchOptions().min_length_s
    return StretchOptions(
        max_stretch=options.pop("max_stretch"),
        fade_steps=options.pop("fade"),
        min_length_s=shortest_s,
        **shared,
    )


def _document(bands: tuple[CadenceBand, ...], survey: Survey | None, *, stretch: bool) -> dict[str, Any]:
    return {
        "mode": "stretch" if stretch else "native",
        "bands": [_band(band) for band in bands],
        "run": None if survey is None else _run(survey),
    }


def _band(band: CadenceBand) -> dict[str, Any]:
    return {
        "from_spm": band.from_spm,
        "to_spm": band.to_spm,
        "minutes": round(band.total_min, _DECIMALS),
        "minutes_at_1": round(band.once_min, _DECIMALS),
        "minutes_at_2": round(band.twice_min, _DECIMALS),
        "minutes_at_half": round(band.half_min, _DECIMALS),
        "tracks": band.tracks,
        "within": [
            {"percent": round(100 * limit, _DECIMALS), "minutes": round(minutes, _DECIMALS), "tracks": tracks}
            for limit, minutes, tracks in zip(band.limits, band.within_min, band.within_tracks, strict=True)
        ],
    }


def _run(survey: Survey) -> dict[str, Any]:
    from bpmsync.timeline.ramptext import format_ramp

    return {
        "ramp": format_ramp(survey.plan.ramp),
        "duration_s": round(survey.plan.duration_s, _DECIMALS),
        "covered_s": round(survey.plan.covered_s, _DECIMALS),
        "parts": [
            {
                "start_s": round(part.start_s, _DECIMALS),
                "end_s": round(part.end_s, _DECIMALS),
                "from_spm": round(part.low_spm, _DECIMALS),
                "to_spm": round(part.high_spm, _DECIMALS),
                "minutes": round(part.music_min, _DECIMALS),
                "needed_minutes": round(part.needed_min, _DECIMALS),
                "for_each": round(part.for_each, _DECIMALS),
                "tracks": part.tracks,
            }
            for part in survey.parts
        ],
        "holes": [
            {
                "start_s": round(hole.start_s, _DECIMALS),
                "end_s": round(hole.end_s, _DECIMALS),
                "from_spm": round(hole.low_spm, _DECIMALS),
                "to_spm": round(hole.high_spm, _DECIMALS),
                "remedies": [
                    {
                        "option": closing.relaxation.option,
                        "value": closing.relaxation.value or None,
                        "closes": closing.is_whole,
                        "closes_s": round(closing.closed_s, _DECIMALS),
                        "silent_s": round(closing.silent_s, _DECIMALS),
                        "tracks": [track.name for track in closing.tracks],
                    }
                    for closing in survey.remedies(hole)
                ],
            }
            for hole in survey.holes
        ],
        "add": {
            "bands": [
                {
                    "low_bpm": band.low_bpm,
                    "high_bpm": band.high_bpm,
                    "songs": band.songs,
                    "minutes": band.minutes,
                }
                for band in survey.additions.bands
            ],
            "silent_s": round(survey.additions.silent_s, _DECIMALS),
        },
    }
