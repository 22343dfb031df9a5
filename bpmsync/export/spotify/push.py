"""A list of catalogue tracks becomes a playlist of the account: nothing doubled, nothing lost.

A playlist is made once: where its creation went unanswered it is looked for by the plan's id
in its description. Before an existing list is changed it is saved, and what a push has come to
is noted at every step, so that the next push completes one that was stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bpmsync.errors import SpotifyError, Unanswered
from bpmsync.export.spotify.edits import Remove, Replace
from bpmsync.export.spotify.journal import Record, SavedList
from bpmsync.export.spotify.lists import bring_about, with_words
from bpmsync.export.spotify.targets import find_told, plan_tag, tells_plan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bpmsync.export.spotify.client import SpotifyClient
    from bpmsync.export.spotify.edits import Edit
    from bpmsync.export.spotify.journal import Journal
    from bpmsync.export.spotify.targets import Target
    from bpmsync.export.spotify.values import PlaylistInfo

__all__ = ["Pushed", "Undone", "push_list", "undo_push"]

_MOST_TRIES = 4


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Parameters
    ----------
    playlist : PlaylistInfo
        The playlist.
    created : bool
        It was made by this push.
    added, removed : int
        Rows that were sent, and rows that went; one that moved counts in both.
    described : bool
        Its description (and name) was brought up to date.
    saved : Path or None
        Where the list from before lies, or the note that there was none.
    """

    playlist: PlaylistInfo
    created: bool = False
    added: int = 0
    removed: int = 0
    described: bool = False
    saved: Path | None = None

    @property
    def changed(self) -> bool:
        """Whether anything was changed at all."""
        return self.created or self.described or bool(self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing a push did.

    Parameters
    ----------
    saved : SavedList
        What was brought back.
    lost : int
        Rows of it that could not be: files on the owner's computer.
    """

    saved: SavedList
    lost: int


def push_list(
    client: SpotifyClient,
    journal: Journal,
    target: Target,
    uris: Sequence[str],
    *,
    now: dt.datetime,
    pause: Callable[[int], None],
    public: bool = False,
    rename: bool = False,
) -> Pushed:
    """Bring the account to hold a list; what is right already is not touched.

    Parameters
    ----------
    client : SpotifyClient
        Logged in.
    journal : Journal
        Noted in at every step.
    target : Target
        From `find_target`, a moment ago.
    uris : sequence of str
        What the playlist has to hold, in order, at least one.
    now : datetime
        In UTC, for the name of the saved list.
    pause : callable
        Waits a while after the n-th unanswered change, n from 0.
    public : bool
        Show a new playlist on the account's profile.
    rename : bool
        Give an existing playlist the name of `target.naming`, too.

    Raises
    ------
    SpotifyError
        If the service refuses. The message tells what the playlist then holds, and the next
        push goes on from there.
    """
    saved = None
    if target.playlist is None:
        playlist = _created(client, journal, target, public=public, pause=pause)
        saved = journal.save(_as_it_was(target, playlist), now=now)
    else:
        playlist = target.playlist
        changes = target.edits(uris) or _in_new_words(target, rename=rename) != playlist
        # What a stopped push left behind is not the list that the person had
        if changes and not _left_by_a_push(journal, target, uris):
            saved = journal.save(_as_it_was(target, playlist), now=now)
    return replace(_filled(client, journal, target, playlist, uris, pause=pause, rename=rename), saved=saved)


def _filled(
    client: SpotifyClient,
    journal: Journal,
    target: Target,
    playlist: PlaylistInfo,
    uris: Sequence[str],
    *,
    pause: Callable[[int], None],
    rename: bool,
) -> Pushed:
    before = [row.uri for row in target.rows]
    edits = target.edits(uris)
    naming = target.naming
    record = Record(target.account.id, naming.plan_id, naming.name, playlist.id, "writing", len(uris))
    if edits or target.record is None or target.record.state != "done":
        journal.note(record)
    bring_about(client, playlist.id, uris, current=before, pause=pause)
    described = _describe(client, target, rename=rename, pause=pause)
    journal.note(replace(record, state="done"))
    return Pushed(
        replace(playlist, total=len(uris)),
        created=target.playlist is None,
        added=sum(len(edit.uris) for edit in edits if not isinstance(edit, Remove)),
        removed=_removed(edits, before),
        described=described,
    )


def _left_by_a_push(journal: Journal, target: Target, uris: Sequence[str]) -> bool:
    """Tell whether the list is what a stopped push of this plan left, and nobody added to it since."""
    record, playlist = target.record, target.playlist
    if record is None or record.state != "writing" or record.plan_id != target.naming.plan_id:
        return False
    ours: set[str | None] = set(uris)
    last = journal.last_saved(target.account.id)
    if last is not None and playlist is not None and last[1].playlist_id == playlist.id:
        ours |= {row.uri for row in last[1].rows}
    return all(row.uri in ours for row in target.rows)


def _as_it_was(target: Target, playlist: PlaylistInfo) -> SavedList:
    record = target.record
    unheard_of = record is not None and record.playlist_id is None and not target.rows
    return SavedList(
        user_id=target.account.id,
        playlist_id=playlist.id,
        name=playlist.name,
        description=playlist.description,
        rows=target.rows,
        created=target.playlist is None or unheard_of,
        plan_id=target.naming.plan_id,
        plan_before="" if record is None else record.plan_id,
    )


def _removed(edits: Sequence[Edit], before: Sequence[str | None]) -> int:
    if any(isinstance(edit, Replace) for edit in edits):
        return len(before)
    gone = {uri for edit in edits if isinstance(edit, Remove) for uri in edit.uris}
    return sum(uri in gone for uri in before)


# --- making a playlist ---------------------------------------------------------------------


def _created(
    client: SpotifyClient,
    journal: Journal,
    target: Target,
    *,
    public: bool,
    pause: Callable[[int], None],
) -> PlaylistInfo:
    """Make the playlist; where nobody answers, see whether it was made before it is tried again."""
    naming = target.naming
    journal.note(Record(target.account.id, naming.plan_id, naming.name))
    for number in range(_MOST_TRIES):
        try:
            return client.create_playlist(naming.name, description=naming.description, public=public)
        except Unanswered as error:
            unanswered = error
        try:
            pause(number)
            made = find_told(client, journal, target.account, naming.plan_id)
        except SpotifyError as error:
            words = "nobody can say whether the playlist was made; push again, and it is looked for first"
            raise with_words(error, words) from error
        if made is not None:
            return made
    raise with_words(unanswered, "no playlist was made; push again later")


def _describe(client: SpotifyClient, target: Target, *, rename: bool, pause: Callable[[int], None]) -> bool:
    """Let an updated playlist tell its new plan; whether anything had to be changed."""
    playlist = target.playlist
    wanted = _in_new_words(target, rename=rename)
    if playlist is None or wanted is None or wanted == playlist:
        return False
    _change_words(client, playlist, wanted, pause=pause)
    return True


def _in_new_words(target: Target, *, rename: bool) -> PlaylistInfo | None:
    """Return an older playlist with the name and the description that it is to have.

    A description that a person wrote stays.
    """
    naming, playlist = target.naming, target.playlist
    if playlist is None:
        return None
    ours = not playlist.description or tells_plan(playlist.description)
    told = plan_tag(naming.plan_id) in playlist.description
    description = naming.description if ours and not told else playlist.description
    return replace(playlist, name=naming.name if rename else playlist.name, description=description)


def _change_words(
    client: SpotifyClient, playlist: PlaylistInfo, wanted: PlaylistInfo, *, pause: Callable[[int], None]
) -> None:
    """Change name and description where they differ; sending the same again does no harm."""
    name = None if playlist.name == wanted.name else wanted.name
    description = None if playlist.description == wanted.description else wanted.description
    for number in range(_MOST_TRIES):
        try:
            client.change_playlist(playlist.id, name=name, description=description)
        except Unanswered as error:
            unanswered: SpotifyError = error
            pause(number)
        except SpotifyError as error:
            unanswered = error
            break
        else:
            return
    words = (
        "the songs are all there, only its name or description is another; the same command again mends it"
    )
    raise with_words(unanswered, words)


# --- bringing it back ----------------------------------------------------------------------


def undo_push(client: SpotifyClient, journal: Journal, *, pause: Callable[[int], None]) -> Undone:
    """Bring back the list that the last push changed, or remove the playlist that it made.

    Raises
    ------
    SpotifyError
        If there is nothing to bring back, or the service refuses.
    """
    account = client.me()
    last = journal.last_saved(account.id)
    if last is None:
        msg = "there is no push to undo: nothing was pushed with this account folder, or all of it is undone"
        raise SpotifyError(msg)
    path, saved = last
    lost = 0
    if saved.created:
        client.unfollow(saved.playlist_id)
        journal.forget(account.id, saved.playlist_id)
    else:
        lost = _brought_back(client, saved, pause=pause)
        _note_again(journal, saved)
    journal.mark_undone(path)
    return Undone(saved, lost)


def _brought_back(client: SpotifyClient, saved: SavedList, *, pause: Callable[[int], None]) -> int:
    if not client.follows(saved.playlist_id):
        msg = (
            f"{saved.name!r} is no longer in your library, so its list was not brought back: recover the "
            "playlist first (spotify.com, Account, Recover playlists), then undo again"
        )
        raise SpotifyError(msg)
    wanted = [row.uri for row in saved.rows if row.restorable and row.uri is not None]
    current = [row.uri for row in client.rows(saved.playlist_id)]
    bring_about(client, saved.playlist_id, wanted, current=current, pause=pause)
    playlist = client.playlist(saved.playlist_id)
    words = replace(playlist, name=saved.name, description=saved.description)
    _change_words(client, playlist, words, pause=pause)
    return len(saved.rows) - len(wanted)


def _note_again(journal: Journal, saved: SavedList) -> None:
    """Note what was noted of a playlist before it was changed: its plan lies there once more."""
    record = journal.of_playlist(saved.user_id, saved.playlist_id)
    if not saved.plan_before:
        journal.forget(saved.user_id, saved.playlist_id)
    elif record is not None:
        journal.note(replace(record, plan_id=saved.plan_before, state="done", rows=len(saved.rows)))
