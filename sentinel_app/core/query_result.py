"""Recent results of the saved TQL queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sentinel_app.core.count import WHOLE_MODES
from sentinel_app.core.job import Job, JobStatus
from sentinel_app.core.overlap import Overlap, covering, higher_of, overlap, still_holds
from sentinel_app.core.query import Query
from sentinel_app.core.scope import Scope

MOST_RECENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """Recent results of one query."""

    recent: tuple[Job, ...] = ()
    """Last few ended Jobs, oldest first."""
    overlap: Overlap | None = None
    """Overlap found by the last complete reading; None if this or a higher query has changed."""
    covered_by: tuple[str, ...] = ()
    """Higher queries that return everything that this one can return."""


def query_results(queries: Sequence[Query], jobs: Iterable[Job]) -> Mapping[str, QueryResult]:
    """Return the recent results of each query, by query id.

    Args:
        queries: the saved queries, highest precedence first.
        jobs: the kept Jobs, in any order. Cancelled Jobs and Jobs about a few values alone do not
            count.
    """
    by_query: dict[str, list[Job]] = {query.id: [] for query in queries}
    by_update: dict[str, list[Job]] = {}
    for job in jobs:
        by_update.setdefault(job.update_id, []).append(job)
        is_whole = job.scope is Scope.WHOLE
        if is_whole and job.query.id in by_query and ended_at(job) is not None:
            by_query[job.query.id].append(job)
    higher = higher_of(queries)
    found = {}
    for query in queries:
        ended = sorted(by_query[query.id], key=_end)
        above = higher.get(query.id, ())
        found[query.id] = QueryResult(
            recent=tuple(ended[-MOST_RECENT:]),
            overlap=_overlap(query, ended, by_update, above) if above else None,
            covered_by=tuple(each.id for each in covering(query, above)) if above else (),
        )
    return found


def ended_at(job: Job) -> dt.datetime | None:
    """Return when a Job completed or failed; None for one in progress or cancelled."""
    return job.completed_at or job.failed_at


def _end(job: Job) -> dt.datetime:
    return ended_at(job) or job.queued_at


def _overlap(
    query: Query,
    ended: Sequence[Job],
    by_update: Mapping[str, Sequence[Job]],
    above: Sequence[Query],
) -> Overlap | None:
    for job in reversed(ended):
        if job.status is JobStatus.UPLOAD_COMPLETE and job.mode in WHOLE_MODES:
            jobs = by_update[job.update_id]
            is_same = job.query.selection == query.selection and still_holds(job, jobs, above)
            return overlap(job, jobs) if is_same else None
    return None
