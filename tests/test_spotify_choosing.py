"""What a plan becomes on Spotify: each song once, stand-ins, holes with their minutes."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from bpmsync.export.spotify.choosing import Matcher, match_legs, select_tracks
from bpmsync.export.spotify.values import CatalogueTrack, Grade, Match, Song
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.planner.swap import next_best
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bpmsync.export.spotify.choosing import Selection
    from bpmsync.library.track import Track

_PLANNED = tuple(track(f"planned {number}", 168 + number / 10, 200.0) for number in range(6))
_SPARE = tuple(track(f"spare {number}", 167 - number / 10, 200.0 + number) for number in range(4))
_PARAMETERS = {
    "max_off": 0.04,
    "min_length_s": 90.0,
    "max_length_s": 720.0,
    "min_confidence": 0.5,
    "spoken": False,
    "partial": False,
}


def _plan() -> Plan:
    legs = tuple(WholeLeg(one, Fraction(1), 200.0 * number) for number, one in enumerate(_PLANNED))
    return Plan(Ramp.constant(168.0, duration_s=1200.0), legs, parameters=_PARAMETERS, cost=1.0)


def _matcher(uris: Mapping[str, str]) -> Matcher:
    """Match songs by title: "" is a miss, a name beginning with "?" is doubtful."""

    def match(song: Song) -> Match:
        uri = uris.get(song.title, f"spotify:track:{song.title}")
        if not uri:
            return Match(song, Grade.NONE, "nothing like it")
        found = CatalogueTrack(uri.removeprefix("?"), song.title, (), "", song.duration_s)
        grade = Grade.ASK if uri.startswith("?") else Grade.SURE
        return Match(song, grade, "by title", found)

    return match


def _selected(uris: Mapping[str, str], spare: tuple[Track, ...] = _SPARE) -> Selection:
    plan, matcher = _plan(), _matcher(uris)
    alternatives = partial(_next_best, tracks=(*_PLANNED, *spare))
    return select_tracks(plan, list(match_legs(plan, matcher)), matcher, alternatives)


def _next_best(plan: Plan, leg: int, without: Collection[str], *, tracks: Sequence[Track]) -> Iterator[Plan]:
    return next_best(plan, leg, tracks, without=without)


def test_a_plan_that_spotify_has_is_pushed_as_it_is() -> None:
    selection = _selected({})
    assert selection.uris == tuple(f"spotify:track:planned {number}" for number in range(6))
    assert selection.plan == _plan()
    assert (selection.holes, selection.replaced, selection.lost_s) == ((), (), 0)


def test_the_next_best_track_that_spotify_has_stands_in() -> None:
    best = next(iter(next_best(_plan(), 2, _SPARE))).legs[2].track.tags.title
    assert best is not None
    assert _selected({"planned 2": ""}).uris[2] == f"spotify:track:{best}"
    second = _selected({"planned 2": "", best: ""})
    assert second.uris[2].startswith("spotify:track:spare")
    assert second.uris[2] != f"spotify:track:{best}"
    assert [choice.planned.track.tags.title for choice in second.replaced] == ["planned 2"]
    assert not second.holes


def test_a_doubtful_song_is_not_pushed() -> None:
    selection = _selected({"planned 0": "?spotify:track:live"}, spare=())
    assert "spotify:track:live" not in selection.uris
    assert [choice.match.grade for choice in selection.holes] == [Grade.ASK]


def test_what_nothing_can_replace_is_a_hole_with_its_minutes() -> None:
    selection = _selected({"planned 2": "", "planned 5": ""}, spare=())
    assert len(selection.uris) == 4
    assert selection.lost_s == 400.0
    assert selection.plan.uncovered == ((400.0, 600.0), (1000.0, 1200.0))
    assert [leg.track.tags.title for leg in selection.plan.legs] == [f"planned {n}" for n in (0, 1, 3, 4)]


def test_two_songs_that_are_one_track_on_spotify_are_pushed_once() -> None:
    selection = _selected({"planned 4": "spotify:track:planned 1"})
    assert selection.uris.count("spotify:track:planned 1") == 1
    (replaced,) = selection.replaced
    assert replaced.planned.track.tags.title == "planned 4"
    assert replaced.unmatched is not None
    assert "planned 1" in replaced.unmatched.reason


def test_a_stand_in_is_no_track_that_is_there_already() -> None:
    every_spare = {f"spare {number}": "spotify:track:planned 1" for number in range(4)}
    selection = _selected({"planned 2": "", **every_spare})
    assert len(selection.holes) == 1
    assert len(set(selection.uris)) == len(selection.uris) == 5


def test_without_alternatives_every_miss_is_a_hole() -> None:
    plan, matcher = _plan(), _matcher({"planned 3": ""})
    selection = select_tracks(plan, list(match_legs(plan, matcher)), matcher)
    assert [choice.planned.track.tags.title for choice in selection.holes] == ["planned 3"]


@given(
    st.dictionaries(
        st.sampled_from([one.tags.title or "" for one in (*_PLANNED, *_SPARE)]),
        st.sampled_from(["", "?spotify:track:x", "spotify:track:planned 1", "spotify:track:y"]),
    )
)
def test_no_track_comes_twice_and_every_place_is_accounted_for(uris: dict[str, str]) -> None:
    selection = _selected(uris)
    assert len(set(selection.uris)) == len(selection.uris)
    assert len(selection.choices) == 6
    assert len(selection.uris) + len(selection.holes) == 6
    assert len(selection.plan.legs) == len(selection.uris)
    pushed = [choice.leg.track.audio_hash for choice in selection.choices if choice.leg is not None]
    assert pushed == [leg.track.audio_hash for leg in selection.plan.legs]
    assert len(set(pushed)) == len(pushed)
    assert all(choice.match.pushed for choice in selection.choices if choice.leg is not None)
