"""The queue of updates: those that the schedule makes due, and those that people request."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.scope import ChosenValue, Scope
from sentinel_app.errors import ConflictError, NotFoundError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.deleted_query import DeletedQueries
from sentinel_app.tasks.update_schedule import UpdateSchedule

QUERY_DISABLED = 'This TQL query is disabled. Enable it in CONFIGURE first.'

_TYPES: Final = {Scope.VERIFY: JobType.VERIFY, Scope.UNKNOWN: JobType.VERIFY}

_log = EventLog(__name__)


class UpdateQueue:
    """Queues updates; implements the API's port `Updates`.

    Args:
        app_state: stores the queue.
        schedule: knows whether an update is due.
        deleted_queries: knows what an update is to withdraw for deleted queries.
        clock: the present.
        wakeup: of the scheduler, which starts what is queued.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        schedule: UpdateSchedule,
        deleted_queries: DeletedQueries,
        clock: Clock,
        wakeup: Wakeup,
    ) -> None:
        self._app_state = app_state
        self._schedule = schedule
        self._deleted_queries = deleted_queries
        self._clock = clock
        self._wakeup = wakeup

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        """Return when the next scheduled update is due and its mode; None without enabled query.

        One that waits for its start is due since it was queued.
        """
        if (waiting := self._schedule.waiting()) is not None:
            return waiting.queued_at, waiting.mode
        return self._schedule.next_update(self._clock.now()) if self._schedule.has_work() else None

    def request_update(
        self,
        *,
        mode: Mode,
        query_ids: Sequence[str] | None = None,
        modified_after: dt.datetime | None = None,
        retry_of: str | None = None,
        confirmed_withdrawals: int | None = None,
        audit: AuditEntry | None = None,
    ) -> Update:
        """Queue an ad-hoc update; it starts as soon as none runs.

        Args:
            mode: what it reads and sends.
            query_ids: of which queries; None for all.
            modified_after: for a delta, the start of the window in place of the cursors.
            retry_of: the Request ID of the Job that is retried.
            confirmed_withdrawals: how many objects may be withdrawn at once.
            audit: who requests it, stored in the same write.

        Raises:
            NotFoundError: a query is no longer there.
            ConflictError: there is no query at all, or the window has no meaning.
        """
        if modified_after is not None and mode is not Mode.DELTA:
            raise ConflictError(
                f'A {mode} update reads everything; leave out "modified_after" or ask for a delta.'
            )
        update = replace(
            self._ad_hoc(mode),
            modified_after=modified_after,
            confirmed_withdrawals=confirmed_withdrawals,
        )
        places = self._places(mode, query_ids)
        update = self._add(update, places, retry_of=retry_of, audit=audit)
        self._announce(update)
        return update

    def _ad_hoc(self, mode: Mode) -> Update:
        """Return an ad-hoc update of whole queries, without its Jobs."""
        return Update(
            id=_new_id(),
            mode=mode,
            job_type=JobType.AD_HOC,
            queued_at=self._clock.now(),
            request_ids=(),
        )

    def _places(
        self, mode: Mode, query_ids: Sequence[str] | None = None
    ) -> Sequence[tuple[int, Query]]:
        """Return position and query of each Job of an ad-hoc update.

        Raises:
            NotFoundError: a query is no longer there.
            ConflictError: there is nothing to update.
        """
        saved = self._app_state.query_list()
        _check_ids(saved, query_ids or ())
        places = [
            (place, query)
            for place, query in saved.enabled_places
            if query_ids is None or query.id in query_ids
        ]
        has_withdrawals = mode is not Mode.DELTA and bool(self._app_state.withdrawals())
        if not places and not (query_ids is None and has_withdrawals):
            raise ConflictError(_nothing_to_update(saved))
        return places

    def request_chosen(
        self,
        jobs: Sequence[tuple[int, Query, int]],
        *,
        scope: Scope,
        values: Sequence[ChosenValue] = (),
        indicator_ids: Sequence[int] = (),
        count_objects: int = 0,
        on_queued: Callable[[str], None] | None = None,
        retry_of: str | None = None,
        audit: AuditEntry | None = None,
    ) -> Update:
        """Queue an update about what a person has chosen; no cursor moves by it.

        Args:
            jobs: position and query of each Job, and how many values or Indicators it is about.
            scope: what is done with them.
            values: which, of those that are sent or withdrawn.
            indicator_ids: which Indicators, where they are sent again.
            count_objects: how many objects, where they are unknown ones.
            on_queued: called with the update's id just before the update is stored, so that it
                cannot begin without what that stores.
            retry_of: the Request ID of the Job that is retried.
            audit: who requests it, stored in the same write.
        """
        update = Update(
            id=_new_id(),
            mode=Mode.DELTA,
            job_type=_TYPES.get(scope, JobType.AD_HOC),
            queued_at=self._clock.now(),
            request_ids=(),
            scope=scope,
            asked=len(values) or len(indicator_ids) or count_objects,
            values=tuple(values),
            indicator_ids=tuple(indicator_ids),
        )
        if on_queued is not None:
            on_queued(update.id)
        update = self._add(
            update,
            [(position, query) for position, query, _ in jobs],
            counts=[count for _, _, count in jobs],
            retry_of=retry_of,
            audit=audit,
        )
        self._announce(update)
        return update

    def request_withdrawal(self) -> None:
        """Queue an update that withdraws what deleted queries have sent and no query selects.

        It is the full one where that is required, so that everything is read once. Should it fail,
        the next scheduled update does it.
        """
        with self._app_state.alone():
            if not self._deleted_queries.is_due():
                return
            is_full = self._app_state.schedule().next_mode is Mode.FULL
            mode = Mode.FULL if is_full else Mode.RECONCILE
            update = self._add(self._ad_hoc(mode), self._places(mode))
        self._announce(update)

    def queue_due(self) -> Update | None:
        """Queue the scheduled update if it is due; one that waits already is enough.

        Returns:
            The update that was queued, or None.

        Raises:
            Cancelled: the step that this thread runs has been killed.
        """
        with self._app_state.alone():
            now = self._clock.now()
            if not self._schedule.is_due(now):
                return None
            update = self._add_scheduled(now)
        self._announce(update)
        return update

    def queue_now(self) -> Update:
        """Queue the next scheduled update although it is not due; it replaces that one.

        Raises:
            ConflictError: there is no query, or a scheduled update waits already.
        """
        with self._app_state.alone():
            if not self._schedule.has_work():
                raise ConflictError(_nothing_to_update(self._app_state.query_list()))
            if self._schedule.waiting() is not None:
                raise ConflictError(
                    'A scheduled update waits already; it begins when the one that runs has ended.'
                )
            update = self._add_scheduled(self._clock.now())
        self._announce(update)
        return update

    def _add_scheduled(self, now: dt.datetime) -> Update:
        _, mode = self._schedule.next_update(now)
        update = Update(
            id=_new_id(), mode=mode, job_type=JobType.SCHEDULED, queued_at=now, request_ids=()
        )
        return self._add(update, self._app_state.query_list().enabled_places)

    def _add(
        self,
        update: Update,
        places: Sequence[tuple[int, Query]],
        *,
        counts: Sequence[int] = (),
        retry_of: str | None = None,
        audit: AuditEntry | None = None,
    ) -> Update:
        """Store an update with its Jobs, and return it as stored.

        Args:
            update: without its Jobs and what it withdraws.
            places: position and query of each Job.
            counts: how many values or Indicators each Job is about; none for whole queries.
            retry_of: the Request ID of the Job that is retried.
            audit: stored in the same write.
        """
        withdrawals = self._deleted_queries.for_update(
            update.mode, {query.id for _, query in places}
        )
        first_free = len(self._app_state.query_list().queries)
        jobs = [
            _job(update, position, query, retry_of=retry_of, asked=count)
            for (position, query), count in zip(places, counts or [0] * len(places), strict=True)
        ] + [
            _job(update, first_free + number, each.query, retry_of=retry_of, is_withdrawal=True)
            for number, each in enumerate(withdrawals)
        ]
        update = replace(
            update,
            request_ids=tuple(job.request_id for job in jobs),
            withdrawn_ids=tuple(each.query.id for each in withdrawals),
            full_number=self._app_state.schedule().full_number,
        )
        if audit is not None:
            audit = audit.about(query_ids=[job.query.id for job in jobs], update_id=update.id)
        self._app_state.add_update(update, jobs, audit=audit)
        return update

    def _announce(self, update: Update) -> None:
        """Log a stored update, and wake the scheduler; both after the write has let others in."""
        _log.info(
            'update-queued',
            update_id=update.id,
            mode=update.mode,
            type=update.job_type,
            scope=update.scope,
            queries=len(update.request_ids),
        )
        self._wakeup.notify()


