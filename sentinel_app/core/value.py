"""Objects that a value may refer to, and its spellings in ThreatConnect."""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import re
from collections.abc import Iterator, Sequence

from sentinel_app.core.canonical import MAPPED_BITS, address_text, as_number, network_text
from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.value_fault import indicator_fault, value_fault

_HASHES = (
    (HashKind.MD5, re.compile('[0-9A-Fa-f]{32}')),
    (HashKind.SHA1, re.compile('[0-9A-Fa-f]{40}')),
    (HashKind.SHA256, re.compile('[0-9A-Fa-f]{64}')),
)
_BETWEEN_HASHES = re.compile(r'[\s:|,;]+')
_BRACKETED = re.compile(r'\[([0-9A-Fa-f:.]+)\]')
_MAPPED = '::ffff:'
_ANY_TIME = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def keys_of_value(value: str) -> tuple[ObjectKey, ...]:
    """Return the key of each object that the value may refer to, of any type.

    Args:
        value: an address, a block, a name, a hash, a File's summary and so on, in the spelling of
            ThreatConnect, of a log or of an object.
    """
    return (
        *(ObjectKey(IndicatorType.FILE, digest, kind) for kind, digest in hashes_of_value(value)),
        *(key for each in _stand_ins(value) for key in object_keys(each)),
    )


def keys_of_summary(kind: IndicatorType, summary: str) -> tuple[ObjectKey, ...]:
    """Return the keys that follow from an Indicator's summary; not for Files."""
    return tuple(
        key for each in _stand_ins(summary) if each.type is kind for key in object_keys(each)
    )


def summary_digest(kind: str, summary: str) -> int:
    """Return a 64-bit digest of a type and a summary."""
    text = f'{kind}|{summary}'.encode('utf-8', 'surrogatepass')
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), signed=True)


def missing_summary_digest(indicator: Indicator, keys: Sequence[ObjectKey]) -> int | None:
    """Return the `summary_digest` if the Indicator's keys do not follow from it; else None.

    Lists of deleted Indicators have only the summary. A File's summary contains its hashes.
    """
    kind, summary = indicator.type, indicator.summary
    if kind is IndicatorType.FILE:
        return None
    if summary == indicator.value and kind is not IndicatorType.REGISTRY_KEY:
        return None
    return None if keys_of_summary(kind, summary) == tuple(keys) else summary_digest(kind, summary)


def hashes_of_value(value: str) -> tuple[tuple[HashKind, str], ...]:
    """Return the hashes that the value consists of; empty if it contains anything else."""
    parts = [part for part in _BETWEEN_HASHES.split(value) if part]
    found = tuple(
        (kind, part.upper()) for part in parts for kind, form in _HASHES if form.fullmatch(part)
    )
    return found if len(found) == len(parts) else ()


def spellings(key: ObjectKey) -> tuple[str, ...]:
    """Return the spellings that ThreatConnect may have for a key's value, the usual one first.

    Args:
        key: any key but that of a File, whose summary has more than one hash. The key of a subject
            has it decoded, and its encoded forms cannot be listed.
    """
    if key.type is IndicatorType.ASN and (number := as_number(key.value)) is not None:
        return (key.value, f'AS{number}', f'{number}')
    if key.type in {IndicatorType.ADDRESS, IndicatorType.CIDR} and ':' not in key.value:
        address, slash, length = key.value.partition('/')
        if not slash:
            mapped = address_text(ipaddress.IPv6Address(f'{_MAPPED}{address}'))
        else:
            block = f'{_MAPPED}{address}/{int(length) + MAPPED_BITS}'
            mapped = network_text(ipaddress.IPv6Network(block))
        return (key.value, mapped)
    return (key.value,)


def _stand_ins(value: str) -> Iterator[Indicator]:
    """Yield an Indicator of each type that the value may have."""
    plain = value.strip()
    for kind in IndicatorType:
        if kind is IndicatorType.FILE:
            continue
        text = value if kind is IndicatorType.EMAIL_SUBJECT else plain
        if kind is IndicatorType.ADDRESS and (match := _BRACKETED.fullmatch(text)):
            text = match.group(1)
        # A plain address would be parsed as a block of one.
        if kind is IndicatorType.CIDR and '/' not in text:
            continue
        if value_fault(kind, text) is None:
            stand_in = _stand_in(kind, text)
            if indicator_fault(stand_in) is None:
                yield stand_in


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
