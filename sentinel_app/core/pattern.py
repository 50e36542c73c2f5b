"""STIX patterns of objects, in the configured style."""

from __future__ import annotations

import ipaddress
from enum import StrEnum

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import ObjectKey

PATTERN_LIMIT = 32_766
"""Exclusive upper bound of a pattern's size, in bytes of UTF-8.

No limit is documented for patterns. Sentinel has been seen to truncate text of a column here, and a
truncated pattern matches nothing, or something else.

Source: a report of trimmed `Tags`, in the repository Azure/Azure-Sentinel.
"""


class PatternStyle(StrEnum):
    """The choices of the input Pattern Style."""

    AS_IN_THE_GUIDE = 'As in the guide'
    """Values as in ThreatConnect; a Registry Key as key, value name and value type."""
    AS_LOGS_WRITE_IT = 'As logs write it'
    """Values as in logs, which rules compare as texts."""


_PATHS = {
    IndicatorType.ASN: 'autonomous-system:name',
    IndicatorType.EMAIL_ADDRESS: 'email-addr:value',
    IndicatorType.EMAIL_SUBJECT: 'email-message:subject',
    IndicatorType.HOST: 'domain-name:value',
    IndicatorType.REGISTRY_KEY: 'windows-registry-key:key',
    IndicatorType.URL: 'url:value',
}
_ADDRESSES = frozenset({IndicatorType.ADDRESS, IndicatorType.CIDR})
_STYLED = _ADDRESSES | {
    IndicatorType.EMAIL_SUBJECT,
    IndicatorType.FILE,
    IndicatorType.REGISTRY_KEY,
}
"""Types whose spelling depends on the style."""
_HASH_PATHS = {kind: f"file:hashes.'{kind}'" for kind in HashKind}


def stix_pattern(indicator: Indicator, key: ObjectKey, style: PatternStyle) -> str:
    """Return the pattern of the object that `key` stands for.

    Each pattern is one comparison, the only kind that Sentinel indexes; the exception is a Registry
    Key in the style of the guide. The compared value depends on the key alone, so that within one
    style an id has the same pattern whichever owner's copy is sent; the exception is a subject in
    the style of the guide, which is the copy's own text.

    Args:
        indicator: the Indicator; used for Registry Keys and subjects only.
        key: one of the Indicator's keys.
        style: the pattern style.
    """
    value = written_value(indicator, key, style) if key.type in _STYLED else key.value
    if key.type is IndicatorType.REGISTRY_KEY and style is PatternStyle.AS_IN_THE_GUIDE:
        return _registry_pattern(indicator, value)
    if key.hash_kind is not None:
        path = _HASH_PATHS[key.hash_kind]
    elif key.type in _ADDRESSES:
        path = 'ipv6-addr:value' if ':' in value else 'ipv4-addr:value'
    else:
        path = _PATHS[key.type]
    return f'[{_equals(path, value)}]'


def written_value(indicator: Indicator, key: ObjectKey, style: PatternStyle) -> str:
    """Return the value of a key in the spelling of a style; of a Registry Key, the key alone.

    *As logs write it*, hashes are in lower case, as in the logs of Microsoft Defender, IPv6 is
    compressed, and subjects are decoded. The other types have only ThreatConnect's spelling.

    Source: RFC 5952 (IPv6).
    """
    is_as_logged = style is PatternStyle.AS_LOGS_WRITE_IT
    match key.type:
        case IndicatorType.REGISTRY_KEY:
            return indicator.value if is_as_logged else indicator.value.replace('\\', '/')
        case IndicatorType.EMAIL_SUBJECT:
            return key.value if is_as_logged else indicator.value
        case IndicatorType.FILE if is_as_logged:
            return key.value.lower()
        case IndicatorType.ADDRESS if is_as_logged:
            return str(ipaddress.ip_address(key.value))
        case IndicatorType.CIDR if is_as_logged:
            return str(ipaddress.ip_network(key.value))
        case _:
            return key.value


def _registry_pattern(indicator: Indicator, key_name: str) -> str:
    comparisons = [_equals(_PATHS[IndicatorType.REGISTRY_KEY], key_name)]
    if indicator.registry_value_name:
        comparisons.append(
            _equals('windows-registry-key:values.name', indicator.registry_value_name)
        )
    if indicator.registry_value_type:
        comparisons.append(
            _equals('windows-registry-key:values.data_type', indicator.registry_value_type)
        )
    return f'[{" AND ".join(comparisons)}]'


def _equals(path: str, value: str) -> str:
    """Return one comparison; only backslashes and single quotes are special inside a literal.

    Source: STIX 2.1, section 9.1 (constants), string literals.
    """
    escaped = value.replace('\\', '\\\\').replace("'", "\\'")
    return f"{path} = '{escaped}'"
