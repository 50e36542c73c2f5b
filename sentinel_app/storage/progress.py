"""How far the Jobs of the running update have come, and the pages that wait for conversion."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence

from sentinel_app.core.models import Counts, Job, SortDirection
from sentinel_app.core.status import Outcome
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import REFUSED_ATTEMPTS, Progress, Reading, StoredPage
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage.cell import kind_of, rows_of, time_of
from sentinel_app.storage.sqlite import Database

_PORTION = 10_000

_PROGRESS = """
    SELECT progress.*,
        (SELECT clause FROM lookup WHERE lookup.request_id = progress.request_id
            AND lookup.slice = progress.slice) AS clause,
        (SELECT count(*) FROM page WHERE page.request_id = progress.request_id) AS pages_waiting,
        (SELECT coalesce(sum(row_count), 0) FROM page
            WHERE page.request_id = progress.request_id) AS rows_waiting,
        (SELECT count(*) FROM treatment
            WHERE treatment.request_id = progress.request_id AND outcome IS NULL) AS open_treatments
    FROM progress WHERE update_id = ? ORDER BY position
"""

# What Sentinel refused is not tried again where it holds the copy that has precedence by now. Only
# the end of a whole reading tells: until then a better copy may come and be chosen once more.
_FORGET_SETTLED = """
    DELETE FROM refusal WHERE EXISTS (
        SELECT 1 FROM object JOIN progress USING (request_id)
        WHERE object.object_key = refusal.object_key AND state = 'unchanged'
            AND update_id = ? AND reading = 'complete' AND NOT is_stopped
    )
"""
# Nor where its query was asked for it and no longer has it, or it may no longer be sent: else each
# delta would ask for it for ever.
_FORGET_GONE = """
    DELETE FROM refusal WHERE attempts <= ? AND query_id IN (
        SELECT query_id FROM progress
        WHERE update_id = ? AND reading = 'complete' AND NOT is_stopped
    ) AND NOT EXISTS (SELECT 1 FROM object WHERE object.object_key = refusal.object_key)
