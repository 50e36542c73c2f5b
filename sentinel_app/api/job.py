"""JOBS: the Jobs, the updates that they belong to, and requests for an update."""

from __future__ import annotations

import datetime as dt

from sentinel_app.api import schemas
from sentinel_app.api.call import Document, Request
from sentinel_app.api.csv_text import MOST_CSV_OBJECTS, csv_document, withdrawal_csv
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.job_reply import (
    accepted_reply,
    job_counts,
    job_reply,
    update_reply,
    withdrawable_reply,
)
from sentinel_app.api.page import page_of
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import (
    EmptyBody,
    FieldError,
    JobFilter,
    JobPage,
    JobParameters,
    Parameters,
    UpdateAccepted,
    UpdateBody,
    UpdatePage,
    UpdateParameters,
    WithdrawableObjectPage,
    WithdrawalParameters,
)
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.context_outbox import summed_accounts
from sentinel_app.core.job import Job, Mode
from sentinel_app.core.list_filter import JobFilters
from sentinel_app.core.query import QueryList, SortDirection
from sentinel_app.core.update_summary import summarized
from sentinel_app.errors import NotFoundError


def list_jobs(request: Request[JobParameters]) -> JobPage:
    """Return a page of Jobs."""
    deps, wanted = request.deps, request.input
    saved = deps.app_state.query_list()
    filters = _filters(wanted)
    filters['retry_of'] = wanted.retry_of
    jobs, total = deps.app_state.jobs(
        **filters,
        sort=wanted.sort,
        is_descending=wanted.sort_order is SortDirection.DESCENDING,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    accounts = deps.diagnostics.context.accounts(job.request_id for job in jobs)
    replies = (job_reply(job, deps.live, saved, accounts.get(job.request_id)) for job in jobs)
    return page_of(request, JobPage, replies, total=total)


def list_updates(request: Request[UpdateParameters]) -> UpdatePage:
    """Return a page of updates, newest first."""
    deps, wanted = request.deps, request.input
    app_state, live = deps.app_state, deps.live
    found, total = app_state.updates(**_filters(wanted), limit=wanted.limit, offset=wanted.offset)
    saved, complete_since = app_state.query_list(), app_state.complete_since()
    waiting = deps.diagnostics.withdrawals.waiting()
    accounts = deps.diagnostics.context.accounts(
        job.request_id for _, jobs, _ in found for job in jobs
    )
    replies = (
        update_reply(
            summarized(*each, counts_of=lambda job: job_counts(job, live)),
            saved,
            waiting,
            summed_accounts(
                accounts[job.request_id] for job in each[1] if job.request_id in accounts
            ),
        )
        for each in found
    )
    return page_of(request, UpdatePage, replies, total=total, complete_since=complete_since)


def request_update(request: Request[UpdateBody]) -> UpdateAccepted:
    """Queue an ad-hoc update."""
    deps, body = request.deps, request.input
    now = deps.clock.now()
    errors = _update_errors(body, deps.app_state.query_list(), now)
    if errors:
        raise Refusal(422, errors=errors)
    update = deps.updates.request_update(
        mode=body.mode,
        query_ids=body.query_ids,
        modified_after=body.modified_after,
        audit=AuditEntry(
            at=now, user=request.user_name, action='update-request', detail=_described(body)
        ),
    )
    return accepted_reply(update)


def read(request: Request[Parameters]) -> schemas.Job:
    """Return one Job."""
    app_state = request.deps.app_state
    job = app_state.job(request.path['request_id'])
    if job is None:
        raise NotFoundError('There is no Job with this Request ID; it may have been removed.')
    return _reply(job, request.deps)


def cancel(request: Request[EmptyBody]) -> schemas.Job:
    """Cancel a Job that is still Pending."""
    deps = request.deps
    job = deps.jobs.cancel(request.path['request_id'], by=request.user_name)
    return _reply(job, deps)


def retry(request: Request[EmptyBody]) -> UpdateAccepted:
    """Try a Job that failed again."""
    update = request.deps.jobs.retry(request.path['request_id'], by=request.user_name)
    return accepted_reply(update)


def withdraw(request: Request[EmptyBody]) -> UpdateAccepted:
    """Confirm the withdrawal that a Job held back."""
    update = request.deps.jobs.withdraw(request.path['request_id'], by=request.user_name)
    return accepted_reply(update)


def list_withdrawal(
    request: Request[WithdrawalParameters],
) -> WithdrawableObjectPage | Document:
    """Return a page of what confirming would withdraw, or as many objects as fit as CSV."""
    deps, wanted = request.deps, request.input
    is_csv = wanted.format == 'csv'
    found, total = deps.diagnostics.withdrawals.page(
        request.path['request_id'],
        limit=MOST_CSV_OBJECTS if is_csv else wanted.limit,
        offset=0 if is_csv else wanted.offset,
    )
    saved = deps.app_state.query_list()
    replies = (withdrawable_reply(each, saved) for each in found)
    if is_csv:
        return csv_document('withdrawal', withdrawal_csv(replies), deps)
    return page_of(request, WithdrawableObjectPage, replies, total=total)


def _reply(job: Job, deps: ApiDeps) -> schemas.Job:
    accounts = deps.diagnostics.context.accounts([job.request_id])
    return job_reply(job, deps.live, deps.app_state.query_list(), accounts.get(job.request_id))


def _filters(wanted: JobFilter) -> JobFilters:
    return {
        'statuses': wanted.status,
        'request_id_part': wanted.request_id,
        'job_type': wanted.job_type,
        'mode': wanted.mode,
        'update_id': wanted.update_id,
        'query_id': wanted.query_id,
        'after': wanted.after,
        'before': wanted.before,
    }


def _update_errors(body: UpdateBody, saved: QueryList, now: dt.datetime) -> list[FieldError]:
    """Return everything that is wrong with a request for an update."""
    errors: list[FieldError] = []
    for place, query_id in enumerate(body.query_ids or ()):
        if saved.position(query_id) is None:
            message = 'is not the id of a saved query'
        elif query_id in (body.query_ids or ())[:place]:
            message = 'is there more than once'
        elif query_id in saved.disabled_ids:
            message = 'is the id of a disabled query; enable it in CONFIGURE first'
        else:
            continue
        errors.append(FieldError(field=f'query_ids.{place}', message=message))
    if body.modified_after is not None:
        if body.mode is not Mode.DELTA:
            errors.append(FieldError(field='modified_after', message='goes with mode delta only'))
        elif body.modified_after > now:
            errors.append(FieldError(field='modified_after', message='lies in the future'))
    return errors


def _described(body: UpdateBody) -> str:
    """Return one line for the audit on an update that was requested."""
    number = len(body.query_ids or ())
    whose = f'{number} TQL {"query" if number == 1 else "queries"}' if number else 'all TQL queries'
    since = (
        f', modified since {body.modified_after:%Y-%m-%dT%H:%M:%SZ}' if body.modified_after else ''
    )
    return f'{body.mode.capitalize()} update of {whose}{since}'
