"""Waits on 127.0.0.1 for the one request that brings the user's answer back.

Anything else that knocks (a browser that asks for an icon, one that connects ahead and says
nothing, another program, the answer to an earlier question) is turned away, and the wait goes
on. Nothing of a request is ever printed: its address holds the code.
"""

from __future__ import annotations

import contextlib
import http.server
import os
import queue
import threading
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bpmsync.errors import NotAuthorised, SpotifyError
from bpmsync.export.spotify.answer import StrayAnswer, TimedOut, code_in

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from bpmsync.export.spotify.tokens import Secret

__all__ = ["CALLBACK", "Loopback", "redirect_on"]

CALLBACK = "/callback"
_STALLED_S = 5.0
_LOOK_S = 0.2  # Ctrl-C is heard at least so often

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>bpmsync</title>
<body style="font: 1.2em sans-serif; margin: 4em auto; max-width: 30em">
<h1>bpmsync</h1>
<p>{text}</p>
</body>
</html>
"""
_THANKS = "bpmsync has Spotify's answer. This window may be closed; the terminal says how it went."
_DENIED = "The log-in was refused. This window may be closed; the terminal says what to do."
_STRAY = "This is not the answer that bpmsync waits for. Go on in the window that it opened last."
_NOTHING = "There is nothing here."


def redirect_on(port: int | None) -> str:
    """Return where the browser is sent; without a port it is what the user registered.

    Examples
    --------
    >>> redirect_on(None), redirect_on(8765)
    ('http://127.0.0.1/callback', 'http://127.0.0.1:8765/callback')
    """
    return f"http://127.0.0.1{'' if port is None else f':{port}'}{CALLBACK}"


class Loopback:
    """A listener for one answer; use it in a ``with``.

    Parameters
    ----------
    state : str
        The question's: another one is turned away.
    port : int
        0 takes any free one, which Spotify allows where the redirect was registered without one.

    Raises
    ------
    SpotifyError
        If the port is taken.
    """

    def __init__(self, state: str, *, port: int = 0) -> None:
        try:
            self._server = _Listener(state, port)
        except OSError as error:
            hint = "give another --port, or --no-browser"
            msg = f"cannot listen on 127.0.0.1:{port}: {error.strerror or error} ({hint})"
            raise SpotifyError(msg) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def redirect_uri(self) -> str:
        """Where the browser is to be sent."""
        return redirect_on(self.port)

    def wait(self, *, timeout_s: float) -> Secret:
        """Return the code that the browser brings.

        Raises
        ------
        TimedOut
            If nothing comes in time.
        NotAuthorised
            If the user refuses.
        """
        ends = time.monotonic() + timeout_s
        while (left := ends - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                answer = self._server.answers.get(timeout=min(left, _LOOK_S))
                if isinstance(answer, NotAuthorised):
                    raise answer
                return answer
        msg = f"the browser brought no answer within {timeout_s:.0f} s"
        raise TimedOut(msg)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    # On Windows "reuse" would let another program listen beside this one
    allow_reuse_address = os.name == "posix"

    def __init__(self, state: str, port: int) -> None:
        self.state = state
        self.answers: queue.SimpleQueue[Secret | NotAuthorised] = queue.SimpleQueue()
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing of a connection that broke: it was not the one waited for."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Listener
    timeout = _STALLED_S
    server_version = "bpmsync"
    sys_version = ""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != CALLBACK:
            self._reply(HTTPStatus.NOT_FOUND, _NOTHING)
            return
        try:
            code = code_in(parts.query, self.server.state)
        except StrayAnswer:
            self._reply(HTTPStatus.BAD_REQUEST, _STRAY)
        except NotAuthorised as refusal:
            self._reply(HTTPStatus.OK, _DENIED)
            self.server.answers.put(refusal)
        else:
            self._reply(HTTPStatus.OK, _THANKS)
            self.server.answers.put(code)

    def do_other(self) -> None:
        """Turn everything else away: an answer comes by GET."""
        self._reply(HTTPStatus.NOT_FOUND, _NOTHING)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_other  # noqa: N815 - http.server's names

    def _reply(self, status: HTTPStatus, text: str) -> None:
        page = _PAGE.format(text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Print nothing: the address of the request holds the code."""