"""


class SqliteProgress:
    """The progress of the running update in SQLite; implements the port `ProgressStore`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, jobs: Sequence[Job]) -> None:
        """Make the progress rows of an update's Jobs; those that are there stay as they are."""
        with self._db.write() as transaction:
            transaction.executemany(
                'INSERT OR IGNORE INTO progress'
                ' (request_id, update_id, position, query_id, is_sorted, is_descending)'
                ' VALUES (?, ?, ?, ?, ?, ?)',
                [
                    (
                        job.request_id,
                        job.update_id,
                        job.position,
                        job.query.id,
                        job.query.sort_field is not None,
                        job.query.sort_direction is SortDirection.DESCENDING,
                    )
                    for job in jobs
                ],
            )

    def progress(self, update_id: str) -> tuple[Progress, ...]:
        """Give the progress of an update's Jobs, in the order of precedence."""
        with self._db.read() as connection:
            return tuple(_progress(row) for row in connection.execute(_PROGRESS, (update_id,)))

    def counts(self, request_id: str) -> Counts | None:
        """Give a Job's counts; None when the Job is not of the running update."""
        with self._db.read() as connection:
            row = connection.execute(
                'SELECT *, (SELECT coalesce(sum(row_count), 0) FROM page'
                ' WHERE page.request_id = progress.request_id) AS rows_waiting'
                ' FROM progress WHERE request_id = ?',
                (request_id,),
            ).fetchone()
            if row is None:
                return None
            treated = connection.execute(
                'SELECT outcome, count(*) FROM treatment WHERE request_id = ? GROUP BY outcome',
                (request_id,),
            ).fetchall()
            outcomes = {
                kind_of(Outcome, name): count for name, count in treated if name is not None
            }
        converted = sum(count for _, count in treated)
        return Counts(
            converted=converted,
            read=row['rows_waiting'] + converted,
            outcomes=outcomes,
            objects=row['objects'],
            requests=row['requests'],
            throttled=row['throttled'],
            throttled_s=row['throttled_s'],
            expected=row['expected'],
            held_back=row['held_back'],
            shortened=row['shortened'],
        )

    def start_reading(
        self,
        request_id: str,
        *,
        at: dt.datetime,
        expected: int | None,
        lookups: Sequence[str] = (),
        is_by_time: bool = False,
    ) -> None:
        """Store that reading began, what is to be looked at after the window, and in which way."""
        with self._db.write() as transaction:
            transaction.executemany(
                'INSERT OR REPLACE INTO lookup (request_id, slice, clause) VALUES (?, ?, ?)',
                [(request_id, place, clause) for place, clause in enumerate(lookups, start=1)],
            )
            transaction.execute(
                "UPDATE progress SET reading = 'reading', expected = ?, is_by_time = ?,"
                ' download_started_at = coalesce(download_started_at, ?)'
                " WHERE request_id = ? AND reading = 'waiting'",
                (expected, is_by_time, to_millis(at), request_id),
            )

    def read_by_time(self, request_id: str) -> None:
        """Begin the present slice of the reading anew, in spans of the last modification."""
        with self._db.write() as transaction:
            transaction.execute(
                'UPDATE progress SET is_by_time = 1, last_id = NULL, read_until = NULL'
                " WHERE request_id = ? AND is_by_time = 0 AND reading IN ('waiting', 'reading')",
                (request_id,),
            )

    def add_page(
        self,
        request_id: str,
        rows: Sequence[Mapping[str, object]],
        *,
        page_size: int,
        last_id: int | None = None,
        read_until: dt.datetime | None = None,
    ) -> None:
        """Store a page, and after which id or at which time the next one begins, together.

        A page that comes after reading has ended, because the Job was stopped meanwhile, is left
        out: the Job has failed, and its cursor stays.
        """
        blob = zlib.compress(json.dumps(rows, ensure_ascii=False).encode(), 1)
        with self._db.write() as transaction:
            if rows:
                transaction.execute(
                    'INSERT INTO page (request_id, seq, row_count, rows, is_looked_up)'
                    ' SELECT request_id, next_seq, ?, ?, slice > 0 FROM progress'
                    " WHERE request_id = ? AND reading IN ('waiting', 'reading')",
                    (len(rows), blob, request_id),
                )
            transaction.execute(
                'UPDATE progress SET last_id = ?, read_until = ?, page_size = ?,'
                ' next_seq = next_seq + 1'
                " WHERE request_id = ? AND reading IN ('waiting', 'reading')",
                (last_id, to_millis(read_until) if read_until else None, page_size, request_id),
            )

    def next_slice(self, request_id: str) -> bool:
        """Go on to what is to be looked at next; False when nothing is left."""
        with self._db.write() as transaction:
            return bool(
                transaction.execute(
                    'UPDATE progress SET slice = slice + 1, last_id = NULL, read_until = NULL'
                    ' WHERE request_id = ?'
                    ' AND EXISTS (SELECT 1 FROM lookup WHERE lookup.request_id ='
                    ' progress.request_id AND lookup.slice = progress.slice + 1)',
                    (request_id,),
                ).rowcount
            )

    def end_reading(
        self, request_id: str, *, at: dt.datetime, error: SentinelAppError | None = None
    ) -> None:
        """Store that reading is complete, or has failed for the reason given."""
        reading = Reading.COMPLETE if error is None else Reading.FAILED
        with self._db.write() as transaction:
            transaction.execute(
                'UPDATE progress SET reading = ?, download_completed_at = ?,'
                ' failure_code = coalesce(failure_code, ?),'
                ' failure_reason = coalesce(failure_reason, ?)'
                " WHERE request_id = ? AND reading IN ('waiting', 'reading')",
                (
                    reading,
                    to_millis(at),
                    error.code if error else None,
                    failure_text(error) if error else None,
                    request_id,
                ),
            )

    def pages_waiting(self) -> int:
        """Give the number of pages that wait for conversion."""
        with self._db.read() as connection:
            return int(connection.execute('SELECT count(*) FROM page').fetchone()[0])

    def next_page(self, update_id: str) -> StoredPage | None:
        """Give the oldest page of the highest query that has one.

        A lower query's page is not given while a higher query may still bring one: precedence is
        decided from the highest query to the lowest.
        """
        with self._db.read() as connection:
            row = connection.execute(
                'SELECT progress.request_id, position, reading, seq, rows, is_looked_up'
                ' FROM progress LEFT JOIN page ON page.request_id = progress.request_id'
                ' WHERE update_id = ?'
                " AND (seq IS NOT NULL OR reading IN ('waiting', 'reading'))"
                ' ORDER BY position, seq LIMIT 1',
                (update_id,),
            ).fetchone()
            if row is None or row['seq'] is None:
                return None
            return StoredPage(
                request_id=row['request_id'],
                position=row['position'],
                seq=row['seq'],
                rows=rows_of(row['rows']),
                is_looked_up=bool(row['is_looked_up']),
            )

    def remove_update(self, update_id: str) -> None:
        """Remove the rows of an update that has ended, and the refusals that it has settled."""
        with self._db.write() as transaction:
            transaction.execute(_FORGET_SETTLED, (update_id,))
            transaction.execute(_FORGET_GONE, (REFUSED_ATTEMPTS, update_id))
        self._remove('update_id = ?', (update_id,))

    def remove_other_updates(self, update_ids: Sequence[str]) -> None:
        """Remove rows of updates that nobody knows any more."""
        marks = ', '.join('?' * len(update_ids))
        self._remove(f'update_id NOT IN ({marks})', tuple(update_ids))

    def _remove(self, condition: str, values: tuple[str, ...]) -> None:
        # In bounded portions: a million rows at once would keep every other writer waiting.
        jobs = f'SELECT request_id FROM progress WHERE {condition}'  # noqa: S608 - fixed text
        for table, key in (('object', 'object_key'), ('treatment', 'request_id, indicator_id')):
            self._remove_portions(
                f'DELETE FROM {table} WHERE ({key}) IN ('  # noqa: S608 - fixed text
                f'SELECT {key} FROM {table} WHERE request_id IN ({jobs}) LIMIT {_PORTION})',
                values,
            )
        with self._db.write() as transaction:
            transaction.execute(f'DELETE FROM progress WHERE {condition}', values)  # noqa: S608

    def _remove_portions(self, statement: str, values: tuple[str, ...]) -> None:
        removed = _PORTION
        while removed == _PORTION:
            with self._db.write() as transaction:
                removed = transaction.execute(statement, values).rowcount


