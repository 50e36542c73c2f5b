"""Live objects whose copy is gone from ThreatConnect, and what an update withdraws."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sentinel_app.core.identity import hash_keys
from sentinel_app.core.models import DeletedIndicator, IndicatorType
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import ChosenObject, Holder, LedgerEntry
from sentinel_app.storage.cell import body_of, stamp_of, time_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import (
    AGAIN,
    SETTLE_TREATMENT,
    fail_where_stopped,
    insert_objects,
    release_lost,
    select_in,
)

_UNCLAIMED = """
    FROM ledger {join}
    WHERE ledger.state = 'live' AND ledger.valid_until > ? {attempts}
        AND released.late_for IS NOT ?
        AND NOT EXISTS (SELECT 1 FROM object WHERE object.object_key = ledger.object_key)
"""

# Whatever its end: what has expired by our clock is live all the same where that clock is wrong.
_HOLDER = "SELECT object_key, indicator_id, owner_name FROM ledger WHERE state = 'live'"
_LONGEST_HASH = 64


class SqliteReleases:
    """What is gone, in SQLite; implements the port `ReleaseStore`."""

    def __init__(self, db: Database) -> None:
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

    def named(self, entries: Sequence[DeletedIndicator]) -> frozenset[int]:
        """Return the Indicators with live objects that entries of the deleted list may mean.

        By their summary; and for a File by any hash, as the list names those that it had at its
        end, and the ledger knows those that it had when it was read.
        """
        summaries = dict.fromkeys((item.owner_name, item.type, item.summary) for item in entries)
        files: defaultdict[str, set[str]] = defaultdict(set)
        for entry in entries:
            if entry.type == IndicatorType.FILE:
                files[entry.owner_name] |= hash_keys(entry.summary)
        found: set[int] = set()
        with self._db.read() as connection:
            for owner, keys in files.items():
                rows = select_in(connection, f'{_HOLDER} AND object_key', sorted(keys))
                found |= {row['indicator_id'] for row in rows if row['owner_name'] == owner}
                for summary in _related_summaries(connection, owner, keys):
                    summaries[(owner, IndicatorType.FILE, summary)] = None
            for values in summaries:
                rows = connection.execute(
                    f'{_HOLDER} AND owner_name = ? AND indicator_type = ? AND summary = ?',
                    values,
                )
                found |= {row['indicator_id'] for row in rows}
        return frozenset(found)

    def live_keys(self, indicator_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the keys of the live objects that were made of these Indicators, by their ids."""
        found: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        with self._db.read() as connection:
            for row in select_in(connection, f'{_HOLDER} AND indicator_id', indicator_ids):
                found[row['indicator_id']] += (row['object_key'],)
        return dict(found)

    def holders(self, keys: Sequence[str]) -> Mapping[str, Holder]:
        """Return the Indicators that live objects were made of, by object key."""
        with self._db.read() as connection:
            return {
                row['object_key']: Holder(
                    indicator_id=row['indicator_id'], owner_name=row['owner_name']
                )
                for row in select_in(connection, f'{_HOLDER} AND object_key', keys)
            }

    def release_keys(self, lost: Mapping[str, int]) -> None:
        """Note live objects that their Indicators have lost: ids by object key."""
        with self._db.write() as transaction:
            release_lost(transaction, lost, late_for=None)

    def release_ids(self, indicator_ids: Sequence[int]) -> int:
        """Note Indicators that are gone, or no longer active; return how many objects they had."""
        with self._db.write() as transaction:
            return int(
                transaction.executemany(
                    'INSERT OR IGNORE INTO released (object_key)'
                    " SELECT object_key FROM ledger WHERE indicator_id = ? AND state = 'live'",
                    [(item,) for item in indicator_ids],
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

    def released_keys(
        self, update_id: str, *, now: dt.datetime, most_attempts: int
    ) -> tuple[tuple[str, str], ...]:
        """Return key and summary of each live object whose copy is gone, as the update began."""
        with self._db.read() as connection:
            return tuple(
                (row['object_key'], row['summary'])
                for row in connection.execute(
                    'SELECT object_key, summary FROM released JOIN ledger USING (object_key)'
                    " WHERE state = 'live' AND valid_until > ? AND attempts <= ?"
                    ' AND late_for IS NOT ?',
                    (to_millis(now), most_attempts, update_id),
                )
            )

    def released(self, keys: Sequence[str], update_id: str) -> frozenset[str]:
        """Return which of these keys belong to a copy that was gone as the update began."""
        with self._db.read() as connection:
            return frozenset(
                row['object_key']
                for row in select_in(
                    connection,
                    'SELECT object_key FROM released WHERE late_for IS NOT ? AND object_key',
                    keys,
                    (update_id,),
                )
            )

    def unclaimed(
        self, update_id: str, *, only_released: bool, now: dt.datetime, most_attempts: int
    ) -> tuple[int, int]:
        """Return how many live objects no Job of the update has chosen, and all live ones.

        What the update came upon too late to ask for it does not count.
        """
        source, values = _unclaimed(update_id, only_released, now, most_attempts)
        with self._db.read() as connection:
            found = connection.execute(f'SELECT count(*) {source}', values).fetchone()[0]
            live = connection.execute(
                "SELECT count(*) FROM ledger WHERE state = 'live' AND valid_until > ?",
                (to_millis(now),),
            ).fetchone()[0]
        return int(found), int(live)

    def next_unclaimed(
        self,
        update_id: str,
        *,
        only_released: bool,
        now: dt.datetime,
        most_attempts: int,
        limit: int,
    ) -> tuple[LedgerEntry, ...]:
        """Return some of the live objects that no Job of the update has chosen."""
        source, values = _unclaimed(update_id, only_released, now, most_attempts)
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


def _related_summaries(connection: sqlite3.Connection, owner: str, keys: set[str]) -> Iterator[str]:
    """Yield the summaries of an owner's Files with one of these hashes and others beside it."""
    # Answered by the index alone. A summary of one hash has no others.
    for row in connection.execute(
        'SELECT DISTINCT summary FROM ledger WHERE owner_name = ? AND indicator_type = ?'
        ' AND length(summary) > ?',
        (owner, IndicatorType.FILE, _LONGEST_HASH),
    ):
        if not keys.isdisjoint(hash_keys(row['summary'])):
            yield row['summary']


def _unclaimed(
    update_id: str, only_released: bool, now: dt.datetime, most_attempts: int
) -> tuple[str, tuple[object, ...]]:
    if only_released:
        join, attempts = 'JOIN released USING (object_key)', 'AND released.attempts <= ?'
    else:
        join = 'LEFT JOIN released USING (object_key)'
        attempts = 'AND coalesce(released.attempts, 0) <= ?'
    values = (to_millis(now), most_attempts, update_id)
    return _UNCLAIMED.format(join=join, attempts=attempts), values


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
