"""``bpmsync coverage``: how much music each cadence has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from bpmsync.beats.detection import PLANNED
from bpmsync.cli.options import DURATION, SPM, imported_option, json_option
from bpmsync.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpmsync.planner.coverage import CadenceBand

__all__ = ["command"]

_BAR_WIDTH = 40


@click.command("coverage")
@click.argument("query", nargs=-1)
@click.option("--min-length", type=DURATION, default="1m30s", help="Shortest track.")
@click.option("--max-length", type=DURATION, default="12m", help="Longest track.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=PLANNED,
    metavar="0..1",
    help="No track whose beat is less certain.",
)
@click.option("--spoken/--no-spoken", default=False, help="Audiobooks and podcasts, too.")
@imported_option(default=True)
@click.option("--from", "from_spm", type=SPM, default=140.0, help="Slowest cadence shown.")
@click.option("--to", "to_spm", type=SPM, default=200.0, help="Fastest cadence shown.")
@click.option("--width", type=click.FloatRange(1, 100), default=5.0, metavar="SPM", help="Width of a band.")
@json_option
@common_options
@pass_session
def command(
    session: Session,
    query: tuple[str, ...],
    *,
    min_length: float,
    max_length: float,
    min_confidence: float,
    spoken: bool,
    imported: bool,
    from_spm: float,
    to_spm: float,
    width: float,
    as_json: bool,
) -> None:
    """Show how many minutes of music each cadence has, of the tracks that match QUERY.

    A track counts at 1, 2 and 1/2 steps per beat.
    """
    from bpmsync.cli.output import print_json  # help draws nothing
    from bpmsync.cli.planning import filtered, offered_tracks
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.coverage import cadence_bands

    options = NativeOptions(
        min_length_s=min_length, max_length_s=max_length, min_confidence=min_confidence, spoken=spoken
    )
    with session.open_store() as store:
        offered = offered_tracks(store, imported=imported)
    tracks = filtered(offered, " ".join(query))
    bands = cadence_bands(tracks, options, width_spm=width, from_spm=from_spm, to_spm=to_spm)
    if as_json:
        print_json([_band_json(band) for band in bands])
        return
    _bars(bands)
    for line in _holes(bands):
        session.say(line)
    songs = sum(not track.has_file for track in tracks)
    if songs:
        session.say(f"{songs} imported songs are counted: only a playlist in Spotify can play them")


def _band_json(band: CadenceBand) -> dict[str, float]:
    return {
        "from_spm": band.from_spm,
        "to_spm": band.to_spm,
        "minutes": round(band.total_min, 6),
        "minutes_at_1": round(band.once_min, 6),
        "minutes_at_2": round(band.twice_min, 6),
        "minutes_at_half": round(band.half_min, 6),
        "tracks": band.tracks,
    }


def _bars(bands: Sequence[CadenceBand]) -> None:
    longest = max((band.total_min for band in bands), default=0.0) or 1.0
    for band in bands:
        # A little music still shows
        length = math.ceil(_BAR_WIDTH * band.total_min / longest)
        label = f"{band.from_spm:3.0f}-{band.to_spm:3.0f} spm"
        click.echo(f"{label} {band.total_min:7.1f} min {band.tracks:5d} tracks  {'█' * length}".rstrip())


def _holes(bands: Sequence[CadenceBand]) -> Iterator[str]:
    """Say which music would fill the cadences that have none, neighbours together."""
    empty = [band for band in bands if not band.tracks]
    if len(empty) == len(bands):
        yield "no track of these serves any of these cadences"
        return
    start = 0
    for end in range(1, len(empty) + 1):
        if end < len(empty) and empty[end].from_spm == empty[end - 1].to_spm:
            continue
        low, high = empty[start].from_spm, empty[end - 1].to_spm
        music = f"music at {low / 2:g}-{high / 2:g} or {low:g}-{high:g} BPM fills it"
        yield f"nothing at {low:g}-{high:g} spm: {music}"
        start = end
