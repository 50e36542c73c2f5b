"""The App's models as the replies of the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.ports import Live
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.count import LastCount
from sentinel_app.core.error_entry import About, ErrorEntry, ErrorGroup, ErrorState
from sentinel_app.core.estimate import Estimate
from sentinel_app.core.job import Counts, Job, JobStatus, Mode, Outcome, Stage, StageTimes, Update
from sentinel_app.core.job_state import stage_runtime_s, total_runtime_s
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.scope import Scope
from sentinel_app.core.task import AskedWait, TaskPause, TaskView
from sentinel_app.core.trouble import Trouble
from sentinel_app.core.update_summary import UpdateSummary
from sentinel_app.core.withdrawable import WithdrawableObject


def next_update_reply(due: tuple[dt.datetime, Mode] | None) -> schemas.NextUpdate | None:
    """When the next scheduled update is due, if one is."""
    return schemas.NextUpdate(at=due[0], mode=due[1]) if due else None


def _query_members(query: Query) -> dict[str, object]:
    return {
        'id': query.id,
        'name': query.name,
        'note': query.note,
        'is_enabled': query.is_enabled,
        'owners': list(query.owners),
        'indicator_types': list(query.indicator_types),
        'tql': query.tql,
        'sort_field': query.sort_field,
        'sort_direction': query.sort_direction,
    }


def configure_reply(
    saved: QueryList,
    schedule: Schedule,
    due: tuple[dt.datetime, Mode] | None,
    warning: str | None,
    counts: Mapping[str, LastCount],
    results: Sequence[schemas.QueryResult],
    open_updates: Sequence[Update],
) -> schemas.Configure:
    """The saved TQL queries with their counts and results, what runs, and what is due."""
    return schemas.Configure(
        version=saved.version,
        saved_at=saved.saved_at,
        saved_by=saved.saved_by,
        queries=[schemas.Query.model_validate(_query_members(query)) for query in saved.queries],
        next_update=next_update_reply(due),
        open_update=_open_update(open_updates),
        last_run=schedule.last_run_at,
        last_counts=[
            schemas.LastCount(query_id=query.id, last_count=count.read, last_counted=count.at)
            for query in saved.queries
            if (count := counts.get(query.id))
        ],
        results=list(results),
        warning=warning,
    )


def _open_update(updates: Sequence[Update]) -> schemas.OpenUpdate | None:
    """The update of the queries that is running, else the first that is queued."""
    whole = (each for each in updates if each.scope is Scope.WHOLE)
    update = min(whole, key=lambda each: each.started_at is None, default=None)
    if update is None:
        return None
    return schemas.OpenUpdate(update_id=update.id, mode=update.mode, date_started=update.started_at)


def export_reply(saved: QueryList, at: dt.datetime) -> schemas.ExportFile:
    """The saved TQL queries as a file."""
    return schemas.ExportFile(
        format=schemas.FORMAT,
        format_version=schemas.FORMAT_VERSION,
        exported_at=at,
        queries=[schemas.Query.model_validate(_query_members(query)) for query in saved.queries],
    )


def _stage_members(job: Job) -> dict[str, object]:
    members: dict[str, object] = {}
    for stage in Stage:
        times = job.stages.get(stage, StageTimes())
        members[f'date_{stage}_start'] = times.started_at
        members[f'date_{stage}_complete'] = times.completed_at
        members[f'{stage}_runtime'] = stage_runtime_s(job, stage)
    return members


def asked_wait_reply(wait: AskedWait | None) -> schemas.AskedWait | None:
    """The wait that Sentinel asked for, where there is one."""
    return None if wait is None else schemas.AskedWait(until=wait.until, reason=wait.reason)


def trouble_reply(trouble: Trouble) -> schemas.Trouble:
    """The system that does not answer."""
    return schemas.Trouble(
        system=trouble.system,
        attempt=trouble.attempt,
        since=trouble.since,
        until=trouble.until,
        code=trouble.code,
        message=trouble.message,
        reason=trouble.reason,
    )


def time_left_reply(estimate: Estimate | None) -> schemas.TimeLeft | None:
    """How long something still takes, where that is known."""
    if estimate is None:
        return None
    return schemas.TimeLeft(seconds=estimate.seconds, is_least=estimate.is_least)


def pause_reply(pause: TaskPause) -> schemas.Pause:
    """The paused Task that something waits for."""
    facts, state = pause.task, pause.state
    return schemas.Pause(
        task=facts.slug,
        name=facts.name,
        since=state.paused_at,
        by=state.paused_by,
        until=state.paused_until,
        reason=state.pause_reason,
    )


def job_counts(job: Job, live: Live) -> Counts:
    """The counts of a Job; while it is in progress, what they have come to by now."""
    return job.counts if job.status.is_final else live.counts(job.request_id) or job.counts


def job_reply(job: Job, live: Live, saved: QueryList) -> schemas.Job:
    """A Job as stored; while it is in progress, with what it has come to by now.

    Args:
        job: the Job.
        live: what the running update is doing.
        saved: the TQL queries as they are now.
    """
    counts, waiting_s, asked_wait = job_counts(job, live), None, None
    left, pause, trouble = None, None, None
    if not job.status.is_final:
        waiting_s = live.waiting_s(job.request_id)
        asked_wait = live.asked_wait(job.request_id)
        left = live.left(job.request_id)
        pause = live.pause(job.request_id)
        trouble = live.trouble(job.request_id)
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
                **_query_members(job.query),
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
            'count_read': counts.read,
            'count_converted': counts.converted,
            **{f'count_{outcome}': counts.outcomes.get(outcome, 0) for outcome in Outcome},
            'count_object': counts.objects,
            'count_request': counts.requests,
            'count_throttled': counts.throttled,
            'throttled_seconds': counts.throttled_s,
            'limit_wait_seconds': counts.limit_wait_s,
            'count_expected': counts.expected,
            'count_held_back': counts.held_back,
            'waiting_seconds': waiting_s,
            'asked_wait': asked_wait_reply(asked_wait),
            'time_left': time_left_reply(left),
            'pause': None if pause is None else pause_reply(pause),
            'trouble': None if trouble is None else trouble_reply(trouble),
            'warnings': list(job.warnings),
            'retry_of': job.retry_of,
            'failure_code': job.failure_code,
            'failure_reason': job.failure_reason,
        }
    )


def label_scope(query: Query) -> schemas.LabelScope | None:
    """Return the types and owners that a label is made of; None for a name or TQL."""
    if not query.is_labeled_by_scope:
        return None
    return schemas.LabelScope(
        indicator_types=list(query.indicator_types), owners=list(query.owners)
    )


def _update_query(job: Job | None, saved: QueryList) -> schemas.UpdateQuery | None:
    if job is None:
        return None
    return schemas.UpdateQuery(
        query_id=job.query.id,
        position=job.position,
        current_position=saved.position(job.query.id),
        label=job.query.label,
        label_scope=label_scope(job.query),
    )


def update_reply(summary: UpdateSummary, saved: QueryList, waiting: Job | None) -> schemas.Update:
    """An update with the sums over its Jobs.

    Args:
        summary: the update and its sums.
        saved: the TQL queries as they are now.
        waiting: the Job whose withdrawal waits for a decision.
    """
    update, counts, failed = summary.update, summary.counts, summary.first_failed
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
            'count_read': counts.read,
            'count_converted': counts.converted,
            **{f'count_{outcome}': counts.outcomes.get(outcome, 0) for outcome in Outcome},
            'count_object': counts.objects,
            'count_expected': counts.expected,
            'count_held_back': counts.held_back,
            'decision_request_id': waiting.request_id if is_waiting and waiting else None,
            'is_confirmed': update.confirmed_withdrawals is not None,
            'retry_of': summary.retry_of,
            'failure_code': failed.failure_code if failed else None,
            'failure_reason': failed.failure_reason if failed else None,
            'only_query': _update_query(summary.only_job, saved),
            'duplicates_from': _update_query(summary.duplicates_from, saved),
        }
    )


def withdrawable_reply(found: WithdrawableObject, saved: QueryList) -> schemas.WithdrawableObject:
    """An object that would be withdrawn; `saved` are the TQL queries as they are now."""
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
            label=saved.queries[position].label,
            label_scope=label_scope(saved.queries[position]),
        ),
        valid_until=found.valid_until,
    )


def _indicator_reply(entry: ErrorEntry) -> schemas.ReportedIndicator:
    return schemas.ReportedIndicator(
        id=None if entry.indicator_id is None else str(entry.indicator_id),
        type=entry.indicator_type,
        summary=entry.summary,
        owner=entry.owner_name,
        web_link=entry.web_link,
    )


def reported_query(
    error: ErrorGroup | ErrorEntry, job: Job | None, saved: QueryList
) -> schemas.ReportedQuery | None:
    """Return the TQL query of an error's Job: as it is called now or, once deleted, as it was.

    Args:
        error: knows the query where the Job is gone.
        job: None where it is no longer kept.
        saved: the TQL queries as they are now.
    """
    query_id = error.query_id or (job.query.id if job else None)
    position = None if query_id is None else saved.position(query_id)
    query = saved.queries[position] if position is not None else job.query if job else None
    if query is None:
        return None
    return schemas.ReportedQuery(
        query_id=query.id,
        position=position,
        label=query.label,
        label_scope=label_scope(query),
    )


def error_reply(group: ErrorGroup, job: Job | None, saved: QueryList) -> schemas.ReportedError:
    """Errors with the same code and reason; an error of a whole Job names no Indicator."""
    is_chosen = job is not None and job.scope is not Scope.WHOLE
    # No later update is about what a person has chosen.
    is_left = group.about is About.JOB and is_chosen
    return schemas.ReportedError(
        id=str(group.id),
        request_id=group.request_id,
        code=group.code,
        message=group.message,
        reason=group.reason,
        count=group.count,
        about=group.about,
        query=reported_query(group, job, saved),
        state=_state_of(group.states),
        count_open=group.states[0],
        count_resolved=group.states[1],
        count_superseded=group.states[2],
        date_state=group.state_at,
        count_tried_again=0 if is_left else group.tried_again,
        tries_left=group.tries_left,
        date_added=group.last_at,
        date_first=group.first_at,
        indicators=[_indicator_reply(each) for each in group.examples if _is_named(each)],
    )


def _state_of(counts: tuple[int, int, int]) -> ErrorState:
    """Return the state of several errors, of which so many are open, resolved and superseded."""
    found = (state for state, count in zip(ErrorState, counts, strict=True) if count)
    return next(found, ErrorState.SUPERSEDED)


def entry_reply(entry: ErrorEntry, job: Job | None, saved: QueryList) -> schemas.ReportedEntry:
    """One single error."""
    return schemas.ReportedEntry(
        id=str(entry.id),
        request_id=entry.request_id,
        query=reported_query(entry, job, saved),
        date_added=entry.at,
        code=entry.code,
        message=entry.message,
        reason=entry.reason,
        about=entry.about,
        state=entry.state,
        date_state=entry.state_at,
        indicator=_indicator_reply(entry) if _is_named(entry) else None,
    )


def _is_named(entry: ErrorEntry) -> bool:
    return entry.indicator_id is not None or bool(entry.summary)


def audit_reply(entry: AuditEntry) -> schemas.AuditRecord:
    """One line of the audit."""
    return schemas.AuditRecord(
        at=entry.at,
        user=entry.user,
        action=entry.action,
        detail=entry.detail,
        changes=[
            schemas.AuditChange(
                subject=change.subject,
                field=change.field,
                before=change.before,
                after=change.after,
            )
            for change in entry.changes
        ],
        changes_left_out=entry.changes_left_out,
        query_ids=list(entry.query_ids),
        update_ids=list(entry.update_ids),
    )


def task_reply(view: TaskView) -> schemas.Task:
    """How a Task stands."""
    facts, state = view.facts, view.state
    return schemas.Task(
        slug=facts.slug,
        name=facts.name,
        description=facts.description,
        group=facts.group,
        period_seconds=facts.period_s,
        timeout_minutes=facts.timeout_s / 60,
        state=view.condition,
        request_ids=list(view.request_ids),
        last_heartbeat=view.beat_at,
        heartbeat_age=view.beat_age_s,
        last_run_end=view.ended_at,
        last_run_outcome=view.outcome,
        date_paused=state.paused_at,
        paused_by=state.paused_by,
        paused_until=state.paused_until,
        pause_reason=state.pause_reason,
        asked_wait=asked_wait_reply(view.asked_wait),
        trouble=None if view.trouble is None else trouble_reply(view.trouble),
    )
