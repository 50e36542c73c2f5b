"""Kills of Tasks: their Jobs are stopped, and threads that do not end are left behind."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_app.core.clock import Clock
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.errors import TaskKilledError
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.task import Task
from sentinel_app.tasks.worker import StepStop

GRACE_S = 5.0
"""A request to Sentinel that is under way when its Task is killed may still be answered so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kill:
    """A kill whose steps may still run, and whose Jobs may have requests under way."""

    task: Task
    steps: frozenset[StepStop]
    request_ids: tuple[str, ...]
    deadline: float


class Kills:
    """Kills Tasks, and finishes each kill once its steps are over or its time is up."""

    def __init__(self, *, store: UpdateStore, errors: ErrorLog, clock: Clock) -> None:
        self._store = store
        self._errors = errors
        self._clock = clock
        self._open: list[_Kill] = []

    def kill(
        self, task: Task, request_ids: tuple[str, ...], error: TaskKilledError, *, by: str
    ) -> None:
        """End what a Task does; its Jobs fail.

        Args:
            task: which Task.
            request_ids: the Jobs that it works on.
            error: why they fail.
            by: a user, or the watchdog, as a sentence names them.
        """
        # The Jobs first: a step that is interrupted settles its part of a Job that has stopped.
        if request_ids:
            self._store.stop_jobs(request_ids, error)
        self._open.append(
            _Kill(
                task=task,
                steps=task.kill(by, request_ids),
                request_ids=request_ids,
                deadline=self._clock.monotonic() + GRACE_S,
            )
        )
        now = self._clock.now()
        self._errors.add(
            [
                ErrorEntry(
                    request_id=request_id, at=now, code=error.code, message=error.message, reason=''
                )
                for request_id in request_ids
            ]
        )

    def finish(self) -> None:
        """Close the accounts of the Jobs of each kill that is over, or whose time is up."""
        now = self._clock.monotonic()
        for kill in tuple(self._open):
            are_over = kill.task.are_over(kill.steps)
            # Upload may have objects of these Jobs under way, whichever Task was killed.
            is_over = are_over and not self._store.batches.are_in_flight(kill.request_ids)
            if not is_over and now < kill.deadline:
                continue
            # The last in line, should this fail: the others must not wait for it.
            self._open.remove(kill)
            self._open.append(kill)
            if not are_over:
                kill.task.replace(kill.steps)
            self._store.batches.abandon(kill.request_ids)
            # A step in the middle of a write is replaced by a later call.
            if kill.task.are_over(kill.steps):
                self._open.remove(kill)
