"""A value that never shows itself, and the certificate that may stand in a secret's place."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from typing import Final, NoReturn

_PEM_BLOCK: Final = re.compile(r'-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----', re.DOTALL)
_PEM_LINE: Final = 64
# The tag of an ASN.1 SEQUENCE, with which every key and certificate begins.
_DER_SEQUENCE: Final = 0x30


class Secret:
    """Holds a secret; `value` gives it, nothing else does.

    It shows itself as `***`, compares without telling how much was right, and cannot be pickled.
    """

    __slots__ = ('_value',)

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def value(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return 'Secret(***)'

    def __str__(self) -> str:
        return '***'

    def __format__(self, _spec: str) -> str:
        return '***'

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError('a secret cannot be pickled')


def is_pem(text: str) -> bool:
    """True if the text is meant to be a PEM."""
    return '-----BEGIN' in text or '-----END' in text


def tidy_pem(text: str) -> tuple[str, str]:
    r"""A private key and its certificates as PEM with proper lines, and what is wrong with them.

    An input field may have turned the line breaks into blanks or into `\n`; both are mended.

    Returns:
        The PEM and an empty text, or an empty text and the fault with its remedy.
    """
    blocks = [
        (kind, ''.join(body.replace('\\n', '\n').replace('\\r', '').split()))
        for kind, body in _PEM_BLOCK.findall(text)
    ]
    keys = [block for block in blocks if block[0].endswith('PRIVATE KEY')]
    certificates = [block for block in blocks if block[0] == 'CERTIFICATE']
    if len(keys) > 1:
        return '', 'holds several private keys. Leave the one of the certificate.'
    if not keys:
        return '', 'is a PEM without a whole private key. Add the one of the certificate.'
    if not certificates:
        return '', 'is a PEM without a whole certificate. Add the one of the private key.'
    if keys[0][0].startswith('ENCRYPTED') or 'ENCRYPTED' in keys[0][1]:
        return '', 'holds a private key with a passphrase. Give it without one.'
    for kind, body in (*keys, *certificates):
        if not _is_der(body):
            return '', f'holds a {kind.lower()} that is damaged. Paste the whole PEM again.'
    return '\n'.join(_wrapped(kind, body) for kind, body in (*keys, *certificates)) + '\n', ''


def _is_der(body: str) -> bool:
    try:
        content = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return False
    return content[:1] == bytes([_DER_SEQUENCE])


def _wrapped(kind: str, body: str) -> str:
    lines = [body[start : start + _PEM_LINE] for start in range(0, len(body), _PEM_LINE)]
    return '\n'.join([f'-----BEGIN {kind}-----', *lines, f'-----END {kind}-----'])
