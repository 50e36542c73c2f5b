"""What came of each saved TQL query lately, as the API says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.serialize import label_scope
from sentinel_app.core.job import Job, Outcome
from sentinel_app.core.query import Query
from sentinel_app.core.query_result import QueryResult, ended_at, query_results


def query_marks(queries: Sequence[Query]) -> Mapping[str, schemas.QueryMark]:
    """Return what people call each query, by its id, highest precedence first."""
    return {
        query.id: schemas.QueryMark(
            query_id=query.id,
            position=position,
            label=query.label,
            label_scope=label_scope(query),
            is_enabled=query.is_enabled,
        )
        for position, query in enumerate(queries)
    }


def results_reply(
    queries: Sequence[Query], jobs: Iterable[Job], live: Mapping[str, int]
) -> list[schemas.QueryResult]:
    """Return what came of each query.

    Args:
        queries: those that are saved, highest precedence first.
        jobs: those that are kept.
        live: active objects by the id of their query.
    """
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
