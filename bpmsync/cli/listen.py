"""``bpmsync listen``: hear a track, or each track of a plan, with a click on every step."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpmsync.cli.options import DURATION
from bpmsync.cli.places import refuse_playlist
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean, shorten
from bpmsync.errors import BpmsyncError, ExitStatus, NoBeat, ParameterError, TrackError

if TYPE_CHECKING:
    from bpmsync.cli.player import Player
    from bpmsync.library.store import Store
    from bpmsync.library.track import Track
    from bpmsync.render.click import Samples

__all__ = ["command", "tap_along"]

_RATE = 44_100
_LONGEST_NAME = 80
_BETWEEN_S = 0.5
_TAPPING_S = 40.0
_KEYS = "Enter right   d double   h halve   t tap along   x never use   r again   q stop"
_RATIOS = {"d": Fraction(2), "h": Fraction(1, 2)}


@dataclass(frozen=True, slots=True)
class _Piece:
    """A track, how many steps its beats are, and where to listen: None for anywhere good."""

    track: Track
    steps_per_beat: Fraction
    part_s: tuple[float, float] | None = None

    __hash__ = None  # type: ignore[assignment]  # holds a grid


@click.command("listen")
@click.argument("what", metavar="TRACK|PLAN")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a WAV file instead of playing.",
)
@click.option("--length", type=DURATION, default="10s", help="How much of each track.")
@click.option(
    "--steps-per-beat",
    type=click.Choice(["1", "2", "1/2"]),
    help="Clicks a beat.  [default: the plan's; else what is nearest to running]",
)
@common_options
@pass_session
@click.pass_context
def command(
    ctx: click.Context,
    session: Session,
    what: str,
    *,
    output: Path | None,
    length: float,
    steps_per_beat: str | None,
) -> None:
    """Hear a track or a plan with a click on every step.

    TRACK is a path, an id from a table or a query with one hit; PLAN a .plan.json file.
    On a terminal, after each track: Enter right, d double, h halve, t tap along, x never use.
    """
    if length <= 0:
        msg = "--length is zero: how much of each track is to be heard? Write 10s"
        raise click.UsageError(msg)
    steps = None if steps_per_beat is None else Fraction(steps_per_beat)
    pieces = _pieces(session, what, steps)
    hear = _play if output is None else partial(_write, output=output)
    if hear(session, pieces, length_s=length):
        ctx.exit(ExitStatus.SOME_FAILED)


def _pieces(session: Session, what: str, steps: Fraction | None) -> list[_Piece]:
    from bpmsync.cli.resolve import find_track

    if what.endswith(".json") and Path(what).is_file():
        from bpmsync.planner.legs import WarpedLeg
        from bpmsync.planner.plan import load_plan

        legs = load_plan(what).legs
        if not legs:
            msg = f"{what} has no tracks to listen to"
            raise ParameterError(msg)
        # Of a stretched plan, the part of the track that it plays
        parts = [
            (leg.source_start_s, leg.source_end_s) if isinstance(leg, WarpedLeg) else None for leg in legs
        ]
        return [
            _Piece(leg.track, steps or leg.steps_per_beat, part)
            for leg, part in zip(legs, parts, strict=True)
        ]
    if Path(what).is_file():
        refuse_playlist(Path(what))
    with session.open_store() as store:
        track = find_track(store, what)
    return [_Piece(track, steps or _usual(track))]


def _usual(track: Track) -> Fraction:
    from bpmsync.render.click import usual_steps_per_beat

    return usual_steps_per_beat(track.detection.tempo_bpm or 120.0)


def _clicked(piece: _Piece, length_s: float) -> Samples:
    """Return a good excerpt of a track with its clicks.

    Raises
    ------
    NoBeat, DecodeError
        If there is nothing to click on, or nothing to hear.
    """
    from bpmsync.render.click import good_place, mix_clicks, read_excerpt, step_clicks

    track, grid = piece.track, piece.track.grid
    if not track.has_file:
        raise TrackError(track.name, "imported without a file, so there is nothing to hear")
    if grid is None:
        raise NoBeat(track.path, f"{track.detection.failure}: nothing to click on")
    usable = track.detection.usable if piece.part_s is None else (piece.part_s,)
    start_s = good_place(usable, duration_s=track.duration_s, length_s=length_s)
    samples = read_excerpt(track.path, start_s=start_s, length_s=length_s, sample_rate=_RATE)
    # The excerpt begins on a whole sample, which need not be the second asked for
    begun_s = round(start_s * _RATE) / _RATE
    clicks = step_clicks(grid, steps_per_beat=piece.steps_per_beat, start_s=begun_s, length_s=length_s)
    return mix_clicks(samples, _RATE, clicks)


def _write(session: Session, pieces: list[_Piece], *, output: Path, length_s: float) -> int:
    import numpy as np

    from bpmsync.audio.encode import write_wav

    silence = np.zeros(round(_BETWEEN_S * _RATE), dtype=np.float32)
    sounds: list[Samples] = []
    failed = 0
    for piece in pieces:
        try:
            sounds += [*([silence] if sounds else []), _clicked(piece, length_s)]
        except TrackError as error:
            if len(pieces) == 1:
                raise
            failed += 1
            click.echo(f"failed: {clean(str(error))}", err=True)
    if not sounds:
        msg = "none of the tracks could be heard, so nothing was written"
        raise BpmsyncError(msg)
    write_wav(output, np.concatenate(sounds)[np.newaxis], _RATE)
    session.say(f"wrote {clean(str(output))}")
    return failed


def _play(session: Session, pieces: list[_Piece], *, length_s: float) -> int:
    from bpmsync.cli.player import find_player

    player = find_player()
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    failed = 0
    for number, piece in enumerate(pieces, start=1):
        place = f"{number}/{len(pieces)} " if len(pieces) > 1 else ""
        try:
            going_on = _hear(session, player, piece, length_s, place=place, asks=asks)
        except TrackError as error:
            failed += 1
            click.echo(f"failed: {clean(str(error))}", err=True)
            continue
        if not going_on:
            break
    return failed


def _hear(
    session: Session, player: Player, piece: _Piece, length_s: float, *, place: str, asks: bool
) -> bool:
    """Play a piece until its listener is content; return whether to go on with the next."""
    while True:
        bpm = piece.track.detection.tempo_bpm or 0.0
        spm = bpm * float(piece.steps_per_beat)
        name = shorten(piece.track.name, _LONGEST_NAME)
        session.say(f"{place}{name}: {bpm:.1f} BPM, {spm:.1f} steps per minute")
        with _as_file(_clicked(piece, length_s)) as path:
            player.play(path)
        key = _asked_key() if asks else "\r"
        if key in "\r\nq":
            return key != "q"
        if key != "r":
            changed = _answer(session, piece.track, key)
            if changed is None:
                return True
            piece = _Piece(changed, _usual(changed))


class _as_file:  # noqa: N801 - reads as a verb in its with statement
    """A WAV file that is there while the block runs."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._folder = tempfile.TemporaryDirectory(prefix="bpmsync-")

    def __enter__(self) -> Path:
        from bpmsync.audio.encode import write_wav

        path = Path(self._folder.name) / "listen.wav"
        write_wav(path, self._samples, _RATE)
        return path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _asked_key() -> str:
    click.echo(f"  {_KEYS} ", nl=False, err=True)
    while True:
        key = click.getchar().lower()
        if key and key in "\r\ndhtxrq":
            click.echo(err=True)
            return key


