"""Windows registry keys, in their various spellings."""

from __future__ import annotations

import re
from typing import Final

_KEY: Final = re.compile(
    r'(?:computer\\+)?'
    r'(hklm|hkcu|hkcr|hku|hkcc|hkey_[a-z_]+)(?::?\\+|\Z)(.*)',
    re.IGNORECASE | re.DOTALL,
)
_HIVES: Final = {
    'HKLM': 'HKEY_LOCAL_MACHINE',
    'HKCU': 'HKEY_CURRENT_USER',
    'HKCR': 'HKEY_CLASSES_ROOT',
    'HKU': 'HKEY_USERS',
    'HKCC': 'HKEY_CURRENT_CONFIG',
}
_SHORT_HIVES: Final = {name: short for short, name in _HIVES.items()}
_BACKSLASHES: Final = re.compile(r'\\+')


def is_registry_key(text: str) -> bool:
    """Return whether a text begins like a registry key."""
    return _KEY.fullmatch(text) is not None


def long_key(text: str) -> str | None:
    """Return a key with the full name of its hive; None if the text is not a key."""
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    hive = found.group(1).upper()
    path = _BACKSLASHES.sub(r'\\', found.group(2)).rstrip('\\ ')
    return '\\'.join(part for part in (_HIVES.get(hive, hive), path) if part)


def short_key(key: str) -> str:
    """Return a key in long form with the abbreviation of its hive, such as `HKLM`."""
    hive, slash, path = key.partition('\\')
    return f'{_SHORT_HIVES.get(hive, hive)}{slash}{path}'
