"""``bpmsync spotify link``: a person names the right version of a song."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from bpmsync.cli.account import account_option, catalogue_of, max_wait_option, pace_for
from bpmsync.cli.resolve import find_track
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.text import clean

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.export.spotify.values import CatalogueTrack, Song

__all__ = ["command"]

# As far apart as two masterings of one recording are
_SAME_S = 2.0


@click.command("link")
@click.argument("track")
@click.argument("uri", required=False)
@click.option("--none", "no_such", is_flag=True, help="Spotify does not have it: look for it no more.")
@click.option("--forget", is_flag=True, help="Forget what is known: the next push looks for it anew.")
@max_wait_option
@account_option
@common_options
@pass_session
def command(
    session: Session,
    /,
    track: str,
    uri: str | None,
    *,
    no_such: bool,
    forget: bool,
    max_wait: float,
    account: Path,
) -> None:
    """Say which Spotify track TRACK is: URI is its address or URI (Share, Copy link).

    Your word counts before every search, until you say something else.
    """
    from bpmsync.export.spotify.finding import remember_person
    from bpmsync.export.spotify.values import song_of
    from bpmsync.library.matchbook import MatchBook

    if (uri is not None) + no_such + forget != 1:
        msg = "give either the track's address, --none or --forget"
        raise click.UsageError(msg)
    with session.open_store() as store:
        song = song_of(find_track(store, track, imported=True))
        book = MatchBook(store, now=lambda: dt.datetime.now(dt.UTC), catalogue=catalogue_of(account))
        if forget:
            book.forget(song.key)
            session.say(f"forgot what was known of {clean(song.name)}")
            return
        found = None if uri is None else _looked_up(session, uri, account, max_wait)
        remember_person(song, found, book)
    _tell(session, song, found)


def _looked_up(session: Session, uri: str, account: Path, max_wait_s: float) -> CatalogueTrack:
    from bpmsync.export.spotify.client import open_client
    from bpmsync.library.addresses import track_uri

    address = track_uri(uri)
    with open_client(account, pace=pace_for(session, max_wait_s)) as client:
        return client.track(address)


def _tell(session: Session, song: Song, found: CatalogueTrack | None) -> None:
    if found is None:
        session.say(f"{clean(song.name)} is no longer looked for; plans put another song in its place")
        return
    from bpmsync.library.imported import is_song_key

    session.say(f"{clean(song.name)} is {clean(found.name)}, {found.uri}")
    off_s = found.duration_s - song.duration_s
    if abs(off_s) > _SAME_S:
        source = "the one that you imported" if is_song_key(song.key) else "measured on your file"
        session.say(
            f"its length is {off_s:+.0f} s: if it is another version, its beat may be another, too "
            f"(the tempo is {source})"
        )
