"""The input Never Send: addresses, domains and hashes that are never sent, whatever the query."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sentinel_app.core.carried_address import Network, carried_blocks
from sentinel_app.core.host import LONGEST_NAME, normal_host
from sentinel_app.core.indicator import HashKind

PRIVATE_WORD = 'private'
EMPTY_WORD = 'empty'
EMPTY_FILE: Mapping[HashKind, str] = MappingProxyType(
    {
        HashKind.MD5: 'D41D8CD98F00B204E9800998ECF8427E',
        HashKind.SHA1: 'DA39A3EE5E6B4B0D3255BFEF95601890AFD80709',
        HashKind.SHA256: 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
    }
)
"""Hashes of the empty file."""

_HASH = re.compile('[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}')
_DOMAIN = re.compile(
    rf'(?=.{{1,{LONGEST_NAME}}}$)'
    r'(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverSend:
    """The parsed input Never Send.

    Attributes:
        networks: the blocks as written.
        carried: IPv4 blocks embedded in IPv6 entries, each with its entry.
        domains: domains in lower-case ASCII.
        hashes: hashes in upper case.
        is_private: whether the word `private` is listed.
        is_empty_file: whether the word `empty` is listed.
    """

    networks: tuple[Network, ...] = ()
    carried: tuple[tuple[ipaddress.IPv4Network, ipaddress.IPv6Network], ...] = ()
    domains: frozenset[str] = frozenset()
    hashes: frozenset[str] = frozenset()
    is_private: bool = False
    is_empty_file: bool = False


def parse_never_send(text: str) -> NeverSend:
    """Parse the input Never Send; its entries are separated by `|`.

    An entry is a CIDR block, an address, a domain, a hash, or one of the words `private` and
    `empty`.

    Raises:
        ValueError: an entry is none of these; the message names it and says what is allowed.
    """
    words: set[str] = set()
    networks: list[Network] = []
    domains: set[str] = set()
    hashes: set[str] = set()
    for entry in (part.strip() for part in text.split('|')):
        if entry.casefold() in {'', PRIVATE_WORD, EMPTY_WORD}:
            words.add(entry.casefold())
        elif is_hash(entry):
            hashes.add(entry.upper())
        elif '/' in entry or ':' in entry or _is_numeric(entry):
            networks.append(_network(entry))
        else:
            domains.add(_domain(entry))
    return NeverSend(
        networks=tuple(networks),
        carried=tuple(_carried(networks)),
        domains=frozenset(domains),
        hashes=frozenset(hashes),
        is_private=PRIVATE_WORD in words,
        is_empty_file=EMPTY_WORD in words,
    )


def merged(parts: Sequence[NeverSend]) -> NeverSend:
    """Return the union of the parts."""
    return NeverSend(
        networks=tuple(network for part in parts for network in part.networks),
        carried=tuple(pair for part in parts for pair in part.carried),
        domains=frozenset(domain for part in parts for domain in part.domains),
        hashes=frozenset(digest for part in parts for digest in part.hashes),
        is_private=any(part.is_private for part in parts),
        is_empty_file=any(part.is_empty_file for part in parts),
    )


def is_hash(entry: str) -> bool:
    """Return whether an entry is an MD5, SHA-1 or SHA-256 hash."""
    return bool(_HASH.fullmatch(entry))


def _carried(
    networks: list[Network],
) -> list[tuple[ipaddress.IPv4Network, ipaddress.IPv6Network]]:
    # A complete prefix, such as 64:ff9b::/96, embeds every IPv4 address, so it is taken literally.
    return [
        (block, network)
        for network in networks
        if isinstance(network, ipaddress.IPv6Network)
        for block in carried_blocks(network)
        if block.prefixlen
    ]


def _is_numeric(entry: str) -> bool:
    """Return whether an entry must be an address: the last label of a name is never a number."""
    return entry.rstrip('.').rpartition('.')[2].isdigit()


def _network(entry: str) -> Network:
    # The library accepts a zone, as in fe80::1%eth0, which means something on one machine only; a
    # slash in its place makes it refuse.
    text = entry.replace('%', '/')
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f'{entry!r} is not an address or a CIDR block; write one as 198.51.100.0/24, '
            f'a domain without scheme, port and path, a hash, or the word private or empty'
        ) from None
    raise ValueError(
        f'{entry!r} is an address inside a block; write {str(network)!r} for the block'
    )


def _domain(entry: str) -> str:
    domain = normal_host(entry.removeprefix('*').removeprefix('.'))
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(
            f'{entry!r} is not a domain, a CIDR block, an MD5, SHA-1 or SHA-256 hash or the word '
            f'private or empty; write a domain as example.com'
        )
    return domain
