"""Identity of objects: which Indicators are the same value, and the id of their object.

An object's id depends on the type, the canonical value and (for a File) the kind of hash alone, not
on the owner or the machine. So sending a value again is an update, a second owner's copy of it is
the same object, and a lost ledger costs only a full update.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from dataclasses import dataclass

from stix2.base import SCO_DET_ID_NAMESPACE

from sentinel_app.core.canonical import canonical_value
from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType

OBJECT_NAMESPACE = uuid.uuid5(SCO_DET_ID_NAMESPACE, 'ThreatConnect Indicator for Sentinel')
"""Namespace of the ids, derived from that of cyber observables, which an `indicator` must not use.

Source: STIX 2.1, section 2.9 (identifier).
"""

_NAMESPACE = OBJECT_NAMESPACE.bytes
_VARIANTS = '89ab'
_SEPARATOR = '|'
_DIGEST_BYTES = 16
_UNSAFE = re.compile('[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_ESCAPED = re.compile(r'\\(?:\\|u([0-9a-f]{4}))')


@dataclass(frozen=True, slots=True)
class ObjectKey:
    """Key of an object: a type, a canonical value and, for a File, the kind of hash."""

    type: IndicatorType
    value: str
    hash_kind: HashKind | None = None

    @property
    def text(self) -> str:
        """The key as one stable line of text, for example `File|MD5|0123...`.

        Different keys have different texts. Backslashes, control characters, line ends and lone
        surrogates are escaped, so that any value gives one line of well-formed text.
        """
        return f'{self.type}{_SEPARATOR}{self.hash_kind or ""}{_SEPARATOR}{line_of(self.value)}'

    @property
    def digest(self) -> bytes:
        """Bytes of the first generation's id, by which the ledger finds a key."""
        digest = bytearray(
            hashlib.sha1(_NAMESPACE + self.text.encode(), usedforsecurity=False).digest()
        )
        # Version and variant, as `uuid.uuid5` sets them.
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        return bytes(digest[:_DIGEST_BYTES])

    @classmethod
    def from_text(cls, text: str) -> ObjectKey:
        """Return the key with this `text`.

        Raises:
            ValueError: the text is not the text of a key.
        """
        parts = text.split(_SEPARATOR, 2)
        if len(parts) != 3:  # noqa: PLR2004 - type, hash kind, value
            raise ValueError(f'not the text of an object key: {text!r}')
        kind = HashKind(parts[1]) if parts[1] else None
        return cls(IndicatorType(parts[0]), _ESCAPED.sub(_unescape, parts[2]), kind)


def object_keys(indicator: Indicator) -> tuple[ObjectKey, ...]:
    """Return the keys of an Indicator's objects: one, or one for each hash of a File.

    The canonical value (`canonical_value`) decides what counts as the same value whatever its
    owner. A File's hashes are in upper case, as ThreatConnect keeps them.
    """
    kind = indicator.type
    if kind is IndicatorType.FILE:
        return tuple(ObjectKey(kind, digest.upper(), name) for name, digest in indicator.hashes)
    return (ObjectKey(kind, canonical_value(indicator)),)


def object_id(key: ObjectKey, generation: int = 0) -> str:
    """Return the STIX id of an object.

    Args:
        key: the key of the object.
        generation: how often an earlier object of the key was withdrawn and came back. The first,
            0, is not part of the name. The text of a key never begins with a digit, so the names
            of different keys and generations differ.
    """
    return f'indicator--{name_uuid(key.text, generation)}'


def name_uuid(text: str, generation: int = 0) -> str:
    """Return the UUID of an object's name in the namespace of the ids.

    Args:
        text: the name, one line of well-formed text that begins with the kind of the object and
            never with a digit.
        generation: as for `object_id`.
    """
    name = text if generation == 0 else f'{generation}{_SEPARATOR}{text}'
    # As `uuid.uuid5`, without creating an object.
    digits = hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANTS[int(digits[16], 16) % len(_VARIANTS)]
    return f'{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}'


def line_of(text: str) -> str:
    """Return any text as one line of well-formed text; different texts give different lines."""
    if '\\' in text or not text.isprintable():
        return _UNSAFE.sub(_escape, text)
    return text


def _escape(match: re.Match[str]) -> str:
    found = match.group()
    return '\\\\' if found == '\\' else f'\\u{ord(found):04x}'


def _unescape(match: re.Match[str]) -> str:
    digits = match.group(1)
    return chr(int(digits, 16)) if digits else '\\'
