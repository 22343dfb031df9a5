"""A plan on its way to Spotify, as `push` and `playlist --push` do and show it."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from bpmsync.cli.account import catalogue_of, pace_for
from bpmsync.cli.text import clean, counted
from bpmsync.errors import BpmsyncError, LibraryError, SpotifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from bpmsync.cli.planning import Filters
    from bpmsync.cli.pushoptions import PushWishes
    from bpmsync.cli.session import Session
    from bpmsync.export.spotify.choosing import Alternatives, Matcher, Selection
    from bpmsync.export.spotify.client import SpotifyClient
    from bpmsync.export.spotify.journal import Journal
    from bpmsync.export.spotify.memory import MatchMemory
    from bpmsync.export.spotify.push import Pushed
    from bpmsync.export.spotify.targets import Target
    from bpmsync.export.spotify.values import CatalogueTrack, Match
    from bpmsync.library.shelf import Shelf
    from bpmsync.library.track import Track
    from bpmsync.planner.legs import Plan

__all__ = ["PushReport", "refuse_without_login", "run_push", "undo_last_push"]

# Fewer than this is more likely a mistake than a run
_FEW = 5
_SHOWN = 3
# Steps per beat that a track may have
_RATIOS = (1.0, 2.0, 0.5)
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push found and did; `pushed` is None for a dry run."""

    selection: Selection
    target: Target
    pushed: Pushed | None
    searches: int
    calls: int


def run_push(session: Session, plan: Plan, wishes: PushWishes, *, dry_run: bool) -> PushReport:
    """Match a plan's songs, choose stand-ins, and bring the account to hold the list.

    Raises
    ------
    SpotifyError
        If nobody is logged in, the service refuses, or nothing of the plan is on Spotify.
    click.Abort
        If the person does not want what was asked.
    """
    from bpmsync.cli.reviewing import review_matches
    from bpmsync.export.spotify.choosing import select_tracks
    from bpmsync.export.spotify.client import open_client
    from bpmsync.export.spotify.journal import Journal
    from bpmsync.export.spotify.targets import find_target, name_plan

    pace = pace_for(session, wishes.max_wait_s)
    journal = Journal(wishes.account)
    naming = name_plan(plan, today=_now().astimezone().date(), name=wishes.name)
    with (
        open_client(wishes.account, pace=pace) as client,
        journal.locked(),
        _library(session, wishes) as library,
    ):
        # First, since it costs little and tells a log-in that no longer counts
        playlist_id = None if wishes.playlist is None else _playlist_id(wishes.playlist)
        target = find_target(client, journal, naming, update=wishes.update, playlist_id=playlist_id)
        search = _Search(client)
        matches = _matched(session, plan, search, library.memory)
        if wishes.review:
            matches = review_matches(matches, search, library.memory)
        stand_ins = _alternatives(plan, library.music) if wishes.replace else None
        selection = select_tracks(plan, matches, _matcher(search, library.memory), stand_ins)
        pushed = None
        if not dry_run:
            _ask_first(selection, target, yes=wishes.yes)
            pushed = _pushed(client, journal, target, selection, wishes=wishes, pause=pace.pause)
    return PushReport(selection, target, pushed, search.searches, client.calls)


def _matched(session: Session, plan: Plan, search: _Search, memory: MatchMemory) -> list[Match]:
    from bpmsync.cli.progress import follow
    from bpmsync.export.spotify.choosing import match_legs

    matches: list[Match] = []
    found = match_legs(plan, _matcher(search, memory))
    try:
        for match in follow(found, total=len(plan.legs), label="matching", unit="songs", quiet=session.quiet):
            matches.append(match)  # noqa: PERF402 - their number is told when it is interrupted
    except KeyboardInterrupt:
        session.say(f"stopped after {len(matches)} of {len(plan.legs)} songs: what is found is kept")
        raise
    return matches


def _pushed(
    client: SpotifyClient,
    journal: Journal,
    target: Target,
    selection: Selection,
    *,
    wishes: PushWishes,
    pause: Callable[[int], None],
) -> Pushed:
    from bpmsync.export.spotify.lists import with_words
    from bpmsync.export.spotify.push import push_list

    try:
        return push_list(
            client,
            journal,
            target,
            selection.uris,
            now=_now(),
            pause=pause,
            public=wishes.public,
            rename=wishes.name is not None,
        )
    except SpotifyError as error:
        # Spotify names a track that it refuses by its address only
        found = [(choice.match.song.name, choice.match.found) for choice in selection.choices]
        names = [
            f"{track.uri} is {clean(name)}" for name, track in found if track and track.uri in str(error)
        ]
        if not names:
            raise
        raise with_words(error, "\n".join(names)) from error


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class _Library:
    """What a push needs of the library: stand-ins, and answers from earlier pushes."""

    music: Callable[[Filters], Shelf | None]
    memory: MatchMemory


@contextmanager
def _library(session: Session, wishes: PushWishes) -> Iterator[_Library]:
    """Open the library; go on without one that cannot be opened."""
    from bpmsync.export.spotify.memory import PassingMemory, PersonsWord
    from bpmsync.library.matchbook import MatchBook
    from bpmsync.library.shelving import load_shelf

    try:
        store = session.open_store()
    except LibraryError as error:
        session.say(f"{clean(str(error))}\ngoing on without a library: what is found is not remembered")
        yield _Library(lambda _: None, PassingMemory())
        return
    with store:
        memory = MatchBook(store, now=_now, catalogue=catalogue_of(wishes.account))
        yield _Library(
            lambda filters: load_shelf(store, imported=True, where=filters.test()),
            PersonsWord(memory) if wishes.refresh else memory,
        )


