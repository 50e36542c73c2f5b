"""What people do with a Job: cancel it, retry it, confirm what it held back."""

from __future__ import annotations

import datetime as dt
import sys
import threading
from dataclasses import replace

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Job, JobStatus, Mode, Update
from sentinel_app.core.job_state import kept_cursor
from sentinel_app.core.scope import Scope
from sentinel_app.errors import ConflictError, NotFoundError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.update_queue import QUERY_DISABLED, UpdateQueue

_OPEN = tuple(status for status in JobStatus if not status.is_final)

_log = EventLog(__name__)


class JobActions:
    """Implements the API's port `JobActions`."""

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        queue: UpdateQueue,
        wakeups: Wakeups,
        clock: Clock,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._queue = queue
        self._wakeups = wakeups
        self._clock = clock
        self._retrying = threading.Lock()

    def cancel(self, request_id: str, *, by: str | None) -> Job:
        """Cancel a Job that is still Pending.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: it has been taken up already, or has ended.
        """
        job = self._known(request_id)
        if job.status is not JobStatus.PENDING or not self._store.cancel(job):
            raise ConflictError(_not_cancelled(self._known(request_id)))
        app_state = self._app_state
        kept = kept_cursor(
            replace(job, status=JobStatus.CANCELLED),
            app_state.cursor(job.query.id),
            app_state.query_list(),
            app_state.schedule(),
            self._clock.now(),
        )
        cancelled = app_state.change_job(
            request_id,
            lambda stored: replace(stored, status=JobStatus.CANCELLED),
            cursors=[] if kept is None else [kept],
            audit=self._audit('job-cancel', job, by),
        )
        _log.info('job-cancelled', request_id=request_id, user=by)
        self._wakeups.schedule.notify()
        return cancelled

    def retry(self, request_id: str, *, by: str | None) -> Update:
        """Queue an ad-hoc update of the query of a Job that failed, from the same time on.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: it has not failed, is being tried again already, or its query is gone.
        """
        job = self._known(request_id)
        if job.status is not JobStatus.FAILED:
            raise ConflictError(
                f'Only a request that is Failed can be tried again; this one is "{job.status}".'
            )
        saved = self._app_state.query_list()
        if job.query.id in saved.disabled_ids:
            raise ConflictError(QUERY_DISABLED)
        if saved.position(job.query.id) is None:
            raise ConflictError(
                'The TQL query of this request is no longer in CONFIGURE, so it cannot be tried '
                'again.'
            )
        # Two clicks at once are one request.
        with self._retrying:
            open_jobs, _ = self._app_state.jobs(statuses=_OPEN, limit=sys.maxsize)
            for other in open_jobs:
                if other.retry_of == request_id:
                    raise ConflictError(
                        f'This request is being tried again already, as {other.request_id}.'
                    )
            if job.scope is not Scope.WHOLE:
                return self._retry_chosen(job, by)
            return self._queue.request_update(
                mode=job.mode,
                query_ids=[job.query.id],
                modified_after=self._start(job),
                retry_of=request_id,
                audit=self._audit('job-retry', job, by),
            )

    def _retry_chosen(self, job: Job, by: str | None) -> Update:
        if job.scope is Scope.UNKNOWN:
            raise ConflictError(
                'What is unknown may be something else by now. Use Withdraw unknown in REPORTS, '
                'VERIFY again, which counts it anew.'
            )
        update = self._app_state.update(job.update_id)
        if update is None:
            raise ConflictError(
                'What this request was about is no longer known. Look the values up, and send or '
                'withdraw them again.'
            )
        return self._queue.request_chosen(
            [(job.position, job.query, job.asked)],
            scope=job.scope,
            values=update.values,
            indicator_ids=update.indicator_ids,
            retry_of=job.request_id,
            audit=self._audit('job-retry', job, by),
        )

    def withdraw(self, request_id: str, *, by: str | None) -> Update:
        """Queue an update that may withdraw as many objects as the Job held back.

        It decides again, so that what has come back meanwhile, or matches another query, stays.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: the Job held nothing back, or the update is queued already.
        """
        job = self._known(request_id)
        if not job.status.is_final or not job.counts.held_back:
            raise ConflictError(
                'This request holds no withdrawal back, so there is none to confirm.'
            )
        with self._retrying:
            for update in self._app_state.open_updates():
                if update.confirmed_withdrawals is not None:
                    raise ConflictError(
                        'The withdrawal has been confirmed already and is under way.'
                    )
            return self._queue.request_update(
                mode=Mode.DELTA if job.mode is Mode.DELTA else Mode.RECONCILE,
                confirmed_withdrawals=job.counts.held_back,
                audit=self._audit('job-withdraw', job, by),
            )

    def _start(self, job: Job) -> dt.datetime | None:
        """Return the start of a delta's window, where it does not follow from the cursor."""
        if job.mode is not Mode.DELTA:
            return None
        if job.window is not None:
            return job.window.start_at
        update = self._app_state.update(job.update_id)
        return None if update is None else update.modified_after

    def _known(self, request_id: str) -> Job:
        job = self._app_state.job(request_id)
        if job is None:
            raise NotFoundError('There is no Job with this Request ID; it may have been removed.')
        return job

    def _audit(self, action: str, job: Job, by: str | None) -> AuditEntry:
        return AuditEntry(
            at=self._clock.now(),
            user=by,
            action=action,
            detail=job.request_id,
            query_ids=(job.query.id,),
            update_ids=(job.update_id,),
        )


def _not_cancelled(job: Job) -> str:
    if job.status is JobStatus.PENDING:
        return 'This request has just been taken up, so it can no longer be cancelled.'
    if job.status is JobStatus.CANCELLED:
        return 'This request was cancelled already.'
    if job.status.is_final:
        return f'This request has ended; it is "{job.status}".'
    return (
        f'Only a request that is Pending can be cancelled; this one is "{job.status}". Kill the '
        'Task that works on it in TASKS to end it.'
    )
