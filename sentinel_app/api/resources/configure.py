"""CONFIGURE: the saved TQL queries, and what their fields may hold."""

from __future__ import annotations

import falcon

from sentinel_app.api.middleware import user_of
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import check_queries, described_change, queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import ConfigureBody, Parameters
from sentinel_app.api.serialise import configure_reply
from sentinel_app.core.models import AuditEntry, QueryList
from sentinel_app.core.status import Mode
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
        self._answer(resp, self._deps.documents.query_list())

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Save a list in place of the one it was made from."""
        parameters_of(req, Parameters)
        body = body_of(req, ConfigureBody)
        documents = self._deps.documents
        saved = documents.query_list()
        if body.version != saved.version:
            raise ConflictError(
                'The TQL queries were changed by somebody else meanwhile. Load the newer list and '
                'make your change again.'
            )
        errors = check_queries(body.queries, saved, self._catalog.owner_names())
        if errors:
            raise Refusal(422, errors=errors)
        queries = queries_of(body.queries, self._deps.new_id)
        user = user_of(req, self._deps.identity)
        audit = AuditEntry(
            at=self._deps.clock.now(),
            user=user.name if user else None,
            action='configure-save',
            detail=described_change(saved.queries, queries, body.run),
        )
        stored = documents.save_queries(
            queries,
            expected_version=body.version,
            next_mode=Mode(body.run) if body.run else None,
            audit=audit,
        )
        self._deps.tasks.look_at_schedule()
        self._answer(resp, stored)

    def _answer(self, resp: falcon.Response, listed: QueryList) -> None:
        documents = self._deps.documents
        reply = configure_reply(
            listed, documents.schedule(), self._deps.updates.next_update(), documents.warning
        )
        resp.text = reply.model_dump_json()


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
