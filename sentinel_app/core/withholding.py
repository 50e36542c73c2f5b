"""What is held back: Indicators above the highest TLP level, and values that must never be sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.host import (
    Address,
    email_host,
    host_address,
    normal_host,
    url_host,
)
from sentinel_app.core.models import Indicator, IndicatorType

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_PRIVATE_WORD = 'private'
_LOCAL_SUFFIX = '.local'
_TLP_LABEL = re.compile(r'\s*TLP\s*:\s*(CLEAR|WHITE|GREEN|AMBER|RED)(\W*STRICT)?\s*', re.IGNORECASE)
_DOMAIN = re.compile(r'(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}')
_PRIVATE_NETWORKS: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(block), kind)
    for kind, blocks in (
        ('private', ('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7')),
        ('loopback', ('127.0.0.0/8', '::1/128')),
        ('link-local', ('169.254.0.0/16', 'fe80::/10')),
        (
            'documentation',
            ('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'),
        ),
    )
    for block in blocks
)
"""Source: RFC 1918, 4193, 1122, 4291, 3927, 5737, 3849 and 9637."""


class Tlp(StrEnum):
    """TLP levels, the least strict first."""

    CLEAR = 'TLP:CLEAR'
    GREEN = 'TLP:GREEN'
    AMBER = 'TLP:AMBER'
    AMBER_STRICT = 'TLP:AMBER+STRICT'
    RED = 'TLP:RED'

    @property
    def strictness(self) -> int:
        """0 for the least strict level."""
        return _STRICTNESS[self]


_HOSTS: dict[IndicatorType, Callable[[str], str]] = {
    IndicatorType.EMAIL_ADDRESS: email_host,
    IndicatorType.HOST: normal_host,
    IndicatorType.URL: url_host,
}
_STRICTNESS = {level: at for at, level in enumerate(Tlp)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverSend:
    """The input Never Send, read. Domains are lower case and ASCII."""

    networks: tuple[Network, ...] = ()
    domains: frozenset[str] = frozenset()
    is_private: bool = False


def strictest(labels: Iterable[str]) -> Tlp | None:
    """Give the strictest TLP level among security labels; None where none of them is a TLP label.

    Case and blanks do not count, and TLP:WHITE is the older name of TLP:CLEAR.
    """
    found: Tlp | None = None
    for label in labels:
        level = _level(label)
        if level is not None and (found is None or level.strictness > found.strictness):
            found = level
    return found


def parse_never_send(text: str) -> NeverSend:
    """Read the input Never Send: CIDR blocks, addresses, domains and `private`, separated by `|`.

    Raises:
        ValueError: an entry is none of these; the message names it and says what would do.
    """
    networks: list[Network] = []
    domains: set[str] = set()
    is_private = False
    for entry in (part.strip() for part in text.split('|')):
        if not entry:
            continue
        if entry.casefold() == _PRIVATE_WORD:
            is_private = True
        elif '/' in entry or ':' in entry or _is_numeric(entry):
            networks.append(_network(entry))
        else:
            domains.add(_domain(entry))
    return NeverSend(networks=tuple(networks), domains=frozenset(domains), is_private=is_private)


def withheld_reason(
    indicator: Indicator, *, max_tlp: Tlp | None, never_send: NeverSend
) -> str | None:
    """Say why an Indicator is held back, as a sentence for people; None when it may be sent.

    Args:
        indicator: the Indicator. Without a TLP label it counts as TLP:CLEAR.
        max_tlp: the highest level to send; None for all.
        never_send: the values that are never sent.
    """
    if max_tlp is not None:
        level = strictest(indicator.security_labels)
        if level is not None and level.strictness > max_tlp.strictness:
            return f'It is labelled {level}, and {max_tlp} is the highest level to send.'
    if not (never_send.networks or never_send.domains or never_send.is_private):
        return None
    if indicator.type is IndicatorType.ADDRESS:
        return _address_reason(ipaddress.ip_address(indicator.value), never_send)
    if indicator.type is IndicatorType.CIDR:
        return _block_reason(ipaddress.ip_network(indicator.value, strict=False), never_send)
    host_of = _HOSTS.get(indicator.type)
    return _host_reason(host_of(indicator.value), never_send) if host_of else None


def _level(label: str) -> Tlp | None:
    match = _TLP_LABEL.fullmatch(label)
    if match is None:
        return None
    name = match.group(1).upper()
    if name == 'WHITE':
        return Tlp.CLEAR
    if name == 'AMBER' and match.group(2):
        return Tlp.AMBER_STRICT
    return Tlp(f'TLP:{name}')


def _is_numeric(entry: str) -> bool:
    """Whether an entry can only be meant as an address: the last label of a name is no number."""
    return entry.rstrip('.').rpartition('.')[2].isdigit()


def _network(entry: str) -> Network:
    try:
        return ipaddress.ip_network(entry)
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        raise ValueError(
            f'{entry!r} is not an address or a CIDR block; write one as 198.51.100.0/24, '
            f'a domain without scheme, port and path, or the word private'
        ) from None
    raise ValueError(
        f'{entry!r} is an address inside a block; write {str(network)!r} for the block'
    )


def _domain(entry: str) -> str:
    domain = normal_host(entry.removeprefix('*').removeprefix('.'))
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(
            f'{entry!r} is not a domain, a CIDR block or the word private; '
            f'write a domain as example.com'
        )
    return domain


def _address_reason(address: Address, never_send: NeverSend) -> str | None:
    """An IPv6 address that only wraps an IPv4 address is held back for either."""
    reason = _block_reason(ipaddress.ip_network(address), never_send)
    if reason is None and isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return _block_reason(ipaddress.ip_network(address.ipv4_mapped), never_send)
    return reason


def _block_reason(block: Network, never_send: NeverSend) -> str | None:
    what = f'{block.network_address}' if block.num_addresses == 1 else f'{block}'
    for network in never_send.networks:
        if _is_inside(block, network):
            return f'{what} is inside {network}, which Never Send lists.'
    if never_send.is_private:
        for network, kind in _PRIVATE_NETWORKS:
            if _is_inside(block, network):
                return f'{what} is inside the {kind} range {network}, and Never Send says private.'
    return None


def _is_inside(block: Network, network: Network) -> bool:
    if isinstance(block, ipaddress.IPv4Network):
        return isinstance(network, ipaddress.IPv4Network) and block.subnet_of(network)
    return isinstance(network, ipaddress.IPv6Network) and block.subnet_of(network)


def _host_reason(host: str, never_send: NeverSend) -> str | None:
    if not host:
        return None
    address = host_address(host)
    if address is not None:
        return _address_reason(address, never_send)
    name = host
    while name:
        if name in never_send.domains:
            return f'{host} is in the domain {name}, which Never Send lists.'
        name = name.partition('.')[2]
    if never_send.is_private:
        if '.' not in host:
            return f'{host} is a name of one label, and Never Send says private.'
        if host.endswith(_LOCAL_SUFFIX):
            return f'{host} is a .local name, and Never Send says private.'
    return None
