"""Store of the running update: the progress of its Jobs, their choices, and the outbox."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from sentinel_app.core.job import Counts, Job, Outcome
from sentinel_app.core.outbox import (
    Batch,
    Conversion,
    OutboxObject,
    Settlement,
)
from sentinel_app.core.progress import CANCELLED_CODE, ExtraQuery, Progress, Reading
from sentinel_app.core.scope import Scope
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.tql import ids_clauses
from sentinel_app.errors import SentinelAppError
from sentinel_app.storage import error_state, outbox, refusals
from sentinel_app.storage.accounts import Accounts
from sentinel_app.storage.error_log import ErrorLog, insert_errors
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.packing import unpack
from sentinel_app.storage.page_commit import PageCommit
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.progress_row import counts_of, failure_text, new_progress, progress_of
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.taken_up import page_ids, taken_up

_SQL: Final = statements('update_store')
_PORTION: Final = 10_000
_BY_JOB: Final = {
    'outcome': 'job, indicator_id',
    'taken_up': 'job, indicator_id',
    'alternate': 'job, object, indicator_id',
    'dismissed': 'job, object',
    'page_ids': 'id',
    'found': 'job, digest',
    'extra_query': 'job, pass',
}


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
        self.refusals = refusals.Refusals(db, self.queries)
        self.errors = ErrorLog(db)
        self.owners = Numbers(db, table='owner', column='name')
        self._next_object: int | None = None
        self._late: set[int] = set()
        """Rows of the outbox that were abandoned in flight."""

    # -- the Jobs and their reading

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

    def first_mark(self, update_id: str) -> int:
        """Return the lowest number of an update's Jobs; a lower mark means not chosen."""
        with self._db.read() as connection:
            return _first_mark(connection, update_id)

    def whole_marks(self) -> Mapping[int, int]:
        """Return the first mark of the last update that read the whole query, by query."""
        with self._db.read() as connection:
            return dict(tuple(row) for row in connection.execute(_SQL['whole_marks']))

    def counts(self, request_id: str) -> Counts | None:
        """Return a Job's counts; None if the Job is not in the running update."""
        with self._db.read() as connection:
            row = connection.execute(_SQL['progress_of_job'], (request_id,)).fetchone()
        if row is None:
            return None
        return counts_of(row, self.pages.waiting(request_id)[1])

    def start_reading(
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
        job = self.jobs.number(request_id)
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

    def read_by_time(self, request_id: str) -> None:
        """Restart the current pass of the reading, by time ranges of `lastModified`."""
        job = self.jobs.number(request_id)
        with self._db.write() as transaction:
            for ids in page_ids(transaction, job):
                transaction.executemany(_SQL['add_taken_up'], [(job, item) for item in ids])
            transaction.execute(_SQL['forget_page_ids'], (job,))
            transaction.execute(_SQL['read_by_time'], (job,))
        self.pages.begin_anew(request_id)

    def extra_query(self, request_id: str, number: int) -> ExtraQuery | None:
        """Return the extra query of a pass; None for the window, and if there is no such pass."""
        values = (self.jobs.known(request_id), number)
        with self._db.read() as connection:
            row = connection.execute(_SQL['extra_query'], values).fetchone()
        return None if row is None else ExtraQuery(clause=row[0], is_alternate=bool(row[1]))

    def end_reading(
        self, request_id: str, *, at: dt.datetime, error: SentinelAppError | None = None
    ) -> bool:
        """Store that reading is complete, or has failed with an error.

        It is complete only once the replacements of missing copies are known: a further pass reads
        their best alternates.

        Returns:
            False if there is such a pass.
        """
        job = self.jobs.number(request_id)
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
        first = _first_mark(transaction, row['update_id'])
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

    # -- conversion

    def commit_page(self, conversion: Conversion, *, at: dt.datetime) -> None:
        """Store outcomes, objects and errors of a page, and the position, in one transaction."""
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

    # -- sending

    @property
    def is_late_under_way(self) -> bool:
        """Return whether a request with abandoned objects is in flight.

        It may arrive at any moment, and must not overtake a newer version: nothing is claimed until
        it has ended.
        """
        return bool(self._late)

    def forget_late(self) -> None:
        """Stop waiting for requests with abandoned objects."""
        self._late.clear()

    def is_batch_ready(self, update_id: str, *, size: int) -> bool:
        """Return whether there is a batch to claim, according to the counters."""
        if self.is_late_under_way:
            return False
        count, may_be_short = 0, 0
        for job in self._ready_jobs(update_id):
            if job['is_sorted'] and not job['is_converted']:
                continue
            may_be_short = may_be_short if count else job['is_converted']
            count += job['waiting']
        return count >= size or bool(count and may_be_short)

    def claim_batch(
        self,
        update_id: str,
        *,
        size: int,
        now: Callable[[], dt.datetime],
        waited_s: float = 0.0,
    ) -> Batch | None:
        """Claim the next objects to send, and store that their request begins.

        Objects are in order of precedence of their queries, and within a query in its sort order. A
        batch is not full only if nothing more of its first Job can come.

        Args:
            update_id: the update.
            size: maximum objects in a batch.
            now: returns the time; called once the transaction holds the write lock.
            waited_s: seconds of waiting for its permit.

        Returns:
            None if there are none now; then no request is stored.
        """
        with self._db.write() as transaction:
            if self.is_late_under_way:
                return None
            jobs = self._ready_jobs(update_id, transaction)
            rows = outbox.select_batch(transaction, jobs, size=size)
            if not rows:
                return None
            at = now()
            accounts = Accounts(transaction)
            for row in rows:
                accounts.add(row['job'], 'waiting', -1)
            accounts.store()
            transaction.executemany(
                _SQL['started_uploading'],
                [
                    (to_millis(at), waited_s, job)
                    for job in dict.fromkeys(row['job'] for row in rows)
                ],
            )
            outbox.add_request(transaction, at)
            return Batch(
                objects=tuple(
                    OutboxObject(
                        id=row['id'],
                        object=row['object'],
                        modified=row['modified'],
                        request_id=self.jobs.text(row['job']),
                        indicator_id=row['indicator_id'],
                        kind=row['kind'],
                        is_withdrawal=bool(row['is_revocation']),
                        summary=row['summary'],
                        owner_name=self.owners.text(row['owner']),
                        text=unpack(row['body']),
                    )
                    for row in rows
                )
            )

    def _ready_jobs(
        self, update_id: str, transaction: sqlite3.Connection | None = None
    ) -> list[dict[str, int]]:
        if transaction is None:
            with self._db.read() as connection:
                rows = connection.execute(_SQL['ready_jobs'], (update_id,)).fetchall()
        else:
            rows = transaction.execute(_SQL['ready_jobs'], (update_id,)).fetchall()
        return [
            {**dict(row), 'is_converted': row['is_read'] and not self._pages(row['job'])}
            for row in rows
        ]

    def _pages(self, job: int) -> int:
        return self.pages.waiting(self.jobs.text(job))[0]

    def begin_request(self, batch: Batch, *, now: Callable[[], dt.datetime]) -> bool:
        """Store that a further request with a batch begins; False if the batch was abandoned.

        Args:
            batch: the objects that are still in flight.
            now: returns the time; called once the transaction holds the write lock.
        """
        ids = [item.id for item in batch.objects]
        with self._db.write() as transaction:
            if not outbox.are_in_flight(transaction, ids):
                return False
            outbox.add_request(transaction, now())
        return True

    def settle(self, settlement: Settlement, *, at: dt.datetime) -> bool:
        """Store a response: ledger, refusals, errors, outcomes and the request, in one transaction.

        Returns:
            Whether a Job of the batch has nothing open now, so that it may have ended.
        """
        batch = settlement.batch
        ids = [item.id for item in batch.objects]
        accepted = [item for index, item in enumerate(ids) if index not in settlement.refusals]
        refused = [ids[index] for index in settlement.refusals]
        jobs = self._known_jobs(batch.request_ids)
        with self._db.write() as transaction:
            accounts = Accounts(transaction)
            settled = outbox.settle(transaction, accepted, refused, accounts, at=at)
            late = frozenset(accepted) - settled
            outbox.acknowledge(transaction, [item for item in batch.objects if item.id in late])
            insert_errors(transaction, settlement.errors)
            objects = [item.object for item in settlement.errors if item.object is not None]
            error_state.supersede_unfounded(transaction, objects, at)
            for job in jobs:
                accounts.add(job, 'requests', settlement.requests)
                transaction.execute(_SQL['answered'], (to_millis(at), job))
            accounts.store()
            has_closed = any(True for _ in select_in(transaction, _SQL['without_open'], jobs))
        self._late.difference_update(ids)
        return has_closed

    def record_failure(
        self, batch: Batch, *, throttled_s: float | None = None, is_unacknowledged: bool = False
    ) -> None:
        """Count a request that settled nothing, and a 429 with the wait that it asked for.

        Args:
            batch: the batch of the request.
            throttled_s: the seconds that a 429 asked to wait.
            is_unacknowledged: whether Sentinel may have the objects although there was no response.
        """
        jobs = self._known_jobs(batch.request_ids)
        with self._db.write() as transaction:
            if is_unacknowledged:
                outbox.mark_unacknowledged(transaction, [item.id for item in batch.objects])
            transaction.executemany(
                _SQL['count_failure'],
                [(throttled_s is not None, throttled_s or 0.0, job) for job in jobs],
            )

    def release(self, batch: Batch, *, is_unacknowledged: bool = False) -> None:
        """Release the unsettled objects of a batch.

        Args:
            batch: the claimed batch.
            is_unacknowledged: whether Sentinel may have it although that was not stored.
        """
        jobs = self._known_jobs(batch.request_ids)
        ids = [item.id for item in batch.objects]
        with self._db.write() as transaction:
            accounts = Accounts(transaction)
            outbox.release(transaction, ids, accounts, is_unacknowledged=is_unacknowledged)
            accounts.store()
            # Before another thread can claim them, which would assign them to another request.
            self._late.difference_update(ids)
            fail_where_stopped(transaction, jobs)

    def _known_jobs(self, request_ids: Iterable[str]) -> list[int]:
        """Return the numbers of these Jobs, without those that were removed meanwhile."""
        found = (self.jobs.known(request_id) for request_id in request_ids)
        return [job for job in found if job is not None]

    # -- what ends before its time

    def recover(self) -> int:
        """Release what was in flight when the process ended; return the number of objects."""
        with self._db.write() as transaction:
            accounts = Accounts(transaction)
            recovered = outbox.release_all(transaction, accounts)
            accounts.store()
            stopped = transaction.execute(_SQL['stopped_jobs']).fetchall()
            for row in stopped:
                _fail(transaction, row['job'])
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
                if not _is_stopped(transaction, job)
            )
            transaction.executemany(
                _SQL['stop_job'],
                [(error.code, failure_text(error), job) for job in numbers.values()],
            )
            for job in numbers.values():
                _fail(transaction, job)
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
            row = transaction.execute(_SQL['progress_row'], (number,)).fetchone()
        self.jobs.forget([job.request_id])
        return bool(row['failure_code'] == CANCELLED_CODE)

    def in_flight(self, update_id: str) -> tuple[str, ...]:
        """Return the Jobs with objects in flight, in order of precedence."""
        with self._db.read() as connection:
            rows = connection.execute(outbox.IN_FLIGHT_JOBS, (update_id,)).fetchall()
        return tuple(row[0] for row in rows)

    def are_in_flight(self, request_ids: Sequence[str]) -> bool:
        """Return whether one of these Jobs has objects in flight."""
        jobs = self._known_jobs(request_ids)
        with self._db.read() as connection:
            return any(outbox.in_flight_of(connection, job) for job in jobs)

    def abandon(self, request_ids: Sequence[str]) -> None:
        """End as failed what stopped Jobs still have in flight.

        Sentinel may have it, so the ledger has it as unacknowledged until the response comes.
        """
        jobs = self._known_jobs(request_ids)
        with self._db.write() as transaction:
            for job in jobs:
                if _is_stopped(transaction, job):
                    self._abandon(transaction, job)

    def _abandon(self, transaction: sqlite3.Connection, job: int) -> None:
        accounts = Accounts(transaction)
        ids = outbox.in_flight_of(transaction, job)
        self._late.update(ids)
        outbox.release(transaction, ids, accounts, is_unacknowledged=True)
        accounts.store()
        _fail(transaction, job)

    def drop_pages(self) -> int:
        """End as failed the pages of stopped Jobs that wait for conversion; return their number."""
        with self._db.read() as connection:
            stopped = connection.execute(_SQL['stopped_jobs']).fetchall()
        request_ids = frozenset(self.jobs.text(row['job']) for row in stopped)
        pages = self.pages.remove(request_ids)
        for page in pages:
            job = self.jobs.number(page.request_id)
            ids = {number for row in page.rows if isinstance(number := row['id'], int)}
            with self._db.write() as transaction:
                accounts = Accounts(transaction)
                # The first page may be stored already, if its conversion hung right after that.
                ids -= taken_up(transaction, job, list(ids))
                # The next of these pages may repeat some rows.
                transaction.executemany(_SQL['add_taken_up'], [(job, item) for item in ids])
                accounts.add(job, Outcome.FAILED, len(ids))
                accounts.store()
        return len(pages)

    # -- the end

    def remove_update(
        self,
        update_id: str,
        *,
        at: dt.datetime,
        jobs: Sequence[Job] = (),
        has_asked_all: bool = False,
        refused_ids: Sequence[int] | None = None,
    ) -> None:
        """Remove the rows of an ended update, and what it has settled.

        Args:
            update_id: the update.
            at: the current time.
            jobs: its Jobs in their final state.
            has_asked_all: whether it has read every saved query to its end.
            refused_ids: all refused Indicators that it searched for, if that was its scope.
        """
        is_whole = all(job.scope is Scope.WHOLE for job in jobs)
        with self._db.write() as transaction:
            first = _first_mark(transaction, update_id)
            transaction.execute(_SQL['note_whole_readings'], (update_id, first))
            if is_whole:
                refusals.settle(transaction, update_id, first, has_asked_all=has_asked_all)
            elif refused_ids:
                refusals.forget_gone(transaction, update_id, first, refused_ids)
            error_state.close_ended(transaction, update_id, jobs, at)
        self._remove('update_id = ?', (update_id,))

    def remove_other_updates(self, update_ids: Sequence[str]) -> None:
        """Remove the rows of all other updates."""
        marks = ', '.join('?' * len(update_ids))
        self._remove(f'update_id NOT IN ({marks})', tuple(update_ids))

    def _remove(self, condition: str, values: tuple[str, ...]) -> None:
        # In bounded portions: a million rows at once would block all other writers.
        with self._db.write() as transaction:
            rows = transaction.execute(
                f'SELECT job, open, is_stopped FROM progress WHERE {condition}',  # noqa: S608 - fixed text
                values,
            ).fetchall()
            jobs = [row['job'] for row in rows]
            # A page may be in conversion, and a batch about to be claimed.
            transaction.executemany(_SQL['end_at_once'], [(job,) for job in jobs])
            self.pages.remove(frozenset(self.jobs.text(job) for job in jobs))
            for job in jobs:
                self._abandon(transaction, job)
            if any(row['open'] or row['is_stopped'] for row in rows):
                transaction.execute(_SQL['forget_unused_rows'])
        for job in jobs:
            for table, key in _BY_JOB.items():
                self._remove_portions(
                    f'DELETE FROM {table} WHERE ({key}) IN ('  # noqa: S608 - fixed text
                    f'SELECT {key} FROM {table} WHERE job = ? LIMIT {_PORTION})',
                    (job,),
                )
        with self._db.write() as transaction:
            for job in jobs:
                # Also the rows of a page that was in conversion.
                for table in _BY_JOB:
                    transaction.execute(f'DELETE FROM {table} WHERE job = ?', (job,))  # noqa: S608
                transaction.execute(_SQL['forget_progress'], (job,))

    def _remove_portions(self, statement: str, values: tuple[int, ...]) -> None:
        removed = _PORTION
        while removed == _PORTION:
            with self._db.write() as transaction:
                removed = transaction.execute(statement, values).rowcount

    def forget_jobs(self) -> None:
        """Remove the Request IDs of Jobs that sent no stored object."""
        with self._db.read() as connection:
            gone = connection.execute(_SQL['unused_jobs']).fetchall()
        with self._db.write() as transaction:
            transaction.executemany(_SQL['forget_job'], [(row['id'],) for row in gone])
        self.jobs.forget([row['request_id'] for row in gone])


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


def fail_where_stopped(transaction: sqlite3.Connection, jobs: Iterable[int]) -> None:
    """End as failed what waits to be sent for stopped Jobs."""
    for job in jobs:
        if _is_stopped(transaction, job):
            _fail(transaction, job)


def _fail(transaction: sqlite3.Connection, job: int) -> None:
    accounts = Accounts(transaction)
    outbox.fail_waiting(transaction, job, accounts)
    accounts.store()


def _is_stopped(transaction: sqlite3.Connection, job: int) -> bool:
    row = transaction.execute(_SQL['is_stopped'], (job,)).fetchone()
    return bool(row and row[0])


def _first_mark(connection: sqlite3.Connection, update_id: str) -> int:
    # A Job that was cancelled before its update began got its number then, and chose nothing.
    found = connection.execute(_SQL['first_mark'], (update_id, CANCELLED_CODE)).fetchone()[0]
    return sys.maxsize if found is None else int(found)
