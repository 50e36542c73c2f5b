"""REPORTS: the errors of Jobs, and who changed what."""

from __future__ import annotations

from sentinel_app.api.call import Document, Request
from sentinel_app.api.csv_text import csv_document, errors_csv
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.job_reply import accepted_reply
from sentinel_app.api.page import page_of
from sentinel_app.api.report_reply import audit_reply, entry_reply, error_reply, reported_query
from sentinel_app.api.schemas import (
    AuditPage,
    AuditParameters,
    ErrorEntryParameters,
    ErrorFields,
    ErrorParameters,
    ReportedEntryPage,
    ReportedErrorPage,
    RetryRefusedBody,
    UpdateAccepted,
)
from sentinel_app.core.error_entry import ErrorFilter, ErrorState


def list_errors(request: Request[ErrorParameters]) -> ReportedErrorPage | Document:
    """Return a page of errors by Job, code and reason, or every single error as CSV."""
    deps, wanted = request.deps, request.input
    app_state = deps.app_state
    saved = app_state.query_list()
    filters = _filter(wanted, deps, state=wanted.state)
    if wanted.format == 'csv':
        rows = (
            (entry, reported_query(entry, app_state.job(entry.request_id), saved))
            for entry in deps.errors.entries(filters)
        )
        return csv_document('errors', errors_csv(rows), deps)
    groups, total = deps.errors.groups(filters, limit=wanted.limit, offset=wanted.offset)
    return page_of(
        request,
        ReportedErrorPage,
        (error_reply(group, app_state.job(group.request_id), saved) for group in groups),
        total=total,
        count_refused=deps.errors.refused_now(filters),
        retry_request_id=deps.chosen.retry_under_way(),
    )


def list_entries(request: Request[ErrorEntryParameters]) -> ReportedEntryPage:
    """Return a page of single errors, newest first."""
    deps, wanted = request.deps, request.input
    entries, total = deps.errors.entry_page(
        _filter(wanted, deps, state=wanted.state),
        group_id=wanted.group,
        until_id=wanted.until,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    app_state = deps.app_state
    saved = app_state.query_list()
    replies = (entry_reply(entry, app_state.job(entry.request_id), saved) for entry in entries)
    return page_of(request, ReportedEntryPage, replies, total=total)


def retry_refused(request: Request[RetryRefusedBody]) -> UpdateAccepted:
    """Send what Sentinel refused once more."""
    wanted = _filter(request.input, request.deps)
    return accepted_reply(request.deps.chosen.retry_refused(wanted, by=request.user_name))


def list_audit(request: Request[AuditParameters]) -> AuditPage:
    """Return a page of the audit, newest first."""
    wanted = request.input
    entries, total = request.deps.app_state.audit(
        action=wanted.action,
        user_part=wanted.user,
        query_id=wanted.query_id,
        update_id=wanted.update_id,
        after=wanted.after,
        before=wanted.before,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return page_of(request, AuditPage, (audit_reply(entry) for entry in entries), total=total)


def _filter(wanted: ErrorFields, deps: ApiDeps, *, state: ErrorState | None = None) -> ErrorFilter:
    update_id = wanted.update_id
    jobs = deps.app_state.jobs_of(update_id) if update_id else ()
    return ErrorFilter(
        request_id_part=wanted.request_id,
        request_ids=tuple(job.request_id for job in jobs) if update_id else None,
        query_id=wanted.query_id,
        state=state,
        code=wanted.code,
        indicator_type=wanted.indicator_type,
        text=wanted.text,
        after=wanted.after,
        before=wanted.before,
    )
