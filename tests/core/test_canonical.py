from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.canonical import (
    address_text,
    as_number,
    canonical_address,
    canonical_block,
    canonical_value,
    network_text,
    plain_address,
    plain_network,
    registry_summary,
)
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import object_keys
from tests.harness.builders.indicator import make_indicator
from tests.harness.strategies import any_text, law


def canonical(kind: IndicatorType, value: str, **fields: object) -> str:
    return canonical_value(make_indicator(kind, value=value, **fields))


@pytest.mark.parametrize(
    ('kind', 'value', 'expected'),
    [
        (IndicatorType.ADDRESS, '198.51.100.23', '198.51.100.23'),
        (IndicatorType.ADDRESS, '2001:DB8::5', '2001:db8:0:0:0:0:0:5'),
        (IndicatorType.ADDRESS, '2001:0db8:0:0:0:0:0:0005', '2001:db8:0:0:0:0:0:5'),
        (IndicatorType.ASN, 'asn64500', 'ASN64500'),
        (IndicatorType.CIDR, '203.0.113.9/24', '203.0.113.0/24'),
        (IndicatorType.CIDR, '2001:DB8::/32', '2001:db8:0:0:0:0:0:0/32'),
        (IndicatorType.CIDR, '::ffff:0:0/95', '0:0:0:0:0:fffe:0:0/95'),
        (IndicatorType.EMAIL_ADDRESS, 'Phish@Example.COM', 'phish@example.com'),
        (IndicatorType.EMAIL_ADDRESS, 'a@[IPv6:2001:db8::5]', 'a@[ipv6:2001:db8::5]'),
        (IndicatorType.EMAIL_SUBJECT, ' Invoice: "Overdue" ', ' Invoice: "Overdue" '),
        (IndicatorType.HOST, 'C2.Example.Net.', 'c2.example.net'),
        (IndicatorType.HOST, '*._tcp.Example.Net', '*._tcp.example.net'),
        (IndicatorType.HOST, '.', ''),
        (IndicatorType.URL, 'HTTP://Bad.Example.org/Path?Q=1', 'http://bad.example.org/Path?Q=1'),
        (IndicatorType.URL, 'http://User@Example.org:80/', 'http://User@example.org:80/'),
        (IndicatorType.URL, 'Now.example.org:80/Path', 'Now.example.org:80/Path'),
        (IndicatorType.URL, 'a.org/?to=HTTP://B.org', 'a.org/?to=HTTP://B.org'),
    ],
)
def test_canonical_value_of_each_type(kind: IndicatorType, value: str, expected: str) -> None:
    assert canonical(kind, value) == expected


@pytest.mark.parametrize(
    ('kind', 'spellings'),
    [
        (
            IndicatorType.ADDRESS,
            [
                '198.51.100.7',
                '::ffff:198.51.100.7',
                '::FFFF:c633:6407',
                '0:0:0:0:0:ffff:c633:6407',
                '0000:0000:0000:0000:0000:ffff:198.51.100.7',
            ],
        ),
        (
            IndicatorType.CIDR,
            [
                '198.51.100.0/24',
                '198.51.100.7/24',
                '198.51.100.0/255.255.255.0',
                '::ffff:198.51.100.0/120',
                '0:0:0:0:0:ffff:c633:6407/120',
            ],
        ),
        (IndicatorType.ASN, ['ASN64500', 'AS64500', '64500', 'as 64500', 'ASN0064500']),
        (
            IndicatorType.HOST,
            ['bücher.example', 'BÜCHER.example.', 'bu\u0308cher.example', 'xn--bcher-kva.example'],
        ),
        (IndicatorType.EMAIL_ADDRESS, ['a@bücher.example', 'A@xn--bcher-kva.example.']),
        (
            IndicatorType.URL,
            ['http://bücher.example:80/A', 'HTTP://BÜCHER.example:80/A'],
        ),
        (
            IndicatorType.EMAIL_SUBJECT,
            ['Rechnung überfällig', '=?UTF-8?B?UmVjaG51bmcgw7xiZXJmw6RsbGln?='],
        ),
    ],
)
def test_spellings_of_one_value_share_a_key(kind: IndicatorType, spellings: list[str]) -> None:
    keys = {object_keys(make_indicator(kind, value=value)) for value in spellings}
    assert len(keys) == 1


