"""Times as text: RFC 3339 in UTC, sortable as text, in the two precisions that the App uses."""

from __future__ import annotations

import datetime as dt


def to_millis(at: dt.datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SS.mmmZ`, cut to the millisecond.

    Source: STIX 2.1, section 3.2 (timestamps of versioned objects carry millisecond precision).
    """
    return _text(at, 'milliseconds')


def to_seconds(at: dt.datetime) -> str:
    """Return `YYYY-MM-DDTHH:MM:SSZ`, cut to the second, as ThreatConnect writes times."""
    return _text(at, 'seconds')


def from_text(text: str) -> dt.datetime:
    """Read either precision, and any other RFC 3339 form, as an aware UTC datetime.

    Raises:
        ValueError: the text is no such time, or lacks a zone.
    """
    at = dt.datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        raise ValueError(f'time without a zone: {text!r}')
    try:
        return at.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError(f'time beyond the calendar in UTC: {text!r}') from None


def _text(at: dt.datetime, precision: str) -> str:
    # Not strftime, which writes a year before 1000 with fewer than four digits.
    plain = at.astimezone(dt.UTC).replace(tzinfo=None)
    return plain.isoformat(timespec=precision) + 'Z'
