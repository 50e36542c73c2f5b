"""The objects that a value may stand for, as a person writes it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator

from sentinel_app.core.models import HashKind, Indicator, IndicatorType
from sentinel_app.core.stix_id import ObjectKey, object_keys

_HASHES = (
    (HashKind.MD5, re.compile('[0-9A-Fa-f]{32}')),
    (HashKind.SHA1, re.compile('[0-9A-Fa-f]{40}')),
    (HashKind.SHA256, re.compile('[0-9A-Fa-f]{64}')),
)
_BETWEEN_HASHES = re.compile(r'[\s:|,;]+')
_ANY_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def keys_of_value(value: str) -> tuple[ObjectKey, ...]:
    """Give the key of each object that the value may stand for, whatever its type.

    Args:
        value: an address, a block, a name, a hash, a File's summary, ...: as it is or as
            ThreatConnect shows it.
    """
    return (
        *(ObjectKey(IndicatorType.FILE, digest, kind) for kind, digest in hashes_of_value(value)),
        *(key for kind in _types(value) for key in object_keys(_stand_in(kind, value))),
    )


def hashes_of_value(value: str) -> tuple[tuple[HashKind, str], ...]:
    """Give the hashes that the value consists of; none where it holds anything else."""
    parts = [part for part in _BETWEEN_HASHES.split(value) if part]
    found = tuple(
        (kind, part.upper()) for part in parts for kind, form in _HASHES if form.fullmatch(part)
    )
    return found if len(found) == len(parts) else ()


def _types(value: str) -> Iterator[IndicatorType]:
    for kind in IndicatorType:
        if kind is IndicatorType.FILE:
            continue
        try:
            if kind is IndicatorType.ADDRESS:
                ipaddress.ip_address(value.replace('%', '/'))
            if kind is IndicatorType.CIDR:
                # A plain address would be taken for a block of one.
                _, _, length = value.rpartition('/')
                ipaddress.ip_network(value, strict=False)
                int(length)
        except ValueError:
            continue
        yield kind


def _stand_in(kind: IndicatorType, value: str) -> Indicator:
    name, parts = value, []
    if kind is IndicatorType.REGISTRY_KEY:
        name, *parts = value.split(' : ', 2)
    return Indicator(
        id=0,
        type=kind,
        value=name,
        summary=value,
        owner_name='',
        added_at=_ANY_TIME,
        modified_at=_ANY_TIME,
        registry_value_name=parts[0] if parts else None,
        registry_value_type=parts[1] if len(parts) > 1 else None,
    )
