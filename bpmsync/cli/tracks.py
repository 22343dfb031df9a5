"""``bpmsync tracks``: list the library, or what a query finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session

if TYPE_CHECKING:
    from bpmsync.library.track import Track

__all__ = ["command"]

_LONGEST_NAME = 60


@click.command("tracks")
@click.argument("query", nargs=-1)
@click.option("--doubtful", is_flag=True, help="The tracks to check first, and why, most doubtful first.")
@click.option("--failed", is_flag=True, help="The files that could not be used, and why.")
@json_option
@common_options
@pass_session
def command(session: Session, query: tuple[str, ...], *, doubtful: bool, failed: bool, as_json: bool) -> None:
    """List the tracks that match QUERY; all without one.

    Words match path, title, artist, album and genre; field:value one field;
    bpm:80..92 and confidence:..0.5 a range.
    """
    from bpmsync.cli.output import print_json
    from bpmsync.cli.show import track_json
    from bpmsync.library.query import parse_query
    from bpmsync.library.shelving import tracks_matching

    if doubtful and failed:
        msg = "--doubtful and --failed are two lists: give one"
        raise click.UsageError(msg)
    wanted = parse_query(" ".join(query))
    with session.open_store() as store:
        if failed:
            _list_failures([(failure.path, failure.reason) for failure in store.failures()], as_json=as_json)
            return
        tracks = tracks_matching(store, wanted.matches, imported=True)
    if doubtful:
        _list_doubtful(session, [track for track in tracks if track.has_file], as_json=as_json)
        return
    if as_json:
        print_json([track_json(track) for track in tracks])
        return
    if not tracks:
        session.say("no track matches" if query else "the library is empty: bpmsync scan FOLDER fills it")
        return
    _table(tracks)
    session.say(f"{len(tracks)} tracks")
    _say_left_out(session, tracks, hint=" (bpmsync tracks --doubtful)")


def _table(tracks: list[Track]) -> None:
    from bpmsync.cli.output import print_table
    from bpmsync.cli.show import override_words
    from bpmsync.timeline.durations import format_clock

    rows = [
        (
            track.id,
            track.name,
            format_clock(round(track.duration_s)),
            None if track.detection.tempo_bpm is None else f"{track.detection.tempo_bpm:.1f}",
            _certainty(track),
            override_words(track),
        )
        for track in tracks
    ]
    print_table((">id", "track", ">length", ">bpm", "beat", "you said"), rows)


def _certainty(track: Track) -> str:
    from bpmsync.beats.detection import confidence_word

    if not track.has_file:
        return "imported"
    return confidence_word(track.detection.confidence) if track.grid else "no beat"


def _list_doubtful(session: Session, tracks: list[Track], *, as_json: bool) -> None:
    from bpmsync.cli.output import print_json
    from bpmsync.cli.show import track_json
    from bpmsync.cli.text import clean
    from bpmsync.planner.doubt import doubtful

    found = doubtful(tracks)
    if as_json:
        print_json([{**track_json(doubt.track), "reasons": list(doubt.reasons)} for doubt in found])
        return
    if not found:
        session.say(f"none of {len(tracks)} tracks is doubtful")
        return
    width = max(len(str(doubt.track.id)) for doubt in found)
    for doubt in found:
        # A line of its own for the reasons: cut off in a table they help nobody
        click.echo(f"{doubt.track.id:>{width}}  {_beat_words(doubt.track)}  {_short_name(doubt.track)}")
        click.echo(f"{'':{width}}  {clean('; '.join(doubt.reasons))}")
    session.say(f"{len(found)} of {len(tracks)} tracks to check, the most doubtful first")
    _say_left_out(session, tracks)
    session.say("next: bpmsync listen ID to hear one, bpmsync fix ID to correct it")
    session.say("      (bpmsync fix ID --reading 1 says that it is right)")


def _beat_words(track: Track) -> str:
    from bpmsync.beats.detection import confidence_word

    if track.grid is None:
        return f"{'no beat':22}"
    confidence = track.detection.confidence
    return f"{confidence_word(confidence):6} {confidence:.2f} {track.grid.tempo_bpm:6.1f} BPM"


def _short_name(track: Track) -> str:
    from bpmsync.cli.text import shorten

    return shorten(track.name, _LONGEST_NAME)


def _say_left_out(session: Session, tracks: list[Track], *, hint: str = "") -> None:
    """Say how many tracks no plan uses only because their beat is uncertain."""
    from bpmsync.beats.detection import PLANNED
    from bpmsync.planner.candidates import NativeOptions, refusal

    count = sum(refusal(track, NativeOptions()) == "uncertain beat" for track in tracks)
    if count:
        session.say(f"{count} of them left out of plans: confidence below {PLANNED:g}{hint}")


def _list_failures(failures: list[tuple[str, str]], *, as_json: bool) -> None:
    from bpmsync.cli.output import print_json
    from bpmsync.cli.text import clean

    if as_json:
        print_json([{"path": path, "reason": reason} for path, reason in failures])
        return
    # A line each and no table: a path or a reason that is cut off helps nobody
    for path, reason in failures:
        click.echo(f"{clean(path)}: {clean(reason)}")
