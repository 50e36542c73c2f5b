"""CONFIGURE: the saved TQL queries, and what their fields may hold."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Literal

import falcon

from sentinel_app.api.middleware import user_of
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import check_queries, described_change, queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import ConfigureBody, FieldError, Parameters, QueryBody
from sentinel_app.api.serialise import configure_reply
from sentinel_app.core.audit import AuditEntry, changes_of
from sentinel_app.core.count import WHOLE_MODES, LastCount, last_counts
from sentinel_app.core.job import JobStatus, Mode
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
        field_prefix: where in the request's body the list stands.

    Raises:
        ConflictError: the list was changed meanwhile.
        Refusal: some fields are not valid.
        StorageError: the disk did not take it.
    """
    app_state = deps.app_state
    saved = app_state.query_list()
    if version != saved.version:
        raise ConflictError(
            'The TQL queries were changed by somebody else meanwhile. Load the newer list and '
            'make your change again.'
        )
    errors = check_queries(bodies, saved, owner_names)
    if errors:
        raise Refusal(
            422,
            errors=[
                FieldError(field=f'{field_prefix}{each.field}', message=each.message)
                for each in errors
            ],
        )
    queries = queries_of(bodies, deps.new_id)
    user = user_of(req, deps.identity)
    changes, left_out = changes_of(saved.queries, queries)
    stored = app_state.save_queries(
        queries,
        expected_version=version,
        next_mode=Mode(run) if run else None,
        audit=AuditEntry(
            at=deps.clock.now(),
            user=user.name if user else None,
            action=action,
            detail=described_change(saved.queries, queries, run),
            changes=changes,
            changes_left_out=left_out,
        ),
    )
    deps.tasks.look_at_schedule()
    return stored


def answer_list(resp: falcon.Response, deps: ApiDeps, listed: QueryList) -> None:
    """Answer with the list and what is due."""
    app_state = deps.app_state
    reply = configure_reply(
        listed,
        app_state.schedule(),
        deps.updates.next_update(),
        app_state.warning,
        _counts(listed, deps),
        app_state.open_updates(),
    )
    resp.text = reply.model_dump_json()


def _counts(listed: QueryList, deps: ApiDeps) -> Mapping[str, LastCount]:
    jobs = (
        job
        for mode in WHOLE_MODES
        for job in deps.app_state.jobs(
            statuses=[JobStatus.UPLOAD_COMPLETE], mode=mode, limit=sys.maxsize
        )[0]
    )
    return last_counts(listed.queries, jobs)
