"""Containment of values: the blocks of an address, the parents of a host, the host of a URL."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from sentinel_app.core.canonical import Network, address_text, plain_address, plain_network
from sentinel_app.core.host import email_host, host_address, url_host
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.registry import long_key
from sentinel_app.core.value import summary_digest

_IPV4: Final = 4
_BITS: Final = {4: 32, 6: 128}


class Relation(StrEnum):
    """Relation of one value to another."""

    HOST = 'host'
    """The host of a URL, or the domain of an e-mail address."""
    BLOCK = 'block'
    """A block that contains an address or another block."""
    PARENT = 'parent'
    """A parent domain of a host."""
    URL = 'url'
    """A URL on a host or an address."""
    READING = 'reading'
    """Another reading of the same text."""


def enclosing_keys(key: ObjectKey) -> Iterator[tuple[Relation, ObjectKey]]:
    """Yield the keys of the values that contain the value of a key, the nearest first.

    There are as many as an address has prefixes or a host has labels, so all of them can be looked
    up: at most 33 blocks for an IPv4 address and 129 for an IPv6 address.
    """
    if key.type in {IndicatorType.ADDRESS, IndicatorType.CIDR}:
        yield from ((Relation.BLOCK, block) for block in _blocks(key))
    elif key.type is IndicatorType.HOST:
        yield from ((Relation.PARENT, parent) for parent in _parents(key.value))
    elif key.type is IndicatorType.URL:
        yield from _host_and_more(url_host(key.value))
    elif key.type is IndicatorType.EMAIL_ADDRESS:
        yield from _host_and_more(email_host(key.value))


def container_digest(key: ObjectKey) -> int | None:
    """Return a digest of the container by which people search for a value; None if there is none.

    That is the host of a URL, or the key of a Registry Key in any case.
    """
    if key.type is IndicatorType.URL:
        return _host_digest(url_host(key.value))
    if key.type is IndicatorType.REGISTRY_KEY:
        return _registry_digest(key.value)
    return None


def contents_digest(key: ObjectKey) -> int | None:
    """Return the `container_digest` of what the value of a key contains."""
    if key.type in {IndicatorType.ADDRESS, IndicatorType.HOST}:
        return _host_digest(key.value)
    return _registry_digest(key.value) if key.type is IndicatorType.REGISTRY_KEY else None


def _host_digest(host: str) -> int | None:
    address = host_address(host) if host else None
    name = host if address is None else address_text(address)
    return summary_digest(IndicatorType.HOST, name) if name else None


def _registry_digest(value: str) -> int | None:
    key = long_key(value.partition(' : ')[0].removesuffix(' :'))
    return summary_digest(IndicatorType.REGISTRY_KEY, key.upper()) if key else None


def _host_and_more(host: str) -> Iterator[tuple[Relation, ObjectKey]]:
    if not host:
        return
    address = host_address(host)
    if address is None:
        own = ObjectKey(IndicatorType.HOST, host)
    else:
        own = ObjectKey(IndicatorType.ADDRESS, address_text(plain_address(str(address))))
    yield Relation.HOST, own
    yield from enclosing_keys(own)


def _parents(host: str) -> Iterator[ObjectKey]:
    _, _, parent = host.partition('.')
    while parent:
        yield ObjectKey(IndicatorType.HOST, parent)
        _, _, parent = parent.partition('.')


def _blocks(key: ObjectKey) -> Iterator[ObjectKey]:
    """Yield the blocks that contain an address or another block."""
    try:
        own = plain_network(key.value)
    except ValueError:
        return
    # A block does not contain itself, but the block of one address contains that address.
    first = own.prefixlen - (key.type is IndicatorType.CIDR)
    for length in range(first, -1, -1):
        yield ObjectKey(IndicatorType.CIDR, f'{_masked(own, length)}/{length}')


def _masked(network: Network, length: int) -> str:
    """Return the first address of the block of that length, as `address_text` writes it."""
    shift = _BITS[network.version] - length
    number = int(network.network_address) >> shift << shift
    if network.version == _IPV4:
        return f'{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}'
    return ':'.join(f'{number >> at & 0xFFFF:x}' for at in range(112, -1, -16))
