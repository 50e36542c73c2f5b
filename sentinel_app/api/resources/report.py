"""REPORTS: the errors of Jobs, and who changed what."""

from __future__ import annotations

import falcon

from sentinel_app.api.csv_text import errors_csv
from sentinel_app.api.file_name import csv_name
from sentinel_app.api.middleware import user_of
from sentinel_app.api.page import page_text
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import body_of, given_parameters, parameters_of
from sentinel_app.api.resources.accepted import accept
from sentinel_app.api.schemas import (
    AuditParameters,
    ErrorEntryParameters,
    ErrorParameters,
    Parameters,
    RetryRefusedBody,
)
from sentinel_app.api.serialize import audit_reply, entry_reply, error_reply, reported_query
from sentinel_app.core.error_entry import ErrorFilter


class ErrorResource:
    """`api/report/error`: errors by Job, code and reason.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return a page of groups, or every single error as CSV."""
        wanted = parameters_of(req, ErrorParameters)
        app_state = self._deps.app_state
        saved = app_state.query_list()
        if wanted.format == 'csv':
            resp.content_type = 'text/csv; charset=utf-8'
            resp.downloadable_as = csv_name('errors', self._deps)
            resp.data = errors_csv(
                (entry, reported_query(entry, app_state.job(entry.request_id), saved))
                for entry in self._deps.errors.entries(_filter(wanted, self._deps))
            )
            return
        groups, total = self._deps.errors.groups(
            _filter(wanted, self._deps),
            limit=wanted.limit,
            offset=wanted.offset,
        )
        resp.text = page_text(
            (error_reply(group, app_state.job(group.request_id), saved) for group in groups),
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
            facts={
                'count_refused': self._deps.errors.refused_now(_filter(wanted, self._deps)),
                'retry_request_id': self._deps.chosen.retry_under_way(),
            },
        )


class ErrorRetryResource:
    """`api/report/error/retry`: send what Sentinel refused once more.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Queue the update and return its Request IDs."""
        parameters_of(req, Parameters)
        wanted = _filter(body_of(req, RetryRefusedBody), self._deps)
        user = user_of(req, self._deps.identity)
        accept(resp, self._deps.chosen.retry_refused(wanted, by=user.name if user else None))


class ErrorEntryResource:
    """`api/report/error/entry`: the single errors.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return a page of single errors, newest first."""
        wanted = parameters_of(req, ErrorEntryParameters)
        entries, total = self._deps.errors.entry_page(
            _filter(wanted, self._deps),
            group_id=wanted.group,
            until_id=wanted.until,
            limit=wanted.limit,
            offset=wanted.offset,
        )
        app_state = self._deps.app_state
        saved = app_state.query_list()
        resp.text = page_text(
            (entry_reply(entry, app_state.job(entry.request_id), saved) for entry in entries),
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
        )


def _filter(
    wanted: ErrorParameters | ErrorEntryParameters | RetryRefusedBody, deps: ApiDeps
) -> ErrorFilter:
    update_id = wanted.update_id
    jobs = deps.app_state.jobs_of(update_id) if update_id else ()
    return ErrorFilter(
        request_id_part=wanted.request_id,
        request_ids=tuple(job.request_id for job in jobs) if update_id else None,
        query_id=wanted.query_id,
        state=None if isinstance(wanted, RetryRefusedBody) else wanted.state,
        code=wanted.code,
        indicator_type=wanted.indicator_type,
        text=wanted.text,
        after=wanted.after,
        before=wanted.before,
    )


class AuditResource:
    """`api/report/audit`: who changed what, when, newest first.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return a page of the audit."""
        wanted = parameters_of(req, AuditParameters)
        entries, total = self._deps.app_state.audit(
            action=wanted.action,
            user_part=wanted.user,
            query_id=wanted.query_id,
            update_id=wanted.update_id,
            after=wanted.after,
            before=wanted.before,
            limit=wanted.limit,
            offset=wanted.offset,
        )
        resp.text = page_text(
            (audit_reply(entry) for entry in entries),
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
        )
