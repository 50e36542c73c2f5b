"""Associations of objects with Groups, stored with the page that has chosen the objects."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from sentinel_app.core.context_outbox import AssociatedCopy
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.statements import statements

_SQL: Final = statements('associations')


def store_associations(
    transaction: sqlite3.Connection, job: int, copies: Sequence[AssociatedCopy]
) -> None:
    """Store what relationships have of chosen copies; where that changes, they are due.

    Args:
        transaction: the caller's transaction.
        job: the number of the Job that has chosen them.
        copies: the copies, one for each object.
    """
    objects = [copy.object for copy in copies]
    known = {
        row['object']: (row['owner'], row['generation'], row['tlp'])
        for row in select_in(transaction, _SQL['of_objects'], objects)
    }
    groups: defaultdict[int, set[int]] = defaultdict(set)
    for row in select_in(transaction, _SQL['groups_of'], list(known)):
        groups[row['object']].add(row['group_id'])
    account = None
    for copy in copies:
        before = groups[copy.object]
        if copy.object not in known and not copy.groups:
            continue
        is_known = known.get(copy.object) == (copy.owner, copy.generation, copy.tlp)
        if is_known and before == copy.groups:
            continue
        pairs = [(copy.object, group) for group in sorted(before - copy.groups)]
        transaction.executemany(_SQL['dissociate'], pairs)
        pairs = [(copy.object, group) for group in sorted(copy.groups - before)]
        transaction.executemany(_SQL['associate'], pairs)
        if copy.groups:
            values = (copy.object, copy.owner, copy.generation, copy.tlp)
            transaction.execute(_SQL['set'], values)
        else:
            transaction.execute(_SQL['forget'], (copy.object,))
        if account is None:
            account = _account(transaction, job)
        transaction.execute(_SQL['add_due'], (copy.object, account))


def _account(transaction: sqlite3.Connection, job: int) -> int:
    transaction.execute(_SQL['open_account'], (job,))
    return int(transaction.execute(_SQL['account'], (job,)).fetchone()[0])
