"""What the running update is doing right now, ahead of what is stored of its Jobs."""

from __future__ import annotations

from sentinel_app.core.job import Counts, Stage
from sentinel_app.core.task import AskedWait
from sentinel_app.core.trouble import Trouble
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.duty import downloading
from sentinel_app.tasks.update import Updates


class Live:
    """What the running update is doing right now; implements the API's port."""

    def __init__(
        self, *, updates: Updates, store: UpdateStore, limiter: RateLimiter, troubles: Troubles
    ) -> None:
        self._updates = updates
        self._store = store
        self._limiter = limiter
        self._troubles = troubles

    def counts(self, request_id: str) -> Counts | None:
        """Return a Job's counts; None when it is not in progress."""
        return self._store.counts(request_id)

    def asked_wait(self, request_id: str) -> AskedWait | None:
        """Return the wait that Sentinel asked for, where a Job is held up by it."""
        running = self._updates.running
        if running is None or request_id not in running.request_ids:
            return None
        return self._limiter.asked_wait()

    def waiting_s(self, request_id: str) -> float | None:
        """Return how long a Job still waits for the API limit; None when it does not."""
        running = self._updates.running
        if running is None or request_id not in running.request_ids:
            return None
        return self._limiter.waiting_s()

    def trouble(self, request_id: str) -> Trouble | None:
        """Return the system that a Job waits for because it does not answer; None without one."""
        running = self._updates.running
        if running is None or not self._troubles.now():
            return None
        progress = self._store.progress(running.id)
        if request_id in downloading(progress):
            return self._troubles.of(Stage.DOWNLOAD)
        if any(item.open for item in progress if item.request_id == request_id):
            return self._troubles.of(Stage.UPLOAD)
        return None
