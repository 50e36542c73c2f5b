"""One path of the table of calls, as Falcon routes it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import falcon

from sentinel_app.api.call import Call, Document, Input, Request
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import Body, Parameters, list_names, read_body, read_parameters
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY

MAX_BODY_BYTES = 1_000_000


class Resource:
    """Answers the calls of one path.

    Args:
        calls: one for each method.
        deps: what their handlers work with.
    """

    def __init__(self, calls: Iterable[Call[Any, Any]], deps: ApiDeps) -> None:
        for call in calls:
            setattr(self, f'on_{call.method.lower()}', functools.partial(_answer, call, deps))


def _answer(
    call: Call[Any, Any], deps: ApiDeps, req: falcon.Request, resp: falcon.Response, **path: str
) -> None:
    query = _query(req, call.input)
    reply = call.handler(
        Request(
            deps=deps,
            input=_checked(call.input, req, query),
            path=path,
            query=query,
            token=req.env.get(API_TOKEN_KEY),
        )
    )
    resp.status = call.status
    if isinstance(reply, Document):
        resp.content_type = reply.media_type
        resp.data = reply.content
        if reply.file_name:
            resp.downloadable_as = reply.file_name
    else:
        resp.text = reply.model_dump_json()


def _query(req: falcon.Request, model: type[Input]) -> dict[str, str | list[str]]:
    """Return the query string's names and values; a blank value counts as none."""
    lists = list_names(model)
    found: dict[str, str | list[str]] = {}
    for name, value in req.params.items():
        values = [value] if isinstance(value, str) else list(value)
        if name in lists:
            values = [part for each in values for part in each.split(',')]
        values = [each for each in values if each]
        if values:
            found[name] = values if name in lists or len(values) > 1 else values[0]
    return found


def _checked(model: type[Input], req: falcon.Request, query: dict[str, str | list[str]]) -> Input:
    """Return the parameters or, of a call with a body, the body; that one has no parameters.

    Raises:
        Refusal: the body is too large.
        InvalidInputError: one of them does not have the shape of its model.
    """
    if not issubclass(model, Body):
        return read_parameters(model, query)
    read_parameters(Parameters, query)
    body = req.bounded_stream.read(MAX_BODY_BYTES + 1)
    if (req.content_length or 0) > MAX_BODY_BYTES or len(body) > MAX_BODY_BYTES:
        raise Refusal(413)
    return read_body(model, body)
