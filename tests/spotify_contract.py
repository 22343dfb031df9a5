"""Holds every exchange with the stand-in for Spotify against the OpenAPI file, both directions.

The file is not part of the project: where it is absent nothing is checked. Only the Web API is
in it, not the accounts service. An exchange is first boiled down to its *essence* - ids, names
and numbers that the contract does not look at become one placeholder, equal members of a list
become one - and only essences that were not met before are validated: thousands of exchanges
come down to a few dozen validations.

Where the file and what live users see differ, what they see wins: `DEVIATIONS` is the list.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from spotify_server.messages import Exchange

__all__ = ["DEVIATIONS", "Contract", "contract"]

_HOST = "https://api.spotify.com"
_IDENTITY = re.compile(r"(?<=/playlists/)[^/]+|(?<=/tracks/)[^/]+")
_PORT, _TIME = re.compile(rb"127\.0\.0\.1:\d+"), re.compile(rb"T\d\d:\d\d:\d\dZ")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Values that the contract looks at: its lists of allowed words, and an error's status
_LOOKED_AT = frozenset({"type", "album_type", "release_date_precision", "status"})
_FREE_TEXT = frozenset({"q", "uris", "fields"})
_Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing in which answers may differ from the file, and why."""

    where: str
    reason: str
    adapt: Callable[[Exchange, Any], Any]


def _without_server_errors(exchange: Exchange, answer: Any) -> Any:  # noqa: ANN401 - any JSON
    return None if exchange.status >= 500 else answer


