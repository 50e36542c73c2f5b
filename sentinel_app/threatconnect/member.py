"""Values of the members of v3 rows, which are untrusted: no type is assumed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from sentinel_app.core.indicator import Attribute, Tag
from sentinel_app.core.untrusted import clean_text
from sentinel_app.threatconnect.fit import ID_LIMIT


def known_text(value: object) -> str | None:
    """Return non-empty text in characters that UTF-8 and a database can hold; else None."""
    if not isinstance(value, str) or not value or value.isspace():
        return None
    # True for nearly every text, and faster than a call.
    return value if value.isprintable() else clean_text(value)


def known_time(value: object) -> dt.datetime | None:
    """Parse a time; without a zone it is UTC. Some examples of the API end in a blank."""
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value.strip())
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def is_id(value: object) -> TypeGuard[int]:
    """Return whether a value can be an id."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < ID_LIMIT


def elements_of(row: Mapping[str, object], name: str) -> Sequence[object]:
    """Return the elements of a nested collection `{"data": [...]}`; empty for anything else."""
    collection = row.get(name)
    elements = collection.get('data') if isinstance(collection, dict) else None
    return elements if isinstance(elements, list) else ()


def tags_of(row: Mapping[str, object]) -> tuple[Tag, ...]:
    """Return the tags with a name."""
    found = []
    for element in elements_of(row, 'tags'):
        if isinstance(element, dict):
            name = known_text(element.get('name'))
            if name is not None:
                found.append(Tag(name=name, technique_id=known_text(element.get('techniqueId'))))
    return tuple(found)


def attributes_of(row: Mapping[str, object]) -> tuple[Attribute, ...]:
    """Return the attributes with a type and a value."""
    found = []
    for element in elements_of(row, 'attributes'):
        if isinstance(element, dict):
            kind, value = known_text(element.get('type')), known_text(element.get('value'))
            if kind is not None and value is not None:
                found.append(Attribute(type=kind, value=value))
    return tuple(found)


def security_labels_of(row: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
    """Return the names of the security labels, and whether they are complete.

    Labels decide what may leave ThreatConnect, so only `{}` and an empty list mean that there are
    none; a collection that is missing, invalid or shorter than its count is incomplete.
    """
    collection = row.get('securityLabels')
    if not isinstance(collection, dict):
        return (), False
    if not collection or collection == {'count': 0}:
        return (), True
    elements = collection.get('data')
    if not isinstance(elements, list):
        return (), False
    names = [
        known_text(element.get('name')) if isinstance(element, dict) else None
        for element in elements
    ]
    known = tuple(name for name in names if name is not None)
    return known, len(known) == collection.get('count', len(elements)) == len(elements)
