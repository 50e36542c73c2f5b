"""What Verify has found as the API shows it."""

from __future__ import annotations

from sentinel_app.api import schemas
from sentinel_app.api.logs_reply import logs_error
from sentinel_app.api.report_reply import saved_query
from sentinel_app.core.finding import (
    ContextResult,
    Finding,
    HeldVersion,
    RunCounts,
    SeenVersion,
    VerificationRun,
)
from sentinel_app.core.job import Job
from sentinel_app.core.query import QueryList
from sentinel_app.core.unknown_object import subject_of
from sentinel_app.core.verification import FindingKind, Mark
from sentinel_app.diagnostics.verification_report import History, HistoryRow, VerificationState

_HOUR_S = 3_600


def verification_reply(state: VerificationState) -> schemas.Verification:
    """Return how Verify stands."""
    interval = state.interval
    return schemas.Verification(
        interval_hours=0 if interval is None else interval.total_seconds() / _HOUR_S,
        date_started=state.started_at,
        date_next=state.next_at,
        last=None if state.last is None else _run_reply(state.last),
        complete=None if state.complete is None else _run_reply(state.complete),
        count_unknown=state.unknown,
    )


def _run_reply(run: VerificationRun) -> schemas.VerificationRun:
    counts, context = run.counts, run.context
    return schemas.VerificationRun(
        date_started=run.started_at,
        date_ended=run.ended_at,
        is_whole=run.is_whole,
        count_held=counts.held,
        count_confirmed=counts.confirmed,
        count_recent=counts.recent,
        count_unread=counts.unread,
        count_requests=run.requests,
        findings=_finding_counts(counts),
        error=None if run.code is None else logs_error(run.code, run.message, run.reason),
        context=None if context is None else _context_reply(context),
    )


def _context_reply(result: ContextResult) -> schemas.ContextVerification:
    counts, code = result.counts, result.code
    return schemas.ContextVerification(
        count_held=counts.held,
        count_confirmed=counts.confirmed,
        count_recent=counts.recent,
        count_unread=counts.unread,
        findings=_finding_counts(counts),
        error=None if code is None else logs_error(code, result.message, result.reason),
    )


def _finding_counts(counts: RunCounts) -> list[schemas.FindingCount]:
    return [
        schemas.FindingCount(kind=kind, count=counts.findings.get(kind, 0)) for kind in FindingKind
    ]


def finding_reply(
    finding: Finding,
    job: Job | None,
    saved: QueryList,
    *,
    helps_pattern_style: bool,
    is_sendable: bool,
) -> schemas.Finding:
    """Return one finding.

    Args:
        finding: the finding.
        job: the Job that a person has requested about it, if it is kept.
        saved: the TQL queries as they are now.
        helps_pattern_style: whether another Pattern Style would let rules match it.
        is_sendable: whether it may be sent again by itself, unless that is under way.
    """
    held, seen, indicator = finding.held, finding.seen, finding.indicator
    is_requested = finding.is_being_sent or (job is not None and not job.status.is_final)
    return schemas.Finding(
        id=str(finding.id),
        kind=finding.kind,
        stix_type=finding.stix_type,
        stix_id=finding.stix_id,
        name=finding.name,
        indicator=_indicator_reply(finding),
        query=None if indicator is None else saved_query(indicator.query_id, saved),
        held=None if held is None else _held_reply(held),
        seen=None if seen is None else _seen_reply(seen),
        pattern=finding.pattern,
        helps_pattern_style=helps_pattern_style,
        request_id=None if job is None else job.request_id,
        is_requested=is_requested,
        is_sendable=is_sendable and not is_requested,
    )


def _indicator_reply(finding: Finding) -> schemas.ReportedIndicator | None:
    indicator, pattern = finding.indicator, finding.pattern
    if indicator is not None:
        # What was withdrawn without an Indicator has a number that no Indicator has.
        is_indicator = indicator.indicator_id > 0
        return schemas.ReportedIndicator(
            id=str(indicator.indicator_id) if is_indicator else None,
            type=indicator.type,
            summary=indicator.summary,
            owner=indicator.owner_name if is_indicator else None,
            web_link=None,
        )
    if pattern is None:
        return None
    return schemas.ReportedIndicator(
        id=None, type=subject_of(pattern).type, summary=pattern, owner=None, web_link=None
    )


def _held_reply(held: HeldVersion) -> schemas.HeldVersion:
    return schemas.HeldVersion(
        is_live=held.is_live,
        date_modified=held.modified_at,
        valid_until=held.valid_until_at,
        confidence=held.confidence,
        date_accepted=held.accepted_at,
    )


def _seen_reply(seen: SeenVersion) -> schemas.SeenVersion:
    return schemas.SeenVersion(
        date_modified=seen.modified_at,
        valid_until=seen.valid_until_at,
        confidence=seen.confidence,
        is_revoked=Mark.REVOKED in seen.marks,
        is_deleted=Mark.DELETED in seen.marks,
        is_active=Mark.INACTIVE not in seen.marks,
        is_parsed=Mark.UNPARSED not in seen.marks,
    )


def history_reply(history: History) -> schemas.ObjectHistory:
    """Return the rows of an object."""
    error = history.error
    return schemas.ObjectHistory(
        rows=[_row_reply(row) for row in history.rows],
        error=None if error is None else logs_error(error.code, error.message, error.reason),
    )


def _row_reply(row: HistoryRow) -> schemas.ObjectRow:
    return schemas.ObjectRow(
        date_generated=row.at,
        method=row.method,
        date_modified=row.modified_at,
        valid_until=row.valid_until_at,
        confidence=row.confidence,
        is_active=row.is_active,
        is_revoked=row.is_revoked,
        is_deleted=row.is_deleted,
        is_parsed=row.is_parsed,
    )
