"""What the running update is doing right now, ahead of what is stored of its Jobs."""

from __future__ import annotations

from sentinel_app.core.job import Counts
from sentinel_app.core.task import AskedWait
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.update import Updates


class Live:
    """What the running update is doing right now; implements the API's port."""

    def __init__(self, *, updates: Updates, store: UpdateStore, limiter: RateLimiter) -> None:
        self._updates = updates
        self._store = store
        self._limiter = limiter

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