@law
@given(st.ip_addresses(v=4), st.integers(min_value=0, max_value=32))
def test_mapped_address_or_block_equals_the_one_it_maps(
    address: ipaddress.IPv4Address, length: int
) -> None:
    mapped = f'::ffff:{address}'
    assert canonical(IndicatorType.ADDRESS, mapped) == str(address)
    block = str(ipaddress.ip_network(f'{address}/{length}', strict=False))
    assert canonical(IndicatorType.CIDR, f'{mapped}/{length + 96}') == block


@law
@given(st.ip_addresses(v=6))
def test_ipv6_address_has_one_key_in_every_spelling(address: ipaddress.IPv6Address) -> None:
    spellings = {str(address), address.exploded, address.exploded.upper()}
    assert len({canonical(IndicatorType.ADDRESS, text) for text in spellings}) == 1


@pytest.mark.parametrize(
    ('name', 'kind', 'summary'),
    [
        ('loader', 'REG_SZ', 'HKLM\\Run : loader : REG_SZ'),
        (None, 'REG_NONE', 'HKLM\\Run :   : REG_NONE'),
        ('loader', None, 'HKLM\\Run : loader'),
    ],
)
def test_registry_key_is_identified_by_all_its_parts(
    name: str | None, kind: str | None, summary: str
) -> None:
    assert registry_summary('HKLM\\Run', name, kind) == summary
    fields = {'registry_value_name': name, 'registry_value_type': kind}
    assert canonical(IndicatorType.REGISTRY_KEY, 'HKLM\\Run', **fields) == summary


@pytest.mark.parametrize(
    ('text', 'number'),
    [
        ('ASN0', 0),
        ('asn4294967295', 2**32 - 1),
        ('ASN4294967296', None),
        ('ASN1.10', None),
        ('ASN', None),
        ('ASN-1', None),
        ('AS64500 EXAMPLE-NET', None),
        ('ASN٣', None),
        ('X64500', None),
        ('', None),
    ],
)
def test_number_of_an_autonomous_system(text: str, number: int | None) -> None:
    assert as_number(text) == number


@law
@given(
    st.sampled_from(
        [
            IndicatorType.ASN,
            IndicatorType.EMAIL_ADDRESS,
            IndicatorType.EMAIL_SUBJECT,
            IndicatorType.HOST,
            IndicatorType.URL,
        ]
    ),
    any_text,
)
def test_canonical_form_exists_for_any_text(kind: IndicatorType, text: str) -> None:
    canonical(kind, text)


def written(read: Callable[[str], str], text: str) -> str | None:
    try:
        return read(text)
    except ValueError:
        return None


addresses = st.ip_addresses().flatmap(
    lambda address: st.sampled_from(
        [
            f'{address}',
            f'{address.exploded}',
            f'{address}'.upper(),
            f'0{address}',
            address_text(address),
            f'{address_text(address)}:0',
            f'{address}%eth0',
            f'::ffff:{address}',
        ]
    )
)
groups = st.lists(st.sampled_from(['0', '00', 'ffff', 'FFFF', 'a', '01', '1', '12345', '']))


@law
@given(addresses | groups.map(':'.join) | groups.map('.'.join) | st.text('0159.', max_size=16))
def test_usual_address_has_the_same_form_as_by_the_general_path(text: str) -> None:
    assert written(canonical_address, text) == written(
        lambda each: address_text(plain_address(each)), text
    )


@law
@given(
    addresses, st.sampled_from(['/0', '/8', '/32', '/33', '/96', '/128', '/129', '', '/x', '%1'])
)
def test_block_is_written_as_its_network(address: str, end: str) -> None:
    text = f'{address}{end}'
    assert written(canonical_block, text) == written(
        lambda each: network_text(plain_network(each)), text
    )
