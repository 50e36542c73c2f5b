"""Sanitizing of text and numbers from other systems for UTF-8, SQLite and arithmetic.

JSON can express what none of these can hold: a lone surrogate, a NUL character, a number of 5,000
digits, infinity. All input from other systems passes through here first, so that no such value
reaches a store, a log or a reply.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Final, NoReturn

import orjson

REPLACEMENT: Final = '\ufffd'

LARGEST_INTEGER: Final = 2**63 - 1
"""Largest integer of SQLite. A larger number counts as missing."""

_UNFIT: Final = re.compile('[\x00\ud800-\udfff]')
# Texts that need the slow path: escapes of NUL and of surrogates (pairs are one character), and
# needless escapes, by which a text could hide from a search.
_TELLING_ESCAPE: Final = re.compile(rb'\\u(?:00[0-7]|[dD][89a-fA-F])')
# An unterminated text extends to the end. The pattern never backtracks, whatever the quoting.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_LONGEST_DIGITS: Final = 19

_NO_SIGNS: Final = bytes(set(range(256)) - set(b',[{'))
_LONG_NUMBER: Final = b':' + b'0' * _LONGEST_DIGITS


def _form(byte: int) -> int:
    """Map a digit to 0, what may precede a number to a colon, and anything else to a dot."""
    if byte in b'0123456789':
        return ord('0')
    return ord(':') if byte in b':,[- \t\r\n' else ord('.')


_FORMS: Final = bytes(map(_form, range(256)))


class TooManyValuesError(ValueError):
    """JSON text with more values than allowed."""


def clean_text(text: str) -> str:
    """Return the text with U+FFFD for each character that UTF-8 or a database cannot hold."""
    return text if text.isprintable() else _UNFIT.sub(REPLACEMENT, text)


def read_json(
    body: bytes, *, most_values: int, mend: Callable[[str], str] = clean_text, always: bool = False
) -> object:
    """Parse JSON text, with every text cleaned and every number bounded.

    Integers beyond 64 bits and infinite numbers become None.

    Args:
        body: the text in UTF-8, with or without a byte order mark; invalid UTF-8 is replaced.
        most_values: maximum number of commas and openings of lists and objects, outside of texts.
        mend: a function applied to each text, names of members included.
        always: whether `mend` is applied to every text, even if none can need cleaning.

    Raises:
        TooManyValuesError: there are more values than `most_values`.
        ValueError: it is not JSON, or nested too deeply.
    """
    if _is_beyond(body, most_values):
        raise TooManyValuesError(f'more than {most_values} values')
    try:
        value = _value(body)
        return _mended(value, mend) if always or _TELLING_ESCAPE.search(body) else value
    except RecursionError:
        raise ValueError('the JSON is nested too deeply') from None


def _value(body: bytes) -> object:
    """Parse JSON text, with every number bounded.

    The fast decoder is as strict as the slow one and gives the same result, except for integers of
    many digits. What it refuses, such as infinite numbers and lone surrogates, goes to the slow
    one.
    """
    if _LONG_NUMBER not in b':' + body.translate(_FORMS):
        try:
            value: object = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            return value
    return _slow_value(body)


def _slow_value(body: bytes) -> object:
    value: object = json.loads(
        body.decode('utf-8-sig', errors='replace'),
        parse_int=_integer,
        parse_float=_number,
        parse_constant=_no_constant,
    )
    return value


def _is_beyond(body: bytes, most_values: int) -> bool:
    found = _signs(body)
    if found <= most_values:
        return False
    # Those inside of texts do not count. Removing the texts would take several times the memory.
    return found - sum(_signs(text.group()) for text in _STRING.finditer(body)) > most_values


def _signs(text: bytes) -> int:
    return len(text.translate(None, _NO_SIGNS))


def _integer(digits: str) -> int | None:
    if len(digits.lstrip('-')) > _LONGEST_DIGITS:
        return None
    number = int(digits)
    return number if abs(number) <= LARGEST_INTEGER else None


def _number(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is not JSON')


def _mended(value: object, mend: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return mend(clean_text(value))
    if isinstance(value, list):
        return [_mended(each, mend) for each in value]
    if isinstance(value, dict):
        return {mend(clean_text(name)): _mended(each, mend) for name, each in value.items()}
    return value
