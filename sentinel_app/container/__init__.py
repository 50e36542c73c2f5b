"""The composition root: the only package that constructs adapters and hands them out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sentinel_app.clock import SystemClock
from sentinel_app.config.settings import Settings
from sentinel_app.container.adapters import Platform, build_adapters
from sentinel_app.container.api import build_api
from sentinel_app.container.health import build_health, heartbeat_figures
from sentinel_app.container.pipeline import build_pipeline
from sentinel_app.container.stores import Stores, build_stores
from sentinel_app.container.tasks import UPLOAD_THREADS, build_tasks, build_updates
from sentinel_app.core.clock import Clock
from sentinel_app.core.task import TASK_FACTS, TaskFacts
from sentinel_app.lifecycle import Lifecycle
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.maintenance.lock import FolderLock
from sentinel_app.tasks.supervisor import Supervisor

__all__ = ['Container', 'Platform', 'build_container']

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The App, composed.

    Args:
        wsgi: answers the requests of the page.
        lifecycle: starts and stops the background threads.
        supervisor: has all Tasks.
        metrics: returns the figures that the platform shows with each heartbeat.
    """

    wsgi: Callable[..., Iterable[bytes]]
    lifecycle: Lifecycle
    supervisor: Supervisor
    metrics: Callable[[], dict[str, int | str]]


def build_container(
    settings: Settings,
    platform: Platform,
    clock: Clock | None = None,
    task_facts: Sequence[TaskFacts] = TASK_FACTS,
) -> Container:
    """Compose the App.

    Args:
        settings: the checked inputs.
        platform: what the platform gives.
        clock: tells the time and waits; the machine's own where none is given.
        task_facts: what each Task is.

    Raises:
        ConfigError: another process holds the data folder, or a newer version wrote it.
        StorageError: the data folder cannot be used.
    """
    lock = FolderLock(platform.data_dir)
    try:
        return _compose(settings, platform, clock or SystemClock(), lock, task_facts)
    except BaseException:
        lock.release()
        raise


def _compose(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    lock: FolderLock,
    task_facts: Sequence[TaskFacts],
) -> Container:
    stop, wakeups = threading.Event(), Wakeups(UPLOAD_THREADS)
    stores = build_stores(platform.data_dir, clock)
    adapters = build_adapters(settings, platform, clock)
    pipeline = build_pipeline(
        settings,
        stores,
        source=adapters.rows,
        sink=adapters.sink,
        clock=clock,
        wakeups=wakeups,
    )
    updates = build_updates(settings, stores, pipeline, clock=clock)
    health = build_health(settings, stores, adapters, pipeline, clock)
    tasks = build_tasks(
        settings,
        stores,
        adapters,
        pipeline,
        updates,
        health,
        task_facts=task_facts,
        clock=clock,
        stop=stop,
    )
    health.attach(queue=updates.queue, follower=updates.follower, tasks=tasks.supervisor)
    if tasks.notifier is not None:
        health.attach_notifier(tasks.notifier)
    api = build_api(settings, stores, adapters, pipeline, updates, tasks, health, clock)
    return Container(
        wsgi=api.wsgi,
        lifecycle=Lifecycle(
            supervisor=tasks.supervisor,
            scheduler=tasks.scheduler,
            notifier=tasks.notifier,
            recover=lambda: _recover(stores, clock),
            check=lambda: api.checks.run(stop),
            close=lambda: _close(stores, lock),
            stop=stop,
            wakeups=wakeups,
            clock=clock,
        ),
        supervisor=tasks.supervisor,
        metrics=lambda: heartbeat_figures(stores, updates.follower, health, clock),
    )


def _recover(stores: Stores, clock: Clock) -> None:
    in_flight = stores.recover()
    _log.info(
        'state-recovered', objects_in_flight=in_flight, ledger=stores.ledger.live(clock.now())
    )


def _close(stores: Stores, lock: FolderLock) -> None:
    stores.db.close()
    lock.release()
