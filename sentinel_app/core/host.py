r"""Hosts in URLs and e-mail addresses, read as widely as programs that open them read them.

Never Send must not be escaped by an unusual spelling: `http://0x7f.1/`, `http://[::1]:80/`,
`http://name@10.0.0.1` and `http:\\10.0.0.1` all reach the address that a plain spelling reaches.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_SCHEME = re.compile(r'(?:https?|ftps?|wss?):[/\\]*', re.IGNORECASE)
_ANY_SCHEME = re.compile(r'[a-z][a-z0-9+.-]*:[/\\]{2}', re.IGNORECASE)
_AUTHORITY_END = re.compile(r'[/\\?#]')
_IGNORED = re.compile('[\\x00-\\x20\\x7f]')
_DOTS = re.compile('[\u3002\uff0e\uff61]')
_IPV4_PARTS = 4
_IPV4_BYTE = 256


def url_host(url: str) -> str:
    """Give the host of a URL, with or without a scheme, normalised; empty where there is none.

    Source: the host and IPv4 parsers of the WHATWG URL standard, which browsers follow.
    """
    text = _IGNORED.sub('', url)
    scheme = _SPECIAL_SCHEME.match(text) or _ANY_SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text.lstrip('/\\')
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0].rpartition('@')[2]
    if authority.startswith('['):
        return normal_host(authority.partition(']')[0] + ']')
    if authority.count(':') > 1:
        return normal_host(authority)
    return normal_host(authority.partition(':')[0])


def email_host(address: str) -> str:
    """Give the domain of an e-mail address, normalised; empty where there is none."""
    _, at, domain = address.strip().rstrip('>').rpartition('@')
    return normal_host(domain) if at else ''


def normal_host(host: str) -> str:
    """Lower case, ASCII, without percent signs, brackets, zone and trailing dots."""
    text = _DOTS.sub('.', unicodedata.normalize('NFKC', unquote(host))).strip().lower()
    if text.startswith('['):
        text = text.strip('[]').removeprefix('ipv6:')
        return text.partition('%')[0]
    text = text.rstrip('.')
    if text.isascii():
        return text
    return '.'.join(_ascii_label(label) for label in text.split('.'))


def host_address(host: str) -> Address | None:
    """Give the address that a normalised host is, in any spelling; None for a name."""
    if ':' in host:
        try:
            return ipaddress.ip_address(host.partition('%')[0])
        except ValueError:
            return None
    return _ipv4_address(host)


def _ipv4_address(host: str) -> ipaddress.IPv4Address | None:
    """Read decimal, octal and hexadecimal numbers, one to four of them."""
    parts = host.split('.')
    if len(parts) > _IPV4_PARTS:
        return None
    numbers = [_ipv4_number(part) for part in parts]
    *front, last = numbers
    if last is None or last >= _IPV4_BYTE ** (_IPV4_PARTS + 1 - len(parts)):
        return None
    value = last
    for at, number in enumerate(front):
        if number is None or number >= _IPV4_BYTE:
            return None
        value += number * _IPV4_BYTE ** (_IPV4_PARTS - 1 - at)
    return ipaddress.IPv4Address(value)


def _ipv4_number(text: str) -> int | None:
    if not text or not text.isascii() or len(text) > 64:  # noqa: PLR2004 - no address is longer
        return None
    try:
        if text.startswith('0x'):
            return int(text[2:] or '0', 16) if '_' not in text else None
        if not text.isdigit():
            return None
        return int(text, 8 if text.startswith('0') else 10)
    except ValueError:
        return None


def _ascii_label(label: str) -> str:
    try:
        return label.encode('idna').decode('ascii')
    except UnicodeError:
        return label
