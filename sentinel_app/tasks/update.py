"""Updates: who may ask for one, which runs, how its Jobs stand, and when it has ended."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Counts, Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.job_state import known_until
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.schedule import Schedule, may_satisfy, next_update
from sentinel_app.core.scope import ChosenValue, Scope
from sentinel_app.errors import ConflictError, NotFoundError, UnforeseenError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.fault_limit import ABANDONED_AT, FaultLimit, unforeseen
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.job_follower import WHERE, JobFollower
from sentinel_app.tasks.withdrawal import Withdrawals

QUERY_REMOVED = 'Its TQL query was deleted in CONFIGURE before its turn came.'
QUERY_DISABLED_SINCE = 'Its TQL query was disabled in CONFIGURE before its turn came.'
QUERY_DISABLED = 'This TQL query is disabled. Enable it in CONFIGURE first.'

_log = EventLog(__name__)


def _places(saved: QueryList) -> list[tuple[int, Query]]:
    """Return the enabled queries, each with its place in the whole list."""
    return [(place, query) for place, query in enumerate(saved.queries) if query.is_enabled]


def _nothing_to_update(saved: QueryList) -> str:
    if saved.queries:
        return 'All TQL queries are disabled. Enable one in CONFIGURE first.'
    return 'There is no TQL query yet. Add one in CONFIGURE and save it.'


class Updates:
    """Queues updates, starts one at a time, and follows it to its end.

    Args:
        interval: between scheduled updates.
        reconcile_interval: between updates that read everything; None for never.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        metrics: MetricStore,
        withdrawals: Withdrawals,
        faults: FaultLimit,
        clock: Clock,
        wakeups: Wakeups,
        interval: dt.timedelta,
        reconcile_interval: dt.timedelta | None,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._jobs = JobFollower(
            app_state=app_state, store=store, metrics=metrics, faults=faults, clock=clock
        )
        self._withdrawals = withdrawals
        self._faults = faults
        self._clock = clock
        self._wakeups = wakeups
        self._interval = interval
        self._reconcile_interval = reconcile_interval
        self._running: Update | None = None
        self._seen_list: int | None = None
        """The version of the list of queries whose removed ones are known to have no open error."""
        self._scheduling = threading.Lock()

    @property
    def running(self) -> Update | None:
        """The update that runs, once its Jobs are ready to be worked on."""
        return self._running

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        """Return when the next scheduled update is due and its mode; None without enabled query."""
        if not self._has_work():
            return None
        return self._next(self._app_state.schedule(), self._clock.now())

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
        """Queue an ad-hoc update; it begins as soon as none runs.

        Args:
            mode: what it reads and sends.
            query_ids: of which queries; None for all.
            modified_after: for a delta, the start of the window in place of the cursors.
            retry_of: the Request ID of the Job that is tried again.
            confirmed_withdrawals: how many objects may be withdrawn at once.
            audit: who asked for it, stored in the same write.

        Raises:
            NotFoundError: a query is no longer there.
            ConflictError: there is no query at all, or the window has no meaning.
        """
        if modified_after is not None and mode is not Mode.DELTA:
            raise ConflictError(
                f'A {mode} update reads everything; leave out "modified_after" or ask for a delta.'
            )
        saved = self._app_state.query_list()
        for query_id in query_ids or ():
            if saved.position(query_id) is None:
                raise NotFoundError(f'There is no TQL query with the id {query_id}; load the list.')
            if query_id in saved.disabled_ids:
                raise ConflictError(QUERY_DISABLED)
        chosen = [
            (position, query)
            for position, query in _places(saved)
            if query_ids is None or query.id in set(query_ids)
        ]
        is_all = query_ids is None
        if not chosen and not (is_all and mode is not Mode.DELTA and self._app_state.withdrawals()):
            raise ConflictError(_nothing_to_update(saved))
        update = self._queue(
            chosen,
            mode=mode,
            job_type=JobType.AD_HOC,
            modified_after=modified_after,
            retry_of=retry_of,
            confirmed_withdrawals=confirmed_withdrawals,
            schedule=None,
            audit=audit,
        )
        self._wakeups.schedule.notify()
        return update

    def request_chosen(
        self,
        jobs: Sequence[tuple[int, Query, int]],
        *,
        scope: Scope,
        values: Sequence[ChosenValue] = (),
        indicator_ids: Sequence[int] = (),
        retry_of: str | None = None,
        audit: AuditEntry | None = None,
    ) -> Update:
        """Queue an ad-hoc update about what a person has chosen; no cursor moves by it.

        Args:
            jobs: position and query of each Job, and how many values or Indicators it is about.
            scope: what is done with them.
            values: which, of those that are sent or withdrawn.
            indicator_ids: which, of those that were refused.
            retry_of: the Request ID of the Job that is tried again.
            audit: who asked for it, stored in the same write.
        """
        update = self._queue(
            [(position, query) for position, query, _ in jobs],
            mode=Mode.DELTA,
            job_type=JobType.AD_HOC,
            modified_after=None,
            retry_of=retry_of,
            schedule=None,
            audit=audit,
            scope=scope,
            asked=[count for _, _, count in jobs],
            values=tuple(values),
            indicator_ids=tuple(indicator_ids),
        )
        self._wakeups.schedule.notify()
        return update

    def request_withdrawal(self) -> None:
        """Queue an update that withdraws what deleted queries have sent and nobody selects.

        It is the full one where that is required, so that everything is read once. Should it fail,
        the next scheduled update does it.
        """
        with self._scheduling:
            if not self._withdrawals.is_due():
                return
            is_full = self._app_state.schedule().next_mode is Mode.FULL
            self.request_update(mode=Mode.FULL if is_full else Mode.RECONCILE)

    def queue_due(self) -> Mode | None:
        """Queue the scheduled update if it is due; one that waits already is enough.

        Returns:
            The mode of the update that was queued, or None.
        """
        with self._scheduling:
            now = self._clock.now()
            if self._is_full_under_way():
                # Should it fail, the full one that is required is due at once.
                return None
            at, mode = self._next(self._app_state.schedule(), now)
            if not self._has_work() or at > now or self._is_one_waiting():
                return None
            self._queue_scheduled(mode, now)
        return mode

    def queue_now(self) -> Mode:
        """Queue the next scheduled update although it is not due; the schedule counts from it.

        Raises:
            ConflictError: there is no query, or a scheduled update waits already.
        """
        with self._scheduling:
            if not self._has_work():
                raise ConflictError(_nothing_to_update(self._app_state.query_list()))
            if self._is_one_waiting():
                raise ConflictError(
                    'A scheduled update waits already; it begins when the one that runs has ended.'
                )
            now = self._clock.now()
            _, mode = self._next(self._app_state.schedule(), now)
            self._queue_scheduled(mode, now)
        return mode

    def _has_work(self) -> bool:
        """Whether there is a query to read, or something to withdraw without any."""
        return bool(self._app_state.query_list().enabled) or self._withdrawals.is_due()

    def _is_one_waiting(self) -> bool:
        return any(
            update.job_type is JobType.SCHEDULED and update.started_at is None
            for update in self._app_state.open_updates()
        )

    def _queue_scheduled(self, mode: Mode, now: dt.datetime) -> None:
        self._queue(
            _places(self._app_state.query_list()),
            mode=mode,
            job_type=JobType.SCHEDULED,
            modified_after=None,
            retry_of=None,
            schedule=replace(self._app_state.schedule(), last_scheduled_at=now, next_mode=None),
        )
        self._wakeups.schedule.notify()

    def start_next(self) -> None:
        """Start the next queued update unless one runs; after a restart, go on with that one."""
        if self._running is not None:
            return
        self._forget_removed()
        waiting = self._app_state.open_updates()
        started = [update for update in waiting if update.started_at is not None]
        for update in started or waiting:
            with self._faults.watch(f'start {update.id}', partial(self._drop, update)):
                if self._start(update):
                    return

    def _forget_removed(self) -> None:
        """Close what is open of queries that were taken out of the list since."""
        saved = self._app_state.query_list()
        if saved.version == self._seen_list:
            return
        query_ids = [query.id for query in saved.queries]
        self._store.errors.supersede_removed(query_ids, self._clock.now())
        if not query_ids:
            # No update will come that would do so as it starts.
            self._store.refusals.forget_others(query_ids)
        self._seen_list = saved.version

    def _start(self, update: Update) -> bool:
        """Start an update, or go on with it; False where another one runs."""
        now = self._clock.now()
        if update.started_at is None:
            self._cancel_removed(update)
            if not self._app_state.start_update(update.id, now):
                return False
        jobs = self._app_state.jobs_of(update.id)
        # First, as what takes the place of what they were refused is asked for by this update.
        queries = self._app_state.query_list().enabled
        self._store.refusals.forget_others([query.id for query in queries])
        self._store.begin([job for job in jobs if not job.status.is_final])
        self._running = self._app_state.update(update.id)
        _log.info(
            'update-started' if update.started_at is None else 'update-goes-on',
            update_id=update.id,
            mode=update.mode,
            type=update.job_type,
            queries=len(jobs),
        )
        self._wakeups.notify_all()
        return True

    def _cancel_removed(self, update: Update) -> None:
        """Cancel what waits for queries that were deleted or disabled meanwhile."""
        saved = self._app_state.query_list()
        enabled = {query.id for query in saved.enabled}
        if update.scope is Scope.WITHDRAW:
            # Whoever holds it, it is withdrawn.
            return
        for job in self._app_state.jobs_of(update.id):
            if job.status.is_final or job.is_withdrawal or job.query.id in enabled:
                continue
            is_gone = saved.position(job.query.id) is None
            reason = QUERY_REMOVED if is_gone else QUERY_DISABLED_SINCE
            cancelled = partial(replace, status=JobStatus.CANCELLED, failure_reason=reason)
            self._app_state.change_job(job.request_id, cancelled)
            _log.info('job-cancelled', request_id=job.request_id, reason=reason)

    def follow(self) -> None:
        """Bring the running update's Jobs in line with their progress, and end it at the end."""
        update = self._running
        if update is None:
            return
        fault = self._faults.abandoned(update.id)
        if fault is not None:
            self._abandon(update, fault)
            return
        with self._faults.watch(
            f'follow {update.id}',
            lambda error, _: self._faults.abandon(update.id, WHERE, error),
            attempts=ABANDONED_AT,
        ):
            self._follow(update)

    def _follow(self, update: Update) -> None:
        progress = {item.request_id: item for item in self._store.progress(update.id)}
        is_over = True
        for job in self._app_state.jobs_of(update.id):
            if job.status.is_final:
                continue
            item = progress.get(job.request_id)
            if item is None:
                self._store.begin([job])
                is_over = False
            elif item.is_settled:
                self._jobs.end(job, item)
            else:
                is_over = False
                self._jobs.advance(job, item)
        if is_over:
            self._end(update)

    def _drop(self, update: Update, error: Exception, _count: int) -> None:
        """End an update that cannot be started: the next one must not wait for it."""
        self._abandon(update, unforeseen(WHERE, error))

    def _abandon(self, update: Update, fault: UnforeseenError) -> None:
        """End an update whose Jobs do not come to an end, from what the documents know."""
        for job in self._app_state.jobs_of(update.id):
            if not job.status.is_final:
                self._jobs.fail(job, fault, Counts())
        self._close(update, None)

    def _next(self, schedule: Schedule, now: dt.datetime) -> tuple[dt.datetime, Mode]:
        at, usual = next_update(
            schedule,
            interval=self._interval,
            reconcile_interval=self._reconcile_interval,
            now=now,
            reading_all_since=self._reading_all_since(),
            is_full_under_way=self._is_full_under_way(),
        )
        # Only a reading of everything tells what no other query selects.
        is_due = usual is Mode.DELTA and self._withdrawals.is_due()
        return at, Mode.RECONCILE if is_due else usual

    def _is_full_under_way(self) -> bool:
        """Whether an update waits or runs that makes the required full one needless."""
        return any(
            self._may_satisfy(update, self._app_state.jobs_of(update.id))
            for update in self._app_state.open_updates()
        )

    def _may_satisfy(self, update: Update, jobs: Sequence[Job]) -> bool:
        enabled = self._app_state.query_list().enabled
        selections = {query.id: query.selection for query in enabled}
        return may_satisfy(self._app_state.schedule(), update, jobs, selections)

    def _reading_all_since(self) -> dt.datetime | None:
        """Return the start of an update that runs and reads everything of all queries."""
        return next(
            (
                update.started_at
                for update in self._app_state.open_updates()
                if update.started_at is not None
                and update.mode is not Mode.DELTA
                and not self._left_out(self._app_state.jobs_of(update.id))
            ),
            None,
        )

    def _left_out(self, jobs: Sequence[Job]) -> bool:
        """Whether an update of these Jobs leaves an enabled query out."""
        covered = {job.query.id for job in jobs}
        return any(query.id not in covered for query in self._app_state.query_list().enabled)

    def _queue(
        self,
        chosen: Sequence[tuple[int, Query]],
        *,
        mode: Mode,
        job_type: JobType,
        modified_after: dt.datetime | None,
        retry_of: str | None,
        schedule: Schedule | None,
        confirmed_withdrawals: int | None = None,
        audit: AuditEntry | None = None,
        scope: Scope = Scope.WHOLE,
        asked: Sequence[int] = (),
        values: tuple[ChosenValue, ...] = (),
        indicator_ids: tuple[int, ...] = (),
    ) -> Update:
        now = self._clock.now()
        update_id = str(uuid.uuid4())
        withdrawals = self._withdrawals.for_update(mode, {query.id for _, query in chosen})
        first_free = len(self._app_state.query_list().queries)
        gone = [(first_free + place, each.query) for place, each in enumerate(withdrawals)]
        jobs = [
            Job(
                request_id=str(uuid.uuid4()),
                update_id=update_id,
                job_type=job_type,
                mode=mode,
                status=JobStatus.PENDING,
                query=query,
                position=position,
                queued_at=now,
                retry_of=retry_of,
                scope=scope,
                asked=count,
                is_withdrawal=is_withdrawal,
            )
            for part, counts, is_withdrawal in (
                (chosen, asked or [0] * len(chosen), False),
                (gone, [0] * len(gone), True),
            )
            for (position, query), count in zip(part, counts, strict=True)
        ]
        update = Update(
            id=update_id,
            mode=mode,
            job_type=job_type,
            queued_at=now,
            request_ids=tuple(job.request_id for job in jobs),
            modified_after=modified_after,
            confirmed_withdrawals=confirmed_withdrawals,
            withdrawn_ids=tuple(each.query.id for each in withdrawals),
            scope=scope,
            asked=len(values) or len(indicator_ids),
            values=values,
            indicator_ids=indicator_ids,
            full_number=self._app_state.schedule().full_number,
        )
        if audit is not None:
            audit = audit.about(query_ids=[job.query.id for job in jobs], update_id=update_id)
        self._app_state.add_update(update, jobs, schedule=schedule, audit=audit)
        _log.info(
            'update-queued',
            update_id=update_id,
            mode=mode,
            type=job_type,
            scope=scope,
            queries=len(jobs),
        )
        return update

    def _end(self, update: Update) -> None:
        self._withdrawals.settle(update)
        self._close(update, self._schedule_after(update, self._app_state.jobs_of(update.id)))

    def _close(self, update: Update, schedule: Schedule | None) -> None:
        self._app_state.end_update(update.id, self._clock.now(), schedule)
        # What the update chose must be gone before the next one begins, or it would be taken for
        # the next one's; where the disk refuses, this is tried again.
        self._store.remove_update(
            update.id,
            at=self._clock.now(),
            jobs=self._app_state.jobs_of(update.id),
            has_asked_all=self._has_asked_all(update),
            refused_ids=update.indicator_ids if update.scope is Scope.REFUSED else None,
        )
        self._running = None
        self._faults.forget()
        _log.info('update-ended', update_id=update.id, mode=update.mode)
        self._wakeups.schedule.notify()

    def _has_asked_all(self, update: Update) -> bool:
        """Whether an update has read every query that is saved to its end."""
        jobs = self._app_state.jobs_of(update.id)
        are_complete = all(job.status is JobStatus.UPLOAD_COMPLETE for job in jobs)
        is_whole = update.scope is Scope.WHOLE
        return is_whole and are_complete and not self._left_out(jobs)

    def _schedule_after(self, update: Update, jobs: Sequence[Job]) -> Schedule | None:
        """Return the schedule that the update moves; None where it left a query out."""
        jobs = [job for job in jobs if not job.is_withdrawal]
        if update.scope is not Scope.WHOLE or self._left_out(jobs):
            return None
        complete = [job for job in jobs if job.status is JobStatus.UPLOAD_COMPLETE and job.window]
        ends = [end_at for job in complete if (end_at := known_until(job)) is not None]
        if not ends or update.modified_after is not None:
            return None
        schedule = replace(self._app_state.schedule(), last_run_at=min(ends))
        if update.mode is not Mode.DELTA and len(complete) == len(jobs):
            schedule = replace(schedule, last_reconcile_at=update.started_at)
            if self._may_satisfy(update, jobs):
                schedule = replace(schedule, next_mode=None)
        return schedule
