"""HTTP/1.1 with connections that stay open: bytes to calls and answers to bytes."""

from __future__ import annotations

import contextlib
import select
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from .messages import Call

if TYPE_CHECKING:
    from .messages import Reply

__all__ = ["Ending", "Handler", "Listener", "Service"]

Ending: TypeAlias = Literal["cut", "hang"]
_POLL_S = 0.05


class Service(Protocol):
    """Who answers."""

    def serve(self, call: Call) -> Reply | Ending:
        """Return the answer, or how the call ends without one."""


class Listener(ThreadingHTTPServer):
    """Listens on 127.0.0.1; closing it never waits for a client."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, service: Service) -> None:
        self.service = service
        self.closing = False
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as typeshed has it
        """Remember the connection, so that closing can end it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as typeshed has it
        """Forget a connection that has ended."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as typeshed has it
        """Stay silent about clients that went away; everything else is a defect of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """End all connections, those of hanging calls too."""
        self.closing = True
        self.shutdown()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        call = Call(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        answer = self.server.service.serve(call)
        if isinstance(answer, str):
            if answer == "hang":
                self._hang()
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _send(self, reply: Reply) -> None:
        content = reply.content
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Type"}
        if reply.content_type:
            headers["Content-Type"] = reply.content_type
        headers["Content-Length"] = str(len(content))
        phrase = self.responses[reply.status][0] if reply.status in self.responses else ""
        head = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1") + content)

    def _hang(self) -> None:
        """Wait until the client gives up or the server closes."""
        while not self.server.closing:
            if not select.select([self.connection], [], [], _POLL_S)[0]:
                continue
            with contextlib.suppress(OSError):
                if self.connection.recv(1, socket.MSG_PEEK):
                    continue
            return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing: the service keeps its own list of exchanges."""
