"""Parsing of v3 rows into Indicators.

Required values are checked, and their absence is an error; other invalid values are dropped. Rows
are untrusted: no type is assumed.

Source: ThreatConnect REST API v3, Indicators: "Indicator Fields" and "Retrieve Indicators".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import NoReturn

from sentinel_app.core.canonical import registry_summary
from sentinel_app.core.indicator import Group, HashKind, Indicator, IndicatorType
from sentinel_app.core.value_fault import indicator_fault, value_fault
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.member import (
    attributes_of,
    elements_of,
    is_id,
    known_text,
    known_time,
    security_labels_of,
    tags_of,
)

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
        value = known_text(row.get('summary')) or ' : '.join(digest for _, digest in hashes)
        summary = value
    elif kind is IndicatorType.REGISTRY_KEY:
        value = _value(row, kind)
        value_name, value_type = (
            known_text(row.get('Value Name')),
            known_text(row.get('Value Type')),
        )
        summary = known_text(row.get('summary')) or registry_summary(value, value_name, value_type)
    else:
        value = _value(row, kind)
        summary = known_text(row.get('summary')) or value
    labels, are_labels_known = security_labels_of(row)
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
        web_link=known_text(row.get('webLink')),
        expires_at=known_time(row.get('externalDateExpires')),
        tags=tags_of(row),
        attributes=attributes_of(row),
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
    name = known_text(row.get('type'))
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
        digest = (known_text(row.get(name)) or '').strip().upper()
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
    value = known_text(row.get(name))
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
    if not is_id(number):
        _fail(row, 'id', 'The row has no usable id')
    return number


def _owner_name(row: Mapping[str, object]) -> str:
    name = known_text(row.get('ownerName'))
    if name is None:
        _fail(row, 'ownerName', 'The Indicator has no owner')
    return name


def _required_time(row: Mapping[str, object], name: str) -> dt.datetime:
    at = known_time(row.get(name))
    if at is None:
        _fail(row, name, f'{name} is missing or not a time')
    return at


def _number(value: object, limit: float) -> float | None:
    # A union of types would be created on each call.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= limit:
        return None
    return float(value)


def _integer(value: object, limit: int) -> int | None:
    number = _number(value, limit)
    return int(number) if number is not None and number.is_integer() else None


def _groups(row: Mapping[str, object]) -> tuple[Group, ...]:
    found = []
    for element in elements_of(row, 'associatedGroups'):
        if isinstance(element, dict):
            kind, name = known_text(element.get('type')), known_text(element.get('name'))
            owner = known_text(element.get('ownerName'))
            if kind is not None and name is not None and owner is not None:
                number = element.get('id')
                found.append(
                    Group(
                        type=kind,
                        name=name,
                        owner_name=owner,
                        id=number if is_id(number) else None,
                    )
                )
    return tuple(found)


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
        'indicator_id': number if is_id(number) else None,
        'indicator_type': known_text(row.get('type')),
        'summary': known_text(row.get('summary')),
        'owner_name': known_text(row.get('ownerName')),
        'web_link': known_text(row.get('webLink')),
    }
    present = {name: value for name, value in known.items() if value is not None}
    return {'field': field, **present}
