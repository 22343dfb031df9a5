"""Which catalogue tracks a plan becomes, and what stands in for songs that Spotify lacks.

A song without a sure match gives its place to the next best track of the library that has
one; only where none has, the place stays a hole, and the minutes are counted. No catalogue
track is taken twice: two files of one recording would play it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from bpmsync.export.files import require_whole_tracks
from bpmsync.export.spotify.values import Grade, Match, Song, song_of
from bpmsync.planner.legs import Plan, WholeLeg

__all__ = ["Alternatives", "Choice", "Matcher", "Selection", "match_legs", "select_tracks"]

Matcher: TypeAlias = Callable[[Song], Match]
Alternatives: TypeAlias = Callable[[Plan, int, Collection[str]], Iterator[Plan]]

# Each may cost two searches, and what comes later is further from the target
_MOST_TRIED = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """What became of one place in the plan.

    Parameters
    ----------
    planned : WholeLeg
        What the plan has there.
    match : Match
        For `leg`; where that is a hole, why `planned` could not be pushed.
    leg : WholeLeg or None
        What is pushed: `planned`, or what stands in for it; None for a hole.
    unmatched : Match or None
        Why `planned` was replaced.
    """

    planned: WholeLeg
    match: Match
    leg: WholeLeg | None
    unmatched: Match | None = None

    __hash__ = None  # type: ignore[assignment]  # holds grids


@dataclass(frozen=True, slots=True)
class Selection:
    """A plan as Spotify can play it.

    Parameters
    ----------
    plan : Plan
        With the stand-ins, and without the holes.
    choices : tuple of Choice
        One for each leg of the plan that was asked for, in its order.
    """

    plan: Plan
    choices: tuple[Choice, ...]

    __hash__ = None  # type: ignore[assignment]  # holds grids

    @property
    def uris(self) -> tuple[str, ...]:
        """What the playlist has to hold, in order."""
        return tuple(
            choice.match.found.uri
            for choice in self.choices
            if choice.leg is not None and choice.match.found is not None
        )

    @property
    def holes(self) -> tuple[Choice, ...]:
        """The places that stay empty."""
        return tuple(choice for choice in self.choices if choice.leg is None)

    @property
    def replaced(self) -> tuple[Choice, ...]:
        """The places where another track stands in."""
        return tuple(choice for choice in self.choices if choice.unmatched is not None)

    @property
    def lost_s(self) -> float:
        """Seconds of music that the playlist lacks."""
        return sum(choice.planned.duration_s for choice in self.holes)


def match_legs(plan: Plan, matcher: Matcher) -> Iterator[Match]:
    """Return a match for each leg of a plan, in order.

    Raises
    ------
    ExportError
        At once, if the plan is stretched.
    """
    require_whole_tracks(plan)
    return (matcher(song_of(leg.track)) for leg in plan.legs)


def select_tracks(
    plan: Plan,
    matches: Sequence[Match],
    matcher: Matcher,
    alternatives: Alternatives | None = None,
) -> Selection:
    """Return the plan as Spotify can play it.

    Parameters
    ----------
    plan : Plan
        Native.
    matches : sequence of Match
        One for each leg.
    matcher : callable
        Finds the match of a stand-in.
    alternatives : callable, optional
        From a plan, the number of a leg and recordings that must not be used to plans in which
        another track has that place, best first. Without it every missing song is a hole.
    """
    matches = _each_once(matches)
    whole, stand_ins = plan, dict[int, Match]()
    if alternatives is not None:
        whole, stand_ins = _filled(plan, matches, matcher, alternatives)
    choices = tuple(
        _choice(planned, match, whole.legs[number], stand_ins.get(number))
        for number, (planned, match) in enumerate(zip(plan.legs, matches, strict=True))
    )
    return Selection(_without_holes(whole, choices), choices)


def _filled(
    plan: Plan, matches: Sequence[Match], matcher: Matcher, alternatives: Alternatives
) -> tuple[Plan, dict[int, Match]]:
    """Return the plan with stand-ins where there are any, and their matches by number of leg."""
    stand_ins: dict[int, Match] = {}
    without = {leg.track.audio_hash for leg in plan.legs}
    taken = {match.found.uri for match in matches if match.pushed and match.found is not None}
    for number in [number for number, match in enumerate(matches) if not match.pushed]:
        for tried in islice(alternatives(plan, number, frozenset(without)), _MOST_TRIED):
            track = tried.legs[number].track
            without.add(track.audio_hash)
            match = matcher(song_of(track))
            if match.pushed and match.found is not None and match.found.uri not in taken:
                taken.add(match.found.uri)
                plan, stand_ins[number] = tried, match
                break
    return plan, stand_ins


def _each_once(matches: Sequence[Match]) -> list[Match]:
    """Keep the first of two songs that are one track in the catalogue."""
    first: dict[str, Match] = {}
    kept = []
    for match in matches:
        if match.pushed and match.found is not None:
            before = first.setdefault(match.found.uri, match)
            if before is not match:
                reason = f"the same track on Spotify as {before.song.name}, which is in the plan already"
                match = replace(match, grade=Grade.NONE, reason=reason)  # noqa: PLW2901 - what is kept of it
        kept.append(match)
    return kept


def _choice(planned: WholeLeg, match: Match, leg: WholeLeg, stand_in: Match | None) -> Choice:
    if stand_in is not None:
        return Choice(planned, stand_in, leg, unmatched=match)
    return Choice(planned, match, leg if match.pushed else None)


def _without_holes(plan: Plan, choices: Sequence[Choice]) -> Plan:
    legs = tuple(choice.leg for choice in choices if choice.leg is not None)
    silent = [
        (leg.start_s, min(leg.end_s, plan.duration_s))
        for leg, choice in zip(plan.legs, choices, strict=True)
        if choice.leg is None and leg.start_s < plan.duration_s
    ]
    if not silent:
        return replace(plan, legs=legs)
    return replace(plan, legs=legs, uncovered=tuple(sorted([*plan.uncovered, *silent])))
