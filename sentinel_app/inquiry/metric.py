"""The App in figures, for the dashboard and for whoever collects them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Counts, Job, JobStatus, Update
from sentinel_app.core.metric import Figures, Hour, LiveCount, summed, summed_by_query
from sentinel_app.core.query import Query
from sentinel_app.core.task import AskedWait
from sentinel_app.core.upload_limits import MAX_OBJECTS, WINDOW_S
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore

_LOOKED_AT = 200
_FINAL = tuple(status for status in JobStatus if status.is_final)


class RunningUpdate(Protocol):
    """Knows which update runs."""

    @property
    def running(self) -> Update | None:
        """The update that runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFigures:
    """An update, and what its Jobs came to."""

    update: Update
    figures: Figures
    expected: int | None = None
    """How many Indicators its queries should give, while it runs and as far as that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits."""

    updates: int = 0
    """Queued, and not begun."""
    indicators: int = 0
    """Read, and not yet converted."""
    objects: int = 0
    """Ready to be sent."""
    seconds: float = 0.0
    """How long sending those takes under the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """How much of the API limit is used at this moment."""

    requests_per_minute: int
    used: int
    waiting_s: float | None
    """How long the next request waits; None when none does."""
    asked_wait: AskedWait | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The App in figures."""

    live: tuple[LiveCount, ...]
    queries: tuple[Query, ...]
    """Those that are saved, highest precedence first."""
    total: Figures
    """Of all Jobs that ever ended."""
    jobs: Mapping[JobStatus, int]
    """Those that are kept."""
    backlog: Backlog
    limit: LimitUse
    running: UpdateFigures | None = None
    last: UpdateFigures | None = None
    refused_now: int = 0
    """Indicators with an object that Sentinel refuses at present."""


class Metrics:
    """Gives the figures; safe for many threads."""

    def __init__(
        self,
        *,
        store: MetricStore,
        app_state: AppState,
        ledger: Ledger,
        progress: UpdateStore,
        updates: RunningUpdate,
        limiter: RateLimiter,
        requests_per_minute: int,
        clock: Clock,
    ) -> None:
        self._store = store
        self._app_state = app_state
        self._progress = progress
        self._ledger = ledger
        self._updates = updates
        self._limiter = limiter
        self._requests_per_minute = requests_per_minute
        self._clock = clock

    def summary(self) -> Summary:
        """Give the present figures."""
        running = self._running()
        return Summary(
            live=self._ledger.live_counts(self._clock.now()),
            queries=self._app_state.query_list().queries,
            total=self._store.total(),
            jobs={
                status: self._app_state.jobs(statuses=[status], limit=1)[1] for status in JobStatus
            },
            backlog=self._backlog(running),
            limit=LimitUse(
                requests_per_minute=self._requests_per_minute,
                used=self._limiter.used(),
                waiting_s=self._limiter.waiting_s(),
                asked_wait=self._limiter.asked_wait(),
            ),
            running=None if running is None else self._figures(running),
            last=self._last(),
            refused_now=self._progress.errors.refused_now(),
        )

    def live_by_query(self) -> Mapping[str, int]:
        """Return how many objects are live because of each query, by its id."""
        return summed_by_query(self._ledger.live_counts(self._clock.now()))

    def history(self, *, since: dt.datetime, before: dt.datetime) -> tuple[Hour, ...]:
        """Give the hours in which a Job ended, oldest first."""
        return self._store.hours(since=since, before=before)

    def _running(self) -> Update | None:
        """Give the update that runs; its end is stored a moment before it is let go."""
        running = self._updates.running
        stored = None if running is None else self._app_state.update(running.id)
        return None if stored is None or stored.ended_at is not None else stored

    def _backlog(self, running: Update | None) -> Backlog:
        waiting = [each for each in self._app_state.open_updates() if each.started_at is None]
        progress = self._progress.progress(running.id) if running else ()
        objects = sum(item.waiting for item in progress)
        requests = math.ceil(objects / MAX_OBJECTS)
        return Backlog(
            updates=len(waiting),
            indicators=sum(item.rows_waiting for item in progress),
            objects=objects,
            seconds=requests / self._requests_per_minute * WINDOW_S,
        )

    def _last(self) -> UpdateFigures | None:
        """Give the update that ended last, as far as its Jobs are kept."""
        jobs, _ = self._app_state.jobs(statuses=_FINAL, sort='date_queued', limit=_LOOKED_AT)
        for update_id in dict.fromkeys(job.update_id for job in jobs):
            update = self._app_state.update(update_id)
            if update is not None and update.ended_at is not None:
                return self._figures(update)
        return None

    def _figures(self, update: Update) -> UpdateFigures:
        parts = []
        expected: list[int | None] = []
        for job in self._app_state.jobs_of(update.id):
            live = None if job.status.is_final else self._progress.counts(job.request_id)
            counts = live or job.counts
            parts.append(_of_job(job, counts))
            expected.append(counts.expected)
        known = [number for number in expected if number is not None]
        return UpdateFigures(
            update=update,
            figures=summed(parts),
            expected=sum(known) if known and len(known) == len(expected) else None,
        )


def _of_job(job: Job, counts: Counts) -> Figures:
    return Figures(
        jobs=1,
        jobs_failed=int(job.status is JobStatus.FAILED),
        read=counts.read,
        outcomes=counts.outcomes,
        objects=counts.objects,
        requests=counts.requests,
        throttled=counts.throttled,
        throttled_s=counts.throttled_s,
    )
