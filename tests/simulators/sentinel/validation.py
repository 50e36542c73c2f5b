"""Whether the service takes a STIX object: the reference's field tables, read strictly.

A refusal has the one message shape that is public:
`Error for Property=<name>: <reason> Actual value: <value>.`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.simulators.sentinel import check
from tests.simulators.sentinel.check import Check, read_timestamp
from tests.simulators.sentinel.relationship import TYPES as RELATIONSHIP_TYPES
from tests.simulators.sentinel.relationship import may_join

NOT_LATER = 'Value must be later than {}.'
BEFORE = 'Value must not be earlier than {}.'
NOT_ALLOWED = 'Value is not allowed between these types.'
DANGLING = 'The object that it refers to was not found.'

PATTERN_TYPES = ('stix', 'pcre', 'sigma', 'snort', 'suricata', 'yara')
SPEC_VERSIONS = ('2.0', '2.1')

MAX_SHOWN = 200

_COMMON: dict[str, Check] = {
    'spec_version': check.one_of(*SPEC_VERSIONS),
    'id': check.identifier(),
    'created': check.timestamp,
    'modified': check.timestamp,
    'created_by_ref': check.identifier('identity'),
    'revoked': check.boolean,
    'labels': check.list_of(check.text),
    'confidence': check.confidence,
    'lang': check.lang,
    'object_marking_refs': check.list_of(check.identifier('marking-definition')),
    'external_references': check.list_of(check.external_reference),
    'granular_markings': check.list_of(check.filled_object),
    'extensions': check.filled_object,
}
_NAMED: dict[str, Check] = {'name': check.text, 'description': check.string}
_KILL_CHAIN = check.list_of(check.kill_chain_phase)
_TEXTS = check.list_of(check.text)

_OWN: dict[str, dict[str, Check]] = {
    'indicator': {
        'name': check.string,
        'description': check.string,
        'indicator_types': _TEXTS,
        'pattern': check.text,
        'pattern_type': check.one_of(*PATTERN_TYPES),
        'pattern_version': check.text,
        'valid_from': check.timestamp,
        'valid_until': check.timestamp,
        'kill_chain_phases': _KILL_CHAIN,
    },
    'attack-pattern': {**_NAMED, 'aliases': _TEXTS, 'kill_chain_phases': _KILL_CHAIN},
    'threat-actor': {
        **_NAMED,
        'threat_actor_types': _TEXTS,
        'aliases': _TEXTS,
        'first_seen': check.timestamp,
        'last_seen': check.timestamp,
        'roles': _TEXTS,
        'goals': _TEXTS,
        'sophistication': check.text,
        'resource_level': check.text,
        'primary_motivation': check.text,
        'secondary_motivations': _TEXTS,
        'personal_motivations': _TEXTS,
    },
    'identity': {
        **_NAMED,
        'roles': _TEXTS,
        'identity_class': check.text,
        'sectors': _TEXTS,
        'contact_information': check.text,
    },
    'relationship': {
        'relationship_type': check.one_of(*RELATIONSHIP_TYPES),
        'description': check.string,
        'source_ref': check.identifier(),
        'target_ref': check.identifier(),
        'start_time': check.timestamp,
        'stop_time': check.timestamp,
    },
}
"""Checks by property, beside the common ones, of each type that the service takes."""
OBJECT_TYPES = tuple(_OWN)
CHECKS: Mapping[str, Mapping[str, Check]] = MappingProxyType(
    {kind: MappingProxyType({**_COMMON, **own}) for kind, own in _OWN.items()}
)
"""Checks by property of each type that the service takes."""

COMMON_REQUIRED = ('type', 'spec_version', 'id', 'created', 'modified')
"""A record without `spec_version` is read as STIX 2.0 by the service: here that is refused, for
whoever leaves it out writes 2.1."""
REQUIRED: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ('indicator', '2.1'): ('pattern', 'pattern_type', 'valid_from'),
        ('indicator', '2.0'): ('pattern', 'valid_from'),
        ('attack-pattern', '2.1'): ('name',),
        ('attack-pattern', '2.0'): ('name',),
        ('threat-actor', '2.1'): ('name',),
        ('threat-actor', '2.0'): ('name', 'labels'),
        ('identity', '2.1'): ('name',),
        ('identity', '2.0'): ('name', 'identity_class'),
        ('relationship', '2.1'): ('relationship_type', 'source_ref', 'target_ref'),
        ('relationship', '2.0'): ('relationship_type', 'source_ref', 'target_ref'),
    }
)
"""What an object of a type must have by a version of STIX, beside the common properties."""

REFERENCES = ('created_by_ref', 'source_ref', 'target_ref')
"""Properties that hold the id of an object of one's own."""

