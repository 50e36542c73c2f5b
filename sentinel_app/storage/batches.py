"""Batches: claimed, sent again, settled, released and abandoned, each in one transaction."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sentinel_app.core.outbox import Batch, OutboxObject, Settlement
from sentinel_app.core.timestamp import to_millis
from sentinel_app.storage import error_state, outbox
from sentinel_app.storage.accounts import Accounts
from sentinel_app.storage.error_log import insert_errors
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.packing import unpack
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.selection import select_in
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.stopped_jobs import fail, fail_where_stopped, is_stopped

_SQL: Final = statements('batches')


class Batches:
    """The batches of the running update. Transactions and errors are as in `UpdateStore`.

    Args:
        db: the database.
        jobs: the numbers of Jobs.
        owners: the numbers of owners.
        pages: the pages that wait for conversion.
    """

    def __init__(self, db: Database, *, jobs: Numbers, owners: Numbers, pages: PageQueue) -> None:
        self._db = db
        self._jobs = jobs
        self._owners = owners
        self._pages = pages
        self._late: set[int] = set()
        """Rows of the outbox that were abandoned in flight."""

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

    def is_ready(self, update_id: str, *, size: int) -> bool:
        """Return whether there is a batch to claim, according to the counters."""
        if self.is_late_under_way:
            return False
        with self._db.read() as connection:
            rows = _ready_rows(connection, update_id)
        count, may_be_short = 0, 0
        for job in self._ready_jobs(rows):
            if job['is_sorted'] and not job['is_converted']:
                continue
            may_be_short = may_be_short if count else job['is_converted']
            count += job['waiting']
        return count >= size or bool(count and may_be_short)

    def claim(
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
            jobs = self._ready_jobs(_ready_rows(transaction, update_id))
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
            return Batch(objects=tuple(self._object(row) for row in rows))

    def _object(self, row: sqlite3.Row) -> OutboxObject:
        return OutboxObject(
            id=row['id'],
            object=row['object'],
            modified=row['modified'],
            request_id=self._jobs.text(row['job']),
            indicator_id=row['indicator_id'],
            kind=row['kind'],
            is_withdrawal=bool(row['is_revocation']),
            summary=row['summary'],
            owner_name=self._owners.text(row['owner']),
            text=unpack(row['body']),
        )

    def _ready_jobs(self, rows: Iterable[sqlite3.Row]) -> list[dict[str, int]]:
        return [
            {**dict(row), 'is_converted': row['is_read'] and not self._waiting_pages(row['job'])}
            for row in rows
        ]

    def _waiting_pages(self, job: int) -> int:
        return self._pages.waiting(self._jobs.text(job))[0]

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
            outbox.acknowledge(transaction, [item for item in batch.objects if item.id in late], at)
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
                if is_stopped(transaction, job):
                    self.abandon_job(transaction, job)

    def abandon_job(self, transaction: sqlite3.Connection, job: int) -> None:
        """End as failed what a Job still has in flight or waiting, in the caller's transaction."""
        accounts = Accounts(transaction)
        ids = outbox.in_flight_of(transaction, job)
        self._late.update(ids)
        outbox.release(transaction, ids, accounts, is_unacknowledged=True)
        accounts.store()
        fail(transaction, job)

    def _known_jobs(self, request_ids: Iterable[str]) -> list[int]:
        """Return the numbers of these Jobs, without those that were removed meanwhile."""
        found = (self._jobs.known(request_id) for request_id in request_ids)
        return [job for job in found if job is not None]


def _ready_rows(connection: sqlite3.Connection, update_id: str) -> list[sqlite3.Row]:
    return connection.execute(_SQL['ready_jobs'], (update_id,)).fetchall()
