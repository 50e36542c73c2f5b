"""JSON text of an object: the form that is hashed, stored and sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

import orjson

TIMES: Final = ('modified', 'valid_from', 'valid_until')
"""Members that are not content: the last ones of every object, in this order."""

_DIGEST_BYTES: Final = 16
_TIMES_FORM: Final = re.compile(
    ''.join(f',"{name}":"[0-9TZ:.-]{{24}}"' for name in TIMES).encode() + rb'\}'
)
_TIMES_LENGTH: Final = sum(len(f',"{name}":""') + len('YYYY-MM-DDTHH:MM:SS.mmmZ') for name in TIMES)
_END_LENGTH: Final = _TIMES_LENGTH + len('}')


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
    """Return a digest of the text of an object without `TIMES`.

    Args:
        text: the `object_text` of an object that ends in `TIMES`.

    Raises:
        ValueError: it does not end in them.
    """
    content_length = len(text) - _END_LENGTH
    if content_length < 0 or not _TIMES_FORM.fullmatch(text, content_length):
        raise ValueError(f'the text of an object does not end in {", ".join(TIMES)}')
    return hashlib.blake2b(text[:content_length], digest_size=_DIGEST_BYTES).digest()
