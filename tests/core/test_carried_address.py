from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.carried_address import carried_blocks
from tests.harness.strategies import law

ADDRESS = ipaddress.IPv4Address


def _hex(address: ipaddress.IPv4Address) -> str:
    return f'{int(address) >> 16:x}:{int(address) & 0xFFFF:x}'


def _inverted(address: ipaddress.IPv4Address) -> str:
    return _hex(ADDRESS(int(address) ^ 0xFFFFFFFF))


def _split(address: ipaddress.IPv4Address, gap: int) -> str:
    """An address of local NAT64: so many bytes, a zero byte, the others. Source: RFC 6052, 2.2."""
    packed = address.packed
    tail = packed[:gap] + b'\0' + packed[gap:]
    begin = bytes.fromhex('0064ff9b0001') + bytes(2 - gap)
    return str(ipaddress.IPv6Address((begin + tail).ljust(16, b'\0')))


FORMS = {
    'IPv4-mapped': lambda address: f'::ffff:{address}',
    'IPv4-compatible': lambda address: f'::{address}',
    'IPv4-translated': lambda address: f'::ffff:0:{address}',
    'NAT64': lambda address: f'64:ff9b::{address}',
    'local NAT64, 48 bits': lambda address: _split(address, 2),
    'local NAT64, 56 bits': lambda address: _split(address, 1),
    'local NAT64, 64 bits': lambda address: _split(address, 0),
    'local NAT64, 96 bits': lambda address: f'64:ff9b:1:2:3:4:{address}',
    '6to4': lambda address: f'2002:{_hex(address)}:1::9',
    'Teredo client': lambda address: f'2001:0:4136:e378:8000:63bf:{_inverted(address)}',
    'Teredo server': lambda address: f'2001:0:{_hex(address)}:8000:63bf:a3a3:a3a3',
    'ISATAP, local': lambda address: f'fe80::5efe:{address}',
    'ISATAP, global': lambda address: f'2a00:1:2:3:200:5efe:{address}',
}
"""Each form of an IPv6 address that carries an IPv4 address, as its specification writes it."""


@law
@given(st.ip_addresses(v=4), st.sampled_from(sorted(FORMS)))
def test_carried_address_is_found_in_every_form_that_carries_it(
    address: ipaddress.IPv4Address, form: str
) -> None:
    if int(address) >> 24 == 0 and form.startswith(('IPv4-compatible', 'local NAT64')):
        return  # nobody has such an address; the unspecified and the loopback address look so
    whole = ipaddress.IPv6Network(FORMS[form](address))
    assert ipaddress.IPv4Network(address) in carried_blocks(whole)


@pytest.mark.parametrize(
    ('block', 'carried'),
    [
        ('::ffff:10.0.0.0/104', ['10.0.0.0/8']),
        ('::ffff:0:0/96', ['0.0.0.0/0']),
        ('64:ff9b::a00:0/112', ['10.0.0.0/16']),
        ('2002:a00::/24', ['10.0.0.0/8']),
        ('2002:a00:1::/48', ['10.0.0.1/32']),
        ('2002:a00:1:2::/64', ['10.0.0.1/32']),
        ('2001:0:a00:1::/64', ['10.0.0.1/32', '0.0.0.0/0']),
        ('64:ff9b:1:a00::/64', ['10.0.0.0/16', '0.0.0.0/0']),
        ('64:ff9b:1::10.0.0.0', ['10.0.0.0/32']),
        ('fe80::5efe:a00:0/120', ['10.0.0.0/24']),
    ],
)
def test_block_yields_the_block_that_it_carries(block: str, carried: list[str]) -> None:
    assert [str(each) for each in carried_blocks(ipaddress.IPv6Network(block))] == carried


@pytest.mark.parametrize(
    'block',
    [
        '::',
        '::1',
        '::/120',
        '64:ff9b:1::1',
        '2001:db8::10.0.0.1',
        'fe80::10.0.0.1',
        'fe80::100:5efe:10.0.0.1',
        '64:ff9b:2::10.0.0.1',
        '::/0',
        '::/95',
        'fe80::5efe:0:0/95',
    ],
)
def test_other_addresses_carry_nothing(block: str) -> None:
    assert carried_blocks(ipaddress.IPv6Network(block, strict=False)) == ()


@law
@given(st.ip_addresses(v=4), st.sampled_from(sorted(FORMS)), st.integers(96, 128))
def test_parts_of_a_block_carry_parts_of_its_carried_block(
    address: ipaddress.IPv4Address, form: str, length: int
) -> None:
    small = ipaddress.IPv6Network(FORMS[form](address))
    large = small.supernet(new_prefix=length)
    for outer in carried_blocks(large):
        # The beginning of a block may look like another form, too.
        is_inside = [inner.subnet_of(outer) for inner in carried_blocks(small)]
        assert any(is_inside) or form.startswith(('local NAT64', 'IPv4-compatible'))
