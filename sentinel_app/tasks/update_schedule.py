"""The schedule of updates: whether one is due, and in which mode, from what is stored."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.job import JobType, Mode, Update
from sentinel_app.core.schedule import leaves_out, may_satisfy, next_update
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.deleted_query import DeletedQueries


class UpdateSchedule:
    """Collects what the rule of the schedule goes by.

    Args:
        app_state: stores the schedule, the queries and the updates.
        deleted_queries: knows whether anything is to be withdrawn for deleted queries.
        interval: between scheduled updates.
        reconcile_interval: between updates that read everything; None for never.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        deleted_queries: DeletedQueries,
        interval: dt.timedelta,
        reconcile_interval: dt.timedelta | None,
    ) -> None:
        self._app_state = app_state
        self._deleted_queries = deleted_queries
        self._interval = interval
        self._reconcile_interval = reconcile_interval

    def has_work(self) -> bool:
        """Whether there is a query to read, or something to withdraw without any."""
        return bool(self._app_state.query_list().enabled) or self._deleted_queries.is_due()

    def waiting(self) -> Update | None:
        """Return the scheduled update that waits for its start; there is at most one."""
        return next(
            (
                update
                for update in self._app_state.open_updates()
                if update.job_type is JobType.SCHEDULED and update.started_at is None
            ),
            None,
        )

    def is_due(self, now: dt.datetime) -> bool:
        """Whether a scheduled update is to be queued; one that waits already is enough."""
        if self._is_full_under_way():
            # Should it fail, the full one that is required is due at once.
            return False
        at, _ = self.next_update(now)
        return self.has_work() and at <= now and self.waiting() is None

    def next_update(self, now: dt.datetime) -> tuple[dt.datetime, Mode]:
        """Return when the next scheduled update is due that does not wait yet, and its mode."""
        at, mode = next_update(
            self._app_state.schedule(),
            interval=self._interval,
            reconcile_interval=self._reconcile_interval,
            now=now,
            reading_all_since=self._reading_all_since(),
            is_full_under_way=self._is_full_under_way(),
        )
        # Only an update that reads everything knows what no other query selects.
        is_reconcile_due = mode is Mode.DELTA and self._deleted_queries.is_due()
        return at, Mode.RECONCILE if is_reconcile_due else mode

    def _is_full_under_way(self) -> bool:
        """Whether an update waits or runs that makes the required full one unnecessary."""
        schedule, queries = self._app_state.schedule(), self._app_state.query_list().enabled
        return any(
            may_satisfy(schedule, update, self._app_state.jobs_of(update.id), queries)
            for update in self._app_state.open_updates()
        )

    def _reading_all_since(self) -> dt.datetime | None:
        """Return the start of an update that runs and reads everything of all queries."""
        queries = self._app_state.query_list().enabled
        return next(
            (
                update.started_at
                for update in self._app_state.open_updates()
                if update.started_at is not None
                and update.mode is not Mode.DELTA
                and not leaves_out(self._app_state.jobs_of(update.id), queries)
            ),
            None,
        )
