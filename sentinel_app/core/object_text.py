"""JSON text of an object: the form that is hashed, stored and sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

TIMES: Final = ('modified', 'valid_from', 'valid_until')
"""Members that are not content: the last ones of every Indicator's object, in this order."""

CONTEXT_TIMES: Final = TIMES[:1]
"""Members that are not content: the last one of every context object, which has no validity."""

_DIGEST_BYTES: Final = 16
_INDICATOR: Final = b'{"type":"indicator"'
_TIME_LENGTH: Final = len('YYYY-MM-DDTHH:MM:SS.mmmZ')


def object_text(stix: Mapping[str, object]) -> bytes:
    """Return the JSON text of an object in UTF-8, without blanks and needless escapes.

    Raises:
        ValueError: it has values that JSON or UTF-8 cannot represent, such as a lone surrogate.
    """
    try:
        return orjson.dumps(stix)
    except orjson.JSONEncodeError as fault:
        raise ValueError(f'no JSON text can be made of the object: {fault}') from None


def content_hash(text: bytes) -> bytes:
    """Return a digest of the text of an object without the times at its end.

    Args:
        text: the `object_text` of an object that ends in `TIMES`, or, unless it is an Indicator's,
            in `CONTEXT_TIMES`.

    Raises:
        ValueError: it does not end in them.
    """
    length = _TIMES.content_length(text)
    if length is None and not text.startswith(_INDICATOR):
        length = _CONTEXT_TIMES.content_length(text)
    if length is None:
        raise ValueError(f'the text of an object does not end in {", ".join(TIMES)}')
    return hashlib.blake2b(text[:length], digest_size=_DIGEST_BYTES).digest()


class _Ending:
    """End of a text: times as its last members.

    Args:
        names: the names of the members.
    """

    def __init__(self, names: Sequence[str]) -> None:
        members = ''.join(f',"{name}":"[0-9TZ:.-]{{{_TIME_LENGTH}}}"' for name in names)
        self._form = re.compile(members.encode() + rb'\}')
        self._length = sum(len(f',"{name}":""') + _TIME_LENGTH for name in names) + len('}')

    def content_length(self, text: bytes) -> int | None:
        """Return the length of what is before the end; None if the text ends otherwise."""
        length = len(text) - self._length
        return length if length > 0 and self._form.fullmatch(text, length) else None


_TIMES: Final = _Ending(TIMES)
_CONTEXT_TIMES: Final = _Ending(CONTEXT_TIMES)
