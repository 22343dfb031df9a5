"""Faults by script: which call goes wrong, and how."""

from __future__ import annotations

import dataclasses
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from .messages import API, Reply, error_reply

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAULTS", "Fault", "Faults", "Scripted"]

End: TypeAlias = Literal["answer", "cut", "hang"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way for a call to go wrong.

    Parameters
    ----------
    name
        For messages and test ids.
    end
        "answer" with `reply`, "cut" the connection, or "hang" until the client gives up.
    reply
        What is answered instead of the truth.
    applied
        Whether the call does its work before it goes wrong.
    sound
        Whether `reply` is an error as the contract knows it.
    """

    name: str
    end: End = "answer"
    reply: Reply = field(default_factory=lambda: Reply(500))
    applied: bool = False
    sound: bool = False

    def after_it_was_applied(self) -> Fault:
        """Return the same fault, striking after the call did its work."""
        return dataclasses.replace(self, name=f"applied, but {self.name}", applied=True)


def _error(status: int, message: str, *, reason: str | None = None, after: str | None = None) -> Reply:
    return error_reply(
        status, message, reason=reason, headers={"Retry-After": after} if after is not None else None
    )


_PAGE = b"<!doctype html><html><body><h1>Upstream request failed</h1></body></html>"
_BUSY = "Too many requests"
_ALL = (
    Fault("401", reply=_error(401, "The access token expired"), sound=True),
    Fault("403", reply=_error(403, "Forbidden"), sound=True),
    Fault("429, 1 s", reply=_error(429, _BUSY, after="1"), sound=True),
    Fault("429, 86400 s", reply=_error(429, _BUSY, after="86400"), sound=True),
    Fault("429, 86236 s", reply=_error(429, _BUSY, after="86236"), sound=True),
    Fault("429, no Retry-After", reply=_error(429, _BUSY), sound=True),
    Fault("quota exceeded", reply=_error(429, _BUSY, reason="QUOTA_EXCEEDED"), sound=True),
    Fault("quota exceeded, 1 s", reply=_error(429, _BUSY, reason="QUOTA_EXCEEDED", after="1"), sound=True),
    Fault("500", reply=_error(500, "Internal server error"), sound=True),
    Fault("502", reply=_error(502, "Bad gateway"), sound=True),
    Fault("503", reply=_error(503, "Service temporarily unavailable"), sound=True),
    Fault("applied, but 503", reply=_error(503, "Service unavailable"), applied=True, sound=True),
    Fault("applied, but cut", end="cut", applied=True),
    Fault("hang", end="hang"),
    Fault("applied, but hang", end="hang", applied=True),
    Fault("cut", end="cut"),
    Fault("200, not JSON", reply=Reply(200, _PAGE)),
    Fault("applied, but 200, not JSON", reply=Reply(200, _PAGE), applied=True),
    Fault("502, not JSON", reply=Reply(502, _PAGE)),
    Fault("error as text", reply=Reply(400, {"error": "invalid_request"})),
    Fault("503, error as text", reply=Reply(503, {"error": "server_error"})),
)

FAULTS = {fault.name: fault for fault in _ALL}
"""Every fault by its name."""


@dataclass(slots=True)
class Scripted:
    """A fault that waits for its call; `hits` counts how often it struck, `seen` the calls it looked at."""

    fault: Fault
    matches: Callable[[str, str], bool]
    nth: int
    onwards: bool
    seen: int = 0
    hits: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Tell whether this call is the one, and count it."""
        if not self.matches(method, path):
            return False
        self.seen += 1
        struck = self.seen == self.nth or (self.onwards and self.seen > self.nth)
        self.hits += struck
        return struck


class Faults:
    """The script: what is written last is asked first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripted: list[Scripted] = []

    def script(
        self,
        fault: Fault | str,
        *,
        method: str | None = None,
        path: str | None = None,
        nth: int = 1,
        onwards: bool = False,
        where: Callable[[str, str], bool] | None = None,
    ) -> Scripted:
        """Let the `nth` call (from 1) that fits go wrong.

        Parameters
        ----------
        fault
            One of `FAULTS`, by itself or by name, or a new one.
        method, path
            Which calls are counted, None for all; ``*`` or ``{...}`` stand for one part of the
            path; with or without ``/v1``.
        onwards
            Every fitting call after the nth goes wrong too.
        where
            A further test of method and path (without ``/v1``).
        """
        chosen = FAULTS[fault] if isinstance(fault, str) else fault
        scripted = Scripted(chosen, _matcher(method, path, where), nth, onwards)
        with self._lock:
            self._scripted.insert(0, scripted)
        return scripted

    def clear(self) -> None:
        """Forget the script."""
        with self._lock:
            self._scripted.clear()

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault for a call, counting it in every entry that it fits."""
        path = path.removeprefix(API).rstrip("/")
        with self._lock:
            struck = [one.fault for one in self._scripted if one.strikes(method, path)]
        return struck[0] if struck else None


def _matcher(
    method: str | None, path: str | None, where: Callable[[str, str], bool] | None
) -> Callable[[str, str], bool]:
    parts = re.split(r"\*|\{[^}]*\}", (path or "").removeprefix(API))
    pattern = re.compile("[^/]+".join(map(re.escape, parts)))

    def matches(called: str, at: str) -> bool:
        return (
            (method is None or method == called)
            and (path is None or pattern.fullmatch(at) is not None)
            and (where is None or where(called, at))
        )

    return matches
