"""CONFIGURE: the saved TQL queries, and what their fields may hold."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

import falcon

from sentinel_app.api.middleware import user_of
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import (
    check_queries,
    check_withdrawal,
    described_change,
    queries_of,
)
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.result_reply import results_reply
from sentinel_app.api.schemas import ConfigureBody, FieldError, Parameters, QueryBody
from sentinel_app.api.serialize import configure_reply
from sentinel_app.core.audit import AuditEntry, changed_queries, changes_of
from sentinel_app.core.count import last_counts
from sentinel_app.core.job import Mode
from sentinel_app.core.query import QueryList
from sentinel_app.errors import ConflictError


class ConfigureResource:
    """`api/configure`: read and save the whole list.

    Args:
        deps: the API's ports.
        catalog: says which owners there are.
    """

    def __init__(self, deps: ApiDeps, catalog: OptionCatalog) -> None:
        self._deps = deps
        self._catalog = catalog

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the saved list."""
        parameters_of(req, Parameters)
        answer_list(resp, self._deps, self._deps.app_state.query_list())

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Save a list in place of the one it was made from."""
        parameters_of(req, Parameters)
        body = body_of(req, ConfigureBody)
        stored = save_list(
            req,
            self._deps,
            body.queries,
            version=body.version,
            run=body.run,
            owner_names=self._catalog.owner_names(),
            action='configure-save',
            is_empty_meant=body.confirm_empty,
            withdraw=body.withdraw,
        )
        answer_list(resp, self._deps, stored)


class OptionsResource:
    """`api/configure/options`: owners, types, sort fields and TQL keywords.

    Args:
        catalog: knows them.
    """

    def __init__(self, catalog: OptionCatalog) -> None:
        self._catalog = catalog

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give all choices."""
        parameters_of(req, Parameters)
        resp.text = self._catalog.options().model_dump_json()


def save_list(
    req: falcon.Request,
    deps: ApiDeps,
    bodies: Sequence[QueryBody],
    *,
    version: int,
    run: Literal['delta', 'full'] | None,
    owner_names: frozenset[str] | None,
    action: str,
    is_empty_meant: bool,
    withdraw: Sequence[str],
    field_prefix: str = '',
) -> QueryList:
    """Save a list in place of the one that it was made from.

    Args:
        req: who saves.
        deps: the API's ports.
        bodies: the whole list.
        version: of the list that it was made from.
        run: the mode of the next scheduled update, where it is to be another one.
        owner_names: the owners that the API user can read; None where that is not known.
        action: for the audit.
        is_empty_meant: whether a list without a query may take the place of one with some.
        withdraw: deleted queries whose objects are withdrawn.
        field_prefix: where in the request's body the list stands.

    Raises:
        Refusal: the list was changed meanwhile, or some fields are not valid.
        StorageError: the disk did not take it.
    """
    app_state = deps.app_state
    saved = app_state.query_list()
    checked_list(
        saved,
        bodies,
        version=version,
        owner_names=owner_names,
        is_empty_meant=is_empty_meant,
        withdraw=withdraw,
        field_prefix=field_prefix,
    )
    queries = queries_of(bodies, deps.new_id)
    user = user_of(req, deps.identity)
    changes, left_out = changes_of(saved.queries, queries)
    entry = AuditEntry(
        at=deps.clock.now(),
        user=user.name if user else None,
        action=action,
        detail=described_change(saved.queries, queries, run, withdraw),
        changes=changes,
        changes_left_out=left_out,
        query_ids=changed_queries(saved.queries, queries),
    )
    try:
        stored = app_state.save_queries(
            queries,
            expected_version=version,
            next_mode=Mode(run) if run else None,
            audit=entry,
            withdraw=withdraw,
        )
    except ConflictError:
        # Somebody was quicker by a moment.
        raise _conflict(app_state.query_list()) from None
    if withdraw:
        deps.updates.request_withdrawal()
    deps.tasks.look_at_schedule()
    return stored


def checked_list(
    saved: QueryList,
    bodies: Sequence[QueryBody],
    *,
    version: int,
    owner_names: frozenset[str] | None,
    is_empty_meant: bool = True,
    withdraw: Sequence[str] = (),
    field_prefix: str = '',
) -> None:
    """Check that a list may take the place of the saved one; the arguments are as for `save_list`.

    Raises:
        Refusal: the list was changed meanwhile, or some fields are not valid.
    """
    if version != saved.version:
        raise _conflict(saved)
    errors = check_queries(bodies, saved, owner_names)
    if not bodies and saved.queries and not is_empty_meant:
        errors.append(FieldError(field='queries', message=_none_left(len(saved.queries))))
    errors += check_withdrawal(withdraw, bodies, saved)
    if errors:
        raise Refusal(
            422,
            errors=[
                FieldError(field=f'{field_prefix}{each.field}', message=each.message)
                for each in errors
            ],
        )


def _conflict(saved: QueryList) -> Refusal:
    error = saved.conflict()
    return Refusal(409, error.message, saved_at=saved.saved_at, saved_by=saved.saved_by)


def _none_left(number: int) -> str:
    which = 'the only TQL query' if number == 1 else f'all {number} TQL queries'
    return f'would delete {which}, and nothing more would be sent; confirm this to save it'


def answer_list(resp: falcon.Response, deps: ApiDeps, listed: QueryList) -> None:
    """Answer with the list and what is due."""
    app_state = deps.app_state
    jobs = app_state.jobs(limit=sys.maxsize)[0]
    reply = configure_reply(
        listed,
        app_state.schedule(),
        deps.updates.next_update(),
        app_state.warning,
        last_counts(listed.queries, jobs),
        results_reply(listed.queries, jobs, deps.inquiries.metrics.live_by_query()),
        app_state.open_updates(),
    )
    resp.text = reply.model_dump_json()
