"""Makes calls to the Web API: with a token that counts, as often as makes sense, within a budget.

A call that changes something and may have been made is never sent again: it raises `Unanswered`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from bpmsync.errors import RateLimited
from bpmsync.export.spotify.failure import Failure
from bpmsync.export.spotify.reading import page_of
from bpmsync.export.spotify.refusals import error_for
from bpmsync.export.spotify.retry import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpmsync.export.spotify.exchange import Exchange
    from bpmsync.export.spotify.keeper import TokenKeeper
    from bpmsync.export.spotify.retry import Pace
    from bpmsync.export.spotify.tokens import Secret

__all__ = ["Caller"]

_Answer = TypeVar("_Answer")


class Caller:
    """Sends requests for a client.

    Parameters
    ----------
    keeper : TokenKeeper
        Gives the access tokens.
    session : Exchange
        What the requests go through.
    pace : Pace
        How patient to be.
    budget : int
        Requests after which it stops by itself.

    Attributes
    ----------
    made : int
        Requests made so far, repeated ones included.
    """

    def __init__(self, keeper: TokenKeeper, session: Exchange, *, pace: Pace, budget: int) -> None:
        self.made = 0
        self._keeper = keeper
        self._session = session
        self._pace = pace
        self._budget = budget

    def read(self, doing: str, ask: Callable[[], Any], understand: Callable[[Any], _Answer]) -> _Answer:
        """Return what `understand` makes of an answer; the request changes nothing.

        Parameters
        ----------
        doing : str
            What for, in words that fit after "while ".
        ask : callable
            Makes one request through the session.
        understand : callable
            Makes a value of the answer's JSON, or raises `Failure`.
        """
        return self._call(doing, ask, understand, reads=True)

    def write(self, doing: str, ask: Callable[[], Any], understand: Callable[[Any], _Answer]) -> _Answer:
        """Return what `understand` makes of the answer to a request that changes something."""
        return self._call(doing, ask, understand, reads=False)

    def pages(self, doing: str, ask: Callable[[int], Any]) -> Iterator[Any]:
        """Yield the entries of all pages; `ask` takes the number of the first entry.

        Pages are followed by counting, never by the ``next`` address of an answer.
        """
        offset, total = 0, 1
        while offset < total:
            items, total = self.read(doing, lambda: ask(offset), page_of)  # noqa: B023 - called at once
            if not items:
                return
            yield from items
            offset += len(items)

    def _call(
        self, doing: str, ask: Callable[[], Any], understand: Callable[[Any], _Answer], *, reads: bool
    ) -> _Answer:
        """Make one call; where a token is refused, nothing was done, and it goes on with a new one."""
        before = self.made
        login = self._keeper.current()
        try:
            try:
                return self._try(doing, ask, understand, token=login.access, reads=reads)
            except Failure as failure:
                if failure.status != HTTPStatus.UNAUTHORIZED:
                    raise
            login = self._keeper.after_refusal(login.access)
            return self._try(doing, ask, understand, token=login.access, reads=reads)
        except Failure as failure:
            tries, now = self.made - before, self._pace.clock()
            raise error_for(failure, doing, reads=reads, tries=tries, now=now) from failure

    def _try(
        self,
        doing: str,
        ask: Callable[[], Any],
        understand: Callable[[Any], _Answer],
        *,
        token: Secret,
        reads: bool,
    ) -> _Answer:
        def send() -> _Answer:
            if self.made >= self._budget:
                raise _overspent(self.made, doing)
            self.made += 1
            self._session.token = token
            return understand(ask())

        return patiently(send, reads=reads, pace=self._pace)


def _overspent(made: int, doing: str) -> RateLimited:
    kept = "What was found so far is kept: the same command goes on from there"
    return RateLimited(f"{made} calls to Spotify in one run (while {doing}): bpmsync stops by itself. {kept}")