def _new_id() -> str:
    return str(uuid.uuid4())


def _job(
    update: Update,
    position: int,
    query: Query,
    *,
    retry_of: str | None,
    asked: int = 0,
    is_withdrawal: bool = False,
) -> Job:
    """Return the pending Job of one query of an update."""
    return Job(
        request_id=_new_id(),
        update_id=update.id,
        job_type=update.job_type,
        mode=update.mode,
        status=JobStatus.PENDING,
        query=query,
        position=position,
        queued_at=update.queued_at,
        retry_of=retry_of,
        scope=update.scope,
        asked=asked,
        is_withdrawal=is_withdrawal,
    )


def _check_ids(saved: QueryList, query_ids: Sequence[str]) -> None:
    """Check that queries can take part in an update.

    Raises:
        NotFoundError: a query is no longer there.
        ConflictError: one of them is disabled.
    """
    for query_id in query_ids:
        if saved.position(query_id) is None:
            raise NotFoundError(f'There is no TQL query with the id {query_id}; load the list.')
        if query_id in saved.disabled_ids:
            raise ConflictError(QUERY_DISABLED)


def _nothing_to_update(saved: QueryList) -> str:
    if saved.queries:
        return 'All TQL queries are disabled. Enable one in CONFIGURE first.'
    return 'There is no TQL query yet. Add one in CONFIGURE and save it.'
