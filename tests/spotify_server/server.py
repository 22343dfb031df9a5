"""The server: starts and stops, keeps the list of exchanges, lets faults strike."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from .accounts import ALL_SCOPES, Account, Accounts, Tokens
from .api import Api
from .catalogue import Catalogue
from .faults import Faults
from .messages import API, Exchange, Reply
from .wire import Listener
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from .catalogue import Recording
    from .faults import Fault
    from .messages import Call
    from .playlists import Playlist
    from .wire import Ending

__all__ = ["STARTED", "SpotifyServer"]

STARTED: list[SpotifyServer] = []
"""Every server since the list was last emptied, for whoever checks their exchanges."""


class SpotifyServer:
    """A stateful stand-in for the accounts service and the Web API, on one address.

    Parameters
    ----------
    catalogue
        Recordings, or dicts of their fields.
    legacy
        Show things as older apps get them.
    port
        0 for a free one.
    clients, redirects
        See `Accounts`.
    strict, always_public
        See `World`.
    provoked
        The test sends wrong requests on purpose: only answers are held against the contract.
    on_exchange
        Called after each exchange, before it is answered.
    """

    def __init__(
        self,
        catalogue: Iterable[Recording | Mapping[str, Any]] = (),
        *,
        legacy: bool = False,
        port: int = 0,
        clients: Collection[str] | None = None,
        redirects: Collection[str] | None = None,
        strict: bool = True,
        always_public: bool = False,
        clock: Callable[[], float] = time.time,
        provoked: bool = False,
        on_exchange: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.clock = clock
        self.provoked = provoked
        self.faults = Faults()
        self.requests: list[Exchange] = []
        self.accounts = Accounts(self._now, clients=clients, redirects=redirects)
        self.world = World(
            Catalogue(catalogue),
            self.accounts,
            self._now,
            legacy=legacy,
            strict=strict,
            always_public=always_public,
        )
        self._unchecked: list[tuple[Exchange, bytes]] = []
        self._violations: list[str] = []
        self._api = Api(self.world)
        self._lock = threading.RLock()
        self._on_exchange = on_exchange
        self._port = port
        self._listener: Listener | None = None

    def _now(self) -> float:
        return self.clock()

    def __enter__(self) -> Self:
        self._listener = Listener(self._port, self)
        self.world.opened(f"http://127.0.0.1:{self._listener.server_address[1]}")
        serve = self._listener.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.005}, daemon=True).start()
        STARTED.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.violations()
        self.world.opened(self.url)  # lets go of the JSON it made; what tests look at stays

    @property
    def running(self) -> bool:
        """Whether calls are answered."""
        return self._listener is not None

    @property
    def url(self) -> str:
        """The address of API and accounts, without a slash at the end."""
        return self.world.shapes.url

    @property
    def catalogue(self) -> Catalogue:
        """The songs."""
        return self.world.catalogue

    @property
    def playlists(self) -> dict[str, Playlist]:
        """All playlists by id, the newest first."""
        return self.world.playlists

    @property
    def removed_calls(self) -> list[str]:
        """Calls to what the API no longer has."""
        return self.world.removed_calls

    def account(self, name: str = "runner", **about: Any) -> Account:  # noqa: ANN401 - fields of Account
        """Let another person sit at the browser from now on, and return who it is."""
        self.accounts.person = Account(name, **about)
        return self.accounts.person

    def issue_tokens(
        self, *, client_id: str = "demo", scopes: Collection[str] = ALL_SCOPES, given_at: float | None = None
    ) -> Tokens:
        """Return tokens as a log-in would yield them, consent given now or at `given_at`."""
        with self._lock:
            return self.accounts.issue(client_id=client_id, scopes=scopes, given_at=given_at)

    def add_playlist(
        self,
        name: str,
        uris: Sequence[str] = (),
        *,
        owner: str | None = None,
        description: str = "",
        public: bool = True,
    ) -> Playlist:
        """Make a playlist behind the API's back; local rows are allowed here."""
        with self._lock:
            return self.world.add_playlist(
                name, uris, owner=owner or self.accounts.person.id, description=description, public=public
            )

    def calls(self, method: str | None = None, path_prefix: str = "") -> list[Exchange]:
        """Return the exchanges of a method (None: any) whose path, less ``/v1``, begins so."""
        prefix = path_prefix.removeprefix(API)
        return [
            one
            for one in tuple(self.requests)
            if method in (None, one.method) and one.path.removeprefix(API).startswith(prefix)
        ]

    def violations(self) -> list[str]:
        """Return what the exchanges so far did that the contract forbids; nothing where it is absent."""
        try:
            from spotify_contract import contract
        except ImportError:  # started by hand, outside the tests
            return []
        with self._lock:
            unchecked, self._unchecked = self._unchecked, []
            rules = contract()
            if rules is not None:
                for exchange, sent in unchecked:
                    self._violations += rules.violations(exchange, sent, requests=not self.provoked)
            return list(dict.fromkeys(self._violations))

    def serve(self, call: Call) -> Reply | Ending:
        """Answer one call, or let its fault strike."""
        with self._lock:
            fault = self.faults.strike(call.method, call.path)
            truth = self._answer(call) if fault is None or fault.applied else None
            answer = _outcome(fault, truth)
            exchange = _exchange(call, answer, fault)
            self.requests.append(exchange)
            self._unchecked.append((exchange, answer.content if isinstance(answer, Reply) else b""))
        if self._on_exchange is not None:
            self._on_exchange(exchange)
        return answer

    def _answer(self, call: Call) -> Reply:
        if call.path == API or call.path.startswith(f"{API}/"):
            return self._api.answer(call)
        if (call.method, call.path) == ("GET", "/authorize"):
            return self.accounts.authorize(call.query)
        if (call.method, call.path) == ("POST", "/api/token"):
            return self.accounts.token(call.data if isinstance(call.data, dict) else {})
        return Reply(404, b"Not found")


def _outcome(fault: Fault | None, truth: Reply | None) -> Reply | Ending:
    """Return what the client sees."""
    if fault is None:
        assert truth is not None, "a call without a fault is answered"
        return truth
    return fault.reply if fault.end == "answer" else fault.end


def _exchange(call: Call, answer: Reply | Ending, fault: Fault | None) -> Exchange:
    replied = answer if isinstance(answer, Reply) else None
    return Exchange(
        method=call.method,
        path=call.path,
        query=dict(call.query),
        body=call.data,
        status=replied.status if replied else 0,
        fault=fault.name if fault else "",
        headers=dict(call.headers),
        sound=fault is None or fault.sound,
    )
