"""Whether one value is sound: each check gets a value and returns the reason against it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

MISSING = 'Required property is missing.'
INVALID_TYPE = 'Property has an invalid type.'
INVALID_ID = 'Invalid STIX identifier.'
INVALID_TIMESTAMP = 'Invalid timestamp.'
EMPTY = 'Value must not be empty.'
OUT_OF_RANGE = 'Value must be between 0 and 100.'
UNSUPPORTED = 'Value is not supported.'

_UUID = r'[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}'
_TIMESTAMP = re.compile(r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z')
_LANG = re.compile(r'[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*')
_SOURCE_TEXTS = ('description', 'url', 'external_id')
_STIX_ID = re.compile(rf'[a-z][a-z0-9-]+[a-z0-9]--{_UUID}')

Check = Callable[[Any], str | None]


def read_timestamp(text: str) -> dt.datetime:
    """Read a timestamp that was found sound."""
    return dt.datetime.fromisoformat(text)


def string(value: Any) -> str | None:
    return None if isinstance(value, str) else INVALID_TYPE


def text(value: Any) -> str | None:
    """A string with something in it."""
    if not isinstance(value, str):
        return INVALID_TYPE
    return None if value.strip() else EMPTY


def one_of(*allowed: str) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return INVALID_TYPE
        return None if value in allowed else UNSUPPORTED

    return check


def boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else INVALID_TYPE


def timestamp(value: Any) -> str | None:
    if not isinstance(value, str):
        return INVALID_TYPE
    if not _TIMESTAMP.fullmatch(value):
        return INVALID_TIMESTAMP
    try:
        read_timestamp(value)
    except ValueError:
        return INVALID_TIMESTAMP
    return None


def identifier(kind: str | None = None) -> Check:
    syntax = re.compile(rf'{kind}--{_UUID}') if kind else _STIX_ID

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return INVALID_TYPE
        return None if syntax.fullmatch(value) else INVALID_ID

    return check


def confidence(value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return INVALID_TYPE
    return None if 0 <= value <= 100 else OUT_OF_RANGE


def lang(value: Any) -> str | None:
    if not isinstance(value, str):
        return INVALID_TYPE
    return None if _LANG.fullmatch(value) else UNSUPPORTED


def list_of(check: Check) -> Check:
    def check_list(value: Any) -> str | None:
        if not isinstance(value, list):
            return INVALID_TYPE
        if not value:
            return EMPTY
        return next((reason for entry in value if (reason := check(entry))), None)

    return check_list


def filled_object(value: Any) -> str | None:
    if not isinstance(value, dict):
        return INVALID_TYPE
    return None if value else EMPTY


def kill_chain_phase(value: Any) -> str | None:
    if not isinstance(value, dict) or value.keys() != {'kill_chain_name', 'phase_name'}:
        return INVALID_TYPE
    return text(value['kill_chain_name']) or text(value['phase_name'])


def external_reference(value: Any) -> str | None:
    if not isinstance(value, dict) or 'source_name' not in value:
        return INVALID_TYPE
    if not value.keys() & set(_SOURCE_TEXTS):
        return EMPTY
    texts = (value[name] for name in ('source_name', *_SOURCE_TEXTS) if name in value)
    return next((reason for entry in texts if (reason := text(entry))), None)
