"""Whether the service takes a STIX object: the reference's field tables, read strictly.

A refusal has the one message shape that is public:
`Error for Property=<name>: <reason> Actual value: <value>.`
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

MISSING = 'Required property is missing.'
INVALID_TYPE = 'Property has an invalid type.'
INVALID_ID = 'Invalid STIX identifier.'
INVALID_TIMESTAMP = 'Invalid timestamp.'
EMPTY = 'Value must not be empty.'
OUT_OF_RANGE = 'Value must be between 0 and 100.'
NOT_LATER = 'Value must be later than valid_from.'
BEFORE_CREATED = 'Value must not be earlier than created.'
UNSUPPORTED = 'Value is not supported.'

OBJECT_TYPES = ('indicator', 'attack-pattern', 'threat-actor', 'identity', 'relationship')
PATTERN_TYPES = ('stix', 'pcre', 'sigma', 'snort', 'suricata', 'yara')
SPEC_VERSIONS = ('2.0', '2.1')
COMMON_REQUIRED = ('type', 'id', 'created', 'modified')
INDICATOR_REQUIRED = ('pattern', 'pattern_type', 'valid_from')

MAX_SHOWN = 200
_UUID = r'[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}'
_TIMESTAMP = re.compile(r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z')
_LANG = re.compile(r'[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*')
_STIX_ID = re.compile(rf'[a-z][a-z0-9-]+[a-z0-9]--{_UUID}')

Check = Callable[[Any], str | None]


def message(name: str, reason: str, value: Any) -> str:
    """Make the text of one refusal."""
    if value is None:
        shown = 'NULL'
    elif isinstance(value, str):
        shown = value
    else:
        shown = json.dumps(value, ensure_ascii=False)
    return f'Error for Property={name}: {reason} Actual value: {shown[:MAX_SHOWN]}.'


def validate(record: Any) -> list[str]:
    """Get the reasons for which the service refuses a record; none when it takes it."""
    if not isinstance(record, dict):
        return [message('stixobjects', INVALID_TYPE, record)]
    kind = record.get('type')
    messages = [
        message(name, MISSING, None) for name in _required(record) if record.get(name) is None
    ]
    checks = INDICATOR_CHECKS if kind == 'indicator' else COMMON_CHECKS
    for name, value in record.items():
        if value is None:
            if name not in COMMON_REQUIRED and name not in INDICATOR_REQUIRED:
                messages.append(message(name, INVALID_TYPE, None))
            continue
        check = checks.get(name)
        reason = check(value) if check else None
        if reason:
            messages.append(message(name, reason, value))
    return messages or _between_properties(record)


def _required(record: dict[str, Any]) -> tuple[str, ...]:
    if record.get('type') != 'indicator':
        return COMMON_REQUIRED
    if record.get('spec_version') == '2.0':
        return (*COMMON_REQUIRED, 'pattern', 'valid_from')
    return COMMON_REQUIRED + INDICATOR_REQUIRED


def _between_properties(record: dict[str, Any]) -> list[str]:
    """Check what needs two properties, once each is sound by itself."""
    messages = []
    if not record['id'].startswith(f'{record["type"]}--'):
        messages.append(message('id', INVALID_ID, record['id']))
    created, modified = record['created'], record['modified']
    if read_timestamp(modified) < read_timestamp(created):
        messages.append(message('modified', BEFORE_CREATED, modified))
    valid_until = record.get('valid_until')
    if (
        record['type'] == 'indicator'
        and valid_until is not None
        and read_timestamp(valid_until) <= read_timestamp(record['valid_from'])
    ):
        messages.append(message('valid_until', NOT_LATER, valid_until))
    return messages


def read_timestamp(text: str) -> dt.datetime:
    """Read a timestamp that was found sound."""
    return dt.datetime.fromisoformat(text)


def _string(value: Any) -> str | None:
    return None if isinstance(value, str) else INVALID_TYPE


def _text(value: Any) -> str | None:
    """A string with something in it."""
    if not isinstance(value, str):
        return INVALID_TYPE
    return None if value.strip() else EMPTY


def _one_of(*allowed: str) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return INVALID_TYPE
        return None if value in allowed else UNSUPPORTED

    return check


def _boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else INVALID_TYPE


def _timestamp(value: Any) -> str | None:
    if not isinstance(value, str):
        return INVALID_TYPE
    if not _TIMESTAMP.fullmatch(value):
        return INVALID_TIMESTAMP
    try:
        read_timestamp(value)
    except ValueError:
        return INVALID_TIMESTAMP
    return None


def _identifier(kind: str | None = None) -> Check:
    syntax = re.compile(rf'{kind}--{_UUID}') if kind else _STIX_ID

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return INVALID_TYPE
        return None if syntax.fullmatch(value) else INVALID_ID

    return check


def _confidence(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return INVALID_TYPE
    return None if 0 <= value <= 100 else OUT_OF_RANGE


def _lang(value: Any) -> str | None:
    if not isinstance(value, str):
        return INVALID_TYPE
    return None if _LANG.fullmatch(value) else UNSUPPORTED


def _list_of(check: Check) -> Check:
    def check_list(value: Any) -> str | None:
        if not isinstance(value, list):
            return INVALID_TYPE
        if not value:
            return EMPTY
        return next((reason for entry in value if (reason := check(entry))), None)

    return check_list


def _object(value: Any) -> str | None:
    if not isinstance(value, dict):
        return INVALID_TYPE
    return None if value else EMPTY


def _kill_chain_phase(value: Any) -> str | None:
    if not isinstance(value, dict) or value.keys() != {'kill_chain_name', 'phase_name'}:
        return INVALID_TYPE
    return _text(value['kill_chain_name']) or _text(value['phase_name'])


def _external_reference(value: Any) -> str | None:
    if not isinstance(value, dict) or 'source_name' not in value:
        return INVALID_TYPE
    if not value.keys() & {'description', 'url', 'external_id'}:
        return EMPTY
    return _text(value['source_name'])


COMMON_CHECKS: dict[str, Check] = {
    'type': _one_of(*OBJECT_TYPES),
    'spec_version': _one_of(*SPEC_VERSIONS),
    'id': _identifier(),
    'created': _timestamp,
    'modified': _timestamp,
    'created_by_ref': _identifier('identity'),
    'revoked': _boolean,
    'labels': _list_of(_text),
    'confidence': _confidence,
    'lang': _lang,
    'object_marking_refs': _list_of(_identifier('marking-definition')),
    'external_references': _list_of(_external_reference),
    'granular_markings': _list_of(_object),
    'extensions': _object,
}
INDICATOR_CHECKS: dict[str, Check] = {
    **COMMON_CHECKS,
    'id': _identifier('indicator'),
    'name': _string,
    'description': _string,
    'indicator_types': _list_of(_text),
    'pattern': _text,
    'pattern_type': _one_of(*PATTERN_TYPES),
    'pattern_version': _text,
    'valid_from': _timestamp,
    'valid_until': _timestamp,
    'kill_chain_phases': _list_of(_kill_chain_phase),
}
