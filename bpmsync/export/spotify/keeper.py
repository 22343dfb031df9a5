"""Hands out an access token that counts, and renews it where it does not.

A refresh token is good for one refresh: the answer brings the next one. So the refresh is
done under the file's lock, by whoever comes first; who comes second finds the new token in
the file and uses it.
"""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import TYPE_CHECKING

from bpmsync.errors import NotAuthorised, SpotifyError
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.grants import refresh_grant
from bpmsync.export.spotify.refusals import LOG_IN_AGAIN, error_for
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import Login, Secret, consent_ends

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.export.spotify.retry import Pace
    from bpmsync.export.spotify.tokens import Server

__all__ = ["TokenKeeper"]

_SPARE_S = 60.0  # a token that lapses on the way is a call wasted


class TokenKeeper:
    """The log-in of one account folder, kept alive.

    Parameters
    ----------
    folder : Path
        The account's folder.
    pace : Pace
        Time-outs, clock and sleep for the refresh.
    """

    def __init__(self, folder: str | Path, *, pace: Pace) -> None:
        self.file = TokenFile(folder, notify=pace.notify)
        self._pace = pace
        self._server: Server | None = None

    def login(self) -> Login:
        """Return the log-in as it lies on disk.

        Raises
        ------
        NotAuthorised
            If there is none, or one of another server than when it was first asked for: its
            tokens must not be sent to the old one.
        """
        login = self.file.load()
        if self._server not in (None, login.server):
            msg = "somebody logged in to another server meanwhile: run the command again"
            raise NotAuthorised(msg)
        self._server = login.server
        return login

    def current(self) -> Login:
        """Return a log-in whose access token counts by the clock, renewed where needed.

        Raises
        ------
        NotAuthorised
            If nobody is logged in, or Spotify wants a new log-in.
        SpotifyError
            If the refresh fails for another reason.
        """
        login = self.login()
        return login if self._fresh(login) else self._renew(login.access)

    def after_refusal(self, refused: Secret) -> Login:
        """Return a log-in with another access token than the one that the server refused."""
        return self._renew(refused)

    def _fresh(self, login: Login) -> bool:
        return login.expires_at - _SPARE_S > self._pace.clock()

    def _renew(self, stale: Secret) -> Login:
        with self.file.locked():
            login = self.login()
            if login.access != stale and self._fresh(login):  # another bpmsync was here first
                return login
            # The refresh spends the old token: see first that the new one can be kept.
            self.file.save(login)
            try:
                grant = refresh_grant(login, pace=self._pace)
            except Failure as failure:
                raise self._refresh_error(failure, login) from failure
            renewed = login.renewed(grant.access, grant.refresh, self._pace.clock() + grant.lasts_s)
            self.file.save(renewed)
            return renewed

    def _refresh_error(self, failure: Failure, login: Login) -> SpotifyError:
        if failure.trouble is not Trouble.REFUSED or failure.status == HTTPStatus.TOO_MANY_REQUESTS:
            doing, now = "renewing the log-in", self._pace.clock()
            return error_for(failure, doing, reads=True, tries=self._pace.tries, now=now)
        ended = consent_ends(login.consented_at)
        if dt.datetime.fromtimestamp(self._pace.clock(), dt.UTC) >= ended:
            why = f"a consent lasts six months, and yours ended on {ended:%d %B %Y}"
        elif failure.reason == "invalid_client":
            why = f"Spotify does not know the client id {login.client_id} any more"
        else:
            why = "the consent was withdrawn, or the answer to the last renewal was lost"
        return NotAuthorised(f"Spotify no longer accepts the log-in ({why}): {LOG_IN_AGAIN}")
