"""What Verify has found as the API shows it."""

from __future__ import annotations

from sentinel_app.api import schemas
from sentinel_app.api.logs_reply import logs_error
from sentinel_app.api.report_reply import saved_query
from sentinel_app.core.finding import Finding, HeldVersion, SeenVersion, VerificationRun
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
    counts = run.counts
    return schemas.VerificationRun(
        date_started=run.started_at,
        date_ended=run.ended_at,
        is_whole=run.is_whole,
        count_held=counts.held,
        count_confirmed=counts.confirmed,
        count_recent=counts.recent,
        count_unread=counts.unread,
        count_requests=counts.requests,
        findings=[
            schemas.FindingCount(kind=kind, count=counts.findings.get(kind, 0))
            for kind in FindingKind
        ],
        error=None if run.code is None else logs_error(run.code, run.message, run.reason),
    )


def finding_reply(
    finding: Finding, job: Job | None, saved: QueryList, *, helps_pattern_style: bool
) -> schemas.Finding:
    """Return one finding.

    Args:
        finding: the finding.
        job: the Job that a person has requested about it, if it is kept.
        saved: the TQL queries as they are now.
        helps_pattern_style: whether another Pattern Style would let rules match it.
    """
    held, seen = finding.held, finding.seen
    return schemas.Finding(
        id=str(finding.id),
        kind=finding.kind,
        stix_id=finding.stix_id,
        indicator=_indicator_reply(finding),
        query=None if held is None else saved_query(held.query_id, saved),
        held=None if held is None else _held_reply(held),
        seen=None if seen is None else _seen_reply(seen),
        pattern=finding.pattern,
        helps_pattern_style=helps_pattern_style,
        request_id=None if job is None else job.request_id,
        is_requested=job is not None and not job.status.is_final,
    )


def _indicator_reply(finding: Finding) -> schemas.ReportedIndicator | None:
    held, pattern = finding.held, finding.pattern
    if held is not None:
        # What was withdrawn without an Indicator has a number that no Indicator has.
        is_indicator = held.indicator_id > 0
        return schemas.ReportedIndicator(
            id=str(held.indicator_id) if is_indicator else None,
            type=held.indicator_type,
            summary=held.summary,
            owner=held.owner_name if is_indicator else None,
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