def _answer(session: Session, track: Track, key: str) -> Track | None:
    """Keep a correction; return the track as it is now, or None where there is no more to hear."""
    from bpmsync.cli.correcting import Correction, apply_override, corrected
    from bpmsync.cli.fix import print_change

    try:
        tempo = tap_along(track) if key == "t" else None
        correction = Correction(ratio=_RATIOS.get(key), tempo_bpm=tempo, ignore=True if key == "x" else None)
        with session.open_store() as store:
            known = _known(store, track)
            after = apply_override(store, known, corrected(known, correction))
    except BpmsyncError as error:
        click.echo(f"  {clean(str(error))}", err=True)
        return track
    print_change(known, after, to_stderr=True)
    return None if key == "x" else after


def _known(store: Store, track: Track) -> Track:
    """Return the library's own track: a plan's holds only what the plan holds."""
    known = next(iter(store.tracks_by_hash(track.audio_hash)), None)
    if known is None:
        msg = f"{track.path} is not in the library, so nothing can be kept: scan it first"
        raise BpmsyncError(msg)
    return known


def tap_along(track: Track) -> float:
    """Return the tempo that somebody at the keyboard taps, to the music where a player is there.

    Raises
    ------
    ParameterError
        If there are too few taps.
    """
    from bpmsync.cli.player import find_player
    from bpmsync.cli.tapping import HOW_TO_TAP, read_taps, tapped_tempo
    from bpmsync.errors import MissingDependency
    from bpmsync.render.click import good_place, read_excerpt

    click.echo(f"  {HOW_TO_TAP}", err=True)
    try:
        player = find_player()
    except MissingDependency:
        click.echo("  (no player is installed: play the track elsewhere)", err=True)
        return tapped_tempo(read_taps(sys.stdin))
    start_s = good_place(track.detection.usable, duration_s=track.duration_s, length_s=_TAPPING_S)
    samples = read_excerpt(track.path, start_s=start_s, length_s=_TAPPING_S, sample_rate=_RATE)
    with _as_file(samples) as path, player.playing(path):
        return tapped_tempo(read_taps(sys.stdin))
