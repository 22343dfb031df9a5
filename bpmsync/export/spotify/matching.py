"""How far what the catalogue holds is the recording that was looked for (pure).

*Exact*: the same ISRC, lengths within 3 s, and nothing in the names against it. *Sure*: title,
artist and version agree and lengths are within 2 s. *Ask*: near, but something is missing or
against it; a person decides. A wrong version has a wrong tempo, so every doubt ends at *ask*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpmsync.export.spotify.evidence import evidence_for
from bpmsync.export.spotify.names import Likeness
from bpmsync.export.spotify.readings import readings_of
from bpmsync.export.spotify.values import Grade, Match
from bpmsync.export.spotify.works import composers_among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpmsync.export.spotify.evidence import Evidence
    from bpmsync.export.spotify.values import CatalogueTrack, Song

__all__ = ["grade_candidates", "is_named_among"]

_EXACT_S = 3.0
_SURE_S = 2.0
_ASKED_S = 30.0
_ASKED_VERSION_S = 10.0
_ROUNDING_S = 1e-6
_SAME_RECORDING_S = 0.5
_DECISIVE_S = 0.75
_MOST_OTHERS = 9
_NEVER_ASKED = frozenset({"karaoke", "cover"})
_ORDER = (Grade.NONE, Grade.ASK, Grade.SURE, Grade.EXACT)


def grade_candidates(song: Song, found: Sequence[CatalogueTrack]) -> Match:
    """Return the best of what was found for a song, and how far it is the same recording.

    Parameters
    ----------
    song : Song
        What is looked for.
    found : sequence of CatalogueTrack
        In Spotify's order, which decides between equals; may be empty, and may hold a track twice.

    Examples
    --------
    >>> from bpmsync.export.spotify.values import CatalogueTrack, Song
    >>> song = Song("k", "River", 200.0, artist="The Owls")
    >>> live = CatalogueTrack("spotify:track:1", "River - Live", ("The Owls",), "Alive", 200.5)
    >>> plain = CatalogueTrack("spotify:track:2", "River - 2011 Remaster", ("The Owls",), "River", 201.0)
    >>> grade_candidates(song, [live]).grade, grade_candidates(song, [live, plain]).found.uri
    (<Grade.ASK: 'ask'>, 'spotify:track:2')
    """
    tracks = list({track.uri: track for track in reversed(found)}.values())[::-1]
    composers = composers_among(tracks)
    judged = [
        (evidence, *_judge(evidence, song)) for evidence in (evidence_for(song, t, composers) for t in tracks)
    ]
    judged.sort(
        key=lambda item: (-_ORDER.index(item[1]), *(-value for value in item[0].rank), _nearness(item[0]))
    )
    if not judged or judged[0][1] is Grade.NONE:
        near = tuple(evidence.track for evidence, _, _ in judged if _worth_showing(evidence))
        return Match(song, Grade.NONE, _why_none(judged), others=near[:_MOST_OTHERS])
    best, grade, reason = judged[0]
    if grade is Grade.SURE and _undecided(
        best, [evidence for evidence, other, _ in judged[1:] if other is Grade.SURE]
    ):
        grade, reason = Grade.ASK, "two recordings bear this name and are as near in length"
    others = tuple(evidence.track for evidence, _, _ in judged[1:] if _worth_showing(evidence))
    return Match(song, grade, reason, best.track, others[:_MOST_OTHERS])


def is_named_among(song: Song, found: Sequence[CatalogueTrack]) -> bool:
    """Tell whether any track found bears the song's title and artist, whatever its version."""
    return any(evidence_for(song, track, frozenset()).named for track in found)


def _nearness(evidence: Evidence) -> float:
    """Return how far the lengths are apart, in steps so coarse that Spotify's order decides within."""
    return round((evidence.gap_s if evidence.gap_s is not None else 1e6) / _SAME_RECORDING_S)


def _judge(evidence: Evidence, song: Song) -> tuple[Grade, str]:
    """Return the grade of one candidate by itself, and why."""
    if evidence.isrc and (judged := _judge_isrc(evidence, song)):
        return judged
    if doubts := _doubts(evidence):
        return (Grade.ASK, "; ".join(doubts)) if _worth_asking(evidence) else (Grade.NONE, "; ".join(doubts))
    gap_s = evidence.gap_s if evidence.gap_s is not None else 0.0
    return Grade.SURE, f"title, artist and version agree, lengths {gap_s:.1f} s apart"


