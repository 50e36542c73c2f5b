"""Bodies and query strings of requests as their models."""

from __future__ import annotations

import falcon

from sentinel_app.api.problem import Refusal
from sentinel_app.api.schemas import Filter, Model, read_body, read_parameters

MAX_BODY_BYTES = 1_000_000
_LISTED = frozenset({'status'})


def body_of(req: falcon.Request, model: type[Model]) -> Model:
    """The request's JSON body.

    Raises:
        Refusal: it is too large.
        InvalidInputError: it is no JSON, or not of that shape.
    """
    body = req.bounded_stream.read(MAX_BODY_BYTES + 1)
    if (req.content_length or 0) > MAX_BODY_BYTES or len(body) > MAX_BODY_BYTES:
        raise Refusal(413)
    return read_body(model, body)


def given_parameters(req: falcon.Request) -> dict[str, str | list[str]]:
    """The query string's names and values; what is blank counts as not given."""
    given: dict[str, str | list[str]] = {}
    for name, value in req.params.items():
        values = [value] if isinstance(value, str) else list(value)
        if name in _LISTED:
            values = [part for each in values for part in each.split(',')]
        values = [each for each in values if each]
        if values:
            given[name] = values if name in _LISTED or len(values) > 1 else values[0]
    return given


def parameters_of(req: falcon.Request, model: type[Filter]) -> Filter:
    """The request's query string.

    Raises:
        InvalidInputError: an unknown name, or a value of another kind.
    """
    return read_parameters(model, given_parameters(req))
