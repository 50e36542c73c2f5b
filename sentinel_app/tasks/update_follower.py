"""The running update: starts it, follows its Jobs, and ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Counts, Job, JobStatus, Mode, Update
from sentinel_app.core.job_state import advanced, cursors_after, ended, known_until
from sentinel_app.core.progress import Progress
from sentinel_app.core.schedule import Schedule, leaves_out, may_satisfy
from sentinel_app.core.scope import Scope
from sentinel_app.core.window import Cursor
from sentinel_app.errors import UnforeseenError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.fault_limit import ABANDONED_AT, ATTEMPTS, FaultLimit, unforeseen
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.deleted_query import DeletedQueries

QUERY_REMOVED: Final = 'Its TQL query was deleted in CONFIGURE before its turn came.'
QUERY_DISABLED_SINCE: Final = 'Its TQL query was disabled in CONFIGURE before its turn came.'
WHERE: Final = 'The scheduler'
"""Names this part of the App in messages about unforeseen exceptions."""

_log = EventLog(__name__)


class JobFollower:
    """Brings the stored Jobs of the running update in line with their progress."""

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        metrics: MetricStore,
        faults: FaultLimit,
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._metrics = metrics
        self._faults = faults
        self._clock = clock

    def advance(self, job: Job, progress: Progress) -> None:
        """Store the status and the times of a Job that goes on; stop it where that never works."""
        with self._faults.track(f'advance {job.request_id}', partial(self._stop, job)):
            self._advance(job, progress)

    def end(self, job: Job, progress: Progress) -> None:
        """Store the end of a Job, with the cursors; as a failure where that never works."""
        with self._faults.track(f'end {job.request_id}', partial(self._end_faulty, job)):
            self._end(job, progress)

    def fail(self, job: Job, fault: UnforeseenError, counts: Counts) -> None:
        """End a Job as failed, whatever its progress says."""
        failed = replace(
            job,
            status=JobStatus.FAILED,
            failed_at=self._clock.now(),
            failure_code=fault.code,
            failure_reason=fault.message,
            counts=counts,
            is_stopped=True,
        )
        self._app_state.change_job(
            job.request_id, lambda _: failed, cursors=self._cursors_after(failed)
        )
        self._faults.record(job.request_id, fault)
        _log.error('job-ended', request_id=job.request_id, status=failed.status, code=fault.code)

    def _advance(self, job: Job, progress: Progress) -> None:
        now = self._clock.now()
        wanted = advanced(job, progress, now=now)
        if wanted == job:
            return
        self._app_state.change_job(
            job.request_id, lambda stored: advanced(stored, progress, now=now)
        )
        if wanted.status is not job.status:
            _log.info('job-status', request_id=job.request_id, status=wanted.status)

    def _end(self, job: Job, progress: Progress) -> None:
        now = self._clock.now()
        counts = self._store.counts(job.request_id) or Counts()
        final = ended(job, progress, counts, now=now)
        # Before the Job is stored as final: counting it again has no effect, leaving it out would.
        self._metrics.add_job(
            job.request_id, counts, is_failed=final.status is JobStatus.FAILED, at=now
        )
        # The cursors move in the same write: never without the Job, never the Job without them.
        self._app_state.change_job(
            job.request_id,
            lambda stored: ended(stored, progress, counts, now=now),
            cursors=self._cursors_after(final),
        )
        _log.info(
            'job-ended',
            request_id=job.request_id,
            status=final.status,
            read=counts.read,
            **{str(outcome): count for outcome, count in sorted(counts.outcomes.items())},
            objects=counts.objects,
            requests=counts.requests,
            throttled=counts.throttled,
            code=final.failure_code,
        )

    def _cursors_after(self, final: Job) -> tuple[Cursor, ...]:
        """Return the cursors that the end of a Job changes."""
        app_state = self._app_state
        jobs = app_state.jobs_of(final.update_id)
        found = (app_state.cursor(job.query.id) for job in jobs)
        known = {cursor.query_id: cursor for cursor in found if cursor is not None}
        return cursors_after(
            final, jobs, known, app_state.query_list(), app_state.schedule(), self._clock.now()
        )

    def _stop(self, job: Job, error: Exception, _count: int) -> None:
        self._faults.end_jobs(WHERE, [job.request_id], error)

    def _end_faulty(self, job: Job, error: Exception, count: int) -> None:
        """End a Job as failed whose end could not be stored; without counts in the last resort."""
        counts = self._store.counts(job.request_id) if count == ATTEMPTS else None
        self.fail(job, unforeseen(WHERE, error), counts or Counts())


class UpdateFollower:
    """Starts one queued update at a time, and follows it to its end."""

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        metrics: MetricStore,
        context: ContextStore,
        deleted_queries: DeletedQueries,
        faults: FaultLimit,
        clock: Clock,
        wakeups: Wakeups,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._context = context
        self.jobs = JobFollower(
            app_state=app_state, store=store, metrics=metrics, faults=faults, clock=clock
        )
        self._deleted_queries = deleted_queries
        self._faults = faults
        self._clock = clock
        self._wakeups = wakeups
        self._running: Update | None = None
        self._seen_version: int | None = None
        """The version of the list of queries whose deleted ones are known to have no open error."""

    @property
    def running(self) -> Update | None:
        """The update that runs, once its Jobs are ready to be worked on."""
        return self._running

    def start_next(self) -> None:
        """Start the next queued update unless one runs; after a restart, go on with that one."""
        if self._running is not None:
            return
        self._forget_deleted()
        waiting = self._app_state.open_updates()
        started = [update for update in waiting if update.started_at is not None]
        for update in started or waiting:
            with self._faults.track(f'start {update.id}', partial(self._drop, update)):
                if self._start(update):
                    return

    def follow(self) -> None:
        """Bring the running update's Jobs in line with their progress, and end it at the end."""
        update = self._running
        if update is None:
            return
        fault = self._faults.abandoned(update.id)
        if fault is not None:
            self._abandon(update, fault)
            return
        with self._faults.track(
            f'follow {update.id}',
            lambda error, _: self._faults.abandon(update.id, WHERE, error),
            attempts=ABANDONED_AT,
        ):
            self._follow(update)

    # -- the start

    def _forget_deleted(self) -> None:
        """Close the open errors of queries that were deleted since the last call."""
        saved = self._app_state.query_list()
        if saved.version == self._seen_version:
            return
        query_ids = [query.id for query in saved.queries]
        self._store.errors.supersede_removed(query_ids, self._clock.now())
        if not query_ids:
            # No update will come that would do so as it starts.
            self._store.refusals.forget_others(query_ids)
        self._seen_version = saved.version

    def _start(self, update: Update) -> bool:
        """Start an update, or go on with it; False where another one runs."""
        now = self._clock.now()
        if update.started_at is None:
            self._cancel_removed(update)
            if not self._app_state.start_update(update.id, now):
                return False
        jobs = self._app_state.jobs_of(update.id)
        # First, as this update asks for what takes the place of what they were refused.
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
        """Cancel the Jobs of queries that were deleted or disabled since they were queued."""
        saved = self._app_state.query_list()
        enabled = {query.id for query in saved.enabled}
        if update.scope.only_withdraws:
            # The objects are withdrawn, whichever query holds them.
            return
        for job in self._app_state.jobs_of(update.id):
            if job.status.is_final or job.is_withdrawal or job.query.id in enabled:
                continue
            is_gone = saved.position(job.query.id) is None
            reason = QUERY_REMOVED if is_gone else QUERY_DISABLED_SINCE
            cancelled = partial(replace, status=JobStatus.CANCELLED, failure_reason=reason)
            self._app_state.change_job(job.request_id, cancelled)
            _log.info('job-cancelled', request_id=job.request_id, reason=reason)

    # -- its course

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
                self.jobs.end(job, item)
            else:
                is_over = False
                self.jobs.advance(job, item)
        if is_over:
            self._end(update)

    # -- the end

    def _end(self, update: Update) -> None:
        self._deleted_queries.settle(update)
        self._close(update, self._schedule_after(update))

    def _drop(self, update: Update, error: Exception, _count: int) -> None:
        """End an update that cannot be started: the next one must not wait for it."""
        self._abandon(update, unforeseen(WHERE, error))

    def _abandon(self, update: Update, fault: UnforeseenError) -> None:
        """End an update whose Jobs do not end, without regard to their progress."""
        for job in self._app_state.jobs_of(update.id):
            if not job.status.is_final:
                self.jobs.fail(job, fault, Counts())
        self._close(update, None)

    def _close(self, update: Update, schedule: Schedule | None) -> None:
        jobs = self._app_state.jobs_of(update.id)
        has_asked_all = self._has_read_all(update, jobs)
        # Before the update ends, as nothing would make up for it.
        self._context.record_end(
            update.request_ids[0],
            is_whole=has_asked_all and update.mode is not Mode.DELTA,
            is_full=update.mode is Mode.FULL,
        )
        self._app_state.end_update(update.id, self._clock.now(), schedule)
        # What the update chose must be gone before the next one starts, or it would be taken for
        # the next one's; where the disk refuses, this is tried again.
        self._store.ended_updates.remove(
            update.id,
            at=self._clock.now(),
            jobs=jobs,
            has_asked_all=has_asked_all,
            refused_ids=update.indicator_ids if update.scope is Scope.REFUSED else None,
        )
        self._running = None
        self._faults.forget()
        _log.info('update-ended', update_id=update.id, mode=update.mode)
        self._wakeups.schedule.notify()
        self._wakeups.context.notify_all()

    def _has_read_all(self, update: Update, jobs: Sequence[Job]) -> bool:
        """Whether an update has read every enabled query to its end."""
        are_complete = all(job.status is JobStatus.UPLOAD_COMPLETE for job in jobs)
        queries = self._app_state.query_list().enabled
        return update.scope is Scope.WHOLE and are_complete and not leaves_out(jobs, queries)

    def _schedule_after(self, update: Update) -> Schedule | None:
        """Return the schedule that the update moves; None where it left a query out."""
        queries = self._app_state.query_list().enabled
        jobs = [job for job in self._app_state.jobs_of(update.id) if not job.is_withdrawal]
        if update.scope is not Scope.WHOLE or leaves_out(jobs, queries):
            return None
        complete = [job for job in jobs if job.status is JobStatus.UPLOAD_COMPLETE and job.window]
        ends = [end_at for job in complete if (end_at := known_until(job)) is not None]
        if not ends or update.modified_after is not None:
            return None
        stored = self._app_state.schedule()
        schedule = replace(stored, last_run_at=min(ends))
        if update.mode is not Mode.DELTA and len(complete) == len(jobs):
            schedule = replace(schedule, last_reconcile_at=update.started_at)
            if may_satisfy(stored, update, jobs, queries):
                schedule = replace(schedule, next_mode=None)
        return schedule
