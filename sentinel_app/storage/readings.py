"""Readings: what each Job of the running update reads, in passes."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence
from typing import Final

from sentinel_app.core.progress import ExtraQuery, Reading
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.tql import ids_clauses
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage import taken_up
from sentinel_app.storage.marks import first_mark
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.progress_row import failure_text
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('readings')


class Readings:
    """The readings of the running update. Transactions and errors are as in `UpdateStore`.

    Args:
        db: the database.
        jobs: the numbers of Jobs.
        pages: the pages that wait for conversion.
    """

    def __init__(self, db: Database, jobs: Numbers, pages: PageQueue) -> None:
        self._db = db
        self._jobs = jobs
        self._pages = pages

    def start(
        self,
        request_id: str,
        *,
        at: dt.datetime,
        expected: int | None,
        clauses: Sequence[str] = (),
        is_by_time: bool = False,
        first_pass: int = 0,
    ) -> None:
        """Store that reading began, its extra queries, and whether it is by time.

        Args:
            request_id: the Job.
            at: the current time.
            expected: the expected number of Indicators; None if unknown.
            clauses: the clauses of the extra queries, one pass each, from 1 on.
            is_by_time: whether reading is by time ranges.
            first_pass: 0 for the window; 1 if there is none.
        """
        job = self._jobs.number(request_id)
        with self._db.write() as transaction:
            transaction.executemany(
                _SQL['add_extra_query'],
                [(job, number, clause, False) for number, clause in enumerate(clauses, start=1)],
            )
            transaction.execute(
                _SQL['start_reading'],
                (
                    *(expected, is_by_time, is_by_time or bool(clauses), to_millis(at)),
                    *(first_pass, job),
                ),
            )

    def restart_by_time(self, request_id: str) -> None:
        """Restart the current pass of the reading, by time ranges of `lastModified`."""
        job = self._jobs.number(request_id)
        with self._db.write() as transaction:
            for ids in taken_up.page_ids(transaction, job):
                taken_up.add(transaction, job, ids)
            transaction.execute(_SQL['forget_page_ids'], (job,))
            transaction.execute(_SQL['read_by_time'], (job,))
        self._pages.begin_anew(request_id)

    def extra_query(self, request_id: str, number: int) -> ExtraQuery | None:
        """Return the extra query of a pass; None for the window, and if there is no such pass."""
        values = (self._jobs.known(request_id), number)
        with self._db.read() as connection:
            row = connection.execute(_SQL['extra_query'], values).fetchone()
        return None if row is None else ExtraQuery(clause=row[0], is_alternate=bool(row[1]))

    def end(
        self, request_id: str, *, at: dt.datetime, error: SentinelAppError | None = None
    ) -> bool:
        """Store that reading is complete, or has failed with an error.

        It is complete only once the replacements of missing copies are known: a further pass reads
        their best alternates.

        Returns:
            False if there is such a pass.
        """
        job = self._jobs.number(request_id)
        reading = Reading.COMPLETE if error is None else Reading.FAILED
        with self._db.write() as transaction:
            if error is None and self._ask_for_alternates(transaction, job):
                return False
            transaction.execute(
                _SQL['end_reading'],
                (
                    *(reading, to_millis(at), error.code if error else None),
                    *(failure_text(error) if error else None, job),
                ),
            )
        return True

    def _ask_for_alternates(self, transaction: sqlite3.Connection, job: int) -> bool:
        row = transaction.execute(_SQL['progress_row'], (job,)).fetchone()
        if row is None or row['reading'] != Reading.READING:
            return False
        first = first_mark(transaction, row['update_id'])
        best = transaction.execute(_SQL['open_alternates'], (job, first)).fetchall()
        clauses = ids_clauses(sorted({indicator_id for _, indicator_id in best}))
        transaction.executemany(
            _SQL['add_extra_query'],
            [
                (job, number, clause, True)
                for number, clause in enumerate(clauses, start=row['pass'] + 1)
            ],
        )
        # If one of them is gone as well, the next best is read after that.
        transaction.executemany(_SQL['forget_alternate'], [(job, *item) for item in best])
        if clauses:
            transaction.execute(
                _SQL['move_place'],
                (row['pass'] + 1, None, None, row['page_size'], job, row['is_by_time']),
            )
        return bool(clauses)
