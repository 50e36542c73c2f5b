"""The one kind of pattern that gets columns of its own: a single equality."""

from __future__ import annotations

import re

_QUOTED = r"'(?:[^'\\]|\\['\\])*'"
_NAME = rf'(?:[A-Za-z_][A-Za-z0-9_]*|{_QUOTED})'
_INDEX = r'\[(?:[0-9]+|\*)\]'
_EQUALITY = re.compile(
    rf'\s*\[\s*(?P<key>[A-Za-z][A-Za-z0-9_-]*:{_NAME}(?:\.{_NAME}|{_INDEX})*)\s*=\s*'
    rf'(?P<value>{_QUOTED}|[+-]?[0-9]+(?:\.[0-9]+)?|true|false)\s*\]\s*'
)
_ESCAPED = re.compile(r"\\(['\\])")


def read_equality(pattern: str) -> tuple[str, str]:
    """Get key and value of `[key = 'value']`, the value unescaped; two empty texts otherwise."""
    match = _EQUALITY.fullmatch(pattern)
    if not match:
        return '', ''
    value = match['value']
    if value.startswith("'"):
        value = _ESCAPED.sub(r'\1', value[1:-1])
    return match['key'], value
