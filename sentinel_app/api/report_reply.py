"""The errors of Jobs and the audit as the API shows them."""

from __future__ import annotations

from sentinel_app.api import schemas
from sentinel_app.api.query_reply import label_members
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.error_entry import About, ErrorEntry, ErrorGroup, ErrorState
from sentinel_app.core.job import Job
from sentinel_app.core.query import QueryList
from sentinel_app.core.scope import Scope


def error_reply(group: ErrorGroup, job: Job | None, saved: QueryList) -> schemas.ReportedError:
    """Return errors with the same code and reason; that of a whole Job names no Indicator."""
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
    """Return one single error."""
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
        **label_members(query),
    )


def saved_query(query_id: str, saved: QueryList) -> schemas.ReportedQuery | None:
    """Return a TQL query as it is called now; None where it is no longer saved."""
    position = saved.position(query_id)
    if position is None:
        return None
    query = saved.queries[position]
    return schemas.ReportedQuery(query_id=query_id, position=position, **label_members(query))


def _indicator_reply(entry: ErrorEntry) -> schemas.ReportedIndicator:
    return schemas.ReportedIndicator(
        id=None if entry.indicator_id is None else str(entry.indicator_id),
        type=entry.indicator_type,
        summary=entry.summary,
        owner=entry.owner_name,
        web_link=entry.web_link,
    )


def _is_named(entry: ErrorEntry) -> bool:
    return entry.indicator_id is not None or bool(entry.summary)


def audit_reply(entry: AuditEntry) -> schemas.AuditRecord:
    """Return one line of the audit."""
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
