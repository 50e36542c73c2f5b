"""Withholding: Indicators above the highest TLP level, and values that must never be sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from sentinel_app.core.carried_address import Network, carried_blocks, is_inside
from sentinel_app.core.host import LONGEST_NAME, Address, email_host, host_address, url_host
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.never_send import EMPTY_FILE, EMPTY_WORD, PRIVATE_WORD, NeverSend
from sentinel_app.core.tlp import Tlp, TlpReading, read_tlp

_LOCAL_SUFFIX = '.local'
_SHOWN_LENGTH = 100
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

_HOSTS: dict[IndicatorType, Callable[[str], str]] = {
    IndicatorType.EMAIL_ADDRESS: email_host,
    # A Host should be a bare name. One with a scheme or a port is checked by its host.
    IndicatorType.HOST: url_host,
    IndicatorType.URL: url_host,
}
_NOTHING = NeverSend()


def withheld_reason(
    indicator: Indicator, *, max_tlp: Tlp | None, never_send: NeverSend
) -> str | None:
    """Return why an Indicator is held back, as a sentence for people; None if it may be sent.

    Args:
        indicator: the Indicator. Without a TLP label it counts as TLP:CLEAR, unless not all of its
            labels are known.
        max_tlp: the highest level to send; None for all.
        never_send: the values that are never sent.
    """
    if max_tlp is not None:
        reason = _tlp_reason(indicator, max_tlp)
        if reason is not None:
            return reason
    if never_send == _NOTHING:
        return None
    if indicator.type is IndicatorType.ADDRESS:
        return _address_reason(ipaddress.ip_address(indicator.value), never_send)
    if indicator.type is IndicatorType.CIDR:
        return _block_reason(ipaddress.ip_network(indicator.value, strict=False), never_send)
    if indicator.type is IndicatorType.FILE:
        return _file_reason(indicator, never_send)
    host_of = _HOSTS.get(indicator.type)
    return _host_reason(host_of(indicator.value), never_send) if host_of else None


def _tlp_reason(indicator: Indicator, max_tlp: Tlp) -> str | None:
    above = [
        (label, reading)
        for label in indicator.security_labels
        if (reading := read_tlp(label)) and reading.level.is_above(max_tlp)
    ]
    if above:
        label, reading = max(above, key=lambda each: each[1].level.strictness)
        return (
            f'It is labeled {_label_words(label, reading)}, and {max_tlp} is the highest level '
            'to send.'
        )
    if not indicator.are_labels_known:
        return (
            'ThreatConnect was asked for its security labels and did not give them, so its TLP '
            f'level is unknown, and {max_tlp} is the highest level to send.'
        )
    return None


def _label_words(label: str, reading: TlpReading) -> str:
    if label == reading.level:
        return label
    shown = repr(_short(label))
    if reading.is_understood:
        return f'{shown}, which means {reading.level}'
    return f'{shown}, which is no known TLP level and counts as {reading.level}'


def _file_reason(indicator: Indicator, never_send: NeverSend) -> str | None:
    """Check a File: one listed hash holds back all its hashes."""
    for kind, digest in indicator.hashes:
        if digest.upper() in never_send.hashes:
            return f'Its {kind} hash {digest} is one that Never Send lists.'
        if never_send.is_empty_file and digest.upper() == EMPTY_FILE[kind]:
            return (
                f'Its {kind} hash {digest} is that of the empty file, and Never Send says '
                f'{EMPTY_WORD}.'
            )
    return None


def _address_reason(address: Address, never_send: NeverSend) -> str | None:
    # From the number, as the library's conversion is slower: it goes through text, and fails for
    # IPv6.
    number, length = int(address), address.max_prefixlen
    if isinstance(address, ipaddress.IPv6Address):
        return _block_reason(ipaddress.IPv6Network((number, length)), never_send)
    return _block_reason(ipaddress.IPv4Network((number, length)), never_send)


def _block_reason(block: Network, never_send: NeverSend) -> str | None:
    """Check an IPv6 block both for itself and for the IPv4 blocks embedded in it."""
    reason = _listed_reason(block, never_send, block)
    if reason is None and isinstance(block, ipaddress.IPv6Network):
        for carried in carried_blocks(block):
            reason = reason or _listed_reason(carried, never_send, block)
    return reason


def _listed_reason(block: Network, never_send: NeverSend, whole: Network) -> str | None:
    place = _place(block, never_send)
    if place is None:
        return None
    what = _text(block) if block is whole else f'{_text(whole)} carries {_text(block)}, which'
    return f'{what} is inside {place}.'


def _place(block: Network, never_send: NeverSend) -> str | None:
    for network in never_send.networks:
        if is_inside(block, network):
            return f'{network}, which Never Send lists'
    for carried, entry in never_send.carried:
        if is_inside(block, carried):
            return f'{carried}, carried by {entry}, which Never Send lists'
    if never_send.is_private:
        for network, kind in _PRIVATE_NETWORKS:
            if is_inside(block, network):
                return f'the {kind} range {network}, and Never Send says {PRIVATE_WORD}'
    return None


def _text(block: Network) -> str:
    return f'{block.network_address}' if block.num_addresses == 1 else f'{block}'


def _host_reason(host: str, never_send: NeverSend) -> str | None:
    if not host:
        return None
    address = host_address(host)
    if address is not None:
        return _address_reason(address, never_send)
    domain = _listed_domain(host, never_send)
    if domain is not None:
        return f'{_short(host)} is in the domain {domain}, which Never Send lists.'
    if never_send.is_private:
        if '.' not in host:
            return f'{_short(host)} is a name of one label, and Never Send says {PRIVATE_WORD}.'
        if host.endswith(_LOCAL_SUFFIX):
            return f'{_short(host)} is a .local name, and Never Send says {PRIVATE_WORD}.'
    return None


def _listed_domain(host: str, never_send: NeverSend) -> str | None:
    """Return the longest listed domain that contains a host, within the length of a name."""
    name = host
    if len(host) > LONGEST_NAME:
        name = host[-LONGEST_NAME - 1 :].partition('.')[2]
    while name:
        if name in never_send.domains:
            return name
        name = name.partition('.')[2]
    return None


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + '…'
