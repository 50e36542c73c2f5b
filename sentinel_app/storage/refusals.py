"""Copies that Sentinel refused, and values that are sought because of that."""

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
"""Maximum values that a delta searches each query for, which takes a hundred requests; the next one
searches for the rest."""

_ANY_ATTEMPTS: Final = 2**31

_SQL: Final = statements('refusals')


class Refusals:
    """Selects what to read again because Sentinel refused a copy.

    Args:
        db: the database.
        queries: the numbers of queries.
    """

    def __init__(self, db: Database, queries: Numbers) -> None:
        self._db = db
        self._queries = queries

    def indicators(self, query_id: str, *, most_attempts: int) -> tuple[int, ...]:
        """Return the Indicators of a query with objects refused at most `most_attempts` times."""
        values = (self._queries.known(query_id), most_attempts)
        with self._db.read() as connection:
            return tuple(row[0] for row in connection.execute(_SQL['indicators'], values))

    def sendable(self, query_id: str, indicator_ids: Collection[int]) -> tuple[int, ...]:
        """Return the Indicators among these that were refused for a query, however often."""
        refused = self.indicators(query_id, most_attempts=_ANY_ATTEMPTS)
        return tuple(number for number in refused if number in indicator_ids)

    def sought(self, first_mark: int) -> tuple[tuple[ObjectKey, str], ...]:
        """Return key and summary of the values that an update searches each query for.

        Other copies yielded to one that Sentinel then refused.

        Args:
            first_mark: the lowest number of the update's Jobs.
        """
        with self._db.read() as connection:
            rows = connection.execute(_SQL['sought'], (first_mark, MOST_SOUGHT))
            return tuple((key_of_row(row), row['summary']) for row in rows)

    def forget_others(self, query_ids: Collection[str]) -> None:
        """Remove refusals of queries that are no longer saved, unless an update is running.

        Args:
            query_ids: the saved queries.
        """
        with self._db.write() as transaction:
            # A page in conversion may have chosen one of the rows.
            if transaction.execute(_SQL['is_running'], (CANCELLED_CODE,)).fetchone()[0]:
                return
            for query, query_id in transaction.execute(_SQL['queries']).fetchall():
                if query_id not in query_ids:
                    gone = transaction.execute(_SQL['forget_of_query'], (query,))
                    _forget_gone(transaction, gone)


def refuse(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Record that Sentinel refused a row of the outbox, inside the caller's transaction."""
    attempts = transaction.execute(
        _SQL['refuse'],
        (
            *(row['object'], row['query'], row['indicator_id'], row['job']),
            *(row['source_modified'], row['content_hash'], row['summary'], row['value']),
        ),
    ).fetchone()[0]
    if attempts > REFUSED_ATTEMPTS:
        # It no longer has precedence over other copies. A full update tries it anyway, and they
        # yielded meanwhile.
        _seek(transaction, row)


def settle(
    transaction: sqlite3.Connection, update_id: str, first_mark: int, *, has_asked_all: bool
) -> None:
    """Remove the refusals that an ended update has settled, inside the caller's transaction.

    Args:
        transaction: the caller's transaction.
        update_id: the update.
        first_mark: the lowest number of its Jobs.
        has_asked_all: whether it has read every saved query to its end.
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
    """Remove refused Indicators that their queries no longer return.

    Args:
        transaction: the caller's transaction.
        update_id: the update that searched for them.
        first_mark: the lowest number of its Jobs.
        indicator_ids: all Indicators that it searched for.
    """
    values = (update_id, first_mark)
    _forget_gone(transaction, select_in(transaction, _SQL['forget_asked'], indicator_ids, values))


def _forget_gone(transaction: sqlite3.Connection, refusals: Iterable[sqlite3.Row]) -> None:
    """Seek other copies, as the refused ones are gone."""
    gone = list(refusals)
    for row in gone:
        # If it was refused too often, they have been sought since then.
        if row['attempts'] <= REFUSED_ATTEMPTS:
            _seek(transaction, row)
    _forget_rows(transaction, gone)


def _seek(transaction: sqlite3.Connection, row: sqlite3.Row) -> None:
    values = (row['summary'], row['value'], row['object'], row['indicator_id'])
    transaction.execute(_SQL['seek'], values)


def _forget_rows(transaction: sqlite3.Connection, refusals: Iterable[sqlite3.Row]) -> None:
    """Remove ledger rows that existed only because of these refusals."""
    transaction.executemany(_SQL['forget_unused_row'], [(row['object'],) for row in refusals])
