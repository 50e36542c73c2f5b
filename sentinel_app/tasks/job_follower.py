"""How the Jobs of the running update stand, in the documents: from their progress to their end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Counts, Job, JobStatus
from sentinel_app.core.job_state import advanced, cursors_after, ended
from sentinel_app.core.progress import Progress
from sentinel_app.core.window import Cursor
from sentinel_app.errors import UnforeseenError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.fault_limit import ATTEMPTS, FaultLimit, unforeseen
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore

WHERE: Final = 'The scheduler'
"""What people are told met an exception here."""

_log = EventLog(__name__)


class JobFollower:
    """Brings Jobs in line with their progress, and ends them."""

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
        with self._faults.watch(f'advance {job.request_id}', partial(self._stop, job)):
            self._advance(job, progress)

    def end(self, job: Job, progress: Progress) -> None:
        """Store the end of a Job, with the cursors; as a failure where that never works."""
        with self._faults.watch(f'end {job.request_id}', partial(self._end_faulty, job)):
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
        # Before the Job is stored as final: it is counted again then, to no effect, or never.
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
        """End a Job as failed whose end could not be stored; without counts at last."""
        counts = self._store.counts(job.request_id) if count == ATTEMPTS else None
        self.fail(job, unforeseen(WHERE, error), counts or Counts())
