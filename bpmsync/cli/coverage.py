"""``bpmsync coverage``: how much music each cadence has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpmsync.cli.options import DURATION, PERCENT, json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.errors import BpmsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.planner.coverage import CadenceBand

__all__ = ["command"]

_BAR_WIDTH = 40


@click.command("coverage")
@click.argument("query", nargs=-1)
@click.option(
    "--max-off", type=PERCENT, default="4%", help="How far a track's step tempo may be from a cadence."
)
@click.option("--min-length", type=DURATION, default="1m30s", help="Shortest track.")
@click.option("--max-length", type=DURATION, default="12m", help="Longest track.")
@json_option
@common_options
@pass_session
def command(
    session: Session,
    query: tuple[str, ...],
    *,
    max_off: float,
    min_length: float,
    max_length: float,
    as_json: bool,
) -> None:
    """Show how many minutes of music each cadence has, of the tracks that match QUERY."""
    from bpmsync.cli.output import print_json
    from bpmsync.cli.planning import filtered
    from bpmsync.planner.candidates import NativeOptions
    from bpmsync.planner.coverage import cadence_bands

    options = NativeOptions(max_off=max_off, min_length_s=min_length, max_length_s=max_length)
    with session.open_store() as store:
        known = store.tracks()
    if not known:
        msg = "the library is empty: bpmsync scan FOLDER fills it"
        raise BpmsyncError(msg)
    tracks = [track for track in filtered(known, " ".join(query)) if Path(track.path).exists()]
    bands = cadence_bands(tracks, options)
    if as_json:
        print_json(
            [
                {
                    "from_spm": b.from_spm,
                    "to_spm": b.to_spm,
                    "minutes": round(b.minutes, 6),
                    "tracks": b.tracks,
                }
                for b in bands
            ]
        )
        return
    _bars(bands)


def _bars(bands: Sequence[CadenceBand]) -> None:
    longest = max((band.minutes for band in bands), default=0.0) or 1.0
    for band in bands:
        bar = "█" * round(_BAR_WIDTH * band.minutes / longest)
        label = f"{band.from_spm:3.0f}-{band.to_spm:3.0f} spm"
        click.echo(f"{label} {band.minutes:7.1f} min {band.tracks:5d} tracks  {bar}".rstrip())