_PERIODS = (
    ('created', 'modified', BEFORE),
    ('valid_from', 'valid_until', NOT_LATER),
    ('first_seen', 'last_seen', BEFORE),
    ('start_time', 'stop_time', NOT_LATER),
)
"""Begin and end, and what is said where the end is too early."""


def properties(kind: str) -> frozenset[str]:
    """Return the names of the properties that STIX gives objects of this type."""
    return frozenset(('type', *CHECKS.get(kind, _COMMON)))


def message(name: str, reason: str, value: Any) -> str:
    """Make the text of one refusal."""
    if value is None:
        shown = 'NULL'
    elif isinstance(value, str):
        shown = value
    else:
        shown = json.dumps(value, ensure_ascii=False)
    return f'Error for Property={name}: {reason} Actual value: {shown[:MAX_SHOWN]}.'


def validate(record: Any, *, is_any_type_taken: bool = False) -> list[str]:
    """Get the reasons for which the service refuses a record; none when it takes it.

    Args:
        record: what was sent.
        is_any_type_taken: whether a type that is not supported is no reason.
    """
    if not isinstance(record, dict):
        return [message('stixobjects', check.INVALID_TYPE, record)]
    kind = record.get('type')
    if kind is not None and (reason := _reason_against_type(kind, is_any=is_any_type_taken)):
        return [message('type', reason, kind)]
    required = _required(record)
    checks = CHECKS.get(str(kind), _COMMON)
    messages = [message(name, check.MISSING, None) for name in required if record.get(name) is None]
    for name, value in record.items():
        if value is None:
            if name not in required:
                messages.append(message(name, check.INVALID_TYPE, None))
            continue
        reason = checks[name](value) if name in checks else None
        if reason:
            messages.append(message(name, reason, value))
    return messages or _between_properties(record)


def _reason_against_type(kind: Any, *, is_any: bool) -> str | None:
    reason = check.one_of(*OBJECT_TYPES)(kind)
    return None if is_any and reason == check.UNSUPPORTED else reason


def _required(record: dict[str, Any]) -> tuple[str, ...]:
    version = '2.0' if record.get('spec_version') == '2.0' else '2.1'
    return COMMON_REQUIRED + REQUIRED.get((str(record.get('type')), version), ())


def _between_properties(record: dict[str, Any]) -> list[str]:
    """Check what needs two properties, once each is sound by itself."""
    messages = []
    if not record['id'].startswith(f'{record["type"]}--'):
        messages.append(message('id', check.INVALID_ID, record['id']))
    checks = CHECKS.get(record['type'], _COMMON)
    for begin, end, reason in _PERIODS:
        if end in checks and begin in record and end in record:
            lasts_s = _seconds(record, end) - _seconds(record, begin)
            if lasts_s < 0 or (lasts_s == 0 and reason is NOT_LATER):
                messages.append(message(end, reason.format(begin), record[end]))
    if record['type'] == 'relationship' and not may_join(
        record['relationship_type'], record['source_ref'], record['target_ref']
    ):
        ends = f'{record["source_ref"]} {record["relationship_type"]} {record["target_ref"]}'
        messages.append(message('relationship_type', NOT_ALLOWED, ends))
    return messages


def _seconds(record: dict[str, Any], name: str) -> float:
    return read_timestamp(record[name]).timestamp()
