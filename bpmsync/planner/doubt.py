"""Which beats a person should hear first, and why (pure: tracks in, words out).

A machine's doubt counts only where nobody has said how the beat goes. Half and double tempo
are no doubt here: they serve the same cadence, with another number of steps per beat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.beats.detection import SURE, Detection, Reading
from bpmsync.library.shelf import is_spoken, unsteadiness, usable_share
from bpmsync.planner.candidates import NativeOptions, refusal
from bpmsync.timeline.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from bpmsync.library.track import Track
    from bpmsync.timeline.grid import BeatGrid

__all__ = ["Doubt", "doubtful", "left_out"]

# Another tempo is worth a word from this share of the probability of the one chosen
_NEARLY = 0.5
_UNSTEADY_SHARE = 0.02
_LITTLE_CLEAR = 0.5
_FAINT = 0.25
_DEFAULTS = NativeOptions()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A track whose beat should be checked.

    Parameters
    ----------
    track : Track
        Which.
    reasons : tuple of str
        Why, the weightiest first; at least one.
    """

    track: Track
    reasons: tuple[str, ...]

    __hash__ = None  # type: ignore[assignment]  # holds a grid


def doubtful(tracks: Iterable[Track]) -> list[Doubt]:
    """Return the tracks to check, the most doubtful first.

    A track is doubtful below the confidence called *sure*, unless a person said how its beat
    goes or that it is not to be used. Tracks in which no beat was found come last: most of
    them have none. Of copies of a recording the first by path stands for all; spoken word is
    left alone.
    """
    first: dict[str, Track] = {}
    for track in sorted(tracks, key=lambda track: track.path):
        first.setdefault(track.audio_hash, track)
    found = [Doubt(track, tuple(_reasons(track))) for track in first.values() if _is_doubtful(track)]
    return sorted(found, key=lambda d: (d.track.grid is None, d.track.detection.confidence))


def left_out(track: Track) -> str | None:
    """Return why plans leave a track out unless they are told otherwise, or None.

    The limits are those of `NativeOptions` as it is by default.
    """
    reason = refusal(track, _DEFAULTS)
    least = _DEFAULTS.min_confidence
    # Cut, not rounded: 0.499 must not read as if it were 0.50
    confidence = math.floor(100 * track.detection.confidence) / 100
    shortest, longest = format_duration(_DEFAULTS.min_length_s), format_duration(_DEFAULTS.max_length_s)
    words = {
        "uncertain beat": f"confidence {confidence:.2f} < {least:g} (--min-confidence)",
        "too short": f"shorter than {shortest} (--min-length)",
        "too long": f"longer than {longest} (--max-length)",
        "spoken word": "spoken word (--spoken)",
        "ignored": "you said never to use it (bpmsync fix --use)",
    }
    return None if reason is None else words.get(reason, reason)


def _is_doubtful(track: Track) -> bool:
    if track.override.ignore or track.override.settles_beat or is_spoken(track):
        return False
    return track.grid is None or track.detection.confidence < SURE


def _reasons(track: Track) -> Iterator[str]:
    found, grid = track.detection, track.grid
    if grid is None:
        failure = found.failure or "none was found"
        yield failure if failure.startswith("no beat") else f"no beat: {failure}"
        return
    known = list(_known_reasons(track, found, grid))
    yield from known or ["the tracker is not sure of this beat"]


def _known_reasons(track: Track, found: Detection, grid: BeatGrid) -> Iterator[str]:
    rival = _rival(found.readings)
    if rival is not None:
        bpm = grid.tempo_bpm * float(rival.ratio)
        odds = f"{rival.ratio} ({bpm:.1f} BPM, {rival.probability:.2f})"
        yield f"another tempo is nearly as likely: {odds}"
    stray = unsteadiness(grid) / grid.tempo_bpm
    if stray >= _UNSTEADY_SHARE:
        yield f"beat not regular: its tempo strays by {100 * stray:.1f} %"
    clear = usable_share(track)
    if clear < _LITTLE_CLEAR:
        yield f"a clear beat in only {100 * clear:.0f} % of it"
    if 0 < found.salience < _FAINT:
        yield f"faint beat (salience {found.salience:.2f})"


def _rival(readings: tuple[Reading, ...]) -> Reading | None:
    """Return the likeliest tempo that serves another cadence, where it comes near the chosen."""
    chosen = sum(r.probability for r in readings if _is_octave(r.ratio))
    others = [r for r in readings if not _is_octave(r.ratio)]
    rival = max(others, key=lambda r: r.probability, default=None)
    return rival if rival is not None and rival.probability >= _NEARLY * chosen else None


def _is_octave(ratio: Fraction) -> bool:
    """Tell whether a ratio is a power of two."""
    odd = ratio.numerator * ratio.denominator
    return odd & (odd - 1) == 0
