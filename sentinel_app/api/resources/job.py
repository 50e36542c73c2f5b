"""JOBS: the list, one Job, and asking for an update."""

from __future__ import annotations

import falcon

from sentinel_app.api.csv_text import MOST_CSV_OBJECTS, withdrawal_csv
from sentinel_app.api.file_name import csv_name
from sentinel_app.api.middleware import user_of
from sentinel_app.api.page import page_text
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import check_request, described_request
from sentinel_app.api.reading import body_of, given_parameters, parameters_of
from sentinel_app.api.resources.accepted import accept
from sentinel_app.api.schemas import (
    EmptyBody,
    JobFilter,
    JobParameters,
    Parameters,
    UpdateBody,
    UpdateParameters,
    WithdrawalParameters,
)
from sentinel_app.api.serialize import (
    job_counts,
    job_reply,
    update_reply,
    withdrawable_reply,
)
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.job import Job
from sentinel_app.core.job_outlook import waiting_withdrawal
from sentinel_app.core.list_filter import JobFilters
from sentinel_app.core.query import SortDirection
from sentinel_app.core.update_summary import summarized
from sentinel_app.errors import NotFoundError


class JobListResource:
    """`api/job/request`: find Jobs, ask for an update.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give a page of Jobs."""
        wanted = parameters_of(req, JobParameters)
        app_state = self._deps.app_state
        saved = app_state.query_list()
        filters = _filters(wanted)
        filters['retry_of'] = wanted.retry_of
        jobs, total = app_state.jobs(
            **filters,
            sort=wanted.sort,
            is_descending=wanted.sort_order is SortDirection.DESCENDING,
            limit=wanted.limit,
            offset=wanted.offset,
        )
        resp.text = page_text(
            (job_reply(job, self._deps.live, saved) for job in jobs),
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
        )

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Queue an ad-hoc update and give its Request IDs."""
        parameters_of(req, Parameters)
        body = body_of(req, UpdateBody)
        now, saved = self._deps.clock.now(), self._deps.app_state.query_list()
        errors = check_request(body, saved, now)
        if errors:
            raise Refusal(422, errors=errors)
        user = user_of(req, self._deps.identity)
        update = self._deps.updates.request_update(
            mode=body.mode,
            query_ids=body.query_ids,
            modified_after=body.modified_after,
            audit=AuditEntry(
                at=now,
                user=user.name if user else None,
                action='update-request',
                detail=described_request(body),
            ),
        )
        accept(resp, update)


class UpdateListResource:
    """`api/job/update`: updates with the sums over their Jobs.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps
        self._known: tuple[object, Job | None] = (None, None)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return a page of updates, newest first."""
        wanted = parameters_of(req, UpdateParameters)
        app_state, live = self._deps.app_state, self._deps.live
        found, total = app_state.updates(
            **_filters(wanted), limit=wanted.limit, offset=wanted.offset
        )
        state, since = app_state.state, app_state.complete_since()
        waiting = self._waiting()
        resp.text = page_text(
            (
                update_reply(
                    summarized(*each, counts_of=lambda job: job_counts(job, live)),
                    state.query_list,
                    waiting,
                )
                for each in found
            ),
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
            facts={
                'complete_since': None
                if since is None
                else since.isoformat().replace('+00:00', 'Z')
            },
        )

    def _waiting(self) -> Job | None:
        """Return the Job whose withdrawal waits; looked for again only after a change."""
        state = self._deps.app_state.state
        known, job = self._known
        if known is not state:
            updates, jobs = state.updates.values(), state.jobs.values()
            job = waiting_withdrawal(updates, jobs, state.query_list.enabled)
            self._known = (state, job)
        return job


class JobResource:
    """`api/job/request/{request_id}`: one Job.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Give the Job."""
        parameters_of(req, Parameters)
        job = self._deps.app_state.job(request_id)
        if job is None:
            raise NotFoundError('There is no Job with this Request ID; it may have been removed.')
        resp.text = job_reply(
            job, self._deps.live, self._deps.app_state.query_list()
        ).model_dump_json()


class JobCancelResource:
    """`api/job/request/{request_id}/cancel`: cancel a Job that is still Pending.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Cancel the Job and give it."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        user = user_of(req, self._deps.identity)
        job = self._deps.jobs.cancel(request_id, by=user.name if user else None)
        resp.text = job_reply(
            job, self._deps.live, self._deps.app_state.query_list()
        ).model_dump_json()


class JobRetryResource:
    """`api/job/request/{request_id}/retry`: try a Job that failed again.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Queue the update and give its Request ID."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        user = user_of(req, self._deps.identity)
        accept(resp, self._deps.jobs.retry(request_id, by=user.name if user else None))


class WithdrawalResource:
    """`api/job/request/{request_id}/withdrawal`: what confirming it would withdraw.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Return a page of objects, or as many as fit as CSV."""
        wanted = parameters_of(req, WithdrawalParameters)
        is_csv = wanted.format == 'csv'
        found, total = self._deps.inquiries.withdrawals.page(
            request_id,
            limit=MOST_CSV_OBJECTS if is_csv else wanted.limit,
            offset=0 if is_csv else wanted.offset,
        )
        saved = self._deps.app_state.query_list()
        replies = (withdrawable_reply(each, saved) for each in found)
        if is_csv:
            resp.content_type = 'text/csv; charset=utf-8'
            resp.downloadable_as = csv_name('withdrawal', self._deps)
            resp.data = withdrawal_csv(replies)
            return
        resp.text = page_text(
            replies,
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
        )


class JobWithdrawResource:
    """`api/job/request/{request_id}/withdraw`: confirm what a Job held back.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Queue the update and give its Request IDs."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        user = user_of(req, self._deps.identity)
        accept(resp, self._deps.jobs.withdraw(request_id, by=user.name if user else None))


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
