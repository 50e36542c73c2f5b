"""Relationships from Indicators to threat actors.

Source: STIX 2.1, section 5.1 (relationship) and the table of relationships in section 4.7
(indicator).
"""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_object import context_object
from sentinel_app.core.tlp import Tlp


def relationship_object(
    *,
    object_id: str,
    source_ref: str,
    target_ref: str,
    author_ref: str | None,
    tlp: Tlp | None,
    created_at: dt.datetime,
    modified_at: dt.datetime,
    is_revoked: bool = False,
) -> dict[str, object]:
    """Return the object that says that an Indicator indicates a threat actor.

    Args:
        object_id: the id of the relationship.
        source_ref: the id of the Indicator's object.
        target_ref: the id of the threat actor.
        author_ref: the id of the identity of the Indicator's owner; None without one.
        tlp: the stricter level of both ends; None without one.
        created_at: never changes for one id.
        modified_at: if it is before `created_at`, that is taken.
        is_revoked: whether it is withdrawn.
    """
    return context_object(
        ContextKind.RELATIONSHIP,
        {'relationship_type': 'indicates', 'source_ref': source_ref, 'target_ref': target_ref},
        object_id=object_id,
        author_ref=author_ref,
        tlp=tlp,
        created_at=created_at,
        modified_at=modified_at,
        is_revoked=is_revoked,
    )