@dataclass(slots=True)
class _Search:
    """A client's search that counts."""

    client: SpotifyClient
    searches: int = 0

    def __call__(self, query: str, /) -> Sequence[CatalogueTrack]:
        self.searches += 1
        return self.client.search(query)


def _matcher(search: _Search, memory: MatchMemory) -> Matcher:
    from bpmsync.export.spotify.finding import match_song

    return partial(match_song, search=search, memory=memory, now=_now())


def _alternatives(plan: Plan, music: Callable[[Filters], Shelf | None]) -> Alternatives:
    """Offer what the plan was allowed to choose from; a song without a file does as well."""
    from bpmsync.cli.planning import Filters
    from bpmsync.planner.swap import next_best, options_of

    shelf: Shelf | None = None

    def alternatives(whole: Plan, leg: int, without: Collection[str]) -> Iterator[Plan]:
        nonlocal shelf
        if shelf is None:
            shelf = music(Filters.recorded(plan.parameters))
        allowed = [] if shelf is None else _near(shelf, whole, leg, options_of(plan.parameters).max_off)
        return next_best(whole, leg, allowed, without=without)

    return alternatives


def _near(shelf: Shelf, plan: Plan, leg: int, max_off: float) -> list[Track]:
    """Return the tracks of about the tempo that a leg has to have, and those of the plan."""
    import numpy as np

    target = float(plan.ramp.spm_at(plan.legs[leg].start_s))
    played = {one.track.audio_hash for one in plan.legs}
    near = np.array([audio_hash in played for audio_hash in shelf.audio_hash], dtype=bool)
    for ratio in _RATIOS:
        near |= np.abs(shelf.tempo_bpm * ratio / target - 1) <= max_off * (1 + _ROUNDING)
    return shelf.fetch(np.flatnonzero(near))


def _ask_first(selection: Selection, target: Target, *, yes: bool) -> None:
    """Ask before something is done that a person may not expect; a pipe cannot answer."""
    count, planned = len(selection.uris), len(selection.choices)
    if not count:
        why = _why_none(selection)
        msg = f"none of {planned} songs could be matched, so nothing was made or changed: {why}"
        raise SpotifyError(msg)
    if count < min(_FEW, planned):
        _ask(f"only {count} of {planned} songs are on Spotify: push them all the same?", yes=yes)
    lost = target.lost_rows(selection.uris)
    if lost and target.playlist is not None:
        names = ", ".join(clean(row.title or "a track that is gone") for row in lost[:_SHOWN])
        more = f" and {len(lost) - _SHOWN} more" if lost[_SHOWN:] else ""
        _ask(
            f"{clean(target.playlist.name)} holds files from a computer, which no program can put back "
            f"({names}{more}): remove them?",
            yes=yes,
        )


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    import sys

    if not sys.stdin.isatty():
        msg = f"{question} Nobody can answer here, so nothing was made or changed; --yes answers yes"
        raise BpmsyncError(msg)
    click.confirm(question, abort=True, err=True)


def _why_none(selection: Selection) -> str:
    reasons = {choice.match.reason for choice in selection.holes}
    return "; ".join(sorted(reasons)[:_SHOWN])


def _playlist_id(address: str) -> str:
    from bpmsync.library.addresses import playlist_id

    return playlist_id(address)


def undo_last_push(session: Session, wishes: PushWishes, *, as_json: bool) -> None:
    """Bring back what the last push changed, after asking."""
    from bpmsync.cli.output import print_json
    from bpmsync.export.spotify.client import open_client
    from bpmsync.export.spotify.journal import Journal
    from bpmsync.export.spotify.push import undo_push

    pace = pace_for(session, wishes.max_wait_s)
    journal = Journal(wishes.account)
    with open_client(wishes.account, pace=pace) as client, journal.locked():
        _ask(_undo_question(client, journal), yes=wishes.yes)
        undone = undo_push(client, journal, pause=pace.pause)
    saved = undone.saved
    name = clean(saved.name)
    if as_json:
        print_json(
            {
                "playlist_id": saved.playlist_id,
                "name": saved.name,
                "removed": saved.created,
                "lost_rows": undone.lost,
            }
        )
    if saved.created:
        session.say(
            f"removed {name}; Spotify keeps removed playlists for 90 days (Account, Recover playlists)"
        )
    else:
        lost = f", without {counted(undone.lost, 'row')} that nobody can put back" if undone.lost else ""
        session.say(f"{name} is as it was before, {counted(len(saved.rows) - undone.lost, 'row')}{lost}")


def _undo_question(client: SpotifyClient, journal: Journal) -> str:
    last = journal.last_saved(client.me().id)
    if last is None:
        return "undo the last push?"
    saved = last[1]
    if saved.created:
        return f"remove {clean(saved.name)}, which the last push made?"
    rows = counted(len(saved.rows), "row")
    return f"give {clean(saved.name)} the {rows} back that it had before the last push?"


def refuse_without_login(session: Session, wishes: PushWishes) -> None:
    """Do nothing if somebody is logged in, else raise, before hours of other work.

    Raises
    ------
    NotAuthorised
        If nobody is.
    """
    from bpmsync.export.spotify.client import open_client

    open_client(wishes.account, pace=pace_for(session, wishes.max_wait_s)).close()
