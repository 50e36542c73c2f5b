"""Store of the app state: TQL queries, schedule, updates, Jobs, cursors, Tasks and audit."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Unpack

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update, is_allowed
from sentinel_app.core.list_filter import AuditFilters, JobFilters
from sentinel_app.core.notice import Notice
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.revocation import Withdrawal
from sentinel_app.core.schedule import (
    Schedule,
    after_end,
    after_queueing,
    after_start,
    with_full_required,
)
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.core.window import Cursor
from sentinel_app.errors import ConflictError, NotFoundError
from sentinel_app.storage.app_state.atomic_json import AtomicJsonStorage
from sentinel_app.storage.app_state.audit_list import selected_audit
from sentinel_app.storage.app_state.content import State, decoded_state
from sentinel_app.storage.app_state.job_list import ordered, selected
from sentinel_app.storage.app_state.query_change import query_change
from sentinel_app.storage.app_state.state_tables import StateTables
from sentinel_app.storage.app_state.update_list import (
    ListedUpdate,
    complete_since,
    outdated,
    page_of_updates,
    with_removed,
)
from sentinel_app.storage.fence import Fence


class AppState:
    """Queries, updates, Jobs, cursors, schedule, Tasks and audit; thread-safe.

    Each writing call replaces the file once, however many tables it changes: it is durable when it
    returns, or raises `StorageError` and has changed nothing. Reading calls see the state after
    some complete write, and never block.

    Args:
        path: the JSON file.
        now: returns the time for the name of a file that is set aside.
        fence: refuses writes; by default one that refuses none.

    Raises:
        ConfigError: the file has a newer format; nothing was changed.
        StorageError: the file cannot be read.
    """

    def __init__(
        self, path: Path, *, now: Callable[[], dt.datetime], fence: Fence | None = None
    ) -> None:
        self._storage = AtomicJsonStorage(path, now=now, check=decoded_state)
        self._tables = StateTables(self._storage)
        self._state = decoded_state(self._storage.read())
        self.warning: str | None = self._storage.warning
        """Warning about the file for the page; None if all is well."""
        self._writing = threading.RLock()
        self._fence = fence or Fence()

    @property
    def state(self) -> State:
        """State after the last write; it is replaced, never changed."""
        return self._state

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads from writing, so that what a block decides holds when it is stored.

        Raises:
            Cancelled: the step that this thread runs has been killed.
        """
        with self._writing, self._fence.passing():
            yield

    # -- queries and schedule

    def query_list(self) -> QueryList:
        """Return the saved queries."""
        return self._state.query_list

    def save_queries(
        self,
        queries: Sequence[Query],
        *,
        expected_version: int,
        next_mode: Mode | None,
        audit: AuditEntry,
        withdraw: Collection[str] = (),
    ) -> QueryList:
        """Store the whole list with its audit entry.

        A query that is enabled again starts over: its next update reads all of it, as its objects
        may have expired meanwhile, and lower queries may no longer hold others.

        Args:
            queries: the new list.
            expected_version: the version of the list on which it is based.
            next_mode: the mode of the next scheduled update; None for no change.
            audit: the audit entry.
            withdraw: deleted queries whose objects an update is to withdraw.
        """
        with self.alone():
            state = self._state
            if expected_version != state.query_list.version:
                raise state.query_list.conflict()
            change = query_change(
                state, queries, next_mode=next_mode, audit=audit, withdraw=withdraw
            )
            with self._storage.together():
                self._tables.put('withdrawals', change.withdrawals)
                self._tables.replace('queries', {query.id: query for query in queries})
                self._tables.put_settings(change.query_list, change.schedule)
                self._tables.drop('cursors', change.removed_cursors)
                self._tables.put('cursors', change.restarted_cursors)
                entries = self._tables.put_audit(state.audit, audit)
            self._state = dataclasses.replace(
                state,
                query_list=change.query_list,
                schedule=change.schedule,
                cursors={
                    **_without(state.cursors, change.removed_cursors),
                    **change.restarted_cursors,
                },
                withdrawals={**state.withdrawals, **change.withdrawals},
                audit=entries,
            )
            return change.query_list

    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """Return the requested withdrawals, oldest first."""
        return tuple(sorted(self._state.withdrawals.values(), key=lambda each: each.at))

    def settle_withdrawals(self, *, done: Collection[str], tried: Collection[str]) -> None:
        """Remove completed withdrawals, by query id, and mark those that were tried."""
        with self.alone():
            old = self._state.withdrawals
            new = {
                key: dataclasses.replace(each, is_tried=each.is_tried or key in tried)
                for key, each in old.items()
                if key not in done
            }
            if new == old:
                return
            with self._storage.together():
                self._tables.drop('withdrawals', [key for key in old if key not in new])
                self._tables.put('withdrawals', new)
            self._state = dataclasses.replace(self._state, withdrawals=new)

    def schedule(self) -> Schedule:
        """Return the stored state of the schedule."""
        return self._state.schedule

    def require_full(self) -> None:
        """Require the next scheduled update to be full."""
        with self.alone():
            state = self._state
            schedule = with_full_required(state.schedule)
            with self._storage.together():
                self._tables.put_settings(state.query_list, schedule)
            self._state = dataclasses.replace(state, schedule=schedule)

    # -- updates

    def add_update(
        self,
        update: Update,
        jobs: Sequence[Job],
        *,
        audit: AuditEntry | None = None,
    ) -> None:
        """Store an update with its Jobs and an audit entry; the schedule takes it into account.

        Raises:
            ConflictError: the update or one of its Jobs already exists.
        """
        with self.alone():
            state = self._state
            added = {job.request_id: job for job in jobs}
            if update.id in state.updates or not added.keys().isdisjoint(state.jobs):
                raise ConflictError('This update was queued already.', context={'id': update.id})
            entries = state.audit
            schedule = after_queueing(state.schedule, update)
            with self._storage.together():
                self._tables.put('updates', {update.id: update})
                self._tables.put('jobs', added)
                self._tables.put_settings(state.query_list, schedule)
                if audit is not None:
                    entries = self._tables.put_audit(state.audit, audit)
            self._state = dataclasses.replace(
                state,
                updates={**state.updates, update.id: update},
                jobs={**state.jobs, **added},
                schedule=schedule,
                audit=entries,
            )

    def update(self, update_id: str) -> Update | None:
        """Return one update; None if it is not stored."""
        return self._state.updates.get(update_id)

    def open_updates(self) -> tuple[Update, ...]:
        """Return the updates that have not ended, scheduled before ad-hoc, then oldest first."""
        waiting = (each for each in self._state.updates.values() if each.ended_at is None)
        return tuple(
            sorted(waiting, key=lambda each: (each.job_type != JobType.SCHEDULED, each.queued_at))
        )

    def start_update(self, update_id: str, at: dt.datetime) -> bool:
        """Mark an update as started; return False if another one is running.

        True also if it was already running. The schedule counts from the start of a scheduled one,
        so it changes in the same write.

        Raises:
            NotFoundError: the update does not exist.
            ConflictError: it has ended.
        """
        with self.alone():
            update = self._known_update(update_id)
            if update.ended_at is not None:
                raise ConflictError('This update has ended already.', context={'id': update_id})
            if any(
                each.started_at is not None and each.id != update_id for each in self.open_updates()
            ):
                return False
            if update.started_at is None:
                schedule = after_start(self._state.schedule, update, at)
                self._change_update(dataclasses.replace(update, started_at=at), schedule)
            return True

    def end_update(self, update_id: str, at: dt.datetime, schedule: Schedule | None) -> None:
        """Mark an update as ended, and store the schedule if the update changes it.

        Raises:
            NotFoundError: no such update.
        """
        with self.alone():
            ended = dataclasses.replace(self._known_update(update_id), ended_at=at)
            if all(job.status is JobStatus.UPLOAD_COMPLETE for job in self.jobs_of(update_id)):
                # It will not be retried, and the whole file is written on each change.
                ended = dataclasses.replace(ended, values=(), indicator_ids=())
            self._change_update(ended, after_end(schedule, self._state.schedule, ended, at))

    # -- Jobs and cursors

    def job(self, request_id: str) -> Job | None:
        """Return one Job; None if it is not stored."""
        return self._state.jobs.get(request_id)

    def jobs_of(self, update_id: str) -> tuple[Job, ...]:
        """Return an update's Jobs in order of precedence."""
        of_update = (job for job in self._state.jobs.values() if job.update_id == update_id)
        return tuple(sorted(of_update, key=lambda job: job.position))

    def jobs(
        self,
        *,
        sort: str = 'date_queued',
        is_descending: bool = True,
        limit: int = 20,
        offset: int = 0,
        **filters: Unpack[JobFilters],
    ) -> tuple[tuple[Job, ...], int]:
        """Return a page of Jobs and the total number of matches; equal ones newest first."""
        update_id = filters.get('update_id')
        jobs = self._state.jobs.values() if update_id is None else self.jobs_of(update_id)
        found = selected(jobs, **filters)
        page = ordered(found, sort=sort, is_descending=is_descending)[offset : offset + limit]
        return tuple(page), len(found)

    def updates(
        self, *, limit: int, offset: int, **filters: Unpack[JobFilters]
    ) -> tuple[tuple[ListedUpdate, ...], int]:
        """Return a page of updates, newest first, and the number of those with a matching Job."""
        return page_of_updates(self._state, limit=limit, offset=offset, **filters)

    def complete_since(self) -> dt.datetime | None:
        """Return the time since which all updates are kept; None if none was ever removed."""
        return complete_since(self._state)

    def change_job(
        self,
        request_id: str,
        change: Callable[[Job], Job],
        *,
        cursors: Collection[Cursor] = (),
        audit: AuditEntry | None = None,
    ) -> Job:
        """Replace a Job by the result of `change`, with cursors and audit entry in one write."""
        with self.alone():
            state = self._state
            old = state.jobs.get(request_id)
            if old is None:
                raise NotFoundError('There is no such Job.', context={'request_id': request_id})
            new = change(old)
            if new.request_id != request_id or not is_allowed(old.status, new.status):
                raise ConflictError(
                    f'A Job that is "{old.status}" cannot become "{new.status}".',
                    context={'request_id': request_id},
                )
            if new == old and not cursors and audit is None:
                return old
            moved = {cursor.query_id: cursor for cursor in cursors}
            entries = state.audit
            with self._storage.together():
                self._tables.put('jobs', {request_id: new})
                if moved:
                    self._tables.put('cursors', moved)
                if audit is not None:
                    entries = self._tables.put_audit(state.audit, audit)
            self._state = dataclasses.replace(
                state,
                jobs={**state.jobs, request_id: new},
                cursors={**state.cursors, **moved},
                audit=entries,
            )
            return new

    def cursor(self, query_id: str) -> Cursor | None:
        """Return the cursor of a query; None if it has none."""
        return self._state.cursors.get(query_id)

    def remove_old(self, *, before: dt.datetime, keep: int) -> tuple[str, ...]:
        """Remove updates that ended before a time, or are beyond the newest `keep` Jobs.

        Updates are removed as a whole, and only if they have ended.

        Returns:
            The Request IDs of the removed Jobs.
        """
        with self.alone():
            state = self._state
            open_ids = {update.id for update in self.open_updates()}
            outdated_jobs = outdated(
                state.jobs.values(), open_ids=open_ids, before=before, keep=keep
            )
            removed = tuple(job.request_id for job in outdated_jobs)
            jobs = _without(state.jobs, removed)
            in_use = {job.update_id for job in jobs.values()} | open_ids
            idle = [update_id for update_id in state.updates if update_id not in in_use]
            if not removed and not idle:
                return ()
            history = with_removed(state.history, outdated_jobs)
            with self._storage.together():
                self._tables.drop('jobs', removed)
                self._tables.drop('updates', idle)
                self._tables.put('settings', {'history': history})
            self._state = dataclasses.replace(
                state, jobs=jobs, updates=_without(state.updates, idle), history=history
            )
            return removed

    # -- Tasks

    def task_state(self, slug: TaskSlug) -> TaskState:
        """Return the stored state of a Task; the default if there is none."""
        return self._state.tasks.get(slug, TaskState())

    def store_task_states(self, states: Mapping[TaskSlug, TaskState], *, audit: AuditEntry) -> None:
        """Store the states of Tasks and their audit entry in one write."""
        changed = {str(slug): state for slug, state in states.items()}
        with self.alone():
            with self._storage.together():
                self._tables.put('tasks', changed)
                entries = self._tables.put_audit(self._state.audit, audit)
            self._state = dataclasses.replace(
                self._state, tasks={**self._state.tasks, **changed}, audit=entries
            )

    # -- notifications

    def notices(self) -> Mapping[str, Notice]:
        """Return the notices of notifications, by condition key."""
        return self._state.notices

    def store_notices(self, notices: Mapping[str, Notice]) -> None:
        """Replace the stored notices."""
        with self.alone():
            with self._storage.together():
                self._tables.replace('notices', notices)
            self._state = dataclasses.replace(self._state, notices=dict(notices))

    # -- audit

    def audit(
        self, *, limit: int, offset: int, **filters: Unpack[AuditFilters]
    ) -> tuple[tuple[AuditEntry, ...], int]:
        """Return a page of the audit, newest first, and the total number of matching entries."""
        entries = selected_audit(tuple(self._state.audit.values())[::-1], **filters)
        return entries[offset : offset + limit], len(entries)

    def add_audit(self, entry: AuditEntry) -> None:
        """Store an audit entry on its own."""
        with self.alone():
            with self._storage.together():
                entries = self._tables.put_audit(self._state.audit, entry)
            self._state = dataclasses.replace(self._state, audit=entries)

    # -- within

    def _known_update(self, update_id: str) -> Update:
        update = self._state.updates.get(update_id)
        if update is None:
            raise NotFoundError('There is no such update.', context={'id': update_id})
        return update

    def _change_update(self, update: Update, schedule: Schedule) -> None:
        state = self._state
        with self._storage.together():
            self._tables.put('updates', {update.id: update})
            self._tables.put_settings(state.query_list, schedule)
        self._state = dataclasses.replace(
            state, updates={**state.updates, update.id: update}, schedule=schedule
        )


def _without(items: Mapping[str, Any], gone: Iterable[str]) -> dict[str, Any]:
    left_out = frozenset(gone)
    return {key: item for key, item in items.items() if key not in left_out}
