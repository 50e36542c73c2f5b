"""What logs hold of each type, and whether the patterns of each style find it there.

STIX compares texts character by character, and so do rules that join on `ObservableValue`. The
table is in docs/mapping.md, and `stix2-matcher` holds the App to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stix2matcher.matcher import match

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import MD5, SHA1, SHA256, make_objects, make_options, make_row

_KEY = 'HKEY_LOCAL_MACHINE\\Software\\Ex\\Run'
_ENCODED = '=?UTF-8?B?UmVjaG51bmcgw7xiZXJmw6RsbGln?='
_UUID = 'e1b5ef55-0b9c-4a4b-8f3c-3f2b5a0c9d11'

# A type, its member of a row, and where STIX observes it.
_IPV4 = (IndicatorType.ADDRESS, 'ip', 'ipv4-addr:value')
_IPV6 = (IndicatorType.ADDRESS, 'ip', 'ipv6-addr:value')
_IPV4_BLOCK = (IndicatorType.CIDR, 'Block', 'ipv4-addr:value')
_IPV6_BLOCK = (IndicatorType.CIDR, 'Block', 'ipv6-addr:value')
_ASN = (IndicatorType.ASN, 'AS Number', 'autonomous-system:name')
_EMAIL = (IndicatorType.EMAIL_ADDRESS, 'address', 'email-addr:value')
_SUBJECT = (IndicatorType.EMAIL_SUBJECT, 'Subject', 'email-message:subject')
_HOST = (IndicatorType.HOST, 'hostName', 'domain-name:value')
_URL = (IndicatorType.URL, 'text', 'url:value')
_MD5 = (IndicatorType.FILE, 'md5', 'MD5')
_SHA1 = (IndicatorType.FILE, 'sha1', 'SHA-1')
_SHA256 = (IndicatorType.FILE, 'sha256', 'SHA-256')
_REGISTRY_KEY = (IndicatorType.REGISTRY_KEY, 'Key Name', 'windows-registry-key:key')


@dataclass(frozen=True, slots=True)
class Sighting:
    """A value as ThreatConnect has it, the same as a log has it, and which style finds it."""

    place: tuple[IndicatorType, str, str]
    stored: str
    logged: str | int
    is_found_as_in_the_guide: bool
    is_found_as_logs_write_it: bool

    @property
    def kind(self) -> IndicatorType:
        return self.place[0]

    @property
    def path(self) -> str:
        """The left side of the pattern, with the hash's kind for a File."""
        kind, _, observed = self.place
        return f"file:hashes.'{observed}'" if kind is IndicatorType.FILE else observed

    def is_expected(self, style: PatternStyle) -> bool:
        """Whether the table says that the pattern of a style finds it."""
        if style is PatternStyle.AS_IN_THE_GUIDE:
            return self.is_found_as_in_the_guide
        return self.is_found_as_logs_write_it

    def is_found(self, style: PatternStyle) -> bool:
        """Whether it does, in the judgment of `stix2-matcher`."""
        kind, member, _ = self.place
        others = dict.fromkeys(('md5', 'sha1', 'sha256')) if kind is IndicatorType.FILE else {}
        row = make_row(kind, **{**others, 'summary': self.stored, member: self.stored})
        observed = _observed(self.place[2], self.logged)
        return any(
            match(stix['pattern'], [observed], stix_version='2.1')
            for stix in make_objects(parse_indicator(row), options=make_options(style))
        )


def _observed(path: str, logged: str | int) -> dict[str, Any]:
    """A bundle with one observation, as `stix2-matcher` takes it."""
    name, _, member = path.partition(':')
    what: dict[str, Any] = {'type': name, member: logged}
    if not member:
        what = {'type': 'file', 'hashes': {name: logged}}
    if name == 'windows-registry-key':
        what['values'] = [{'name': 'loader', 'data_type': 'REG_SZ'}]
    if isinstance(logged, int):
        what = {'type': name, 'number': logged}
    what |= {'id': f'{what["type"]}--{_UUID}', 'spec_version': '2.1'}
    time = '2026-03-04T10:00:00.000Z'
    observation = {
        'type': 'observed-data', 'spec_version': '2.1', 'id': f'observed-data--{_UUID}',
        'created': time, 'modified': time, 'first_observed': time, 'last_observed': time,
        'number_observed': 1, 'object_refs': [what['id']],
    }  # fmt: skip
    return {'type': 'bundle', 'id': f'bundle--{_UUID}', 'objects': [observation, what]}


SIGHTINGS = (
    Sighting(_IPV4, '198.51.100.23', '198.51.100.23', True, True),
    Sighting(_IPV6, '2001:db8:0:0:0:0:0:5', '2001:db8::5', False, True),
    Sighting(_IPV4, '0:0:0:0:0:ffff:c633:6407', '198.51.100.7', True, True),
    Sighting(_ASN, 'ASN64500', 'ASN64500', True, True),
    Sighting(_ASN, 'ASN64500', 64500, False, False),
    Sighting(_IPV4_BLOCK, '203.0.113.0/24', '203.0.113.0/24', True, True),
    Sighting(_IPV4_BLOCK, '203.0.113.0/24', '203.0.113.9', False, False),
    Sighting(_IPV6_BLOCK, '2001:db8:0:0:0:0:0:0/32', '2001:db8::/32', False, True),
    Sighting(_EMAIL, 'Phish@Example.com', 'phish@example.com', True, True),
    Sighting(_SUBJECT, 'Invoice: "overdue"', 'Invoice: "overdue"', True, True),
    Sighting(_SUBJECT, _ENCODED, 'Rechnung überfällig', False, True),
    Sighting(_SUBJECT, _ENCODED, _ENCODED, True, False),
    Sighting(_MD5, MD5, MD5.lower(), False, True),
    Sighting(_SHA1, SHA1, SHA1.lower(), False, True),
    Sighting(_SHA256, SHA256, SHA256.lower(), False, True),
    Sighting(_SHA256, SHA256, SHA256, True, False),
    Sighting(_HOST, 'C2.Example.net', 'c2.example.net', True, True),
    Sighting(_HOST, 'bücher.example', 'xn--bcher-kva.example', True, True),
    Sighting(_REGISTRY_KEY, _KEY, _KEY, False, True),
    Sighting(_REGISTRY_KEY, _KEY, _KEY.replace('\\', '/'), False, False),
    Sighting(_URL, 'HTTP://Bad.Example.org/A?b', 'http://bad.example.org/A?b', True, True),
)
