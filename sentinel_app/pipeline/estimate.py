"""Time left of the running update, as a whole and by Job."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from sentinel_app.core.clock import Clock
from sentinel_app.core.estimate import Estimate, Work, time_left, work_left
from sentinel_app.core.progress import Progress
from sentinel_app.log import EventLog
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.storage.update_store import UpdateStore

_log = EventLog(__name__)

VALID_S: Final = 1.0
"""Seconds for which estimates are cached: a list of Jobs needs all of them at once."""


class Estimates:
    """Estimates the time left of the running update; thread-safe.

    Objects are sent in order of precedence, so a Job waits for the Jobs before it.
    """

    def __init__(self, *, store: UpdateStore, limiter: RateLimiter, clock: Clock) -> None:
        self._store = store
        self._limiter = limiter
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[str, float, Mapping[str, Estimate | None]] | None = None

    def of_job(self, update_id: str, request_id: str) -> Estimate | None:
        """Return the time left of a Job of the running update; None while unknown."""
        return self._estimates(update_id).get(request_id)

    def of_update(self, update_id: str) -> Estimate | None:
        """Return the time left of the running update; None while unknown."""
        return next(reversed(self._estimates(update_id).values()), None)

    def of_objects(self, count: int) -> float:
        """Return the seconds until this number of objects is sent under the limit."""
        estimate = time_left([Work(objects=count, seconds=0.0)], self._limiter.seconds_of)
        return estimate.seconds if estimate else 0.0

    def _estimates(self, update_id: str) -> dict[str, Estimate | None]:
        now = self._clock.monotonic()
        with self._lock:
            known = self._known
            if known is None or known[0] != update_id or not 0 <= now - known[1] < VALID_S:
                known = self._known = (update_id, now, self._made_or_none(update_id))
            return dict(known[2])

    def _made_or_none(self, update_id: str) -> dict[str, Estimate | None]:
        try:
            return self._made(update_id)
        # Whatever goes wrong, the Jobs are still shown, without an estimate.
        except Exception as error:  # noqa: BLE001
            _log.exception('estimate-failed', error, update_id=update_id)
            return {}

    def _made(self, update_id: str) -> dict[str, Estimate | None]:
        """Return the estimates by Request ID, in order of precedence."""
        works: list[Work] = []
        made: dict[str, Estimate | None] = {}
        for item in self._store.progress(update_id):
            works.append(self._work(item))
            made[item.request_id] = time_left(works, self._limiter.seconds_of)
        return made

    def _work(self, item: Progress) -> Work:
        counts = None if item.is_stopped else self._store.counts(item.request_id)
        if counts is None:
            return Work(objects=0, seconds=0.0)
        began = item.download_started_at
        return work_left(
            counts,
            waiting=item.waiting,
            is_read=item.is_read,
            elapsed_s=None if began is None else (self._clock.now() - began).total_seconds(),
        )
