"""What the HTTP API calls in the rest of the App and cannot import.

`api` and `tasks` are siblings, so the updates, Jobs and Tasks are protocols; `HealthSource` and
`Identity` are, because the tests have others of them. Stores are used as they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.condition import Condition
from sentinel_app.core.error_entry import ErrorFilter
from sentinel_app.core.estimate import Estimate
from sentinel_app.core.finding import FindingFilter
from sentinel_app.core.job import Counts, Job, Mode, Update
from sentinel_app.core.task import AskedWait, TaskPause, TaskView
from sentinel_app.core.trouble import Trouble
from sentinel_app.diagnostics.health_snapshot import HealthSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInfo:
    """Who makes a request, as ThreatConnect's `whoami` says."""

    name: str
    role: str


class Updates(Protocol):
    """Updates that are due, and those that people request."""

    def request_update(
        self,
        *,
        mode: Mode,
        query_ids: Sequence[str] | None,
        modified_after: dt.datetime | None,
        retry_of: str | None = None,
        audit: AuditEntry | None = None,
    ) -> Update:
        """Queue an ad-hoc update with its audit entry, in one write, and wake the scheduler.

        Args:
            mode: what is read, and what of that is sent.
            query_ids: the queries that take part; None for all.
            modified_after: start of the window, for a delta; None for the cursors.
            retry_of: the Request ID of the Job that this one is to make good.
            audit: who requested it.

        Raises:
            ConflictError: there is no query to run, or the state does not allow it.
            StorageError: the disk did not take it.
        """
        ...

    def request_withdrawal(self) -> None:
        """Queue an update that withdraws what deleted queries have sent and nobody selects.

        Raises:
            StorageError: the disk did not take it.
        """
        ...

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        """Return when the next scheduled update is due, and its mode; None without a query."""
        ...


class JobActions(Protocol):
    """What people do with a Job; `by` is the user's name for the audit, None where unknown."""

    def cancel(self, request_id: str, *, by: str | None) -> Job:
        """Cancel a Job that is still Pending.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: it has been taken up already, or has ended.
            StorageError: the disk did not take it.
        """
        ...

    def retry(self, request_id: str, *, by: str | None) -> Update:
        """Queue an ad-hoc update of the query of a Job that failed, from the same time on.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: it has not failed, is being tried again already, or its query is gone.
            StorageError: the disk did not take it.
        """
        ...

    def withdraw(self, request_id: str, *, by: str | None) -> Update:
        """Queue an update that may withdraw as many objects as the Job held back.

        Raises:
            NotFoundError: there is no such Job.
            ConflictError: the Job held nothing back, or the update is queued already.
            StorageError: the disk did not take it.
        """
        ...


class ChosenUpdates(Protocol):
    """Updates about what a person has chosen; `by` is the user's name for the audit."""

    def send(self, texts: Sequence[str], *, by: str | None) -> Update:
        """Queue an update that reads values through every enabled query, and sends what is chosen.

        Raises:
            ConflictError: no query is enabled, or all of it waits to be sent already.
            StorageError: the disk did not take it.
        """
        ...

    def withdraw(self, texts: Sequence[str], *, reason: str, by: str | None) -> Update:
        """Queue an update that withdraws all live objects of values, whoever holds them.

        Raises:
            ConflictError: nothing of it is in Sentinel, or all of it waits to be withdrawn already.
            StorageError: the disk did not take it.
        """
        ...

    def retry_under_way(self) -> str | None:
        """Return the Request ID of a Job that sends what was refused again; None without one."""
        ...

    def retry_refused(self, wanted: ErrorFilter, *, by: str | None) -> Update:
        """Queue an update that reads what Sentinel refused again, and sends it once more.

        Raises:
            ConflictError: nothing is open, or all of it waits to be sent already.
            StorageError: the disk did not take it.
        """
        ...


