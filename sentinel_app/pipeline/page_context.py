"""Precedence context of a page, from the saved queries and the progress of the update."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.ledger_row import millis
from sentinel_app.core.outbox import Page
from sentinel_app.core.precedence import PrecedenceContext
from sentinel_app.core.progress import Progress, Reading
from sentinel_app.core.scope import Scope
from sentinel_app.core.window import Window
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.update_store import UpdateStore


class PageContexts:
    """Finds out what decides about the copies on a page."""

    def __init__(self, *, app_state: AppState, store: UpdateStore, clock: Clock) -> None:
        self._app_state = app_state
        self._store = store
        self._clock = clock

    def of(
        self,
        update: Update,
        job: Job,
        page: Page,
        mine: Progress,
        everybody: Sequence[Progress],
    ) -> PrecedenceContext:
        """Return the precedence context of a page.

        Args:
            update: the running update.
            job: the Job of the page.
            page: the page.
            mine: the progress of its Job.
            everybody: the progress of all Jobs of the update.
        """
        # Every copy of the values that a person has chosen is read from each query.
        reads_all = job.mode is not Mode.DELTA or job.scope is Scope.SEND
        query = self._store.queries.number(job.query.id)
        before = [
            item
            for item in everybody
            if item.reading is Reading.COMPLETE and item.position < job.position
        ]
        # That of the page's own pass: the reading may have been restarted since, by time.
        extra = self._store.readings.extra_query(page.request_id, page.number)
        return PrecedenceContext(
            job=mine.job,
            jobs=(*(item.job for item in before), mine.job),
            first_mark=self._store.marks.first(update.id),
            update_id=update.id,
            query=query,
            mode=Mode.FULL if job.scope is Scope.SEND else job.mode,
            now=millis(self._clock.now()),
            higher=self._higher(job, everybody if reads_all else ()),
            # Only a reading of everything shows that a query no longer returns a value.
            read_through=frozenset(
                self._store.queries.number(item.query_id) for item in before if reads_all
            ),
            windows=self._windows(before),
            whole_marks=self._store.marks.whole(),
            is_extra=extra is not None and not extra.is_alternate and not reads_all,
            is_alternate=extra is not None and extra.is_alternate,
        )

    def beside(self, context: PrecedenceContext, job: Job) -> PrecedenceContext:
        """Return the context of the keys on a page that a person has not chosen."""
        return replace(
            context,
            mode=Mode.DELTA,
            higher=self._higher(job),
            read_through=frozenset(),
            is_extra=True,
            is_alternate=False,
        )

    def _higher(self, job: Job, everybody: Iterable[Progress] = ()) -> frozenset[int]:
        """Return the queries that have precedence in the list that is saved now.

        If the update reads everything, a query that it has not read yet is not among them, even if
        a list saved meanwhile moved it up: it may no longer return what it holds, and then no query
        would send it.

        Args:
            job: the Job whose higher queries are returned.
            everybody: the Jobs of an update that reads everything; empty for others.
        """
        # Read once: another list may be saved at any moment.
        saved = [query.id for query in self._app_state.query_list().enabled]
        above = saved[: saved.index(job.query.id)] if job.query.id in saved else saved
        to_come = {item.query_id for item in everybody if item.position > job.position}
        numbers = self._store.queries.numbers(above)
        return frozenset(numbers[query_id] for query_id in above if query_id not in to_come)

    def _windows(self, before: Iterable[Progress]) -> dict[int, Window]:
        """Return the windows of the queries that were read before, by query number."""
        jobs = (self._app_state.job(item.request_id) for item in before)
        return {
            self._store.queries.number(job.query.id): job.window
            for job in jobs
            if job is not None and job.window is not None
        }
