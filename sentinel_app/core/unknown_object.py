"""Withdrawal of objects that the ledger does not know, made of their rows in the table."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.ledger_row import moment
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.object_text import object_text
from sentinel_app.core.timestamp import to_millis

_SUBJECT: Final = re.compile(r'\[?\(*\s*([a-z0-9-]+):')
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_TYPES: Final = {
    'ipv4-addr': IndicatorType.ADDRESS,
    'ipv6-addr': IndicatorType.ADDRESS,
    'domain-name': IndicatorType.HOST,
    'url': IndicatorType.URL,
    'file': IndicatorType.FILE,
    'email-addr': IndicatorType.EMAIL_ADDRESS,
    'email-message': IndicatorType.EMAIL_SUBJECT,
    'windows-registry-key': IndicatorType.REGISTRY_KEY,
    'autonomous-system': IndicatorType.ASN,
}


def subject_of(pattern: str) -> ObjectKey:
    """Return a key that stands for a pattern: its type as far as that shows, and its text."""
    found = _SUBJECT.match(pattern)
    kind = _TYPES.get(found[1], IndicatorType.HOST) if found else IndicatorType.HOST
    return ObjectKey(kind, pattern, HashKind.SHA256 if kind is IndicatorType.FILE else None)


def minimal_text(
    stix_id: str, *, pattern: str, created: int, modified: int, valid_from: int
) -> bytes:
    """Return the least that Sentinel takes as an object, of which a withdrawal is made.

    Args:
        stix_id: its id.
        pattern: its pattern.
        created: when it was created, in milliseconds since 1970.
        modified: when its newest version was made.
        valid_from: when it became valid.

    Source: learn.microsoft.com/azure/sentinel/stix-objects-api (required properties).
    """
    from_at = moment(valid_from)
    return object_text(
        {
            'type': 'indicator',
            'spec_version': '2.1',
            'id': stix_id,
            'created': to_millis(moment(created)),
            'pattern': pattern,
            'pattern_type': 'stix',
            'modified': to_millis(moment(modified)),
            'valid_from': to_millis(from_at),
            'valid_until': to_millis(from_at + _MILLISECOND),
        }
    )
