"""The STIX pattern of an object."""

from __future__ import annotations

from enum import StrEnum

from sentinel_app.core.models import HashKind, Indicator, IndicatorType
from sentinel_app.core.stix_id import ObjectKey


class RegistryKeyPattern(StrEnum):
    """The choices of the input Registry Key Pattern."""

    AS_IN_THE_GUIDE = 'As in the guide'
    """Key, value name and value type; the key with slashes. Sentinel indexes no such pattern."""
    KEY_ONLY = 'Key only'
    """One comparison on the key, which Sentinel indexes."""


_PATHS = {
    IndicatorType.ASN: 'autonomous-system:name',
    IndicatorType.EMAIL_ADDRESS: 'email-addr:value',
    IndicatorType.EMAIL_SUBJECT: 'email-message:subject',
    IndicatorType.HOST: 'domain-name:value',
    IndicatorType.URL: 'url:value',
}
_HASH_PATHS = {kind: f"file:hashes.'{kind}'" for kind in HashKind}


def stix_pattern(indicator: Indicator, key: ObjectKey, registry: RegistryKeyPattern) -> str:
    """Give the pattern of the object that `key` stands for.

    Each pattern is one comparison, the only kind that Sentinel indexes; the exception is a Registry
    Key as the guide has it. The value is the key's canonical one, so that an id always has the
    same pattern, whichever owner's copy is sent.

    Args:
        indicator: the Indicator; only a Registry Key is read.
        key: one of the Indicator's keys.
        registry: the form for a Registry Key.
    """
    kind = key.type
    if kind is IndicatorType.REGISTRY_KEY:
        return _registry_pattern(indicator, registry)
    if key.hash_kind is not None:
        path = _HASH_PATHS[key.hash_kind]
    elif kind in {IndicatorType.ADDRESS, IndicatorType.CIDR}:
        path = 'ipv6-addr:value' if ':' in key.value else 'ipv4-addr:value'
    else:
        path = _PATHS[kind]
    return f'[{_equals(path, key.value)}]'


def _registry_pattern(indicator: Indicator, registry: RegistryKeyPattern) -> str:
    if registry is RegistryKeyPattern.KEY_ONLY:
        return f'[{_equals("windows-registry-key:key", indicator.value)}]'
    comparisons = [_equals('windows-registry-key:key', indicator.value.replace('\\', '/'))]
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
    """One comparison; only the backslash and the single quote mean something inside a literal.

    Source: STIX 2.1, section 9.1 (constants), string literals.
    """
    escaped = value.replace('\\', '\\\\').replace("'", "\\'")
    return f"{path} = '{escaped}'"
