"""What Sentinel should hold, worked out anew from ThreatConnect's rows and the saved queries.

It knows how a value becomes a pattern and which copy of a value has precedence, in its own words;
it shares nothing with the App but the specification.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulators.threatconnect import Store

Data = Mapping[str, Any]
_HASHES = {'md5': 'MD5', 'sha1': 'SHA-1', 'sha256': 'SHA-256'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The copy of a value that Sentinel should hold."""

    row_id: int
    owner: str
    name: str
    confidence: int | None
    position: int
    """Of the query that holds it, 0 the highest."""

    def fits(self, stix: Mapping[str, Any]) -> bool:
        """Whether an object was made of this copy, as it is now."""
        return stix['name'] == self.name and stix.get('confidence') == self.confidence


def expected_objects(
    store: Store,
    queries: Sequence[Mapping[str, Any]],
    may_be_sent: Callable[[Data], bool] | None = None,
) -> dict[str, Expected]:
    """Return the object that each pattern should have.

    Args:
        store: what ThreatConnect holds.
        queries: the saved list, highest precedence first.
        may_be_sent: a further condition of a test, about inputs that hold Indicators back.
    """
    now = store.now_text()
    found: dict[str, Expected] = {}
    for position, query in enumerate(queries):
        copies: dict[str, Data] = {}
        for row in _selected(store, query):
            is_expired = row.get('externalDateExpires', '9') <= now
            if is_expired or not row['active'] or not (may_be_sent is None or may_be_sent(row)):
                continue
            for pattern, _ in patterns(row):
                best = copies.get(pattern)
                if best is None or _rank(row) > _rank(best):
                    copies[pattern] = row
        for pattern, row in copies.items():
            found.setdefault(pattern, _expected(pattern, row, position))
    return found


def _selected(store: Store, query: Mapping[str, Any]) -> list[Data]:
    """The rows of a query, its own text asked alone, so that nothing can reach out of it."""
    return [
        row
        for row in store.rows(query['tql'] or None)
        if row['ownerName'] in query['owners'] and row['type'] in query['indicator_types']
    ]


def _rank(row: Data) -> tuple[str, int]:
    """The most recently modified copy wins, then the lowest id."""
    return row['lastModified'], -row['id']


def _expected(pattern: str, row: Data, position: int) -> Expected:
    value = dict(patterns(row))[pattern]
    return Expected(
        row_id=row['id'],
        owner=row['ownerName'],
        name=f'{value} | {row["ownerName"]}',
        confidence=row.get('confidence'),
        position=position,
    )


def patterns(row: Data) -> Iterator[tuple[str, str]]:
    """Yield the pattern of each object that a row makes, with the value in its name."""
    match row['type']:
        case 'Address':
            value = _address(row['ip'])
            yield _one('ipv6-addr:value' if ':' in value else 'ipv4-addr:value', value), row['ip']
        case 'CIDR':
            network = ipaddress.ip_network(row['Block'], strict=False)
            block = f'{_address(str(network.network_address))}/{network.prefixlen}'
            path = 'ipv6-addr:value' if ':' in block else 'ipv4-addr:value'
            yield _one(path, block), row['Block']
        case 'Host':
            name = row['hostName']
            yield _one('domain-name:value', name.lower().rstrip('.')), name
        case 'URL':
            yield _one('url:value', row['text']), row['text']
        case 'File':
            for key, kind in _HASHES.items():
                if row.get(key):
                    yield _one(f"file:hashes.'{kind}'", row[key].upper()), row[key]
        case 'ASN':
            yield _one('autonomous-system:name', row['AS Number'].upper()), row['AS Number']
        case 'EmailAddress':
            yield _one('email-addr:value', row['address'].lower()), row['address']
        case 'Email Subject':
            yield _one('email-message:subject', row['Subject']), row['Subject']
        case _:
            yield _registry(row), row['summary']


def _registry(row: Data) -> str:
    parts = [_equal('windows-registry-key:key', row['Key Name'].replace('\\', '/'))]
    if row.get('Value Name', '').strip():
        parts.append(_equal('windows-registry-key:values.name', row['Value Name']))
    if row.get('Value Type'):
        parts.append(_equal('windows-registry-key:values.data_type', row['Value Type']))
    return f'[{" AND ".join(parts)}]'


def _address(text: str) -> str:
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return ':'.join(f'{int(group, 16):x}' for group in address.exploded.split(':'))


def _one(path: str, value: str) -> str:
    return f'[{_equal(path, value)}]'


def _equal(path: str, value: str) -> str:
    escaped = value.replace('\\', '\\\\').replace("'", "\\'")
    return f"{path} = '{escaped}'"
