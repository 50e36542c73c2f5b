"""IPv4 addresses embedded in IPv6 addresses: a connection to one reaches the other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_IPV4_BITS = 32
_IPV6_BITS = 128
_ALL_ONES = 2**_IPV4_BITS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """Layout of the IPv4 address embedded under an IPv6 prefix.

    Attributes:
        prefix: the prefix of all such addresses.
        pieces: first bit and number of bits of each piece of the IPv4 address, in order.
        is_inverted: whether each bit is inverted.
        zeros: first bit and number of bits of the part that must be zero.
        is_certain: False if other addresses share the prefix. Those mostly decode to addresses in
            0.0.0.0/8, which no host has.
    """

    prefix: ipaddress.IPv6Network
    pieces: tuple[tuple[int, int], ...] = ((96, 32),)
    is_inverted: bool = False
    zeros: tuple[tuple[int, int], ...] = ()
    is_certain: bool = True


_LOCAL_NAT64 = ipaddress.IPv6Network('64:ff9b:1::/48')
_TEREDO = ipaddress.IPv6Network('2001::/32')
_FORMS = (
    _Form(prefix=ipaddress.IPv6Network('::ffff:0:0/96')),
    # Among these are the unspecified and the loopback address.
    _Form(prefix=ipaddress.IPv6Network('::/96'), is_certain=False),
    _Form(prefix=ipaddress.IPv6Network('::ffff:0:0:0/96')),
    _Form(prefix=ipaddress.IPv6Network('64:ff9b::/96')),
    # The operator chooses the length of the prefix, and the address does not say which.
    _Form(
        prefix=_LOCAL_NAT64,
        pieces=((48, 16), (72, 16)),
        zeros=((64, 8), (88, 40)),
        is_certain=False,
    ),
    _Form(
        prefix=_LOCAL_NAT64,
        pieces=((56, 8), (72, 24)),
        zeros=((64, 8), (96, 32)),
        is_certain=False,
    ),
    _Form(prefix=_LOCAL_NAT64, pieces=((72, 32),), zeros=((64, 8), (104, 24)), is_certain=False),
    _Form(prefix=_LOCAL_NAT64, is_certain=False),
    _Form(prefix=ipaddress.IPv6Network('2002::/16'), pieces=((16, 32),)),
    # The server's address, and that of the client behind its NAT.
    _Form(prefix=_TEREDO, pieces=((32, 32),)),
    _Form(prefix=_TEREDO, is_inverted=True),
)
"""IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64, local NAT64, 6to4 and Teredo.

Source: RFC 4291, 2.5.5; RFC 7915, RFC 2765; RFC 6052, 2.2; RFC 8215; RFC 3056; RFC 4380, 4.
"""

_HEAD_BITS = min(form.prefix.prefixlen for form in _FORMS)
_HEADS = frozenset(int(form.prefix.network_address) >> (_IPV6_BITS - _HEAD_BITS) for form in _FORMS)
"""First bits of the prefixes; hardly any address begins with them."""

_NOBODY = ipaddress.IPv4Network('0.0.0.0/8')
_ISATAP = _Form(prefix=ipaddress.IPv6Network('::/0'))
_ISATAP_MARKS = frozenset({0x00005EFE, 0x02005EFE})
"""The upper half of the interface identifier, with a local and with a global IPv4 address.

Source: RFC 5214, 6.1.
"""


def is_inside(block: Network, network: Network) -> bool:
    """Return whether all addresses of a block are in a network."""
    # Far faster than `subnet_of`, which computes the last addresses of both.
    return (
        block.version == network.version
        and block.prefixlen >= network.prefixlen
        and block.network_address in network
    )


def carried_blocks(block: ipaddress.IPv6Network) -> tuple[ipaddress.IPv4Network, ...]:
    """Return the IPv4 blocks embedded in the addresses of an IPv6 block, without repeats.

    A block of one address gives blocks of one address. Empty unless all of its addresses embed one
    in the same way.
    """
    return tuple(dict.fromkeys(_carried(block)))


def _carried(block: ipaddress.IPv6Network) -> Iterator[ipaddress.IPv4Network]:
    number = int(block.network_address)
    for form in _FORMS if _bits(number, 0, _HEAD_BITS) in _HEADS else ():
        if not is_inside(block, form.prefix) or any(_bits(number, *each) for each in form.zeros):
            continue
        carried = _ipv4_block(block, form)
        if form.is_certain or not is_inside(carried, _NOBODY):
            yield carried
    is_isatap = _bits(number, 64, 32) in _ISATAP_MARKS
    if is_isatap and block.prefixlen >= _IPV6_BITS - _IPV4_BITS:
        yield _ipv4_block(block, _ISATAP)


def _ipv4_block(block: ipaddress.IPv6Network, form: _Form) -> ipaddress.IPv4Network:
    number = int(block.network_address)
    value = known_bits = 0
    for first, length in form.pieces:
        value = value << length | _bits(number, first, length)
        known_bits += min(max(block.prefixlen - first, 0), length)
    if form.is_inverted:
        value ^= _ALL_ONES
    return ipaddress.IPv4Network((value, known_bits), strict=False)


def _bits(number: int, first: int, length: int) -> int:
    return number >> (_IPV6_BITS - first - length) & (1 << length) - 1
