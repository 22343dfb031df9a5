"""What comes in and what goes out, before it is bytes on a wire."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["API", "Call", "Exchange", "RefusedError", "Reply", "error_reply"]

API = "/v1"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read in full; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:  # noqa: ANN401 - whatever JSON was sent
        """The body as JSON or form, as text where it is neither, None where it is empty."""
        if not self.body:
            return None
        kind = self.headers.get("content-type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        if kind.startswith("image/"):
            return self.body.decode("utf-8", "replace")
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Reply:
    """One answer: `body` is JSON to be, bytes as they are, or None for an empty answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def content(self) -> bytes:
        """The body as it goes over the wire, made once: it is sent and checked."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def content_type(self) -> str | None:
        """None for an empty body."""
        if "Content-Type" in self.headers:
            return self.headers["Content-Type"]
        if self.body is None:
            return None
        return (
            "text/html; charset=utf-8" if isinstance(self.body, bytes) else "application/json; charset=utf-8"
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and what was answered.

    Parameters
    ----------
    method, path
        As sent; the path without its query.
    query
        One value for each name.
    body
        As JSON, form or text; None where there was none.
    status
        0 where nothing was answered.
    fault
        Name of the scripted fault that struck; empty without one.
    sound
        False where the answer is broken on purpose.
    headers
        Names in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    fault: str = ""
    sound: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class RefusedError(Exception):
    """A call that the service turns down."""

    def __init__(self, status: int, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.reply = error_reply(status, message, reason=reason)


def error_reply(
    status: int, message: str, *, reason: str | None = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """Return the error body that the Web API gives."""
    error: dict[str, object] = {"status": status, "message": message}
    if reason is not None:
        error["reason"] = reason
    return Reply(status, {"error": error}, dict(headers or {}))
