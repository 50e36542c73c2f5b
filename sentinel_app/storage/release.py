"""Live objects whose copy is gone from ThreatConnect, and what an update withdraws."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

from sentinel_app.core.models import DeletedIndicator
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import ChosenObject, LedgerEntry
from sentinel_app.storage.cell import body_of, stamp_of, time_of
from sentinel_app.storage.state_db import StateDb
from sentinel_app.storage.work import (
    AGAIN,
    SETTLE_TREATMENT,
    fail_where_stopped,
    insert_objects,
    select_by_key,
)

_UNCLAIMED = """
    FROM ledger {join}
    WHERE ledger.state = 'live' AND ledger.valid_until > ? {attempts}
        AND NOT EXISTS (SELECT 1 FROM object WHERE object.object_key = ledger.object_key)
"""


class SqliteReleases:
    """What is gone, in SQLite; implements the port `ReleaseStore`."""

    def __init__(self, db: StateDb) -> None:
        self._db = db

    def is_searched(self, update_id: str) -> bool:
        """Whether the update has looked for what is gone."""
        return self._search(update_id) is not None

    def is_held_back(self, update_id: str) -> bool:
        """Whether the update must not withdraw, because it would be too much at once."""
        row = self._search(update_id)
        return row is not None and bool(row['is_held_back'])

    def live_sources(self, *, now: dt.datetime) -> tuple[tuple[str, str], ...]:
        """Give the owner and the type of the copies that live objects were made of."""
        with self._db.read() as connection:
            return tuple(
                (row['owner_name'], row['indicator_type'])
                for row in connection.execute(
                    'SELECT DISTINCT owner_name, indicator_type FROM ledger'
                    " WHERE state = 'live' AND valid_until > ?",
                    (to_millis(now),),
                )
            )

    def searched_until(self) -> dt.datetime | None:
        """Up to when it is known what is gone, in ThreatConnect's time; None if nobody looked."""
        with self._db.read() as connection:
            row = connection.execute('SELECT until FROM searched').fetchone()
            return None if row is None else time_of(row['until'])

    def release_copies(self, entries: Sequence[DeletedIndicator]) -> int:
        """Note deleted Indicators; give how many live objects were theirs."""
        return self._release(
            'owner_name = ? AND indicator_type = ? AND summary = ?',
            [(entry.owner_name, entry.type, entry.summary) for entry in entries],
        )

    def release_ids(self, indicator_ids: Sequence[int]) -> int:
        """Note Indicators that are no longer active; give how many live objects were theirs."""
        return self._release('indicator_id = ?', [(item,) for item in indicator_ids])

    def _release(self, condition: str, values: Sequence[tuple[object, ...]]) -> int:
        with self._db.write() as transaction:
            return int(
                transaction.executemany(
                    'INSERT OR IGNORE INTO released (object_key)'  # noqa: S608 - fixed text
                    f" SELECT object_key FROM ledger WHERE {condition} AND state = 'live'",
                    values,
                ).rowcount
            )

    def has_failed(self, update_id: str) -> bool:
        """Whether the update could not find out what is gone."""
        row = self._search(update_id)
        return row is not None and bool(row['is_failed'])

    def end_search(
        self,
        update_id: str,
        *,
        until: dt.datetime | None,
        is_held_back: bool,
        is_failed: bool,
        warning: str | None,
    ) -> None:
        """Store that the update has looked, up to when, and what people must know of it."""
        with self._db.write() as transaction:
            transaction.execute(
                'INSERT OR REPLACE INTO search (update_id, is_held_back, is_failed)'
                ' VALUES (?, ?, ?)',
                (update_id, is_held_back, is_failed),
            )
            if until is not None:
                transaction.execute('DELETE FROM searched')
                transaction.execute('INSERT INTO searched (until) VALUES (?)', (to_millis(until),))
            if warning is not None:
                transaction.execute(
                    'UPDATE progress SET warning = ? WHERE request_id ='
                    ' (SELECT request_id FROM progress WHERE update_id = ?'
                    ' ORDER BY position LIMIT 1)',
                    (warning, update_id),
                )

    def released_keys(self, *, most_attempts: int) -> tuple[tuple[str, str], ...]:
        """Give key and summary of each live object whose copy is gone."""
        with self._db.read() as connection:
            return tuple(
                (row['object_key'], row['summary'])
                for row in connection.execute(
                    'SELECT object_key, summary FROM released JOIN ledger USING (object_key)'
                    " WHERE state = 'live' AND attempts <= ?",
                    (most_attempts,),
                )
            )

    def released(self, keys: Sequence[str]) -> frozenset[str]:
        """Give which of these keys belong to a copy that is gone."""
        with self._db.read() as connection:
            return frozenset(
                row['object_key']
                for row in select_by_key(connection, 'SELECT object_key FROM released', keys)
            )

    def unclaimed(
        self, *, only_released: bool, now: dt.datetime, most_attempts: int
    ) -> tuple[int, int]:
        """Give how many live objects no Job of the running update has chosen, and all live ones."""
        source, values = _unclaimed(only_released, now, most_attempts)
        with self._db.read() as connection:
            found = connection.execute(f'SELECT count(*) {source}', values).fetchone()[0]
            live = connection.execute(
                "SELECT count(*) FROM ledger WHERE state = 'live' AND valid_until > ?",
                (to_millis(now),),
            ).fetchone()[0]
        return int(found), int(live)

    def next_unclaimed(
        self, *, only_released: bool, now: dt.datetime, most_attempts: int, limit: int
    ) -> tuple[LedgerEntry, ...]:
        """Give some of the live objects that no Job has chosen."""
        source, values = _unclaimed(only_released, now, most_attempts)
        with self._db.read() as connection:
            return tuple(
                _entry(row)
                for row in connection.execute(
                    f'SELECT ledger.* {source} LIMIT ?',
                    (*values, limit),
                )
            )

    def unconfirmed(self, *, most_attempts: int) -> tuple[LedgerEntry, ...]:
        """Give the withdrawals that had no answer, each under a key of its own."""
        with self._db.read() as connection:
            return tuple(
                _entry(row)
                for row in connection.execute(
                    'SELECT *, ? || object_id AS object_key FROM unconfirmed WHERE attempts <= ?',
                    (AGAIN, most_attempts),
                )
            )

    def add_revocations(self, objects: Sequence[ChosenObject]) -> int:
        """Store objects to be withdrawn, with their Indicators' open outcomes, together.

        Returns:
            How many were stored: those of Jobs that the running update still has.
        """
        with self._db.write() as transaction:
            # An update may have been stopped and ended since somebody saw that it was not.
            known = {row[0] for row in transaction.execute('SELECT request_id FROM progress')}
            objects = [item for item in objects if item.request_id in known]
            insert_objects(transaction, objects)
            pairs = list({(item.request_id, item.indicator_id): None for item in objects})
            transaction.executemany(
                'INSERT OR IGNORE INTO treatment (request_id, indicator_id) VALUES (?, ?)', pairs
            )
            transaction.executemany(SETTLE_TREATMENT, pairs)
            transaction.executemany(
                'UPDATE progress SET objects = objects + 1 WHERE request_id = ?',
                [(item.request_id,) for item in objects],
            )
            # A Job may have been stopped since somebody saw that it was not.
            fail_where_stopped(transaction, {item.request_id for item in objects})
        return len(objects)

    def close(self, update_id: str, *, held_back: int, warning: str | None = None) -> None:
        """Let the update's Jobs end: nothing more will be withdrawn."""
        with self._db.write() as transaction:
            transaction.execute(
                "UPDATE progress SET held_back = ?, warning = coalesce(warning || ' ' || ?, ?,"
                ' warning) WHERE request_id ='
                ' (SELECT request_id FROM progress WHERE update_id = ? ORDER BY position LIMIT 1)',
                (held_back, warning, warning, update_id),
            )
            transaction.execute(
                'UPDATE progress SET is_closed = 1 WHERE update_id = ?', (update_id,)
            )
            transaction.execute(
                'DELETE FROM search WHERE update_id != ?',
                (update_id,),
            )

    def _search(self, update_id: str) -> sqlite3.Row | None:
        with self._db.read() as connection:
            row: sqlite3.Row | None = connection.execute(
                'SELECT * FROM search WHERE update_id = ?', (update_id,)
            ).fetchone()
        return row


def _unclaimed(
    only_released: bool, now: dt.datetime, most_attempts: int
) -> tuple[str, tuple[object, ...]]:
    if only_released:
        join, attempts = 'JOIN released USING (object_key)', 'AND released.attempts <= ?'
    else:
        join = 'LEFT JOIN released USING (object_key)'
        attempts = 'AND coalesce(released.attempts, 0) <= ?'
    return _UNCLAIMED.format(join=join, attempts=attempts), (to_millis(now), most_attempts)


def _entry(row: sqlite3.Row) -> LedgerEntry:
    return LedgerEntry(
        object_key=row['object_key'],
        object_id=row['object_id'],
        generation=row['generation'],
        query_id=row['query_id'],
        indicator_id=row['indicator_id'],
        indicator_type=row['indicator_type'],
        summary=row['summary'],
        owner_name=row['owner_name'],
        created=stamp_of(row['created']),
        modified=stamp_of(row['modified']),
        content_hash=row['content_hash'],
        body=body_of(row['body']),
    )
