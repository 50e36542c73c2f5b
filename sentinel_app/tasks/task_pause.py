"""Pauses of Tasks: stored, audited, and over by themselves where they have an end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.clock import Clock
from sentinel_app.core.task import TaskState, named
from sentinel_app.log import EventLog
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.task import Task

_log = EventLog(__name__)


class Pauses:
    """Pauses and resumes Tasks; what cannot be stored is not done."""

    def __init__(self, *, app_state: AppState, clock: Clock) -> None:
        self._app_state = app_state
        self._clock = clock

    def pause(
        self,
        tasks: Sequence[Task],
        action: str,
        *,
        by: str | None,
        until: dt.datetime | None,
        reason: str | None,
    ) -> None:
        """Pause Tasks in one write.

        Args:
            tasks: which.
            action: for the audit.
            by: who pauses them.
            until: when they resume by themselves; None for never.
            reason: why, for whoever meets the pause.
        """
        detail = _names(tasks)
        if until is not None:
            detail += f', until {until.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC'
        if reason:
            detail += f': {reason}'
        audit = AuditEntry(at=self._clock.now(), user=by, action=action, detail=detail)
        state = TaskState(
            is_paused=True,
            paused_at=audit.at,
            paused_by=by,
            paused_until=until,
            pause_reason=reason or None,
        )
        self._app_state.store_task_states({task.facts.slug: state for task in tasks}, audit=audit)
        for task in tasks:
            task.set_state(state, f'paused by {named(by)}')
        _log.info('tasks-paused', tasks=_names(tasks), user=by, until=until)

    def resume(self, tasks: Sequence[Task], action: str, *, by: str | None) -> None:
        """Resume Tasks in one write.

        Args:
            tasks: which.
            action: for the audit.
            by: who resumes them; None where a pause ends by itself.
        """
        audit = AuditEntry(at=self._clock.now(), user=by, action=action, detail=_names(tasks))
        states = {task.facts.slug: TaskState() for task in tasks}
        self._app_state.store_task_states(states, audit=audit)
        for task in tasks:
            task.set_state(TaskState())
        _log.info('tasks-resumed', tasks=_names(tasks), user=by)

    def end_due(self, tasks: Iterable[Task]) -> None:
        """Resume the Tasks that were paused until a time that has come."""
        now = self._clock.now()
        due = [
            task
            for task in tasks
            if task.state.paused_until is not None and task.state.paused_until <= now
        ]
        if due:
            self.resume(due, 'task-resume-itself', by=None)


def _names(tasks: Sequence[Task]) -> str:
    return ', '.join(task.facts.name for task in tasks)