def _judge_isrc(evidence: Evidence, song: Song) -> tuple[Grade, str] | None:
    """Return the grade of a track with the song's ISRC; None where that settles nothing."""
    gap_s = evidence.gap_s
    if gap_s is None or gap_s > _EXACT_S + _ROUNDING_S or (evidence.doubt and not evidence.doubt.outweighed):
        return None
    title, artist = evidence.title, evidence.artist
    reason = f"the same ISRC, lengths {gap_s:.1f} s apart"
    known = artist is None or artist >= Likeness.MISSPELT
    if title >= Likeness.MISSPELT and (known or artist in (Likeness.NEAR, Likeness.UNREADABLE)):
        return Grade.EXACT, reason
    if (
        artist is not None
        and known
        and (title is Likeness.UNREADABLE or title is Likeness.NEAR or not readings_of(song))
    ):
        return Grade.EXACT, reason
    if title is Likeness.UNREADABLE and artist in (None, Likeness.UNREADABLE) and gap_s <= _SURE_S:
        return Grade.SURE, f"{reason}; the names are in another script"
    return None


def _doubts(evidence: Evidence) -> list[str]:
    """Return all that keeps a candidate from being sure."""
    doubts = []
    if evidence.title < Likeness.MISSPELT:
        doubts.append(
            "the title is in another script" if evidence.title is Likeness.UNREADABLE else "the title differs"
        )
    if evidence.artist is None:
        doubts.append("your file names no artist")
    elif evidence.artist < Likeness.MISSPELT:
        doubts.append(f"the artist may be another one ({', '.join(evidence.track.artists)})")
    elif evidence.artist is evidence.title is Likeness.MISSPELT and not evidence.album:
        doubts.append("title and artist are spelt otherwise")
    if evidence.doubt:
        doubts.append(evidence.doubt.words)
    if evidence.gap_s is None:
        doubts.append("a length is not known")
    elif evidence.gap_s > _SURE_S + _ROUNDING_S:
        doubts.append(f"lengths {evidence.gap_s:.1f} s apart")
    return doubts


def _worth_asking(evidence: Evidence) -> bool:
    """Tell whether a person could say that a doubtful candidate is the song after all."""
    gap_s = evidence.gap_s if evidence.gap_s is not None else 0.0
    if (evidence.doubt and evidence.doubt.kinds & _NEVER_ASKED) or (
        evidence.title is Likeness.OTHER and not evidence.isrc
    ):
        return False
    if evidence.artist is Likeness.OTHER and not (evidence.isrc and evidence.title >= Likeness.MISSPELT):
        return False
    if evidence.title is Likeness.UNREADABLE and gap_s > _EXACT_S:
        return False
    return gap_s <= (_ASKED_VERSION_S if evidence.doubt else _ASKED_S)


def _worth_showing(evidence: Evidence) -> bool:
    """Tell whether a candidate comes near enough to be listed for a person."""
    return evidence.isrc or (evidence.title is not Likeness.OTHER and evidence.artist is not Likeness.OTHER)


def _undecided(best: Evidence, rivals: list[Evidence]) -> bool:
    """Tell whether another recording of the same name is as good: two songs, one title."""
    return any(_rivals(best, rival) for rival in rivals)


def _rivals(best: Evidence, rival: Evidence) -> bool:
    if best.track.isrc and best.track.isrc == rival.track.isrc:
        return False
    if abs(best.track.duration_s - rival.track.duration_s) <= _SAME_RECORDING_S + _ROUNDING_S:
        return False
    if best.album > rival.album or best.title > rival.title or best.neutral != rival.neutral:
        return False
    lead_s = (rival.gap_s or 0.0) - (best.gap_s or 0.0)
    return lead_s < (-_DECISIVE_S if best.guests > rival.guests else _DECISIVE_S)


def _why_none(judged: list[tuple[Evidence, Grade, str]]) -> str:
    near = [reason for evidence, _, reason in judged if _worth_showing(evidence)]
    return f"nothing near enough: {near[0]}" if near else "nothing of this title and artist was found"
