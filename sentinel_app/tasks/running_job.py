"""The view of a running Job: what it is doing right now, ahead of what is stored of it."""

from __future__ import annotations

from dataclasses import replace

from sentinel_app.core.estimate import Estimate
from sentinel_app.core.job import Counts, Stage
from sentinel_app.core.progress import Progress, jobs_being_read
from sentinel_app.core.task import AskedWait, TaskPause, TaskSlug, facts_of
from sentinel_app.core.trouble import Trouble
from sentinel_app.pipeline.estimate import Estimates
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.update_follower import UpdateFollower


class RunningJobs:
    """The Jobs of the running update as they are now; implements the API's port `Live`."""

    def __init__(
        self,
        *,
        follower: UpdateFollower,
        app_state: AppState,
        store: UpdateStore,
        limiter: RateLimiter,
        troubles: Troubles,
        estimates: Estimates,
    ) -> None:
        self._follower = follower
        self._app_state = app_state
        self._store = store
        self._limiter = limiter
        self._troubles = troubles
        self._estimates = estimates

    def counts(self, request_id: str) -> Counts | None:
        """Return a Job's counts; None when it is not in progress."""
        counts = self._store.counts(request_id)
        running = self._follower.running
        if counts is None or running is None:
            return counts
        waited_s = self._limiter.waited_s()
        if waited_s <= 0 or request_id != self._next_to_send(running.id):
            return counts
        # The wait is counted as it passes, and stored once the request goes out.
        return replace(counts, limit_wait_s=counts.limit_wait_s + waited_s)

    def _next_to_send(self, update_id: str) -> str | None:
        """Return the Job whose objects the next request carries first."""
        progress = self._store.progress(update_id)
        return next((item.request_id for item in progress if item.waiting), None)

    def asked_wait(self, request_id: str) -> AskedWait | None:
        """Return the wait that Sentinel asked for, where a Job is held up by it."""
        running = self._follower.running
        if running is None or request_id not in running.request_ids:
            return None
        return self._limiter.asked_wait()

    def waiting_s(self, request_id: str) -> float | None:
        """Return how long a Job still waits for the API limit; None when it does not."""
        running = self._follower.running
        if running is None or request_id not in running.request_ids:
            return None
        return self._limiter.waiting_s()

    def left(self, request_id: str) -> Estimate | None:
        """Return how long a Job still takes; None while nobody can say, or while nothing goes on.

        A pause and a system that does not answer have no end that anybody knows.
        """
        running = self._follower.running
        if running is None or request_id not in running.request_ids:
            return None
        if self.pause(request_id) or self.trouble(request_id):
            return None
        return self._estimates.of_job(running.id, request_id)

    def trouble(self, request_id: str) -> Trouble | None:
        """Return the system that a Job waits for because it does not answer; None without one."""
        running = self._follower.running
        if running is None or not self._troubles.now():
            return None
        progress = self._store.progress(running.id)
        if request_id in jobs_being_read(progress):
            return self._troubles.of(Stage.DOWNLOAD)
        if any(item.open for item in progress if item.request_id == request_id):
            return self._troubles.of(Stage.UPLOAD)
        return None

    def pause(self, request_id: str) -> TaskPause | None:
        """Return the first paused Task that has something to do for a Job; None without one."""
        paused = {
            stage: state
            for stage, slug in _TASKS.items()
            if (state := self._app_state.task_state(slug)).is_paused
        }
        running = self._follower.running
        if running is None or not paused:
            return None
        progress = self._store.progress(running.id)
        found = (item for item in progress if item.request_id == request_id)
        return next(
            (
                TaskPause(task=facts_of(_TASKS[stage]), state=paused[stage])
                for item in found
                for stage in _ahead(item)
                if stage in paused
            ),
            None,
        )


_TASKS = {
    Stage.DOWNLOAD: TaskSlug.DOWNLOAD,
    Stage.CONVERT: TaskSlug.CONVERT,
    Stage.UPLOAD: TaskSlug.UPLOAD,
}


def _ahead(item: Progress) -> list[Stage]:
    """Return the stages that have something to do for a Job now."""
    is_closing = item.is_converted and not (item.is_closed or item.is_stopped)
    has_work = {
        Stage.DOWNLOAD: not (item.is_read or item.is_downloaded),
        Stage.CONVERT: bool(item.pages_waiting)
        or (item.is_downloaded and not item.is_read)
        or is_closing,
        Stage.UPLOAD: bool(item.open),
    }
    return [stage for stage, is_so in has_work.items() if is_so]
