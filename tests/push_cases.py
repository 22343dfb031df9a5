"""Plans whose songs the stand-in has, and an account folder that is logged in to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from bpmsync.export.spotify.choosing import Selection, match_legs, select_tracks
from bpmsync.export.spotify.client import open_client
from bpmsync.export.spotify.finding import match_song
from bpmsync.export.spotify.journal import Journal
from bpmsync.export.spotify.memory import PassingMemory
from bpmsync.export.spotify.push import push_list
from bpmsync.export.spotify.retry import Pace
from bpmsync.export.spotify.targets import find_target, name_plan
from bpmsync.library.track import Tags
from bpmsync.planner.legs import Plan, WholeLeg
from bpmsync.timeline.ramp import Ramp
from planner_cases import track

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bpmsync.export.spotify.client import SpotifyClient
    from bpmsync.export.spotify.memory import MatchMemory
    from bpmsync.export.spotify.push import Pushed
    from bpmsync.export.spotify.values import CatalogueTrack, Match, Song
    from bpmsync.library.track import Track
    from spotify_server import Recording

__all__ = ["NOON", "Pusher", "plan_of", "tracks_of"]

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def tracks_of(recordings: Sequence[Recording], *, isrc: bool = True) -> tuple[Track, ...]:
    """Return tracks of the user's library that are these recordings, near 168 BPM."""
    return tuple(
        replace(
            track(f"{number:03d}", 167.0 + number % 20 / 10, duration_s=one.duration_s),
            tags=Tags(
                title=one.title, artist=one.artists[0], album=one.album, isrc=one.isrc if isrc else None
            ),
        )
        for number, one in enumerate(recordings)
    )


def plan_of(tracks: Sequence[Track]) -> Plan:
    """Return a plan that plays the tracks in order."""
    legs, start_s = [], 0.0
    for one in tracks:
        legs.append(WholeLeg(one, Fraction(1), round(start_s, 6)))
        start_s += one.duration_s
    return Plan(Ramp.constant(168.0, duration_s=start_s), tuple(legs))


@dataclass(slots=True)
class Pusher:
    """Pushes plans as the command line does, with a clock that does not wait.

    Parameters
    ----------
    folder : Path
        The account folder.
    memory : MatchMemory
        What was found.
    slept : list of float
        Every pause that would have been made, in seconds.
    """

    folder: Path
    memory: MatchMemory = field(default_factory=PassingMemory)
    slept: list[float] = field(default_factory=list)
    read_s: float = 20.0
    searches: int = 0

    @property
    def pace(self) -> Pace:
        """Time-outs and pauses of a test: none is waited for."""
        return Pace(connect_s=5.0, read_s=self.read_s, sleep=self.slept.append, chance=lambda: 0.5)

    @property
    def journal(self) -> Journal:
        """The folder's notes."""
        return Journal(self.folder)

    def client(self) -> SpotifyClient:
        """Return a new client, as each command has one."""
        return open_client(self.folder, pace=self.pace)

    def select(self, client: SpotifyClient, plan: Plan) -> Selection:
        """Match a plan's songs."""

        def search(query: str, /) -> Sequence[CatalogueTrack]:
            self.searches += 1
            return client.search(query)

        def matcher(song: Song) -> Match:
            return match_song(song, search, self.memory, now=NOON)

        return select_tracks(plan, list(match_legs(plan, matcher)), matcher)

    def push(
        self, plan: Plan, *, update: bool = False, name: str | None = "Run", rename: bool = False
    ) -> Pushed:
        """Push a plan once."""
        naming = name_plan(plan, today=NOON.date(), name=name)
        with self.client() as client, self.journal.locked():
            target = find_target(client, self.journal, naming, update=update)
            selection = self.select(client, plan)
            pause = self.pace.pause
            return push_list(
                client, self.journal, target, selection.uris, now=NOON, pause=pause, rename=rename
            )
