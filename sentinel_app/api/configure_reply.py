"""CONFIGURE as the API shows it: the saved TQL queries, and what came of each lately."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.query_reply import query_marks, query_members
from sentinel_app.api.wait_reply import next_update_reply
from sentinel_app.core.count import last_counts
from sentinel_app.core.job import Job, Mode, Outcome, Update
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.query_result import QueryResult, ended_at, query_results
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.scope import Scope


def configure_reply(
    saved: QueryList,
    *,
    schedule: Schedule,
    due: tuple[dt.datetime, Mode] | None,
    warning: str | None,
    jobs: Sequence[Job],
    live: Mapping[str, int],
    open_updates: Sequence[Update],
) -> schemas.Configure:
    """Return the saved TQL queries with their counts and results, what runs, and what is due.

    Args:
        saved: the queries, highest precedence first.
        schedule: when the last update ran.
        due: when the next scheduled update is due, and its mode.
        warning: what a person must know of the store.
        jobs: those that are kept.
        live: active objects by the id of their query.
        open_updates: those that have not ended.
    """
    counts = last_counts(saved.queries, jobs)
    return schemas.Configure(
        version=saved.version,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        queries=[schemas.Query.model_validate(query_members(query)) for query in saved.queries],
        next_update=next_update_reply(due),
        open_update=_open_update(open_updates),
        last_run=schedule.last_run_at,
        last_counts=[
            schemas.LastCount(query_id=query.id, last_count=count.read, last_counted=count.at)
            for query in saved.queries
            if (count := counts.get(query.id))
        ],
        results=_results(saved.queries, jobs, live),
        warning=warning,
    )


def _open_update(updates: Sequence[Update]) -> schemas.OpenUpdate | None:
    """Return the update of the queries that is running, else the first that is queued."""
    whole = (each for each in updates if each.scope is Scope.WHOLE)
    update = min(whole, key=lambda each: each.started_at is None, default=None)
    if update is None:
        return None
    return schemas.OpenUpdate(update_id=update.id, mode=update.mode, date_started=update.started_at)


def _results(
    queries: Sequence[Query], jobs: Sequence[Job], live: Mapping[str, int]
) -> list[schemas.QueryResult]:
    marks = query_marks(queries)
    return [
        _result(query_id, result, marks, live.get(query_id, 0))
        for query_id, result in query_results(queries, jobs).items()
    ]


def _result(
    query_id: str, result: QueryResult, marks: Mapping[str, schemas.QueryMark], live: int
) -> schemas.QueryResult:
    found = result.overlap
    is_measured = found is not None and found.is_all
    return schemas.QueryResult(
        query_id=query_id,
        objects_live=live,
        recent=[_recent(job) for job in result.recent],
        overlap=None
        if found is None
        else schemas.QueryOverlap(
            count_duplicate=found.duplicates,
            count_sendable=found.sendable,
            taken_by=None if found.taken_by is None else marks.get(found.taken_by),
        ),
        sends_nothing='covered' if result.covered_by else 'measured' if is_measured else None,
        covered_by=[marks[each] for each in result.covered_by],
    )


def _recent(job: Job) -> schemas.RecentJob:
    outcomes = job.counts.outcomes
    return schemas.RecentJob.model_validate(
        {
            'request_id': job.request_id,
            'date_ended': ended_at(job),
            'status': job.status,
            'mode': job.mode,
            'count_read': job.counts.read,
            'count_sent': outcomes.get(Outcome.SENT, 0),
            'count_refused': outcomes.get(Outcome.REFUSED, 0),
        }
    )


def export_reply(saved: QueryList, at: dt.datetime) -> schemas.ExportFile:
    """Return the saved TQL queries as a file."""
    return schemas.ExportFile(
        format=schemas.FORMAT,
        format_version=schemas.FORMAT_VERSION,
        exported_at=at,
        queries=[schemas.Query.model_validate(query_members(query)) for query in saved.queries],
    )
