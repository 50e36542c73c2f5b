"""CONFIGURE: whether a TQL query is valid, and what it would give."""

from __future__ import annotations

import falcon

from sentinel_app.api.inquiry_reply import preview_reply
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import check_query, queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import (
    FieldError,
    Parameters,
    PreviewBody,
    QueryBody,
    TqlChecked,
)
from sentinel_app.core.query import Query
from sentinel_app.diagnostics.parallel import gathered
from sentinel_app.errors import QueryError

OWNERS_WITHIN_S = 5.0


class PreviewResource:
    """`api/configure/preview`: count, first Indicators, their objects, what stands in their way.

    Args:
        deps: the API's ports.
        catalog: says which owners there are.
    """

    def __init__(self, deps: ApiDeps, catalog: OptionCatalog) -> None:
        self._deps = deps
        self._catalog = catalog

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what a query would give; nothing is sent and nothing is stored."""
        parameters_of(req, Parameters)
        body = body_of(req, PreviewBody)
        saved = self._deps.app_state.query_list().queries
        query = _checked(body, saved, self._catalog, self._deps)
        higher = _higher(body, saved)
        inquiries = self._deps.inquiries
        try:
            preview = inquiries.previews.preview(query, higher)
        except QueryError as error:
            raise _refused(error, inquiries.tql_checks.reason(query, error)) from error
        resp.text = preview_reply(preview, [each.id for each in higher]).model_dump_json()


class TqlCheckResource:
    """`api/configure/check`: whether ThreatConnect takes the TQL.

    Args:
        deps: the API's ports.
        catalog: says which owners there are.
    """

    def __init__(self, deps: ApiDeps, catalog: OptionCatalog) -> None:
        self._deps = deps
        self._catalog = catalog

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask ThreatConnect; nothing is sent and nothing is stored."""
        parameters_of(req, Parameters)
        body = body_of(req, QueryBody)
        saved = self._deps.app_state.query_list().queries
        query = _checked(body, saved, self._catalog, self._deps)
        checks = self._deps.inquiries.tql_checks
        try:
            count = checks.count(query)
        except QueryError as error:
            raise _refused(error, checks.reason(query, error)) from error
        resp.text = TqlChecked(total_count=count).model_dump_json()


def _checked(
    body: QueryBody, saved: tuple[Query, ...], catalog: OptionCatalog, deps: ApiDeps
) -> Query:
    """Give the query of the body, where nothing is wrong with its fields."""
    (owner_names,) = gathered([catalog.owner_names], within_s=OWNERS_WITHIN_S)
    errors = check_query(body, saved, owner_names)
    if errors:
        raise Refusal(422, errors=errors)
    (query,) = queries_of([body], deps.new_id)
    return query


def _refused(error: QueryError, reason: str) -> Refusal:
    return Refusal(422, code=error.code, errors=[FieldError(field='tql', message=reason)])


def _higher(body: PreviewBody, saved: tuple[Query, ...]) -> tuple[Query, ...]:
    """Give the saved queries that would stand above the one of the body."""
    others = tuple(each for each in saved if each.id != body.id)
    position = body.position
    if position is None:
        places = [place for place, each in enumerate(saved) if each.id == body.id]
        position = places[0] if places else len(others)
    return others[:position]
