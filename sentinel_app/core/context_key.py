"""Keys and STIX ids of context objects: owner identities, threat actors and relationships.

As for Indicators, an id depends on what the object stands for alone, so that sending it again is an
update, and a lost ledger costs only sending.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from sentinel_app.core.object_id import line_of, name_uuid


class ContextKind(IntEnum):
    """Kinds of context objects, in the order in which they are sent. Values are stored."""

    IDENTITY = 0
    ACTOR = 1
    RELATIONSHIP = 2

    @property
    def stix_type(self) -> str:
        """STIX type of its objects."""
        return _STIX_TYPES[self]


_STIX_TYPES: Final = {
    ContextKind.IDENTITY: 'identity',
    ContextKind.ACTOR: 'threat-actor',
    ContextKind.RELATIONSHIP: 'relationship',
}


@dataclass(frozen=True, slots=True)
class ContextKey:
    """Key of a context object: its kind, and a text that stands for it within the kind."""

    kind: ContextKind
    text: str

    @property
    def digest(self) -> bytes:
        """Bytes of the first generation's id, by which the ledger finds a key."""
        return uuid.UUID(self._uuid(0)).bytes

    def object_id(self, generation: int = 0) -> str:
        """Return the STIX id of the object.

        Args:
            generation: how often an earlier object of the key was withdrawn and came back.
        """
        return f'{self.kind.stix_type}--{self._uuid(generation)}'

    def _uuid(self, generation: int) -> str:
        # The key of an Indicator begins with its type, which is that of no context object.
        return name_uuid(f'{self.kind.stix_type}|{line_of(self.text)}', generation)


def identity_key(owner_name: str) -> ContextKey:
    """Return the key of an owner's identity."""
    return ContextKey(ContextKind.IDENTITY, owner_name)


@lru_cache(maxsize=1024)
def identity_id(owner_name: str) -> str:
    """Return the id of an owner's identity, which every Indicator of the owner has."""
    return identity_key(owner_name).object_id()


def relationship_key(source_ref: str, target_ref: str) -> ContextKey:
    """Return the key of the relationship between an Indicator's object and a threat actor."""
    return ContextKey(ContextKind.RELATIONSHIP, f'{source_ref}|{target_ref}')
