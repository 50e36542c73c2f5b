"""What a person, or the watchdog, ends before its time, in the rows of the running update."""

from __future__ import annotations

from collections.abc import Sequence

from sentinel_app.core.models import Job, SortDirection
from sentinel_app.core.work import CANCELLED_CODE
from sentinel_app.storage.cell import CellError, rows_of
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import fail_where_stopped

_GREATEST_ID = 2**63 - 1
"""SQLite holds no larger whole number."""


class SqliteJobEndings:
    """Endings in SQLite; implements the port `JobEndings`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def in_flight(self, update_id: str) -> tuple[str, ...]:
        """Give the Jobs with objects under way to Sentinel, in the order of precedence."""
        with self._db.read() as connection:
            rows = connection.execute(
                'SELECT request_id FROM progress WHERE update_id = ? AND EXISTS ('
                'SELECT 1 FROM object WHERE object.request_id = progress.request_id'
                " AND state = 'in-flight') ORDER BY position",
                (update_id,),
            ).fetchall()
        return tuple(row['request_id'] for row in rows)

    def cancel(self, job: Job) -> bool:
        """Cancel a Job unless its reading has begun; whether it is cancelled now.

        The row is made where the Job's update has not begun yet: it stays as it is when that does.
        """
        with self._db.write() as transaction:
            transaction.execute(
                'INSERT OR IGNORE INTO progress'
                ' (request_id, update_id, position, query_id, is_sorted, is_descending)'
                ' VALUES (?, ?, ?, ?, ?, ?)',
                (
                    job.request_id,
                    job.update_id,
                    job.position,
                    job.query.id,
                    job.query.sort_field is not None,
                    job.query.sort_direction is SortDirection.DESCENDING,
                ),
            )
            transaction.execute(
                "UPDATE progress SET reading = 'failed', is_stopped = 1, failure_code = ?"
                " WHERE request_id = ? AND reading = 'waiting' AND NOT is_stopped",
                (CANCELLED_CODE, job.request_id),
            )
            row = transaction.execute(
                'SELECT failure_code FROM progress WHERE request_id = ?', (job.request_id,)
            ).fetchone()
        return bool(row['failure_code'] == CANCELLED_CODE)

    def give_up(self, request_ids: Sequence[str]) -> None:
        """End as failed what Jobs that were stopped still have under way to Sentinel.

        Sentinel may have it, so the ledger takes it up as doubtful. An answer that comes later
        enters the ledger all the same; only the account of the Job is closed.
        """
        with self._db.write() as transaction:
            transaction.executemany(
                "UPDATE object SET state = 'waiting', is_doubtful = 1"
                ' WHERE request_id = (SELECT request_id FROM progress'
                " WHERE request_id = ? AND is_stopped) AND state = 'in-flight'",
                [(request_id,) for request_id in request_ids],
            )
            fail_where_stopped(transaction, request_ids)

    def drop_pages(self) -> int:
        """End as failed what waits for conversion in Jobs that were stopped; give the pages.

        Rows that cannot be read any more leave the account: nobody knows whose outcome it would be.
        """
        with self._db.read() as connection:
            is_needed = connection.execute(
                'SELECT EXISTS (SELECT 1 FROM page JOIN progress USING (request_id)'
                ' WHERE is_stopped)'
            ).fetchone()[0]
        if not is_needed:
            return 0
        with self._db.write() as transaction:
            pages = transaction.execute(
                'SELECT request_id, seq, rows FROM page JOIN progress USING (request_id)'
                ' WHERE is_stopped'
            ).fetchall()
            for page in pages:
                transaction.executemany(
                    'INSERT OR IGNORE INTO treatment (request_id, indicator_id, outcome)'
                    " VALUES (?, ?, 'failed')",
                    [(page['request_id'], item) for item in _ids(page['rows'])],
                )
                transaction.execute(
                    'DELETE FROM page WHERE request_id = ? AND seq = ?',
                    (page['request_id'], page['seq']),
                )
        return len(pages)


def _ids(blob: bytes) -> tuple[int, ...]:
    """Return the Indicators on a stored page, as far as it can be read."""
    try:
        rows = rows_of(blob)
    except CellError:
        return ()
    found = (row.get('id') for row in rows)
    return tuple(item for item in found if isinstance(item, int) and abs(item) <= _GREATEST_ID)
