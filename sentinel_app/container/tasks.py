"""Builds the Tasks, and the updates that they work on."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sentinel_app.config.settings import Settings
from sentinel_app.container.adapters import Adapters
from sentinel_app.container.context import build_context
from sentinel_app.container.pipeline import Pipeline
from sentinel_app.container.stores import Stores
from sentinel_app.container.verification import Verifying, build_verification
from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Stage
from sentinel_app.core.progress import jobs_being_converted, jobs_being_read
from sentinel_app.core.task import TaskFacts, TaskSlug
from sentinel_app.diagnostics.health import Health
from sentinel_app.pipeline.context import Context
from sentinel_app.pipeline.match import Match
from sentinel_app.pipeline.match_search import MatchSearch
from sentinel_app.pipeline.verification import Verification
from sentinel_app.pipeline.wakeup import CONTEXT_SENDERS, Wakeup
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.tasks.cleaner import Cleaner
from sentinel_app.tasks.deleted_query import DeletedQueries
from sentinel_app.tasks.notifier import Notifier
from sentinel_app.tasks.scheduler import Scheduler
from sentinel_app.tasks.supervisor import Supervisor
from sentinel_app.tasks.task import Task
from sentinel_app.tasks.task_body import TaskBody, schedule_body, stage_body
from sentinel_app.tasks.task_kill import Kills
from sentinel_app.tasks.task_pause import Pauses
from sentinel_app.tasks.update_follower import UpdateFollower
from sentinel_app.tasks.update_queue import UpdateQueue
from sentinel_app.tasks.update_schedule import UpdateSchedule

UPLOAD_THREADS: Final = 8
"""Requests in flight. At the limit of 100 a minute this keeps up with answers that take 4.8 s."""


_BESIDE: Final = frozenset({TaskSlug.MATCH, TaskSlug.CONTEXT})
"""Tasks whose failures are shown with what they do; the Service does its work without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """What queues updates, and what starts, follows and ends them."""

    queue: UpdateQueue
    follower: UpdateFollower


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The Tasks, and the threads beside them."""

    supervisor: Supervisor
    scheduler: Scheduler
    notifier: Notifier | None
    """None where nobody is to be notified."""
    verifying: Verifying
    context: Context


def build_updates(
    settings: Settings, stores: Stores, pipeline: Pipeline, *, clock: Clock
) -> Updates:
    """Build what queues and follows updates; tests run it without threads as well."""
    deleted_queries = DeletedQueries(app_state=stores.app_state, ledger=stores.ledger, clock=clock)
    reconcile_hours = settings.reconcile_interval_hours
    return Updates(
        queue=UpdateQueue(
            app_state=stores.app_state,
            schedule=UpdateSchedule(
                app_state=stores.app_state,
                deleted_queries=deleted_queries,
                interval=dt.timedelta(hours=settings.schedule_interval_hours),
                reconcile_interval=dt.timedelta(hours=reconcile_hours) if reconcile_hours else None,
            ),
            deleted_queries=deleted_queries,
            clock=clock,
            wakeup=pipeline.wakeups.schedule,
        ),
        follower=UpdateFollower(
            app_state=stores.app_state,
            store=stores.store,
            metrics=stores.metrics,
            context=stores.context,
            deleted_queries=deleted_queries,
            faults=pipeline.faults,
            clock=clock,
            wakeups=pipeline.wakeups,
        ),
    )


def build_tasks(
    settings: Settings,
    stores: Stores,
    adapters: Adapters,
    pipeline: Pipeline,
    updates: Updates,
    health: Health,
    *,
    task_facts: Sequence[TaskFacts],
    clock: Clock,
    stop: threading.Event,
) -> Tasks:
    """Build the Tasks; `stop` ends their threads."""
    verifying = build_verification(settings, stores, adapters, clock)
    match = _match(settings, stores, adapters, clock)
    context = build_context(
        settings,
        stores,
        pipeline,
        updates.follower,
        groups=adapters.groups,
        sink=adapters.sink,
        clock=clock,
    )
    bodies = _bodies(
        settings, stores, pipeline, updates, verifying.verification, match, context, clock
    )
    supervisor = Supervisor(
        tasks=[
            _task(facts, bodies[facts.slug], stores, pipeline, health, clock, stop)
            for facts in task_facts
        ],
        app_state=stores.app_state,
        store=stores.store,
        kills=Kills(store=stores.store, errors=stores.errors, clock=clock),
        pauses=Pauses(app_state=stores.app_state, clock=clock),
        limiter=pipeline.limiter,
        troubles=pipeline.troubles,
        clock=clock,
    )
    notifier = _notifier(settings, stores, adapters, health, clock, stop)
    ticks = {
        'start-next': updates.follower.start_next,
        'follow': updates.follower.follow,
        'trigger-tasks': supervisor.trigger_due,
        'watch-tasks': supervisor.watch,
    }
    if notifier is not None:
        ticks['trigger-notifier'] = notifier.trigger_due
    scheduler = Scheduler(
        ticks=ticks,
        stop=stop,
        wakeup=pipeline.wakeups.schedule,
        on_error=lambda error: health.record_error('scheduler', error),
    )
    return Tasks(
        supervisor=supervisor,
        scheduler=scheduler,
        notifier=notifier,
        verifying=verifying,
        context=context,
    )


def _bodies(
    settings: Settings,
    stores: Stores,
    pipeline: Pipeline,
    updates: Updates,
    verification: Verification,
    match: Match,
    context: Context,
    clock: Clock,
) -> dict[TaskSlug, TaskBody]:
    """Return what each Task does."""
    store, faults, follower = stores.store, pipeline.faults, updates.follower
    cleaner = Cleaner(
        app_state=stores.app_state,
        errors=stores.errors,
        metrics=stores.metrics,
        matches=stores.matches,
        context=stores.context,
        store=store,
        upkeep=DiskUpkeep(stores.documents_path, stores.db),
        clock=clock,
        retention=dt.timedelta(days=settings.retention_days),
    )

    def being_read(update_id: str) -> tuple[str, ...]:
        return jobs_being_read(store.progress(update_id))

    def being_converted(update_id: str) -> tuple[str, ...]:
        return jobs_being_converted(store.progress(update_id))

    return {
        TaskSlug.DOWNLOAD: stage_body(
            follower,
            faults.guarded(Stage.DOWNLOAD, pipeline.download.step, being_read),
            working_on=being_read,
            words='read {count} page{s}',
        ),
        TaskSlug.CONVERT: stage_body(
            follower,
            faults.guarded(Stage.CONVERT, pipeline.convert.step, being_converted),
            working_on=being_converted,
            words='went through {count} page{s}',
        ),
        TaskSlug.UPLOAD: stage_body(
            follower,
            pipeline.upload.step,
            working_on=store.batches.in_flight,
            words='sent {count} batch{es}',
        ),
        TaskSlug.SCHEDULE_UPDATES: schedule_body(updates.queue),
        TaskSlug.VERIFY: TaskBody(
            step=verification.step,
            outcome=lambda _: verification.outcome,
            run=verification.request,
        ),
        TaskSlug.MATCH: TaskBody(
            step=match.step, outcome=lambda _: match.outcome, run=match.request
        ),
        TaskSlug.CONTEXT: TaskBody(
            step=context.step,
            outcome=lambda _: context.outcome(),
            repeats=True,
            run=context.request,
        ),
        TaskSlug.CLEANER: TaskBody(step=cleaner.clean, outcome=lambda _: cleaner.outcome),
    }


def _match(settings: Settings, stores: Stores, adapters: Adapters, clock: Clock) -> Match:
    hours = settings.match_interval_hours
    return Match(
        reader=adapters.logs,
        matches=stores.matches,
        search=MatchSearch(Holdings(stores.db), clock),
        source=settings.source_system,
        interval=dt.timedelta(hours=hours) if hours else None,
        look_back=dt.timedelta(days=settings.retention_days),
        clock=clock,
    )


def _task(
    facts: TaskFacts,
    body: TaskBody,
    stores: Stores,
    pipeline: Pipeline,
    health: Health,
    clock: Clock,
    stop: threading.Event,
) -> Task:
    wakeups = {
        TaskSlug.DOWNLOAD: pipeline.wakeups.download,
        TaskSlug.CONVERT: pipeline.wakeups.convert,
        TaskSlug.UPLOAD: pipeline.wakeups.upload,
        TaskSlug.CONTEXT: pipeline.wakeups.context,
    }
    threads = {TaskSlug.UPLOAD: UPLOAD_THREADS, TaskSlug.CONTEXT: CONTEXT_SENDERS}
    return Task(
        facts=facts,
        body=body,
        state=stores.app_state.task_state(facts.slug),
        stop=stop,
        wakeup=wakeups.get(facts.slug) or Wakeup(),
        clock=clock,
        on_error=_ignore if facts.slug in _BESIDE else health.record_error,
        threads=threads.get(facts.slug, 1),
        # What Sentinel has answered is true however late it comes, and the ledger must know of it.
        fence=None if facts.slug in threads else stores.db.fence,
    )


def _ignore(_part: str, _error: BaseException | None) -> None:
    pass


def _notifier(
    settings: Settings,
    stores: Stores,
    adapters: Adapters,
    health: Health,
    clock: Clock,
    stop: threading.Event,
) -> Notifier | None:
    if adapters.notifications is None or not settings.notify:
        return None
    return Notifier(
        health=health,
        sender=adapters.notifications,
        recipients=settings.notify,
        service=settings.sentinel_source_name,
        app_state=stores.app_state,
        clock=clock,
        stop=stop,
    )
