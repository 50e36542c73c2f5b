"""Times as text: RFC 3339 in UTC, sortable as text, in the two precisions that the App uses."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

import orjson

_WHOLE_SECONDS: Final = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z


@lru_cache(maxsize=4096)
def to_millis(at: dt.datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS.mmmZ`, truncated to the millisecond.

    Source: STIX 2.1, section 3.2 (timestamps of versioned objects carry millisecond precision).
    """
    return f'{to_seconds(at)[:-1]}.{at.microsecond // 1000:03d}Z'


def to_seconds(at: dt.datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ`, truncated to the second, as in ThreatConnect."""
    # Several times faster than the library's formatting of aware times.
    return orjson.dumps(at.astimezone(dt.UTC), option=_WHOLE_SECONDS)[1:-1].decode()


def from_text(text: str) -> dt.datetime:
    """Parse either precision, and any other RFC 3339 form, into an aware UTC datetime.

    Raises:
        ValueError: the text is not such a time, or lacks a zone.
    """
    at = dt.datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        raise ValueError(f'time without a zone: {text!r}')
    try:
        return at.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(f'time beyond the calendar in UTC: {text!r}') from None
