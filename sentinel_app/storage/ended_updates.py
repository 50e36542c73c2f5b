"""Removal of ended updates, with what they have settled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sentinel_app.core.job import Job
from sentinel_app.core.scope import Scope
from sentinel_app.storage import error_state, refusals
from sentinel_app.storage.batches import Batches
from sentinel_app.storage.marks import first_mark, record_whole_readings
from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements

_SQL: Final = statements('ended_updates')
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


class EndedUpdates:
    """Removes updates from the database. Transactions and errors are as in `UpdateStore`.

    Args:
        db: the database.
        jobs: the numbers of Jobs.
        pages: the pages that wait for conversion.
        batches: the batches that may be in flight.
    """

    def __init__(self, db: Database, *, jobs: Numbers, pages: PageQueue, batches: Batches) -> None:
        self._db = db
        self._jobs = jobs
        self._pages = pages
        self._batches = batches

    def remove(
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
            first = first_mark(transaction, update_id)
            record_whole_readings(transaction, update_id, first)
            if is_whole:
                refusals.settle(transaction, update_id, first, has_asked_all=has_asked_all)
            elif refused_ids:
                refusals.forget_gone(transaction, update_id, first, refused_ids)
            error_state.close_ended(transaction, update_id, jobs, at)
        self._remove('update_id = ?', (update_id,))

    def remove_others(self, update_ids: Sequence[str]) -> None:
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
            self._pages.remove(frozenset(self._jobs.text(job) for job in jobs))
            for job in jobs:
                self._batches.abandon_job(transaction, job)
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
