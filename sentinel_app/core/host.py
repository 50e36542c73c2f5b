r"""Hosts in URLs and e-mail addresses, parsed as leniently as by the programs that open them.

An unusual spelling must not evade Never Send: `http://0x7f.1/`, `http://[::1]:80/`,
`http://name@10.0.0.1` and `http:\\10.0.0.1` all reach the address that a plain spelling reaches.

International names are parsed as in browsers, by UTS 46 without transitional processing:
`xn--fa-hia.example` is the same domain as `faß.example`, and `fass.example` is another one.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final
from urllib.parse import unquote

import idna

from sentinel_app.core.invisible import IGNORABLE

LONGEST_NAME: Final = 253
"""Characters of a domain name in ASCII. Source: RFC 1035, section 2.3.4."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SPECIAL_SCHEME = re.compile(r'(?:https?|ftps?|wss?):[/\\]*', re.IGNORECASE)
_PLAIN_NAME = re.compile(
    r'(?:[a-z0-9_*-]{1,63}\.)*[a-z][a-z0-9_*-]{0,62}', re.ASCII | re.IGNORECASE
)
_PLAIN_URL = re.compile(r'(?:https?|ftps?|wss?)://[a-z0-9_-][a-z0-9._-]*(?::[0-9]*)?(?:[/?#]|\Z)')
_ANY_SCHEME = re.compile(r'[a-z][a-z0-9+.-]*:[/\\]{2}', re.IGNORECASE)
_AUTHORITY_END = re.compile(r'[/\\?#]')
_IGNORED = re.compile('[\\x00-\\x20\\x7f]')
_DOTS = re.compile('[.\u3002\uff0e\uff61]')
_UNSEEN = re.compile(f'[{IGNORABLE}]')
_A_LABEL = 'xn--'
_LONGEST_LABEL = 63
# Longer than any label, even if characters are mapped away or to fewer. The mapping refuses longer
# ones, and normalization is quadratic in the number of consecutive marks.
_LONGEST_MAPPED = 1000
_IPV4_PARTS = 4
_IPV4_BYTE = 256


def url_host(url: str) -> str:
    """Return the normalized host of a URL with or without a scheme; empty if there is none.

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
    """Return the normalized domain of an e-mail address; empty if there is none."""
    _, at, domain = address.strip().rstrip('>').rpartition('@')
    return normal_host(domain) if at else ''


def normal_host(host: str) -> str:
    """Return a host in lower-case ASCII, without percent signs, brackets, zone and final dots."""
    if host.isascii() and '%' not in host and '[' not in host:
        return host.lower().strip().rstrip('.')
    return _any_host(host)


def _any_host(host: str) -> str:
    text = ascii_name(unquote(host)).strip()
    if text.startswith('['):
        text = text.strip('[]').removeprefix('ipv6:')
        return text.partition('%')[0]
    return text.rstrip('.')


def is_plain_name(text: str) -> bool:
    """Return whether a text is obviously a valid name in ASCII; most are.

    Others may still be valid. Wildcards, underscores and either case are accepted, but the last
    label has to begin with a letter.
    """
    return len(text) <= LONGEST_NAME and bool(_PLAIN_NAME.fullmatch(text))


def is_plain_url(text: str) -> bool:
    """Return whether a text is obviously a URL with a host, both in canonical form.

    Others may still be.
    """
    return bool(_PLAIN_URL.match(text))


def ascii_name(name: str) -> str:
    """Return a domain name in lower case, its international labels as A-labels (`xn--...`).

    An invalid label is kept in lower case. A sharp s, a final sigma and the joiners are letters of
    their own, and emoji are accepted, as in browsers and registries.

    Source: UTS 46, section 4, with the options of the WHATWG URL standard.
    """
    return '.'.join(_ascii_label(label) for label in _DOTS.split(name))


def shown_host(name: str) -> str:
    """Return a normalized name in the form that people write, without A-labels.

    A label that does not round-trip to the same A-label is kept.
    """
    if _A_LABEL not in name:
        return name
    return '.'.join(_shown_label(label) for label in name.split('.'))


def host_address(host: str) -> Address | None:
    """Return the IP address that a normalized host spells; None for a name."""
    if ':' in host:
        try:
            return ipaddress.ip_address(host.partition('%')[0])
        except ValueError:
            return None
    return _ipv4_address(host)


def _ipv4_address(host: str) -> ipaddress.IPv4Address | None:
    """Parse one to four decimal, octal or hexadecimal numbers."""
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


def _shown_label(label: str) -> str:
    if not label.startswith(_A_LABEL):
        return label
    try:
        shown = label.removeprefix(_A_LABEL).encode('ascii').decode('punycode')
    except ValueError:
        return label
    return shown if _ascii_label(shown) == label else label


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label.lower()
    if len(label) > _LONGEST_MAPPED:
        label = _UNSEEN.sub('', label)
    if len(label) > _LONGEST_MAPPED:
        return label.lower()
    try:
        mapped = idna.uts46_remap(label, std3_rules=False)
    except idna.IDNAError:
        return unicodedata.normalize('NFKC', label).lower()
    if mapped.isascii() or len(mapped) > _LONGEST_LABEL:
        return mapped
    encoded = _A_LABEL + mapped.encode('punycode').decode('ascii')
    return encoded if len(encoded) <= _LONGEST_LABEL else mapped
