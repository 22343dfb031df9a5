"""``bpmsync show``: all that is known of one track."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean, shorten

if TYPE_CHECKING:
    from bpmsync.library.track import Track

__all__ = ["command", "override_words", "track_json"]

_LONGEST_VALUE = 200


@click.command("show")
@click.argument("track")
@json_option
@common_options
@pass_session
def command(session: Session, track: str, *, as_json: bool) -> None:
    """Show all that is known of TRACK: a path, an id from a table, or a query with one hit."""
    from bpmsync.cli.output import print_json, print_table
    from bpmsync.cli.resolve import find_track

    with session.open_store() as store:
        found = find_track(store, track)
    if as_json:
        print_json(track_json(found, beats=True))
        return
    click.echo(f"{found.id}  {shorten(found.name, _LONGEST_VALUE)}")
    rows = [(name, shorten(value, _LONGEST_VALUE)) for name, value in _facts(found) if value]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name:{width}}  {value}")
    readings = found.detection.readings
    if readings:
        bpm = found.detection.tempo_bpm or 0.0
        print_table(
            ("counted", ">bpm", ">probability"),
            [(f"{r.ratio} x", f"{bpm * float(r.ratio):.1f}", f"{r.probability:.2f}") for r in readings],
        )


def override_words(track: Track) -> str:
    """Return what a person said about a track, in words; empty for nothing."""
    said, words = track.override, []
    if said.ignore:
        words.append("never use")
    if said.beats is not None:
        words.append("hand-made beats")
    if said.constraint.tempo_bpm is not None:
        words.append(f"tempo {said.constraint.tempo_bpm:g} BPM")
    if said.constraint.shift_beats:
        words.append(f"shifted by {said.constraint.shift_beats} beat")
    return ", ".join(words)


def track_json(track: Track, *, beats: bool = False) -> dict[str, Any]:
    """Return a track as JSON values, the same for every command that lists tracks."""
    found, grid = track.detection, track.grid
    document: dict[str, Any] = {
        "id": track.id,
        "path": track.path,
        "audio_hash": track.audio_hash,
        "duration_s": round(track.duration_s, 6),
        "title": track.tags.title,
        "artist": track.tags.artist,
        "album": track.tags.album,
        "genre": track.tags.genre,
        "tempo": None if found.tempo_bpm is None else round(found.tempo_bpm, 6),
        "confidence": round(found.confidence, 6),
        "failure": found.failure,
        "energy": round(found.energy, 6),
        "level_db": round(found.level_db, 6),
        "usable": [list(span) for span in found.usable],
        "engine": f"{found.engine} {found.version}",
        "override": override_words(track) or None,
    }
    if beats:
        document["tags"] = _tags_json(track)
        document["readings"] = [
            {"ratio": str(reading.ratio), "probability": round(reading.probability, 6)}
            for reading in found.readings
        ]
        document["beats"] = [] if grid is None else grid.beats.tolist()
        document["downbeats"] = [] if grid is None else grid.downbeats.tolist()
        document["beats_per_bar"] = None if grid is None else grid.beats_per_bar
    return document


def _tags_json(track: Track) -> dict[str, Any]:
    tags = {item.name: getattr(track.tags, item.name) for item in fields(track.tags) if item.name != "other"}
    return {**tags, "other": dict(track.tags.other)}


def _facts(track: Track) -> list[tuple[str, str]]:
    from bpmsync.beats.detection import confidence_word
    from bpmsync.timeline.durations import format_clock

    found, grid = track.detection, track.grid
    tags = [(item.name.replace("_", " "), getattr(track.tags, item.name)) for item in fields(track.tags)]
    facts = [
        ("path", clean(track.path)),
        ("length", format_clock(round(track.duration_s))),
        ("audio", track.audio_hash),
        ("engine", f"{found.engine} {found.version}"),
    ]
    if grid is None:
        facts.append(("beat", f"none: {found.failure}"))
    else:
        usable = ", ".join(f"{format_clock(round(a))}-{format_clock(round(b))}" for a, b in found.usable)
        facts += [
            ("tempo", f"{grid.tempo_bpm:.2f} BPM"),
            ("confidence", f"{confidence_word(found.confidence)} ({found.confidence:.2f})"),
            ("beats", f"{len(grid.beats)}, the first at {grid.beats[0]:.3f} s"),
            ("clear beat", usable),
            ("level", f"{found.level_db:.1f} dB"),
            ("energy", f"{found.energy:.2f}"),
        ]
    said = override_words(track)
    return [*facts, ("you said", said), *((n, str(v)) for n, v in tags if v is not None and n != "other")]
