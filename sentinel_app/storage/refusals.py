"""Copies that Sentinel refused, and the values that others are asked for because of that."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.progress import CANCELLED_CODE
from sentinel_app.storage.cell import key_of_row
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

MOST_SOUGHT: Final = 2_500
"""Values that a delta asks each query for, so that it takes a hundred requests at most; what is
left, the next one asks for."""

_ANY_ATTEMPTS: Final = 2**31

_SQL: Final = statements('refusals')


class Refusals:
    """What is to be asked for because Sentinel refused a copy.

    Args:
        db: the database.
        queries: their numbers.
    """

    def __init__(self, db: Database, queries: Numbers) -> None:
        self._db = db
        self._queries = queries

    def indicators(self, query_id: str, *, most_attempts: int) -> tuple[int, ...]:
        """Return the Indicators of a query with objects refused no more than so often."""
        values = (self._queries.known(query_id), most_attempts)
        with self._db.read() as connection:
            return tuple(row[0] for row in connection.execute(_SQL['indicators'], values))

    def sendable(self, query_id: str, indicator_ids: Collection[int]) -> tuple[int, ...]:
        """Return which of these Indicators a query was refused, however often."""
        refused = self.indicators(query_id, most_attempts=_ANY_ATTEMPTS)
        return tuple(number for number in refused if number in indicator_ids)

    def sought(self, first_mark: int) -> tuple[tuple[ObjectKey, str], ...]:
        """Return key and summary of values that an update asks each query for.

        Other copies made way for one that Sentinel then refused.

        Args:
            first_mark: the lowest number of the update's Jobs.
        """
        with self._db.read() as connection:
            rows = connection.execute(_SQL['sought'], (first_mark, MOST_SOUGHT))
            return tuple((key_of_row(row), row['summary']) for row in rows)

    def forget_others(self, query_ids: Collection[str]) -> None:
        """Forget what was refused of queries that are no longer saved, unless an update runs.

        Args:
            query_ids: those that are saved.
        """
        with self._db.write() as transaction:
            # A page that is being converted may have chosen one of the rows.
            if transaction.execute(_SQL['is_running'], (CANCELLED_CODE,)).fetchone()[0]:
                return
            for query, query_id in transaction.execute(_SQL['queries']).fetchall():
                if query_id not in query_ids:
                    gone = transaction.execute(_SQL['forget_of_query'], (query,))
                    _forget_gone(transaction, gone)


def refuse(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Count that Sentinel refused a row of the outbox, inside a transaction of the caller's."""
    attempts = transaction.execute(
        _SQL['refuse'],
        (
            *(row['object'], row['query'], row['indicator_id'], row['job']),
            *(row['source_modified'], row['content_hash'], row['summary'], row['value']),
        ),
    ).fetchone()[0]
    if attempts > REFUSED_ATTEMPTS:
        # It no longer has precedence over other copies. A full update tries it all the same, and
        # meanwhile they made way.
        _seek(transaction, row)


def settle(
    transaction: sqlite3.Connection, update_id: str, first_mark: int, *, has_asked_all: bool
) -> None:
    """Forget what an update that has ended has settled, inside a transaction of the caller's.

    Args:
        transaction: the caller's.
        update_id: which one.
        first_mark: the lowest number of its Jobs.
        has_asked_all: whether it has read every query that is saved to its end.
    """
    values = (update_id, first_mark, REFUSED_ATTEMPTS)
    settled = transaction.execute(_SQL['forget_settled'], values).fetchall()
    _forget_rows(transaction, settled)
    gone = transaction.execute(_SQL['forget_gone'], values)
    if has_asked_all:
        transaction.execute(_SQL['forget_sought'], (first_mark, MOST_SOUGHT))
    _forget_gone(transaction, gone)


def forget_gone(
    transaction: sqlite3.Connection, update_id: str, first_mark: int, indicator_ids: Sequence[int]
) -> None:
    """Forget refused Indicators that their queries were asked for and no longer have.

    Args:
        transaction: the caller's.
        update_id: of the update that asked for them.
        first_mark: the lowest number of its Jobs.
        indicator_ids: all that were asked for.
    """
    values = (update_id, first_mark)
    _forget_gone(transaction, select_in(transaction, _SQL['forget_asked'], indicator_ids, values))


def _forget_gone(transaction: sqlite3.Connection, refusals: Iterable[sqlite3.Row]) -> None:
    """Have other copies asked for, as the refused ones are gone."""
    gone = list(refusals)
    for row in gone:
        # They have been since, where it was refused too often.
        if row['attempts'] <= REFUSED_ATTEMPTS:
            _seek(transaction, row)
    _forget_rows(transaction, gone)


def _seek(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    values = (row['summary'], row['value'], row['object'], row['indicator_id'])
    transaction.execute(_SQL['seek'], values)


def _forget_rows(transaction: sqlite3.Connection, refusals: Iterable[sqlite3.Row]) -> None:
    """Forget the objects that nothing but these refusals was known of."""
    transaction.executemany(_SQL['forget_unused_row'], [(row['object'],) for row in refusals])
