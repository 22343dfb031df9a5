"""Logging in and out: from a user's consent to a log-in on disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bpmsync.errors import NotAuthorised, SpotifyError
from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.grants import SCOPES, code_grant
from bpmsync.export.spotify.loopback import redirect_on
from bpmsync.export.spotify.refusals import DASHBOARD, error_for
from bpmsync.export.spotify.tokenfile import TokenFile
from bpmsync.export.spotify.tokens import Login

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.export.spotify.grants import Consent
    from bpmsync.export.spotify.retry import Pace
    from bpmsync.export.spotify.tokens import Secret

__all__ = ["WRONG_SETUP", "introduce", "log_in", "missing_scopes"]

WRONG_SETUP = f"""\
If the page said INVALID_CLIENT, compare with your app at {DASHBOARD}:
  "Invalid client": the client id is not the app's (32 letters and digits; not the secret)
  "Invalid redirect URI": its redirect URIs must hold exactly {redirect_on(None)}
  (localhost is refused; if yours names a port, give the same one with --port)"""


def log_in(consent: Consent, code: Secret, folder: str | Path, *, pace: Pace) -> Login:
    """Redeem the code of a consent, write the log-in, and return it.

    Raises
    ------
    NotAuthorised
        If Spotify does not redeem it.
    SpotifyError
        If it cannot be reached, or the log-in cannot be written.
    """
    file = TokenFile(folder, notify=pace.notify)
    try:
        grant = code_grant(consent, code, pace=pace)
    except Failure as failure:
        raise _not_redeemed(failure, pace) from failure
    if grant.refresh is None:
        msg = "Spotify gave no lasting log-in: run bpmsync spotify login again"
        raise NotAuthorised(msg)
    now = pace.clock()
    login = Login(
        client_id=consent.client_id,
        server=consent.server,
        scopes=SCOPES if grant.scopes is None else grant.scopes,
        access=grant.access,
        refresh=grant.refresh,
        expires_at=now + grant.lasts_s,
        consented_at=now,
    )
    with file.locked():
        file.save(login)
    return login


def introduce(folder: str | Path, *, pace: Pace) -> Login:
    """Ask whose log-in it is, keep that, and return the log-in.

    Raises
    ------
    SpotifyError
        If Spotify does not say: the app's owner has no Premium, the user is not on its list.
    """
    from bpmsync.export.spotify.client import open_client

    with open_client(folder, pace=pace) as client:
        account = client.me()
    file = TokenFile(folder, notify=pace.notify)
    with file.locked():
        login = replace(file.load(), account=account)
        file.save(login)
    return login


def missing_scopes(login: Login) -> tuple[str, ...]:
    """Return what bpmsync needs and the user did not agree to."""
    return tuple(scope for scope in SCOPES if scope not in login.scopes)


def _not_redeemed(failure: Failure, pace: Pace) -> SpotifyError:
    if failure.trouble is Trouble.REFUSED and failure.status in {400, 401, 403}:
        said = failure.message or failure.reason or f"status {failure.status}"
        hint = WRONG_SETUP if "client" in failure.reason or "redirect" in failure.message else ""
        msg = f"Spotify did not redeem the log-in ({said}): run bpmsync spotify login again"
        return NotAuthorised(f"{msg}\n{hint}".rstrip())
    if failure.trouble in (Trouble.LOST, Trouble.GARBLED, Trouble.BROKEN):
        msg = (
            f"no answer from Spotify to the log-in ({failure.trouble.value}): run bpmsync spotify login again"
        )
        return SpotifyError(msg)
    return error_for(failure, "logging in", reads=True, tries=1, now=pace.clock())
