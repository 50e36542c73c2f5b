"""CONFIGURE: what a TQL query would give."""

from __future__ import annotations

import falcon

from sentinel_app.api.inquiry_reply import preview_reply
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.query_check import check_query, queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import FieldError, Parameters, PreviewBody
from sentinel_app.core.models import Query
from sentinel_app.errors import QueryError
from sentinel_app.inquiry.errand import gathered

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
        saved = self._deps.documents.query_list().queries
        (owner_names,) = gathered([self._catalog.owner_names], within_s=OWNERS_WITHIN_S)
        errors = check_query(body, saved, owner_names)
        if errors:
            raise Refusal(422, errors=errors)
        (query,) = queries_of([body], self._deps.new_id)
        higher = _higher(body, saved)
        try:
            preview = self._deps.inquiries.previews.preview(query, higher)
        except QueryError as error:
            said = FieldError(field='tql', message=error.reason or error.message)
            raise Refusal(422, code=error.code, errors=[said]) from error
        resp.text = preview_reply(preview, [each.id for each in higher]).model_dump_json()


def _higher(body: PreviewBody, saved: tuple[Query, ...]) -> tuple[Query, ...]:
    """Give the saved queries that would stand above the one of the body."""
    others = tuple(each for each in saved if each.id != body.id)
    position = body.position
    if position is None:
        places = [place for place, each in enumerate(saved) if each.id == body.id]
        position = places[0] if places else len(others)
    return others[:position]
