"""REPORTS: whether Sentinel holds what was sent, and what people do about it."""

from __future__ import annotations

from typing import TypeVar

from sentinel_app.api import schemas
from sentinel_app.api.call import Document, Request
from sentinel_app.api.csv_text import csv_document, findings_csv
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.job_reply import accepted_reply
from sentinel_app.api.page import page_of
from sentinel_app.api.schemas import (
    ContextSent,
    FindingFields,
    FindingPage,
    FindingParameters,
    FindingSearchBody,
    HistoryBody,
    ObjectHistory,
    Parameters,
    SendFindingsBody,
    UpdateAccepted,
    Verification,
    VerifyBody,
    WithdrawUnknownBody,
)
from sentinel_app.api.verification_reply import finding_reply, history_reply, verification_reply
from sentinel_app.core.finding import Finding, FindingFilter
from sentinel_app.core.query import QueryList
from sentinel_app.core.task import TaskSlug

Wanted = TypeVar('Wanted', FindingParameters, FindingSearchBody)


def read(request: Request[Parameters]) -> Verification:
    """Return how Verify stands."""
    return _state(request.deps)


def list_findings(request: Request[FindingParameters]) -> FindingPage | Document:
    """Return a page of findings with the state of Verify, or all of them as CSV."""
    deps, wanted = request.deps, request.input
    if wanted.format == 'csv':
        report, saved = deps.diagnostics.verification, deps.app_state.query_list()
        rows = (_reply(each, deps, saved) for each in report.all(_filter(wanted)))
        return csv_document('findings', findings_csv(rows), deps)
    return _page(request)


def search_findings(request: Request[FindingSearchBody]) -> FindingPage:
    """Return a page of findings with the state of Verify."""
    return _page(request)


def _page(request: Request[Wanted]) -> FindingPage:
    deps, wanted = request.deps, request.input
    report, saved = deps.diagnostics.verification, deps.app_state.query_list()
    filters = _filter(wanted)
    found, total = report.page(filters, limit=wanted.limit, offset=wanted.offset)
    return page_of(
        request,
        FindingPage,
        (_reply(each, deps, saved) for each in found),
        total=total,
        count_sendable=report.count_sendable(filters),
        count_context_sendable=report.count_context_sendable(filters),
        verification=_state(deps),
    )


def run(request: Request[VerifyBody]) -> Verification:
    """Have Verify run now."""
    deps = request.deps
    is_paused = any(
        view.facts.slug is TaskSlug.VERIFY and view.state.is_paused for view in deps.tasks.views()
    )
    # A run that is refused must not be made up for once the Task is resumed.
    if request.input.whole and not is_paused:
        deps.findings.request_whole()
    deps.tasks.run(TaskSlug.VERIFY, by=request.user_name)
    return _state(deps)


def send(request: Request[SendFindingsBody]) -> UpdateAccepted:
    """Send the objects of findings again."""
    actions, wanted, by = request.deps.findings, request.input, request.user_name
    if wanted.finding is not None:
        return accepted_reply(actions.send_one_again(wanted.finding, by=by))
    return accepted_reply(actions.send_again(_filter(wanted), by=by))


def send_context(request: Request[SendFindingsBody]) -> ContextSent:
    """Send the context objects of findings again."""
    actions, wanted, by = request.deps.findings, request.input, request.user_name
    if wanted.finding is not None:
        return ContextSent(count_objects=actions.send_one_context_again(wanted.finding, by=by))
    return ContextSent(count_objects=actions.send_context_again(_filter(wanted), by=by))


def withdraw(request: Request[WithdrawUnknownBody]) -> UpdateAccepted:
    """Withdraw all unknown objects."""
    update = request.deps.findings.withdraw_unknown(request.input.count, by=request.user_name)
    return accepted_reply(update)


def history(request: Request[HistoryBody]) -> ObjectHistory:
    """Return the rows of an object in Sentinel."""
    return history_reply(request.deps.diagnostics.verification.history(request.input.stix_id))


def _state(deps: ApiDeps) -> Verification:
    return verification_reply(deps.diagnostics.verification.state())


def _reply(finding: Finding, deps: ApiDeps, saved: QueryList) -> schemas.Finding:
    report = deps.diagnostics.verification
    jobs = () if finding.update_id is None else deps.app_state.jobs_of(finding.update_id)
    return finding_reply(
        finding,
        jobs[0] if jobs else None,
        saved,
        helps_pattern_style=report.helps_pattern_style(finding),
        is_sendable=report.is_sendable(finding),
    )


def _filter(wanted: FindingFields) -> FindingFilter:
    return FindingFilter(
        kind=wanted.kind,
        object_type=wanted.object_type,
        indicator_type=wanted.indicator_type,
        owner_name=wanted.owner,
        query_id=wanted.query_id,
        text=wanted.text,
    )
