"""``bpmsync spotify login``: connect bpmsync with an account."""

from __future__ import annotations

import io
import sys
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from bpmsync.cli.account import account_option, max_wait_option, pace_for
from bpmsync.cli.options import DURATION
from bpmsync.cli.session import Session, common_options, pass_session
from bpmsync.cli.spotify.words import BEFORE_YOU_BEGIN

if TYPE_CHECKING:
    from pathlib import Path

    from bpmsync.export.spotify.grants import Consent
    from bpmsync.export.spotify.tokens import Login, Secret, Server

__all__ = ["command"]

_SETUP = """\
Spotify wants every user to bring an app of their own. You make one once, in five minutes: at
https://developer.spotify.com/dashboard (the account that owns the app needs Premium) choose
Create app, any name, redirect URI exactly http://127.0.0.1/callback, Web API. Its settings show
the client id; the secret is not needed. Up to five users can share an app: its owner lists them
under User Management."""

_LONGEST_ID = 64
_NO_CLIENT_ID = f"""\
which app? bpmsync needs the client id of one that you registered: --client-id ID

{_SETUP}

Then: bpmsync spotify login --client-id ID"""


@click.command("login")
@click.option(
    "--client-id",
    metavar="ID",
    envvar="BPMSYNC_SPOTIFY_CLIENT_ID",
    help="Of the app that you registered.  [default: the last log-in's]",
)
@click.option("--browser/--no-browser", default=True, help="Open it here, or paste the address it ends at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Wait on this one, if your redirect URI names it.  [default: any free one]",
)
@click.option("--timeout", type=DURATION, default="5m", help="Give up after so long.")
@click.option("--server", metavar="URL", help="A stand-in for Spotify, to try things out with.")
@max_wait_option
@account_option
@common_options
@pass_session
def command(
    session: Session,
    *,
    client_id: str | None,
    browser: bool,
    port: int | None,
    timeout: float,
    server: str | None,
    max_wait: float,
    account: Path,
) -> None:
    """Connect bpmsync with your Spotify account.

    {before}

    {setup}

    The browser asks whether bpmsync may see and change your playlists, and nothing else. The
    log-in is kept on this computer; it lasts six months.
    """
    from bpmsync.export.spotify.session import introduce, log_in, missing_scopes
    from bpmsync.export.spotify.tokens import SPOTIFY, Server

    where = SPOTIFY if server is None else Server.standing_in(server)
    pace = pace_for(session, max_wait)
    app = _app(client_id, where, account)
    if browser:
        consent, code = _by_browser(app, where, port or 0, timeout)
    else:
        consent, code = _by_hand(app, where, port)
    login = log_in(consent, code, account, pace=pace)
    _refuse_less(missing_scopes(login))
    login = introduce(account, pace=pace)
    _welcome(session, login, account)


command.help = cleandoc(command.help or "").format(before=BEFORE_YOU_BEGIN, setup=_SETUP)


def _app(client_id: str | None, server: Server, account: Path) -> str:
    """Return the client id: as given, or the last log-in's."""
    if client_id is None:
        client_id = _last_app(server, account)
    if client_id is None:
        raise click.UsageError(_NO_CLIENT_ID)
    client_id = client_id.strip()
    if not client_id.isalnum() or not client_id.isascii() or len(client_id) > _LONGEST_ID:
        msg = f"{client_id!r} is not a client id: your app's settings show it, 32 letters and digits"
        raise click.BadParameter(msg, param_hint="'--client-id'")
    return client_id


def _last_app(server: Server, account: Path) -> str | None:
    from bpmsync.errors import NotAuthorised
    from bpmsync.export.spotify.tokenfile import TokenFile

    try:
        last = TokenFile(account).load()
    except NotAuthorised:
        return None
    return last.client_id if last.server == server else None


def _by_browser(app: str, server: Server, port: int, timeout_s: float) -> tuple[Consent, Secret]:
    from bpmsync.errors import NotAuthorised
    from bpmsync.export.spotify.answer import TimedOut
    from bpmsync.export.spotify.grants import Consent, new_state
    from bpmsync.export.spotify.loopback import Loopback
    from bpmsync.export.spotify.session import WRONG_SETUP

    state = new_state()
    with Loopback(state, port=port) as loopback:
        consent = Consent.ask(app, server=server, redirect_uri=loopback.redirect_uri, state=state)
        _show(consent, "Your browser opens this page; agree there (or open it yourself):")
        _open(consent.address)
        try:
            return consent, loopback.wait(timeout_s=timeout_s)
        except TimedOut as error:
            hint = "On another computer than the browser's, --no-browser lets you paste the answer"
            msg = f"{error}. {hint}\n{WRONG_SETUP}"
            raise NotAuthorised(msg) from error


def _by_hand(app: str, server: Server, port: int | None) -> tuple[Consent, Secret]:
    from bpmsync.export.spotify.grants import Consent, new_state
    from bpmsync.export.spotify.loopback import redirect_on

    consent = Consent.ask(app, server=server, redirect_uri=redirect_on(port), state=new_state())
    _show(consent, "Open this page in any browser and agree:")
    click.echo(
        "The browser then fails to open an address that begins with "
        f"{consent.redirect_uri}: copy that address whole and paste it here.",
        err=True,
    )
    return consent, _pasted(consent)


def _pasted(consent: Consent) -> Secret:
    """Return the code in what is pasted; a person at a terminal may try again."""
    from bpmsync.export.spotify.answer import StrayAnswer, code_in_pasted

    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # anything may lie in a clipboard
    while True:
        click.echo("address: ", err=True, nl=False)
        line = sys.stdin.readline()
        try:
            return code_in_pasted(line, consent.state)
        except StrayAnswer as error:
            if not line or not sys.stdin.isatty():
                raise
            click.echo(f"bpmsync: {error}", err=True)


def _show(consent: Consent, what: str) -> None:
    """Print the address whatever --quiet says: nothing goes on without it."""
    click.echo(f"{what}\n\n  {consent.address}\n", err=True)


def _open(address: str) -> None:
    import webbrowser

    try:
        webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return  # the address is on the screen


def _refuse_less(missing: tuple[str, ...]) -> None:
    from bpmsync.errors import NotAuthorised

    if missing:
        hint = "run it again and agree to everything that it asks for"
        msg = f"the log-in does not cover {', '.join(missing)}: {hint}"
        raise NotAuthorised(msg)


def _welcome(session: Session, login: Login, account: Path) -> None:
    from bpmsync.cli.text import clean
    from bpmsync.export.spotify.tokens import consent_ends

    who = login.account
    name = "" if who is None else clean(who.display_name or who.id)
    click.echo(f"logged in as {name}")
    session.say(f"until {consent_ends(login.consented_at):%d %B %Y}; kept in {account / 'token.json'}")
    session.say("bpmsync spotify doctor tries the account out; bpmsync push PLAN makes a playlist")
