"""What Sentinel holds because of us, and when the latest requests went out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sentinel_app.core.work import Held
from sentinel_app.storage.cell import moment_of, stamp_of, time_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import select_by_key


class SqliteLedger:
    """The ledger in SQLite, for reading (settling a batch writes it); implements `Ledger`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def held(self, keys: Sequence[str]) -> Mapping[str, Held]:
        """Give what is held, by object key."""
        with self._db.read() as connection:
            return {
                row['object_key']: Held(
                    object_id=row['object_id'],
                    generation=row['generation'],
                    is_live=row['state'] == 'live',
                    query_id=row['query_id'],
                    indicator_id=row['indicator_id'],
                    created=stamp_of(row['created']),
                    modified_at=time_of(row['modified']),
                    valid_until_at=time_of(row['valid_until']),
                    content_hash=row['content_hash'],
                )
                for row in select_by_key(
                    connection,
                    'SELECT object_key, object_id, generation, state, query_id, indicator_id,'
                    ' created, modified, valid_until, content_hash FROM ledger',
                    keys,
                )
            }

    def count(self) -> int:
        """Give the number of live objects."""
        with self._db.read() as connection:
            statement = "SELECT count(*) FROM ledger WHERE state = 'live'"
            return int(connection.execute(statement).fetchone()[0])


class SqliteRequestTimes:
    """Start times of upload requests in SQLite; implements the port `RequestTimes`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def recent(self, since: dt.datetime) -> tuple[dt.datetime, ...]:
        """Give the times after `since`, oldest first."""
        with self._db.read() as connection:
            return tuple(
                moment_of(row['at'])
                for row in connection.execute(
                    'SELECT at FROM request_time WHERE at > ? ORDER BY at', (since.timestamp(),)
                )
            )

    def add(self, at: dt.datetime, *, forget_before: dt.datetime) -> None:
        """Store a time, before the request goes out, and forget old ones."""
        with self._db.write() as transaction:
            transaction.execute('INSERT INTO request_time (at) VALUES (?)', (at.timestamp(),))
            transaction.execute(
                'DELETE FROM request_time WHERE at < ?', (forget_before.timestamp(),)
            )
