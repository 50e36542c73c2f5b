"""All Tasks: triggers what is due, watches them, and does what people want done with them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from contextlib import ExitStack

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.job import Stage
from sentinel_app.core.task import (
    PIPELINE,
    TaskCondition,
    TaskHealth,
    TaskSlug,
    TaskView,
    named,
)
from sentinel_app.errors import ConflictError, NotFoundError, TaskKilledError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.task import Task
from sentinel_app.tasks.task_kill import Kills
from sentinel_app.tasks.task_pause import Pauses
from sentinel_app.tasks.worker import Worker

STANDSTILL_S = 300.0
"""Without a call of the watchdog for so long, the process or the machine stood still."""

_STAGES = {TaskSlug.DOWNLOAD: Stage.DOWNLOAD, TaskSlug.UPLOAD: Stage.UPLOAD}
"""The Tasks that wait for other systems."""

_log = EventLog(__name__)


class Supervisor:
    """All Tasks; implements the API's port `Tasks`."""

    def __init__(
        self,
        *,
        tasks: Iterable[Task],
        app_state: AppState,
        store: UpdateStore,
        kills: Kills,
        pauses: Pauses,
        limiter: RateLimiter,
        troubles: Troubles,
        clock: Clock,
    ) -> None:
        self._tasks = {task.facts.slug: task for task in tasks}
        self._app_state = app_state
        self._store = store
        self._kills = kills
        self._pauses = pauses
        self._limiter = limiter
        self._troubles = troubles
        self._clock = clock
        self._watched = clock.monotonic()

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All threads of all Tasks."""
        return tuple(worker for task in self._tasks.values() for worker in task.workers)

    def workers_of(self, slug: TaskSlug) -> tuple[Worker, ...]:
        """The threads of one Task."""
        return self._tasks[slug].workers

    def start(self) -> None:
        """Start all threads; a Task that was paused before the restart stays paused."""
        for task in self._tasks.values():
            if task.state.is_paused:
                _log.info('task-still-paused', task=task.facts.slug, user=task.state.paused_by)
            task.start()

    def stop(self) -> None:
        """Interrupt every step under way, and wake the threads that wait so that they end."""
        for task in self._tasks.values():
            task.interrupt()
            task.trigger()

    def trigger_due(self) -> None:
        """Trigger each Task whose period is over; call it every second."""
        now = self._clock.monotonic()
        for task in self._tasks.values():
            if task.is_due(now):
                task.trigger()

    def trigger_schedule(self) -> None:
        """Have Schedule Updates check at once whether an update is due."""
        self._tasks[TaskSlug.SCHEDULE_UPDATES].trigger()

    # -- what people see and do

    def views(self) -> tuple[TaskView, ...]:
        """Return how each Task stands."""
        return tuple(self._view(task) for task in self._tasks.values())

    def task_health(self) -> tuple[TaskHealth, ...]:
        """Return what keeps each Task from its work; unlike the views, no store is read."""
        return tuple(task.health for task in self._tasks.values())

    def view(self, slug: str) -> TaskView:
        """Return how one Task stands.

        Raises:
            NotFoundError: there is no such Task.
        """
        return self._view(self._known(slug))

    def run(self, slug: str, *, by: str | None) -> TaskView:
        """Run a Task now, outside its schedule.

        Raises:
            NotFoundError: there is no such Task.
            ConflictError: it is paused, or there is nothing to run.
        """
        task = self._known(slug)
        if task.state.is_paused:
            raise ConflictError(f'The Task {task.facts.name} is paused. Resume it first.')
        update = task.run_now()
        entry = self._audit(task, 'run', by)
        if update is not None:
            jobs = self._app_state.jobs_of(update.id)
            entry = entry.about(query_ids=[job.query.id for job in jobs], update_id=update.id)
        self._app_state.add_audit(entry)
        _log.info('task-run', task=slug, user=by)
        return self._view(task)

    def pause(
        self,
        slug: str,
        *,
        by: str | None,
        until: dt.datetime | None = None,
        reason: str | None = None,
    ) -> TaskView:
        """Pause a Task; what is under way ends by itself.

        Args:
            slug: which Task.
            by: who pauses it.
            until: when it resumes by itself; None for never.
            reason: why, for whoever meets the pause.

        Raises:
            NotFoundError: there is no such Task.
            ConflictError: it is paused already.
        """
        task = self._known(slug)
        if task.state.is_paused:
            raise ConflictError(
                f'The Task {task.facts.name} was paused already, by {named(task.state.paused_by)}.'
            )
        self._pauses.pause([task], 'task-pause', by=by, until=until, reason=reason)
        return self._view(task)

    def resume(self, slug: str, *, by: str | None) -> TaskView:
        """Resume a paused Task.

        Raises:
            NotFoundError: there is no such Task.
            ConflictError: it is not paused.
        """
        task = self._known(slug)
        if not task.state.is_paused:
            raise ConflictError(f'The Task {task.facts.name} is not paused.')
        self._pauses.resume([task], 'task-resume', by=by)
        return self._view(task)

    def pause_pipeline(
        self, *, by: str | None, until: dt.datetime | None = None, reason: str | None = None
    ) -> tuple[TaskView, ...]:
        """Pause all of the pipeline at once; what is paused already keeps its own pause.

        Raises:
            ConflictError: all of it is paused already.
        """
        tasks = [task for task in self._pipeline() if not task.state.is_paused]
        if not tasks:
            raise ConflictError('The pipeline is paused already. Resume it first.')
        self._pauses.pause(tasks, 'pipeline-pause', by=by, until=until, reason=reason)
        return self.views()

    def resume_pipeline(self, *, by: str | None) -> tuple[TaskView, ...]:
        """Resume all of the pipeline that is paused, whoever paused it.

        Raises:
            ConflictError: nothing of it is paused.
        """
        tasks = [task for task in self._pipeline() if task.state.is_paused]
        if not tasks:
            raise ConflictError('The pipeline is not paused.')
        self._pauses.resume(tasks, 'pipeline-resume', by=by)
        return self.views()

    def kill(self, slug: str, *, by: str | None) -> TaskView:
        """End what a Task does; the Jobs that it works on fail.

        Raises:
            NotFoundError: there is no such Task.
            ConflictError: it does nothing.
        """
        task = self._known(slug)
        view = self._view(task)
        if view.condition not in {TaskCondition.RUNNING, TaskCondition.FINISHING}:
            raise ConflictError(
                f'The Task {task.facts.name} does nothing at the moment, so there is nothing to '
                'kill.'
            )
        self._app_state.add_audit(self._audit(task, 'kill', by, *view.request_ids))
        self._kills.kill(
            task,
            view.request_ids,
            TaskKilledError(
                f'The Task {task.facts.name} was killed by {named(by)} while it worked on this '
                'request. The next update takes up what is missing; Retry does so at once.'
            ),
            by=named(by),
        )
        _log.warning('task-killed', task=slug, user=by, request_ids=' '.join(view.request_ids))
        return self._view(task)

    def send_now(self, slug: str, *, by: str | None) -> TaskView:
        """End the wait that Sentinel asked for, so that Upload sends at once.

        Raises:
            NotFoundError: there is no such Task.
            ConflictError: it is not held up by such a wait.
        """
        task = self._known(slug)
        wait = self._view(task).asked_wait
        if wait is None:
            raise ConflictError(
                f'The Task {task.facts.name} does not wait because Microsoft Sentinel asked for '
                'it, so there is no wait to end.'
            )
        # The audit first: what nobody can be named for is not done.
        self._app_state.add_audit(self._audit(task, 'send-now', by))
        self._limiter.end_asked_wait()
        _log.warning('asked-wait-ended', task=slug, user=by, until=wait.until.isoformat())
        return self._view(task)

    # -- the watchdog

    def watch(self) -> None:
        """Kill Tasks without a heartbeat, and finish earlier kills; call it every few seconds."""
        now = self._clock.monotonic()
        has_stood_still = now - self._watched > STANDSTILL_S
        self._watched = now
        # Run from the last to the first, each whatever another one raises.
        with ExitStack() as stack:
            stack.callback(self._pauses.end_due, self._tasks.values())
            # Convert does so as well, unless it is paused or waits for Upload.
            stack.callback(self._tasks[TaskSlug.CONVERT].while_still, self._store.drop_pages)
            stack.callback(self._kills.finish)
            for task in reversed(self._tasks.values()):
                stack.callback(self._watch, task, has_stood_still=has_stood_still)

    def _watch(self, task: Task, *, has_stood_still: bool) -> None:
        if has_stood_still:
            task.excuse()
        elif task.is_overdue():
            self._kill_overdue(task)

    def _kill_overdue(self, task: Task) -> None:
        minutes = task.facts.timeout_s // 60
        request_ids = task.body.request_ids()
        self._kills.kill(
            task,
            request_ids,
            TaskKilledError(
                f'The watchdog killed the Task {task.facts.name}: it gave no sign of life for '
                f'{minutes} minutes. The next update takes up what is missing; Retry does so at '
                'once.'
            ),
            by='the watchdog',
        )
        _log.error('task-overdue', task=task.facts.slug, request_ids=' '.join(request_ids))

    # -- within

    def _pipeline(self) -> tuple[Task, ...]:
        return tuple(self._tasks[slug] for slug in PIPELINE)

    def _view(self, task: Task) -> TaskView:
        view = task.view()
        stage = _STAGES.get(task.facts.slug)
        if stage is None:
            return view
        asked_wait = self._limiter.asked_wait() if stage is Stage.UPLOAD else None
        return dataclasses.replace(view, asked_wait=asked_wait, trouble=self._troubles.of(stage))

    def _known(self, slug: str) -> Task:
        try:
            return self._tasks[TaskSlug(slug)]
        except ValueError:
            raise NotFoundError('There is no such Task.', context={'task': slug}) from None

    def _audit(self, task: Task, action: str, by: str | None, *request_ids: str) -> AuditEntry:
        detail = task.facts.name
        if request_ids:
            detail += f', while it worked on {", ".join(request_ids)}'
        entry = AuditEntry(at=self._clock.now(), user=by, action=f'task-{action}', detail=detail)
        for request_id in request_ids:
            if (job := self._app_state.job(request_id)) is not None:
                entry = entry.about(query_ids=[job.query.id], update_id=job.update_id)
        return entry
