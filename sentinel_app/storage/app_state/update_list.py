"""List of updates with their Jobs, and the selection of those to remove."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from typing import NamedTuple, Unpack

from sentinel_app.core.job import History, Job, Update
from sentinel_app.core.list_filter import JobFilters
from sentinel_app.storage.app_state.content import State
from sentinel_app.storage.app_state.job_list import selected


class ListedUpdate(NamedTuple):
    """An update with its Jobs, in order of precedence, and those that match the filters."""

    update: Update
    jobs: tuple[Job, ...]
    matching: tuple[Job, ...]


def page_of_updates(
    state: State, *, limit: int, offset: int, **filters: Unpack[JobFilters]
) -> tuple[tuple[ListedUpdate, ...], int]:
    """Return a page of updates with a matching Job, newest first, and their total number.

    Time filters apply to the update: its start, or when it was queued if it has not started.
    Without filters on single Jobs, only the updates of the page are examined.
    """
    updates = [
        update
        for update in sorted(state.updates.values(), key=_queued_at, reverse=True)
        if _passes(update, filters)
    ]
    filters['after'] = filters['before'] = None
    if not any(filters.get(name) for name in ('statuses', 'request_id_part', 'query_id')):
        page = tuple(_listed(state, each, filters) for each in updates[offset : offset + limit])
        return page, len(updates)
    found = [each for update in updates if (each := _listed(state, update, filters)).matching]
    return tuple(found[offset : offset + limit]), len(found)


def _passes(update: Update, filters: JobFilters) -> bool:
    after, before = filters.get('after'), filters.get('before')
    start_at = update.started_at or update.queued_at
    return (
        filters.get('update_id') in {None, update.id}
        and filters.get('mode') in {None, update.mode}
        and filters.get('job_type') in {None, update.job_type}
        and (after is None or start_at >= after)
        and (before is None or start_at < before)
    )


def _listed(state: State, update: Update, filters: JobFilters) -> ListedUpdate:
    own = tuple(state.jobs[key] for key in update.request_ids if key in state.jobs)
    return ListedUpdate(update=update, jobs=own, matching=tuple(selected(own, **filters)))


def _queued_at(update: Update) -> dt.datetime:
    return update.queued_at


def complete_since(state: State) -> dt.datetime | None:
    """Return the time since which all updates are kept; None if none was ever removed."""
    if state.history.removed_until is None:
        return None
    return min((each.queued_at for each in state.updates.values()), default=None)


def outdated(
    jobs: Iterable[Job], *, open_ids: Collection[str], before: dt.datetime, keep: int
) -> tuple[Job, ...]:
    """Return the Jobs of the updates to remove; an update is kept as a whole or not at all.

    Args:
        jobs: all stored Jobs.
        open_ids: updates that have not ended, which are kept.
        before: updates that ended earlier are removed.
        keep: maximum number of kept Jobs; the oldest updates beyond it are removed.
    """
    by_update: dict[str, list[Job]] = {}
    for job in jobs:
        by_update.setdefault(job.update_id, []).append(job)
    newest_first = sorted(
        by_update.items(), key=lambda item: max(job.queued_at for job in item[1]), reverse=True
    )
    found: list[Job] = []
    kept = 0
    for update_id, own in newest_first:
        is_over = update_id not in open_ids and all(job.status.is_final for job in own)
        kept += len(own)
        if is_over and (kept > keep or max(map(_ended_at, own)) < before):
            found += own
    return tuple(found)


def with_removed(history: History, removed: Iterable[Job]) -> History:
    """Return the history after the removal of these Jobs."""
    until = [job.queued_at for job in removed]
    if history.removed_until is not None:
        until.append(history.removed_until)
    return History(removed_until=max(until, default=None))


def _ended_at(job: Job) -> dt.datetime:
    return job.completed_at or job.failed_at or job.queued_at
