"""KQL text: literals of the queries that are sent to Log Analytics."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from sentinel_app.core.timestamp import to_millis

_UNSAFE: Final = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_SHORT: Final = {'\\': r'\\', '"': r'\"', '\n': r'\n', '\r': r'\r', '\t': r'\t'}


def text_literal(value: str) -> str:
    """Return text as a KQL string literal, on one line and in well-formed Unicode.

    Source: Kusto documentation, "The string data type": strings in double quotes, with a backslash
    before a backslash, a quote, or the letter or the number of a control character.
    """
    return '"' + _UNSAFE.sub(_escape, value) + '"'


def time_literal(at: dt.datetime) -> str:
    """Return a time as a KQL literal, `datetime(2026-11-30T10:00:00.123Z)`, truncated to the ms."""
    return f'datetime({to_millis(at)})'


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return _SHORT.get(found) or f'\\u{ord(found):04x}'