def _without_absent_items(exchange: Exchange, answer: Any) -> Any:  # noqa: ANN401
    """Leave out what rows hold where it is null or a local file's."""
    if isinstance(answer, list):
        return [_without_absent_items(exchange, one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    gone = {
        key
        for key in ("item", "track")
        if key in answer and (answer[key] is None or answer.get("is_local") is True)
    }
    return {key: _without_absent_items(exchange, value) for key, value in answer.items() if key not in gone}


def _unwrapped(exchange: Exchange, answer: Any) -> Any:  # noqa: ANN401 - any JSON
    wrapped = (
        exchange.status == 400 and exchange.path.startswith("/v1/me/library") and isinstance(answer, dict)
    )
    return answer["error"] if wrapped and "error" in answer else answer


DEVIATIONS = (
    Deviation(
        "any call: 500, 502, 503 are answered",
        "the file lists no server errors; live users see them, and our client must stand them",
        _without_server_errors,
    ),
    Deviation(
        "rows: `item` (older apps: `track`) is null, or a local file's track without id and href",
        "the file forbids null there, but its own text says that a track can be gone",
        _without_absent_items,
    ),
    Deviation(
        "/me/library, 400: the error is wrapped in {error: ...} as everywhere else",
        "the file forgets the wrapping in these three places only",
        _unwrapped,
    ),
)
"""What is done to an answer before it is validated. One more: an answer to a call with `fields`
is held against the file without its lists of required members, for that is what `fields` is for.
And of requests: a slash at the end of a path is passed over, as the service does (spotipy's `me`)."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request in the form that openapi-core reads."""

    method: str
    path: str
    parameters: Any
    body: bytes | None
    content_type: str
    host_url: str = _HOST


@dataclass(frozen=True, slots=True)
class _Answered:
    """An answer in the form that openapi-core reads."""

    status_code: int
    data: bytes
    content_type: str = "application/json"
    headers: Any = None


class Contract:
    """The OpenAPI file, read when it is first needed; `checked` counts the validations."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._verdicts: dict[_Key, str] = {}
        self._known: dict[_Key, str] = {}

    @property
    def checked(self) -> int:
        """Return how many different essences were validated so far."""
        return len(self._verdicts)

    @functools.cached_property
    def _document(self) -> Any:  # noqa: ANN401 - any JSON
        import yaml  # type: ignore[import-untyped] # comes with openapi-core, without its stubs

        # Where libyaml is there it reads the file ten times as fast
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return yaml.load(self._path.read_text("utf-8"), loader)  # noqa: S506 - both are safe

    @functools.cached_property
    def _whole(self) -> Any:  # noqa: ANN401 - an OpenAPI of a package that may be absent
        return _opened(self._document)

    @functools.cached_property
    def _partial(self) -> Any:  # noqa: ANN401
        document = dict(self._document)
        document["components"] = {
            **document["components"],
            "schemas": _nothing_required(document["components"]["schemas"]),
        }
        return _opened(document)

    def violations(self, exchange: Exchange, sent: bytes, *, requests: bool = True) -> list[str]:
        """Return what one exchange does that the contract forbids.

        Parameters
        ----------
        exchange
            With anything but the Web API there is nothing to check.
        sent
            The body of the answer.
        requests
            False: only the answer is looked at.
        """
        if not exchange.path.startswith("/v1/"):
            return []
        found = [self._request(exchange)] if requests else []
        if exchange.status and exchange.sound:
            found.append(self._response(exchange, sent))
        where = f"{exchange.method} {exchange.path}"
        return [f"{where}: {one}" for one in found if one]

    def _request(self, exchange: Exchange) -> str:
        query = {k: "x" if k in _FREE_TEXT and v else v for k, v in exchange.query.items()}
        body = None if exchange.body is None else _request_essence(exchange)
        kind = exchange.headers.get("content-type", "application/json").lower()
        asked = self._asked(exchange, query, body, kind)
        key = ("request", asked.method, asked.path, json.dumps(query, sort_keys=True), kind, str(body))
        if key not in self._verdicts:
            self._verdicts[key] = _judged(lambda: self._whole.validate_request(asked))
        return self._verdicts[key]

    @staticmethod
    def _asked(exchange: Exchange, query: Mapping[str, str], body: bytes | None, kind: str) -> _Asked:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import ImmutableMultiDict

        path = _IDENTITY.sub("x" * 22, exchange.path.rstrip("/"))
        return _Asked(
            exchange.method.lower(), path, RequestParameters(query=ImmutableMultiDict(query)), body, kind
        )

    def _response(self, exchange: Exchange, sent: bytes) -> str:
        """Return the verdict on an answer: a known one where only port and moments are new."""
        template = _IDENTITY.sub("x", exchange.path)
        digest = hashlib.sha256(_TIME.sub(b"", _PORT.sub(b"", sent))).hexdigest()
        partial = str(bool(exchange.query.get("fields")))
        place = ("answer", exchange.method, template, str(exchange.status), partial, digest)
        if place not in self._known:
            self._known[place] = self._judge_response(exchange, sent)
        return self._known[place]

    def _judge_response(self, exchange: Exchange, sent: bytes) -> str:
        partial = bool(exchange.query.get("fields"))
        place = (
            "response",
            exchange.method,
            _IDENTITY.sub("x", exchange.path),
            str(exchange.status),
            str(partial),
        )
        answer = json.loads(sent) if sent else None
        if answer is None:
            return "" if exchange.status in (200, 202) else "an answer without a body"
        for deviation in DEVIATIONS:
            answer = deviation.adapt(exchange, answer)
            if answer is None:
                return ""
        essence = json.dumps(_essence(answer), sort_keys=True)
        key = (*place, essence)
        if key not in self._verdicts:
            spec = self._partial if partial else self._whole
            asked = self._asked(exchange, {}, None, "application/json")
            answered = _Answered(exchange.status, essence.encode())
            self._verdicts[key] = _judged(lambda: spec.validate_response(asked, answered), answers=True)
        return self._verdicts[key]


@functools.cache
def contract() -> Contract | None:
    """Return the contract; None where the file or openapi-core is absent."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "spotify" / "spotify-web-api.yml"
    path = Path(os.environ.get("BPMSYNC_TEST_SPOTIFY_CONTRACT") or default)
    try:
        import openapi_core  # noqa: F401
    except ImportError:
        return None
    return Contract(path) if path.is_file() else None


def _opened(document: Any) -> Any:  # noqa: ANN401
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openapi-core's own deprecations
        from openapi_core import OpenAPI

        return OpenAPI.from_dict(document)


def _judged(validate: Callable[[], object], *, answers: bool = False) -> str:
    """Return what is wrong, in words; empty for nothing.

    A call to what is not in the file is the request's fault; its answer is not held against it.
    """
    from openapi_core.exceptions import OpenAPIError
    from openapi_core.templating.paths.exceptions import PathError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            validate()
        except OpenAPIError as error:
            if answers and isinstance(error, PathError):
                return ""
            causes: list[BaseException] = [error]
            while causes[-1].__cause__ is not None:
                causes.append(causes[-1].__cause__)
            inner = getattr(causes[-1], "schema_errors", ())
            return "; ".join([*(str(one) or type(one).__name__ for one in causes), *map(str, inner)])
    return ""


def _request_essence(exchange: Exchange) -> bytes:
    if isinstance(exchange.body, str):  # a picture, or what was meant to be JSON
        return exchange.body[:64].encode()
    return json.dumps(_essence(exchange.body), sort_keys=True).encode()


def _essence(value: Any, key: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a value that the contract judges alike, and that many others come down to."""
    if isinstance(value, dict):
        return {name: _essence(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return _different([_essence(one) for one in value])
    if key in _LOOKED_AT or value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if key == "added_at":
            return _MOMENT.sub("2026-01-01T00:00:00Z", value)
        return "x"
    return type(value)(1)


def _different(values: Sequence[Any]) -> list[Any]:
    return list({json.dumps(one, sort_keys=True): one for one in values}.values())


def _nothing_required(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a schema that parts of its values satisfy; a part can fit more than one choice."""
    if isinstance(schema, list):
        return [_nothing_required(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        "anyOf" if name == "oneOf" else name: _nothing_required(one)
        for name, one in schema.items()
        if not (name == "required" and isinstance(one, list)) and name != "discriminator"
    }
