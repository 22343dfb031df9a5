"""What a person says about a beat becomes an override, and the tracker looks again.

Corrections add up: doubling counts from the tempo in force, a shift is added to the shift
that is there. A tempo that is set or tapped starts afresh. A hand-made grid is scaled and
moved itself; the tracker is not asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from statistics import mode
from typing import TYPE_CHECKING

import numpy as np

from bpmsync.beats.detection import Constraint
from bpmsync.errors import BpmsyncError, ParameterError
from bpmsync.timeline.grid import BeatGrid

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.beats.detection import Detection
    from bpmsync.library.store import Store
    from bpmsync.library.track import Override, Track

__all__ = ["Correction", "Shift", "apply_override", "corrected", "parse_shift", "read_beats"]

_SHIFT = re.compile(r"([+-]?)(\d+/\d+|\d*\.?\d+)\s*(ms)?", re.ASCII)
_FINEST = 10_000  # parts of a beat; a tenth of a millisecond at most
_MICROSECONDS = 6
_LONGEST_BAR = 16  # that a grid takes


@dataclass(frozen=True, slots=True)
class Shift:
    """How much later the beats are: a part of a beat, or milliseconds.

    Parameters
    ----------
    beats : Fraction
        Used where `shift_ms` is None.
    shift_ms : float or None
        Milliseconds.
    """

    beats: Fraction = Fraction(0)
    shift_ms: float | None = None

    def in_beats(self, tempo_bpm: float) -> Fraction:
        """Return the shift as a part of a beat."""
        if self.shift_ms is None:
            return self.beats
        # A minute has 60,000 ms, and bpm beats
        return Fraction(round(self.shift_ms * tempo_bpm / 60_000 * _FINEST), _FINEST)


@dataclass(frozen=True, slots=True)
class Correction:
    """What to change about one recording; what is None stays.

    Parameters
    ----------
    ratio : Fraction or None
        New tempo over the one in force, as in 2 or 3/2; 1 holds on to it.
    tempo_bpm : float or None
        Set or tapped.
    shift : Shift or None
        Later by so much.
    beats : BeatGrid or None
        A hand-made grid.
    ignore : bool or None
        Never use, or use again.
    """

    ratio: Fraction | None = None
    tempo_bpm: float | None = None
    shift: Shift | None = None
    beats: BeatGrid | None = None
    ignore: bool | None = None


def parse_shift(text: str) -> Shift:
    """Return the shift that a text such as ``1/2``, ``-0.25`` or ``20ms`` stands for.

    Raises
    ------
    ParameterError
        If it has another form.

    Examples
    --------
    >>> parse_shift("-1/4").beats, parse_shift("20ms").shift_ms
    (Fraction(-1, 4), 20.0)
    """
    match = _SHIFT.fullmatch(text.strip())
    if match is None or match[2].endswith("/0") or (match[3] and "/" in match[2]):
        msg = f"{text!r} is not a shift: write a part of a beat (1/2, -0.25) or milliseconds (20ms)"
        raise ParameterError(msg)
    amount = Fraction(match[2]) * (-1 if match[1] == "-" else 1)
    return Shift(shift_ms=float(amount)) if match[3] else Shift(amount.limit_denominator(_FINEST))


def read_beats(path: Path) -> BeatGrid:
    """Return the grid in a .beats file: a second a line, the place in the bar as a second column.

    Raises
    ------
    ParameterError
        If the file cannot be read, or a line or the grid is none.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read the beats in {path}: {error}"
        raise ParameterError(msg) from error
    rows = [
        _beat_line(path, number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    places = [place for _, place in rows]
    known = bool(places) and None not in places
    downbeats = [number for number, place in enumerate(places) if place == 1] if known else []
    try:
        return BeatGrid(
            np.round([second for second, _ in rows], _MICROSECONDS),
            np.array(downbeats, dtype=np.int64),
            _bar_length(places, downbeats) if known else None,
        )
    except ParameterError as error:
        msg = f"the beats in {path} are no grid: {error}"
        raise ParameterError(msg) from error


def _bar_length(places: list[int | None], downbeats: list[int]) -> int | None:
    """Return the usual distance of downbeats, or None where there is none that a grid can hold."""
    if not downbeats:
        return None
    gaps = [second - first for first, second in pairwise(downbeats)]
    usual = mode(gaps) if gaps else max(place for place in places if place is not None)
    return usual if usual <= _LONGEST_BAR else None


def _beat_line(path: Path, number: int, line: str) -> tuple[float, int | None]:
    try:
        second, *place = line.split()
        return float(second), int(*place) if place else None
    except (TypeError, ValueError):
        msg = (
            f"line {number} of {path} is {line!r}: write a time in seconds, and the place in the bar if known"
        )
        raise ParameterError(msg) from None


def corrected(track: Track, correction: Correction) -> Override:
    """Return what is said about a track once a correction is added.

    Raises
    ------
    ParameterError
        If there is no beat to double, halve or shift, or the tempo leaves 30-400 BPM.
    """
    said = track.override
    if correction.ignore is not None:
        said = replace(said, ignore=correction.ignore)
    if correction.beats is not None:
        said = replace(said, beats=correction.beats, constraint=Constraint())
    if correction.tempo_bpm is not None:
        said = replace(said, beats=None, constraint=Constraint(correction.tempo_bpm))
    if correction.ratio is not None:
        said = _scaled(track, said, correction.ratio)
    if correction.shift is not None:
        said = _shifted(track, said, correction.shift)
    return said


def _scaled(track: Track, said: Override, ratio: Fraction) -> Override:
    if said.beats is not None:
        return replace(said, beats=_on_microseconds(said.beats.scaled(ratio)))
    tempo_bpm = _tempo(track) * float(ratio)
    shift = _reduced(said.constraint.shift_beats * ratio)
    return replace(said, constraint=Constraint(round(tempo_bpm, 3), shift))


def _shifted(track: Track, said: Override, shift: Shift) -> Override:
    if said.beats is not None:
        part = float(shift.in_beats(said.beats.tempo_bpm))
        return replace(said, beats=_on_microseconds(said.beats.shifted(part * 60.0 / said.beats.tempo_bpm)))
    part_of_beat = shift.in_beats(said.constraint.tempo_bpm or _tempo(track))
    total = _reduced(said.constraint.shift_beats + part_of_beat)
    return replace(said, constraint=replace(said.constraint, shift_beats=total))


def _tempo(track: Track) -> float:
    if track.grid is None:
        why = track.detection.failure
        msg = f"{track.path} has no beat to change ({why}): give one with --bpm, --tap or --beats"
        raise ParameterError(msg)
    return track.grid.tempo_bpm


def _reduced(shift: Fraction) -> Fraction:
    """Return the same phase as at most half a beat, later rather than earlier."""
    part = shift % 1
    return part - 1 if part > Fraction(1, 2) else part


def _on_microseconds(grid: BeatGrid) -> BeatGrid:
    return BeatGrid(np.round(grid.beats, _MICROSECONDS), grid.downbeats, grid.beats_per_bar)


def apply_override(store: Store, track: Track, override: Override) -> Track:
    """Look for the beat again under an override, keep both, and return the track as it is now.

    Raises
    ------
    BpmsyncError
        If no beat is found under it, or the file has changed; nothing is kept then.
    """
    found = _detection(store, track, override.constraint)
    if found is not None and found.grid is None and override.constraint:
        asked = override.constraint.key().replace("tempo=", "").strip()
        why = f"{found.failure} (nothing was changed; try --tap or --beats)"
        msg = f"cannot follow {asked} BPM in {track.path}: {why}"
        raise BpmsyncError(msg)
    store.set_override(track.audio_hash, override, found)
    now = store.track_by_path(track.path)
    return track if now is None else now


def _detection(store: Store, track: Track, constraint: Constraint) -> Detection | None:
    """Return what is found under a constraint; None where the library has it already."""
    from bpmsync.beats.engines import ENGINES, engine_version
    from bpmsync.library.analysis import DEFAULT_ENGINE, analyse_file

    engine = track.detection.engine if track.detection.engine in ENGINES else DEFAULT_ENGINE
    known = store.detection(track.audio_hash, constraint)
    if known is not None and (known.engine, known.version) == (engine, engine_version(engine)):
        return None
    entry = analyse_file(track.path, engine=engine, constraint=constraint)
    if entry.error is not None:
        msg = f"cannot listen to {track.path} again: {entry.error} (nothing was changed)"
        raise BpmsyncError(msg)
    if entry.audio_hash != track.audio_hash:
        msg = f"{track.path} holds other sound than when it was scanned: nothing was changed, scan it again"
        raise BpmsyncError(msg)
    return entry.detection
