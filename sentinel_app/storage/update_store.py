"""Store of the running update: its Jobs and their progress, and what each page has come to."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

from sentinel_app.core.job import Counts, Job, Outcome
from sentinel_app.core.outbox import Conversion
from sentinel_app.core.progress import CANCELLED_CODE, Progress
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage import outbox, taken_up
from sentinel_app.storage.accounts import Accounts
from sentinel_app.storage.batches import Batches
from sentinel_app.storage.ended_updates import EndedUpdates
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.marks import Marks
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.page_commit import PageCommit
from sentinel_app.storage.page_queue import EndOfReading, PageQueue
from sentinel_app.storage.progress_row import counts_of, failure_text, new_progress, progress_of
from sentinel_app.storage.readings import Readings
from sentinel_app.storage.refusals import Refusals
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.stopped_jobs import fail, is_stopped, stopped_jobs

_SQL: Final = statements('update_store')


class UpdateStore:
    """The running update in SQLite, with its waiting pages in memory; thread-safe.

    Every writing call is one transaction: it is stored completely or not at all, and once it has
    returned it survives a kill of the process. Each raises `StorageError` if the disk or the
    database fails.

    Args:
        db: the database.
        pages: the pages that wait for conversion.
    """

    def __init__(self, db: Database, pages: PageQueue) -> None:
        self._db = db
        self.pages = pages
        self.jobs = Numbers(db, table='job', column='request_id')
        self.queries = Numbers(db, table='query', column='query_id')
        self.refusals = Refusals(db, self.queries)
        self.errors = ErrorLog(db)
        self.owners = Numbers(db, table='owner', column='name')
        self.marks = Marks(db)
        self.readings = Readings(db, self.jobs, pages)
        self.batches = Batches(db, jobs=self.jobs, owners=self.owners, pages=pages)
        self.ended_updates = EndedUpdates(db, jobs=self.jobs, pages=pages, batches=self.batches)
        self._next_object: int | None = None

    # -- the Jobs

    def begin(self, jobs: Sequence[Job]) -> None:
        """Create the progress rows of an update's Jobs; existing ones are unchanged."""
        queries = self.queries.numbers(job.query.id for job in jobs)
        with self._db.write() as transaction:
            _begin(transaction, jobs, queries)
        self.jobs.forget([job.request_id for job in jobs])

    def progress(self, update_id: str) -> tuple[Progress, ...]:
        """Return the progress of an update's Jobs, in order of precedence."""
        with self._db.read() as connection:
            rows = connection.execute(_SQL['progress'], (update_id,)).fetchall()
            return tuple(progress_of(row, self.pages) for row in rows)

    def counts(self, request_id: str) -> Counts | None:
        """Return a Job's counts; None if the Job is not in the running update."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['progress_of_job'], (request_id,)).fetchone()
        if row is None:
            return None
        return counts_of(row, self.pages.waiting(request_id)[1])

    def forget_jobs(self) -> None:
        """Remove the Request IDs of Jobs that sent no stored object."""
        with self._db.read() as connection:
            gone = connection.execute(_SQL['unused_jobs']).fetchall()
        with self._db.write() as transaction:
            transaction.executemany(_SQL['forget_job'], [(row['id'],) for row in gone])
        self.jobs.forget([row['request_id'] for row in gone])

    # -- conversion

    def commit_page(self, conversion: Conversion, *, at: dt.datetime) -> None:
        """Store outcomes, objects and errors of a page, and the position, in one transaction.

        The page leaves the queue with it: another thread must not convert it again.
        """
        with self._db.fence.passing():
            self._commit_page(conversion, at)
            self.pages.take_off(conversion.page)

    def end_reading(self, end: EndOfReading, *, at: dt.datetime) -> bool:
        """Store the end of a reading as `Readings.end` does; the end leaves the queue with it."""
        with self._db.fence.passing():
            is_over = self.readings.end(end.request_id, at=at, error=end.error)
            self.pages.take_off(end)
        return is_over

    def _commit_page(self, conversion: Conversion, at: dt.datetime) -> None:
        query = self.queries.number(conversion.query_id)
        owners = self.owners.numbers({item.owner_name for item in conversion.objects})
        with self._db.write() as transaction:
            page = PageCommit(
                transaction,
                conversion,
                query=query,
                owners=owners,
                next_object=self._next_object,
            )
            page.store(at)
            # Numbers of a failed transaction are not reused: gaps do no harm.
            self._next_object = page.next_object

    # -- what ends before its time

    def recover(self) -> int:
        """Release what was in flight when the process ended; return the number of objects."""
        with self._db.write() as transaction:
            accounts = Accounts(transaction)
            recovered = outbox.release_all(transaction, accounts)
            accounts.store()
            for job in stopped_jobs(transaction):
                fail(transaction, job)
        return recovered

    def stop_jobs(self, request_ids: Sequence[str], error: SentinelAppError) -> tuple[str, ...]:
        """Stop these Jobs: nothing more is sent, and what is open ends as failed with the error.

        Returns:
            The Jobs that were not stopped before; of several threads, one gets each.
        """
        known = {item: self.jobs.known(item) for item in request_ids}
        numbers = {item: job for item, job in known.items() if job is not None}
        with self._db.write() as transaction:
            new = tuple(
                request_id
                for request_id, job in numbers.items()
                if not is_stopped(transaction, job)
            )
            transaction.executemany(
                _SQL['stop_job'],
                [(error.code, failure_text(error), job) for job in numbers.values()],
            )
            for job in numbers.values():
                fail(transaction, job)
        return new

    def cancel(self, job: Job) -> bool:
        """Cancel a Job unless its reading has begun; return whether it is cancelled.

        The row is created if the Job's update has not begun yet, and is kept when it does. Reading
        begins with a conditional update of the same row, so only one of the two succeeds.
        """
        queries = self.queries.numbers([job.query.id])
        with self._db.write() as transaction:
            (number,) = _begin(transaction, [job], queries)
            transaction.execute(_SQL['cancel_job'], (CANCELLED_CODE, number))
            row = transaction.execute(_SQL['failure_code'], (number,)).fetchone()
        self.jobs.forget([job.request_id])
        return bool(row['failure_code'] == CANCELLED_CODE)

    def drop_pages(self) -> int:
        """End as failed the pages of stopped Jobs that wait for conversion; return their number."""
        with self._db.read() as connection:
            stopped = stopped_jobs(connection)
        request_ids = frozenset(self.jobs.text(job) for job in stopped)
        pages = self.pages.remove(request_ids)
        for page in pages:
            job = self.jobs.number(page.request_id)
            ids = {number for row in page.rows if isinstance(number := row['id'], int)}
            with self._db.write() as transaction:
                accounts = Accounts(transaction)
                # A reading by time ranges may repeat rows, also on the next of these pages.
                ids -= taken_up.taken_up(transaction, job, list(ids))
                taken_up.add(transaction, job, ids)
                accounts.add(job, Outcome.FAILED, len(ids))
                accounts.store()
        return len(pages)


def _begin(
    transaction: sqlite3.Connection, jobs: Sequence[Job], queries: Mapping[str, int]
) -> list[int]:
    """Create missing progress rows, and return the numbers of the Jobs."""
    numbers = {job.request_id: _new_number(transaction, job.request_id) for job in jobs}
    transaction.executemany(
        _SQL['begin_job'], [new_progress(job, numbers, queries) for job in jobs]
    )
    return list(numbers.values())


def _new_number(transaction: sqlite3.Connection, request_id: str) -> int:
    """Return the number of a Job: a new one, the highest of all, unless the Job has begun.

    A number from before, for example if the app state was restored from a backup, is lower than the
    marks of updates that ended since: everything they have seen would count as chosen. It is kept
    for what was sent then.
    """
    known = transaction.execute(_SQL['number_of_job'], (request_id,)).fetchone()
    if known is not None and known['has_begun']:
        return int(known['id'])
    return transaction.execute(_SQL['add_number'], (request_id,)).lastrowid or 0
