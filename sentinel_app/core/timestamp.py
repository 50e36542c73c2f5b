"""Times as text: RFC 3339 in UTC, sortable as text, in the two precisions that the App uses."""

from __future__ import annotations

import datetime as dt


def to_millis(at: dt.datetime) -> str:
    """Give `YYYY-MM-DDTHH:MM:SS.mmmZ`, cut to the millisecond.

    Source: STIX 2.1, section 3.2 (timestamps of versioned objects carry millisecond precision).
    """
    at = at.astimezone(dt.UTC)
    return f'{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z'


def to_seconds(at: dt.datetime) -> str:
    """Give `YYYY-MM-DDTHH:MM:SSZ`, cut to the second, as ThreatConnect writes times."""
    return f'{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}'


def from_text(text: str) -> dt.datetime:
    """Read either precision, and any other RFC 3339 form, as an aware UTC datetime.

    Raises:
        ValueError: the text is no such time, or lacks a zone.
    """
    at = dt.datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        raise ValueError(f'time without a zone: {text!r}')
    return at.astimezone(dt.UTC)
