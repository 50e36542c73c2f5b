"""Identities: the owners that are the authors of what is sent.

Source: STIX 2.1, section 4.5 (identity).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_name import shown_name
from sentinel_app.core.context_object import context_object
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.text import shortened

IDENTITY_SINCE: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""`created` of every identity: owners have no dates, and a clock would change its content."""


def identity_object(
    owner_name: str,
    *,
    object_id: str,
    created_at: dt.datetime,
    modified_at: dt.datetime,
    is_revoked: bool = False,
) -> dict[str, object]:
    """Return the object of an owner.

    Args:
        owner_name: the name of the owner.
        object_id: the id of the identity.
        created_at: `IDENTITY_SINCE`, unless an earlier identity of the owner was withdrawn.
        modified_at: if it is before `created_at`, that is taken.
        is_revoked: whether it is withdrawn.
    """
    return context_object(
        ContextKind.IDENTITY,
        {
            # Sentinel requires a name, and an owner of invisible characters alone is still one.
            'name': shown_name(owner_name) or shortened(owner_name, NAME_LIMIT),
            'identity_class': 'organization',
            'lang': 'en',
        },
        object_id=object_id,
        created_at=created_at,
        modified_at=modified_at,
        is_revoked=is_revoked,
    )
