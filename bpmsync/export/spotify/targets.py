"""Which playlist of the account a plan belongs in, and what it is called there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpmsync.errors import SpotifyError
from bpmsync.export.spotify.edits import edits_between
from bpmsync.export.spotify.limits import fit_name
from bpmsync.timeline.durations import format_duration

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from bpmsync.export.spotify.client import SpotifyClient
    from bpmsync.export.spotify.edits import Edit
    from bpmsync.export.spotify.journal import Journal, Record
    from bpmsync.export.spotify.values import Account, PlaylistInfo, Row
    from bpmsync.planner.legs import Plan

__all__ = ["Naming", "Target", "find_target", "find_told", "name_plan", "plan_tag", "tells_plan"]

_PLAN_ID_LETTERS = 8
_TOLD = re.compile(r"\bplan [0-9a-f]{8}\b")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a plan is called in the account.

    Parameters
    ----------
    plan_id : str
        Short and the same for the same plan; the description carries it.
    name, description : str
        Of the playlist.
    """

    plan_id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Target:
    """The playlist that a plan goes to, as it is now.

    Parameters
    ----------
    account : Account
        Whose.
    naming : Naming
        Of the plan.
    playlist : PlaylistInfo or None
        None where it has to be made.
    rows : tuple of Row
        What it holds.
    record : Record or None
        What is noted of an earlier push of this plan or to this playlist.
    older : Record or None
        A playlist of the same name from another plan, which stays as it is.
    """

    account: Account
    naming: Naming
    playlist: PlaylistInfo | None = None
    rows: tuple[Row, ...] = ()
    record: Record | None = None
    older: Record | None = None

    def edits(self, uris: Sequence[str]) -> tuple[Edit, ...]:
        """Return the changes of the list that a push would make."""
        return edits_between([row.uri for row in self.rows], uris)

    def lost_rows(self, uris: Sequence[str]) -> tuple[Row, ...]:
        """Return the rows that a push would remove and nothing could bring back."""
        return tuple(row for row in self.rows if not row.restorable) if self.edits(uris) else ()


def name_plan(plan: Plan, *, today: dt.date, name: str | None = None) -> Naming:
    """Return what a plan is called in the account: its ramp and the date.

    The plan's id depends on its ramp and on which recordings come when, not on the date. A name
    that a person gave is made to fit what Spotify takes.

    Raises
    ------
    ParameterError
        If nothing is left of the name.
    """
    content = [f"{t:.6f}@{spm:.6f}" for t, spm in plan.ramp.knots]
    content += [f"{leg.track.audio_hash} {leg.steps_per_beat} {leg.start_s:.3f}" for leg in plan.legs]
    digest = hashlib.sha256("\n".join(content).encode("utf-8", "surrogatepass")).hexdigest()
    plan_id = digest[:_PLAN_ID_LETTERS]
    low, high = round(plan.ramp.lowest_spm), round(plan.ramp.highest_spm)
    cadence = f"{low}" if low == high else f"{low}-{high}"
    length = format_duration(float(round(plan.ramp.duration_s)))
    description = (
        f"Music for running at {cadence} steps per minute, {length}. "
        f"Made by bpmsync on {today.isoformat()}, {plan_tag(plan_id)}."
    )
    return Naming(plan_id, fit_name(f"Run {cadence} spm, {length}" if name is None else name), description)


def find_target(
    client: SpotifyClient,
    journal: Journal,
    naming: Naming,
    *,
    update: bool = False,
    playlist_id: str | None = None,
) -> Target:
    """Return the playlist that a plan belongs in, without changing anything.

    Parameters
    ----------
    client : SpotifyClient
        Logged in.
    journal : Journal
        What was pushed before.
    naming : Naming
        Of the plan.
    update : bool
        Take the playlist of this name that an earlier plan was pushed to.
    playlist_id : str, optional
        Take this playlist, whatever it holds.

    Raises
    ------
    SpotifyError
        If the playlist named is not there or not the account's own.
    """
    account = client.me()
    same = journal.of_plan(account.id, naming.plan_id)
    older = journal.of_name(account.id, naming.name)
    if playlist_id is not None:
        record = journal.of_playlist(account.id, playlist_id)
        return _existing(client, account, naming, playlist_id, record)
    for record in (same, older if update and older != same else None):
        # One that the person has deleted is not brought back: a new one is made
        if record is not None and record.playlist_id is not None and client.follows(record.playlist_id):
            return _existing(client, account, naming, record.playlist_id, record)
    unfinished = same if same is not None and same.playlist_id is None else None
    # Its creation was not heard of, or the notes are on another computer
    told = find_told(client, journal, account, naming.plan_id)
    if told is not None:
        return _existing(client, account, naming, told.id, unfinished)
    left_alone = older if older is not None and older.plan_id != naming.plan_id and not update else None
    return Target(account, naming, record=unfinished, older=left_alone)


def find_told(client: SpotifyClient, journal: Journal, account: Account, plan_id: str) -> PlaylistInfo | None:
    """Return the account's playlist that tells a plan and that no push has noted yet, or None."""
    for playlist in client.playlists():
        own = playlist.owner_id == account.id and plan_tag(plan_id) in playlist.description
        if own and journal.of_playlist(account.id, playlist.id) is None:
            return playlist
    return None


def plan_tag(plan_id: str) -> str:
    """Return the words by which a description tells its plan."""
    return f"plan {plan_id}"


def tells_plan(description: str) -> bool:
    """Tell whether a description is one that bpmsync wrote."""
    return _TOLD.search(description) is not None


def _existing(
    client: SpotifyClient, account: Account, naming: Naming, playlist_id: str, record: Record | None
) -> Target:
    playlist = client.playlist(playlist_id)
    if playlist.owner_id != account.id:
        msg = (
            f"the playlist {playlist.name!r} belongs to {playlist.owner_id}, "
            f"and the log-in is {account.id}'s: "
            "name a playlist of your own, or leave --playlist out to make a new one"
        )
        raise SpotifyError(msg)
    return Target(account, naming, playlist, client.rows(playlist_id), record)
