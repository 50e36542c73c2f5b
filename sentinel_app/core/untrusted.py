"""Text and numbers of other systems, made fit for UTF-8, SQLite and arithmetic where they come in.

JSON can say what none of these can hold: half of a surrogate pair, a NUL character, a number of
5,000 digits, infinity. Everything that another system says passes through here before anything
else looks at it, so that no store, log or reply meets such a value.
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
"""What SQLite holds. A number beyond it is as good as none."""

_UNFIT: Final = re.compile('[\x00\ud800-\udfff]')
# What has to be examined character by character: escapes of NUL, of surrogates (in pairs they are
# a character), and of what could be written plainly, by which a text could hide from a search.
_TELLING_ESCAPE: Final = re.compile(rb'\\u(?:00[0-7]|[dD][89a-fA-F])')
# What is never closed is one text to the end. Nothing is gone through twice, however it is quoted.
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_LONGEST_DIGITS: Final = 19

_NO_SIGNS: Final = bytes(set(range(256)) - set(b',[{'))
_LONG_NUMBER: Final = b':' + b'0' * _LONGEST_DIGITS


def _form(byte: int) -> int:
    """A digit as 0, what may stand before a number as a colon, anything else as a dot."""
    if byte in b'0123456789':
        return ord('0')
    return ord(':') if byte in b':,[- \t\r\n' else ord('.')


_FORMS: Final = bytes(map(_form, range(256)))


class TooManyValuesError(ValueError):
    """JSON text that holds more values than its purpose needs."""


def clean_text(text: str) -> str:
    """Return the text with U+FFFD for each character that UTF-8 or a database does not take."""
    return text if text.isprintable() else _UNFIT.sub(REPLACEMENT, text)


def read_json(
    body: bytes, *, most_values: int, mend: Callable[[str], str] = clean_text, always: bool = False
) -> object:
    """Return what JSON text says, with every text cleaned and every number bounded.

    Integers beyond 64 bits and infinite numbers become None, as if nothing had been said.

    Args:
        body: the text in UTF-8, with or without a byte order mark; what is no UTF-8 is replaced.
        most_values: commas and openings of lists and objects, outside of texts, that may occur.
        mend: what is made of each text, names of members included.
        always: whether `mend` sees every text, also where none of them can need cleaning.

    Raises:
        TooManyValuesError: there are more values than that.
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
    """What JSON text says, with every number bounded.

    The fast decoder is as strict as the slow one and says the same, but for whole numbers of many
    digits. Whatever it refuses, such as infinite numbers and halves of surrogate pairs, is for the
    slow one to judge.
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
    # Without those inside of texts. To cut these out would cost the body's size many times over.
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
