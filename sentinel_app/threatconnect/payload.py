"""Access to members of ThreatConnect's responses, all of which may be missing."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_app.core.indicator import Owner
from sentinel_app.errors import ReadError

Payload = Mapping[str, object]
Row = Mapping[str, object]


def text_of(row: Row, name: str) -> str:
    """Return a text member; empty if it is missing or not text."""
    value = row.get(name)
    return value if isinstance(value, str) else ''


def rows_of(payload: Payload) -> list[Row]:
    """Return the list of a response, each entry an object.

    Raises:
        ReadError: it is something else.
    """
    rows = payload.get('data')
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadError('ThreatConnect answered with something other than a list of objects.')
    return rows


def count_of(payload: Payload) -> int:
    """Return the total number of matching entries.

    Raises:
        ReadError: the response does not have it.
    """
    count = known_count(payload)
    if count is None:
        raise ReadError('ThreatConnect did not say how many rows match.')
    return count


def known_count(payload: Payload) -> int | None:
    """Return the total number of matching entries; None if the response does not have it."""
    count = payload.get('count')
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    return count


def owner_name(row: Row) -> str:
    """Return the name of an owner.

    Raises:
        ReadError: it has none.
    """
    name = text_of(row, 'name')
    if not name:
        raise ReadError('ThreatConnect gave an owner without a name.')
    return name


def owner_of(row: Row) -> Owner | None:
    """Return an owner; None if the API user may not read its Indicators."""
    if text_of(row, 'permIndicator').upper() == 'NONE':
        return None
    return Owner(name=owner_name(row), type=text_of(row, 'type'))