def failure_text(error: SentinelAppError) -> str:
    """Give the failure as the Job shows it: what to do, then the other side's words."""
    return f'{error.message} ({error.reason})' if error.reason else error.message


def _progress(row: sqlite3.Row) -> Progress:
    return Progress(
        request_id=row['request_id'],
        update_id=row['update_id'],
        position=row['position'],
        query_id=row['query_id'],
        reading=kind_of(Reading, row['reading']),
        last_id=row['last_id'],
        page_size=row['page_size'],
        expected=row['expected'],
        download_started_at=_time(row['download_started_at']),
        download_completed_at=_time(row['download_completed_at']),
        convert_started_at=_time(row['convert_started_at']),
        upload_started_at=_time(row['upload_started_at']),
        upload_answered_at=_time(row['upload_answered_at']),
        failure_code=row['failure_code'],
        failure_reason=row['failure_reason'],
        is_stopped=bool(row['is_stopped']),
        pages_waiting=row['pages_waiting'],
        rows_waiting=row['rows_waiting'],
        open_treatments=row['open_treatments'],
        is_closed=bool(row['is_closed']),
        clause=row['clause'],
        warning=row['warning'],
        held_back=row['held_back'],
        is_by_time=bool(row['is_by_time']),
        read_until=_time(row['read_until']),
    )


def _time(text: str | None) -> dt.datetime | None:
    return None if text is None else time_of(text)
