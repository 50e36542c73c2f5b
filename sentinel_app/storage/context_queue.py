"""Operations on the outbox of context objects inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.statements import statements

_SQL: Final = statements('context_queue')


def drop(
    transaction: sqlite3.Connection, objects: Sequence[int], *, forgets_new: bool = False
) -> int:
    """Remove the versions of these objects that wait to be sent, unless they are withdrawals.

    Args:
        transaction: the caller's transaction.
        objects: the rows of the objects.
        forgets_new: whether objects that Sentinel cannot have are forgotten with them.

    Returns:
        The number of versions removed.
    """
    rows = list(select_in(transaction, _SQL['waiting'], objects))
    for row in rows:
        transaction.execute(_SQL['account'], (row['account'],))
        transaction.execute(_SQL['remove'], (row['object'],))
        if row['is_unacknowledged']:
            hold_unacknowledged(transaction, row)
        elif forgets_new:
            transaction.execute(_SQL['forget'], (row['object'],))
    return len(rows)


def hold_unacknowledged(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Record that Sentinel may have a version.

    Args:
        transaction: the caller's transaction.
        row: the version in the outbox, with the `state` of its object.
    """
    values = (row['created'], row['modified'], kept_body(row), row['object'])
    transaction.execute(_SQL['hold_unacknowledged'], values)
    if row['state'] != ObjectState.LIVE:
        transaction.execute(_SQL['count_live'], (row['kind'], 1))


def kept_body(row: sqlite3.Row) -> bytes | None:
    """Return what is kept of a version; that of a relationship follows from its columns."""
    return None if row['kind'] == ContextKind.RELATIONSHIP else row['body']
