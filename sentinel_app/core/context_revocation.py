"""Withdrawal of context objects: they are sent once more, revoked and without what they said.

Revoking alone would leave the name of an actor in the workspace that may not be shown any more, and
what people query there need not look at `revoked`.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sentinel_app.core.context_key import ContextKey, ContextKind
from sentinel_app.core.context_object import context_object
from sentinel_app.core.object_text import object_text
from sentinel_app.core.relationship import relationship_object

WITHDRAWN_NAME: Final = 'Withdrawn'
"""Name of an actor that is withdrawn, as Sentinel requires one."""


def context_revocation(
    key: ContextKey, *, object_id: str, created_at: dt.datetime, modified_at: dt.datetime
) -> bytes:
    """Return the text of a threat actor or a relationship that is withdrawn.

    Args:
        key: the key of the object.
        object_id: the id under which Sentinel has it.
        created_at: as it was sent.
        modified_at: later than that of every version sent before under this id.
    """
    if key.kind is ContextKind.RELATIONSHIP:
        source_ref, _, target_ref = key.text.partition('|')
        stix = relationship_object(
            object_id=object_id,
            source_ref=source_ref,
            target_ref=target_ref,
            author_ref=None,
            tlp=None,
            created_at=created_at,
            modified_at=modified_at,
            is_revoked=True,
        )
    else:
        stix = context_object(
            key.kind,
            {'name': WITHDRAWN_NAME, 'lang': 'en'},
            object_id=object_id,
            created_at=created_at,
            modified_at=modified_at,
            is_revoked=True,
        )
    return object_text(stix)
