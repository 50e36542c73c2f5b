"""Identity: which Indicators are the same value, and the id of the object that says so.

An object's id is made from the type, the canonical value and (for a File) the kind of hash alone:
not from the owner and not from the machine. So sending a value again is an update, a second
owner's copy of it is the same object, and a lost ledger costs nothing but a full update.
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from stix2.base import SCO_DET_ID_NAMESPACE

from sentinel_app.core.models import HashKind, Indicator, IndicatorType

OBJECT_NAMESPACE = uuid.uuid5(SCO_DET_ID_NAMESPACE, 'ThreatConnect Indicator for Sentinel')
"""Our own namespace, made from the one for cyber observables; an `indicator` must not use that
one itself.

Source: STIX 2.1, section 2.9 (identifier).
"""

_SEPARATOR = '|'
_UNSAFE = re.compile('[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_ESCAPED = re.compile(r'\\(?:\\|u([0-9a-f]{4}))')
_URL_HEAD = re.compile(r'^([A-Za-z][A-Za-z0-9+.-]*://)((?:[^/?#@\\]*@)?)([^/?#@\\]*)')


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """What one object stands for: a type, a canonical value and, for a File, the kind of hash."""

    type: IndicatorType
    value: str
    hash_kind: HashKind | None = None

    @property
    def text(self) -> str:
        """The key as one stable line of text, for example `File|MD5|0123...`.

        Unequal keys have unequal texts. Backslashes, control characters, line ends and lone
        surrogates are escaped, so that any value makes one line of well-formed text.
        """
        value = self.value
        if '\\' in value or not value.isprintable():
            value = _UNSAFE.sub(_escape, value)
        return f'{self.type}{_SEPARATOR}{self.hash_kind or ""}{_SEPARATOR}{value}'

    @classmethod
    def from_text(cls, text: str) -> ObjectKey:
        """The key that `text` was made from.

        Raises:
            ValueError: the text is not one that `text` gives.
        """
        parts = text.split(_SEPARATOR, 2)
        if len(parts) != 3:  # noqa: PLR2004 - type, hash kind, value
            raise ValueError(f'not the text of an object key: {text!r}')
        kind = HashKind(parts[1]) if parts[1] else None
        return cls(IndicatorType(parts[0]), _ESCAPED.sub(_unescape, parts[2]), kind)


def object_keys(indicator: Indicator) -> tuple[ObjectKey, ...]:
    """Give the keys of the objects that an Indicator makes: one, or one for each hash of a File.

    The canonical value decides what counts as the same value whatever its owner, and it is what the
    pattern matches on; hence one id always has one pattern.

    * Address, CIDR: IPv6 as ThreatConnect shows it, lower case without leading zeros and *not*
      compressed, so that the pattern carries the value that people see in ThreatConnect; a block
      without host bits. Every spelling of one address ends in the same key.
    * Host: lower case, without a trailing dot, since names of the DNS ignore case.
    * EmailAddress: lower case throughout. Next to no mail system minds the case of the local part,
      and Sentinel's rules compare with lower-cased logs.
    * File: the hash in upper case, as ThreatConnect keeps it; Sentinel's hash rules put both
      sides in upper case.
    * ASN: upper case.
    * URL: scheme and host in lower case; the rest of a URL is case-sensitive.
    * Registry Key: key, value name and value type joined as in ThreatConnect's summary, case kept
      as there. ThreatConnect tells Registry Keys apart by that summary.
    * Email Subject: as it is.
    """
    kind = indicator.type
    if kind is IndicatorType.FILE:
        return tuple(ObjectKey(kind, digest.upper(), name) for name, digest in indicator.hashes)
    return (ObjectKey(kind, _CANONICAL[kind](indicator)),)


def object_id(key: ObjectKey, generation: int = 0) -> str:
    """Give the STIX id of an object.

    Args:
        key: what the object stands for.
        generation: how often an earlier object of the key was withdrawn and came back. The first
            one, 0, is not part of the name. The text of a key never begins with a digit, so the
            names of different keys and generations differ.
    """
    name = key.text if generation == 0 else f'{generation}{_SEPARATOR}{key.text}'
    return f'indicator--{uuid.uuid5(OBJECT_NAMESPACE, name)}'


def registry_summary(key_name: str, value_name: str | None, value_type: str | None) -> str:
    """Join the parts of a Registry Key as ThreatConnect does, an empty value name as one blank."""
    summary = f'{key_name} : {value_name or " "}'
    return f'{summary} : {value_type}' if value_type else summary


def _canonical_address(indicator: Indicator) -> str:
    return _address_text(ipaddress.ip_address(indicator.value))


def _canonical_block(indicator: Indicator) -> str:
    network = ipaddress.ip_network(indicator.value, strict=False)
    return f'{_address_text(network.network_address)}/{network.prefixlen}'


def _canonical_url(indicator: Indicator) -> str:
    return _URL_HEAD.sub(_lower_url_head, indicator.value, count=1)


def _canonical_registry_key(indicator: Indicator) -> str:
    return registry_summary(
        indicator.value, indicator.registry_value_name, indicator.registry_value_type
    )


def _address_text(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    packed = address.packed
    return ':'.join(f'{packed[at] << 8 | packed[at + 1]:x}' for at in range(0, 16, 2))


def _lower_url_head(match: re.Match[str]) -> str:
    scheme, user, host = match.groups()
    return f'{scheme.lower()}{user}{host.lower()}'


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return '\\\\' if found == '\\' else f'\\u{ord(found):04x}'


def _unescape(match: re.Match[str]) -> str:
    digits = match.group(1)
    return chr(int(digits, 16)) if digits else '\\'


_CANONICAL: dict[IndicatorType, Callable[[Indicator], str]] = {
    IndicatorType.ADDRESS: _canonical_address,
    IndicatorType.ASN: lambda indicator: indicator.value.upper(),
    IndicatorType.CIDR: _canonical_block,
    IndicatorType.EMAIL_ADDRESS: lambda indicator: indicator.value.lower(),
    IndicatorType.EMAIL_SUBJECT: lambda indicator: indicator.value,
    IndicatorType.HOST: lambda indicator: indicator.value.lower().removesuffix('.'),
    IndicatorType.REGISTRY_KEY: _canonical_registry_key,
    IndicatorType.URL: _canonical_url,
}
