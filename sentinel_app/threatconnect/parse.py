"""Parsing of v3 rows into Indicators.

Required values are checked, and their absence is an error; other invalid values are dropped. Rows
are untrusted: no type is assumed.

Source: ThreatConnect REST API v3, Indicators: "Indicator Fields" and "Retrieve Indicators".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeGuard

from sentinel_app.core.canonical import registry_summary
from sentinel_app.core.indicator import Attribute, Group, HashKind, Indicator, IndicatorType, Tag
from sentinel_app.core.untrusted import clean_text
from sentinel_app.core.value_fault import indicator_fault, value_fault
from sentinel_app.errors import SkippableError

FIELDS: tuple[str, ...] = (
    'associatedGroups',
    'attributes',
    'externalDates',
    'securityLabels',
    'tags',
    'threatAssess',
)
"""Values of `fields=`: exactly the mapped properties that are not returned by default."""

_UNSUPPORTED = 'MAP-TYPE'
_INVALID = 'MAP-VALUE'

_ID_LIMIT = 2**63
_RATING_LIMIT = 5.0
_CONFIDENCE_LIMIT = 100
_SCORE_LIMIT = 1000

_TYPES = {str(kind): kind for kind in IndicatorType}
_VALUE_NAMES = {
    IndicatorType.ADDRESS: 'ip',
    IndicatorType.ASN: 'AS Number',
    IndicatorType.CIDR: 'Block',
    IndicatorType.EMAIL_ADDRESS: 'address',
    IndicatorType.EMAIL_SUBJECT: 'Subject',
    IndicatorType.HOST: 'hostName',
    IndicatorType.REGISTRY_KEY: 'Key Name',
    IndicatorType.URL: 'text',
}
_HASHES = (
    ('md5', HashKind.MD5, re.compile('[0-9A-F]{32}')),
    ('sha1', HashKind.SHA1, re.compile('[0-9A-F]{40}')),
    ('sha256', HashKind.SHA256, re.compile('[0-9A-F]{64}')),
)
_SHOWN_LENGTH = 100


def parse_indicator(row: Mapping[str, object]) -> Indicator:
    """Parse one row into an Indicator.

    Lone surrogates and NUL characters, which UTF-8 or a database cannot hold, become U+FFFD.

    Args:
        row: one element of `data`; any member may be missing.

    Raises:
        SkippableError: with the code `MAP-TYPE` for a type that is not sent or a File without a
            usable hash, and with `MAP-VALUE` for a missing or invalid value.
    """
    kind = _type(row)
    hashes = _hashes(row) if kind is IndicatorType.FILE else ()
    value_name = value_type = None
    if kind is IndicatorType.FILE:
        value = _text(row.get('summary')) or ' : '.join(digest for _, digest in hashes)
        summary = value
    elif kind is IndicatorType.REGISTRY_KEY:
        value = _value(row, kind)
        value_name, value_type = _text(row.get('Value Name')), _text(row.get('Value Type'))
        summary = _text(row.get('summary')) or registry_summary(value, value_name, value_type)
    else:
        value = _value(row, kind)
        summary = _text(row.get('summary')) or value
    labels, are_labels_known = _labels(row)
    indicator = Indicator(
        id=_id(row),
        type=kind,
        value=value,
        summary=summary,
        owner_name=_owner_name(row),
        added_at=_required_time(row, 'dateAdded'),
        modified_at=_required_time(row, 'lastModified'),
        is_active=row.get('active') is not False,
        hashes=hashes,
        registry_value_name=value_name,
        registry_value_type=value_type,
        rating=_number(row.get('rating'), _RATING_LIMIT),
        confidence=_integer(row.get('confidence'), _CONFIDENCE_LIMIT),
        threat_assess_score=_integer(row.get('threatAssessScore'), _SCORE_LIMIT),
        web_link=_text(row.get('webLink')),
        expires_at=_time(row.get('externalDateExpires')),
        tags=_tags(row),
        attributes=_attributes(row),
        groups=_groups(row),
        security_labels=labels,
        are_labels_known=are_labels_known,
    )
    fault = indicator_fault(indicator)
    if fault is not None:
        name = _VALUE_NAMES.get(kind, 'summary')
        _fail(row, name, f'{_shown(value)} is not a valid {kind}: {fault}')
    return indicator


def _type(row: Mapping[str, object]) -> IndicatorType:
    name = _text(row.get('type'))
    if name is None:
        _fail(row, 'type', 'The row has no type')
    kind = _TYPES.get(name)
    if kind is None:
        raise SkippableError(
            f'Indicators of the type {_shown(name)} have no STIX counterpart and are not sent.',
            code=_UNSUPPORTED,
            context=_context(row, 'type'),
        )
    return kind


def _hashes(row: Mapping[str, object]) -> tuple[tuple[HashKind, str], ...]:
    found = []
    for name, kind, form in _HASHES:
        digest = (_text(row.get(name)) or '').strip().upper()
        if form.fullmatch(digest):
            found.append((kind, digest))
    if not found:
        raise SkippableError(
            'The File has no usable MD5, SHA-1 or SHA-256 hash, so there is nothing to send.',
            code=_UNSUPPORTED,
            context=_context(row, 'md5, sha1, sha256'),
        )
    return tuple(found)


def _value(row: Mapping[str, object], kind: IndicatorType) -> str:
    name = _VALUE_NAMES[kind]
    value = _text(row.get(name))
    if value is None:
        _fail(row, name, f'The {kind} has no value')
    if kind is IndicatorType.EMAIL_SUBJECT:
        return value
    value = value.strip()
    fault = value_fault(kind, value)
    if fault is not None:
        _fail(row, name, f'{_shown(value)} is not a valid {kind}: {fault}')
    return value


def _id(row: Mapping[str, object]) -> int:
    number = row.get('id')
    if not _is_id(number):
        _fail(row, 'id', 'The row has no usable id')
    return number


def _is_id(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _ID_LIMIT


def _owner_name(row: Mapping[str, object]) -> str:
    name = _text(row.get('ownerName'))
    if name is None:
        _fail(row, 'ownerName', 'The Indicator has no owner')
    return name


def _required_time(row: Mapping[str, object], name: str) -> dt.datetime:
    at = _time(row.get(name))
    if at is None:
        _fail(row, name, f'{name} is missing or not a time')
    return at


def _time(value: object) -> dt.datetime | None:
    """Parse a time; without a zone it is UTC. Some examples of the API end in a blank."""
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value.strip())
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str | None:
    """Return non-empty text in characters that UTF-8 and a database can hold; else None."""
    if not isinstance(value, str) or not value or value.isspace():
        return None
    # True for nearly every text, and faster than a call.
    return value if value.isprintable() else clean_text(value)


def _number(value: object, limit: float) -> float | None:
    # A union of types would be created on each call.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= limit:
        return None
    return float(value)


def _integer(value: object, limit: int) -> int | None:
    number = _number(value, limit)
    return int(number) if number is not None and number.is_integer() else None


def _elements(row: Mapping[str, object], name: str) -> Sequence[object]:
    """Return the elements of a nested collection `{"data": [...]}`; empty for anything else."""
    collection = row.get(name)
    elements = collection.get('data') if isinstance(collection, dict) else None
    return elements if isinstance(elements, list) else ()


def _tags(row: Mapping[str, object]) -> tuple[Tag, ...]:
    found = []
    for element in _elements(row, 'tags'):
        if isinstance(element, dict):
            name = _text(element.get('name'))
            if name is not None:
                found.append(Tag(name=name, technique_id=_text(element.get('techniqueId'))))
    return tuple(found)


def _attributes(row: Mapping[str, object]) -> tuple[Attribute, ...]:
    found = []
    for element in _elements(row, 'attributes'):
        if isinstance(element, dict):
            kind, value = _text(element.get('type')), _text(element.get('value'))
            if kind is not None and value is not None:
                found.append(Attribute(type=kind, value=value))
    return tuple(found)


def _groups(row: Mapping[str, object]) -> tuple[Group, ...]:
    found = []
    for element in _elements(row, 'associatedGroups'):
        if isinstance(element, dict):
            kind, name = _text(element.get('type')), _text(element.get('name'))
            owner = _text(element.get('ownerName'))
            if kind is not None and name is not None and owner is not None:
                found.append(Group(type=kind, name=name, owner_name=owner))
    return tuple(found)


def _labels(row: Mapping[str, object]) -> tuple[tuple[str, ...], bool]:
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
        _text(element.get('name')) if isinstance(element, dict) else None for element in elements
    ]
    known = tuple(name for name in names if name is not None)
    return known, len(known) == collection.get('count', len(elements)) == len(elements)


def _fail(row: Mapping[str, object], field: str, fault: str) -> NoReturn:
    raise SkippableError(
        f'{fault}. Correct the Indicator in ThreatConnect; it is sent as soon as it has changed.',
        code=_INVALID,
        context=_context(row, field),
    )


def _shown(value: str) -> str:
    return repr(value if len(value) <= _SHOWN_LENGTH else value[: _SHOWN_LENGTH - 1] + '…')


def _context(row: Mapping[str, object], field: str) -> dict[str, object]:
    """Return the identifying members of the row, safe to store and to show."""
    number = row.get('id')
    known = {
        'indicator_id': number if _is_id(number) else None,
        'indicator_type': _text(row.get('type')),
        'summary': _text(row.get('summary')),
        'owner_name': _text(row.get('ownerName')),
        'web_link': _text(row.get('webLink')),
    }
    present = {name: value for name, value in known.items() if value is not None}
    return {'field': field, **present}
