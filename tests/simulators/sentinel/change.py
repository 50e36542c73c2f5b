"""What happens to an object within Sentinel: a person edits or deletes it, the platform repeats it.

Each gives a row of its own; nothing that was stored before changes.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tests.simulators.sentinel.check import read_timestamp

if TYPE_CHECKING:
    from tests.simulators.sentinel.table import Row

UPLOADED = 'ThreatIntelUploadAPI'
REPUBLISHED = 'LogARepublisher'
PERSON = 'UserInterface'
"""`LastUpdateMethod`; the name for a person is assumed, no list of them is public."""

EDITABLE = frozenset(('confidence', 'labels', 'modified', 'revoked', 'valid_until'))
"""Properties of an Indicator that a person can change; with `modified` as the platform might move
it."""
EDITABLE_OF_OTHERS = frozenset(
    ('aliases', 'confidence', 'description', 'labels', 'modified', 'name', 'revoked')
)
"""The same of objects of the other types."""


def edited(row: Row, changes: dict[str, Any], *, at: float) -> Row:
    """Return the row that a person's edit adds.

    Args:
        row: the newest of the object.
        changes: new values by STIX property, `None` to remove one.
        at: when, in seconds.

    Raises:
        ValueError: a property that no person can change, or nothing to change.
    """
    editable = EDITABLE if row.is_indicator else EDITABLE_OF_OTHERS
    if not changes or not changes.keys() <= editable:
        raise ValueError(f'a person changes some of: {", ".join(sorted(editable))}')
    for name in ('modified', 'valid_until'):
        if changes.get(name) is not None:
            read_timestamp(changes[name])
    stix = {**row.stix, **changes}
    return dataclasses.replace(
        row,
        stix={name: value for name, value in stix.items() if value is not None},
        stored_at=at,
        is_revoked=bool(changes.get('revoked', row.is_revoked)),
        update_method=PERSON,
    )


def deleted(row: Row, *, at: float) -> Row:
    """Return the last row of an object that a person deletes."""
    return dataclasses.replace(row, stored_at=at, is_deleted=True, update_method=PERSON)


def republished(row: Row, *, at: float) -> Row:
    """Return the row by which the platform repeats the state of an object."""
    return dataclasses.replace(row, stored_at=at, update_method=REPUBLISHED)


def is_expired(row: Row, at: float) -> bool:
    """Tell whether the object's validity has ended at this time, in seconds."""
    valid_until = row.stix.get('valid_until')
    return valid_until is not None and read_timestamp(valid_until).timestamp() <= at
