from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.host import email_host, host_address, normal_host
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.pattern import PATTERN_LIMIT, PatternStyle
from sentinel_app.core.value_fault import host_fault, indicator_fault, value_fault
from tests.harness.builders.indicator import SHA256, make_indicator, make_objects, make_options
from tests.harness.strategies import any_text, law

_LABELS = '.'.join(['a' * 63] * 3)


@pytest.mark.parametrize(
    ('host', 'words'),
    [
        ('http://evil.example/path', 'URL'),
        ('evil.example/path', 'URL'),
        ('evil.example\\path', 'URL'),
        ('evil.example?x', 'URL'),
        ('evil.example#x', 'URL'),
        ('evil.example:8080', 'has a port'),
        ('198.51.100.7:80', 'has a port'),
        ('evil::example', "contain ':'"),
        ('a@evil.example', 'e-mail'),
        ('evil example', 'contain blanks'),
        ('evil\u00a0example', 'contain blanks'),
        ('evil\texample', 'contain blanks'),
        ('198.51.100.7', 'IP address 198.51.100.7'),
        ('198.51.100.7.', 'IP address 198.51.100.7'),
        ('3325256711', 'IP address 198.51.100.7'),
        ('0xc6336407', 'IP address 198.51.100.7'),
        ('0306.063.0144.07', 'IP address 198.51.100.7'),
        ('198.51.25607', 'IP address 198.51.100.7'),
        ('\uff11\uff19\uff18.51.100.7', 'IP address 198.51.100.7'),
        ('2001:db8::5', 'IP address 2001:db8::5'),
        ('[2001:db8::5]', 'IP address 2001:db8::5'),
        ('::ffff:198.51.100.7', 'IP address ::ffff:c633:6407'),
        ('1.2.3.4.5', 'last label is a number'),
        ('256.1.1.1', 'last label is a number'),
        ('evil.0x1f', 'last label is a number'),
        ('.', 'empty'),
        ('...', 'empty'),
        ('\u200b', ''),
        ('.evil.example', 'empty label'),
        ('evil..example', 'empty label'),
        ('evil.example..', 'empty label'),
        ('evil,example', "contain ','"),
        ('evil[.]example', "contain '['"),
        ('evil(.)example', "contain '('"),
        ('<evil.example>', "contain '<'"),
        ("evil.example'", 'contain "\'"'),
        ('evil%2eexample', "contain '%'"),
        ('evil\x00.example', 'no'),
        ('a\u2100.example', 'no'),
        ('*', 'no letter or digit'),
        ('*._', 'no letter or digit'),
        ('-', 'no letter or digit'),
        ('a' * 64 + '.example', 'over 63'),
        ('ü' * 60 + '.example', ''),
        (f'{_LABELS}.{"a" * 62}', 'over 253'),
        ('a.' * 50_000, 'over 253'),
    ],
)
def test_invalid_host_name_has_a_fault(host: str, words: str) -> None:
    fault = host_fault(host)
    assert fault is not None
    assert words in fault
    assert value_fault(IndicatorType.HOST, host) == fault


@pytest.mark.parametrize(
    'host',
    [
        'c2.example.net',
        'C2.Example.Net.',
        'localhost',
        '*.example.net',
        '_dmarc.example.net',
        'a_b.example.net',
        '-a-.example.net',
        'r3---sn-x.example.net',
        '123.example',
        '198.51.100.7.example',
        'deadbeef',
        'xn--bcher-kva.example',
        'bücher.example',
        'BÜCHER。example',
        '例え.テスト',
        'faß.example',
        'testdomain.xn--fiqz9s',
        'a' * 63 + '.example',
        f'{_LABELS}.{"a" * 61}',
        f'{_LABELS}.{"a" * 61}.',
    ],
)
def test_valid_host_name_has_no_fault(host: str) -> None:
    assert host_fault(host) is None


