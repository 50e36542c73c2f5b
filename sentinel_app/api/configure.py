"""CONFIGURE: the saved TQL queries, what their fields may hold, and what a change would do."""

from __future__ import annotations

import sys

from sentinel_app.api.call import JSON, Document, Request
from sentinel_app.api.configure_reply import configure_reply, export_reply
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.effect_reply import effect_reply
from sentinel_app.api.preview_reply import preview_reply
from sentinel_app.api.query_check import check_query, queries_of
from sentinel_app.api.query_list import check_list, save_list
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import (
    Configure,
    ConfigureBody,
    Effect,
    EffectBody,
    FieldError,
    ImportBody,
    Options,
    Parameters,
    Preview,
    PreviewBody,
    QueryBody,
    TqlChecked,
)
from sentinel_app.core.query import Query, QueryList
from sentinel_app.core.query_match import matched_ids
from sentinel_app.diagnostics.parallel import gathered
from sentinel_app.errors import QueryError

EXPORT_NAME = 'sentinel-tql-queries.json'
OWNERS_WITHIN_S = 5.0


def read(request: Request[Parameters]) -> Configure:
    """Return the saved list."""
    return _reply(request.deps, request.deps.app_state.query_list())


def save(request: Request[ConfigureBody]) -> Configure:
    """Save a list in place of the one it was made from."""
    stored = save_list(request, request.input.queries, action='configure-save')
    return _reply(request.deps, stored)


def options(request: Request[Parameters]) -> Options:
    """Return owners, types, sort fields and TQL keywords."""
    return request.deps.options.options()


def check(request: Request[QueryBody]) -> TqlChecked:
    """Return how many Indicators a query matches, if ThreatConnect accepts its TQL."""
    query = _checked(request.input, request.deps.app_state.query_list().queries, request.deps)
    checks = request.deps.diagnostics.tql_checks
    try:
        return TqlChecked(total_count=checks.count(query))
    except QueryError as error:
        raise _refused(error, checks.reason(query, error)) from error


def preview(request: Request[PreviewBody]) -> Preview:
    """Return what a query would return: the first Indicators, and what keeps them away."""
    deps = request.deps
    saved = deps.app_state.query_list().queries
    query, higher = _checked(request.input, saved, deps), _higher(request.input, saved)
    try:
        found = deps.diagnostics.previews.preview(query, higher)
    except QueryError as error:
        raise _refused(error, deps.diagnostics.tql_checks.reason(query, error)) from error
    return preview_reply(found, [each.id for each in higher])


def effect(request: Request[EffectBody]) -> Effect:
    """Return how many objects saving a list would add and remove, and how long that takes."""
    deps, body = request.deps, request.input
    saved = deps.app_state.query_list()
    check_list(body, body.queries, saved, deps.options.owner_names())
    new = queries_of(body.queries, deps.new_id)
    effects = deps.diagnostics.effects
    found = effects.effect(saved.queries, new, body.withdraw)
    return effect_reply(found, effects.seconds, new, {query.id for query in saved.queries})


def export_file(request: Request[Parameters]) -> Document:
    """Return the saved list as a file."""
    reply = export_reply(request.deps.app_state.query_list(), request.deps.clock.now())
    content = reply.model_dump_json(indent=2).encode()
    return Document(content=content, media_type=JSON, file_name=EXPORT_NAME)


def import_file(request: Request[ImportBody]) -> Configure:
    """Save a file's list in place of the saved one.

    A query whose id or content is known here stays the same one, with its cursor; any other one is
    new.
    """
    queries = request.input.file.queries
    saved = request.deps.app_state.query_list().queries
    ids = matched_ids(queries_of(queries, lambda: ''), saved)
    bodies = [
        query.model_copy(update={'id': query_id})
        for query, query_id in zip(queries, ids, strict=True)
    ]
    stored = save_list(request, bodies, action='configure-import', field_prefix='file.')
    return _reply(request.deps, stored)


def _reply(deps: ApiDeps, listed: QueryList) -> Configure:
    app_state = deps.app_state
    return configure_reply(
        listed,
        schedule=app_state.schedule(),
        due=deps.updates.next_update(),
        warning=app_state.warning,
        jobs=app_state.jobs(limit=sys.maxsize)[0],
        live=deps.diagnostics.metrics.live_by_query(),
        open_updates=app_state.open_updates(),
    )


def _checked(body: QueryBody, saved: tuple[Query, ...], deps: ApiDeps) -> Query:
    """Return the query of a body.

    Raises:
        Refusal: some fields are not valid.
    """
    (owner_names,) = gathered([deps.options.owner_names], within_s=OWNERS_WITHIN_S)
    errors = check_query(body, saved, owner_names)
    if errors:
        raise Refusal(422, errors=errors)
    (query,) = queries_of([body], deps.new_id)
    return query


def _refused(error: QueryError, reason: str) -> Refusal:
    return Refusal(422, code=error.code, errors=[FieldError(field='tql', message=reason)])


def _higher(body: PreviewBody, saved: tuple[Query, ...]) -> tuple[Query, ...]:
    """Return the saved queries that would stand above the one of a body."""
    others = tuple(each for each in saved if each.id != body.id)
    position = body.position
    if position is None:
        places = [place for place, each in enumerate(saved) if each.id == body.id]
        position = places[0] if places else len(others)
    return others[:position]
