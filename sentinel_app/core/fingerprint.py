"""Fingerprints of raw rows, which show whether an Indicator is the same as before.

Equal fingerprints mean that parsing and mapping would give the same result. Unequal ones mean
nothing: the object may still be the same.
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Collection, Mapping
from typing import Final

import orjson

from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.mapping import MAPPING_NUMBER, MappingOptions
from sentinel_app.core.never_send import NeverSend
from sentinel_app.core.tlp import Tlp

_DIGEST_BYTES: Final = 16
_PLAIN_FORM: Final = 0
"""Serialization without references, so that equal values have equal bytes."""

_PASSING: Final[Mapping[str, Mapping[str, None]]] = {
    'tags': {'lastUsed': None},
    'associatedGroups': {'lastModified': None, 'upVoteCount': None, 'downVoteCount': None},
}
"""Members of nested elements that change independently of the Indicator and are never mapped.

Source: ThreatConnect REST API v3, the fields of Tags and of Groups.
"""


def fingerprint(row: Mapping[str, object], salt: bytes) -> bytes:
    """Return a digest of a raw row, without `lastModified` and what changes independently.

    Args:
        row: a raw row of ThreatConnect.
        salt: the result of `salt`.
    """
    content = {**row, 'lastModified': None}
    for name, passing in _PASSING.items():
        collection = content.get(name)
        if collection:
            content[name] = _lasting(collection, passing)
    try:
        text = orjson.dumps(content)
    except orjson.JSONEncodeError:
        # A number beyond 64 bits, a lone surrogate, or more than 254 levels.
        text = marshal.dumps(content, _PLAIN_FORM)
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES, key=salt).digest()


def salt(
    options: MappingOptions,
    *,
    max_tlp: Tlp | None,
    never_send: NeverSend,
    context: ContextChoice = ContextChoice.NONE,
    actor_types: Collection[ActorGroupType] = (),
) -> bytes:
    """Return a digest of what else than the row decides about objects and whether they are sent.

    Args:
        options: the inputs that decide about the form of objects.
        max_tlp: the highest level to send; None for all.
        never_send: the values that are never sent.
        context: what is sent besides Indicators.
        actor_types: the types of Groups that are threat actors.
    """
    parts = [
        MAPPING_NUMBER,
        sorted(options.ttl_hours.items()),
        options.pattern_style,
        options.has_author,
        context,
        sorted(actor_types) if context.has_actors else [],
        max_tlp,
        sorted(map(str, never_send.networks)),
        sorted(never_send.domains),
        sorted(never_send.hashes),
        never_send.is_private,
        never_send.is_empty_file,
    ]
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=_DIGEST_BYTES).digest()


def _lasting(collection: object, passing: Mapping[str, None]) -> object:
    """Return a nested collection without the volatile members of its elements."""
    elements = collection.get('data') if isinstance(collection, dict) else None
    if not isinstance(elements, list):
        return collection
    lasting = [{**each, **passing} if isinstance(each, dict) else each for each in elements]
    return {**collection, 'data': lasting}  # type: ignore[dict-item]
