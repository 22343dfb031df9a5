"""A playlist's rows are brought to a wanted list, whatever the service answers on the way.

A change that nobody answered is not sent again: the list is read, and only what it still lacks
is sent. The last thing is always to read the list and compare.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bpmsync.errors import NotAuthorised, RateLimited, SpotifyError, Unanswered
from bpmsync.export.spotify.edits import Add, Edit, Remove, Replace, edits_between

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bpmsync.export.spotify.client import SpotifyClient

__all__ = ["bring_about", "with_words"]

_MOST_ROUNDS = 6
_MOST_REFUSALS = 1  # half-way through a list one may be a passing mood; a second one is meant
_UNKNOWN = (
    "nobody can say whether the last change was made; push again, and the list is compared and completed"
)


def bring_about(
    client: SpotifyClient,
    playlist_id: str,
    wanted: Sequence[str],
    *,
    current: Sequence[str | None],
    pause: Callable[[int], None],
) -> None:
    """Make a playlist hold a list, and read it back.

    Parameters
    ----------
    client : SpotifyClient
        Logged in as the owner.
    playlist_id : str
        Which playlist.
    wanted : sequence of str
        Addresses of the rows, in order.
    current : sequence of str or None
        What it holds, as read a moment ago; an equal list is not touched nor read again.
    pause : callable
        Waits a while after the n-th round that left something to do, n from 0.

    Raises
    ------
    SpotifyError
        If the service refuses, or the list is still another after several rounds. The message
        ends with what the playlist holds.
    """
    rows: list[str | None] = list(current)
    certain, refusals = True, 0
    try:
        for number in range(_MOST_ROUNDS):
            edits = edits_between(rows, wanted)
            if not edits:
                return
            if number:
                pause(number - 1)
            try:
                for edit in edits:
                    _make(client, playlist_id, edit)
                    rows = _after(rows, edit)
            except Unanswered:
                certain = False
            except SpotifyError as error:
                refusals += 1
                if isinstance(error, (RateLimited, NotAuthorised)) or refusals > _MOST_REFUSALS:
                    raise
            rows, certain = [row.uri for row in client.rows(playlist_id)], True
    except SpotifyError as error:
        raise with_words(error, _state(rows, current, wanted) if certain else _UNKNOWN) from error
    msg = f"the playlist does not keep what it is sent\n{_state(rows, current, wanted)}"
    raise SpotifyError(msg)


def with_words(error: SpotifyError, words: str) -> SpotifyError:
    """Return an error of the same kind whose message goes on with these words."""
    message = f"{error}\n{words}"
    if isinstance(error, RateLimited):
        return RateLimited(message, error.retry_after_s)
    return type(error)(message)


def _make(client: SpotifyClient, playlist_id: str, edit: Edit) -> None:
    match edit:
        case Replace(uris):
            client.replace_rows(playlist_id, uris)
        case Add(uris, position):
            client.add_rows(playlist_id, uris, position=position)
        case Remove(uris):
            client.remove_rows(playlist_id, uris)


def _after(rows: Sequence[str | None], edit: Edit) -> list[str | None]:
    match edit:
        case Replace(uris):
            return list(uris)
        case Add(uris, position):
            return [*rows[:position], *uris, *rows[position:]]
        case Remove(uris):
            return [uri for uri in rows if uri not in uris]


def _state(rows: Sequence[str | None], before: Sequence[str | None], wanted: Sequence[str]) -> str:
    if list(rows) == list(before):
        return f"the playlist is as it was, with {len(rows)} rows; push again to go on"
    if list(rows) == list(wanted[: len(rows)]):
        return (
            f"the playlist holds the first {len(rows)} of {len(wanted)} songs; push again to go on from there"
        )
    unwanted = (Counter(rows) - Counter[str | None](wanted)).total()
    if unwanted:
        here = len(rows) - unwanted
        return (
            f"the playlist holds {here} of {len(wanted)} songs, and {unwanted} rows that are to go; "
            "push again to go on"
        )
    return f"the playlist holds {len(rows)} of {len(wanted)} songs, in order; push again to add the rest"
