"""Validation of values: an invalid one would give a pattern that matches nothing.

ThreatConnect validates values on entry, but an instance's rules change and imports bypass them. So
each type is validated here, with the parsers that Never Send uses, and a value whose canonical form
is empty is never sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sentinel_app.core.canonical import (
    as_number,
    canonical_address,
    canonical_block,
    canonical_value,
)
from sentinel_app.core.host import host_address, is_plain_name, is_plain_url, normal_host, url_host
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.object_id import object_keys
from sentinel_app.core.pattern import PATTERN_LIMIT, PatternStyle, stix_pattern

LABEL_LIMIT = 63
HOST_LIMIT = 253
"""Characters. Source: RFC 1035, section 2.3.4 (size limits), without the dot of the root."""

_SHORT = PATTERN_LIMIT // 16
"""Total characters up to which a value's pattern is short enough, whatever the escaping."""

_STRANGE = re.compile(r'[^a-z0-9_*.-]')
_LETTER_OR_DIGIT = re.compile('[a-z0-9]')
_NUMERIC_LABEL = re.compile('[0-9]+|0x[0-9a-f]*')
_SUSPICIOUS = re.compile(r'[/\\?#@\s%:\[]|[^.]\.\.')
_EMPTY_LABEL = 'it has an empty label'
_NUMBER_AT_END = 'its last label is a number, but it is not an IP address'
_LONG_LABEL = f'it has a label of over {LABEL_LIMIT} characters'
_LONG_NAME = f'it has over {HOST_LIMIT} characters'
_MISTAKEN = (
    (re.compile(r'[/\\?#]'), 'it is a URL or has a path'),
    (re.compile('@'), 'it is an e-mail address'),
    (re.compile(r'\s'), 'a host name cannot contain blanks'),
    (re.compile('%'), "a host name cannot contain '%'"),
    (re.compile(r'[^.]\.\.'), _EMPTY_LABEL),
)
_PORT = re.compile(r'[^:]+:[0-9]+')
_LOCAL_PART = re.compile(r'[^\s()<>\[\]:;@\\,"\x00-\x1f\x7f]+|"(?:[^"\\\r\n]|\\[^\r\n])+"')
_HOSTLESS_URL = re.compile(
    r'(?!(?:https?|ftps?|wss?):)[a-z][a-z0-9+.-]*:[/\\]*[^/\\?#\s]', re.IGNORECASE
)


def value_fault(kind: IndicatorType, value: str) -> str | None:
    """Return why a value is not valid for its type, as a clause; None if it may be.

    Args:
        kind: any type but File, whose hashes are validated when they are parsed.
        value: the value without surrounding blanks.
    """
    check = _CHECKS.get(kind)
    return None if check is None else check(value)


def indicator_fault(indicator: Indicator) -> str | None:
    """Return why no object of an Indicator can be sent, as a clause; None if they can."""
    if any(not value or value.isspace() for value in _canonical_values(indicator)):
        return 'its canonical form is empty'
    name, kind = indicator.registry_value_name or '', indicator.registry_value_type or ''
    if len(indicator.value) + len(name) + len(kind) <= _SHORT:
        return None
    keys = object_keys(indicator)
    patterns = (stix_pattern(indicator, key, style) for key in keys for style in PatternStyle)
    if any(len(pattern.encode()) >= PATTERN_LIMIT for pattern in patterns):
        return f'it is too long for a pattern, which has to be below {PATTERN_LIMIT:,} bytes'
    return None


def _canonical_values(indicator: Indicator) -> Sequence[str]:
    if indicator.type is IndicatorType.FILE:
        return [digest for _, digest in indicator.hashes]
    return [canonical_value(indicator)]


def host_fault(text: str) -> str | None:
    """Return why a text is not a host name, as a clause; None if it may be one.

    Wildcards and underscores are allowed in any label, and international names in either form.

    Source: RFC 1035, section 2.3.4; the host parser of the WHATWG URL standard, which parses a name
    whose last label is a number as an address.
    """
    return None if is_plain_name(text) else _any_host_fault(text)


def _any_host_fault(text: str) -> str | None:
    mistaken = _mistaken_for_a_name(text)
    if mistaken is not None:
        return mistaken
    name = normal_host(text)
    address = host_address(name)
    if address is not None:
        return f'it is the IP address {address}'
    return _name_fault(name) if name else 'it is empty'


def _mistaken_for_a_name(text: str) -> str | None:
    """Return what a text is instead of a host name, for common mistakes."""
    if not _SUSPICIOUS.search(text):
        return None
    for form, fault in _MISTAKEN:
        if form.search(text):
            return fault
    address = host_address(normal_host(text))
    if address is not None:
        return f'it is the IP address {address}'
    if _PORT.fullmatch(text):
        return 'it has a port'
    return f'a host name cannot contain {":" if ":" in text else "["!r}'


def _name_fault(name: str) -> str | None:
    """Return the fault in the labels of a lower-case ASCII name."""
    labels = name.split('.')
    if not name.isascii():
        return 'it has a label that is not a valid international name'
    if strange := _STRANGE.search(name):
        return f'a host name cannot contain {strange.group()!r}'
    faults = (
        ('' in labels, _EMPTY_LABEL),
        (_NUMERIC_LABEL.fullmatch(labels[-1]), _NUMBER_AT_END),
        (not _LETTER_OR_DIGIT.search(name), 'it has no letter or digit'),
        (max(map(len, labels)) > LABEL_LIMIT, _LONG_LABEL),
        (len(name) > HOST_LIMIT, _LONG_NAME),
    )
    return next((fault for is_so, fault in faults if is_so), None)


def _address_fault(value: str) -> str | None:
    try:
        canonical_address(value)
    except ValueError:
        return 'it is not an IPv4 or IPv6 address'
    return None


def _block_fault(value: str) -> str | None:
    try:
        canonical_block(value)
    except ValueError:
        return 'it is not an IPv4 or IPv6 block'
    return None


def _as_fault(value: str) -> str | None:
    return 'it is not an AS number such as ASN64500' if as_number(value) is None else None


def _email_fault(value: str) -> str | None:
    """Require exactly `local@domain`; a display name or angle brackets belong to a header.

    Source: RFC 5321, section 4.1.2 (Mailbox), with the local part as RFC 6531 widens it.
    """
    local, at, domain = value.rpartition('@')
    if not at:
        return 'it has no @'
    if not _LOCAL_PART.fullmatch(local):
        return 'the part before its @ is not a mailbox name'
    if domain.startswith('['):
        is_address = domain.endswith(']') and host_address(normal_host(domain)) is not None
        return None if is_address else 'the part after its @ is not an address'
    if '*' in domain:
        return "its domain has a '*'"
    fault = host_fault(domain)
    return fault and f'the part after its @ is not a domain: {fault}'


def _url_fault(value: str) -> str | None:
    if is_plain_url(value):
        return None
    return None if url_host(value) or _HOSTLESS_URL.match(value) else 'it has no host'


_CHECKS: dict[IndicatorType, Callable[[str], str | None]] = {
    IndicatorType.ADDRESS: _address_fault,
    IndicatorType.ASN: _as_fault,
    IndicatorType.CIDR: _block_fault,
    IndicatorType.EMAIL_ADDRESS: _email_fault,
    IndicatorType.HOST: host_fault,
    IndicatorType.URL: _url_fault,
}
