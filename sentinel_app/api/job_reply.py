"""Jobs and updates as the API shows them."""

from __future__ import annotations

from typing import Any

from sentinel_app.api import schemas
from sentinel_app.api.context_reply import account_members
from sentinel_app.api.ports import Live
from sentinel_app.api.query_reply import label_members, query_members
from sentinel_app.api.wait_reply import (
    asked_wait_reply,
    pause_reply,
    time_left_reply,
    trouble_reply,
)
from sentinel_app.core.context_outbox import ContextAccount
from sentinel_app.core.job import Counts, Job, JobStatus, Outcome, Stage, StageTimes, Update
from sentinel_app.core.job_state import stage_runtime_s, total_runtime_s
from sentinel_app.core.query import QueryList
from sentinel_app.core.update_summary import UpdateSummary
from sentinel_app.core.withdrawable import WithdrawableObject


def accepted_reply(update: Update) -> schemas.UpdateAccepted:
    """Return the update that was queued, and the Request IDs of its Jobs."""
    return schemas.UpdateAccepted(update_id=update.id, request_ids=list(update.request_ids))


def job_counts(job: Job, live: Live) -> Counts:
    """Return the counts of a Job; while it is in progress, what they have come to by now."""
    return job.counts if job.status.is_final else live.counts(job.request_id) or job.counts


def job_reply(
    job: Job, live: Live, saved: QueryList, context: ContextAccount | None
) -> schemas.Job:
    """Return a Job as stored; while it is in progress, with what it has come to by now.

    Args:
        job: the Job.
        live: what the running update is doing.
        saved: the TQL queries as they are now.
        context: the account of the context objects that it has called for.
    """
    counts = job_counts(job, live)
    return schemas.Job.model_validate(
        {
            'request_id': job.request_id,
            'update_id': job.update_id,
            'job_type': job.job_type,
            'mode': job.mode,
            'scope': job.scope,
            'count_asked': job.asked,
            'status': job.status,
            'query': {
                **query_members(job.query),
                'position': job.position,
                'current_position': saved.position(job.query.id),
            },
            'date_queued': job.queued_at,
            'date_started': job.started_at,
            'date_completed': job.completed_at,
            'date_failed': job.failed_at,
            'last_modified_filter_start': job.window.start_at if job.window else None,
            'last_modified_filter_end': job.window.end_at if job.window else None,
            **_stage_members(job),
            'total_runtime': total_runtime_s(job),
            **_count_members(counts),
            **account_members(context),
            'count_request': counts.requests,
            'count_throttled': counts.throttled,
            'throttled_seconds': counts.throttled_s,
            'limit_wait_seconds': counts.limit_wait_s,
            **_wait_members(job, live),
            'warnings': list(job.warnings),
            'retry_of': job.retry_of,
            'failure_code': job.failure_code,
            'failure_reason': job.failure_reason,
        }
    )


def _stage_members(job: Job) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for stage in Stage:
        times = job.stages.get(stage, StageTimes())
        members[f'date_{stage}_start'] = times.started_at
        members[f'date_{stage}_complete'] = times.completed_at
        members[f'{stage}_runtime'] = stage_runtime_s(job, stage)
    return members


def _count_members(counts: Counts) -> dict[str, Any]:
    return {
        'count_read': counts.read,
        'count_converted': counts.converted,
        **{f'count_{outcome}': counts.outcomes.get(outcome, 0) for outcome in Outcome},
        'count_object': counts.objects,
        'count_expected': counts.expected,
        'count_held_back': counts.held_back,
    }


def _wait_members(job: Job, live: Live) -> dict[str, Any]:
    """Return what a Job waits for; a Job that has ended waits for nothing."""
    if job.status.is_final:
        names = ('waiting_seconds', 'asked_wait', 'time_left', 'pause', 'trouble')
        return dict.fromkeys(names)
    pause, trouble = live.pause(job.request_id), live.trouble(job.request_id)
    return {
        'waiting_seconds': live.waiting_s(job.request_id),
        'asked_wait': asked_wait_reply(live.asked_wait(job.request_id)),
        'time_left': time_left_reply(live.left(job.request_id)),
        'pause': None if pause is None else pause_reply(pause),
        'trouble': None if trouble is None else trouble_reply(trouble),
    }


def update_reply(
    summary: UpdateSummary,
    saved: QueryList,
    waiting: Job | None,
    context: ContextAccount | None,
) -> schemas.Update:
    """Return an update with the sums over its Jobs.

    Args:
        summary: the update and its sums.
        saved: the TQL queries as they are now.
        waiting: the Job whose withdrawal waits for a decision.
        context: the sum of its Jobs' accounts of context objects.
    """
    update, failed = summary.update, summary.first_failed
    is_waiting = waiting is not None and waiting.update_id == update.id
    return schemas.Update.model_validate(
        {
            'update_id': update.id,
            'mode': update.mode,
            'scope': update.scope,
            'count_asked': update.asked,
            'job_type': update.job_type,
            'status': summary.state,
            'date_queued': update.queued_at,
            'date_started': update.started_at,
            'date_ended': summary.ended_at,
            'last_modified_filter_start': summary.filter_start_at,
            'last_modified_filter_end': summary.filter_end_at,
            'count_jobs': summary.job_count,
            'count_matching_jobs': len(summary.jobs),
            'count_failed_jobs': summary.statuses.get(JobStatus.FAILED, 0),
            'count_cancelled_jobs': summary.statuses.get(JobStatus.CANCELLED, 0),
            **_count_members(summary.counts),
            **account_members(context),
            'decision_request_id': waiting.request_id if is_waiting and waiting else None,
            'is_confirmed': update.confirmed_withdrawals is not None,
            'retry_of': summary.retry_of,
            'failure_code': failed.failure_code if failed else None,
            'failure_reason': failed.failure_reason if failed else None,
            'only_query': _update_query(summary.only_job, saved),
            'duplicates_from': _update_query(summary.duplicates_from, saved),
        }
    )


def _update_query(job: Job | None, saved: QueryList) -> schemas.UpdateQuery | None:
    if job is None:
        return None
    return schemas.UpdateQuery(
        query_id=job.query.id,
        position=job.position,
        current_position=saved.position(job.query.id),
        **label_members(job.query),
    )


def withdrawable_reply(found: WithdrawableObject, saved: QueryList) -> schemas.WithdrawableObject:
    """Return an object that would be withdrawn.

    Args:
        found: the object.
        saved: the TQL queries as they are now.
    """
    position = saved.position(found.query_id)
    return schemas.WithdrawableObject(
        value=found.key.value,
        type=found.key.type,
        hash_kind=found.key.hash_kind,
        summary=found.summary,
        owner=found.owner_name,
        indicator_id=str(found.indicator_id),
        query=None
        if position is None
        else schemas.UpdateQuery(
            query_id=found.query_id,
            position=position,
            current_position=position,
            **label_members(saved.queries[position]),
        ),
        valid_until=found.valid_until,
    )
