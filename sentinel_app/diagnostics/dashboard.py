"""Figures of the App, for the dashboard and for metrics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from sentinel_app.core.clock import Clock
from sentinel_app.core.estimate import Estimate
from sentinel_app.core.job import Counts, Job, JobStatus, Update
from sentinel_app.core.metric import Figures, Hour, LiveCount, summed, summed_by_query
from sentinel_app.core.query import Query
from sentinel_app.core.task import PIPELINE, AskedWait, TaskPause, TaskSlug, facts_of
from sentinel_app.core.trouble import Trouble
from sentinel_app.pipeline.estimate import Estimates
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.update_store import UpdateStore

_LOOKED_AT = 200
_FINAL = tuple(status for status in JobStatus if status.is_final)


class RunningUpdate(Protocol):
    """Port to the running update."""

    @property
    def running(self) -> Update | None:
        """Return the running update; None if there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFigures:
    """An update, and the sums over its Jobs."""

    update: Update
    figures: Figures
    expected: int | None = None
    """Expected number of Indicators, while it runs and if known."""
    left: Estimate | None = None
    """Time left, while it runs and is not held up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Waiting work."""

    updates: int = 0
    """Queued updates that have not begun."""
    indicators: int = 0
    """Indicators read but not yet converted."""
    objects: int = 0
    """Objects ready to be sent."""
    seconds: float = 0.0
    """Seconds that sending them takes under the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """Current use of the API limit."""

    requests_per_minute: int
    used: int
    """Requests of uploads."""
    used_by_checks: int
    waiting_s: float | None
    """Seconds until the next request; None if none is waiting."""
    asked_wait: AskedWait | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Figures of the App."""

    live: tuple[LiveCount, ...]
    queries: tuple[Query, ...]
    """Saved queries, highest precedence first."""
    total: Figures
    """Figures of all Jobs that ever ended."""
    jobs: Mapping[JobStatus, int]
    """Number of kept Jobs by status."""
    backlog: Backlog
    limit: LimitUse
    expires_by: Mapping[str, dt.datetime] = field(default_factory=dict)
    """When the last object of each query expires, unless it is sent again."""
    pauses: tuple[TaskPause, ...] = ()
    """Paused Tasks of the pipeline."""
    troubles: tuple[Trouble, ...] = ()
    """Currently failing systems."""
    running: UpdateFigures | None = None
    last: UpdateFigures | None = None
    refused_now: int = 0
    """Number of Indicators with an object that Sentinel currently refuses."""


class Metrics:
    """Collects the figures; thread-safe."""

    def __init__(
        self,
        *,
        store: MetricStore,
        app_state: AppState,
        ledger: Ledger,
        progress: UpdateStore,
        updates: RunningUpdate,
        limiter: RateLimiter,
        troubles: Troubles,
        estimates: Estimates,
        requests_per_minute: int,
        clock: Clock,
    ) -> None:
        self._store = store
        self._app_state = app_state
        self._progress = progress
        self._ledger = ledger
        self._updates = updates
        self._limiter = limiter
        self._troubles = troubles
        self._estimates = estimates
        self._requests_per_minute = requests_per_minute
        self._clock = clock

    def summary(self) -> Summary:
        """Return the current figures."""
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
                used_by_checks=self._limiter.used_by_checks(),
                waiting_s=self._limiter.waiting_s(),
                asked_wait=self._limiter.asked_wait(),
            ),
            expires_by={
                query_id: at for query_id, _, at in self._ledger.live_until(self._clock.now())
            },
            pauses=self._pauses(),
            troubles=self._troubles.now(),
            running=None if running is None else self._running_figures(running),
            last=self._last(),
            refused_now=self._progress.errors.refused_now(),
        )

    def live_by_query(self) -> Mapping[str, int]:
        """Return the number of live objects of each query, by query id."""
        return summed_by_query(self._ledger.live_counts(self._clock.now()))

    def history(self, *, since: dt.datetime, before: dt.datetime) -> tuple[Hour, ...]:
        """Return the hours in which Jobs ended, oldest first.

        The figures of running Jobs count in the current hour.
        """
        hours = self._store.hours(since=since, before=before)
        this_hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        running = self._running()
        if running is None or not since <= this_hour < before:
            return hours
        parts = [
            replace(_of_job(job, counts), jobs=0)
            for job in self._app_state.jobs_of(running.id)
            if not job.status.is_final and (counts := self._progress.counts(job.request_id))
        ]
        so_far = summed(parts)
        if not so_far.read:
            return hours
        ended = [hour for hour in hours if hour.start_at == this_hour]
        present = summed([*(hour.figures for hour in ended), so_far])
        return (
            *(hour for hour in hours if hour.start_at < this_hour),
            Hour(start_at=this_hour, figures=present),
        )

    def _pauses(self) -> tuple[TaskPause, ...]:
        states = {slug: self._app_state.task_state(slug) for slug in PIPELINE}
        return tuple(
            TaskPause(task=facts_of(slug), state=state)
            for slug, state in states.items()
            if state.is_paused
        )

    def _running_figures(self, update: Update) -> UpdateFigures:
        """Return the figures of the running update, with the time left unless it is held up."""
        figures = self._figures(update)
        is_held_up = self._troubles.now() or any(
            pause.task.slug is not TaskSlug.SCHEDULE_UPDATES for pause in self._pauses()
        )
        if is_held_up:
            return figures
        return replace(figures, left=self._estimates.of_update(update.id))

    def _running(self) -> Update | None:
        """Return the running update; None also if its end was just stored."""
        running = self._updates.running
        stored = None if running is None else self._app_state.update(running.id)
        return None if stored is None or stored.ended_at is not None else stored

    def _backlog(self, running: Update | None) -> Backlog:
        waiting = [each for each in self._app_state.open_updates() if each.started_at is None]
        progress = self._progress.progress(running.id) if running else ()
        objects = sum(item.waiting for item in progress)
        return Backlog(
            updates=len(waiting),
            indicators=sum(item.rows_waiting for item in progress),
            objects=objects,
            seconds=self._estimates.of_objects(objects),
        )

    def _last(self) -> UpdateFigures | None:
        """Return the update that ended last, if its Jobs are kept."""
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