@law
@given(st.ip_addresses())
def test_address_is_not_a_host_name(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    spellings = {str(address), address.exploded, f'{address}.', f'[{address}]', f' {address}'}
    if address.version == 4:
        spellings |= {str(int(address)), hex(int(address)), f'0{int(address):o}'}
    assert all(host_fault(text) for text in spellings)


@law
@given(any_text | st.text('aA1.-_*:/@%[]ü。\u200b ', max_size=12))
def test_valid_host_name_is_one_for_never_send_too(text: str) -> None:
    if host_fault(text) is None:
        name = normal_host(text)
        assert name
        assert host_address(name) is None
        assert name == normal_host(name)


@pytest.mark.parametrize(
    'address',
    [
        'phish@example.com',
        'Phish+tag@Example.COM',
        "o'brien_=?#!$%&*/@example.com",
        '.a..b.@example.com',
        '"a b"@example.com',
        '"a@b"@example.com',
        r'"a\"b"@example.com',
        'müller@bücher.example',
        'root@localhost',
        'a@[198.51.100.7]',
        'a@[IPv6:2001:db8::5]',
        'a' * 300 + '@example.com',
    ],
)
def test_valid_email_address_has_no_fault(address: str) -> None:
    assert value_fault(IndicatorType.EMAIL_ADDRESS, address) is None


@pytest.mark.parametrize(
    ('address', 'words'),
    [
        ('bad', 'no @'),
        ('@', 'mailbox'),
        ('@example.com', 'mailbox'),
        ('bad@', 'not a domain: it is empty'),
        ('bad@.', 'not a domain: it is empty'),
        ('Bad <bad@example.com>', 'mailbox'),
        ('<bad@example.com>', 'mailbox'),
        ('"Bad" <bad@example.com', 'mailbox'),
        ('bad@example.com (Bad)', 'not a domain'),
        ('bad bad@example.com', 'mailbox'),
        ('a@b@example.com', 'mailbox'),
        ('a,b@example.com', 'mailbox'),
        ('mailto:a@example.com', 'mailbox'),
        ('a@example.com,b@example.com', 'mailbox'),
        ('""@example.com', 'mailbox'),
        ('a\x01@example.com', 'mailbox'),
        ('a@exa mple.com', 'not a domain: a host name cannot contain blanks'),
        ('a@http://example.com', 'not a domain: it is a URL'),
        ('a@example.com:25', 'not a domain: it has a port'),
        ('a@198.51.100.7', 'not a domain: it is the IP address 198.51.100.7'),
        ('a@*.example.com', "domain has a '*'"),
        ('a@[evil]', 'not an address'),
        ('a@[198.51.100.7', 'not an address'),
        ('a@[]', 'not an address'),
    ],
)
def test_invalid_email_address_has_a_fault(address: str, words: str) -> None:
    fault = value_fault(IndicatorType.EMAIL_ADDRESS, address)
    assert fault is not None
    assert words in fault


@law
@given(any_text | st.text('aA1.-_*:/@%[]"<> ', max_size=12))
def test_valid_email_address_has_a_host_for_never_send(text: str) -> None:
    if value_fault(IndicatorType.EMAIL_ADDRESS, text) is None:
        assert email_host(text)


@pytest.mark.parametrize(
    ('kind', 'value', 'is_right'),
    [
        (IndicatorType.ADDRESS, '198.51.100.7', True),
        (IndicatorType.ADDRESS, '::ffff:198.51.100.7', True),
        (IndicatorType.ADDRESS, 'fe80::1%eth0', False),
        (IndicatorType.ADDRESS, '198.051.100.7', False),
        (IndicatorType.ADDRESS, '0x7f.1', False),
        (IndicatorType.ADDRESS, '198.51.100.0/24', False),
        (IndicatorType.ADDRESS, '[2001:db8::5]', False),
        (IndicatorType.CIDR, '203.0.113.9/24', True),
        (IndicatorType.CIDR, '203.0.113.0/255.255.255.0', True),
        (IndicatorType.CIDR, 'fe80::%eth0/64', False),
        (IndicatorType.CIDR, 'fe80::/64%eth0', False),
        (IndicatorType.CIDR, '203.0.113.0/', False),
        (IndicatorType.CIDR, '203.0.113.0/33', False),
        (IndicatorType.CIDR, '203.0.113.0/-1', False),
        (IndicatorType.CIDR, '203.0.113.0/24/24', False),
        (IndicatorType.CIDR, '203.0.113.0 - 203.0.113.255', False),
        (IndicatorType.CIDR, 'evil.example/24', False),
        (IndicatorType.ASN, 'ASN64500', True),
        (IndicatorType.ASN, 'AS64500', True),
        (IndicatorType.ASN, '64500', True),
        (IndicatorType.ASN, 'ASN64500 Example', False),
        (IndicatorType.ASN, 'Example', False),
        (IndicatorType.ASN, 'ASN4294967296', False),
        (IndicatorType.URL, 'http://evil.example/', True),
        (IndicatorType.URL, 'evil.example', True),
        (IndicatorType.URL, 'http://198.51.100.7', True),
        (IndicatorType.URL, 'file:///etc/passwd', True),
        (IndicatorType.URL, 'smb://198.51.100.7/share', True),
        (IndicatorType.URL, "http://example.com/evil.txt')", True),
        (IndicatorType.URL, 'http://', False),
        (IndicatorType.URL, 'https:///', False),
        (IndicatorType.URL, 'http://?x=1', False),
        (IndicatorType.URL, 'http://:80/', False),
        (IndicatorType.URL, 'http://user@/', False),
        (IndicatorType.URL, 'ftp://./', False),
        (IndicatorType.URL, 'file:///', False),
        (IndicatorType.URL, 'smb://', False),
        (IndicatorType.URL, '//', False),
        (IndicatorType.URL, '?', False),
        (IndicatorType.EMAIL_SUBJECT, 'anything: at all', True),
        (IndicatorType.REGISTRY_KEY, 'HKLM', True),
    ],
)
def test_valid_value_of_each_type_has_no_fault(
    kind: IndicatorType, value: str, is_right: bool
) -> None:
    assert (value_fault(kind, value) is None) is is_right


@pytest.mark.parametrize(
    ('kind', 'fields'),
    [
        (IndicatorType.HOST, {'value': '.'}),
        (IndicatorType.EMAIL_SUBJECT, {'value': '=?utf-8?q??='}),
        (IndicatorType.EMAIL_SUBJECT, {'value': '=?utf-8?b?ICA=?='}),
        (IndicatorType.URL, {'value': ''}),
        (IndicatorType.FILE, {'hashes': ((HashKind.MD5, ''),)}),
    ],
)
def test_value_whose_canonical_form_is_empty_is_a_fault(
    kind: IndicatorType, fields: dict[str, object]
) -> None:
    fault = indicator_fault(make_indicator(kind, **fields))
    assert fault is not None
    assert 'canonical form is empty' in fault


@pytest.mark.parametrize(
    ('kind', 'field'),
    [
        (IndicatorType.EMAIL_SUBJECT, 'value'),
        (IndicatorType.URL, 'value'),
        (IndicatorType.REGISTRY_KEY, 'value'),
        (IndicatorType.REGISTRY_KEY, 'registry_value_name'),
    ],
)
@pytest.mark.parametrize('character', ['a', 'ü', '\\', "'"])
def test_pattern_is_sent_whole_or_not_at_all(
    kind: IndicatorType, field: str, character: str
) -> None:
    def longest(length: int) -> int:
        fields = {'value': 'a', field: character * length}
        objects = [
            stix
            for style in PatternStyle
            for stix in make_objects(make_indicator(kind, **fields), options=make_options(style))
        ]
        return max(len(str(stix['pattern']).encode()) for stix in objects)

    base = longest(10_000)
    fitting = 10_000 + (PATTERN_LIMIT - 1 - base) // (longest(10_001) - base)
    assert longest(fitting) < PATTERN_LIMIT <= longest(fitting + 1)
    at_limit = {'value': 'a', field: character * fitting}
    beyond = {'value': 'a', field: character * (fitting + 1)}
    assert indicator_fault(make_indicator(kind, **at_limit)) is None
    fault = indicator_fault(make_indicator(kind, **beyond))
    assert fault is not None
    assert '32,766 bytes' in fault


def test_long_summary_of_a_file_is_no_fault() -> None:
    hashes = ((HashKind.SHA256, SHA256),)
    assert (
        indicator_fault(make_indicator(IndicatorType.FILE, value='x' * 10**5, hashes=hashes))
        is None
    )