class FindingActions(Protocol):
    """What people do with what Verify has found; `by` is the user's name for the audit."""

    def request_whole(self) -> None:
        """Have the next run of Verify compare each object."""
        ...

    def send_again(self, wanted: FindingFilter, *, by: str | None) -> Update:
        """Queue an update that sends again what is missing, older or expired early.

        Raises:
            ConflictError: there is nothing of that to send, or its queries are not enabled.
            StorageError: the disk did not take it.
        """
        ...

    def send_one_again(self, finding_id: int, *, by: str | None) -> Update:
        """Queue an update that sends the object of one finding again.

        Raises:
            ConflictError: the finding is gone or of another kind, or is being sent already.
            StorageError: the disk did not take it.
        """
        ...

    def send_context_again(self, wanted: FindingFilter, *, by: str | None) -> int:
        """Have context objects sent again that are missing or older; return their number.

        Raises:
            ConflictError: there is nothing of that to send, or no context objects are sent.
            StorageError: the disk did not take it.
        """
        ...

    def send_one_context_again(self, finding_id: int, *, by: str | None) -> int:
        """Have the context object of one finding sent again; return 1.

        Raises:
            ConflictError: the finding is gone or of another kind, it is being sent already, or no
                context objects are sent.
            StorageError: the disk did not take it.
        """
        ...

    def withdraw_unknown(self, count: int, *, by: str | None) -> Update:
        """Queue an update that withdraws all unknown objects, if there are so many.

        Raises:
            ConflictError: there are none, or another number of them.
            StorageError: the disk did not take it.
        """
        ...


class ContextActions(Protocol):
    """What people do about context objects; `by` is the user's name for the audit."""

    def send_refused(self, *, by: str | None) -> None:
        """Have everything sent again that Sentinel refuses, however often it has.

        Raises:
            ConflictError: it refuses nothing.
            StorageError: the disk did not take it.
        """
        ...

    def withdraw(self, count: int, *, by: str | None) -> None:
        """Allow the withdrawals that are held back, if there are so many.

        Raises:
            ConflictError: there are none, or another number of them.
            StorageError: the disk did not take it.
        """
        ...


class Tasks(Protocol):
    """The Tasks; `by` is the user's name for the audit, None where unknown.

    Each action returns the state of the Task after it, and raises `NotFoundError` where there is no
    such Task, `ConflictError` where its state does not allow the action, and `StorageError`.
    """

    def views(self) -> tuple[TaskView, ...]:
        """Return the state of each Task, in the order in which the page shows them."""
        ...

    def run(self, slug: str, *, by: str | None) -> TaskView:
        """Run a Task now, outside its schedule."""
        ...

    def pause(
        self,
        slug: str,
        *,
        by: str | None,
        until: dt.datetime | None = None,
        reason: str | None = None,
    ) -> TaskView:
        """Pause a Task, until it resumes by itself or somebody resumes it."""
        ...

    def pause_pipeline(
        self, *, by: str | None, until: dt.datetime | None = None, reason: str | None = None
    ) -> tuple[TaskView, ...]:
        """Pause all of the pipeline that is not paused, and return the state of all."""
        ...

    def resume_pipeline(self, *, by: str | None) -> tuple[TaskView, ...]:
        """Resume all of the pipeline that is paused, and return the state of all."""
        ...

    def resume(self, slug: str, *, by: str | None) -> TaskView:
        """Resume a paused Task."""
        ...

    def kill(self, slug: str, *, by: str | None) -> TaskView:
        """End what a Task does; the Jobs that it works on fail."""
        ...

    def send_now(self, slug: str, *, by: str | None) -> TaskView:
        """End the wait that Sentinel asked for; Upload alone is held up by one."""
        ...

    def trigger_schedule(self) -> None:
        """Have Schedule Updates check at once whether an update is due."""
        ...


class Live(Protocol):
    """What a Job in progress is doing right now, ahead of what is stored of it."""

    def counts(self, request_id: str) -> Counts | None:
        """Return its counts; None when it is not in progress."""
        ...

    def waiting_s(self, request_id: str) -> float | None:
        """Return how long it still waits for the API limit; None when it does not."""
        ...

    def asked_wait(self, request_id: str) -> AskedWait | None:
        """Return the wait that Sentinel asked for, where the Job is held up by it."""
        ...

    def pause(self, request_id: str) -> TaskPause | None:
        """Return the paused Task that has something to do for it; None without one."""
        ...

    def left(self, request_id: str) -> Estimate | None:
        """Return how long it still takes; None while that is not known."""
        ...

    def trouble(self, request_id: str) -> Trouble | None:
        """Return the system that it waits for because it does not answer; None without one."""
        ...


class HealthSource(Protocol):
    """The App's knowledge of itself."""

    def snapshot(self) -> HealthSnapshot:
        """Return the present state."""
        ...

    def conditions(self) -> tuple[Condition, ...]:
        """Return the problems there are, worst first."""
        ...


class Identity(Protocol):
    """Who is behind a request's token."""

    def user_of(self, token: str | None) -> UserInfo | None:
        """Return the user, from a cache of some minutes; None where that cannot be had."""
        ...
