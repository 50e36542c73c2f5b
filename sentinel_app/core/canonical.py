"""The canonical value of an Indicator: one text for all spellings of the same value.

It decides which Indicators are copies of the same value, and it is part of each object's id, so
nothing here may depend on an input of the Service. `pattern` decides how the pattern spells it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache

from sentinel_app.core.host import is_plain_url, normal_host
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.subject import decoded_subject

MAPPED_BITS = 96
"""Length of the prefix under which IPv6 carries IPv4 addresses.

Source: RFC 4291, section 2.5.5.2 (IPv4-mapped IPv6 address).
"""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network('::ffff:0:0/96')
_URL_HEAD = re.compile(r'^([A-Za-z][A-Za-z0-9+.-]*://)((?:[^/?#@\\]*@)?)([^/?#@\\]*)')
_AS_NUMBER = re.compile(r'(?:ASN?)?[ \t]*0*([0-9]{1,10})', re.IGNORECASE | re.ASCII)
_OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
_PLAIN_IPV4 = re.compile(rf'{_OCTET}(?:\.{_OCTET}){{3}}')
_GROUP = '(?:0|[1-9a-f][0-9a-f]{0,3})'
_PLAIN_IPV6 = re.compile(rf'(?!(?:0:){{5}}ffff:){_GROUP}(?::{_GROUP}){{7}}')
_LARGEST_AS_NUMBER = 2**32 - 1


def canonical_value(indicator: Indicator) -> str:
    """Return the canonical value of an Indicator; not for Files, which are known by their hashes.

    * Address, CIDR: IPv6 as ThreatConnect shows it, lower case without leading zeros and *not*
      compressed; an IPv4-mapped address as the IPv4 address that it is; a block without host bits.
    * Host: lower case, in ASCII, without trailing dots, since names of the DNS ignore case.
    * EmailAddress: lower case throughout, the domain in ASCII. Hardly any mail system treats the
      local part as case-sensitive, and Sentinel's rules compare with lower-cased logs.
    * ASN: `ASN` and the number.
    * URL: scheme and host in lower case, the host in ASCII; the rest of a URL is case-sensitive.
    * Registry Key: key, value name and value type joined as in ThreatConnect's summary, case kept
      as there. ThreatConnect tells Registry Keys apart by that summary.
    * Email Subject: without the encoding of a header.
    """
    return _CANONICAL[indicator.type](indicator)


def registry_summary(key_name: str, value_name: str | None, value_type: str | None) -> str:
    """Join the parts of a Registry Key as ThreatConnect does, an empty value name as one blank."""
    summary = f'{key_name} : {value_name or " "}'
    return f'{summary} : {value_type}' if value_type else summary


def as_number(text: str) -> int | None:
    """Return the number of an autonomous system, written `ASN64500`, `AS64500` or `64500`.

    Source: RFC 5396 (asplain), RFC 6793 (numbers of four octets).
    """
    found = _AS_NUMBER.fullmatch(text)
    number = int(found.group(1)) if found else None
    return number if number is not None and number <= _LARGEST_AS_NUMBER else None


def plain_address(text: str) -> Address:
    """Parse an IP address in any spelling; an IPv4-mapped address becomes IPv4.

    Raises:
        ValueError: the text is not an address, or has a zone, which means something on one machine
            only.
    """
    # The library accepts a zone, as in fe80::1%eth0; a slash in its place makes it refuse.
    text = text.replace('%', '/')
    if ':' not in text:
        return ipaddress.IPv4Address(text)
    address = ipaddress.IPv6Address(text)
    return address.ipv4_mapped or address


def plain_network(text: str) -> Network:
    """Parse a CIDR block and clear its host bits; an IPv4-mapped block becomes IPv4.

    Raises:
        ValueError: the text is not a block, or has a zone.
    """
    text = text.replace('%', '//')
    if ':' not in text:
        return ipaddress.IPv4Network(text, strict=False)
    network = ipaddress.IPv6Network(text, strict=False)
    if network.subnet_of(_MAPPED):
        first = int(network.network_address) - int(_MAPPED.network_address)
        return ipaddress.IPv4Network((first, network.prefixlen - MAPPED_BITS))
    return network


def canonical_address(text: str) -> str:
    """Return an address in ThreatConnect's spelling.

    Raises:
        ValueError: as `plain_address` does.
    """
    if _PLAIN_IPV4.fullmatch(text) or _PLAIN_IPV6.fullmatch(text):
        return text
    return address_text(plain_address(text))


@lru_cache(maxsize=64)
def canonical_block(text: str) -> str:
    """Return a block in ThreatConnect's spelling; cached, as each is needed several times.

    Raises:
        ValueError: as `plain_network` does.
    """
    return network_text(plain_network(text))


def address_text(address: Address) -> str:
    """Return an address in ThreatConnect's spelling: IPv6 neither padded nor compressed."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    packed = address.packed
    return ':'.join(f'{packed[at] << 8 | packed[at + 1]:x}' for at in range(0, 16, 2))


def network_text(network: Network) -> str:
    """Return a block in ThreatConnect's spelling."""
    return f'{address_text(network.network_address)}/{network.prefixlen}'


def _as_text(indicator: Indicator) -> str:
    number = as_number(indicator.value)
    return indicator.value.upper() if number is None else f'ASN{number}'


def _email_address(indicator: Indicator) -> str:
    local, at, domain = indicator.value.lower().rpartition('@')
    return f'{local}{at}{domain if domain.startswith("[") else normal_host(domain)}'


def _url(indicator: Indicator) -> str:
    if is_plain_url(indicator.value):
        return indicator.value
    return _URL_HEAD.sub(_plain_url_head, indicator.value, count=1)


def _plain_url_head(match: re.Match[str]) -> str:
    scheme, user, host = match.groups()
    if host.isascii():
        return f'{scheme.lower()}{user}{host.lower()}'
    name, colon, port = host.partition(':')
    return f'{scheme.lower()}{user}{normal_host(name)}{colon}{port}'


def _registry_key(indicator: Indicator) -> str:
    return registry_summary(
        indicator.value, indicator.registry_value_name, indicator.registry_value_type
    )


_CANONICAL: dict[IndicatorType, Callable[[Indicator], str]] = {
    IndicatorType.ADDRESS: lambda indicator: canonical_address(indicator.value),
    IndicatorType.ASN: _as_text,
    IndicatorType.CIDR: lambda indicator: canonical_block(indicator.value),
    IndicatorType.EMAIL_ADDRESS: _email_address,
    IndicatorType.EMAIL_SUBJECT: lambda indicator: decoded_subject(indicator.value),
    IndicatorType.HOST: lambda indicator: normal_host(indicator.value),
    IndicatorType.REGISTRY_KEY: _registry_key,
    IndicatorType.URL: _url,
}
