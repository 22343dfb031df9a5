"""One exchange with a server: a request, and what came of it.

spotipy is given this session instead of its own. It sends each request once and follows no
redirect; it puts the token in where spotipy, which logs its headers, does not see it; and
whatever goes wrong leaves it as a `Failure` that says how far the request got. Nothing is
repeated here: that is the business of `retry`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from bpmsync.export.spotify.failure import Failure, Trouble
from bpmsync.export.spotify.retry import drift_of, seconds_asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpmsync.export.spotify.tokens import Secret

__all__ = ["Exchange"]

_LONGEST_MESSAGE = 200


class Exchange(requests.Session):
    """A session that makes one exchange a request.

    Parameters
    ----------
    connect_s, read_s : float
        Seconds to wait for a connection, and for each piece of an answer.
    clock : callable
        The time of day, for a ``Retry-After`` that names a moment.
    local : bool
        The server is on this computer: no proxy.

    Attributes
    ----------
    token : Secret or None
        Sent with every request; None sends none.
    drift_s : float or None
        How far the server's clock is ahead of ours, by its last answer.
    """

    def __init__(
        self, *, connect_s: float, read_s: float, clock: Callable[[], float], local: bool = False
    ) -> None:
        super().__init__()
        self.token: Secret | None = None
        self.drift_s: float | None = None
        self._timeout = (connect_s, read_s)
        self._clock = clock
        self.trust_env = not local

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - its own
        """Send a request once and return an answer whose body is JSON or empty.

        Raises
        ------
        Failure
            In every other case.
        """
        kwargs |= {"timeout": self._timeout, "allow_redirects": False}
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token.reveal()}"
        else:
            # requests would take one from the user's .netrc
            request.headers.pop("Authorization", None)
        try:
            response = super().send(request, **kwargs)
        except requests.exceptions.SSLError as error:
            raise Failure(Trouble.UNSAFE, message=_short(str(error))) from error
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError) as error:
            raise Failure(Trouble.UNSENT) from error
        except requests.exceptions.ConnectionError as error:
            raise Failure(Trouble.UNSENT if _was_unsent(error) else Trouble.LOST) from error
        except requests.exceptions.RequestException as error:
            raise Failure(Trouble.LOST) from error
        date = response.headers.get("Date")
        self.drift_s = drift_of(date, now=self._clock()) if date else self.drift_s
        return self._checked(response)

    def _checked(self, response: requests.Response) -> requests.Response:
        if response.ok and response.status_code < requests.codes.multiple_choices:
            if response.content.strip() and _decoded(response) is None:
                raise Failure(Trouble.GARBLED, response.status_code)
            return response
        message, reason = _said(response)
        broken = response.status_code >= requests.codes.server_error
        raise Failure(
            Trouble.BROKEN if broken else Trouble.REFUSED,
            response.status_code,
            message,
            reason=reason,
            retry_after_s=seconds_asked(response.headers.get("Retry-After"), now=self._clock()),
        )


def _was_unsent(error: requests.exceptions.ConnectionError) -> bool:
    """Tell whether a connection was never made, so that nothing can have been done."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, NewConnectionError | NameResolutionError)


def _decoded(response: requests.Response) -> Any | None:  # noqa: ANN401 - any JSON
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _said(response: requests.Response) -> tuple[str, str]:
    """Return what an error's body says: the message, and the code for it."""
    document = _decoded(response)
    if not isinstance(document, dict):
        return _short(response.text), ""
    error = document.get("error")
    if isinstance(error, dict):
        return _short(str(error.get("message") or "")), str(error.get("reason") or "")
    # the log-in's own form: {"error": "invalid_grant", "error_description": "..."}
    return _short(str(document.get("error_description") or error or "")), str(error or "")


def _short(text: str) -> str:
    """Return a server's words on one line, none too long for a message."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_MESSAGE else words[: _LONGEST_MESSAGE - 1] + "…"
