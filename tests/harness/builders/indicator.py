"""Builders with sensible defaults: a test names only what it is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.mapping import MappingOptions, stix_object, valid_until
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.pattern import PatternStyle

NOW = dt.datetime(2026, 3, 4, 10, 0, tzinfo=dt.UTC)
"""The time of conversion where a test does not name another."""
TTL_HOURS = 720

MD5 = '0123456789ABCDEF0123456789ABCDEF'
SHA1 = '0123456789ABCDEF0123456789ABCDEF01234567'
SHA256 = '0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF'

_KEY = 'HKEY_LOCAL_MACHINE\\Software\\Ex\\Run'

_ROW_VALUES: dict[IndicatorType, dict[str, Any]] = {
    IndicatorType.ADDRESS: {'summary': '198.51.100.23', 'ip': '198.51.100.23'},
    IndicatorType.ASN: {'summary': 'ASN64500', 'AS Number': 'ASN64500'},
    IndicatorType.CIDR: {'summary': '203.0.113.0/24', 'Block': '203.0.113.0/24'},
    IndicatorType.EMAIL_ADDRESS: {'summary': 'phish@example.com', 'address': 'phish@example.com'},
    IndicatorType.EMAIL_SUBJECT: {'summary': 'Invoice overdue', 'Subject': 'Invoice overdue'},
    IndicatorType.FILE: {
        'summary': f'{MD5} : {SHA1} : {SHA256}',
        'md5': MD5,
        'sha1': SHA1,
        'sha256': SHA256,
        'size': 51200,
    },
    IndicatorType.HOST: {
        'summary': 'c2.example.net',
        'hostName': 'c2.example.net',
        'dnsActive': False,
        'whoisActive': False,
    },
    IndicatorType.REGISTRY_KEY: {
        'summary': f'{_KEY} : loader : REG_SZ',
        'Key Name': _KEY,
        'Value Name': 'loader',
        'Value Type': 'REG_SZ',
    },
    IndicatorType.URL: {
        'summary': 'http://bad.example.org/a?b=1&c=%20',
        'text': 'http://bad.example.org/a?b=1&c=%20',
    },
}

_VALUES: dict[IndicatorType, dict[str, Any]] = {
    IndicatorType.ADDRESS: {'value': '198.51.100.23'},
    IndicatorType.ASN: {'value': 'ASN64500'},
    IndicatorType.CIDR: {'value': '203.0.113.0/24'},
    IndicatorType.EMAIL_ADDRESS: {'value': 'phish@example.com'},
    IndicatorType.EMAIL_SUBJECT: {'value': 'Invoice overdue'},
    IndicatorType.FILE: {
        'value': SHA256,
        'hashes': ((HashKind.SHA256, SHA256),),
    },
    IndicatorType.HOST: {'value': 'c2.example.net'},
    IndicatorType.REGISTRY_KEY: {
        'value': _KEY,
        'summary': f'{_KEY} : loader : REG_SZ',
        'registry_value_name': 'loader',
        'registry_value_type': 'REG_SZ',
    },
    IndicatorType.URL: {'value': 'http://bad.example.org/a?b=1&c=%20'},
}


def make_row(kind: IndicatorType = IndicatorType.ADDRESS, **members: Any) -> dict[str, Any]:
    """A row of the v3 API with what comes by default; `None` leaves a member out."""
    number = members.get('id', 9007199254740993)
    row = {
        'id': number,
        'dateAdded': '2025-02-03T04:05:06Z',
        'ownerId': 12,
        'ownerName': 'Example Org',
        'webLink': f'https://tc.example.test/#/details/indicators/{number}/overview',
        'type': str(kind),
        'lastModified': '2025-06-07T08:09:10Z',
        'rating': 4.0,
        'confidence': 85,
        'privateFlag': False,
        'active': True,
        'activeLocked': False,
        **_ROW_VALUES[kind],
        'attributes': {},
        'tags': {},
        'securityLabels': {},
        'associatedGroups': {},
        'threatAssessScore': 612,
    }
    return {name: value for name, value in (row | members).items() if value is not None}


def make_indicator(kind: IndicatorType = IndicatorType.ADDRESS, **fields: Any) -> Indicator:
    """An Indicator; its summary follows its value where the test names only the latter."""
    values = _VALUES[kind] | fields
    values.setdefault('summary', values['value'])
    if 'value' in fields and 'summary' not in fields:
        values['summary'] = fields['value']
    defaults: dict[str, Any] = {
        'id': 9007199254740993,
        'type': kind,
        'owner_name': 'Example Org',
        'added_at': dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        'modified_at': dt.datetime(2025, 6, 7, 8, 9, 10, tzinfo=dt.UTC),
        'rating': 4.0,
        'confidence': 85,
        'threat_assess_score': 612,
        'web_link': 'https://tc.example.test/#/details/indicators/9007199254740993/overview',
    }
    return Indicator(**(defaults | values))


def make_options(
    pattern_style: PatternStyle = PatternStyle.AS_IN_THE_GUIDE,
    **ttl_hours: int,
) -> MappingOptions:
    """Mapping options with one TTL for all types; single types by their enum's name."""
    hours = {kind: ttl_hours.get(kind.name.lower(), TTL_HOURS) for kind in IndicatorType}
    return MappingOptions(ttl_hours=hours, pattern_style=pattern_style)


def make_objects(
    indicator: Indicator, *, now: dt.datetime = NOW, options: MappingOptions | None = None
) -> list[dict[str, object]]:
    """All objects of an Indicator, as a first update makes them at `now`."""
    options = options or make_options()
    return [
        stix_object(
            indicator,
            key,
            object_id=object_id(key),
            created_at=indicator.added_at,
            modified_at=now,
            valid_until_at=valid_until(indicator, now, options),
            options=options,
        )
        for key in object_keys(indicator)
    ]
