"""Fingerprints of raw rows: whether ThreatConnect says of an Indicator what it said before.

An equal fingerprint means that parsing and mapping would come to the same; an unequal one means
nothing, for the object may be the same all the same.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Mapping
from typing import Final

import orjson

from sentinel_app.core.mapping import MAPPING_NUMBER, MappingOptions
from sentinel_app.core.never_send import NeverSend
from sentinel_app.core.tlp import Tlp

_DIGEST_BYTES: Final = 16
_PLAIN_FORM: Final = 0
"""Without references, so that equal values have equal bytes."""

_PASSING: Final[Mapping[str, Mapping[str, None]]] = {
    'tags': {'lastUsed': None},
    'associatedGroups': {'lastModified': None, 'upVoteCount': None, 'downVoteCount': None},
}
"""Members of nested elements that change without the Indicator, and that are never mapped.

Source: ThreatConnect REST API v3, the fields of Tags and of Groups.
"""


def fingerprint(row: Mapping[str, object], salt: bytes) -> bytes:
    """Return a digest of a raw row but for `lastModified` and what changes without the Indicator.

    Args:
        row: as ThreatConnect gives it.
        salt: what `salt` returns.
    """
    content = {**row, 'lastModified': None}
    for name, passing in _PASSING.items():
        collection = content.get(name)
        if collection:
            content[name] = _lasting(collection, passing)
    try:
        text = orjson.dumps(content)
    except orjson.JSONEncodeError:
        # A number of more than 64 bits, half of a surrogate pair, or more than 254 levels.
        text = marshal.dumps(content, _PLAIN_FORM)
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES, key=salt).digest()


def salt(options: MappingOptions, *, max_tlp: Tlp | None, never_send: NeverSend) -> bytes:
    """Return a digest of what decides, beside the row, how an object looks and whether it is sent.

    Args:
        options: the inputs that decide how objects look.
        max_tlp: the highest level to send; None for all.
        never_send: the values that are never sent.
    """
    parts = [
        MAPPING_NUMBER,
        sorted(options.ttl_hours.items()),
        options.pattern_style,
        max_tlp,
        sorted(map(str, never_send.networks)),
        sorted(never_send.domains),
        sorted(never_send.hashes),
        never_send.is_private,
        never_send.is_empty_file,
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=_DIGEST_BYTES).digest()


def _lasting(collection: object, passing: Mapping[str, None]) -> object:
    """A nested collection without the passing members of its elements."""
    elements = collection.get('data') if isinstance(collection, dict) else None
    if not isinstance(elements, list):
        return collection
    lasting = [{**each, **passing} if isinstance(each, dict) else each for each in elements]
    return {**collection, 'data': lasting}  # type: ignore[dict-item]
