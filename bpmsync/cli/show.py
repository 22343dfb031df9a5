"""``bpmsync show``: all that is known of one track."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from bpmsync.cli.options import json_option
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean, shorten

if TYPE_CHECKING:
    from fractions import Fraction

    from bpmsync.beats.detection import Detection
    from bpmsync.library.track import Track

__all__ = ["command", "override_words", "track_json"]

_WORTH_A_LINE = 0.005  # of the readings: what is less would be shown as 0.00
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
        found = find_track(store, track, imported=True)
    if as_json:
        print_json(track_json(found, beats=True))
        return
    click.echo(f"{found.id or 'imported'}  {shorten(found.name, _LONGEST_VALUE)}")
    rows = [(name, shorten(value, _LONGEST_VALUE)) for name, value in _facts(found) if value]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name:{width}}  {value}")
    readings = _readings(found.detection)
    if readings:
        print_table(
            ("counted", ">bpm", ">steps a minute", ">steps a beat", ">probability"),
            [
                (f"{r.ratio} x", f"{r.bpm:.1f}", f"{r.spm:.1f}", r.steps_per_beat, f"{r.probability:.2f}")
                for r in readings
                if r.probability >= _WORTH_A_LINE
            ],
        )


@dataclass(frozen=True, slots=True)
class _Counted:
    """A reading with the tempo that it means to a runner."""

    ratio: Fraction
    probability: float
    bpm: float
    steps_per_beat: Fraction

    @property
    def spm(self) -> float:
        # steps/min = beats/min * steps per beat
        return self.bpm * float(self.steps_per_beat)


def _readings(found: Detection) -> list[_Counted]:
    from bpmsync.render.click import usual_steps_per_beat

    tempo = found.tempo_bpm
    if tempo is None:
        return []
    bpms = [tempo * float(reading.ratio) for reading in found.readings]
    return [
        _Counted(reading.ratio, reading.probability, bpm, usual_steps_per_beat(bpm))
        for reading, bpm in zip(found.readings, bpms, strict=True)
    ]


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
    from bpmsync.planner.doubt import left_out

    found, grid = track.detection, track.grid
    document: dict[str, Any] = {
        "id": track.id,
        "path": track.path if track.has_file else None,
        "imported": not track.has_file,
        "uri": track.uri,
        "audio_hash": track.audio_hash,
        "duration_s": round(track.duration_s, 6),
        "title": track.tags.title,
        "artist": track.tags.artist,
        "album": track.tags.album,
        "genre": track.tags.genre,
        "tempo": None if found.tempo_bpm is None else round(found.tempo_bpm, 6),
        "confidence": round(found.confidence, 6),
        "failure": found.failure,
        "left_out": left_out(track),
        "beats_per_bar": None if grid is None else grid.beats_per_bar,
        "bar_confidence": round(found.bar_confidence, 6),
        "salience": round(found.salience, 6),
        "sections": [round(second, 6) for second in found.sections],
        # Of a song that nobody has heard nothing but the tempo is known
        "energy": round(found.energy, 6) if track.has_file else None,
        "level_db": round(found.level_db, 6) if track.has_file else None,
        "usable": [list(span) for span in found.usable],
        "engine": f"{found.engine} {found.version}",
        "override": override_words(track) or None,
    }
    if beats:
        document["tags"] = _tags_json(track)
        document["readings"] = [
            {
                "ratio": str(reading.ratio),
                "probability": round(reading.probability, 6),
                "bpm": round(reading.bpm, 6),
                "steps_per_beat": str(reading.steps_per_beat),
                "spm": round(reading.spm, 6),
            }
            for reading in _readings(found)
        ]
        # Evenly spaced beats that begin anywhere are no moments of an imported song
        document["beats"] = [] if grid is None or not track.has_file else grid.beats.tolist()
        document["downbeats"] = [] if grid is None else grid.downbeats.tolist()
    return document


def _tags_json(track: Track) -> dict[str, Any]:
    tags = {item.name: getattr(track.tags, item.name) for item in fields(track.tags) if item.name != "other"}
    return {**tags, "other": dict(track.tags.other)}


def _facts(track: Track) -> list[tuple[str, str]]:
    from bpmsync.beats.detection import confidence_word
    from bpmsync.planner.doubt import left_out
    from bpmsync.timeline.durations import format_clock

    found, grid = track.detection, track.grid
    tags = [(item.name.replace("_", " "), getattr(track.tags, item.name)) for item in fields(track.tags)]
    facts = [
        ("path", clean(track.path)),
        ("length", format_clock(round(track.duration_s))),
        ("audio" if track.has_file else "key", track.audio_hash),
        ("engine", f"{found.engine} {found.version}"),
    ]
    if not track.has_file:
        facts += [
            ("uri", track.uri or ""),
            ("tempo", f"{found.tempo_bpm:.2f} BPM, as it was imported"),
            ("confidence", f"{confidence_word(found.confidence)} ({found.confidence:.2f})"),
        ]
    elif grid is None:
        facts.append(("beat", f"none: {found.failure}"))
    else:
        usable = ", ".join(f"{format_clock(round(a))}-{format_clock(round(b))}" for a, b in found.usable)
        facts += [
            ("tempo", f"{grid.tempo_bpm:.2f} BPM"),
            ("confidence", f"{confidence_word(found.confidence)} ({found.confidence:.2f})"),
            ("beats", f"{len(grid.beats)}, the first at {grid.beats[0]:.3f} s"),
            ("bars", _bars(track)),
            ("clear beat", usable),
            ("salience", f"{found.salience:.2f}" if found.salience else ""),
            ("sections", ", ".join(format_clock(round(second)) for second in found.sections)),
            ("level", f"{found.level_db:.1f} dB"),
            ("energy", f"{found.energy:.2f}"),
        ]
    facts += [("left out of plans", left_out(track) or ""), ("you said", override_words(track))]
    return [*facts, *((n, str(v)) for n, v in tags if v is not None and n != "other")]


def _bars(track: Track) -> str:
    """Return what is known of the bars, in words; empty for nothing."""
    grid = track.grid
    if grid is None or not (len(grid.downbeats) or grid.beats_per_bar):
        return ""
    words = []
    if grid.beats_per_bar is not None:
        words.append(f"{grid.beats_per_bar} beats each")
    if len(grid.downbeats):
        words.append(f"the first at {grid.beats[grid.downbeats[0]]:.3f} s")
    return f"{', '.join(words)} (confidence {track.detection.bar_confidence:.2f})"
