"""Present state derived from the kept Jobs: failing queries, and withdrawals to decide on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

from sentinel_app.core.job import Job, JobStatus, Mode, Update
from sentinel_app.core.query import Query
from sentinel_app.core.scope import Scope

_TELLING: Final = frozenset({JobStatus.UPLOAD_COMPLETE, JobStatus.FAILED})
_NEVER: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


def ended_at(job: Job) -> dt.datetime:
    """Return when a Job ended, whatever its final status."""
    return job.completed_at or job.failed_at or _NEVER


def last_failed(jobs: Iterable[Job], queries: Sequence[Query]) -> tuple[Job, ...]:
    """Return the last Jobs of the queries, as far as they failed, in order of precedence.

    Cancelled Jobs, Jobs in progress and Jobs about a few values alone do not count.
    """
    wanted = {query.id for query in queries}
    last: dict[str, Job] = {}
    for job in jobs:
        if job.query.id not in wanted or job.status not in _TELLING:
            continue
        if job.scope is not Scope.WHOLE:
            continue
        known = last.get(job.query.id)
        if known is None or ended_at(known) < ended_at(job):
            last[job.query.id] = job
    found = (last.get(query.id) for query in queries)
    return tuple(job for job in found if job is not None and job.status is JobStatus.FAILED)


def last_well(jobs: Iterable[Job]) -> dt.datetime | None:
    """Return the start of the last Job that completed; None if none has."""
    begun = (job.started_at for job in jobs if job.status is JobStatus.UPLOAD_COMPLETE)
    return max((at for at in begun if at is not None), default=None)


def waiting_withdrawal(
    updates: Iterable[Update], jobs: Iterable[Job], queries: Sequence[Query]
) -> Job | None:
    """Return the Job whose withdrawal needs a decision; None if there is none.

    It waits until it is confirmed, or until an update of at least the same reach finds nothing to
    hold back. A delta checks less than the other modes.
    """
    by_update: dict[str, list[Job]] = {}
    for job in jobs:
        by_update.setdefault(job.update_id, []).append(job)
    known = sorted(updates, key=lambda update: update.queued_at, reverse=True)
    if any(each.ended_at is None and each.confirmed_withdrawals is not None for each in known):
        return None
    wanted = {query.id for query in queries}
    is_delta_over = False
    for update in known:
        if update.scope is not Scope.WHOLE:
            continue
        own = by_update.get(update.id, [])
        held = next((job for job in own if job.status.is_final and job.counts.held_back), None)
        if held is not None:
            return None if held.mode is Mode.DELTA and is_delta_over else held
        has_looked = all(job.status is JobStatus.UPLOAD_COMPLETE for job in own)
        if has_looked and wanted <= {job.query.id for job in own}:
            if update.mode is not Mode.DELTA:
                return None
            is_delta_over = True
    return None
