"""Moments as the library file holds them: whole microseconds since 1970, UTC."""

from __future__ import annotations

import datetime as dt

from bpmsync.errors import ParameterError

__all__ = ["micros", "moment"]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def micros(at: dt.datetime) -> int:
    """Return a moment as the library file holds it.

    Raises
    ------
    ParameterError
        If it has no time zone.
    """
    if at.tzinfo is None:
        msg = f"the moment {at} has no time zone, so nobody knows when it is"
        raise ParameterError(msg)
    return (at - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> dt.datetime:
    """Return a moment of the library file, in UTC."""
    return _EPOCH + microseconds * _MICROSECOND
