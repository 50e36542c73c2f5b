"""Filters and sort order of the list of Jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Unpack

from sentinel_app.core.job import Job, JobStatus, Outcome, Stage, StageTimes
from sentinel_app.core.job_state import stage_runtime_s, total_runtime_s
from sentinel_app.core.list_filter import JobFilters

_STATUS_RANK = {status: rank for rank, status in enumerate(JobStatus)}


def _stage_sorts(stage: Stage) -> dict[str, Callable[[Job], Any]]:
    def times(job: Job) -> StageTimes:
        return job.stages.get(stage, StageTimes())

    return {
        f'date_{stage}_start': lambda job: times(job).started_at,
        f'date_{stage}_complete': lambda job: times(job).completed_at,
        f'{stage}_runtime': lambda job: stage_runtime_s(job, stage),
    }


def _outcome_sort(outcome: Outcome) -> Callable[[Job], Any]:
    return lambda job: job.counts.outcomes.get(outcome, 0)


SORTS: Mapping[str, Callable[[Job], Any]] = {
    'request_id': lambda job: job.request_id,
    'update_id': lambda job: job.update_id,
    'job_type': lambda job: job.job_type,
    'mode': lambda job: job.mode,
    'scope': lambda job: job.scope,
    'count_asked': lambda job: job.asked,
    'status': lambda job: _STATUS_RANK[job.status],
    'position': lambda job: job.position,
    'date_queued': lambda job: job.queued_at,
    'date_started': lambda job: job.started_at,
    'date_completed': lambda job: job.completed_at,
    'date_failed': lambda job: job.failed_at,
    'last_modified_filter_start': lambda job: job.window.start_at if job.window else None,
    'last_modified_filter_end': lambda job: job.window.end_at if job.window else None,
    **_stage_sorts(Stage.DOWNLOAD),
    **_stage_sorts(Stage.CONVERT),
    **_stage_sorts(Stage.UPLOAD),
    'total_runtime': total_runtime_s,
    'count_read': lambda job: job.counts.read,
    **{f'count_{outcome}': _outcome_sort(outcome) for outcome in Outcome},
    'count_object': lambda job: job.counts.objects,
    'count_request': lambda job: job.counts.requests,
    'count_throttled': lambda job: job.counts.throttled,
    'throttled_seconds': lambda job: job.counts.throttled_s,
    'limit_wait_seconds': lambda job: job.counts.limit_wait_s,
    'count_converted': lambda job: job.counts.converted,
    'count_expected': lambda job: job.counts.expected,
    'count_held_back': lambda job: job.counts.held_back,
    'retry_of': lambda job: job.retry_of,
    'failure_code': lambda job: job.failure_code,
    'failure_reason': lambda job: job.failure_reason,
}
"""Sort keys, by field name of the API's Job."""


def newest_first(jobs: Iterable[Job]) -> list[Job]:
    """Return the Jobs, last queued first; those of one update in order of precedence."""
    by_position = sorted(jobs, key=lambda job: job.position)
    return sorted(by_position, key=lambda job: job.queued_at, reverse=True)


def selected(jobs: Iterable[Job], **filters: Unpack[JobFilters]) -> list[Job]:
    """Return the Jobs that match every given filter, in their order."""
    wanted = frozenset(filters.get('statuses', ()))
    part = filters.get('request_id_part', '').lower()
    after, before = filters.get('after'), filters.get('before')
    exact = [
        (name, value)
        for name in ('job_type', 'mode', 'update_id', 'retry_of')
        if (value := filters.get(name)) is not None
    ]
    query_id = filters.get('query_id')
    return [
        job
        for job in jobs
        if (not wanted or job.status in wanted)
        and (not part or part in job.request_id.lower())
        and (query_id is None or job.query.id == query_id)
        and all(getattr(job, name) == value for name, value in exact)
        and (after is None or (job.started_at or job.queued_at) >= after)
        and (before is None or (job.started_at or job.queued_at) < before)
    ]


def ordered(jobs: Iterable[Job], *, sort: str, is_descending: bool) -> list[Job]:
    """Return the Jobs sorted by one column, missing values last and equal ones newest first.

    Raises:
        ValueError: the column does not exist.
    """
    if sort not in SORTS:
        raise ValueError(f'Jobs have no column {sort!r}')
    value_of = SORTS[sort]
    with_value: list[Job] = []
    without: list[Job] = []
    for job in newest_first(jobs):
        (without if value_of(job) is None else with_value).append(job)
    with_value.sort(key=value_of, reverse=is_descending)
    return with_value + without
